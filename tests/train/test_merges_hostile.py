"""Whatever is given to the trainers by merges, it ends in a result or in an error that says why."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from toksmith import InputError, VocabularyError, _native


def test_no_words_give_the_alphabet() -> None:
    tokens, merges, counts, initial = _native._train_bpe([], 1000, {"special_tokens": ["<s>"]})
    assert (len(tokens), initial, merges.shape, counts.shape) == (257, 257, (0, 3), (0,))
    assert _native._train_bpe([], 10, {"unit": "chars"})[0] == []


@pytest.mark.parametrize(
    ("size", "options", "why"),
    [
        (255, {}, "vocab_size is 255, but there are 256"),
        (1000, {"max_token_length": 0}, "max_token_length"),
        (1000, {"special_tokens": ["a", ""]}, "special token 1 is empty"),
        (1000, {"unit": "words"}, "unit"),
        (1000, {"limit_alphabet": 3}, 'limit_alphabet is an option for unit="chars"'),
        (1000, {"unit": "chars", "character_coverage": 1.5}, "character_coverage"),
        (1000, {"unit": "chars", "character_coverage": float("nan")}, "character_coverage"),
        (1000, {"tie_rule": "random"}, "no option"),
    ],
)
def test_contradictory_options(size: int, options: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        _native._train_bpe([(b"abc", 1)], size, options)


def test_bytes_that_are_no_text_have_no_characters() -> None:
    with pytest.raises(InputError, match="not UTF-8 from its byte 1 on"):
        _native._train_bpe([(b"a\xff", 1)], 100, {"unit": "chars"})


def test_counts_that_no_number_holds() -> None:
    with pytest.raises(InputError, match="2\\^64"):
        _native._train_bpe([(b"ab", 2**64 - 1), (b"ba", 1)], 300)


def test_affixes_that_look_like_characters() -> None:
    words = [(b"aab", 5), (b"ab", 3), (b"ba", 3)]
    options = {"unit": "chars", "continuing_subword_prefix": "a"}
    with pytest.raises(VocabularyError, match="affixes"):
        _native._train_bpe(words, 100, options)


def test_merges_do_not_make_byte_tokens() -> None:
    options = {"unit": "chars", "byte_fallback": True}
    tokens, merges, _, initial = _native._train_bpe([(b"<0x41>", 9)], 1000, options)
    assert initial == 256 + 6
    assert tokens.count(b"<0x41>") == 1
    assert merges[:, 2].min() >= initial


def test_rare_characters_go_to_bytes() -> None:
    options = {"unit": "chars", "byte_fallback": True, "character_coverage": 0.9}
    words = [(b"aab", 100), ("a日b".encode(), 1)]
    tokens, _, _, initial = _native._train_bpe(words, 1000, options)
    assert tokens[256:initial] == [b"a", b"b"]
    assert tokens[initial:] == [b"aa", b"aab"]  # `a日b` has no neighbours


@pytest.mark.parametrize("word", [b"a", b"ab", b"abc" * 7 + b"d", bytes(range(256))])
def test_an_endless_word(word: bytes) -> None:
    def cost(length: int) -> float:
        endless = word * (length // len(word))
        begun = time.process_time()
        tokens = _native._train_bpe([(endless, 1)], 400)[0]
        assert len(tokens) > 260
        return time.process_time() - begun

    assert cost(1_000_000) < 5


def test_an_endless_random_word() -> None:
    word = np.random.default_rng(0).integers(97, 123, 1_000_000, dtype=np.uint8).tobytes()
    begun = time.process_time()
    tokens, _, counts, _ = _native._train_bpe([(word, 3)], 5000)
    assert len(tokens) == 5000
    assert (np.diff(counts.astype(np.int64)) <= 0).all()
    assert time.process_time() - begun < 20


def test_merges_of_no_tokens() -> None:
    tokens = _native._train_bpe([], 256)[0]
    with pytest.raises(VocabularyError, match="merge 0 is of the ids 1, 2 and 999"):
        _native._extend_bpe(tokens, [(1, 2, 999)], [(b"ab", 1)], 300)
    with pytest.raises(InputError, match="vocab_size is 10"):
        _native._extend_bpe(tokens, [], [(b"ab", 1)], 10)


def test_progress_can_stop_the_work() -> None:
    word = np.random.default_rng(0).integers(97, 123, 2_000_000, dtype=np.uint8).tobytes()

    def stop(*report: object) -> None:
        assert report[1:] == (30_000, "merges")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _native._train_bpe([(word, 1)], 30_000, None, stop)
