"""The many forms in which a list of texts arrives, as the two that the core takes.

Start at `to_texts`. What an element may be is checked by the core, which names the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from toksmith import arrow
from toksmith._native import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flat: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]

_LISTS = "a list, a numpy array or an Arrow array of texts"


def to_texts(texts: object) -> list[Any] | Flat:
    """`texts` as a list, or as `(data, offsets)` where it lies in Arrow memory.

    Raises:
        InputError: `texts` is one text, has no order, or cannot be gone through.
    """
    if isinstance(texts, list):
        return texts
    if isinstance(texts, str | bytes | bytearray | memoryview):
        raise InputError(f"expected {_LISTS}, found one {type(texts).__name__}; put it in a list")
    if isinstance(texts, np.ndarray):
        return _from_numpy(texts)
    if arrow.is_arrow(texts):
        return arrow.to_flat(texts)
    if hasattr(texts, "__array__"):
        return _from_numpy(np.asarray(texts))
    if isinstance(texts, Mapping | AbstractSet) or not isinstance(texts, Iterable):
        raise InputError(f"expected {_LISTS}, found {type(texts).__name__}")
    return list(texts)


def _from_numpy(array: NDArray[Any]) -> list[Any]:
    if array.ndim != 1:
        raise InputError(f"expected one dimension of texts, found shape {array.shape}")
    if array.dtype.kind not in "USOT":
        raise InputError(f"expected an array of texts, found {array.dtype}")
    texts: list[Any] = array.tolist()
    return texts
