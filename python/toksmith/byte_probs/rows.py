"""Rows of logits from whatever holds them: arrays and tensors, read in place where that can be.

Start at `read_rows`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from toksmith._native import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bits = Literal["float16", "bfloat16"]

_WANTED = "float64, float32, float16 or bfloat16"


class Rows(NamedTuple):
    """What the core reads."""

    array: NDArray[Any]
    """`(rows, width)`, C-contiguous: float64, float32, or uint16 for the bits of 16-bit numbers."""
    kind: str
    """float64, float32, float16 or bfloat16."""
    single: bool
    """Whether one row was given, without the dimension of a batch."""


def read_rows(rows: object, bits: Bits | None = None) -> Rows:
    """Rows as the core reads them; contiguous ones are not copied.

    Args:
        rows: `(width,)` or `(batch, width)`: a numpy array, or anything with `__array__` or
            `__dlpack__` in main memory; float64, float32, float16 or bfloat16 (of ml_dtypes, or a
            torch tensor). uint16 and int16 are read as the bits of what `bits` names.
        bits: What 16-bit integers stand for; not given, they are refused.

    Raises:
        InputError: Another type, another number of dimensions, or memory of a device.
    """
    if bits not in (None, "float16", "bfloat16"):
        raise InputError(f'bits must be "float16" or "bfloat16", not {bits!r}')
    array, kind = to_array(rows, "rows")
    if kind in ("int16", "uint16") and bits is not None:
        array, kind = array.view(np.uint16), bits
    elif bits is not None:
        raise InputError(f"bits={bits!r} needs rows of uint16 or int16, not of {kind}")
    if kind not in ("float64", "float32", "float16", "bfloat16"):
        hint = '; bits="bfloat16" reads the bits' if kind in ("int16", "uint16") else ""
        raise InputError(f"rows must be of {_WANTED}, not of {kind}{hint}")
    if array.ndim not in (1, 2):
        raise InputError(
            f"rows must have one or two dimensions, (width,) or (batch, width), not {array.ndim}"
        )
    if kind in ("float16", "bfloat16"):
        array = array.view(np.uint16)
    single = array.ndim == 1
    array = np.require(array[None] if single else array, requirements=["C", "A"])
    return Rows(array, kind, single)


def to_array(rows: object, what: str) -> tuple[NDArray[Any], str]:
    """The numbers as a numpy array in this machine's byte order, and the name of their type.

    bfloat16 comes as the bits, uint16; `what` names the numbers in errors.

    Raises:
        InputError: No array, or memory of a device.
    """
    if not isinstance(rows, np.ndarray):
        if type(rows).__module__.partition(".")[0] == "torch":
            return _tensor(rows, what)
        rows = _foreign(rows, what)
    if not rows.dtype.isnative:
        rows = rows.astype(rows.dtype.newbyteorder("="))
    return rows, rows.dtype.name


def _foreign(rows: Any, what: str) -> NDArray[Any]:
    """What another library's array gives of itself."""
    try:
        if hasattr(rows, "__array__"):
            return np.asarray(rows)
        if hasattr(rows, "__dlpack__"):
            return np.from_dlpack(rows)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"{what} of {type(rows).__name__} cannot be read: {error}") from error
    raise InputError(
        f"{what} must be a numpy array or have __array__ or __dlpack__, not {type(rows).__name__}"
    )


def _tensor(rows: Any, what: str) -> tuple[NDArray[Any], str]:
    """A torch tensor; numpy has no name for bfloat16, so its bits are taken."""
    torch: Any = sys.modules["torch"]
    if not isinstance(rows, torch.Tensor):
        raise InputError(f"{what} must be an array or a tensor, not {type(rows).__name__}")
    if rows.device.type != "cpu":
        raise InputError(f"{what}: a tensor on {rows.device}; give .cpu() of it")
    rows = rows.detach()
    if rows.layout != torch.strided:
        raise InputError(f"{what} must be a dense tensor, not {rows.layout}")
    kind = str(rows.dtype).removeprefix("torch.")
    if kind == "bfloat16":
        return rows.view(torch.int16).numpy().view(np.uint16), kind
    return rows.numpy(), kind
