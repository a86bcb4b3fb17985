"""Adversarial texts: runs without a boundary, and text that fills every cache.

Each shape is a function of a length in bytes and of nothing else, so that the peers' table and
the worst-case gate see the same text on every machine. A shape of n bytes is a prefix of the
shape of 10 n bytes. Start at `SHAPES`; `make` cuts a shape to size.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import chain, islice, repeat

SEED = 20_240_817


def cycle(unit: str) -> Callable[[], Iterator[str]]:
    """`unit` for ever."""
    return lambda: chain.from_iterable(repeat(unit))


def drawn(alphabet: str) -> Callable[[], Iterator[str]]:
    """Characters drawn evenly from `alphabet`."""

    def characters() -> Iterator[str]:
        rng = random.Random(SEED)
        while True:
            yield from rng.choices(alphabet, k=4096)

    return characters


def scalars() -> Iterator[str]:
    """Unicode scalar values drawn evenly, assigned or not."""
    rng = random.Random(SEED)
    while True:
        value = rng.randrange(0x110000 - 0x800)
        yield chr(value if value < 0xD800 else value + 0x800)


def growing_words() -> Iterator[str]:
    """Words of 1, 2, 3, … random letters: no two alike, each longer than the one before."""
    rng = random.Random(SEED)
    length = 1
    while True:
        yield from rng.choices(LOWER, k=length)
        yield " "
        length += 1


LOWER = "abcdefghijklmnopqrstuvwxyz"
CJK = "".join(map(chr, range(0x4E00, 0x9FA6)))
MARKS = "".join(map(chr, range(0x300, 0x370)))
PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'
WHITESPACE = " \t\n\r\x0b\x0c\x85\xa0\u2003\u2028\u3000"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"

# The ten that the peers' table shows come first; the gate counts them all.
SHAPES: dict[str, Callable[[], Iterator[str]]] = {
    "one letter": cycle("a"),
    "spaces": cycle(" "),
    "newlines": cycle("\n"),
    "zeros": cycle("0"),
    "random letters": drawn(LOWER),
    "random CJK": drawn(CJK),
    "combining marks": drawn(MARKS),
    "space newline": cycle(" \n"),
    "carets": cycle("^"),
    "mixed Unicode": scalars,
    # Runs whose tokens come in many lengths, and the dearest repeated words of a search over
    # thousands of vocabulary entries: where an encoder that backtracks has most to undo.
    "slashes": cycle("/"),
    "dashes": cycle("-"),
    "equals signs": cycle("="),
    "number signs": cycle("#"),
    "a word, joined": cycle("gan"),
    "another word, joined": cycle("reate"),
    "a third word, joined": cycle("rette"),
    "two letters": cycle("ab"),
    "case changes": drawn(LOWER + LOWER.upper()),
    "punctuation": drawn(PUNCTUATION),
    "whitespace": drawn(WHITESPACE),
    "contractions": cycle("'s'S'll'ſ'İ'"),
    "emoji families": cycle(FAMILY),
    "NUL bytes": cycle("\0"),
    "growing words": growing_words,
}


def make(name: str, size: int) -> str:
    """The first characters of a shape that fit into `size` bytes of UTF-8."""
    text = "".join(islice(SHAPES[name](), size))
    return text.encode()[:size].decode(errors="ignore")
