"""Random traces of a state beside what they should leave: the text and the rows. Start at `Trace`.

A row is a window of one long random row, the place of it given by a hash of the context: the same
for every state.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from byte_probs.oracle import Context, Tokens
from toksmith import InputError, Tokenizer
from toksmith.byte_probs import ByteState, Checkpoint, Target
from toksmith.byte_probs import Context as Pending

OPERATIONS = [
    "push", "push", "push", "rollback", "feed", "feed", "some", "total", "fork",
    "checkpoint", "restore", "back",
]  # fmt: skip
"""Those that come often stand there often."""


@cache
def _noise(width: int) -> NDArray[np.float64]:
    return np.random.default_rng(5).normal(scale=3, size=2 * width)


def row(context: Context, width: int) -> NDArray[np.float64]:
    """The logits of a context."""
    at = zlib.crc32(np.asarray(context, "<u4").tobytes()) % width
    return _noise(width)[at : at + width]


@dataclass
class Subject:
    """A tokenizer under a law, and what of its encoder the tests compare with."""

    tokenizer: Tokenizer
    tokens: Tokens
    width: int
    sources: list[bytes]
    may_end: Callable[[bytes], bool]
    """Texts that are as the encoder leaves them, and end where one may."""
    target: Target = "canonical"
    prefix: tuple[int, ...] = ()
    longest: int = 24
    """Bytes of a text."""

    def state(self, text: bytes = b"", keep_rows: int = 64) -> ByteState:
        state = ByteState(
            self.tokenizer, self.target, prefix=self.prefix, keep_rows=keep_rows, threads=1
        )
        state.push(text)
        return state

    def feed(self, state: ByteState, contexts: Iterable[Pending]) -> None:
        contexts = list(contexts)
        if contexts:
            state.feed_many(contexts, np.array([row(one.tokens, self.width) for one in contexts]))


@dataclass
class Trace:
    """A state, and the contexts whose rows it has by now."""

    subject: Subject
    draw: random.Random
    keep_rows: int
    state: ByteState
    text: bytes = b""
    fed: set[Context] = field(default_factory=set)

    @classmethod
    def start(cls, subject: Subject, seed: int, keep_rows: int = 64) -> Trace:
        state = subject.state(keep_rows=keep_rows)
        return cls(subject, random.Random(seed), keep_rows, state)

    def push(self, source: bytes) -> None:
        """Goes on with some bytes of a text, or with any byte, if the law has it."""
        most = self.subject.longest - len(self.text)
        if self.draw.random() < 0.15:
            source = bytes([self.draw.choice([self.draw.randrange(256), *source[:8]])])
        data = source[: min(most, self.draw.randint(1, 6))]
        if self.draw.random() < 0.5:
            self._push(data)
        else:
            for byte in data:
                if not self._push(byte):
                    break

    def _push(self, data: bytes | int) -> bool:
        try:
            self.state.push(data)
        except InputError:
            # As before, then.
            assert self.state.text == self.text
            return False
        self.text += data if isinstance(data, bytes) else bytes([data])
        return True

    def rollback(self, count: int) -> None:
        self.state.rollback(count)
        self.cut(self.text[: len(self.text) - count])

    def cut(self, text: bytes) -> None:
        """Forgets the rows of contexts that end behind a text that stays."""
        tokens, given = self.subject.tokens, len(self.subject.prefix)
        known = len(tokens.lead) + len(text)
        self.fed = {one for one in self.fed if len(tokens.join(one[given:])) <= known}
        self.text = text

    def feed(self, total: bool, some: bool) -> None:
        """Rows of what is asked for, or of a part of it."""
        contexts = self.state.pending(total=total)
        if some:
            contexts = [one for one in contexts if self.draw.random() < 0.5]
        self.subject.feed(self.state, contexts)
        self.fed.update(one.tokens for one in contexts)

    def fork(self) -> Trace:
        return Trace(
            self.subject, self.draw, self.keep_rows, self.state.fork(), self.text, set(self.fed)
        )

    def check(self) -> None:
        """The state is that of its text, built from scratch, with the same rows."""
        assert self.state.text == self.text
        fresh = self.subject.state(self.text)
        assert self.state.contexts == fresh.contexts
        for total in (False, True):
            asked = self.state.pending(total=total)
            wanted = [one for one in fresh.pending(total=total) if one.tokens not in self.fed]
            if self.keep_rows > self.subject.longest:
                # Keys, too: what was taken back leaves nothing behind.
                assert asked == wanted, self.text
            else:
                # Rows of contexts that are taken back to may have been forgotten.
                assert set(wanted) <= set(asked), self.text
        parents = {one.key: one for one in fresh.pending(total=True)}
        for one in parents.values():
            if one.parent is not None:
                assert one.tokens[:-1] == parents[one.parent].tokens
                assert one.shared == len(one.tokens) - 1
        assert self.state.encoding() == fresh.encoding()
        self.subject.feed(fresh, fresh.pending(total=True))
        ready = self.state.fork()
        self.subject.feed(ready, ready.pending())
        np.testing.assert_array_equal(ready.next_byte(), fresh.next_byte(), repr(self.text))
        assert ready.missing == fresh.missing
        if len(self.text) % 2:
            self.subject.feed(ready, ready.pending(total=True))
            assert ready.logprob() == fresh.logprob()
            assert ready.covers(20) == fresh.covers(20)

    def check_encoding(self) -> None:
        """Where the text may end, its encoding is the encoder's."""
        found = self.state.encoding()
        if self.subject.may_end(self.text):
            assert found == self.subject.tokens.encode(self.text), self.text
        elif found is not None:
            spelled = self.subject.tokens.lead + self.text if self.text else b""
            assert self.subject.tokens.join(found) == spelled


def run(subject: Subject, seed: int, steps: int, every: int = 1, keep_rows: int = 64) -> int:
    """Random operations; the number of checks. States left by a fork stay as they were."""
    trace = Trace.start(subject, seed, keep_rows)
    draw = trace.draw
    left: list[Trace] = []
    saved: list[tuple[Checkpoint, Trace]] = []
    source, checks = b"", 0
    for step in range(steps):
        if not source.startswith(trace.text) or source == trace.text:
            source = trace.text + draw.choice(subject.sources)
        kind = draw.choice(OPERATIONS)
        if kind == "push":
            trace.push(source[len(trace.text) :])
        elif kind == "rollback" and trace.text:
            trace.rollback(draw.randint(0, min(8, len(trace.text))))
        elif kind in ("feed", "some", "total"):
            trace.feed(total=kind == "total", some=kind == "some")
        elif kind == "fork":
            left.append(trace)
            trace = trace.fork()
        elif kind == "checkpoint":
            saved.append((trace.state.checkpoint(), trace.fork()))
        elif kind == "restore" and saved:
            checkpoint, then = draw.choice(saved)
            trace.state.restore(checkpoint)
            trace.text, trace.fed = then.text, set(then.fed)
        elif kind == "back" and left:
            trace, left[-1] = left[-1], trace
        if len(trace.text) > subject.longest - 2:
            trace.rollback(draw.randint(subject.longest // 2, len(trace.text)))
        trace.check_encoding()
        if step % every == 0:
            trace.check()
            checks += 1
    for other in left[:3]:
        other.check()
    with pytest.raises(InputError):
        trace.state.rollback(len(trace.text) + 1)
    return checks
