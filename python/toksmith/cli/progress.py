"""A line on the terminal that says how far the work is; nothing where nobody looks.

It is written to standard error, and only if that is a terminal and the output does not scroll
on the same one. Bytes are counted as they are on disk, so that a total is known for compressed
files too.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_SECONDS_BETWEEN_UPDATES = 0.2


class Progress:
    """Shows `done / total` bytes and the rate. Call `add` as often as you like."""

    def __init__(self, total: int | None, *, quiet: bool, to_stdout: bool) -> None:
        """Shows nothing if `quiet`, off a terminal, or with output `to_stdout` on a terminal."""
        self._total = total
        self._done = 0
        self._start = time.monotonic()
        self._next = self._start + _SECONDS_BETWEEN_UPDATES
        self._shown = False
        self._active = not quiet and sys.stderr.isatty() and not (to_stdout and sys.stdout.isatty())

    def add(self, count: int) -> None:
        """`count` more bytes were read."""
        self._done += count
        if self._active and time.monotonic() >= self._next:
            self._show()

    def _show(self) -> None:
        now = time.monotonic()
        self._next = now + _SECONDS_BETWEEN_UPDATES
        rate = self._done / max(now - self._start, 1e-9)
        parts = [f"{self._done / 1e6:,.1f} MB"]
        if self._total:
            parts.append(f"of {self._total / 1e6:,.1f} ({min(self._done / self._total, 1):.0%})")
        parts.append(f"at {rate / 1e6:,.1f} MB/s")
        if self._total and rate and self._done < self._total:
            seconds = round((self._total - self._done) / rate)
            parts.append(f"{seconds // 60}:{seconds % 60:02} left")
        # Erases the line before writing it anew.
        sys.stderr.write("\r\x1b[K" + " ".join(parts))
        sys.stderr.flush()
        self._shown = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
