"""Ensembles combine next bytes as they say, whatever the members' vocabularies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

import toksmith as ts
from byte_probs import states
from byte_probs.oracle import Model
from byte_probs.random_rows import RandomRows
from byte_probs.sources import Markov, induced
from byte_probs.toys import byte_bpe, random_merges
from toksmith.byte_probs import ByteLM, Contrast, Mean, Product, cross_entropy
from toksmith.byte_probs.ensemble import with_one_end

TEXT = " the cat sat on the mat, and the other cats sat with it; the heat that was there"


def lm(
    seed: int, size: int, specials: tuple[str, ...] = ("<|end|>",), scale: float = 2.0
) -> ByteLM:
    tok = ts.train.bpe([TEXT] * 3, size, like="gpt2", special_tokens=specials)
    return ByteLM(tok, RandomRows(len(tok), seed, scale), prefix=[0])


@pytest.fixture(scope="module")
def members() -> list[ByteLM]:
    return [lm(1, 270), lm(2, 300, ("<s>", "</s>", "<pad>")), lm(3, 285)]


PROMPTS = [b"", b" th", b" the ca", b" cats, and\n"]


def each(members: list[ByteLM], prompt: bytes) -> NDArray[np.float64]:
    return np.array([with_one_end(member.next_byte(prompt)) for member in members])


@pytest.mark.parametrize("prompt", PROMPTS)
def test_formulas(members: list[ByteLM], prompt: bytes) -> None:
    logs = each(members, prompt)
    mean = Mean(members, [1, 2, 5]).next_byte(prompt)
    np.testing.assert_allclose(np.exp(mean), np.array([1, 2, 5]) / 8 @ np.exp(logs), rtol=1e-12)
    product = np.exp([0.5, 1.0, 0.25] @ logs)
    found = Product(members, [0.5, 1, 0.25]).next_byte(prompt)
    np.testing.assert_allclose(np.exp(found), product / product.sum(), rtol=1e-11)
    moved = np.exp(logs[0] + 0.7 * (logs[1] - np.maximum(logs[2], math.log(1e-9))))
    base, expert, anti = members
    found = Contrast(base, expert, anti, 0.7).next_byte(prompt)
    np.testing.assert_allclose(np.exp(found), moved / moved.sum(), rtol=1e-11)
    for one in (Mean(members), Product(members), Contrast(base, expert, anti)):
        found = one.next_byte(prompt)
        assert found.shape == (257,)
        assert np.exp(found).sum() == pytest.approx(1, abs=1e-12)


def test_of_one_source_the_ensemble_is_the_source() -> None:
    """Two vocabularies, one truth: whatever is combined, it stays the truth."""
    letters = [b"a", b"b"]
    source = Markov(letters, 2, 6, seed=4)
    members: list[ByteLM] = []
    for seed in (1, 2):
        tok, tokens = byte_bpe(random_merges(["a", "b"], 5, 4, seed))
        model, width = induced(source, tokens, tokens.specials[-1]), len(tok)

        def forward(
            contexts: list[tuple[int, ...]], model: Model = model, width: int = width
        ) -> NDArray[np.float64]:
            return np.array([states.row(model, context[1:], width) for context in contexts])

        members.append(ByteLM(tok, forward, prefix=[states.BOS]))
    for prompt in (b"", b"a", b"abb", b"babab", b"aaaaaa"):
        truth = source.following(prompt)
        for one in (Mean(members, [1, 3]), Product(members), Mean([Mean(members), members[0]])):
            np.testing.assert_allclose(np.exp(one.next_byte(prompt)), truth, atol=1e-12)
    # One model's text under another: there is nothing between them.
    crossed = cross_entropy(members[0], members[1], samples=8, seed=0)
    assert crossed.divergence == pytest.approx(0, abs=1e-9)
    assert crossed.judge.bits_per_byte == pytest.approx(crossed.author.bits_per_byte)
    assert all(len(text) == 6 for text in crossed.texts)


def test_texts_generated_and_scored(members: list[ByteLM]) -> None:
    mean = Mean(members)
    one = mean.generate(b" the", 15, seed=1)
    assert mean.generate(b" the", 15, seed=1) == one
    assert mean.generate_batch([b" the", b" ca"], 15, seed=1)[0] == one
    total, state = 0.0, mean.state(b" the")
    for byte in one.data:
        total += float(state.next_byte()[byte])
        state.push(byte)
    assert mean.logprob(one.data, b" the") == pytest.approx(total, rel=1e-12)
    score = mean.score(TEXT)
    assert score.n_bytes == len(TEXT)
    # The mean is at most the number of models worse than its best member at each byte.
    best = max(member.logprob(TEXT) for member in members)
    assert score.logprob >= best - len(TEXT) * math.log(3)


def test_a_text_followed_and_taken_back(members: list[ByteLM]) -> None:
    mean = Mean(members)
    state = mean.state(b" the ca")
    before = state.next_byte()
    other = state.fork()
    other.push(b"t sat")
    state.push(b"ts")
    state.rollback(2)
    np.testing.assert_allclose(state.next_byte(), before, rtol=1e-12)
    assert (state.text, other.text) == (b" the ca", b" the cat sat")


def test_what_cannot_be_combined_is_refused(members: list[ByteLM]) -> None:
    for bad in ([1, 2], [0, 0, 0], [1, -1, 1], [1, math.nan, 1]):
        with pytest.raises(ts.InputError, match="weights"):
            Mean(members, bad)
    with pytest.raises(ts.InputError):
        Mean([])
    with pytest.raises(ts.InputError, match="alpha"):
        Contrast(members[0], members[1], members[2], alpha=-1)
    with pytest.raises(ts.InputError, match="state of an ensemble"):
        Mean(members).next_bytes([members[0].state()])


def test_one_models_text_under_another(members: list[ByteLM]) -> None:
    crossed = cross_entropy(members[0], members[1], " the", samples=12, max_bytes=8, seed=3)
    assert crossed.divergence > -crossed.stderr
    assert crossed.judge.n_bytes == crossed.author.n_bytes == sum(map(len, crossed.texts))
    assert cross_entropy(members[0], members[0], samples=3, max_bytes=5, seed=1).divergence == 0
