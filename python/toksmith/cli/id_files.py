"""Ids read back: what `encode` writes, and plain numbers.

The format is found by content: `.npy` and Parquet by their first bytes, JSON lines by an opening
`{` or `[`, else numbers between white space. Documents come as streams of arrays, so that one
document may be larger than memory. Parquet alone needs a file: its index is at the end.

Start at `read_ids`.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toksmith.cli.documents import find_field, json_kind, numbered_lines, parse_json
from toksmith.cli.errors import CliError, missing_extra
from toksmith.cli.inputs import BLOCK, Source, Stream
from toksmith.cli.npy import ids_at, read_npy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

_SPACE = b" \t\r\n"
_DIGITS = b"0123456789"


@dataclass(frozen=True)
class Wanted:
    """What the caller knows about the ids."""

    field: str = "ids"
    """Field of JSON objects, column of Parquet."""
    lines: bool = False
    """Plain numbers: whether each line is a document."""
    tokenizer: str = ""
    digest: str = ""
    """Digest of the tokenizer at hand; compared where the file tells its own."""


@dataclass(frozen=True, slots=True)
class IdDocument:
    """One document. `arrays` must be used up before the next document."""

    place: str
    arrays: Iterable[NDArray[np.uint32]]


def read_ids(
    source: Source, wanted: Wanted, on_read: Callable[[int], None] | None = None
) -> Iterator[IdDocument]:
    """The documents of one source, in order."""
    with Stream(source, on_read) as stream:
        head = stream.read()
        stream.put_back(head)
        if head.startswith(b"\x93NUMPY"):
            yield from itertools.starmap(IdDocument, read_npy(source, stream))
        elif head.startswith(b"PAR1"):
            yield from _parquet(source, wanted)
        elif head.lstrip(_SPACE).startswith((b"{", b"[")):
            yield from _json_lines(source, stream, wanted)
        elif wanted.lines:
            for line, text in numbered_lines(stream):
                place = f"{source.name}:{line}"
                whole = text if isinstance(text, bytes) else b"".join(text)
                yield IdDocument(place, [_numbers(whole, source, line)])
        else:
            yield IdDocument(source.name, _plain(source, stream))


def _plain(source: Source, stream: Stream) -> Iterator[NDArray[np.uint32]]:
    line, rest = 1, b""
    for block in stream.blocks():
        text = rest + block
        # The last number may go on in the next block.
        kept = len(text.rstrip(_DIGITS))
        text, rest = text[:kept], text[kept:]
        if len(rest) > BLOCK:
            raise CliError(f"{source.name}:{line}: a number of over a million digits is not an id")
        yield _numbers(text, source, line)
        line += text.count(b"\n")
    yield _numbers(rest, source, line)


def _numbers(text: bytes, source: Source, line: int) -> NDArray[np.uint32]:
    words = text.split()
    # Eleven digits are too many for an id, and Python's own limit is met with an error here.
    if text.translate(None, _DIGITS + _SPACE) or any(len(word) > 10 for word in words):
        for number, row in enumerate(text.split(b"\n"), line):
            for word in row.split():
                if not word.isdigit() or len(word) > 10:
                    shown = word[:40].decode(errors="backslashreplace")
                    raise CliError(f'{source.name}:{number}: "{shown}" is not an id')
    return ids_at(f"{source.name}:{line}", list(map(int, words)))


def _json_lines(source: Source, stream: Stream, wanted: Wanted) -> Iterator[IdDocument]:
    for line, text in numbered_lines(stream):
        place = f"{source.name}:{line}"
        if not isinstance(text, bytes):
            yield IdDocument(place, _long_json_line(text, wanted.field, place))
        elif text.strip():
            yield IdDocument(place, [_ids_of_line(text, wanted.field, place)])


def _ids_of_line(text: bytes, field: str, place: str) -> NDArray[np.uint32]:
    value = parse_json(text, place)
    if not isinstance(value, list):
        value = find_field(value, field, place)
    if not isinstance(value, list):
        raise CliError(f'{place}: field "{field}" is {json_kind(value)}, not an array')
    if bool in map(type, value):  # numpy takes [1, true] for integers
        raise CliError(f"{place}: not a list of ids")
    return ids_at(place, value)


def _long_json_line(
    pieces: Iterator[bytes], field: str, place: str
) -> Iterator[NDArray[np.uint32]]:
    """The ids of a line too long to hold: `[…` or `{"ids":[…`, up to its first `]`.

    What stands before and after is then checked as the same line with no ids in it. A line that
    starts otherwise is read whole.
    """
    rest = next(pieces)
    start = re.match(rb'\s*(\{\s*"' + re.escape(field.encode()) + rb'"\s*:\s*)?\[', rest)
    if start is None:
        yield _ids_of_line(rest + b"".join(pieces), field, place)
        return
    head, rest = rest[: start.end()], rest[start.end() :]
    for piece in itertools.chain([b""], pieces):
        rest += piece
        text, closed, tail = rest.partition(b"]")
        if closed:
            yield _ids_of_line(b"[" + text + b"]", field, place)
            _ids_of_line(head + b"]" + tail + b"".join(pieces), field, place)
            return
        text, comma, rest = text.rpartition(b",")
        if comma:
            yield _ids_of_line(b"[" + text + b"]", field, place)
        if len(rest) > BLOCK:
            break
    raise CliError(f"{place}: not a list of ids")


def _parquet(source: Source, wanted: Wanted) -> Iterator[IdDocument]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise missing_extra(f"{source.name}: Parquet input", "pyarrow", "arrow") from None
    if source.path is None:
        raise CliError("<stdin>: Parquet cannot be read from a pipe; name the file")
    try:
        with parquet.ParquetFile(source.path) as file:
            _check_digest(source, file.schema_arrow.metadata or {}, wanted)
            rows = _parquet_rows(source, file, wanted.field)
            for document, parts in itertools.groupby(rows, key=lambda row: row[0]):
                place = f"{source.name}: document {document}"
                yield IdDocument(place, (ids_at(place, ids) for _, ids in parts))
    except (pa.ArrowException, OSError) as error:
        raise CliError(f"{source.name}: damaged Parquet: {error}") from error


def _check_digest(source: Source, metadata: dict[bytes, bytes], wanted: Wanted) -> None:
    digest = metadata.get(b"toksmith.digest", b"").decode(errors="replace")
    if digest and wanted.digest and digest != wanted.digest:
        name = metadata.get(b"toksmith.tokenizer", b"").decode(errors="replace")
        raise CliError(
            f"{source.name}: encoded with {name or digest}, not with {wanted.tokenizer}; "
            "choose its tokenizer with --tokenizer"
        )


def _parquet_rows(source: Source, file: Any, column: str) -> Iterator[tuple[int, Any]]:
    """`(document, ids)` by row. Without a column `document`, each row is one."""
    import pyarrow as pa

    schema = file.schema_arrow
    if column not in schema.names:
        raise CliError(f'{source.name}: column "{column}" is missing')
    kind = schema.field(column).type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_integer(
        kind.value_type
    ):
        raise CliError(f'{source.name}: column "{column}" is {kind}, not a list of integers')
    numbered = "document" in schema.names and pa.types.is_integer(schema.field("document").type)
    columns = [column, "document"] if numbered else [column]
    row = 0
    for batch in _parquet_batches(file, columns):
        lists = batch.column(column)
        if lists.null_count or lists.values.null_count:
            raise CliError(f'{source.name}: column "{column}" holds nulls')
        numbers = batch.column("document").to_pylist() if numbered else itertools.count(row)
        values = lists.values.to_numpy()
        bounds = lists.offsets.to_pylist()
        for document, start, end in zip(numbers, bounds, bounds[1:], strict=False):
            yield document, values[start:end]
        row += len(lists)


def _parquet_batches(file: Any, columns: list[str]) -> Iterator[Any]:
    """Batches of rows that hold about a block of ids together, or one row of more."""
    for group in range(file.num_row_groups):
        facts = file.metadata.row_group(group)
        values = max(facts.column(column).num_values for column in range(facts.num_columns))
        rows = max(1, facts.num_rows * (BLOCK // 4) // max(values, 1))
        yield from file.iter_batches(batch_size=rows, row_groups=[group], columns=columns)
