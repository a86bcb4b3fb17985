"""Rows of models with different vocabularies, averaged over a union of tokens. Approximate.

A token of one model is taken for the same event as a token of another that is spelled alike. It is
not: "the next token is `th`" means, in a model that knows `the`, that no `e` follows. Mass is moved
between continuations, and what comes out is no law of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from toksmith._native import InputError
from toksmith.byte_probs.approximate.symbols import Symbol, Symbols, log, to_probs, to_shares
from toksmith.byte_probs.checks import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from toksmith.tokenizer import Tokenizer


class UnionVocabulary:
    """The union of vocabularies as one dictionary; approximate.

    Tokens are the same symbol where they stand for the same bytes; probabilities of several in one
    vocabulary are added. Special tokens are the same by name, the end tokens always (`END`).

    Args:
        tokenizers: One a model.
        missing: What a model gives to symbols that it lacks: `"nothing"`; or `"first"`, the
            probability of the first token that it would spell them with, on top of the rest, so
            that rows are scaled to sum 1 again.

    Raises:
        InputError: An argument is out of range.
        UnsupportedFeature: Tokens of a tokenizer do not stand for bytes by themselves.

    Reference: Yu et al. 2024, "Breaking the Ceiling of the LLM Community by Treating Token
    Generation as a Classification for Ensembling", arXiv:2406.12585 (with `"nothing"`).
    """

    def __init__(
        self,
        tokenizers: Sequence[Tokenizer],
        missing: Literal["nothing", "first"] = "nothing",
    ) -> None:
        if missing not in ("nothing", "first"):
            raise InputError(f'missing must be "nothing" or "first", not {missing!r}')
        sides = _sides(tokenizers)
        known = {symbol for side in sides for symbol in side.ids}
        self.symbols: list[Symbol] = sorted(
            known, key=lambda symbol: (isinstance(symbol, str), symbol)
        )
        """Bytes, ascending; then special tokens by name."""
        columns = {symbol: column for column, symbol in enumerate(self.symbols)}
        self._maps = [_Map(side, columns, missing == "first") for side in sides]

    def __len__(self) -> int:
        """Number of symbols."""
        return len(self.symbols)

    def map(self, rows: ArrayLike, model: int = 0) -> NDArray[np.float64]:
        """Rows of one model over the union.

        Args:
            rows: `(batch, vocab)` logits or log-probabilities of the model's tokens.
            model: Which of the tokenizers.

        Returns:
            float64 `(batch, len(self))` log-probabilities. Ids that are no symbol (unused ones, or
            beyond the vocabulary) are left out and the rest scaled to sum 1.

        Raises:
            InputError: The shape does not suit, or a row is no distribution.
        """
        at = whole_number(model, "model", limit=len(self._maps))
        return log(self._maps[at].apply(rows, f"rows of model {at}"))

    def mean(
        self, rows: Sequence[ArrayLike], weights: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """The weighted mean of the models' probabilities.

        Args:
            rows: For each model `(batch, vocab)`, as in `map`.
            weights: One a model, at least 0; by default equal.

        Returns:
            float64 `(batch, len(self))` log-probabilities.

        Raises:
            InputError: As `map`, or the models do not have as many rows.
        """
        _check_count(rows, len(self._maps))
        shares = to_shares(weights, len(self._maps))
        mapped = [
            self._maps[at].apply(given, f"rows of model {at}") for at, given in enumerate(rows)
        ]
        if len({len(found) for found in mapped}) > 1:
            raise InputError(f"models have {[len(found) for found in mapped]} rows")
        return log(sum(share * found for share, found in zip(shares, mapped, strict=True)))


class _Map:
    """From the ids of one model to columns."""

    def __init__(self, side: Symbols, columns: dict[Symbol, int], first: bool) -> None:
        self._size, self._width = len(columns), side.width
        pairs = sorted((columns[symbol], number) for number, symbol in side.of.items())
        self._ids = np.array([number for _, number in pairs], np.intp)
        self._columns, self._starts = np.unique(
            np.array([column for column, _ in pairs], np.intp), return_index=True
        )
        lacking = [symbol for symbol in columns if first and symbol not in side.ids]
        side.find_first(lacking)
        known = [(columns[symbol], side.first(symbol)) for symbol in lacking]
        found = [(column, number) for column, number in known if number is not None]
        self._lacking = np.array([column for column, _ in found], np.intp)
        self._first = np.array([number for _, number in found], np.intp)

    def apply(self, rows: ArrayLike, what: str) -> NDArray[np.float64]:
        probs = to_probs(rows, self._width, what, 2)
        union = np.zeros((len(probs), self._size))
        union[:, self._columns] = np.add.reduceat(probs[:, self._ids], self._starts, axis=1)
        union[:, self._lacking] = probs[:, self._first]
        return union / _positive(union.sum(axis=1, keepdims=True), what)


class TopK(NamedTuple):
    """A distribution over a few symbols, the likeliest first."""

    symbols: list[Symbol]
    """Bytes, or names of special tokens."""
    logprobs: NDArray[np.float64]
    """`(len(symbols),)`, of sum 1 as probabilities."""


class TopKUnion:
    """The union of the likeliest tokens of each model; approximate.

    A model gives a symbol of the union the probability of its own token, likely or not; where it
    lacks one, that of the first token that it would spell the bytes with. Its probabilities are
    scaled to sum 1 over the union (a softmax of their logarithms), then averaged.

    Args:
        tokenizers: One a model.
        k: How many tokens of each.

    Raises:
        InputError: An argument is out of range.
        UnsupportedFeature: Tokens of a tokenizer do not stand for bytes by themselves.

    Reference: Yao et al. 2024, "Determine-Then-Ensemble: Necessity of Top-k Union for Large
    Language Model Ensembling", arXiv:2410.03777.
    """

    def __init__(self, tokenizers: Sequence[Tokenizer], k: int = 10) -> None:
        self._sides, self._k = _sides(tokenizers), whole_number(k, "k", 1)

    def mean(self, rows: Sequence[ArrayLike], weights: ArrayLike | None = None) -> TopK:
        """The weighted mean of the models' probabilities of the next symbol.

        Args:
            rows: For each model `(vocab,)` logits or log-probabilities.
            weights: One a model, at least 0; by default equal.

        Raises:
            InputError: The shape does not suit, or a row is no distribution.
        """
        _check_count(rows, len(self._sides))
        shares = to_shares(weights, len(self._sides))
        probs = [
            to_probs(row, side.width, f"row of model {at}", 1)
            for at, (side, row) in enumerate(zip(self._sides, rows, strict=True))
        ]
        pairs = list(zip(self._sides, probs, strict=True))
        union = list(dict.fromkeys(symbol for pair in pairs for symbol in self._likeliest(*pair)))
        mean = np.zeros(len(union))
        for at, (share, pair) in enumerate(zip(shares, pairs, strict=True)):
            found = np.array([_prob(*pair, symbol) for symbol in union])
            mean += share * found / _positive(found.sum(keepdims=True), f"row of model {at}")
        order = np.argsort(-mean, kind="stable")
        return TopK([union[at] for at in order], log(mean[order]))

    def _likeliest(self, side: Symbols, probs: NDArray[np.float64]) -> list[Symbol]:
        """The symbols of the k likeliest tokens that have one; of equal ones, the lowest ids."""
        of = np.fromiter(side.of, np.intp, len(side.of))
        of.sort()
        mine = probs[of]
        least = np.partition(mine, -self._k)[-self._k] if self._k < len(mine) else 0.0
        few = of[mine >= least]
        few = few[np.argsort(-probs[few], kind="stable")][: self._k]
        return [side.of[int(number)] for number in few if probs[number] > 0]


def _prob(side: Symbols, probs: NDArray[np.float64], symbol: Symbol) -> float:
    if symbol in side.ids:
        return float(probs[side.ids[symbol]].sum())
    first = side.first(symbol)
    return 0.0 if first is None else float(probs[first])


def _sides(tokenizers: Sequence[Tokenizer]) -> list[Symbols]:
    sides = [Symbols(tok) for tok in tokenizers]
    if not sides:
        raise InputError("expected at least one tokenizer")
    return sides


def _check_count(rows: Sequence[ArrayLike], expected: int) -> None:
    if len(rows) != expected:
        raise InputError(f"rows of {len(rows)} models; expected {expected}")


def _positive(sums: NDArray[np.float64], what: str) -> NDArray[np.float64]:
    if not (sums > 0).all():
        raise InputError(f"{what}: no token with bytes or a name has a probability")
    return sums
