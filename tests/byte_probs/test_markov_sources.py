"""Of a source whose every probability is known, all three laws give the truth.

Naive prompting and one-token healing do not: `bench/byte_prompts.py` prints by how much.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

from byte_probs import states
from byte_probs.prompts import healed, naive
from byte_probs.sources import Markov, induced
from byte_probs.toys import Toy, toys
from testdata import FULL
from toksmith.byte_probs import Target

LENGTH = 8 if FULL else 6
TOYS = {toy.name: toy for toy in toys(LENGTH)}
PROMPTS = 200 if FULL else 40


def prompts(source: Markov, count: int, seed: int) -> list[bytes]:
    """Beginnings of texts, cut at every byte."""
    whole = sorted(source.texts().items())
    cuts = {b"".join(text)[:at] for text, _ in whole for at in range(len(b"".join(text)) + 1)}
    return random.Random(seed).sample(sorted(cuts), min(count, len(cuts)))


def source_of(toy: Toy, order: int, seed: int) -> Markov:
    return Markov(toy.letters, order, LENGTH, seed, toy.may_follow)


@pytest.mark.parametrize("target", ["canonical", "joint", "all"])
@pytest.mark.parametrize("name", TOYS)
def test_next_bytes_are_the_sources_own(name: str, target: Target) -> None:
    toy = TOYS[name]
    width = states.width(toy.tokens)
    for order in (1, 3):
        source = source_of(toy, order, seed=order)
        model = induced(source, toy.tokens, toy.end)
        for prompt in prompts(source, PROMPTS, order):
            state = states.make(toy, target)
            state.push(prompt)
            found = states.with_one_end(states.symbols(state, model, width))
            np.testing.assert_allclose(found, source.following(prompt), atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", TOYS)
def test_the_probability_of_a_text_is_the_sources_own(name: str) -> None:
    toy = TOYS[name]
    width = states.width(toy.tokens)
    source = source_of(toy, 2, seed=5)
    model = induced(source, toy.tokens, toy.end)
    whole = sorted(source.texts().items())
    for text, mass in random.Random(3).sample(whole, min(10, len(whole))):
        state = states.make(toy, "canonical")
        state.push(b"".join(text))
        states.feed(state, model, width, total=True)
        assert np.exp(state.logprob()) == pytest.approx(mass, rel=1e-12)


def test_naive_prompting_and_one_token_healing_are_wrong() -> None:
    errors = {"naive": [0.0], "healed": [0.0]}
    for toy in TOYS.values():
        source = source_of(toy, 2, seed=1)
        model = induced(source, toy.tokens, toy.end)
        for prompt in prompts(source, PROMPTS, 1):
            truth = np.array(source.following(prompt))
            for name, way in (("naive", naive), ("healed", healed)):
                found = way(toy.tokens, model, prompt)
                errors[name].append(float(np.abs(found - truth).max()))
    assert max(errors["naive"]) > 0.5
    assert max(errors["healed"]) > 0.3
