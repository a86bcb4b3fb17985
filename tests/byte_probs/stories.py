"""The tiny real model, prompts cut inside their last word, and its law by enumeration from there.

The model's tokens do not cross the beginning of a word, so that all covers of a prompt share the
tokens before its last word.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

import toksmith as ts
from byte_probs.toys import read
from testdata import need
from toksmith.byte_probs import Llama2c

Floats = NDArray[np.float64]
Rows = Callable[[tuple[int, ...]], Floats]
BOS = 1


def model() -> tuple[ts.Tokenizer, Llama2c]:
    """The model in float64: batches and caches do not show, then."""
    folder = need("stories260k")
    found = Llama2c.from_file(
        folder / "checkpoint.bin", folder / "tokenizer.bin", dtype="float64", cached=256
    )
    assert found.tokenizer is not None
    return found.tokenizer, found


def prompts(tok: ts.Tokenizer, lm: Llama2c, count: int, seed: int) -> Iterator[str]:
    """Stories told by the model token by token, up to the end of some word."""
    draw = random.Random(seed)
    while count:
        tokens = [BOS]
        for _ in range(60):
            logits = lm([tokens])[0]
            probs = np.exp(logits - logits.max())
            probs[:3] = 0  # the story goes on
            tokens.append(draw.choices(range(len(probs)), probs)[0])
        words = tok.decode(tokens[1:]).split(" ")
        for at in sorted(draw.sample(range(3, len(words) - 1), 5)):
            word = words[at].strip(".,!?\n\"'")
            if word.isalpha() and word.isascii() and len(word) > 1 and count:
                count -= 1
                yield " ".join([*words[:at], word])


class Enumeration:
    """The canonical law from the beginning of the last word on."""

    def __init__(self, tok: ts.Tokenizer, rows: Rows) -> None:
        self.tok, self.rows = tok, rows
        self.tokens = read(tok, "sign", b" ")
        self.characters = {
            piece
            for number, piece in self.tokens.spelled.items()
            if not tok.token_bytes(number).startswith(b"<0x")
        }
        self._steps: dict[tuple[int, ...], dict[int, float]] = {}

    def may_follow(self, context: tuple[int, ...], token: int) -> bool:
        """Whether a text's encoding begins so: if it is the encoding of its own text.

        A byte may begin a character that has no piece.
        """
        if self.tok.token_bytes(token).startswith(b"<0x"):
            byte = self.tokens.spelled[token]
            return 0xC2 <= byte[0] <= 0xF4 or (byte[0] < 0x80 and byte not in self.characters)
        spelled = self.tokens.join((*context, token))
        return spelled[:1] == b" " and self.tok.encode(spelled[1:]) == [*context, token]

    def steps(self, context: tuple[int, ...]) -> dict[int, float]:
        """What may follow a whole encoding, with its share."""
        if context not in self._steps:
            logits = self.rows((BOS, *context))
            masses = np.exp(logits - logits.max())
            allowed = [t for t in self.tokens.spelled if self.may_follow(context, t)]
            kept = {token: float(masses[token]) for token in (*allowed, *self.tokens.specials)}
            total = sum(kept.values())
            self._steps[context] = {token: mass / total for token, mass in kept.items()}
        return self._steps[context]

    def next_byte(self, before: str, word: str) -> Floats:
        """Probabilities behind whole words and the beginning of one, the space included."""
        start, want = tuple(self.tok.encode(before)), word.encode()
        out = np.zeros(256 + len(self.tokens.specials))
        waiting = [(start, b"", 1.0)]
        while waiting:
            context, done, mass = waiting.pop()
            for token, share in self.steps(context).items():
                if token in self.tokens.specials:
                    if done == want:
                        out[256 + self.tokens.specials.index(token)] += mass * share
                    continue
                more = done + self.tokens.spelled[token]
                if len(more) > len(want) and more.startswith(want):
                    out[more[len(want)]] += mass * share
                elif want.startswith(more):
                    waiting.append(((*context, token), more, mass * share))
        normal: Floats = out / out.sum()
        return normal
