"""Where bytes go: standard output, or a file that appears complete or not at all.

A file is written beside its place under a temporary name and renamed at the end, so an error,
Ctrl-C or a full disk leaves what was there before. Devices and pipes are written directly:
renaming over `/dev/null` would replace it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import BinaryIO, Protocol

from toksmith.cli.errors import CliError


class Output(Protocol):
    """A place for bytes. Exactly one of `commit` and `discard` ends it."""

    name: str

    def write(self, data: bytes) -> None:
        """Appends."""

    def commit(self) -> None:
        """All was written: make it visible."""

    def discard(self) -> None:
        """Something went wrong: leave no trace, as far as that is possible."""


class Stdout:
    """Standard output. What was written cannot be taken back."""

    name = "<stdout>"

    def write(self, data: bytes) -> None:
        """Appends."""
        sys.stdout.buffer.write(data)

    def commit(self) -> None:
        """Flushes."""
        sys.stdout.buffer.flush()

    def discard(self) -> None:
        """Nothing to undo."""


class File:
    """A file that takes its place on `commit`. A link is followed; existing content is replaced."""

    def __init__(self, path: str | Path) -> None:
        """Opens for writing. Raises CliError if the folder cannot be written to."""
        self.name = str(path)
        self._final = Path(path).resolve()
        if self._final.is_dir():
            raise CliError(f"{path}: is a folder")
        self._direct = self._final.exists() and not self._final.is_file()
        self._path = self._final
        if not self._direct:
            unique = f".{self._final.name[:100]}.{os.getpid():x}-{os.urandom(4).hex()}.tmp"
            self._path = self._final.with_name(unique)
        self.file: BinaryIO
        try:
            # "xb": never follows or overwrites what somebody else put there.
            self.file = self._path.open("wb" if self._direct else "xb")
        except OSError as error:
            raise CliError(f"{path}: {error.strerror or error}") from error

    @property
    def seekable(self) -> bool:
        """Whether earlier bytes can be patched."""
        return not self._direct

    def write(self, data: bytes) -> None:
        """Appends."""
        try:
            self.file.write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise CliError(f"{self.name}: {error.strerror or error}") from error

    def patch_start(self, data: bytes) -> None:
        """Overwrites the first bytes; for headers that hold a length."""
        self.file.seek(0)
        self.write(data)

    def commit(self) -> None:
        """Closes the file and gives it its name."""
        try:
            self.file.close()
            if not self._direct:
                self._path.replace(self._final)
        except OSError as error:
            raise CliError(f"{self.name}: {error.strerror or error}") from error

    def discard(self) -> None:
        """Closes and removes the temporary file; safe to call at any time."""
        with contextlib.suppress(OSError):  # a full disk fails again on the last flush
            self.file.close()
        if not self._direct:
            self._path.unlink(missing_ok=True)


def open_output(target: str) -> Output:
    """Standard output for `-`, else a file."""
    return Stdout() if target == "-" else File(target)
