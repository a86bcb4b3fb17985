"""Promise: what LZW and Less-is-Better learn is a tokenizer of longest match that loses nothing."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from itertools import pairwise

import pytest
import tokenizers

import toksmith as ts
from generated import strings
from toksmith.byte_alphabet import bytes_of_letters

TEXTS = ["thecatsatonthemat\nthedogsatonthecat\n" * 3, "acatandadog\n東京と京都" * 4]


@pytest.mark.parametrize(
    "tok",
    [
        ts.train.lzw(TEXTS, 300, special_tokens=["<s>"]),
        ts.train.lib(TEXTS, documents=200, special_tokens=["<s>"]),
    ],
    ids=["lzw", "lib"],
)
def test_nothing_is_lost_and_matches_are_longest(tok: ts.Tokenizer) -> None:
    theirs = tokenizers.Tokenizer.from_str(tok._save("json").decode())
    byte_of = bytes_of_letters()
    vocab = json.loads(tok._save("json"))["model"]["vocab"]
    entries = {
        bytes(byte_of[letter] for letter in entry): id_ for entry, id_ in vocab.items() if id_ > 1
    }
    longest = max(map(len, entries))
    for text in [*TEXTS, *strings(200)]:
        ids = tok.encode(text)
        assert tok.decode(ids) == text
        data, expected = text.encode(), []
        while data:
            size = next(size for size in range(longest, 0, -1) if data[:size] in entries)
            expected.append(entries[data[:size]])
            data = data[size:]
        assert ids == expected
        allowed = tok.encode(text, allowed_special="all")
        assert theirs.encode(text, add_special_tokens=False).ids == allowed


def test_lib_is_the_same_for_the_same_seed() -> None:
    def learned(seed: int) -> bytes:
        return ts.train.lib(TEXTS, documents=100, seed=seed)._save("json")

    assert learned(1) == learned(1) != learned(2)


def test_the_cost_of_a_markov_source_falls_towards_its_entropy() -> None:
    stay = random.Random(1)
    state, text = 0, []
    for _ in range(100_000):
        state ^= stay.random() < 0.1
        text.append("ab"[state])
    joined = "".join(text)
    entropy = -(0.1 * math.log(0.1) + 0.9 * math.log(0.9))

    def cost(tok: ts.Tokenizer) -> float:
        counts = Counter(tok.encode(joined))
        total = sum(counts.values())
        return -sum(n * math.log(n / total) for n in counts.values()) / len(joined)

    def bpe(size: int) -> ts.Tokenizer:
        return ts.train.bpe([joined], size, like="gpt2")

    for learn in (lambda size: ts.train.lzw([joined], size), bpe):
        costs = [cost(learn(size)) for size in (258, 264, 280, 320, 500)]
        assert all(after < before for before, after in pairwise(costs))
        assert entropy < costs[-1] < 1.3 * entropy


@pytest.mark.parametrize("learn", [lambda given: ts.train.lzw(given, 300), ts.train.lib])
def test_counted_words_are_refused(learn: object) -> None:
    assert callable(learn)
    for given in ({"a": 1}, ts.train.Weighted(TEXTS, 2)):
        with pytest.raises(ts.UnsupportedFeature):
            learn(given)
    with pytest.raises(ts.InputError):
        learn([3])
