"""Where bytes come from: files, globs and standard input, unpacked if they are compressed.

Compression is found by the first bytes, never by name, so a renamed file and a pipe work alike.
Everything is read in blocks; nothing here holds more than one block and what a decompressor
needs. A compressed file that ends early is an error, not a short text.

Start at `expand` (arguments to sources) and `Stream` (a source to bytes).
"""

from __future__ import annotations

import glob
import gzip
import io
import lzma
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from toksmith.cli.errors import CliError, missing_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from typing_extensions import Self

BLOCK = 1 << 20
"""Bytes read at a time: enough that calls cost nothing, too few to be seen in memory."""

_GZIP = b"\x1f\x8b"
_XZ = b"\xfd7zXZ\x00"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MAGIC_BYTES = 6


@dataclass(frozen=True, eq=False)
class Source:
    """One input: a file, or standard input where `path` is None.

    Two sources are two, even of one file: it is then read twice.
    """

    path: Path | None

    @property
    def name(self) -> str:
        """The name that errors and tables print."""
        return "<stdin>" if self.path is None else str(self.path)

    @property
    def size(self) -> int | None:
        """Bytes on disk, if it is a regular file."""
        if self.path is None or not self.path.is_file():
            return None
        return self.path.stat().st_size


def expand(arguments: Iterable[str]) -> list[Source]:
    """Sources for file names, globs and `-`; standard input if there are none.

    A name that exists is taken as it is, even if it looks like a glob. Matches of a glob come
    sorted. Raises CliError for what cannot be read, before any work starts.
    """
    sources: list[Source] = []
    for argument in arguments:
        if argument == "-":
            sources.append(Source(None))
            continue
        path = Path(argument)
        if path.is_dir():
            raise CliError(f"{argument}: is a folder; name its files, as in '{argument}/**/*.txt'")
        if path.exists():
            sources.append(Source(path))
        elif glob.has_magic(argument):
            # `Path.glob` takes no absolute patterns.
            found = sorted(Path(name) for name in glob.glob(argument, recursive=True))  # noqa: PTH207
            files = [Source(match) for match in found if match.is_file()]
            if not files:
                raise CliError(f"{argument}: no file matches")
            sources.extend(files)
        else:
            raise CliError(f"{argument}: no such file")
    if sum(source.path is None for source in sources) > 1:
        raise CliError("standard input can be read only once")
    return sources or [Source(None)]


def total_size(sources: Iterable[Source]) -> int | None:
    """Bytes on disk of all sources together, if known."""
    sizes = [source.size for source in sources]
    return None if None in sizes else sum(size for size in sizes if size is not None)


class Stream:
    """The unpacked bytes of a source. Errors of reading become CliError with the file's name."""

    def __init__(self, source: Source, on_read: Callable[[int], None] | None = None) -> None:
        """Opens `source`; `on_read` hears how many packed bytes each read took."""
        self.source = source
        self._raw: BinaryIO
        try:
            self._raw = sys.stdin.buffer if source.path is None else source.path.open("rb")
            head = _read_full(self._raw, _MAGIC_BYTES)
        except OSError as error:
            raise CliError(f"{source.name}: {error.strerror or error}") from error
        if on_read is not None:
            on_read(len(head))
        rejoined = _Rejoined(head, self._raw, on_read)
        packed: BinaryIO = io.BufferedReader(rejoined, BLOCK // 4)
        self._unpacked = self._unpack(head, packed)
        self._back = b""

    def _unpack(self, head: bytes, packed: BinaryIO) -> _Readable:
        if head.startswith(_GZIP):
            return gzip.GzipFile(fileobj=packed)
        if head.startswith(_XZ):
            return lzma.LZMAFile(packed)
        if head.startswith(_ZSTD):
            return _zstd_reader(self.source, packed)
        return packed

    def read(self, size: int = BLOCK) -> bytes:
        """The next `size` bytes; fewer only at the end."""
        first, self._back = self._back[:size], self._back[size:]
        if len(first) == size:
            return first
        try:
            return first + _read_full(self._unpacked, size - len(first))
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise CliError(f"{self.source.name}: damaged compressed data: {error}") from error
        except OSError as error:
            raise CliError(f"{self.source.name}: {error.strerror or error}") from error

    def put_back(self, data: bytes) -> None:
        """`data` is read again, before everything else."""
        self._back = data + self._back

    def blocks(self) -> Iterator[bytes]:
        """Everything, a block at a time; no block is empty."""
        while block := self.read():
            yield block

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.source.path is not None:
            self._raw.close()


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _read_full(stream: _Readable | BinaryIO, size: int) -> bytes:
    """Reads until `size` bytes or the end: pipes and decompressors give less than asked for."""
    first = stream.read(size)
    if len(first) == size or not first:
        return first
    parts, missing = [first], size - len(first)
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were already taken, put together again.

    Standard input cannot seek back, so the bytes looked at for their magic are kept here.
    """

    def __init__(self, head: bytes, rest: BinaryIO, on_read: Callable[[int], None] | None) -> None:
        self._head = head
        self._rest = rest
        self._on_read = on_read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        data = self._head[: len(buffer)] or self._rest.read(len(buffer))
        if self._head:
            self._head = self._head[len(data) :]
        elif self._on_read is not None:
            self._on_read(len(data))
        buffer[: len(data)] = data
        return len(data)


def _zstd_reader(source: Source, packed: BinaryIO) -> _Readable:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdFile(packed)
    try:
        import zstandard  # noqa: F401
    except ImportError:
        raise missing_extra(f"{source.name}: zstd input", "zstandard", "zstd") from None
    return _ZstdFrames(packed)


class _ZstdFrames:
    """Unpacks zstd frames one after the other, and notices a last frame that is cut short.

    The reader that comes with `zstandard` ends silently there; its frame objects know. A frame
    object unpacks all it is fed, at worst 32 kB for each byte, so it is fed by the spoonful and
    the spoon shrinks when much comes out.
    """

    _SMALLEST, _LARGEST = 64, 4096

    def __init__(self, packed: BinaryIO) -> None:
        import zstandard

        self._errors = zstandard.ZstdError
        self._frames = zstandard.ZstdDecompressor
        self._packed = packed
        self._frame = self._frames().decompressobj()
        self._unused = b""
        self._fed = False
        self._spoon = 256
        self._ready = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        while not self._ready:
            data = self._unused or self._packed.read(self._spoon)
            if not data:
                if self._fed:
                    raise EOFError("the last zstd frame is cut short")
                return b""
            self._feed(data)
        part, self._ready = self._ready[:size], self._ready[size:]
        return bytes(part)

    def _feed(self, data: bytes) -> None:
        try:
            self._ready = memoryview(self._frame.decompress(data))
        except self._errors as error:
            raise EOFError(str(error)) from error
        self._fed, self._unused = True, b""
        if len(self._ready) > BLOCK:
            self._spoon = max(self._SMALLEST, self._spoon // 4)
        else:
            self._spoon = min(self._LARGEST, self._spoon * 2)
        if self._frame.eof:
            self._unused = self._frame.unused_data
            self._frame = self._frames().decompressobj()
            self._fed = False
