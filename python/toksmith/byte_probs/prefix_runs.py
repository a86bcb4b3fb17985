"""Which contexts a model has to read, so that none is read twice. For models that keep caches.

A context that begins another one is read on the way: its row is that of an earlier position. What
an earlier call has read is not read again where the cache still has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Tokens = tuple[int, ...]


@dataclass
class Run:
    """One sequence to read, and whose rows come out on the way."""

    tokens: Tokens
    rows: dict[int, list[int]] = field(default_factory=dict)
    """Length of a context, to the places where it was asked for."""


def runs(contexts: Sequence[Sequence[int]]) -> list[Run]:
    """The fewest sequences of which every context is a beginning, in the order of their tokens."""
    asked = sorted((tuple(context), at) for at, context in enumerate(contexts))
    found: list[Run] = []
    # In this order a context stands right before those that go on from it.
    for tokens, at in reversed(asked):
        last = found[-1] if found else None
        if last is None or last.tokens[: len(tokens)] != tokens:
            last = Run(tokens)
            found.append(last)
        last.rows.setdefault(len(tokens), []).append(at)
    return found[::-1]


def common(left: Sequence[int], right: Sequence[int]) -> int:
    """How many first tokens two sequences share."""
    count = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        count += 1
    return count


def closest(tokens: Sequence[int], kept: Iterable[Tokens]) -> tuple[Tokens | None, int]:
    """The kept sequence that shares most first tokens with another, and how many those are."""
    best: Tokens | None = None
    shared = 0
    for other in kept:
        count = common(tokens, other)
        if count > shared:
            best, shared = other, count
    return best, shared
