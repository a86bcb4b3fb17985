"""Ids on their way to a file: JSON lines, `.npy` or Parquet.

A sink takes batches of whole documents and, one at a time, documents too long to hold, as a
stream of arrays. None of them ever holds more than one batch or one array.

Start at `open_sink`.
"""

from __future__ import annotations

import contextlib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from toksmith.cli.errors import UsageError, missing_extra
from toksmith.cli.npy import NpyWriter, offsets_path
from toksmith.cli.outputs import File, Output, open_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from toksmith import Batch

    Ids = NDArray[np.uint32]

Format = Literal["jsonl", "npy", "parquet"]

SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".npy": "npy",
    ".parquet": "parquet",
}

PART_IDS = 1 << 18
"""Ids of one Parquet row; a streamed document of more goes on in the next row."""


class Sink(Protocol):
    """Takes documents in order."""

    def batch(self, batch: Batch) -> None:
        """Whole documents."""

    def long(self, arrays: Iterable[Ids]) -> None:
        """One document in pieces."""

    def commit(self) -> None:
        """Completes the files."""

    def discard(self) -> None:
        """Removes what was written."""


def format_of(target: str, wanted: Format | None) -> Format:
    """The format by `--format`, else by suffix; JSON lines on standard output."""
    if wanted is None and target == "-":
        return "jsonl"
    found = wanted or SUFFIXES.get(Path(target).suffix.lower())
    if found is None:
        raise UsageError(f"{target}: no format has this suffix; give --format")
    if found != "jsonl" and target == "-":
        raise UsageError(f"{found} output needs a file: --output NAME.{found}")
    return found


@contextlib.contextmanager
def open_sink(
    target: str, form: Format, *, one_document: bool, metadata: dict[str, str]
) -> Iterator[Sink]:
    """A sink that commits if the block ends well and else leaves nothing behind.

    `one_document`: the input is one file read as one document, which `.npy` stores without
    offsets. `metadata` goes into formats that have a place for it.
    """
    sink: Sink
    if form == "jsonl":
        sink = _JsonLines(open_output(target))
    elif form == "npy":
        sink = _Npy(target, one_document=one_document)
    else:
        sink = _Parquet(target, metadata)
    try:
        yield sink
        sink.commit()
    except BaseException:
        sink.discard()
        raise


class _JsonLines:
    """`{"ids":[…]}`, a document a line."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._decimals = _Decimals()

    def batch(self, batch: Batch) -> None:
        text = self._decimals.writer(batch.ids)
        lines = (
            b'{"ids":[' + text(batch.ids[start:end]) + b"]}\n"
            for start, end in pairwise(batch.offsets.tolist())
        )
        self._output.write(b"".join(lines))

    def long(self, arrays: Iterable[Ids]) -> None:
        self._output.write(b'{"ids":[')
        comma = b""
        for array in arrays:
            if len(array):
                self._output.write(comma + self._decimals.writer(array)(array))
                comma = b","
        self._output.write(b"]}\n")

    def commit(self) -> None:
        self._output.commit()

    def discard(self) -> None:
        self._output.discard()


class _Decimals:
    """Ids as decimal text with commas, looked up: far faster than making a `str` of each."""

    _LARGEST_TABLE = 1 << 20
    _WORTH_A_TABLE = 1 << 14

    def __init__(self) -> None:
        self._table = np.zeros(0, "S8")

    def writer(self, ids: Ids) -> Callable[[Ids], bytes]:
        """A function that writes any part of `ids`."""
        needed = int(ids.max(initial=0)) + 1
        if needed > len(self._table):
            if needed > self._LARGEST_TABLE or len(ids) < self._WORTH_A_TABLE:
                return _decimals_by_str
            numbers = np.arange(1 << needed.bit_length())
            self._table = np.char.add(numbers.astype("S7"), b",").astype("S8")
        return self._by_table

    def _by_table(self, ids: Ids) -> bytes:
        # Shorter numbers are padded with NUL.
        return self._table[ids].tobytes().translate(None, b"\0")[:-1]


def _decimals_by_str(ids: Ids) -> bytes:
    return ",".join(map(str, ids.tolist())).encode()


class _Npy:
    """Flat ids, and for several documents their offsets in `NAME.offsets.npy` (n + 1 int64)."""

    def __init__(self, target: str, *, one_document: bool) -> None:
        path = Path(target)
        self._side = offsets_path(path)
        self._ids = NpyWriter(path, "<u4")
        self._offsets: NpyWriter | None = None
        self._end = 0
        if not one_document:
            try:
                self._offsets = NpyWriter(self._side, "<i8")
            except BaseException:
                self._ids.output.discard()
                raise
            self._offsets.append(np.zeros(1, np.int64))

    def batch(self, batch: Batch) -> None:
        self._ids.append(batch.ids)
        if self._offsets is not None:
            self._offsets.append(batch.offsets[1:] + self._end)
        self._end += len(batch.ids)

    def long(self, arrays: Iterable[Ids]) -> None:
        for array in arrays:
            self._ids.append(array)
            self._end += len(array)
        if self._offsets is not None:
            self._offsets.append(np.array([self._end]))

    def commit(self) -> None:
        self._ids.complete()
        if self._offsets is not None:
            self._offsets.complete()
            self._offsets.output.commit()
        else:
            # Offsets of an earlier file of this name would be taken for this one's.
            self._side.unlink(missing_ok=True)
        self._ids.output.commit()

    def discard(self) -> None:
        self._ids.output.discard()
        if self._offsets is not None:
            self._offsets.output.discard()


class _Parquet:
    """Columns `document` (counts from 0) and `ids`; a very long document takes several rows."""

    def __init__(self, target: str, metadata: dict[str, str]) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise missing_extra("Parquet output", "pyarrow", "arrow") from None
        self._pa = pa
        fields = [
            pa.field("document", pa.int64(), nullable=False),
            pa.field("ids", pa.large_list(pa.uint32()), nullable=False),
        ]
        schema = pa.schema(fields, metadata={f"toksmith.{k}": v for k, v in metadata.items()})
        self._schema = schema
        self._documents = 0
        self._output = File(target)
        try:
            self._writer = parquet.ParquetWriter(self._output.file, schema, compression="zstd")
        except BaseException:
            self._output.discard()
            raise

    def _rows(self, documents: NDArray[np.int64], ids: Ids, offsets: NDArray[np.int64]) -> None:
        lists = self._pa.LargeListArray.from_arrays(self._pa.array(offsets), self._pa.array(ids))
        columns = [self._pa.array(documents), lists]
        self._writer.write_table(self._pa.Table.from_arrays(columns, schema=self._schema))

    def batch(self, batch: Batch) -> None:
        count = len(batch.offsets) - 1
        documents = np.arange(self._documents, self._documents + count)
        self._rows(documents, batch.ids, batch.offsets)
        self._documents += count

    def long(self, arrays: Iterable[Ids]) -> None:
        document = np.array([self._documents])
        held: list[Ids] = []
        size = 0
        for array in arrays:
            held.append(array)
            size += len(array)
            if size >= PART_IDS:
                self._rows(document, np.concatenate(held), np.array([0, size]))
                held, size = [], 0
        if held:
            self._rows(document, np.concatenate(held), np.array([0, size]))
        self._documents += 1

    def commit(self) -> None:
        self._writer.close()
        self._output.commit()

    def discard(self) -> None:
        with contextlib.suppress(Exception):  # whatever broke may break again
            self._writer.close()
        self._output.discard()
