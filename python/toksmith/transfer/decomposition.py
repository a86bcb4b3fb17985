"""Target tokens as source tokens, each with the bytes it spells. Start at `decompose`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from toksmith._native import InputError, _transfer_decompose
from toksmith.byte_probs.checks import numbers, thread_limit, whole_number
from toksmith.transfer.canonical import Canonical, WordStart, canonical

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from toksmith.tokenizer import Tokenizer

Method: TypeAlias = Literal["model", "encode", "fewest", "minimal", "best"]
"""How a token is cut; see `decompose`."""


@dataclass(frozen=True, repr=False)
class Decomposition:
    """One row of source tokens for each target id; row `i` is `ids[indptr[i]:indptr[i + 1]]`.

    Rows of special tokens, holes and padding are empty, as are those of text that nothing spells.
    """

    indptr: NDArray[np.int64]
    """Where rows begin: `(target rows + 1,)`."""
    ids: NDArray[np.uint32]
    """Source ids: `(m,)`."""
    spans: NDArray[np.int64]
    """Which bytes of the target token each spells, half open: `(m, 2)`."""
    weights: NDArray[np.float64]
    """The share of each in its row, `(m,)`: a row that is not empty sums to one."""
    partition: NDArray[np.uint32]
    """Of the n best ways, which one each entry belongs to, the best being 0: `(m,)`."""
    complete: NDArray[np.bool_]
    """Whether all bytes of each target token are spelled: `(target rows,)`."""
    source: Canonical
    """The vocabulary of `ids`."""
    target: Canonical
    """The vocabulary of the rows."""

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.complete)

    def __getitem__(self, target_id: int) -> NDArray[np.uint32]:
        """The source ids of a target id."""
        row = whole_number(target_id, "id", limit=len(self))
        return self.ids[self.indptr[row] : self.indptr[row + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many entries each row has: `(target rows,)`."""
        return np.diff(self.indptr)

    def pieces(self, target_id: int) -> list[bytes]:
        """The bytes of the source tokens of a target id."""
        return [self.source[token] for token in self[target_id].tolist()]

    def __repr__(self) -> str:
        """The number of rows and entries."""
        return f"Decomposition({len(self)} rows, {len(self.ids)} entries)"


def decompose(
    source: Tokenizer | Canonical,
    target: Tokenizer | Canonical,
    *,
    method: Method = "model",
    n: int = 1,
    weights: ArrayLike | None = None,
    source_rows: int | None = None,
    target_rows: int | None = None,
    word_start: WordStart = "space",
    num_threads: int | None = None,
) -> Decomposition:
    """Every target token as source tokens, in parallel.

        >>> import toksmith as ts
        >>> source, target = map(ts.Tokenizer.from_pretrained, ("r50k_base", "cl100k_base"))
        >>> found = ts.transfer.decompose(source, target)
        >>> found.pieces(target.token_id(b" tokenizer"))
        [b' token', b'izer']

    A source token counts only where its bytes are those of its span. What no source token spells is
    left out: the row is not `complete`, and its weights sum to one over what is there.

    Args:
        source: A tokenizer, or its `canonical` vocabulary.
        target: A tokenizer, or its `canonical` vocabulary.
        method:
            `"model"`: as the source's model cuts the bytes as one piece, without normalizer and
            pre-tokenizer; what is not UTF-8 by byte tokens. In a model of words (WordPiece,
            WordLevel, BPE with prefixes or suffixes) the longest token first, what is inside a word
            with tokens for the inside of words.
            `"encode"`: as the source tokenizer encodes the text, normalizer and pre-tokenizer
            included, but that nothing is put in front. Here alone may a token have other bytes than
            its span. WordPiece knows no text that begins inside a word: such a token is encoded as
            though it began one.
            `"fewest"`: one way of fewest pieces, whatever the model would do; of several the one
            that begins with the longest, and so on.
            `"minimal"`: all ways of fewest pieces; of those, all whose longest part (in bytes) is
            the longest; each piece weighs its share in them (VIPI). Tokens of more than 900 bytes:
            as `"fewest"`.
            `"best"`: the `n` ways whose tokens' `weights` sum to most, without `weights` those of
            fewest pieces; each way weighs the same. Where no way spells all: as `"fewest"`.
        n: How many ways for `"best"`.
        weights: Natural log-weights of source ids for `"best"`, `(source rows,)`: a Unigram model's
            scores, say.
        source_rows: Rows of the source's embeddings, as in `canonical`.
        target_rows: Rows of the target's embeddings, as in `canonical`.
        word_start: As in `canonical`.
        num_threads: At most so many; the result does not depend on it.

    Raises:
        InputError: An argument is out of range, or belongs to another method.
    """
    from_ = as_canonical(source, source_rows, word_start)
    to = as_canonical(target, target_rows, word_start)
    if method != "best" and (weights is not None or n != 1):
        raise InputError(f'n= and weights= are of method="best", not of {method!r}')
    threads = thread_limit(num_threads)
    rows = _transfer_decompose(
        from_._core,
        to._core,
        method,
        whole_number(n, "n", 1, 1 << 20),
        None if weights is None else numbers(weights, "weights"),
        threads,
    )
    return Decomposition(*rows, source=from_, target=to)


def as_canonical(
    given: Tokenizer | Canonical, rows: int | None, word_start: WordStart
) -> Canonical:
    """The vocabulary of a tokenizer; one that is given is taken as it is.

    Raises:
        InputError: There are rows for a vocabulary that has its own.
    """
    if not isinstance(given, Canonical):
        return canonical(given, rows, word_start)
    if rows is not None and rows != len(given):
        raise InputError(f"rows={rows} for a Canonical that has {len(given)}")
    return given
