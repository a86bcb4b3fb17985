"""Texts and token budgets: does it fit, cut it, cut it into parts, how much is this part.

Everything is counted as `Tokenizer.encode` counts: nothing is added, special tokens are text unless
allowed. A part of a text costs what encoding it by itself gives, which need not be its share of
the whole: so what is promised here is counted, never estimated. Start at `Budgets`, whose methods
are those of `Tokenizer`.

For a splitter that takes a `length_function`, `Tokenizer.count` is one:

    >>> import toksmith as ts
    >>> tok = ts.Tokenizer.from_pretrained("o200k_base")
    >>> length_function = tok.count
    >>> length_function("How many tokens is this?")
    6
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, AnyStr, Generic

import numpy as np

from toksmith import _native
from toksmith._native import InputError, TextCounter, TokenCounter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    Specials: TypeAlias = Literal["all"] | Iterable[str]


@dataclass(frozen=True, slots=True)
class Chunk(Generic[AnyStr]):
    """A part of a text, as `Tokenizer.chunk` gives it.

    Attributes:
        text: The part: a str of a str, bytes of bytes.
        span: Where it lies, in bytes of the text's UTF-8 (of the text itself, where it is bytes).
        char_span: Where it lies, in characters.
        count: How many tokens encoding it by itself gives.
    """

    text: AnyStr
    span: tuple[int, int]
    char_span: tuple[int, int]
    count: int


class Budgets(_native.Tokenizer):
    """What a `Tokenizer` does with budgets of tokens."""

    __slots__ = ()

    def fits(self, text: str | bytes, n: int, allowed_special: Specials = ()) -> bool:
        """Whether the text has at most `n` tokens.

            >>> tok = ts.Tokenizer.from_pretrained("o200k_base")
            >>> tok.fits("Hello, world!", 4)
            True
            >>> tok.fits("Hello, world! " * 10_000_000, 4)
            False

        No more of the text is read than needed, or a little more; with a pattern of one's own it
        may be read to the end.

        Args:
            text: The text.
            n: The budget, 0 or more.
            allowed_special: As in `encode`.

        Raises:
            InputError: `n` is no such number; or what was read of the text cannot be encoded.
        """
        return _native._fits(self, text, _whole(n, "n", 0), allowed_special)

    def truncate(
        self,
        text: AnyStr,
        n: int,
        side: Literal["right", "left"] = "right",
        allowed_special: Specials = (),
    ) -> AnyStr:
        """The beginning of the text that has at most `n` tokens, or its end.

            >>> tok = ts.Tokenizer.from_pretrained("o200k_base")
            >>> tok.truncate("Tokenization, cut to size", 3)
            'Tokenization,'
            >>> tok.truncate("Tokenization, cut to size", 3, side="left")
            ' cut to size'
            >>> tok.truncate("𐍈𐍉 are Gothic", 4)   # 3 tokens a letter; none is cut
            '𐍈'

        What comes back is a part of the text as it was given, and `count` of it is at most `n`. It
        is cut where one of the text's tokens ends together with a character (a code point), at most
        `n` tokens from the end that is kept: of these places, at the furthest whose part fits when
        encoded by itself. So words are cut only where tokens cut them. Where tokens lie across the
        first characters, so that there is no such place, whole characters are kept while they fit.

        Reads no more of the text than needed, from the right too where `allowed_special` is empty.

        Args:
            text: The text, str or bytes.
            n: The budget, 0 or more.
            side: Where it is cut: `"right"` keeps the beginning, `"left"` the end.
            allowed_special: As in `encode`.

        Raises:
            InputError: An argument is none of these; or what was read cannot be encoded.
        """
        left, limit = _second("side", side, "right", "left"), _whole(n, "n", 0)
        return _native._truncate(self, text, limit, left, allowed_special)

    def chunk(
        self,
        text: AnyStr,
        n: int,
        overlap: int = 0,
        on: Literal["token", "sentence"] = "token",
        allowed_special: Specials = (),
    ) -> list[Chunk[AnyStr]]:
        """The text in parts that have at most `n` tokens each, and together are the text.

            >>> tok = ts.Tokenizer.from_pretrained("o200k_base")
            >>> text = "One fish. Two fish. Red fish, blue fish."
            >>> [chunk.text for chunk in tok.chunk(text, 8, on="sentence")]
            ['One fish. Two fish.', ' Red fish, blue fish.']
            >>> for chunk in tok.chunk("An introduction to chunks", 3, overlap=1):
            ...     print(chunk)
            Chunk(text='An introduction to', span=(0, 18), char_span=(0, 18), count=3)
            Chunk(text=' to chunks', span=(15, 25), char_span=(15, 25), count=2)

        Each part is as long as it may be. Between tokens it is cut as by `truncate`. Between
        sentences it ends with a sentence, and only inside a sentence that alone has more than `n`
        tokens between tokens. Sentences end by the rules of Unicode Standard Annex 29, which know
        no abbreviations, and at line ends; the space between two goes with the token it belongs to.

        Args:
            text: The text, str or bytes. An empty one has no parts.
            n: Most tokens of a part, 1 or more.
            overlap: Most tokens of the text that a part repeats of the one before it, less than
                `n`: whole sentences if that ended with one, else tokens.
            on: Where to cut, `"token"` or `"sentence"`.
            allowed_special: As in `encode`.

        Returns:
            The parts in order. Without overlap each begins where the one before ends.

        Raises:
            InputError: An argument is none of these; the text cannot be encoded; or a single
                character has more than `n` tokens.
        """
        sentences = _second("on", on, "token", "sentence")
        limit, repeated = _whole(n, "n", 1), _whole(overlap, "overlap", 0)
        if repeated >= limit:
            raise InputError(f"overlap must be less than n={limit}, not {repeated}")
        found = _native._chunk(self, text, limit, repeated, sentences, allowed_special)
        return [Chunk(*parts) for parts in found]

    def counter(self, text: str | bytes, allowed_special: Specials = ()) -> TextCounter:
        """An object that knows what each part of the text costs, having encoded it once.

            >>> tok = ts.Tokenizer.from_pretrained("o200k_base")
            >>> counter = tok.counter("Counting the parts of a text")
            >>> len(counter), counter.count(0, 12), counter.count_chars(13)
            (6, 2, 4)

        `count(start, end)` takes bytes and `count_chars(start, end)` characters. They give exactly
        what `tok.count` of the part would; where the tokenizer's pattern is a known one, only the
        ends of the part are encoded anew.

        Raises:
            InputError: The text cannot be encoded.
        """
        return TextCounter(self, text, allowed_special)

    def count_spans(
        self, text: str | bytes, spans: ArrayLike, allowed_special: Specials = ()
    ) -> NDArray[np.int64]:
        """How many tokens each of many parts of the text has, by itself.

            >>> tok = ts.Tokenizer.from_pretrained("o200k_base")
            >>> tok.count_spans("Counting the parts of a text", [[0, 12], [13, 28], [5, 5]])
            array([2, 4, 0])

        Args:
            text: The text, encoded once.
            spans: int64 `(n, 2)`, half-open, in bytes of the text's UTF-8.
            allowed_special: As in `encode`.

        Returns:
            int64 `(n,)`.

        Raises:
            InputError: A span is none of the text, or the text cannot be encoded.
        """
        try:
            pairs = np.asarray(spans)
        except ValueError as error:
            raise InputError(f"spans must be pairs of integers: {error}") from None
        if pairs.size == 0:
            pairs = np.zeros((0, 2), np.int64)
        if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
            raise InputError(
                f"spans must be pairs of integers, found {pairs.dtype} of shape {pairs.shape}"
            )
        return TextCounter(self, text, allowed_special).counts(pairs.astype(np.int64, copy=False))

    def token_counter(self, allowed_special: Specials = ()) -> TokenCounter:
        """An object that counts the tokens of a text while it is being written.

            >>> tok = ts.Tokenizer.from_pretrained("o200k_base")
            >>> counter = tok.token_counter()
            >>> for block in ("Once upon", " a ti", "me"):
            ...     counter.append(block)
            ...     print(counter.count)
            2
            4
            4
            >>> counter.count_with(", there was")
            7

        `count` is exactly that of the text as a whole, at every moment, and asking costs no more
        than encoding the last word (with a pattern of one's own, all of the text).
        """
        return TokenCounter(self, allowed_special)


def _second(name: str, value: object, first: str, second: str) -> bool:
    """Whether an argument is the second of its two values."""
    if not isinstance(value, str) or value not in (first, second):
        raise InputError(f'{name} must be "{first}" or "{second}", not {value!r}')
    return value == second


def _whole(value: object, name: str, least: int) -> int:
    """An argument that is a number of tokens."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name} must be an integer, {least} or more, not {value!r}")
    # No text has more tokens.
    return min(int(value), 2**62)
