"""`ByteState`'s interface over the oracle: every answer is computed anew from the rows and the text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from byte_probs.oracle import Context, Law, Rules, Tokens


@dataclass(frozen=True)
class SlowContext:
    """A context whose row is needed."""

    tokens: list[int]
    parent: int | None
    shared: int
    key: int


class SlowByteState:
    """What `toksmith.byte_probs.ByteState` is, by enumeration."""

    def __init__(
        self, tokens: Tokens, rules: Rules, target: str = "canonical", prefix: Sequence[int] = ()
    ) -> None:
        self._tokens, self._rules, self.target = tokens, rules, target
        self._before = list(prefix)
        self._rows: dict[Context, dict[int, float]] = {}
        self._asked: list[Context] = []
        self._text = b""
        self.missing = 0.0
        self.special_ids = list(tokens.specials)

    def _contexts(self, context: Context = (), done: bytes = b"") -> Iterator[Context]:
        """All token sequences that are inside the text or end where it ends."""
        full = self._tokens.lead + self._text
        yield context
        for token in self._rules.allowed(context):
            piece = self._tokens.spelled[token]
            if piece and full.startswith(done + piece):
                yield from self._contexts((*context, token), done + piece)

    def pending(self, total: bool = False) -> list[SlowContext]:  # noqa: ARG002
        out = []
        for context in self._contexts():
            if context in self._rows:
                continue
            if context not in self._asked:
                self._asked.append(context)
            key = self._asked.index(context)
            has_parent = bool(context) and context[:-1] in self._asked
            parent = self._asked.index(context[:-1]) if has_parent else None
            shared = len(self._before) + len(context) - 1 if has_parent else 0
            out.append(SlowContext([*self._before, *context], parent, shared, key))
        return out

    def feed(self, context: SlowContext, row: ArrayLike) -> None:
        numbers = np.asarray(row, np.float64)
        masses = np.exp(numbers - np.logaddexp.reduce(numbers))
        self._rows[self._asked[context.key]] = {
            token: float(mass) for token, mass in enumerate(masses) if mass
        }

    def feed_many(self, contexts: Sequence[SlowContext], rows: ArrayLike) -> None:
        for context, row in zip(contexts, np.asarray(rows), strict=True):
            self.feed(context, row)

    def _law(self) -> Law:
        return Law(self._tokens, self._rules, self._rows.__getitem__, self.target)

    def next_byte(self) -> NDArray[np.float64]:
        law = self._law()
        out, self.missing = law.symbols(self._text, sorted(self._possible(law)))
        with np.errstate(divide="ignore"):
            return np.log(np.array(out))

    def _possible(self, law: Law) -> set[int]:
        """The bytes that a cover of the text goes on with."""
        full = self._tokens.lead + self._text
        out = set()
        for context, _ in law.covers(full):
            data = self._tokens.join(context)
            if len(data) > len(full):
                out.add(data[len(full)])
            else:
                out |= {self._tokens.spelled[token][0] for token in law.rules.allowed(context)}
        return out

    def logprob(self) -> float:
        law = self._law()
        return math.log(law.prefix(self._text) / law.start())

    def push(self, data: bytes | int) -> None:
        self._text += bytes([data]) if isinstance(data, int) else data

    def rollback(self, n: int) -> None:
        self._text = self._text[: len(self._text) - n]

    def fork(self) -> SlowByteState:
        other = SlowByteState(self._tokens, self._rules, self.target, self._before)
        other._rows, other._asked, other._text = self._rows, self._asked, self._text
        return other
