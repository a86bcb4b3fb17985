"""Arrow strings in, Arrow lists out, without copying the text.

pyarrow is imported here and nowhere else, when it is first needed. Anything that speaks Arrow's
C interface (pyarrow, Polars, pandas, DuckDB results) comes in through `to_flat`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith._native import InputError, UnsupportedFeature

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


def is_arrow(texts: object) -> bool:
    """Whether `texts` offers itself through Arrow's C interface."""
    return hasattr(texts, "__arrow_c_array__") or hasattr(texts, "__arrow_c_stream__")


def to_flat(texts: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of an Arrow array of strings, and where each string begins.

    Strings, large strings, views, binaries and dictionaries of them are taken; slices too. The
    text is copied only where it lies in several chunks or not in one piece (views, dictionaries).

    Returns:
        `(data, offsets)`: uint8, and int64 `(rows + 1,)` from 0 to `len(data)`.

    Raises:
        InputError: A value is null (the row is named), or the array does not hold strings.
        UnsupportedFeature: pyarrow is not installed.
    """
    array = _one_array(_pyarrow(), texts)
    if array.null_count:
        row = array.is_null().index(True).as_py()
        raise InputError(f"row {row} is null; fill or drop nulls first")
    _, edges, data = array.buffers()
    if edges is None or len(array) == 0:
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    offsets = np.frombuffer(edges, np.int64)[array.offset : array.offset + len(array) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    text = np.frombuffer(data, np.uint8)[first:last] if last > first else np.empty(0, np.uint8)
    return text, offsets - first if first else offsets


def rows_to_arrow(ids: NDArray[np.uint32], offsets: NDArray[np.int64]) -> pa.LargeListArray:
    """Rows of ids as `large_list<uint32>` over the same memory."""
    pyarrow = _pyarrow()
    return pyarrow.LargeListArray.from_arrays(pyarrow.array(offsets), pyarrow.array(ids))


def _one_array(pyarrow: Any, texts: Any) -> Any:
    """`texts` as one array of large_string or large_binary."""
    try:
        chunks = pyarrow.chunked_array(texts) if _is_stream(texts) else pyarrow.array(texts)
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"expected an Arrow array of strings: {error}") from None
    kind = chunks.type
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    if _is_text(pyarrow.types, kind):
        wide = pyarrow.large_string()
    elif _is_binary(pyarrow.types, kind):
        wide = pyarrow.large_binary()
    else:
        raise InputError(f"expected an Arrow array of strings or binaries, found {chunks.type}")
    if chunks.type != wide:
        chunks = chunks.cast(kind).cast(wide) if kind != chunks.type else chunks.cast(wide)
    if not isinstance(chunks, pyarrow.ChunkedArray):
        return chunks
    return chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()


def _is_stream(texts: Any) -> bool:
    return not hasattr(texts, "__arrow_c_array__")


def _is_text(types: Any, kind: Any) -> bool:
    view = getattr(types, "is_string_view", None)
    return types.is_string(kind) or types.is_large_string(kind) or bool(view and view(kind))


def _is_binary(types: Any, kind: Any) -> bool:
    view = getattr(types, "is_binary_view", None)
    return (
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or bool(view and view(kind))
    )


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.types
    except ImportError:
        raise UnsupportedFeature(
            "Arrow arrays need pyarrow: pip install 'toksmith[arrow]'"
        ) from None
    return pyarrow
