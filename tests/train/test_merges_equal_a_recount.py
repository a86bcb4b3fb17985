"""Every trainer by merges makes the choices that counting all words anew would give."""

from __future__ import annotations

import random
from typing import Any

import pytest

import oracle_bpe as oracle
from toksmith import _native

ALPHABETS = ("a", "ab", "abcdefgh", "a b", "aé日🙂b", "ab<>0x41")
Result = tuple[list[bytes], list[oracle.Merge], list[int]]


def result(parts: tuple[Any, ...]) -> Result:
    """What the binding gives, in plain lists."""
    tokens, merges, counts, _ = parts
    return tokens, [tuple(row) for row in merges.tolist()], counts.tolist()


def draw_words(rng: random.Random, alphabet: str) -> dict[bytes, int]:
    """A few words with small counts, so that ties are common."""
    words = {}
    for _ in range(rng.choice([1, 3, 10, 40])):
        length = rng.choice([1, 2, 3, 5, 8, 20, 40])
        word = "".join(rng.choice(alphabet) for _ in range(length))
        words[word.encode()] = rng.choice([1, 1, 2, 3, 7, 2**40])
    return words


def byte_tokens() -> list[bytes]:
    """The 256 bytes as the trainer orders them."""
    tokens, _, _, initial = _native._train_bpe([], 256)
    assert initial == 256
    return tokens


def spelled(word: bytes, tokens: list[bytes]) -> list[int]:
    return [tokens.index(bytes([byte])) for byte in word]


def word_count(token: bytes) -> int:
    return len(token.split())


@pytest.mark.parametrize("seed", range(150))
def test_bytes(seed: int) -> None:
    rng = random.Random(seed)
    words = draw_words(rng, rng.choice(ALPHABETS))
    tokens, size = byte_tokens(), rng.choice([260, 280, 1000])
    least = rng.choice([0, 1, 2, 5])
    got = _native._train_bpe(list(words.items()), size, {"min_frequency": least})
    pieces = [(oracle.pieces(spelled(word, tokens)), count) for word, count in words.items()]
    assert result(got) == oracle.train(tokens, pieces, size, least)


@pytest.mark.parametrize("seed", range(150))
def test_an_extended_merge_list(seed: int) -> None:
    rng = random.Random(seed)
    alphabet = rng.choice(ALPHABETS)
    first, then = draw_words(rng, alphabet), draw_words(rng, alphabet)
    tokens, merges, _ = result(_native._train_bpe(list(first.items()), rng.choice([257, 270])))
    most = rng.choice([None, None, 1, 2])
    size = len(tokens) + rng.choice([0, 1, 10, 500])
    got = _native._extend_bpe(tokens, merges, list(then.items()), size, None, most)
    pieces = [
        (oracle.pieces(oracle.encode(spelled(word, tokens), merges)), count)
        for word, count in then.items()
    ]
    made = got[0]

    def allowed(left: int, right: int) -> bool:
        return most is None or word_count(made[left] + made[right]) <= most

    listed = [(left, right) for left, right, _ in merges]
    assert result(got) == oracle.train(tokens, pieces, size, allowed=allowed, listed=listed)


@pytest.mark.parametrize("seed", range(150))
def test_joined_pre_tokens(seed: int) -> None:
    rng = random.Random(seed)
    alphabet, tokens, size = rng.choice(ALPHABETS), byte_tokens(), rng.choice([260, 280, 1000])
    units = [
        (rng.sample(pool := sorted(draw_words(rng, alphabet)), len(pool)), rng.choice([1, 1, 3]))
        for _ in range(rng.choice([1, 3, 6]))
    ]
    most = rng.choice([None, None, 1, 2])
    got = _native._train_joined(units, size, most)
    made = got[0]

    def allowed(left: int, right: int) -> bool:
        return most is None or word_count(made[left] + made[right]) <= most

    pieces = [
        ([piece for part in parts for piece in oracle.pieces(spelled(part, tokens))], count)
        for parts, count in units
    ]
    assert result(got) == oracle.train(tokens, pieces, size, allowed=allowed)


@pytest.mark.parametrize("seed", range(50))
def test_two_stages_are_training_and_extending(seed: int) -> None:
    rng = random.Random(seed)
    words, units = draw_words(rng, "abc"), draw_words(rng, "abc ")
    tokens, merges, counts = result(_native._train_bpe(list(words.items()), 264))
    more = result(_native._extend_bpe(tokens, merges, list(units.items()), 290, None, 2))
    got = _native._train_two_stages(list(words.items()), list(units.items()), 290, 264, 2)
    assert result(got) == (more[0], merges + more[1], counts + more[2])


def test_counts_beyond_32_bits_are_exact() -> None:
    words = [(b"ab", 2**62), (b"abc", 2**62 + 1), (b"bc", 2**33)]
    tokens, merges, counts = result(_native._train_bpe(words, 258))
    assert tokens[256:] == [b"ab", b"abc"]
    assert counts == [2**63 + 1, 2**62 + 1]
    assert len(merges) == 2


def test_the_order_of_the_words_does_not_matter() -> None:
    words = [(bytes([97 + i % 7, 98 + i % 5]) * (i % 4 + 1), i % 6 + 1) for i in range(300)]
    one = result(_native._train_bpe(words, 300))
    assert result(_native._train_bpe(words[::-1], 300)) == one
