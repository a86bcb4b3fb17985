"""Texts in files: lines, whole files, JSON lines, Parquet and Arrow, packed or not.

gzip, xz and zstd are found by content. Nothing here holds more than one text, or a few thousand
rows of a column. Start at `Files`.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from toksmith._native import InputError, UnsupportedFeature
from toksmith.cli import documents, inputs
from toksmith.cli.errors import CliError, MissingExtraError

Kind: TypeAlias = Literal["auto", "lines", "text", "jsonl", "parquet", "arrow"]

_KINDS = ("auto", "lines", "text", "jsonl", "parquet", "arrow")
_BY_SUFFIX: dict[str, Kind] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
}  # fmt: skip
_ROWS = 1024
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Files:
    """The texts of files.

    Args:
        *paths: Names, globs as in `"corpus/**/*.txt.gz"`, or `pathlib.Path`, which is a file and
            never a glob. Matches of a glob come sorted.
        kind: What holds a text: a line ("lines"), the file ("text"), a field of a line of JSON
            ("jsonl"), a row of a column ("parquet"; "arrow", which is Feather, too). "auto" goes by
            the name, "lines" being what no name says.
        ends: Whether a line keeps its newline, as it does where tokenizers trains from files.
        field: Where the text of a line of JSON is; `a.b` also finds `{"a": {"b": …}}`.
        column: The column of a table.

    Raises:
        InputError: A file is not there, or an argument is none of what it may be.
    """

    def __init__(
        self,
        *paths: str | os.PathLike[str],
        kind: Kind = "auto",
        ends: bool = True,
        field: str = "text",
        column: str = "text",
    ) -> None:
        if kind not in _KINDS:
            names = ", ".join(map(repr, _KINDS))
            raise InputError(f"kind must be one of {names}, not {kind!r}")
        if not paths:
            raise InputError("no files: expected names, globs or paths")
        self.kind: Kind = kind
        self.ends = ends
        self.field = field
        self.column = column
        self._sources = [source for path in paths for source in _expand(path)]

    def __repr__(self) -> str:
        return f"Files({', '.join(repr(source.name) for source in self._sources)})"

    def size(self) -> int | None:
        """Bytes of all files together, packed as they are, if known."""
        return inputs.total_size(self._sources)

    def texts(self, replace: bool, on_read: Callable[[int], None]) -> Iterator[str]:
        """The texts in order; `on_read` hears how many packed bytes were read.

        With `replace` U+FFFD stands for what is not text.

        Raises:
            InputError: A file cannot be read or is malformed, or a text is none; names the line or
                the row.
            UnsupportedFeature: A library that a file needs is not installed; names the extra.
        """
        for source in self._sources:
            kind = self.kind if self.kind != "auto" else _kind_by_name(source.name)
            with _typed():
                if kind in ("parquet", "arrow"):
                    yield from self._rows(source, kind, replace, on_read)
                else:
                    yield from self._packed(source, kind, replace, on_read)

    def _packed(
        self, source: inputs.Source, kind: Kind, replace: bool, on_read: Callable[[int], None]
    ) -> Iterator[str]:
        with inputs.Stream(source, on_read) as stream:
            if kind == "text":
                yield _decoded(b"".join(stream.blocks()), replace, source.name)
                return
            number = 0
            for block in _blocks_of_lines(stream):
                if kind == "lines":
                    yield from self._lines(block, replace, source.name, number)
                else:
                    for at, line in enumerate(block.split(b"\n"), number + 1):
                        if line.strip():
                            yield self._field(line, replace, f"{source.name}:{at}")
                number += block.count(b"\n")

    def _lines(self, block: bytes, replace: bool, name: str, number: int) -> list[str]:
        """The lines of a block, which comes after `number` lines of its file."""
        end = "\n" if self.ends else ""
        try:
            *lines, last = block.decode().split("\n")
        except UnicodeDecodeError:
            *found, rest = block.split(b"\n")
            places = (f"{name}:{at}" for at in itertools.count(number + 1))
            lines = [_decoded(line, replace, next(places)) for line in found]
            last = _decoded(rest, replace, next(places))
        if end:
            lines = [line + end for line in lines]
        return [*lines, last] if last else lines

    def _field(self, line: bytes, replace: bool, place: str) -> str:
        if replace:
            line = line.decode(errors="replace").encode()
        value = documents.parse_json(line, place)
        text = documents.find_field(value, self.field, place)
        if not isinstance(text, str):
            kind = documents.json_kind(text)
            raise InputError(f'{place}: field "{self.field}" is {kind}, not a string')
        if text.isascii() or not (found := _LONE_SURROGATE.search(text)):
            return text
        if replace:
            return _LONE_SURROGATE.sub("\ufffd", text)
        raise InputError(
            f'{place}: field "{self.field}" has a lone surrogate at character {found.start()}'
        )

    def _rows(
        self, source: inputs.Source, kind: Kind, replace: bool, on_read: Callable[[int], None]
    ) -> Iterator[str]:
        if source.path is None:
            raise InputError(f"{source.name}: a table is read from a file")
        size, told, row = source.size or 0, 0, 0
        for column, part in _columns(source.path, kind, self.column):
            for value in column.to_pylist():
                yield _cell(value, replace, f"{source.name}: row {row}")
                row += 1
            on_read(int(size * part) - told)
            told = int(size * part)


def _expand(path: str | os.PathLike[str]) -> list[inputs.Source]:
    with _typed():
        if isinstance(path, str):
            return inputs.expand([path])
        try:
            file = Path(path)
            found = file.is_file()
        except (TypeError, ValueError, OSError) as error:
            raise InputError(f"{path!r}: not a path: {error}") from None
        if not found:
            raise InputError(f"{file}: {'not a file' if file.exists() else 'no such file'}")
        return [inputs.Source(file)]


def _blocks_of_lines(stream: inputs.Stream) -> Iterator[bytes]:
    """Blocks that end with a newline, but for the last, which need not."""
    begun: list[bytes] = []
    for block in stream.blocks():
        head, newline, rest = block.rpartition(b"\n")
        if newline:
            yield b"".join([*begun, head, newline])
            begun = []
        if rest:
            begun.append(rest)
    if begun:
        yield b"".join(begun)


def _kind_by_name(name: str) -> Kind:
    bare = re.sub(r"\.(gz|zst|xz)$", "", name.lower())
    return _BY_SUFFIX.get(Path(bare).suffix, "lines")


@contextmanager
def _typed() -> Iterator[None]:
    """Errors of the command line's readers as those of the library."""
    try:
        yield
    except MissingExtraError as error:
        raise UnsupportedFeature(str(error)) from None
    except CliError as error:
        raise InputError(str(error)) from error


def _decoded(data: bytes, replace: bool, place: str) -> str:
    try:
        return data.decode(errors="replace" if replace else "strict")
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: not UTF-8 at byte {error.start}") from None


def _cell(value: object, replace: bool, place: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return _decoded(value, replace, place)
    found = "null" if value is None else f"of type {type(value).__name__}"
    raise InputError(f"{place}: the text is {found}")


def _columns(path: Path, kind: Kind, name: str) -> Iterator[tuple[Any, float]]:
    """Some rows of a column at a time, and which part of the file is read then."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UnsupportedFeature(
            f'{path}: tables need pyarrow: pip install "toksmith[arrow]"'
        ) from None
    try:
        if kind == "parquet":
            with pyarrow.parquet.ParquetFile(path) as file:
                _check_column(path, name, file.schema_arrow.names)
                done, total = 0, max(1, file.metadata.num_rows)
                for batch in file.iter_batches(batch_size=_ROWS, columns=[name]):
                    done += batch.num_rows
                    yield batch.column(0), done / total
            return
        with pyarrow.memory_map(str(path)) as mapped:
            if mapped.read(6) == b"ARROW1":
                reader = pyarrow.ipc.open_file(mapped)
                count = reader.num_record_batches
                batches = map(reader.get_batch, range(count))
            else:
                mapped.seek(0)
                reader, count = pyarrow.ipc.open_stream(mapped), 0
                batches = iter(reader)
            _check_column(path, name, reader.schema.names)
            size = max(1, mapped.size())
            for number, batch in enumerate(batches):
                column = batch.column(name)
                part = (number + 1) / count if count else mapped.tell() / size
                for start in range(0, len(column), _ROWS):
                    yield column.slice(start, _ROWS), part
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as {kind}: {error}") from error


def _check_column(path: Path, name: str, names: list[str]) -> None:
    if names.count(name) != 1:
        how = "several columns are" if name in names else "no column is"
        found = ", ".join(map(repr, names))
        raise InputError(f"{path}: {how} named {name!r}; there are {found}")
