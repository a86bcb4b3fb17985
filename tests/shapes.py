"""Text that has broken tokenizers: runs without a boundary, hostile Unicode, near-misses.

Each shape makes about `n` bytes (never more, but for the last unit) out of nothing but a seed, so
that a test and a benchmark see the same bytes. Start at `SHAPES`.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable

Shape = Callable[[int, random.Random], str]

_COMMON = (
    "the of and to in a is that for it was on are as with his they at be this from I have or by "
    "one had not but what all were when we there can an your which their said if do will each "
    "about how up out them then she many some so these would other into has more her two like"
)
_WORDS = _COMMON.split()
_FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
_RECENT_BLOCKS = (
    range(0x1E4D0, 0x1E4FA),  # Nag Mundari
    range(0x11F00, 0x11F5A),  # Kawi
    range(0x1E5D0, 0x1E5FB),  # Ol Onal
    range(0x10EC2, 0x10EC8),  # Arabic Extended-C
    range(0x105C0, 0x105F4),  # Todhri
    range(0x11380, 0x113D6),  # Tulu-Tigalari
    range(0x31350, 0x323B0),  # CJK extension H
    range(0x2EBF0, 0x2EE5E),  # CJK extension I
)
_SPECIALS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|fim_prefix|>", "<|endofprompt|>", "<|start|>",
    "<|begin_of_text|>", "<|eot_id|>", "</s>", "<s>", "<|endof", "text|>", "<|", "|>", "<think>",
)  # fmt: skip


def _repeat(unit: str) -> Shape:
    size = len(unit.encode())
    return lambda n, _: unit * max(1, n // size)


def _draw(choices: list[str]) -> Shape:
    """Units drawn at random until the size is reached."""

    def make(n: int, rng: random.Random) -> str:
        mean = sum(len(unit.encode()) for unit in choices) / len(choices)
        return _cut("".join(rng.choices(choices, k=int(n / mean) + 1)), n)

    return make


def _cut(text: str, n: int) -> str:
    return text.encode()[:n].decode("utf-8", "ignore") if len(text.encode()) > n else text


def _english(n: int, rng: random.Random) -> str:
    words = rng.choices(_WORDS, k=n // 4 + 1)
    sentences = [" ".join(words[i : i + 11]).capitalize() for i in range(0, len(words), 11)]
    return _cut(". ".join(sentences), n)


def _random_unicode(n: int, rng: random.Random) -> str:
    points = (rng.randrange(0x11_0000 - 0x800) for _ in range(n // 4 + 1))
    return _cut("".join(chr(p if p < 0xD800 else p + 0x800) for p in points), n)


def _fibonacci(n: int, _: random.Random) -> str:
    a, b = "a", "ab"
    while len(b) < n:
        a, b = b, b + a
    return b[:n]


def _cased(n: int, rng: random.Random) -> str:
    return "".join(rng.choices(string.ascii_letters, k=max(1, n)))


def _combining(n: int, _: random.Random) -> str:
    return "e" + "\u0301" * max(1, n // 2)


def _spaces_then_word(n: int, rng: random.Random) -> str:
    runs = (" " * rng.choice([1, 2, 15, 16, 17, 80, 300]) + "x" for _ in range(n // 60 + 1))
    return _cut("".join(runs), n)


SHAPES: dict[str, Shape] = {
    "english": _english,
    "one letter": _repeat("a"),
    "spaces": _repeat(" "),
    "carets": _repeat("^"),
    "newlines": _repeat("\n"),
    "zeros": _repeat("0"),
    "space newline": _repeat(" \n"),
    "carriage returns": _repeat("\r\n"),
    "tabs": _repeat("\t"),
    "ideographic spaces": _repeat("\u3000"),
    "slashes newlines": _repeat("/\n"),
    "apostrophes": _repeat("'s"),
    "two letters": _repeat("ab"),
    "upper lower": _repeat("aB"),
    "capitals": _repeat("A"),
    "random letters": _draw(list(string.ascii_lowercase)),
    "random case": _cased,
    "random digits": _draw(list(string.digits)),
    "random punctuation": _draw(list(string.punctuation)),
    "random white space": _draw([" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2028"]),
    "spaces then a word": _spaces_then_word,
    "base64": _draw(list(string.ascii_letters + string.digits + "+/")),
    "fibonacci word": _fibonacci,
    "random CJK": _draw([chr(c) for c in range(0x4E00, 0x9FA6)]),
    "one ideograph": _repeat("\u4e00"),
    "combining accents": _combining,
    "families": _repeat(_FAMILY),
    "random Unicode": _random_unicode,
    "recent Unicode": _draw([chr(c) for block in _RECENT_BLOCKS for c in block]),
    "odd contractions": _draw(
        [f"x'{end}" for end in ("s", "S", "\u017f", "t", "T", "RE", "\u212a", "ll", "LL", "\u0130")]
        + [" don't", "'VE", "\u2019s", "I'M", "'d've"]
    ),
    "controls": _draw([chr(c) for c in [*range(0x20), 0x7F, *range(0x80, 0xA0), 0xFEFF, 0xAD]]),
    "special tokens": _draw([*_SPECIALS, " ", "x"]),
}
"""Shape by name."""


def make(name: str, n: int, seed: int = 0) -> str:
    """About `n` bytes of one shape."""
    return SHAPES[name](n, random.Random(f"{name}/{seed}"))
