"""Arguments as they are needed, or an `InputError` that says what they are and should be."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith._native import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def whole_number(value: int, what: str, least: int = 0, limit: int = 1 << 48) -> int:
    """An integer from `least` below `limit`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{what} must be an integer, not {type(value).__name__}") from None
    if not least <= number < limit:
        raise InputError(f"{what} must be from {least} below {limit}, not {number}")
    return number


def thread_limit(num_threads: int | None) -> int | None:
    """How many threads at most: at least 1, or `None` for as many as there are."""
    return None if num_threads is None else whole_number(num_threads, "num_threads", 1)


def numbers(values: ArrayLike | Any, what: str, dimensions: int = 1) -> NDArray[np.float64]:
    """A contiguous float64 array of so many dimensions."""
    try:
        array = np.ascontiguousarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: expected numbers: {error}") from None
    if np.ndim(values) != dimensions:
        raise InputError(f"{what}: expected {dimensions} dimensions, found {np.ndim(values)}")
    return array
