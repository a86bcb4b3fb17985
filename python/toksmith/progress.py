"""What `progress=` means: nothing, a bar on a terminal, or a callable of the caller's.

`None` and `False` are silent. `True` draws a bar on standard error, and only if that is a terminal:
tqdm's where tqdm is installed, else one line that is rewritten. Anything callable is called with
`(done, total, unit)`. Start at `reporting`.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from toksmith._native import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Report: TypeAlias = Callable[[int, int, str], object]
    Progress: TypeAlias = bool | Report | None

_SECONDS_BETWEEN_LINES = 0.1


@contextmanager
def reporting(progress: Progress) -> Iterator[Report | None]:
    """What the core shall call while it works, if anything; a bar is closed on the way out.

    Raises:
        InputError: `progress` is none of the things it may be.
    """
    if progress is None or progress is False:
        yield None
    elif progress is True:
        if sys.stderr is None or not sys.stderr.isatty():
            yield None
            return
        bar = _bar()
        try:
            yield bar
        finally:
            bar.close()
    elif callable(progress):
        yield progress
    else:
        raise InputError(
            f"progress must be None, a bool or a callable, not {type(progress).__name__}"
        )


class _TqdmBar:
    """A tqdm bar that is told where it stands, not how far it went."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bar: Any = None

    def __call__(self, done: int, total: int, unit: str) -> None:
        if self._bar is None:
            self._bar = self._tqdm(total=total, unit=unit, unit_scale=True, file=sys.stderr)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


class _LineBar:
    """One line of standard error, rewritten at most ten times a second."""

    def __init__(self) -> None:
        self._drawn_at = -1.0
        self._drawn = False

    def __call__(self, done: int, total: int, unit: str) -> None:
        now = time.monotonic()
        if done < total and now - self._drawn_at < _SECONDS_BETWEEN_LINES:
            return
        self._drawn_at, self._drawn = now, True
        percent = 100 * done // total if total else 100
        sys.stderr.write(f"\r{percent:3d}% {done:,} of {total:,} {unit}\x1b[K")
        sys.stderr.flush()

    def close(self) -> None:
        if self._drawn:
            sys.stderr.write("\n")
            sys.stderr.flush()


def _bar() -> _TqdmBar | _LineBar:
    try:
        from tqdm import tqdm
    except ImportError:
        return _LineBar()
    return _TqdmBar(tqdm)
