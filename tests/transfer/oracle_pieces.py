"""Ways to spell bytes with tokens, by trying all of them. For tokens of a few bytes alone."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

Edge = tuple[int, int, int]
"""Start, end, id."""


def ways(text: bytes, tokens: dict[bytes, int]) -> Iterator[tuple[Edge, ...]]:
    """All ways, with bytes left out or not: each a sequence of tokens with their places."""

    def go(at: int) -> Iterator[tuple[Edge, ...]]:
        if at == len(text):
            yield ()
            return
        for rest in go(at + 1):
            yield rest
        for end in range(at + 1, len(text) + 1):
            if text[at:end] in tokens:
                for rest in go(end):
                    yield ((at, end, tokens[text[at:end]]), *rest)

    return go(0)


def shortest(text: bytes, tokens: dict[bytes, int]) -> list[tuple[Edge, ...]]:
    """Those that leave least out, and of them those of fewest tokens; longest first."""

    def cost(way: tuple[Edge, ...]) -> tuple[int, int]:
        return len(text) - sum(end - start for start, end, _ in way), len(way)

    every = list(dict.fromkeys(ways(text, tokens)))
    least = min(map(cost, every))
    best = [way for way in every if cost(way) == least]
    return sorted(best, key=lambda way: [(start, -end) for start, end, _ in way])


def minimal(text: bytes, tokens: dict[bytes, int]) -> dict[Edge, Fraction]:
    """VIPI: the shares of tokens in the shortest ways with the longest part."""
    best = [way for way in shortest(text, tokens) if way]
    longest = max((end - start for way in best for start, end, _ in way), default=0)
    kept = [way for way in best if any(end - start == longest for start, end, _ in way)]
    shares: dict[Edge, Fraction] = {}
    for way in kept:
        for edge in way:
            shares[edge] = shares.get(edge, Fraction(0)) + Fraction(1, len(way) * len(kept))
    return shares


def greedy(text: bytes, tokens: dict[bytes, int]) -> list[int]:
    """The longest token first."""
    found, at = [], 0
    while at < len(text):
        ends = [end for end in range(len(text), at, -1) if text[at:end] in tokens]
        if ends:
            found.append(tokens[text[at : ends[0]]])
        at = ends[0] if ends else at + 1
    return found
