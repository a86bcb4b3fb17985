"""New tokens as rectangles of base ids or of bytes, for an embedding network to read.

Start at `id_matrix` and `byte_matrix`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from toksmith import _native
from toksmith._native import InputError, _Spellings, _surface_ids
from toksmith.byte_probs.checks import whole_number
from toksmith.dynamic.arrays import to_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from toksmith.batch import Batch

T = TypeVar("T", np.int32, np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Surface(Generic[T]):
    """Tokens in rows of equal width.

    Attributes:
        values: Ids, int32, or bytes, uint8: `(n, width)`, filled up with the padding value.
        full_lengths: What each row would hold uncut: int64 `(n,)`.
    """

    values: NDArray[T]
    full_lengths: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """What each row holds: int64 `(n,)`."""
        return np.minimum(self.full_lengths, self.values.shape[1])

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Where values are not padding: bool `(n, width)`."""
        return np.arange(self.values.shape[1]) < self.lengths[:, None]

    @property
    def truncated(self) -> NDArray[np.int64]:
        """The rows that were cut, ascending: int64 `(k,)`."""
        return np.flatnonzero(self.full_lengths > self.values.shape[1])


def id_matrix(
    parts: Batch | Sequence[ArrayLike], width: int | None = None, *, pad: int = 0
) -> Surface[np.int32]:
    """New tokens as rows of their base ids.

        >>> import toksmith as ts
        >>> made = ts.dynamic.id_matrix([(5, 6), (7, 8, 9)], width=2, pad=-1)
        >>> made.values.tolist(), made.truncated.tolist()
        ([[5, 6], [7, 8]], [1])

    Args:
        parts: A row of base ids a token.
        width: Columns; longer rows are cut at their end and told in `truncated`. By default as
            many as the longest row needs.
        pad: What shorter rows are filled up with; int32, may be negative.

    Raises:
        VocabularyError: An id does not fit int32.
        InputError: An argument is out of range.
    """
    rows = to_rows(parts, "parts")
    columns = None if width is None else whole_number(width, "width")
    filling = whole_number(pad, "pad", -(1 << 31), 1 << 31)
    return Surface(*_surface_ids(rows.ids, rows.offsets, columns, filling))


def byte_matrix(
    parts: Batch | Sequence[ArrayLike],
    tokenizer: _native.Tokenizer,
    width: int | None = None,
    *,
    pad: int = 0,
) -> Surface[np.uint8]:
    """New tokens as rows of the bytes that their parts stand for.

    The bytes are those of `toksmith.byte_probs`: a sign for the space is the space, a spelled byte
    is the byte, a WordPiece that begins a word has the space before it.

    Args:
        parts: A row of base ids a token.
        tokenizer: Whose ids they are.
        width: Columns; longer rows are cut at their end, perhaps within a character, and told in
            `truncated`. By default as many as the longest row needs.
        pad: What shorter rows are filled up with, 0 to 255.

    Raises:
        VocabularyError: An id is none of a token that is text: special tokens are not.
        UnsupportedFeature: The tokenizer's tokens do not stand for bytes by themselves.
        InputError: An argument is out of range.
    """
    if not isinstance(tokenizer, _native.Tokenizer):
        raise InputError(f"expected a Tokenizer, not {type(tokenizer).__name__}")
    rows = to_rows(parts, "parts")
    columns = None if width is None else whole_number(width, "width")
    filling = whole_number(pad, "pad", 0, 256)
    return Surface(*_spellings(tokenizer).rows(rows.ids, rows.offsets, columns, filling))


@lru_cache(maxsize=8)
def _spellings(tokenizer: _native.Tokenizer) -> _Spellings:
    return _Spellings(tokenizer)
