"""Splitters: where to cut a text, beyond what patterns can say.

A splitter is anything that gives spans of a text: `(start, end)` in characters, in order, not
overlapping. `pieces_of` makes pieces of them, which together are the text.

    >>> from toksmith.splitters import Compounds, pieces_of
    >>> pieces_of(Compounds({"tooth": 9, "paste": 7}), "#toothpaste")
    ['#tooth', 'paste']
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from toksmith import _native
from toksmith._native import InputError

Spans: TypeAlias = Iterable[Sequence[int]] | NDArray[np.int64]
Splitter: TypeAlias = Callable[[str], Spans]

_MAX_COUNT = 2**64 - 1


class Lexicon:
    """A splitter: the words of a list are pieces wherever they stand, from the left the longest.

    Args:
        words: The words; they may have spaces in them.
        whole_words: A word is not found inside a longer run of letters, marks and numbers.
        leading_space: The one space before a word belongs to it, as byte-level vocabularies
            have it.

    Raises:
        InputError: A word is no str.
    """

    __slots__ = ("_core", "_given")

    def __init__(
        self, words: Iterable[str], *, whole_words: bool = True, leading_space: bool = True
    ) -> None:
        listed = _strings(words, "words")
        self._given = (listed, bool(whole_words), bool(leading_space))
        self._core = _native._Lexicon(*self._given)

    def __call__(self, text: str) -> NDArray[np.int64]:
        """Where words are: int64 `(n, 2)`, characters, half-open."""
        return _run(self._core, text)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles to its words."""
        return (_lexicon, self._given)

    def __repr__(self) -> str:
        """The number of words."""
        return f"Lexicon({len(self._given[0])} words)"


class Words:
    """A splitter: the words of Unicode's text segmentation, UAX 29, are pieces.

    A word is what UAX 29 keeps together and holds a letter or a number: `can't`, `3.5`. What is
    between words is a piece, which a tokenizer may cut further. No `tokenizer.json` can say this:
    no pattern has the rules.

        >>> from toksmith.splitters import Words, pieces_of
        >>> pieces_of(Words(), "I can't, at 3.5!")
        ['I', " can't", ',', ' at', ' 3.5', '!']

    Args:
        leading_space: The one space before a word belongs to it, as byte-level vocabularies
            have it.
    """

    __slots__ = ("_leading_space",)

    def __init__(self, *, leading_space: bool = True) -> None:
        self._leading_space = bool(leading_space)

    def __call__(self, text: str) -> NDArray[np.int64]:
        """Where words are: int64 `(n, 2)`, characters, half-open.

        Raises:
            InputError: `text` is no str or has lone surrogates.
        """
        spans = _run(lambda given: _native._unit_spans(given, "word"), text)
        if self._leading_space and len(spans):
            letters = np.frombuffer(text.encode("utf-32-le"), "<u4")
            starts, ends = spans[:, 0], np.append(0, spans[:-1, 1])
            spaced = (starts > ends) & (letters[starts - 1] == ord(" "))
            spans[:, 0] = starts - spaced
        return spans

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles to its option."""
        return (_words, (self._leading_space,))

    def __repr__(self) -> str:
        """The option."""
        return f"Words(leading_space={self._leading_space})"


class Compounds:
    """A splitter: words written together, hashtags too, are cut where the parts are most likely.

    Each run of letters, marks and numbers is taken for words one behind the other, each as likely
    as its share of all counts; a part of k characters that is no word is as likely as a word seen
    `10 ** (1 - k)` times. The likeliest parts are found by Viterbi's algorithm, in time linear in
    the text times the longest word. Where no run is cut, no cut is made.

    Args:
        words: Words and how often each is seen.
        ignore_case: Whether words are found in any case.

    Raises:
        InputError: A word is no str, or a count no whole number from 0 to 2**64 - 1.
    """

    __slots__ = ("_core", "_given")

    def __init__(self, words: Mapping[str, int], *, ignore_case: bool = True) -> None:
        listed = _strings(words, "words")
        counts = [_count(words[word]) for word in listed]
        self._given = (list(zip(listed, counts, strict=True)), bool(ignore_case))
        self._core = _native._Compounds(*self._given)

    def __call__(self, text: str) -> NDArray[np.int64]:
        """The pieces of a text, which cover it: int64 `(n, 2)`, characters, half-open."""
        return _run(self._core, text)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles to its words and counts."""
        return (_compounds, self._given)

    def __repr__(self) -> str:
        """The number of words."""
        return f"Compounds({len(self._given[0])} words)"


def pieces_of(splitter: Splitter, text: str) -> list[str]:
    """The pieces of a text: the spans of a splitter, and what is between them.

    Raises:
        InputError: `text` is no str, or spans are out of order or not within it.
    """
    if not isinstance(text, str):
        raise InputError(f"a splitter takes str, not {type(text).__name__}")
    spans = splitter(text)
    pieces, last = list[str](), 0
    for number, (start, end) in enumerate(_pairs(spans)):
        if not last <= start <= end <= len(text):
            raise InputError(
                f"span {number} of a splitter is ({start}, {end}): it must begin at {last} or "
                f"later and end by {len(text)}"
            )
        pieces += (text[last:start], text[start:end])
        last = end
    pieces.append(text[last:])
    return [piece for piece in pieces if piece]


def _run(core: Callable[[str], NDArray[np.int64]], text: str) -> NDArray[np.int64]:
    if not isinstance(text, str):
        raise InputError(f"a splitter takes str, not {type(text).__name__}")
    try:
        return core(text)
    except UnicodeEncodeError as error:
        raise InputError(f"lone surrogate at character {error.start}") from None


def _pairs(spans: Spans) -> list[tuple[int, int]]:
    if isinstance(spans, np.ndarray):
        if spans.ndim != 2 or spans.shape[1] != 2 or spans.dtype.kind not in "iu":
            raise InputError(
                f"spans must be integers (n, 2), not {spans.dtype} of shape {spans.shape}"
            )
        return cast("list[tuple[int, int]]", spans.tolist())
    try:
        return [(operator.index(start), operator.index(end)) for start, end in spans]
    except (TypeError, ValueError):
        raise InputError(
            "spans of a splitter must be pairs (start, end) of whole numbers"
        ) from None


def _strings(words: Iterable[str], name: str) -> list[str]:
    if isinstance(words, (str, bytes)):
        raise InputError(f"{name} must be a sequence of strings, not one string")
    listed = list(words)
    for word in listed:
        if not isinstance(word, str):
            raise InputError(f"a word must be a str, not {type(word).__name__}")
        if not word.isascii():
            try:
                word.encode()
            except UnicodeEncodeError:
                raise InputError(f"{word!r} has a lone surrogate") from None
    return listed


def _count(count: object) -> int:
    if not isinstance(count, int) or not 0 <= count <= _MAX_COUNT:
        raise InputError(f"a count must be a whole number from 0 to 2**64 - 1, not {count!r}")
    return count


def _words(leading_space: bool) -> Words:
    return Words(leading_space=leading_space)


def _lexicon(words: list[str], whole_words: bool, leading_space: bool) -> Lexicon:
    return Lexicon(words, whole_words=whole_words, leading_space=leading_space)


def _compounds(words: list[tuple[str, int]], ignore_case: bool) -> Compounds:
    return Compounds(dict(words), ignore_case=ignore_case)
