"""Promise: samples have sentencepiece's distribution, and are the same for the same seed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import toksmith.compat.sentencepiece
from chi_square import assert_alike_in_one_of_three
from compat.sentencepiece_pairs import pair

ours: Any = toksmith.compat.sentencepiece

DRAWS = 4_000
CASES = [
    ("unigram", {"nbest_size": -1, "alpha": 0.1}),
    ("unigram", {"nbest_size": -1, "alpha": 0.7}),
    ("unigram", {"nbest_size": 4, "alpha": 0.3}),
    ("unigram, bytes", {"nbest_size": 64, "alpha": 0.2}),
    ("unigram, own symbols", {"nbest_size": -1, "alpha": 0.4}),
    ("bpe", {"alpha": 0.1}),
    ("bpe", {"alpha": 0.6}),
    ("bpe, bytes", {"alpha": 0.3}),
]


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
@pytest.mark.parametrize("text", ["hello", "the \u263a"])
def test_distribution(name: str, options: dict[str, Any], text: str) -> None:
    def draw(attempt: int) -> tuple[Counter[Any], Counter[Any]]:
        ours.set_random_generator_seed(11 + attempt)
        rows = [sp.encode([text] * DRAWS, enable_sampling=True, **options) for sp in pair(name)]
        return Counter(map(tuple, rows[0])), Counter(map(tuple, rows[1]))

    assert_alike_in_one_of_three(draw)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_a_seed_gives_the_same_on_any_number_of_threads(name: str, options: dict[str, Any]) -> None:
    mine, _ = pair(name)
    texts = ["the hello, hello " * 20] * 400
    found = []
    for threads in (1, 2, 2):
        ours.set_random_generator_seed(5)
        found.append(mine.encode(texts, enable_sampling=True, num_threads=threads, **options))
    assert found[0] == found[1] == found[2]
    assert len(set(map(tuple, found[0]))) > 3
    ours.set_random_generator_seed(6)
    assert mine.encode(texts, enable_sampling=True, **options) != found[0]


def test_samples_in_every_form_decode_to_the_text() -> None:
    mine, _ = pair("unigram")
    for call in (
        mine.sample_encode_as_ids,
        mine.sample_encode_as_pieces,
        mine.sample_encode_as_numpy,
    ):
        assert mine.decode(call("the hello", -1, 0.2)) == "the hello"
