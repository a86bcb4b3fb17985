"""Where new rows come from: a recipe, an array, or a function. Start at `source_of`.

All give blocks of bytes of the type of the model's file. A number that is not finite, or not after
rounding, is refused: nothing of that kind is ever written.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import numpy as np

from toksmith import _native
from toksmith._native import InputError, VocabularyError
from toksmith.transfer.checkpoint.model import Matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

BLOCK_NUMBERS = 1 << 22
"""Numbers of a block; as float32 they are 16 MiB."""

CODES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
"""The names of the types in files."""


class Recipe(NamedTuple):
    """New rows as weighted sums of the model's rows: a sparse matrix.

    Row `i` is the sum of `weights[j]` times row `ids[j]`, `j` from `indptr[i]` to `indptr[i + 1]`,
    in float32 in that order; one source of weight 1 is copied bit for bit. Anything with
    these attributes will do, a plan of `toksmith.transfer.align` too.

    Attributes:
        indptr: int64 `(rows + 1,)`, ascending: each row has a source.
        ids: uint32 `(sources,)`.
        weights: float32 `(sources,)`; used as they are.
    """

    indptr: NDArray[np.int64]
    ids: NDArray[np.uint32]
    weights: NDArray[np.float32]


class _RecipeLike(Protocol):
    @property
    def indptr(self) -> NDArray[np.int64]: ...
    @property
    def ids(self) -> NDArray[np.uint32]: ...
    @property
    def weights(self) -> NDArray[np.float32]: ...


if TYPE_CHECKING:
    Rows: TypeAlias = _RecipeLike | ArrayLike | Callable[[int, int], ArrayLike]


class Source(Protocol):
    """Blocks of new rows."""

    @property
    def digest(self) -> str | None:
        """What tells the rows from others; None if nothing does."""

    def block(self, start: int, stop: int) -> bytes:
        """Rows `start` to `stop`."""


def source_of(
    given: Rows, old: Matrix, count: int, what: str, digest: str | None, num_threads: int | None
) -> Source:
    """The source that a caller's value stands for.

    Args:
        given: A recipe over the rows of `old`, an array `(count, dim)`, or a function of
            `(start, stop)` that gives one.
        old: The matrix whose place the rows take.
        count: How many rows there shall be.
        what: The name of the argument.
        digest: What tells a function from others.
        num_threads: Threads that a recipe is computed with.

    Raises:
        InputError: The value is none of these, or does not fit.
        VocabularyError: There are more or fewer rows, or a recipe names a row that is not there.
    """
    if all(hasattr(given, name) for name in Recipe._fields):
        return _of_recipe(given, old, count, what, num_threads)  # type: ignore[arg-type]
    if callable(given):
        key = None if digest is None else hashlib.sha256(digest.encode()).hexdigest()
        return _Function(given, old, what, key)
    array = np.asarray(given)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{what} must be a recipe, numbers or a function, not {array.dtype}")
    if old.dim == 1 and array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != old.dim:
        raise InputError(f"{what} has shape {array.shape}, expected ({count}, {old.dim})")
    if array.shape[0] != count:
        raise VocabularyError(f"{what} has {array.shape[0]} rows, expected {count}")
    return _Array(array, old, what)


def block_rows(old: Matrix) -> int:
    """Rows of a block."""
    return max(1, BLOCK_NUMBERS // old.dim)


def _of_recipe(
    given: _RecipeLike, old: Matrix, count: int, what: str, num_threads: int | None
) -> _Gathered:
    kinds = (np.dtype(np.int64), np.dtype(np.uint32), np.dtype(np.float32))
    arrays = tuple(np.asarray(getattr(given, name)) for name in Recipe._fields)
    for name, array, kind in zip(Recipe._fields, arrays, kinds, strict=True):
        if array.ndim != 1 or array.dtype != kind:
            found = f"{array.dtype} {array.shape}"
            raise InputError(f"{what}.{name} must be {kind} of one dimension, not {found}")
    recipe = Recipe(*map(np.ascontiguousarray, arrays))
    try:
        rows = _native._check_recipe(recipe, old.rows)
    except (InputError, VocabularyError) as error:
        raise type(error)(f"{what}: {error}") from None
    if rows != count:
        raise VocabularyError(f"{what} has {rows} rows, expected {count}")
    return _Gathered(recipe, old, what, num_threads)


@dataclass(frozen=True)
class _Gathered:
    """A recipe; computed in the core."""

    recipe: Recipe
    old: Matrix
    what: str
    num_threads: int | None

    @property
    def digest(self) -> str:
        found = hashlib.sha256(self.old.name.encode())
        for array in self.recipe:
            found.update(len(array).to_bytes(8, "little"))
            found.update(array.data.cast("B") if array.size else b"")
        return found.hexdigest()

    def block(self, start: int, stop: int) -> bytes:
        file, name = self.old._shard.file, self.old.name
        try:
            return file.gather(name, self.recipe, start, stop, self.num_threads)
        except InputError as error:
            raise InputError(f"{self.what}: {error}") from None


@dataclass(frozen=True)
class _Array:
    """Rows that are there already, perhaps in a file of numpy."""

    array: NDArray[np.generic]
    old: Matrix
    what: str

    @property
    def digest(self) -> str:
        found = hashlib.sha256(repr(self.array.shape).encode())
        step = block_rows(self.old)
        for start in range(0, len(self.array), step):
            block = np.ascontiguousarray(self.array[start : start + step], np.float32)
            found.update(block.data.cast("B"))
        return found.hexdigest()

    def block(self, start: int, stop: int) -> bytes:
        return narrow(self.array[start:stop], self.old, start, self.what)


@dataclass(frozen=True)
class _Function:
    """Rows that are made when they are asked for, each block once unless work is resumed."""

    function: Callable[[int, int], ArrayLike]
    old: Matrix
    what: str
    digest: str | None

    def block(self, start: int, stop: int) -> bytes:
        made = self.function(start, stop)
        try:
            rows = np.asarray(made, np.float32)
        except (TypeError, ValueError) as error:
            raise InputError(f"{self.what}({start}, {stop}): no numbers: {error}") from None
        if self.old.dim == 1 and rows.ndim == 1:
            rows = rows[:, None]
        if rows.shape != (stop - start, self.old.dim):
            expected = (stop - start, self.old.dim)
            raise InputError(f"{self.what}({start}, {stop}) gave {rows.shape}, expected {expected}")
        return narrow(rows, self.old, start, self.what)


def narrow(rows: NDArray[np.generic], old: Matrix, start: int, what: str) -> bytes:
    """Rows, the first of which is row `start`, as bytes of the type of `old`.

    Raises:
        InputError: A number is not finite, or is too large for the type.
    """
    # What overflows float32 becomes infinite, and is refused as that.
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(rows, np.float32).reshape(-1)
    data, bad = _native._narrow(CODES[old.dtype], numbers)
    if bad is not None:
        row, column = divmod(bad, old.dim)
        kind = "too large for" if math.isfinite(numbers[bad]) else "no number of"
        raise InputError(
            f"{what}: row {start + row}, number {column} is {numbers[bad]}: {kind} {old.dtype}"
        )
    return data


def widen(data: bytes, dtype: str) -> NDArray[np.float32]:
    """The numbers of bytes: float32 `(n,)`. Exact."""
    if dtype == "float32":
        return np.frombuffer(data, "<f4").astype(np.float32)
    if dtype == "float16":
        return np.frombuffer(data, "<f2").astype(np.float32)
    return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
