"""Going on after a kill: what of a new model is on disk for certain.

A new model grows in a folder of its own beside the final one, `.NAME.toksmith`:

    journal.jsonl   first what is being made, then each chunk of a file once it is on disk
    model/          becomes the final folder in one step, when all of it is there
    old/            what is being replaced, for the moment between two steps

A chunk is told to the journal after `fsync`, with its SHA-256; who goes on reads the chunks again,
and begins where one is not as it was. Start at `Workspace`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from toksmith._native import InputError
from toksmith.transfer.checkpoint.folder import BLOCK
from toksmith.transfer.checkpoint.shards import NewFile

VERSION = 1
CHUNK = 1 << 26
"""Bytes after which a file is put on disk and the journal is told."""


class Workspace:
    """The folder in which a new model grows.

    Args:
        out: Where the model shall be.
        digest: What is being made; a journal of something else is refused.
        resume: Whether to go on with what is there; else it is thrown away.
        overwrite: Whether a model that is at `out` may be replaced.

    Raises:
        InputError: Something is at `out`, another rewrite is under way there, or a folder cannot
            be written.
    """

    def __init__(self, out: Path, digest: str, resume: bool, overwrite: bool) -> None:
        self.out = out
        self.folder = out.with_name(f".{out.name}.toksmith")
        self.model = self.folder / "model"
        self.resumed = 0
        """Bytes that were there already."""
        self._old = self.folder / "old"
        self._journal = self.folder / "journal.jsonl"
        self._digest = digest
        self._resume = resume
        self._overwrite = overwrite
        self._chunks: list[dict[str, Any]] = []
        self._complete = False

    @contextmanager
    def open(self) -> Iterator[bool]:
        """Makes or finds the folder, for one process at a time; says whether all is done already.

        Typed errors inside throw the folder away; a kill, Ctrl-C, a full disk and errors of a
        caller's function leave it, to be gone on with.
        """
        with _written(self.folder):
            if not self.out.parent.is_dir():
                raise InputError(f"{self.out.parent}: no such folder")
            with suppress(OSError):
                self.folder.rmdir()  # All that a call left that was ended at its very end.
            self._check_free(self._overwrite or self.folder.exists())
            self.folder.mkdir(exist_ok=True)
        with _locked(self.folder):
            with _written(self.folder):
                done = self._begin()
            yield done

    def write(self, file: NewFile, told: Callable[[int], None]) -> None:
        """Writes a file, or what is missing of it; `told` hears of bytes that are on disk."""
        path = self.model / file.name
        done = self._verified(file)
        self.resumed += done
        told(done)
        with _written(path), path.open("r+b" if path.exists() else "w+b") as out:
            out.truncate(done)
            out.seek(done)
            begin, digest = done, hashlib.sha256()
            for block in _outside(file.blocks(done, path)):
                out.write(block)
                digest.update(block)
                done += len(block)
                # Unbuffered from here: rows that fill up are made of what is in the file.
                out.flush()
                if done - begin >= CHUNK or done == file.size:
                    os.fsync(out.fileno())
                    chunk = {"file": file.name, "start": begin, "end": done}
                    self._tell(chunk | {"sha256": digest.hexdigest()})
                    told(done - begin)
                    begin, digest = done, hashlib.sha256()
        if done != file.size:
            raise InputError(f"{path}: {done} bytes were written, expected {file.size}")

    def place(self) -> None:
        """Puts the model where it shall be, in one step, and cleans up."""
        with _written(self.out):
            for folder, _, _ in os.walk(self.model):
                _sync_folder(Path(folder))
            if not self._complete:
                self._tell({"complete": True})
            if self.out.exists():
                self._check_free(self._overwrite)
                self.out.rename(self._old)
            self.model.rename(self.out)
            _sync_folder(self.out.parent)
            self._clean()

    def throw_away(self) -> None:
        """Removes the folder; puts back what was being replaced."""
        with _written(self.folder):
            if self._old.exists() and not self.out.exists():
                self._old.rename(self.out)
            self._clean()

    def _clean(self) -> None:
        # The journal last: while it is there, what was being made is known.
        for path in (self.model, self._old):
            _remove(path)
        (self.folder / "lock").unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _begin(self) -> bool:
        lines = self._read()
        ours = bool(lines) and lines[0] == {"toksmith": VERSION, "digest": self._digest}
        if lines and not ours and self._resume:
            raise InputError(
                f"{self.folder}: is of another model, other rows or other options; finish that, "
                f"or pass resume=False to throw it away"
            )
        if self._old.exists() and not self.out.exists() and not (ours and self._resume):
            self._old.rename(self.out)
        if ours and self._resume:
            self._chunks = lines[1:]
            self._complete = lines[-1] == {"complete": True}
            if self._complete and not self.model.exists() and self.out.exists():
                self._clean()
                return True
        self._check_free(self._overwrite)
        if not (ours and self._resume):
            for path in (self.model, self._old):
                _remove(path)
            self._start_journal([])
        self.model.mkdir(exist_ok=True)
        return False

    def _check_free(self, overwrite: bool) -> None:
        """Refuses to write over what is no model, or may not be replaced."""
        if not self.out.exists():
            return
        if self.out.is_dir() and not any(self.out.iterdir()):
            return
        if not overwrite:
            raise InputError(f"{self.out}: exists already; pass overwrite=True to replace it")
        if not (self.out / "config.json").is_file():
            raise InputError(f"{self.out}: is no model's folder; it is not replaced")

    def _read(self) -> list[dict[str, Any]]:
        """The lines of the journal; what was being written when it ended is passed over."""
        try:
            whole = self._journal.read_bytes().rpartition(b"\n")[0]
        except FileNotFoundError:
            return []
        lines: list[dict[str, Any]] = []
        for line in whole.split(b"\n"):
            try:
                lines.append(json.loads(line))
            except ValueError:
                break
        return lines or [{"not": "a journal"}]

    def _start_journal(self, chunks: list[dict[str, Any]]) -> None:
        head = {"toksmith": VERSION, "digest": self._digest}
        text = "".join(json.dumps(line) + "\n" for line in [head, *chunks])
        beside = self.folder / "journal.new"
        with beside.open("w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(self._journal)
        _sync_folder(self.folder)

    def _tell(self, line: dict[str, Any]) -> None:
        with self._journal.open("a") as out:
            out.write(json.dumps(line) + "\n")
            out.flush()
            os.fsync(out.fileno())

    def _verified(self, file: NewFile) -> int:
        """How many bytes of a file are as the journal says; forgets what is not."""
        path, done, good = self.model / file.name, 0, True
        kept: list[dict[str, Any]] = []
        for chunk in self._chunks:
            if chunk.get("file") != file.name:
                kept.append(chunk)
                continue
            start, end = chunk.get("start"), chunk.get("end")
            good = (
                good and start == done and isinstance(end, int) and done < end <= file.size
                and _hash(path, done, end) == chunk.get("sha256")
            )  # fmt: skip
            if good and isinstance(end, int):
                done = end
                kept.append(chunk)
        if len(kept) < len(self._chunks):
            self._chunks = [chunk for chunk in kept if chunk != {"complete": True}]
            self._complete = False
            self._start_journal(self._chunks)
        return done


def _remove(path: Path) -> None:
    """Removes a folder, or a link to one, if it is there."""
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _hash(path: Path, start: int, end: int) -> str | None:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            file.seek(start)
            while start < end:
                data = file.read(min(BLOCK, end - start))
                if not data:
                    return None
                digest.update(data)
                start += len(data)
    except OSError:
        return None
    return digest.hexdigest()


class UnwrittenError(InputError):
    """The system could not write: a full disk, missing rights. What was written is kept."""


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise UnwrittenError(f"{path}: cannot be written: {error}") from error


def _outside(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks whose own errors are not taken for errors of writing."""
    while True:
        try:
            block = next(blocks)
        except StopIteration:
            return
        except (OSError, ValueError) as error:
            raise SourceError from error
        yield block


class SourceError(Exception):
    """Carries an error of what makes blocks, its cause, past the code that writes them."""


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps other processes out, where the system has locks that end with their process."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with _written(folder):
        lock = (folder / "lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(f"{folder}: another process is writing there") from error
        yield


def _sync_folder(path: Path) -> None:
    """Puts a folder's names on disk, where the system can."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
