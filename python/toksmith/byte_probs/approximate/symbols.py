"""What a token is across vocabularies: its bytes, or the name of a special token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from toksmith._native import InputError
from toksmith.byte_probs.spelled import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from toksmith.tokenizer import Tokenizer

Symbol: TypeAlias = bytes | str

END: Final = ""
"""The end token of every tokenizer, whatever it calls it."""


class Symbols:
    """The symbols of one tokenizer."""

    def __init__(self, tok: Tokenizer) -> None:
        vocabulary = spelled(tok)
        self._tok, self._lead = tok, vocabulary.lead
        self.ids: dict[Symbol, list[int]] = {}
        """The tokens of each symbol; several where they are spelled alike."""
        for number, spelling in vocabulary.tokens():
            self.ids.setdefault(spelling, []).append(number)
        self._longest = max((len(symbol) for symbol in self.ids), default=0)
        for name, number in tok.special_ids.items():
            self.ids.setdefault(END if number == tok.eos_id else name, []).append(number)
        self.of: dict[int, Symbol] = {
            number: symbol for symbol, numbers in self.ids.items() for number in numbers
        }
        """The symbol of each token that has one."""
        self.width = 1 + max(self.of, default=-1)
        """One more than the largest id with a symbol."""
        self._first: dict[Symbol, int | None] = {}

    def first(self, symbol: Symbol) -> int | None:
        """The first token of bytes that are no token here.

        That of their encoding, if it spells their beginning; else the longest token that does.
        """
        if symbol not in self._first:
            self.find_first([symbol])
        return self._first[symbol]

    def find_first(self, symbols: Iterable[Symbol]) -> None:
        """As `first`, for many at once; keeps what it finds."""
        texts: dict[Symbol, str] = {}
        for symbol in symbols:
            self._first[symbol] = self._longest_start(symbol)
            if isinstance(symbol, bytes) and symbol.startswith(self._lead):
                try:
                    texts[symbol] = symbol[len(self._lead) :].decode()
                except UnicodeDecodeError:
                    continue
        for symbol, ids in zip(texts, self._tok.encode_batch(list(texts.values())), strict=True):
            start = self.of.get(int(ids[0])) if len(ids) else None
            if isinstance(start, bytes) and isinstance(symbol, bytes) and symbol.startswith(start):
                self._first[symbol] = int(ids[0])

    def _longest_start(self, symbol: Symbol) -> int | None:
        if isinstance(symbol, bytes):
            for end in range(min(len(symbol), self._longest), 0, -1):
                if ids := self.ids.get(symbol[:end]):
                    return ids[0]
        return None


def to_probs(rows: ArrayLike, width: int, what: str, dimensions: int) -> NDArray[np.float64]:
    """Rows of logits or log-probabilities as probabilities, each row with sum 1.

    Raises:
        InputError: The shape does not suit, a number is NaN or plus infinity, or a row has nothing
            but minus infinity.
    """
    try:
        logits = np.asarray(rows, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: expected numbers: {error}") from None
    if logits.ndim != dimensions or logits.shape[-1] < width:
        expected = "(batch, vocab)" if dimensions == 2 else "(vocab,)"
        raise InputError(
            f"{what}: expected shape {expected} with at least {width} ids, found {logits.shape}"
        )
    if not (logits < np.inf).all():
        raise InputError(f"{what}: a logit is NaN or plus infinity")
    top = logits.max(axis=-1, keepdims=True, initial=-np.inf)
    if (top == -np.inf).any():
        raise InputError(f"{what}: a row has no number above minus infinity")
    probs: NDArray[np.float64] = np.exp(logits - top)
    probs /= probs.sum(axis=-1, keepdims=True)
    return probs


def to_shares(weights: ArrayLike | None, count: int) -> NDArray[np.float64]:
    """One share a model, with sum 1.

    Raises:
        InputError: A weight is negative or not finite, their number is another, or all are zero.
    """
    shares = np.ones(count) if weights is None else np.asarray(weights, np.float64)
    if shares.shape != (count,):
        raise InputError(f"weights: expected one a model, {count}, found shape {shares.shape}")
    if not (np.isfinite(shares).all() and (shares >= 0).all() and shares.any()):
        raise InputError("weights must be finite and at least 0, and not all 0")
    found: NDArray[np.float64] = shares / shares.sum()
    return found


def log(probs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm; minus infinity of zero."""
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = np.log(probs)
    return found
