"""Docstrings made of text from the document, which is wrapped and escaped, and never becomes code."""

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from openapi_python_client.schema.untrusted_string import UntrustedString

WIDTH = 108

Section = tuple[str, Sequence[tuple[str, str]]]
"""The title of a section, and its entries: what is described, if it has a name, and how."""


def docstring(summary: Any, *, more: Any = None, sections: Sequence[Section] = ()) -> str:
    """A docstring as Python code, quotes included, in Google's style."""
    parts = [*_paragraphs(text(summary) or "Not described."), *_paragraphs(text(more))]
    for title, entries in sections:
        if entries:
            parts.append(f"{title}:\n" + "\n".join(_entry(name, entry) for name, entry in entries))
    body = _escape("\n\n".join(parts))
    return f'"""{body}\n"""' if "\n" in body or body.endswith('"') else f'"""{body}"""'


def _escape(value: str) -> str:
    """Leave nothing in a text that ends the literal, starts an escape or does not show on a screen."""
    value = value.replace("\\", "\\\\").replace('"""', r"\"\"\"")
    return "".join(
        character if character == "\n" or character.isprintable() else character.encode("unicode_escape").decode()
        for character in value
    )


def text(value: Any) -> str:
    """The raw text of a value that the document may leave out."""
    if isinstance(value, UntrustedString):
        value = value.get_untrusted_value()
    return str(value or "").strip()


def _paragraphs(value: str) -> list[str]:
    return [_fill(paragraph) for paragraph in re.split(r"\n\s*\n", value) if paragraph.strip()]


def _entry(name: str, value: str) -> str:
    return _fill(f"{name}: {value}" if name else value, first="    ", rest=" " * 8 if name else " " * 4)


def _fill(value: str, first: str = "", rest: str = "") -> str:
    words = " ".join(value.split())
    return textwrap.fill(
        words,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
