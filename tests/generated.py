"""Short strings made to hit the seams of pre-tokenizers and merges, and every scalar value.

Random characters rarely meet: these strings are drawn from pieces that decide something somewhere
(contractions, kinds of space, edges of classes, special tokens), in an order of chance.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

SCALARS = 0x11_0000 - 0x800
"""How many Unicode scalar values there are."""

_ASSIGNED = 0x3_2400  # nothing but tags and variation selectors has been assigned above

_PIECES = [
    *" \t\n\r\v\f", "  ", "   ", "\r\n", "\n\n", " \n", "\n ", "\u00a0", "\u2003", "\u3000",
    "\u0085", "\u2028", "\u200b", "\ufeff", "\u1680", "\u180e", "'", "'s", "'S", "'\u017f",
    "'t", "'re", "'RE", "'Re", "'ve", "'m", "'ll", "'lL", "'d", "\u2019s", "''", "'x", "'l",
    "'r", "a", "A", "ab", "aB", "Ab", "AB", "the", "The", "THE", "hello", " hello", "Hello",
    "iPhone", "\u00df", "\u1e9e", "\u0130", "\u0131", "\u01c5", "\u01c4", "\u02b0", "\u00aa",
    "\u05d0", "\u0627", "\u4e2d", "\u6587", "\u3042", "\uac00", "\u0e01", "\u0e33",
    "\u0928\u093f", "\u0301", "e\u0301", "\u20dd", "\u0903", "\u0488", "0", "1", "12", "123",
    "1234", "12345", "\u0663", "\u00b2", "\u00bd", "\u2167", "\u3007", "\u0be7", ".", ",", "!",
    "...", "-", "--", "_", "/", "//", "/\n", "://", "(", ")", "{", "};", "\"", "#", "$", "%",
    "&", "*", "+", "=", "==", "<", ">", "|", "<|", "|>", "\u20ac", "\u2014", "\u2026", "\u00ab",
    "\U0001f600", "\U0001f468\u200d\U0001f469", "\U0001f1e9\U0001f1ea", "\u200d", "\ufe0f",
    "\0", "\x1b", "\x7f", "\ufffd", "\ufffe", "\U0010ffff", "\ue000", "\u0378", "\U000e0001",
    "<|endoftext|>", "<|endofprompt|>", "<|im_start|>", "<|fim_prefix|>", "<|endof", "text|>",
    "<|begin_of_text|>", "<|start|>", "<|reserved_200017|>",
]  # fmt: skip


FAMILY_PIECES = (
    "\u2581", "\u2581\u2581", "\u2581the", "\u2581x", "##", "##s", "##ing", "un", "affable",
    "caf\u00e9", "cafe\u0301", "x" * 101, "<s>", "</s>", "<unk>", "<pad>", "<mask>", "<cls>",
    "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "[INST]", "<0x41>", "<0xE4>", "<0x0A>", "<0x00>",
    "<0x", ">", "<extra>", "<left>", "<right>", "<both>", "  <left>  ", "  <right>  ", " <both> ",
    "<|im_end|>", "<|eot_id|>", "\u0327", "\u0323\u0307", "\u0345", "\u0e49", "\u094d",
    "\u0915\u094d\u0937", "\u1100", "\u1161", "\u11a8", "\u1100\u1161\u11a8", "\uac01",
    "\ud55c\uad6d\uc5b4", "\uff76\uff9e", "\u30ab\u3099", "\uff21", "\u2460", "\ufb01", "\u3392",
    "\u2126", "\u212b", "\u0958", "\u0344", "\u0385", "\u1fee", "\u03c3\u03c2", "\u0130I\u0307",
    "\u00ad", "\u2060", "\u200c", "\u0600", "\u06dd", "\u3002", "\u300c", "\u4e2d\u6587\u5b57",
    "\U00020000", "\U0001d400", "\U0001f1e9", "\U0001f3fb", "``", "''", "\x01", "\x0e", "\x85",
    " .", " ?", " n't", " 'm",
)  # fmt: skip
"""Pieces that decide something outside byte-level BPE: what normalizers rewrite, how tokens and
special tokens are spelt, what decoders clean up."""


def strings(count: int, seed: int = 0, more: Sequence[str] = ()) -> Iterator[str]:
    """Strings of 1 to 24 pieces, one in eight pieces being any scalar value; `more` adds pieces."""
    rng = random.Random(seed)
    pieces = [*_PIECES, *more]
    for _ in range(count):
        size = rng.choice((1, 2, 3, 4, 6, 9, 14, 24))
        yield "".join(
            scalar(rng.randrange(SCALARS)) if rng.random() < 0.125 else rng.choice(pieces)
            for _ in range(size)
        )


def scalar(number: int) -> str:
    """The scalar value with this number, surrogates left out of the count."""
    return chr(number if number < 0xD800 else number + 0x800)


CONTEXTS = ("{c}", "a{c}b", " {c}{c} ", "1{c}'s", "\n{c}\r\n x")
"""Where each scalar value is tried: alone, in a word, doubled among spaces, after a digit and
before a contraction, at the beginning of a line."""


def scalars_in(context: str, block: int = 256, sparse: bool = False) -> Iterator[str]:
    """Every scalar value in one context, `block` of them to a text, one a line.

    A block of 1 gives a text a scalar value, so that each is also at the text's end. `sparse`
    takes all of the planes where characters are assigned and one in 64 of the others.
    """
    numbers = [n for n in range(SCALARS) if not sparse or n < _ASSIGNED or n % 64 == 0]
    for start in range(0, len(numbers), block):
        yield "\n".join(
            context.replace("{c}", scalar(number)) for number in numbers[start : start + block]
        )
