"""One text encoded, with the place of every token in it. Start at `Encoding`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toksmith.show import to_html

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toksmith._native import Tokenizer

_SHOWN_TOKENS = 8


class Encoding:
    """The ids of one text and where each token lies in it; made by `Tokenizer.encode_with_spans`.

    All positions are half-open and refer to the text as it was given.

    Attributes:
        ids: uint32 `(n,)`.
        spans: int64 `(n, 2)`, bytes of the text's UTF-8 (of the text itself, where it is bytes).
            Neighbours touch: together they cover the text.
        char_spans: int64 `(n, 2)`, characters: from the one that holds the token's first byte to
            the one that holds its last. Tokens that share a character overlap there.
    """

    __slots__ = ("_tokenizer", "char_spans", "ids", "spans")

    ids: NDArray[np.uint32]
    spans: NDArray[np.int64]
    char_spans: NDArray[np.int64]

    def __init__(
        self,
        tokenizer: Tokenizer,
        ids: NDArray[np.uint32],
        spans: NDArray[np.int64],
        char_spans: NDArray[np.int64],
    ) -> None:
        self._tokenizer = tokenizer
        self.ids = ids
        self.spans = spans
        self.char_spans = char_spans

    @property
    def tokens(self) -> list[bytes]:
        """The bytes of each token."""
        return [self._tokenizer.token_bytes(token) for token in self.ids.tolist()]

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        """Whether the other has the same ids at the same places, by an equal tokenizer."""
        if not isinstance(other, Encoding):
            return NotImplemented
        return (
            self._tokenizer == other._tokenizer
            and np.array_equal(self.ids, other.ids)
            and np.array_equal(self.spans, other.spans)
            and np.array_equal(self.char_spans, other.char_spans)
        )

    __hash__ = None  # type: ignore[assignment]  # the arrays can be written to

    def __repr__(self) -> str:
        """The number of tokens, and the first of them."""
        first = [self._tokenizer.token_bytes(token) for token in self.ids[:_SHOWN_TOKENS].tolist()]
        more = ", ..." if len(self) > _SHOWN_TOKENS else ""
        return f"Encoding({len(self)} tokens: [{', '.join(map(repr, first))}{more}])"

    def _repr_html_(self) -> str:
        return to_html(self.tokens, self.ids.tolist())
