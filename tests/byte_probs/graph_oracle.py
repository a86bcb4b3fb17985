"""All tokenizations of a text, found by trying every token, and small tokenizers to try it with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

import tokenizers
from tokenizers import models

import toksmith as ts

Tokens = dict[int, bytes]

VOCABULARIES: dict[str, list[str]] = {
    "closed under pieces": ["a", "b", "ab", "ba", "aba"],
    "spelled twice": ["a", "b", "<0x61>", "aab", "bb"],
    "with holes": ["ab", "ba", "abb", "aab", "b"],
    "runs": ["a", "aa", "aaaa", "b", "bbb"],
}
"""Pieces of unigrams that take a whole text as one word; `<0x61>` is the byte `a`."""


@cache
def unigram(name: str) -> tuple[ts.Tokenizer, Tokens]:
    """A tokenizer of some pieces, after a special token with id 0, and its tokens."""
    pieces = VOCABULARIES[name]
    scores = [("<unk>", -20.0), *((piece, -1.0 - len(piece) / 10) for piece in pieces)]
    tok = tokenizers.Tokenizer(models.Unigram(scores, unk_id=0, byte_fallback=True))
    tok.add_special_tokens(["<unk>"])
    spelled = {"<0x61>": b"a"}
    tokens = {at: spelled.get(piece, piece.encode()) for at, piece in enumerate(pieces, 1)}
    return ts.Tokenizer.from_bytes(tok.to_str().encode()), tokens


def tokenizations(tokens: Tokens, text: bytes) -> list[tuple[int, ...]]:
    """All of them, in the order of their first differing token: by length, then id."""
    order = sorted(tokens, key=lambda number: (len(tokens[number]), number))

    @cache
    def ways(at: int) -> list[tuple[int, ...]]:
        if at == len(text):
            return [()]
        starts = (number for number in order if text.startswith(tokens[number], at))
        return [(number, *rest) for number in starts for rest in ways(at + len(tokens[number]))]

    return ways(0)


def texts(longest: int) -> Iterator[bytes]:
    """All strings of a and b."""
    for length in range(longest + 1):
        for letters in product(b"ab", repeat=length):
            yield bytes(letters)


def count(tokens: Tokens, text: bytes) -> int:
    """The number of tokenizations, by the recurrence over where they end."""
    spellings = list(tokens.values())
    ways = [1] + [0] * len(text)
    for end in range(1, len(text) + 1):
        for spelling in spellings:
            if text.endswith(spelling, 0, end):
                ways[end] += ways[end - len(spelling)]
    return ways[-1]
