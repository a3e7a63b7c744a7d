"""The ratios of the benchmark's table as a picture: a bar for each, the peer at 1, and the ratio to reach."""

import re
from html import escape
from math import ceil

import attrs

_ROW = re.compile(
    r"^\| (?P<work>[^|]+) \|.*\| \*\*(?P<ratio>[\d.]+)\*\* of (?P<peer>[^|]+) \| (?P<target>[\d.]+) \|$", re.MULTILINE
)
# Pixels: a character of text, at most; the margin; the height of a line, which is text above a bar, and of what is above all.
_CHARACTER, _MARGIN, _LINE, _HEAD = 8, 8, 44, 60


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
    """A picture of ratios, readable on any background and on a phone."""
    width = _CHARACTER * max(len(row.work) for row in rows) + 2 * _MARGIN
    height = _HEAD + _LINE * len(rows) + _MARGIN
    most = ceil(max(max(row.ratio, row.target) for row in rows) * 4) / 4
    longest = width - 2 * _MARGIN - 40  # the ratio stands behind the bar

    def x(ratio: float) -> float:
        return round(_MARGIN + longest * ratio / most, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="14">',
        "<title>What each work takes, as a ratio of its peer; less is better</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="{_MARGIN}" y="18" fill="#222">ratio of the peer, less is better; mark: to reach</text>',
        f'<path d="M{x(1)} {_HEAD - 16}V{height - _MARGIN}" stroke="#888" stroke-dasharray="4 3"/>',
        f'<text x="{x(1)}" y="{_HEAD - 20}" text-anchor="middle" fill="#555">1</text>',
    ]
    for index, row in enumerate(rows):
        top = _HEAD + _LINE * index
        colour = "#2a7a4b" if row.ratio <= row.target else "#b45f06"
        behind = max(x(row.ratio), x(row.target)) + 6
        parts += [
            f'<text x="{_MARGIN}" y="{top + 10}" fill="#222">{escape(row.work)}</text>',
            f'<rect x="{_MARGIN}" y="{top + 16}" width="{round(x(row.ratio) - _MARGIN, 1)}" height="16" fill="{colour}"/>',
            f'<path d="M{x(row.target)} {top + 13}v22" stroke="#222" stroke-width="2"/>',
            f'<text x="{behind}" y="{top + 29}" font-weight="bold" fill="#222">{row.ratio:.2f}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
