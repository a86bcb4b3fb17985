"""LZW: a source costs less and less with a larger dictionary, down to its entropy."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

import toksmith
from toksmith import _native


def longest_match(entries: list[bytes], text: bytes) -> list[bytes]:
    known, longest, at, found = set(entries), max(map(len, entries)), 0, []
    while at < len(text):
        ends = range(min(len(text), at + longest), at, -1)
        found.append(next(text[at:end] for end in ends if text[at:end] in known))
        at += len(found[-1])
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_the_cost_of_a_markov_source_falls_towards_its_entropy(seed: int) -> None:
    draw = random.Random(seed)
    state, states = 0, []
    for _ in range(100_000):
        state ^= draw.random() < 0.1
        states.append(state)
    text = bytes(b"ab"[state] for state in states)
    entropy = -(0.1 * math.log(0.1) + 0.9 * math.log(0.9))
    costs = []
    for size in (2, 20, 50, 200, 1000):
        entries = _native._train_lzw([text], size, "seen_bytes", None)
        assert len(entries) == size
        counts = Counter(longest_match(entries, text))
        total = counts.total()
        costs.append(-sum(c * math.log(c / total) for c in counts.values()) / len(text))
    assert costs == sorted(costs, reverse=True)
    assert costs[0] == pytest.approx(math.log(2), abs=0.01)
    assert entropy < costs[-1] < 1.12 * entropy


def test_the_first_phrases_are_those_of_the_textbook() -> None:
    text = b"TOBEORNOTTOBEORTOBEORNOT"
    entries = _native._train_lzw([text], 1000, "seen_bytes", None)
    words = "B E N O R T TO OB BE EO OR RN NO OT TT TOB BEO ORT TOBE EOR RNO"
    assert entries == [word.encode() for word in words.split()]


def test_bad_arguments_are_typed_errors() -> None:
    with pytest.raises(toksmith.VocabularyError):
        _native._train_lzw([b"abc"], 2, "chars", None)
    with pytest.raises(toksmith.InputError):
        _native._train_lzw([b"abc"], 20, "words", None)
    with pytest.raises(toksmith.InputError):
        _native._train_lzw([b"ab\xff"], 20, "chars", None)
