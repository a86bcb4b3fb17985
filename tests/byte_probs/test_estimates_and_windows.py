"""All tokenizations: drawn, and counted within a window, against sums over each."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

import toksmith as ts
from byte_probs.random_rows import RandomRows
from byte_probs.toys import Toy, toys
from toksmith.byte_probs import ByteLM, ByteState, estimate

TOYS = {toy.name: toy for toy in toys(5)}
SOME = ["byte BPE 0", "byte BPE, three letters", "byte BPE behind GPT-2's pattern, three specials"]


def covers(toy: Toy, text: bytes) -> Iterator[tuple[int, ...]]:
    """Every token sequence that covers a text, its last token needed."""
    stack: list[tuple[tuple[int, ...], bytes]] = [((), text)]
    while stack:
        ids, rest = stack.pop()
        for token, spelled in toy.tokens.spelled.items():
            if spelled.startswith(rest):
                yield (*ids, token)
            elif rest.startswith(spelled):
                stack.append(((*ids, token), rest[len(spelled) :]))


def logprob(rows: RandomRows, ids: tuple[int, ...]) -> float:
    """Of a token sequence."""
    total = 0.0
    for at, token in enumerate(ids):
        row = rows.row(ids[:at])
        total += row[token] - np.logaddexp.reduce(row)
    return float(total)


def test_small_texts_have_the_sum_of_their_covers() -> None:
    toy = TOYS["byte BPE 0"]
    rows = RandomRows(len(toy.tokenizer), seed=3)
    lm = ByteLM(toy.tokenizer, rows, prefix=[], target="all")
    for text in (b"a", b"ab", b"bab", b"abba"):
        want = math.log(math.fsum(math.exp(logprob(rows, ids)) for ids in covers(toy, text)))
        assert lm.logprob(text) == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("name", SOME)
def test_an_estimate_is_off_by_its_standard_error(name: str) -> None:
    toy = TOYS[name]
    rows = RandomRows(len(toy.tokenizer), seed=5, scale=1.0)
    lm = ByteLM(toy.tokenizer, rows, prefix=[], target="all", keep_rows=4096)
    text = b"".join(toy.letters[at % len(toy.letters)] for at in (0, 1, 1, 0, 0, 1))
    exact = lm.logprob(text)
    scores = []
    for seed in range(40):
        found = estimate(lm, text, 200, seed)
        scores.append((math.exp(found.logprob - exact) - 1) / (found.stderr or math.inf))
        assert 1 <= found.effective <= 200
        assert not found.exact
    # The mean of 40 standard scores deviates by a sixth.
    assert abs(np.mean(scores)) < 0.8
    assert 0.6 < np.std(scores) < 1.7
    assert estimate(lm, text, 50, 1) == estimate(lm, text, 50, 1)


def test_what_cannot_be_has_probability_zero() -> None:
    toy = TOYS["byte BPE 0"]
    row = np.full(len(toy.tokenizer), -np.inf)
    row[toy.tokenizer.token_id(b"a")] = 0.0
    lm = ByteLM(toy.tokenizer, lambda contexts: np.array([row] * len(contexts)), prefix=[])
    assert estimate(lm, b"ab", 5, 1).logprob == -math.inf
    assert estimate(lm, b"aa", 5, 1).logprob == 0.0
    assert estimate(lm, b"", 5, 1).logprob == 0.0
    with pytest.raises(ts.InputError, match="samples"):
        estimate(lm, b"a", 0, 1)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("window", [1, 2, 3, 50])
def test_a_window_is_all_sequences_that_are_canonical_before_it(name: str, window: int) -> None:
    toy = TOYS[name]
    rows = RandomRows(len(toy.tokenizer), seed=7)
    rules = toy.canonical(4)
    text = b"".join(toy.letters[at % len(toy.letters)] for at in (0, 1, 1, 0))
    state = ByteState(toy.tokenizer, "all", window=window)
    state.push(text)
    for context in state.pending(total=True):
        state.feed(context, rows.row(context.tokens))
    want = []
    for ids in covers(toy, text):
        end, kept = 0, 0
        for at, token in enumerate(ids[:-1]):
            end += len(toy.tokens.spelled[token])
            if end <= len(text) - window:
                kept = at + 1
        if ids[:kept] in rules.following or ids[:kept] in rules.whole:
            want.append(logprob(rows, ids))
    total = math.log(math.fsum(math.exp(one) for one in want))
    assert state.logprob() == pytest.approx(total, abs=1e-11)
    if window == 50:
        free = ByteState(toy.tokenizer, "all")
        free.push(text)
        for context in free.pending(total=True):
            free.feed(context, rows.row(context.tokens))
        assert free.logprob() == pytest.approx(total, abs=1e-11)
        np.testing.assert_allclose(state.next_byte(), free.next_byte(), rtol=0, atol=1e-11)


def test_more_contexts_than_allowed_are_refused() -> None:
    toy = TOYS["byte BPE 0"]
    state = ByteState(toy.tokenizer, "all", window=40, max_contexts=20)
    with pytest.raises(ts.InputError, match="max_contexts"):
        state.push(b"abab" * 6)
    assert state.text == b""
    with pytest.raises(ts.UnsupportedFeature, match="window"):
        ByteState(toy.tokenizer, "canonical", window=3)
