"""Where a run is shown. Nothing that happens to a pipe or a terminal ends the run."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import IO, Any

from rich.console import Console


class Unbreakable:
    """A stream of text that swallows what cannot be written."""

    def __init__(self, stream: IO[str] | None) -> None:
        """Without a stream nothing is written."""
        self._stream = stream
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write a text."""
        if self._stream is not None:
            try:
                self._stream.write(text)
            except (OSError, ValueError):
                self._give_up()
        return len(text)

    def flush(self) -> None:
        """Write what is held back."""
        if self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._give_up()

    def isatty(self) -> bool:
        """Whether somebody watches."""
        return self._stream is not None and not self._stream.closed and self._stream.isatty()

    def _give_up(self) -> None:
        """Write no more. What Python still holds back goes nowhere, instead of failing when it exits."""
        stream, self._stream = self._stream, None
        with suppress(OSError, ValueError, AttributeError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())  # type: ignore[union-attr]
            os.close(null)

    def __getattr__(self, name: str) -> Any:
        """Whatever else the console asks of a stream."""
        return getattr(self._stream, name)


def console(*, is_error: bool = False) -> Console:
    """A console that writes to standard output or standard error."""
    stream: Any = Unbreakable(sys.stderr if is_error else sys.stdout)
    return Console(file=stream, highlight=False)
