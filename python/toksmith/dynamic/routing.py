"""Boundaries where vectors turn, and the way back to positions: H-Net's dynamic chunking.

`route` cuts whole sequences, `Router` one position of many sequences at a time; `dechunk` and
`Dechunker` bring vectors of chunks back to positions. Both forms give the same numbers. What is
learned, the projections and the network over the chunks, is the caller's.

Reference: Hwang, Wang and Gu, "Dynamic Chunking for End-to-End Hierarchical Sequence Modeling".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from toksmith import _native
from toksmith._native import InputError
from toksmith.dynamic.arrays import to_floats
from toksmith.dynamic.patches import Patches, to_offsets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = "NDArray[np.float32] | NDArray[np.float64]"


class Routing(NamedTuple):
    """Where chunks begin."""

    probs: Floats
    """The probability that a position begins a chunk: `(positions,)`, 1 where a row begins."""
    patches: Patches
    """The chunks, which begin where that is above 0.5."""


def route(queries: object, keys: object = None, cu_seqlens: ArrayLike | None = None) -> Routing:
    """Cuts sequences where the cosine between a position's key and the query before is below 0.

    `probs[t] = (1 - cos(queries[t - 1], keys[t])) / 2`, kept within 0 and 1; 1 at the first
    position of a row. Sums are in float64, norms at least 1e-12, so a vector of zeros gives 0.5.
    NaN goes through, and begins no chunk.

    Args:
        queries: `(positions, width)`, rows end to end; float32, float64, or what becomes that.
        keys: Of the same shape and type; by default the queries.
        cu_seqlens: Where rows begin, and the end: `(rows + 1,)`, from 0 to the number of positions;
            by default all is one row.

    Raises:
        InputError: Other shapes or types, or rows that do not fit.
    """
    left = to_floats(queries, "queries", 2)
    right = left if keys is None else _like(keys, left, "keys")
    offsets = to_offsets(
        [0, len(left)] if cu_seqlens is None else cu_seqlens, len(left), "cu_seqlens"
    )
    probs = _native._route(left, right, offsets)
    return Routing(probs, Patches.from_mask(probs > 0.5, offsets))


class Router:
    """`route`, one position of each of many sequences at a time; keeps one vector a sequence."""

    __slots__ = ("_last", "_seen")

    def __init__(self) -> None:
        self._last: Floats | None = None
        self._seen: NDArray[np.bool_] = np.empty(0, np.bool_)

    def step(self, queries: object, keys: object = None) -> tuple[Floats, NDArray[np.bool_]]:
        """Takes the next position of each sequence.

        Args:
            queries: `(sequences, width)`, as many and of the same type at each step.
            keys: Of the same shape and type; by default the queries.

        Returns:
            The probability that the position begins a chunk, `(sequences,)`, and whether it does,
            bool. The first position of a sequence has 1.

        Raises:
            InputError: Other shapes or types than before.
        """
        left = to_floats(queries, "queries", 2)
        right = left if keys is None else _like(keys, left, "keys")
        if self._last is None:
            if not left.shape[1]:
                raise InputError("queries: vectors without numbers")
            probs: Any = np.ones(len(left), left.dtype)
        else:
            _like(left, self._last, "queries")
            probs = _native._turns(self._last, right)
            probs[~self._seen] = 1
        self._last, self._seen = left.copy(), np.ones(len(left), np.bool_)
        return probs, probs > 0.5

    def reset(self, sequences: ArrayLike) -> None:
        """Begins some sequences anew: those of these numbers, or where a bool mask is true.

        Raises:
            InputError: No such sequence.
        """
        _reset(self._seen, sequences, False)

    def copy(self) -> Router:
        """Another one in the same state, which goes its own way."""
        copy = Router()
        copy._last, copy._seen = self._last, self._seen.copy()
        return copy


def dechunk(values: object, probs: object, patches: Patches) -> Floats:
    """Vectors of positions: each gets the moving average of the chunks of its row up to its own.

    `z[j] = p[j] * values[j] + (1 - p[j]) * z[j - 1]`, where `p[j]` is the probability at the first
    position of chunk `j`, kept within 1e-4 and 1 - 1e-4, and `z` is 0 before a row, as published.

    Args:
        values: `(chunks, width)`; float32, float64, or what becomes that.
        probs: `(positions,)`, as `route` gives them, of the same type.
        patches: The chunks, as `route` gives them.

    Returns:
        `(positions, width)`.

    Raises:
        InputError: Other shapes or types.
    """
    numbers = to_floats(values, "values", 2)
    weights = to_floats(probs, "probs", 1)
    if weights.dtype != numbers.dtype:
        raise InputError(f"probs of {weights.dtype} for values of {numbers.dtype}")
    return _native._dechunk(numbers, weights, patches.offsets, patches.rows)


class Dechunker:
    """`dechunk`, one position of each of many sequences at a time; keeps one vector a sequence."""

    __slots__ = ("_average",)

    def __init__(self) -> None:
        self._average: Floats | None = None

    def step(self, values: object, probs: object, begins: ArrayLike) -> Floats:
        """Takes the next position of each sequence.

        Args:
            values: `(sequences, width)`: the chunk that begins, where one does; elsewhere not read.
            probs: `(sequences,)`, as `Router.step` gives them.
            begins: bool `(sequences,)`: whether a chunk begins.

        Returns:
            `(sequences, width)`: the moving average at this position.

        Raises:
            InputError: Other shapes or types than before.
        """
        numbers, weights = to_floats(values, "values", 2), to_floats(probs, "probs", 1)
        flags = np.asarray(begins)
        if flags.dtype != np.bool_ or flags.shape != weights.shape:
            raise InputError(f"begins: expected bool {weights.shape}, not {flags.dtype}")
        if weights.dtype != numbers.dtype or len(weights) != len(numbers):
            raise InputError(
                f"probs: expected {len(numbers)} of {numbers.dtype}, found {len(weights)} of "
                f"{weights.dtype}"
            )
        if self._average is None:
            self._average = np.zeros(numbers.shape, numbers.dtype)
        else:
            _like(numbers, self._average, "values")
        _native._average(self._average, numbers, weights, np.ascontiguousarray(flags))
        return self._average.copy()

    def reset(self, sequences: ArrayLike) -> None:
        """Begins some sequences anew: those of these numbers, or where a bool mask is true.

        Raises:
            InputError: No such sequence.
        """
        _reset(np.empty(0) if self._average is None else self._average, sequences, 0)

    def copy(self) -> Dechunker:
        """Another one in the same state, which goes its own way."""
        copy = Dechunker()
        copy._average = None if self._average is None else self._average.copy()
        return copy


def _like(values: object, other: Floats, what: str) -> Floats:
    """Numbers of the shape and type of others."""
    numbers = to_floats(values, what, other.ndim)
    if numbers.shape != other.shape or numbers.dtype != other.dtype:
        raise InputError(
            f"{what}: expected {other.dtype} {other.shape}, found {numbers.dtype} {numbers.shape}"
        )
    return numbers


def _reset(state: NDArray[Any], sequences: ArrayLike, value: float) -> None:
    chosen = np.asarray(sequences)
    if chosen.dtype.kind not in "biu":
        raise InputError(f"sequences: expected integers or bool, found {chosen.dtype}")
    try:
        state[chosen] = value
    except IndexError as error:
        raise InputError(f"sequences: {error}") from None
