"""Words as rows of bytes, for models that read or write a word at a time.

Start at `byte_words`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from toksmith import _native
from toksmith._native import InputError
from toksmith.dynamic.patches import Patches, Texts, text_bytes, to_int32, whole_number

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ByteWords:
    """The bytes of words, one a row; made by `byte_words`."""

    __slots__ = ("cut", "lengths", "matrix", "rows", "words")

    matrix: NDArray[np.uint8]
    """uint8 `(matrix rows, width)`, filled up at the right."""
    lengths: NDArray[np.int32]
    """How many bytes of each matrix row are those of its word: int32 `(matrix rows,)`."""
    words: NDArray[np.int64]
    """The word of each matrix row, counted over all texts: int64 `(matrix rows,)`. A word that was
    split has several rows, one behind the other."""
    rows: NDArray[np.int64]
    """The matrix rows of text `i` are `rows[i]` to `rows[i + 1]`: int64 `(texts + 1,)`."""
    cut: NDArray[np.int64]
    """How many bytes of each word were left out, by overflow="truncate": int64 `(words,)`."""

    def __init__(
        self,
        matrix: NDArray[np.uint8],
        lengths: NDArray[np.int32],
        words: NDArray[np.int64],
        rows: NDArray[np.int64],
        cut: NDArray[np.int64],
    ) -> None:
        self.matrix = matrix
        self.lengths = lengths
        self.words = words
        self.rows = rows
        self.cut = cut

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which bytes are those of words: bool `(matrix rows, width)`."""
        mask: NDArray[np.bool_] = np.arange(self.matrix.shape[1]) < self.lengths[:, None]
        return mask

    @property
    def cu_seqlens(self) -> NDArray[np.int32]:
        """Where each matrix row begins among the bytes of all, and the end: int32.

        Raises:
            InputError: There are 2**31 bytes or more.
        """
        ends = np.zeros(len(self.lengths) + 1, np.int64)
        np.cumsum(self.lengths, out=ends[1:])
        return to_int32(ends)

    def to_texts(self) -> list[bytes]:
        """The bytes of each text, without what was left out."""
        flat, ends = self.matrix[self.mask].tobytes(), self.cu_seqlens[self.rows].tolist()
        return [flat[ends[i] : ends[i + 1]] for i in range(len(ends) - 1)]

    def __repr__(self) -> str:
        """Sizes."""
        rows, width = self.matrix.shape
        return (
            f"ByteWords({len(self.rows) - 1} texts, {len(self.cut)} words, {rows} x {width} bytes)"
        )


def byte_words(
    texts: Texts,
    patches: Patches,
    width: int | None = None,
    *,
    overflow: Literal["error", "split", "truncate"] = "error",
    pad: int = 0,
) -> ByteWords:
    """The bytes of each patch of texts, one patch a row of a rectangle.

    Args:
        texts: One str or bytes, or many in any form that `Tokenizer.encode_batch` takes.
        patches: How these texts are cut: `word_patches(texts)`, or any other.
        width: Bytes a row; by default those of the longest patch.
        overflow: What becomes of a longer patch: an "error", "split" into several rows, or
            "truncate", which leaves bytes out and says in `cut` how many.
        pad: The byte that fills up, 0 to 255.

    Raises:
        InputError: Patches of other texts; a longer patch, if that is an error; a width of 0 where
            there are bytes; more than memory holds; a text that is none.
    """
    data, offsets = text_bytes(texts)
    if not np.array_equal(offsets, patches.row_offsets):
        raise InputError("the rows of the patches are not as long as the texts")
    columns = None if width is None else whole_number(width, "width", 0)
    fill = whole_number(pad, "pad", 0)
    if fill > 0xFF:
        raise InputError(f"pad must be a byte, 0 to 255, not {pad}")
    if not isinstance(overflow, str):
        raise InputError(f"overflow must be a str, not {type(overflow).__name__}")
    matrix, lengths, words = _native._byte_matrix(data, patches.offsets, columns, overflow, fill)
    kept = np.bincount(words, lengths, len(patches.offsets) - 1).astype(np.int64)
    cut = patches.lengths - kept
    return ByteWords(matrix, lengths, words, np.searchsorted(words, patches.rows), cut)
