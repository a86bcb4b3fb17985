r"""Bytes cut into documents: a whole file, its lines, or a field of its JSON lines.

A document comes whole if it is short, and as a stream of pieces if it is not, so that a file of
one document may be larger than memory. Only a JSON line has to fit: its text is not known
before its closing quote.

A line ends at b"\n", which belongs to no document; every other byte does, a carriage return
included, so that `decode --lines` gives back what `encode --lines` read.

Start at `read_documents`; `grouped` makes of them batches that are worth a call.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from toksmith.cli.errors import CliError
from toksmith.cli.inputs import BLOCK, Source, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Kind = Literal["auto", "text", "lines", "jsonl"]

LONG_LINE = 2 * BLOCK
"""A line longer than this is streamed. Far above any usual line, far below memory."""

GROUP_BYTES = 4 * BLOCK
GROUP_DOCUMENTS = 1 << 14

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Layout:
    """How files hold documents."""

    kind: Kind = "auto"
    """`auto` goes by name: `.jsonl` and `.ndjson` hold JSON lines, packed (`.gz`, …) or not."""
    field: str = "text"
    """Where the text of a JSON line is; `a.b` also finds `{"a": {"b": …}}`."""
    replace: bool = False
    """Whether a lone surrogate in JSON becomes U+FFFD instead of an error."""

    def of(self, source: Source) -> Kind:
        """The kind of one source, `auto` resolved."""
        if self.kind != "auto":
            return self.kind
        name = re.sub(r"\.(gz|zst|xz)$", "", source.name.lower())
        return "jsonl" if name.endswith((".jsonl", ".ndjson")) else "text"


@dataclass(slots=True)
class Document:
    """A document that fits in memory many times over. `line` counts from 1; 0 is the whole file."""

    source: Source
    line: int
    data: bytes

    @property
    def place(self) -> str:
        """`file` or `file:line`, for errors."""
        return _place(self.source, self.line)


@dataclass(slots=True)
class LongDocument:
    """A document as pieces, cut anywhere. They must be used up before the next document."""

    source: Source
    line: int
    pieces: Iterable[bytes]

    @property
    def place(self) -> str:
        """`file` or `file:line`, for errors."""
        return _place(self.source, self.line)


def _place(source: Source, line: int) -> str:
    return f"{source.name}:{line}" if line else source.name


def read_documents(
    source: Source, layout: Layout, on_read: Callable[[int], None] | None = None
) -> Iterator[Document | LongDocument]:
    """The documents of one source, in order."""
    kind = layout.of(source)
    with Stream(source, on_read) as stream:
        if kind == "text":
            yield _whole(stream)
            return
        for line, data in numbered_lines(stream):
            if kind == "jsonl":
                text = data if isinstance(data, bytes) else b"".join(data)
                if text.strip():
                    found = _field_of_line(text, layout, f"{source.name}:{line}")
                    yield Document(source, line, found)
            elif isinstance(data, bytes):
                yield Document(source, line, data)
            else:
                yield LongDocument(source, line, data)


def grouped(
    documents: Iterable[Document | LongDocument],
) -> Iterator[list[Document] | LongDocument]:
    """Short documents gathered into lists of bounded size; order is kept."""
    group: list[Document] = []
    size = 0
    for document in documents:
        if isinstance(document, LongDocument):
            if group:
                yield group
            group, size = [], 0
            yield document
            continue
        group.append(document)
        size += len(document.data)
        if size >= GROUP_BYTES or len(group) >= GROUP_DOCUMENTS:
            yield group
            group, size = [], 0
    if group:
        yield group


def numbered_lines(stream: Stream) -> Iterator[tuple[int, bytes | Iterator[bytes]]]:
    """Lines with their numbers from 1; a line over `LONG_LINE` comes as pieces.

    What follows the last newline is a line unless it is empty.
    """
    number, rest = 1, b""
    for block in stream.blocks():
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            lines = (rest + head).split(b"\n")
            yield from enumerate(lines, number)
            number, rest = number + len(lines), tail
            continue
        rest += tail
        if len(rest) > LONG_LINE:
            pieces = _to_end_of_line(rest, stream)
            yield number, pieces
            for _ in pieces:  # whatever the consumer left
                pass
            number, rest = number + 1, b""
    if rest:
        yield number, rest


def _to_end_of_line(start: bytes, stream: Stream) -> Iterator[bytes]:
    for at in range(0, len(start), BLOCK):
        yield start[at : at + BLOCK]
    for block in stream.blocks():
        head, newline, tail = block.partition(b"\n")
        stream.put_back(tail)
        yield head
        if newline:
            return


def _whole(stream: Stream) -> Document | LongDocument:
    first = stream.read()
    if len(first) < BLOCK:
        return Document(stream.source, 0, first)

    def pieces() -> Iterator[bytes]:
        yield first
        yield from stream.blocks()

    return LongDocument(stream.source, 0, pieces())


def _field_of_line(line: bytes, layout: Layout, place: str) -> bytes:
    text = find_field(parse_json(line, place), layout.field, place)
    if not isinstance(text, str):
        raise CliError(f'{place}: field "{layout.field}" is {json_kind(text)}, not a string')
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        if layout.replace:
            return _LONE_SURROGATE.sub("\ufffd", text).encode()
        raise CliError(
            f'{place}: field "{layout.field}" has a lone surrogate at character {error.start}; '
            "--errors replace writes U+FFFD there"
        ) from None


def parse_json(line: bytes, place: str) -> object:
    """One JSON value; CliError with `place` if it is none."""
    try:
        value: object = json.loads(line.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        raise CliError(f"{place}: not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise CliError(f"{place}: not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise CliError(f"{place}: not usable JSON: {error}") from None
    return value


def find_field(value: object, field: str, place: str) -> object:
    """What `field` holds: the key itself, else the path it spells with dots."""
    if not isinstance(value, dict):
        raise CliError(f"{place}: the line is {json_kind(value)}, not an object")
    if field in value:
        return value[field]
    found: object = value
    for key in field.split("."):
        if not isinstance(found, dict) or key not in found:
            raise CliError(f'{place}: field "{field}" is missing')
        found = found[key]
    return found


def json_kind(value: object) -> str:
    """What JSON calls a value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = {str: "a string", int: "a number", float: "a number", list: "an array"}
    return names.get(type(value), "an object")
