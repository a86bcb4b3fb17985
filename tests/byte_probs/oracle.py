"""The three laws over bytes by enumeration, as they are defined and no faster.

A text is read as the bytes its tokens spell: `lead`, then the text. What may follow is found by
encoding every text there is, up to a length; the probability of a text is a walk over all token
sequences that cover it, the last token running past its end. Start at `Law`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Protocol

Context = tuple[int, ...]
Model = Callable[[Context], dict[int, float]]
"""From a context to the probability of each next token, special ones included."""


@dataclass(frozen=True)
class Tokens:
    """What is known of a tokenizer: its encoder, and what each token stands for."""

    encode: Callable[[bytes], list[int]]
    spelled: dict[int, bytes]
    """Tokens that are text."""
    specials: tuple[int, ...] = ()
    """Ascending."""
    lead: bytes = b""
    """What stands before every text."""

    def join(self, context: Iterable[int]) -> bytes:
        return b"".join(self.spelled[token] for token in context)


class Rules(Protocol):
    """Which token sequences count."""

    def allowed(self, context: Context) -> Iterable[int]:
        """The tokens of text that may follow."""
        ...

    def complete(self, context: Context) -> bool:
        """Whether a text may end here."""
        ...


@dataclass
class Canonical:
    """Prefixes of the encodings of texts, all of which are listed."""

    following: dict[Context, set[int]] = field(default_factory=dict)
    whole: set[Context] = field(default_factory=set)

    @classmethod
    def of(cls, tokens: Tokens, texts: Iterable[bytes]) -> Canonical:
        """Encodes them. Those with a token that is no text are not the law's.

        A text is what its tokens spell without the lead, which need not be what was encoded: where
        a space is put before texts that do not begin with one, two have one encoding. One that is
        nothing but the lead is left out, so that the empty text has one encoding, no tokens.
        """
        rules = cls()
        for text in texts:
            ids = tuple(tokens.encode(text))
            if not tokens.spelled.keys() >= set(ids):
                continue
            if ids and tokens.join(ids) == tokens.lead:
                continue
            rules.whole.add(ids)
            for at, token in enumerate(ids):
                rules.following.setdefault(ids[:at], set()).add(token)
        return rules

    def allowed(self, context: Context) -> Iterable[int]:
        return sorted(self.following.get(context, ()))

    def complete(self, context: Context) -> bool:
        return context in self.whole


@dataclass
class Every:
    """All token sequences; of `ids`, where the others are known to have no probability."""

    ids: Iterable[int]

    def allowed(self, context: Context) -> Iterable[int]:  # noqa: ARG002
        return self.ids

    def complete(self, context: Context) -> bool:  # noqa: ARG002
        return True


@dataclass
class Law:
    """One of the laws `canonical`, `joint` and `all`, of one token model."""

    tokens: Tokens
    rules: Rules
    model: Model
    target: str
    _steps: dict[Context, dict[int, float]] = field(default_factory=dict)

    def steps(self, context: Context) -> dict[int, float]:
        """What may follow: restricted, and under `canonical` made to sum to one."""
        if context not in self._steps:
            self._steps[context] = self._row(context)
        return self._steps[context]

    def _row(self, context: Context) -> dict[int, float]:
        row = self.model(context)
        kept = {token: row.get(token, 0.0) for token in self.rules.allowed(context)}
        if self.rules.complete(context):
            kept |= {token: row.get(token, 0.0) for token in self.tokens.specials}
        if self.target != "canonical":
            return kept
        total = sum(kept.values())
        return {token: mass / total for token, mass in kept.items()} if total else kept

    def covers(
        self, text: bytes, context: Context = (), done: bytes = b"", mass: float = 1.0
    ) -> Iterator[tuple[Context, float]]:
        """Minimal covers of `text` (with its lead) that go on from `context`, and their mass."""
        if len(done) >= len(text):
            yield context, mass
            return
        for token, step in self.steps(context).items():
            more = done + self.tokens.spelled.get(token, b"")
            if len(more) > len(done) and step and (more.startswith(text) or text.startswith(more)):
                yield from self.covers(text, (*context, token), more, mass * step)

    def prefix(self, text: bytes) -> float:
        """The probability that a text begins so; every text begins with nothing."""
        if not text:
            return 1.0
        return sum(mass for _, mass in self.covers(self.tokens.lead + text))

    def endings(self, text: bytes) -> dict[int, float]:
        """The probability that this is the whole text, by the special token that ends it."""
        full = self.tokens.lead + text if text else b""
        ends = dict.fromkeys(self.tokens.specials, 0.0)
        for context, mass in self.covers(full):
            if self.tokens.join(context) == full:
                row = self.steps(context)
                for token in ends:
                    ends[token] += mass * row.get(token, 0.0)
        return ends

    def symbols(
        self, text: bytes, alphabet: Iterable[int] = range(256)
    ) -> tuple[list[float], float]:
        """What follows: 256 bytes, then the specials; and the mass that is missing from the whole.

        Ratios of prefixes; where the law loses mass (`joint`) they are made to sum to one. Bytes
        that are not in `alphabet` are known to have no probability.
        """
        whole = self.prefix(text)
        ratios = [0.0] * 256
        for byte in alphabet:
            ratios[byte] = self.prefix(text + bytes([byte])) / whole
        ratios += [mass / whole for mass in self.endings(text).values()]
        total = sum(ratios)
        return [ratio / total for ratio in ratios], 1.0 - total


def texts(letters: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """Every text of so many letters, the empty one first."""
    letters = list(letters)
    for length in range(longest + 1):
        for letter in product(letters, repeat=length):
            yield b"".join(letter)


def witnesses(
    letters: Iterable[bytes], longest: int, others: Iterable[bytes], ahead: int
) -> Iterator[bytes]:
    """Texts of `letters`, each gone on with by up to `ahead` letters of a larger alphabet."""
    tails = list(texts([*letters, *others], ahead))
    for text in texts(letters, longest):
        for tail in tails:
            yield text + tail
