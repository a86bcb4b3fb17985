"""What a mask keeps, moved together, and put back.

Rows are padded, a rectangle `(rows, n, ...)` with a mask of it, or ragged, end to end with the
places where rows begin. Either way the kept vectors come out ragged; `Packed.to_padded` makes a
rectangle of them. Start at `pack`.

Reference: Kallini et al., "MrT5: Dynamic Token Merging for Efficient Byte-level Language Models".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith._native import InputError
from toksmith.byte_probs.rows import to_array
from toksmith.dynamic.patches import to_offsets, whole_number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Packed:
    """The kept vectors or ids of rows, and where they were; made by `pack`."""

    __slots__ = ("_shape", "offsets", "positions", "values")

    values: NDArray[Any]
    """`(kept, ...)`: what is kept, row after row, of the type that was given."""
    offsets: NDArray[np.int64]
    """Where each row begins in `values`, and the end: int64 `(rows + 1,)`."""
    positions: NDArray[np.int64]
    """The position of each in what was packed, rows end to end: int64 `(kept,)`."""

    def __init__(
        self,
        values: NDArray[Any],
        offsets: NDArray[np.int64],
        positions: NDArray[np.int64],
        shape: tuple[int, ...],
    ) -> None:
        self.values = values
        self.offsets = offsets
        self.positions = positions
        self._shape = shape

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many each row keeps: int64 `(rows,)`; 0 where all is deleted."""
        return np.diff(self.offsets)

    def to_padded(
        self, fill: float = 0, length: int | None = None
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """A rectangle, kept things at the left.

        Args:
            fill: What fills up.
            length: Columns; by default those of the longest row, which is 0 where all is deleted.

        Returns:
            `(rows, length, ...)`, and bool `(rows, length)`, true at what is kept.

        Raises:
            InputError: A row keeps more than `length`.
        """
        sizes = self.lengths
        most = int(sizes.max(initial=0))
        columns = most if length is None else whole_number(length, "length", 0)
        if most > columns:
            raise InputError(f"row {sizes.argmax()} keeps {most}, more than length={columns}")
        mask: NDArray[np.bool_] = np.arange(columns) < sizes[:, None]
        padded = _full((len(sizes), columns, *self.values.shape[1:]), fill, self.values.dtype)
        padded[mask] = self.values
        return padded, mask

    def unpack(
        self, values: object = None, *, padded: bool = False, fill: float = 0
    ) -> NDArray[Any]:
        """Puts everything where it was.

        Args:
            values: `(kept, ...)`, what became of the kept things; by default themselves.
            padded: `values` are `(rows, length, ...)`, as `to_padded` lays them out.
            fill: What goes where nothing was kept.

        Returns:
            Of the shape that was packed, but for the last dimensions, which are those of `values`.

        Raises:
            InputError: Not one thing for each that was kept.
        """
        given = self.values if values is None else _numbers(values, "values")
        kept, sizes = len(self.positions), self.lengths
        if padded and values is not None:
            most = int(sizes.max(initial=0))
            if given.ndim < 2 or len(given) != len(sizes) or given.shape[1] < most:
                raise InputError(
                    f"values of shape {given.shape}: expected {len(sizes)} rows of at least {most}"
                )
            given = given[np.arange(given.shape[1]) < sizes[:, None]]
        if given.ndim == 0 or len(given) != kept:
            raise InputError(f"values of shape {given.shape}: expected ({kept}, ...)")
        count = int(np.prod(self._shape, dtype=np.int64))
        out = _full((count, *given.shape[1:]), fill, given.dtype)
        out[self.positions] = given
        return out.reshape(*self._shape, *given.shape[1:])


def pack(values: object, keep: ArrayLike, row_offsets: ArrayLike | None = None) -> Packed:
    """Moves what a mask keeps together, row by row.

    Args:
        values: Vectors or ids: `(rows, n, ...)` with a mask of two dimensions, else
            `(positions, ...)`. numpy, or anything with `__array__` or `__dlpack__`; bfloat16
            becomes float32, every other type stays.
        keep: bool `(rows, n)`, or `(positions,)` for rows end to end. For a gate that goes down to
            delete: `gate > threshold`.
        row_offsets: Where rows that lie end to end begin, and the end: `(rows + 1,)`; by default
            they are one.

    Raises:
        InputError: A mask that is not of bool, or shapes that do not fit.
    """
    numbers, flags = _numbers(values, "values"), np.asarray(keep)
    if flags.dtype != np.bool_ or flags.ndim not in (1, 2):
        raise InputError(
            f"keep: expected bool of one or two dimensions, found {flags.dtype} {flags.shape}"
        )
    if numbers.shape[: flags.ndim] != flags.shape:
        raise InputError(f"values of shape {numbers.shape} for a mask of shape {flags.shape}")
    shape = flags.shape
    if flags.ndim == 2:
        if row_offsets is not None:
            raise InputError("row_offsets: a mask of two dimensions has its rows")
        bounds = np.arange(shape[0] + 1, dtype=np.int64) * shape[1]
    else:
        given = [0, len(flags)] if row_offsets is None else row_offsets
        bounds = to_offsets(given, len(flags), "row_offsets")
    positions = np.flatnonzero(flags).astype(np.int64)
    kept = numbers.reshape(flags.size, *numbers.shape[flags.ndim :])[positions]
    return Packed(kept, np.searchsorted(positions, bounds), positions, shape)


def unpack(
    values: object,
    keep: ArrayLike,
    row_offsets: ArrayLike | None = None,
    *,
    padded: bool = False,
    fill: float = 0,
) -> NDArray[Any]:
    """The inverse of `pack`, for kept things that come without their `Packed`.

    Args:
        values: `(kept, ...)`.
        keep: As for `pack`.
        row_offsets: As for `pack`.
        padded: `values` are `(rows, length, ...)`, as `Packed.to_padded` lays them out.
        fill: What goes where nothing was kept.

    Raises:
        InputError: A mask that is not of bool, or shapes that do not fit.
    """
    given = _numbers(values, "values")
    return pack(np.asarray(keep), keep, row_offsets).unpack(given, padded=padded, fill=fill)


def _numbers(values: object, what: str) -> NDArray[Any]:
    if isinstance(values, (list, tuple)):
        try:
            values = np.asarray(values)
        except ValueError as error:
            raise InputError(f"{what}: expected a rectangle of numbers: {error}") from None
    array, kind = to_array(values, what)
    if kind == "bfloat16":
        array = (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{what}: expected numbers, found {array.dtype}")
    return array


def _full(shape: tuple[int, ...], fill: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    try:
        return np.full(shape, fill, dtype)
    except (OverflowError, ValueError, TypeError) as error:
        raise InputError(f"fill={fill!r} for {dtype}: {error}") from None
