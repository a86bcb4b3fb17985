"""Less-is-Better learns the lexicon of the slow, literal form, for the same seed.

The published corpus (child-directed speech without spaces) is not at hand: the texts are made from
random words, or are lines of the test data, with their spaces taken out.
"""

from __future__ import annotations

import random
from dataclasses import asdict
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import testdata
from toksmith import _native
from train import oracle_lib


def learned(texts: list[list[str]], options: oracle_lib.Settings) -> list[str]:
    return _native._train_lib(texts, progress=None, **asdict(options))


def babble(seed: int, documents: int, sentences: int) -> list[list[str]]:
    """Sentences of words of syllables, without spaces."""
    draw = random.Random(seed)
    syllables = [a + b for a in "bdgklmnst" for b in "aeiou"]
    words = ["".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(80)]
    weights = [1 / rank for rank in range(1, 81)]

    def sentence() -> str:
        return "".join(draw.choices(words, weights, k=draw.randint(1, 7)))

    return [[sentence() for _ in range(sentences)] for _ in range(documents)]


@pytest.mark.parametrize("seed", [0, 1, (1 << 64) - 1])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"memory_in": 1.0, "life": 2},
        {"memory_out": 0.3, "update_rate": 0.5},
        {"max_length": 5, "max_gap": 3, "max_size": 60},
        {"lookahead": 3, "update_rate": 0.0},
    ],
    ids=str,
)
def test_same_seed_same_lexicon(seed: int, changes: dict[str, float]) -> None:
    texts = babble(seed, 15, 12)
    options = oracle_lib.Settings(documents=60, seed=seed, **changes)  # type: ignore[arg-type]
    expected = oracle_lib.train(texts, options)
    assert len(expected) > 20
    assert learned(texts, options) == expected


@pytest.mark.parametrize("language", ["eng", "jpn"])
def test_same_seed_same_lexicon_on_real_text(language: str) -> None:
    lines = ["".join(line.split()) for line in islice(testdata.language(language), 300)]
    texts = [lines[at : at + 10] for at in range(0, len(lines), 10)]
    options = oracle_lib.Settings(documents=45, seed=5)
    assert learned(texts, options) == oracle_lib.train(texts, options)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.text("abcé水", max_size=30), max_size=5), max_size=4),
    st.integers(0, 30),
    st.integers(0, 9),
)
def test_same_seed_same_lexicon_on_any_text(
    texts: list[list[str]], documents: int, seed: int
) -> None:
    options = oracle_lib.Settings(documents=documents, memory_in=0.7, life=3, seed=seed)
    assert learned(texts, options) == oracle_lib.train(texts, options)
