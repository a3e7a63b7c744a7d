"""The ratios of the benchmark's table as a picture: a bar for each, the peer at 1, and the ratio to reach."""

import re
from html import escape
from math import ceil

import attrs

_ROW = re.compile(
    r"^\| (?P<work>[^|]+) \|.*\| \*\*(?P<ratio>[\d.]+)\*\* of (?P<peer>[^|]+) \| (?P<target>[\d.]+) \|$", re.MULTILINE
)
# Pixels: a character of text, at most; a value; the longest bar; the height of a line and of what is above.
_CHARACTER, _VALUE, _BAR, _LINE, _HEAD = 7, 50, 360, 28, 60


@attrs.frozen
class Ratio:
    """A line of the table."""

    work: str
    ratio: float
    peer: str
    target: float


def ratios(table: str) -> list[Ratio]:
    """The lines of a table."""
    return [
        Ratio(row["work"], float(row["ratio"]), row["peer"].strip(), float(row["target"]))
        for row in _ROW.finditer(table)
    ]


def svg(rows: list[Ratio]) -> str:
    """A picture of ratios, readable on any background."""
    text = _CHARACTER * max(len(row.work) for row in rows) + _VALUE
    most = ceil(max(max(row.ratio, row.target) for row in rows) * 4) / 4

    def x(ratio: float) -> float:
        return round(text + _BAR * ratio / most, 1)

    width, height = text + _BAR + 20, _HEAD + _LINE * len(rows) + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
        "<title>What each work takes, as a ratio of its peer; less is better</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="{text}" y="18" fill="#222">ratio of the peer, less is better; mark: to reach</text>',
        f'<path d="M{x(1)} {_HEAD - 8}V{height - 12}" stroke="#888" stroke-dasharray="4 3"/>',
        f'<text x="{x(1)}" y="{_HEAD - 12}" text-anchor="middle" fill="#555">1</text>',
    ]
    for index, row in enumerate(rows):
        top = _HEAD + _LINE * index
        colour = "#2a7a4b" if row.ratio <= row.target else "#b45f06"
        parts += [
            f'<text x="{text - _VALUE}" y="{top + 14}" text-anchor="end" fill="#222">{escape(row.work)}</text>',
            f'<text x="{text - 10}" y="{top + 14}" text-anchor="end" font-weight="bold" fill="#222">{row.ratio:.2f}</text>',
            f'<rect x="{text}" y="{top + 2}" width="{round(x(row.ratio) - text, 1)}" height="16" fill="{colour}"/>',
            f'<path d="M{x(row.target)} {top - 1}v22" stroke="#222" stroke-width="2"/>',
        ]
    return "\n".join([*parts, "</svg>", ""])
