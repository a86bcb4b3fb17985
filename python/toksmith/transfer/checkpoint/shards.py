"""The new files of weights: what bytes each consists of, in order. Start at `plan_files`.

A file is a row of pieces: its header, tensors that are copied byte for byte, new rows, and rows
that fill up. Each piece gives its bytes from any block on, so that writing may go on after a kill.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from toksmith import _native
from toksmith._native import InputError, ModelError
from toksmith.transfer.checkpoint.folder import BLOCK, Folder, Shard, Tensor
from toksmith.transfer.checkpoint.model import Matrix
from toksmith.transfer.checkpoint.sources import CODES, Source, block_rows, narrow, widen


class Piece(Protocol):
    """Some bytes of a file."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def blocks(self, offset: int, file: Path, start: int) -> Iterator[bytes]:
        """Its bytes from `offset` on, which is where a block ended.

        `file` is the file as it is so far, `start` where the piece begins in it.
        """


@dataclass(frozen=True)
class NewFile:
    """A file to be written."""

    name: str
    header: bytes
    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return sum(piece.size for piece in self.pieces)

    def blocks(self, offset: int, file: Path) -> Iterator[bytes]:
        """The bytes from `offset` on."""
        start = 0
        for piece in self.pieces:
            end = start + piece.size
            if offset < end:
                yield from piece.blocks(max(0, offset - start), file, start)
            start = end


@dataclass(frozen=True)
class NewRows:
    """What comes in the place of a matrix: `count` rows of a source, filled up to `rows`."""

    old: Matrix
    source: Source
    count: int
    rows: int


def plan_files(
    folder: Folder,
    new: dict[str, NewRows],
    dropped: set[str],
    added: tuple[str, str] | None,
) -> tuple[list[NewFile], dict[str, Any] | None]:
    """The new files, one for each old one that keeps a tensor, and the new index.

    Args:
        folder: The model.
        new: The rows that come in place of tensors, by name.
        dropped: Tensors that are left out.
        added: A tensor that is added, and that into whose file it goes.
    """
    files: list[NewFile] = []
    weight_map: dict[str, str] = {}
    total, parameters = 0, 0
    for shard in folder.shards:
        names = [tensor.name for tensor in shard.tensors if tensor.name not in dropped]
        if added is not None and folder.places[added[1]][0] is shard:
            names.append(added[0])
        if not names:
            continue
        tensors = [(name, *_shape(folder, name, new)) for name in names]
        # Wide numbers first, as the package does: then each lies at a multiple of its size.
        tensors.sort(key=lambda tensor: -_WIDTHS.get(tensor[1], 1))
        header, size = _native._begin_tensors(tensors, shard.file.metadata)
        pieces: list[Piece] = [_Bytes(header)]
        for name, _, shape in tensors:
            pieces += _pieces(folder, name, new)
            weight_map[name] = shard.path.name
            parameters += math.prod(shape)
        total += size
        files.append(NewFile(shard.path.name, header, tuple(pieces)))
    if folder.index is None:
        return files, None
    metadata = folder.index.get("metadata")
    metadata = dict(metadata) if isinstance(metadata, dict) else {}
    metadata["total_size"] = total
    if "total_parameters" in metadata:
        metadata["total_parameters"] = parameters
    index = {**folder.index, "metadata": metadata, "weight_map": dict(sorted(weight_map.items()))}
    return files, index


_WIDTHS = {
    "F64": 8, "I64": 8, "U64": 8, "C64": 8, "F32": 4, "I32": 4, "U32": 4,
    "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
}  # fmt: skip


def _shape(folder: Folder, name: str, new: dict[str, NewRows]) -> tuple[str, list[int]]:
    """Type and shape of a tensor in its new file."""
    if name not in new:
        tensor = folder.places[name][1]
        return tensor.dtype, list(tensor.shape)
    rows = new[name]
    if name not in folder.places:
        return CODES[rows.old.dtype], [rows.rows, rows.old.dim]
    tensor = folder.places[name][1]
    shape = list(tensor.shape)
    shape[1 if len(shape) == 2 and rows.old.dim == 1 else 0] = rows.rows
    return tensor.dtype, shape


def _pieces(folder: Folder, name: str, new: dict[str, NewRows]) -> list[Piece]:
    if name not in new:
        return [_Copy(*folder.places[name])]
    rows = new[name]
    found: list[Piece] = [_Rows(rows.source, rows.old, rows.count)]
    if rows.rows > rows.count:
        found.append(_Fill(rows.old, rows.count, rows.rows - rows.count, name))
    return found


@dataclass(frozen=True)
class _Bytes:
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def blocks(self, offset: int, file: Path, start: int) -> Iterator[bytes]:  # noqa: ARG002
        yield self.data[offset:]


@dataclass(frozen=True)
class _Copy:
    """A tensor of the model, byte for byte."""

    shard: Shard
    tensor: Tensor

    @property
    def size(self) -> int:
        return self.tensor.end - self.tensor.start

    def blocks(self, offset: int, file: Path, start: int) -> Iterator[bytes]:  # noqa: ARG002
        begin, end = self.tensor.start + offset, self.tensor.end
        for at in range(begin, end, BLOCK):
            yield self._read(at, min(at + BLOCK, end))

    def _read(self, start: int, end: int) -> bytes:
        try:
            with self.shard.path.open("rb") as old:
                old.seek(start)
                data = old.read(end - start)
        except OSError as error:
            raise InputError(f"{self.shard.path}: cannot be read: {error}") from error
        if len(data) != end - start:
            raise ModelError(f"{self.shard.path}: was cut while it was read")
        return data


@dataclass(frozen=True)
class _Rows:
    """New rows."""

    source: Source
    old: Matrix
    count: int

    @property
    def size(self) -> int:
        return self.count * self.old.row_bytes

    def blocks(self, offset: int, file: Path, start: int) -> Iterator[bytes]:  # noqa: ARG002
        step = block_rows(self.old)
        for row in range(offset // self.old.row_bytes, self.count, step):
            yield self.source.block(row, min(row + step, self.count))


@dataclass(frozen=True)
class _Fill:
    """Rows that no token has: the mean of those before them, as they were written.

    A logit of such a row is the mean of the others, so that it is never the largest; of a row of
    zeros it may well be.
    """

    old: Matrix
    count: int
    filled: int
    what: str

    @property
    def size(self) -> int:
        return self.filled * self.old.row_bytes

    def blocks(self, offset: int, file: Path, start: int) -> Iterator[bytes]:
        row = narrow(self._mean(file, start), self.old, self.count, self.what)
        step = block_rows(self.old)
        for first in range(offset // self.old.row_bytes, self.filled, step):
            yield row * (min(first + step, self.filled) - first)

    def _mean(self, file: Path, end: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        total = np.zeros(self.old.dim)
        step = block_rows(self.old) * self.old.row_bytes
        with file.open("rb") as written:
            begin = end - self.count * self.old.row_bytes
            written.seek(begin)
            for at in range(begin, end, step):
                numbers = widen(written.read(min(step, end - at)), self.old.dtype)
                total += numbers.reshape(-1, self.old.dim).sum(axis=0, dtype=np.float64)
        return total / self.count


def layout(files: list[NewFile]) -> list[list[str]]:
    """What tells these files from others of another layout."""
    return [[file.name, file.header.hex()] for file in files]
