"""Ids of many texts: one flat array and the places where its rows begin.

A list of lists costs an object an id. A `Batch` is two arrays whatever the number of rows, which is
what Arrow, memory maps and packing want; rows are views of the flat array. Start at `Batch`.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from toksmith._native import InputError, VocabularyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

_SHOWN_ROWS = 3
_SHOWN_IDS = 6


class Batch:
    """Rows of token ids, of any lengths: row `i` is `ids[offsets[i]:offsets[i + 1]]`.

    Args:
        ids: All ids, row after row; `(N,)`, integers of 0 to 2**32 - 1; uint32 is not copied.
        offsets: Where each row begins, and the end: `(rows + 1,)`, from 0 up to `N`.

    Raises:
        InputError: `offsets` does not describe rows of `ids`.
        VocabularyError: An id is negative or does not fit 32 bits.
    """

    __slots__ = ("_ids", "_offsets")

    _ids: NDArray[np.uint32]
    _offsets: NDArray[np.int64]

    def __init__(self, ids: ArrayLike, offsets: ArrayLike) -> None:
        self._ids = to_ids(ids, "ids")
        self._offsets = _to_offsets(offsets, len(self._ids))

    @classmethod
    def _of(cls, ids: NDArray[np.uint32], offsets: NDArray[np.int64]) -> Batch:
        """A batch from arrays that are known to be right: what the core hands out."""
        batch = cls.__new__(cls)
        batch._ids = ids
        batch._offsets = offsets
        return batch

    @classmethod
    def from_rows(cls, rows: Iterable[ArrayLike]) -> Batch:
        """A batch from one sequence of ids a row.

        Raises:
            VocabularyError: An id is negative or does not fit 32 bits.
            InputError: A row is not a sequence of integers.
        """
        arrays = [to_ids(row, f"row {number}") for number, row in enumerate(rows)]
        offsets = np.zeros(len(arrays) + 1, np.int64)
        np.cumsum([len(row) for row in arrays], out=offsets[1:])
        return cls._of(np.concatenate(arrays) if arrays else np.empty(0, np.uint32), offsets)

    @property
    def ids(self) -> NDArray[np.uint32]:
        """All ids, row after row: uint32 `(N,)`."""
        return self._ids

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each row begins in `ids`, and the end: int64 `(rows + 1,)`."""
        return self._offsets

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, index: int) -> NDArray[np.uint32]: ...
    @overload
    def __getitem__(self, index: slice) -> Batch: ...
    def __getitem__(self, index: int | slice) -> NDArray[np.uint32] | Batch:
        """One row, as a view, or a slice of rows, as a batch.

        Raises:
            IndexError: No such row.
            TypeError: `index` is neither an integer nor a slice.
        """
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                edges = self._offsets[start : max(start, stop) + 1]
                return Batch._of(self._ids[edges[0] : edges[-1]], edges - edges[0])
            return Batch.from_rows(self[row] for row in range(start, stop, step))
        row = operator.index(index)
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of a batch of {len(self)} rows")
        row %= len(self)
        return self._ids[self._offsets[row] : self._offsets[row + 1]]

    def __iter__(self) -> Iterator[NDArray[np.uint32]]:
        """The rows, as views."""
        edges = self._offsets.tolist()
        for row in range(len(self)):
            yield self._ids[edges[row] : edges[row + 1]]

    def __eq__(self, other: object) -> bool:
        """Whether the other is a batch of the same rows."""
        if not isinstance(other, Batch):
            return NotImplemented
        return np.array_equal(self._ids, other._ids) and np.array_equal(
            self._offsets, other._offsets
        )

    __hash__ = None  # type: ignore[assignment]  # the arrays can be written to

    def __reduce__(self) -> tuple[type[Batch], tuple[NDArray[np.uint32], NDArray[np.int64]]]:
        """Pickles the two arrays; they are checked again when they come back."""
        return (Batch, (self._ids, self._offsets))

    def __repr__(self) -> str:
        """Sizes, and the first ids of the first rows."""
        rows = [_shorten(row.tolist(), _SHOWN_IDS) for row in self[:_SHOWN_ROWS]]
        more = ", ..." if len(self) > _SHOWN_ROWS else ""
        return f"Batch({len(self)} rows, {len(self._ids)} ids: [{', '.join(rows)}{more}])"

    def tolist(self) -> list[list[int]]:
        """The rows as lists of Python integers."""
        ids, edges = self._ids.tolist(), self._offsets.tolist()
        return [ids[edges[row] : edges[row + 1]] for row in range(len(self))]

    def to_padded(
        self, pad_id: int, length: int | None = None, side: Literal["right", "left"] = "right"
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """A rectangle, filled up with `pad_id`, as models take it.

        Args:
            pad_id: What to fill up with, at least 0.
            length: Columns; by default the length of the longest row.
            side: Where the filling goes.

        Returns:
            Ids and mask, both int64 `(rows, length)`. The mask is 1 at ids and 0 at filling.

        Raises:
            InputError: A row is longer than `length` (nothing is ever cut off silently), or an
                argument is out of range.
        """
        pad, sizes = _whole_number(pad_id, "pad_id"), np.diff(self._offsets)
        longest = int(sizes.max(initial=0))
        columns = longest if length is None else _whole_number(length, "length")
        if longest > columns:
            row = int(sizes.argmax())
            raise InputError(
                f"row {row} has {longest} ids, more than length={columns}; cut it first"
            )
        if not (isinstance(side, str) and side in ("right", "left")):
            raise InputError(f"side must be 'right' or 'left', not {side!r}")
        column = np.arange(columns)
        is_id = column < sizes[:, None] if side == "right" else column >= columns - sizes[:, None]
        padded = np.full((len(self), columns), pad, np.int64)
        padded[is_id] = self._ids
        return padded, is_id.astype(np.int64)

    def to_arrow(self) -> pa.LargeListArray:
        """The rows as an Arrow `large_list<uint32>`; shares memory with this batch.

        Raises:
            UnsupportedFeature: pyarrow is not installed.
        """
        from toksmith.arrow import rows_to_arrow

        return rows_to_arrow(self._ids, self._offsets)


def to_ids(values: ArrayLike, what: str) -> NDArray[np.uint32]:
    """`values` as uint32, without a copy if they are that; `what` names them in errors."""
    array = _to_array(values, what)
    if array.ndim != 1:
        raise InputError(f"{what}: expected one dimension, found shape {array.shape}")
    if array.size == 0 or array.dtype == np.uint32:
        return array.astype(np.uint32, copy=False)
    if array.dtype.kind not in "iu":
        # Integers beyond 64 bits make numpy choose another type: the range check names the first.
        exact = np.array(values, dtype=object)
        if not all(isinstance(value, int) for value in exact):
            raise InputError(f"{what}: expected integers, found {array.dtype}")
        array = exact
    if array.min() < 0 or array.max() > 0xFFFF_FFFF:
        bad = next(int(value) for value in array if not 0 <= value <= 0xFFFF_FFFF)
        raise VocabularyError(f"{what}: no token has id {bad}; ids are 0 to 2**32 - 1")
    return array.astype(np.uint32)


def _to_array(values: ArrayLike, what: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{what}: expected a sequence of integers: {error}") from None


def _to_offsets(values: ArrayLike, end: int) -> NDArray[np.int64]:
    offsets = _to_array(values, "offsets")
    if offsets.ndim != 1 or len(offsets) == 0 or offsets.dtype.kind not in "iu":
        raise InputError(
            f"offsets: expected integers (rows + 1,), found {offsets.dtype} {offsets.shape}"
        )
    offsets = offsets.astype(np.int64, copy=False)
    if offsets[0] != 0 or offsets[-1] != end or (np.diff(offsets) < 0).any():
        raise InputError(f"offsets must rise from 0 to the number of ids, {end}")
    return offsets


def _whole_number(value: int, what: str) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{what} must be an integer, not {type(value).__name__}") from None
    if not 0 <= number < 1 << 48:
        raise InputError(f"{what} must be at least 0 and below 2**48, not {number}")
    return number


def _shorten(values: list[int], limit: int) -> str:
    text = ", ".join(map(str, values[:limit]))
    return f"[{text}{', ...' if len(values) > limit else ''}]"
