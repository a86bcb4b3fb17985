"""`.npy` written and read as a stream, with the offsets of its documents beside it.

`numpy.save` and `numpy.load` hold the whole array; here a block at a time is enough, and what is
read may come from a pipe or be compressed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy_format

from toksmith import ToksmithError
from toksmith.batch import to_ids
from toksmith.cli.errors import CliError, UsageError
from toksmith.cli.inputs import BLOCK, Source, Stream
from toksmith.cli.outputs import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray


def offsets_path(path: Path) -> Path:
    """Where the offsets of the documents in `path` are kept."""
    return path.with_name(path.stem + ".offsets.npy")


def ids_at(place: str, values: ArrayLike) -> NDArray[np.uint32]:
    """`values` as ids; CliError with `place` if they are something else."""
    try:
        return to_ids(values, "ids")
    except ToksmithError as error:
        raise CliError(f"{place}: {error}") from None


class NpyWriter:
    """A one-dimensional `.npy` that grows; the length in its header is written at the end."""

    _HEADER_BYTES = 128

    def __init__(self, path: Path, dtype: str) -> None:
        """Opens `path` and leaves room for the header."""
        self.output = File(path)
        self._dtype = np.dtype(dtype)
        self._length = 0
        if not self.output.seekable:
            raise UsageError(f"{path}: .npy needs a regular file")
        self.output.write(self._header())

    def _header(self) -> bytes:
        text = repr(
            {"descr": self._dtype.str, "fortran_order": False, "shape": (self._length,)}
        ).encode()
        start = b"\x93NUMPY\x01\x00" + (self._HEADER_BYTES - 10).to_bytes(2, "little")
        return start + text.ljust(self._HEADER_BYTES - 11) + b"\n"

    def append(self, array: NDArray[Any]) -> None:
        """Writes the numbers of `array` behind the others."""
        self.output.write(np.ascontiguousarray(array, self._dtype).tobytes())
        self._length += len(array)

    def complete(self) -> None:
        """Writes the final length into the header; `output` is then to be committed."""
        self.output.patch_start(self._header())


def read_npy(source: Source, stream: Stream) -> Iterator[tuple[str, Iterator[NDArray[np.uint32]]]]:
    """`(place, arrays)` of each document; one document where there are no offsets."""
    length, arrays = _open(source.name, stream)
    side = None if source.path is None else offsets_path(source.path)
    if side is None or not side.is_file():
        yield source.name, _ids(source.name, arrays)
        return
    ids = _Cutter(_ids(source.name, arrays))
    with Stream(Source(side)) as side_stream:
        _, offsets = _open(str(side), side_stream)
        end, document = 0, -1
        for block in offsets:
            for bound in block.tolist():
                if not end <= bound <= length or (document < 0 and bound):
                    raise CliError(f"{side}: offset {document + 1} is {bound}, out of order")
                if document >= 0:
                    yield f"{source.name}: document {document}", ids.take(bound - end)
                end, document = bound, document + 1
    if end != length:
        raise CliError(f"{side}: covers {end} ids, {source.name} has {length}")


class _Cutter:
    """Arrays cut at other places than they come in."""

    def __init__(self, arrays: Iterator[NDArray[np.uint32]]) -> None:
        self._arrays = arrays
        self._rest = np.zeros(0, np.uint32)

    def take(self, count: int) -> Iterator[NDArray[np.uint32]]:
        while count:
            if not len(self._rest):
                self._rest = next(self._arrays)
            part, self._rest = self._rest[:count], self._rest[count:]
            count -= len(part)
            yield part


def _open(name: str, stream: Stream) -> tuple[int, Iterator[NDArray[Any]]]:
    """Length and blocks of a one-dimensional array of integers."""
    try:
        version = npy_format.read_magic(stream)
        if version == (1, 0):
            shape, _, dtype = npy_format.read_array_header_1_0(stream)
        else:
            shape, _, dtype = npy_format.read_array_header_2_0(stream)
    except ValueError as error:
        raise CliError(f"{name}: damaged .npy: {error}") from error
    if len(shape) != 1 or dtype.kind not in "iu":
        raise CliError(f"{name}: a {len(shape)}-dimensional array of {dtype}, not a list of ids")
    length = shape[0]

    def blocks() -> Iterator[NDArray[Any]]:
        missing = length * dtype.itemsize
        while missing:
            data = stream.read(min(missing, BLOCK))
            if len(data) < min(missing, BLOCK):
                raise CliError(f"{name}: ends early, the header says {length} numbers")
            missing -= len(data)
            yield np.frombuffer(data, dtype)

    return length, blocks()


def _ids(place: str, arrays: Iterator[NDArray[Any]]) -> Iterator[NDArray[np.uint32]]:
    return (ids_at(place, array) for array in arrays)
