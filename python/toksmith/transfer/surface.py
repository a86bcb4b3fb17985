"""Surface forms: target tokens as padded rows of source tokens, as embedding networks read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toksmith._native import InputError
from toksmith.byte_probs.checks import whole_number
from toksmith.transfer.decomposition import Decomposition
from toksmith.transfer.plan import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SurfaceForms(NamedTuple):
    """Rows of source ids of one length."""

    ids: NDArray[np.int32]
    """`(target rows, length)`: the first pieces of each token, then `pad_id`."""
    lengths: NDArray[np.int64]
    """How many pieces each token has, those beyond `length` included: `(target rows,)`."""
    truncated: NDArray[np.int64]
    """The target ids that have more than `length` pieces, ascending."""
    lost: int
    """How many pieces were cut off in all."""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Where there is a piece: `(target rows, length)`."""
        columns = np.arange(self.ids.shape[1])
        result: NDArray[np.bool_] = columns[None, :] < self.lengths[:, None]
        return result


def surface_forms(rows: Plan | Decomposition, length: int, pad_id: int) -> SurfaceForms:
    """Rows as a matrix, cut or filled up to one length.

    Args:
        rows: A `Decomposition`, where special tokens have no pieces, or a `Plan`, where a special
            token has its partner and an exact match is one piece. Not of methods that give several
            ways (`"minimal"`, `"best"` with `n` above 1): their rows are no sequences.
        length: How many pieces a row has.
        pad_id: What shorter rows are filled up with.

    Raises:
        InputError: An argument is out of range, or a row has more than one way.
    """
    found = rows.pieces if isinstance(rows, Plan) else rows
    if not isinstance(found, Decomposition):
        raise InputError(f"expected a Plan or a Decomposition, not {type(rows).__name__}")
    width = whole_number(length, "length", 1, 1 << 20)
    fill = whole_number(pad_id, "pad_id", 0, 1 << 31)
    lengths = found.lengths
    row = np.repeat(np.arange(len(found)), lengths)
    column = np.arange(len(found.ids)) - found.indptr[row]
    inside = column > 0
    backwards = found.spans[1:, 0] < found.spans[:-1, 1]
    if (inside[1:] & backwards).any():
        at = int(row[1:][inside[1:] & backwards][0])
        raise InputError(f"row {at} has several ways to spell its token, which are no sequence")
    ids = np.full((len(found), width), fill, np.int32)
    kept = column < width
    ids[row[kept], column[kept]] = found.ids[kept]
    truncated = np.flatnonzero(lengths > width)
    return SurfaceForms(ids, lengths, truncated, int(np.count_nonzero(~kept)))
