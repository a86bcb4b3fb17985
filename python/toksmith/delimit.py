"""Texts whose items can be counted: one item a token, or at least whole tokens to each.

A model that is asked how many letters a word has sees tokens, not letters. `delimit` writes items
apart; `force_split` leaves the text alone and makes the tokenizer cut it. Reference: Zhang et al.
2024, "Counting Ability of Large Language Models and Impact of Tokenization", arXiv:2410.19730.

    >>> from toksmith.delimit import delimit
    >>> delimit("straw")
    's, t, r, a, w'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from toksmith._native import InputError, _unit_spans
from toksmith.pretokenized import Presplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from typing_extensions import Self

    from toksmith.splitters import Spans
    from toksmith.tokenizer import Tokenizer


class Delimited(str):
    """A text of items with something between them; it is a str, and knows where its items are.

    Attributes:
        char_spans: int64 `(n, 2)`, the items' characters, half-open.
    """

    __slots__ = ("char_spans",)

    char_spans: NDArray[np.int64]

    @classmethod
    def of(cls, items: Iterable[str], sep: str) -> Self:
        """These items with `sep` between them."""
        listed = list(items)
        made = cls(sep.join(listed))
        lengths = np.array([len(item) for item in listed], np.int64)
        starts = np.cumsum(lengths + len(sep)) - lengths - len(sep)
        made.char_spans = np.stack([starts, starts + lengths], axis=1)
        return made

    @property
    def items(self) -> list[str]:
        """The items."""
        return [self[start:end] for start, end in self.char_spans.tolist()]


def delimit(
    text: str, unit: Literal["char", "grapheme", "word"] = "char", sep: str = ", "
) -> Delimited:
    """The items of a text, written apart.

    Items are without white space. That each is whole tokens is sure where items are letters or
    digits, and `sep` is neither; `item_tokens` says how it is for a tokenizer and a text.

    Args:
        text: The text.
        unit: "char": scalar values. "grapheme": what people see as a character (UAX 29). "word":
            words by UAX 29; punctuation is none.
        sep: What to write between two items.

    Raises:
        InputError: `unit` is none of these, `sep` is empty or no str, or `text` is no str or has
            lone surrogates.
    """
    _check_text(text)
    if not isinstance(sep, str) or not sep:
        raise InputError(f"sep must be a str that is not empty, not {sep!r}")
    if not isinstance(unit, str):
        raise InputError(f'unit must be "char", "grapheme" or "word", not {unit!r}')
    return Delimited.of((text[a:b] for a, b in _unit_spans(text, unit).tolist()), sep)


def force_split(tokenizer: Tokenizer, text: str, char_spans: Spans) -> list[int]:
    """The ids of a text in which no token goes over the edge of a span.

    Each span, and each stretch between two, is encoded by itself; where an item is one token of the
    vocabulary, it becomes that token. The ids decode to the text.

    Args:
        tokenizer: A byte-level one.
        text: The text; special tokens in it are text.
        char_spans: `(start, end)` of items in characters, in order, not overlapping.

    Raises:
        InputError: Spans are out of order, or not within the text.
        UnsupportedFeature: The tokenizer is none of bytes.
    """
    return Presplit(tokenizer, lambda _: char_spans).encode(text)


@dataclass(frozen=True)
class ItemTokens:
    """How the items of a text fare under a tokenizer."""

    items: int
    """How many items there are."""
    whole: int
    """How many are whole tokens: none of theirs has another item or a separator in it, but for
    white space at its ends."""
    tokens: int
    """How many tokens have a part of an item."""

    @property
    def items_per_token(self) -> float:
        """Items to a token that has a part of one: 1 if each is one token. 0 without any."""
        return self.items / self.tokens if self.tokens else 0.0


def item_tokens(tokenizer: Tokenizer, text: Delimited) -> ItemTokens:
    """Whether items are whole tokens, and how many tokens they take.

    Raises:
        InputError: `text` was not made by `delimit`.
    """
    if not isinstance(text, Delimited):
        raise InputError(f"item_tokens needs what delimit made, not {type(text).__name__}")
    found = tokenizer.encode_with_spans(str(text)).char_spans
    whole, taken, at = 0, set[int](), 0
    tokens = found.tolist()
    for start, end in text.char_spans.tolist():
        while at < len(tokens) and tokens[at][1] <= start:
            at += 1
        here, clean = at, True
        while here < len(tokens) and tokens[here][0] < end:
            first, last = tokens[here]
            outside = text[first:start] + text[end:last]
            clean &= not outside.strip()
            if first < last:
                taken.add(here)
            here += 1
        whole += clean and here > at
    return ItemTokens(len(text.char_spans), whole, len(taken))


def _check_text(text: str) -> None:
    if not isinstance(text, str):
        raise InputError(f"text must be a str, not {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"lone surrogate at character {error.start}") from None
