"""A `ByteLM` says what its state says, asks for rows in batches, and draws from what it says."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest

import toksmith as ts
from byte_probs.random_rows import RandomRows
from toksmith.byte_probs import ByteLM, ByteState, Cover

TEXT = " the cat sat on the mat, and the other cats sat with it; the heat that was there"


@pytest.fixture(scope="module")
def tok() -> ts.Tokenizer:
    return ts.train.bpe([TEXT] * 3, vocab_size=300, like="gpt2", special_tokens=["<|end|>"])


@pytest.fixture
def lm(tok: ts.Tokenizer) -> ByteLM:
    return ByteLM(tok, RandomRows(len(tok)), prefix=[0])


def by_hand(tok: ts.Tokenizer, prompt: bytes) -> ByteState:
    """A state with the same rows, fed one by one."""
    state, rows = ByteState(tok, prefix=[0]), RandomRows(len(tok))
    state.push(prompt)
    for context in state.pending(total=True):
        state.feed(context, rows.row(context.tokens))
    return state


@pytest.mark.parametrize("prompt", [b"", b" th", b" the ca", b"\xe2\x82", b" cats, and\n"])
def test_next_bytes_are_those_of_the_state(tok: ts.Tokenizer, lm: ByteLM, prompt: bytes) -> None:
    found = lm.next_byte(prompt)
    np.testing.assert_allclose(found, by_hand(tok, prompt).next_byte(), rtol=1e-12)
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-12)


def test_probabilities_of_texts_are_those_of_their_bytes(tok: ts.Tokenizer, lm: ByteLM) -> None:
    given, data = b" the ca", b"ts sat wi"
    state, total = lm.state(given), 0.0
    for byte in data:
        total += float(state.next_byte()[byte])
        state.push(byte)
    assert lm.logprob(data, given) == pytest.approx(total, rel=1e-11)
    want = by_hand(tok, given + data).logprob() - by_hand(tok, given).logprob()
    assert lm.logprob(data, given) == pytest.approx(want, rel=1e-12)
    assert state.logprob() == pytest.approx(by_hand(tok, given + data).logprob(), rel=1e-12)
    ended = total + float(state.next_byte()[256])
    assert lm.logprob(data, given, end=True) == pytest.approx(ended, rel=1e-11)


def test_bits_per_byte(lm: ByteLM) -> None:
    data = TEXT.encode()
    score = lm.score(data, end=True)
    assert score.n_bytes == len(data)
    assert score.logprob == pytest.approx(lm.logprob(data, end=True))
    assert score.bits_per_byte == pytest.approx(-score.logprob / math.log(2) / len(data))
    both = lm.score([data, " the heat"])
    assert both.logprob == pytest.approx(lm.logprob(data) + lm.logprob(" the heat"))
    # Canonical rows are restricted and scaled up, so that no text is less probable for it.
    assert lm.score(data, target="joint").logprob <= lm.score(data).logprob


def test_rows_are_asked_for_in_batches_and_once(tok: ts.Tokenizer) -> None:
    rows = RandomRows(len(tok))
    lm = ByteLM(tok, rows, prefix=[0])
    lm.next_byte(b" the ca")
    assert len(rows.calls) == 1
    lm.next_byte(b" the ca")
    assert len(rows.calls) == 1
    lm.generate_batch([b" th", b" the c", b" sa"], 1, seed=1)
    assert len(rows.calls) == 2
    small = RandomRows(len(tok))
    ByteLM(tok, small, prefix=[0], max_batch=2).logprob(TEXT)
    assert max(small.calls) == 2


def test_the_same_seed_writes_the_same(lm: ByteLM) -> None:
    for mode in ("bytes", "tokens"):
        one = lm.generate(b" th", 20, seed=5, mode=mode)
        assert lm.generate(b" th", 20, seed=5, mode=mode) == one or math.isnan(one.logprob)
        assert lm.generate(b" th", 20, seed=5, mode=mode).data == one.data
        batch = lm.generate_batch([b" th", b" the c"], 20, seed=5, mode=mode)
        assert batch[0].data == one.data
        assert len({lm.generate(b" th", 20, seed=seed, mode=mode).data for seed in range(9)}) > 3


def test_what_is_written_has_the_probability_it_says(lm: ByteLM) -> None:
    for seed in range(6):
        one = lm.generate(b" th", 12, seed=seed, temperature=0.7)
        ended = one.reason == "end"
        assert one.logprob == pytest.approx(lm.logprob(one.data, b" th", end=ended), rel=1e-9)


def test_temperature_zero_takes_the_most_probable_byte(lm: ByteLM) -> None:
    one = lm.generate(b" the", 10, temperature=0)
    state = lm.state(b" the")
    for byte in one.data:
        assert byte == int(state.next_byte().argmax())
        state.push(byte)


@pytest.mark.parametrize(("prompt", "scale"), [(b" th", 1.0), (b" o", 2.0)])
@pytest.mark.parametrize("mode", ["bytes", "tokens"])
def test_draws_are_from_the_distribution(
    tok: ts.Tokenizer, prompt: bytes, scale: float, mode: Literal["bytes", "tokens"]
) -> None:
    """The first byte of many."""
    lm, many = ByteLM(tok, RandomRows(len(tok), scale=scale), prefix=[0]), 4000
    probs = np.exp(lm.next_byte(prompt))
    assert 0.1 < probs.max() < 0.9
    counts = np.zeros(257)
    for one in lm.generate_batch([prompt] * many, 1, seed=3, mode=mode):
        counts[one.data[0] if one.data else 256] += 1
    assert np.abs(counts / many - probs).sum() / 2 < 0.06


def test_a_nucleus_is_the_fewest_bytes_that_have_the_probability(tok: ts.Tokenizer) -> None:
    lm = ByteLM(tok, RandomRows(len(tok), scale=2.0), prefix=[0])
    probs = np.exp(lm.next_byte(b" o"))
    order = np.argsort(-probs)
    nucleus = order[: int(np.searchsorted(np.cumsum(probs[order]), 0.6)) + 1]
    assert len(nucleus) > 3
    found = lm.generate_batch([b" o"] * 1000, 1, seed=4, top_p=0.6)
    assert {one.data[0] for one in found} == set(nucleus.tolist())


def test_stop_strings_end_the_text_without_themselves(lm: ByteLM) -> None:
    for mode in ("bytes", "tokens"):
        whole = lm.generate(b" the", 40, seed=11, mode=mode).data
        stop = whole[5:7]
        one = lm.generate(b" the", 40, seed=11, mode=mode, stop=[b"never, never", stop])
        assert one.data == whole[: whole.index(stop)]
        assert (one.reason, one.stop) == ("stop", stop)


def test_token_mode_covers_the_prompt_and_goes_on(tok: ts.Tokenizer, lm: ByteLM) -> None:
    one = lm.generate(b" the c", 30, seed=2, mode="tokens")
    assert len(one.data) <= 30
    assert math.isnan(one.logprob)
    state = lm.state(b" the c")
    state.push(one.data[:1])
    lm.feed([state.inner])
    assert any(one.data[1:].startswith(cover.extra[:29]) for cover in state.inner.covers())
    ends = ByteLM(tok, lambda contexts: np.eye(len(tok))[[0] * len(contexts)] * 60, prefix=[0])
    assert ends.generate(b" the ", mode="tokens", temperature=0).reason in ("end", "length")


def test_covers_are_drawn_in_token_mode(tok: ts.Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = ByteLM(tok, RandomRows(len(tok), scale=1.0), prefix=[0])
    drawn, finish = [], ByteState.finish

    def noted(state: ByteState, seed: int | None = None) -> Cover:
        cover = finish(state, seed)
        drawn.append((state.text, cover.tokens))
        return cover

    monkeypatch.setattr(ByteState, "finish", noted)
    lm.generate_batch([b" t"] * 300, 1, seed=1, mode="tokens")
    assert len(set(drawn)) > len({text for text, _ in drawn})
    del drawn[:]
    lm.generate_batch([b" t"] * 9, 1, temperature=0, mode="tokens")
    assert len(set(drawn)) == 1
    beam = ByteLM(tok, RandomRows(len(tok), scale=1.0), prefix=[0], target="all", beam=4)
    assert len(beam.generate(b" the c", 9, seed=1, mode="tokens").data) <= 9


def test_the_law_of_all_tokenizations_with_a_beam(tok: ts.Tokenizer) -> None:
    rows = RandomRows(len(tok), scale=1.0)
    whole = ByteLM(tok, rows, prefix=[0], target="all")
    beam = ByteLM(tok, rows, prefix=[0], target="all", beam=200)
    assert beam.logprob(b" the") == pytest.approx(whole.logprob(b" the"), rel=1e-9)
    narrow = ByteLM(tok, rows, prefix=[0], target="all", beam=3)
    assert narrow.logprob(b" the cat") < whole.logprob(b" the cat")
    assert whole.logprob(b" the cat") > whole.under("joint").logprob(b" the cat")


def test_a_model_that_gives_too_few_rows_is_refused(tok: ts.Tokenizer) -> None:
    lm = ByteLM(tok, lambda contexts: np.zeros((len(contexts) + 1, len(tok))), prefix=[0])
    with pytest.raises(ts.InputError, match="rows for"):
        lm.next_byte(b" th")


@pytest.mark.parametrize(
    "options",
    [{"temperature": -1}, {"top_p": 0}, {"top_p": 1.5}, {"stop": b"x"}, {"stop": [b""]},
     {"seed": -1}, {"max_bytes": -1}, {"mode": "words"}],
)  # fmt: skip
def test_options_out_of_range_are_refused(lm: ByteLM, options: dict[str, object]) -> None:
    with pytest.raises(ts.InputError):
        lm.generate(b" th", **options)  # type: ignore[arg-type]
