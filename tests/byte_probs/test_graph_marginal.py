"""The probability of a text over all tokenizations is estimated as well as the estimate says."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

import toksmith as ts
from byte_probs.graph_oracle import tokenizations, unigram
from toksmith.byte_probs import TokenGraph

TEXT = b"abaabbabaaba"


def bigram(seed: int, spread: float = 1.0) -> Callable[[ts.Batch], NDArray[np.float64]]:
    """A random model in which each token depends on the one before it."""
    logits = np.random.default_rng(seed).normal(0, spread, (10, 10))
    logprobs = logits - np.log(np.exp(logits).sum(1, keepdims=True))

    def score(batch: ts.Batch) -> NDArray[np.float64]:
        rows = ([0, *row.tolist()] for row in batch)
        return np.array([logprobs[row[:-1], row[1:]].sum() for row in rows])

    return score


@pytest.mark.parametrize("seed", range(4))
def test_estimates_are_within_their_standard_error(seed: int) -> None:
    tok, tokens = unigram("closed under pieces")
    graph, score = TokenGraph(tok, TEXT), bigram(seed, 0.4)
    weights = np.random.default_rng(seed).normal(-2, 0.3, 10)
    scores = score(ts.Batch.from_rows(tokenizations(tokens, TEXT)))
    truth = math.log(math.fsum(np.exp(scores)))
    ratios = []
    for draw in range(200):
        found = graph.marginal_logprob(score, 400, 1000 * seed + draw, weights)
        assert not found.exact
        assert 1 <= found.effective <= 400
        ratios.append((found.prob - math.exp(truth)) / found.prob_stderr)
        assert abs(found.logprob - truth) < 6 * found.stderr
    # Standard scores: mean 0 and deviation 1.
    assert abs(np.mean(ratios)) < 0.35
    assert 0.8 < np.std(ratios) < 1.4


@pytest.mark.parametrize("seed", range(4))
def test_the_estimate_of_the_probability_has_no_bias(seed: int) -> None:
    tok, tokens = unigram("closed under pieces")
    graph, score = TokenGraph(tok, TEXT), bigram(seed, 1.5)
    probs = np.exp(score(ts.Batch.from_rows(tokenizations(tokens, TEXT))))
    truth = math.fsum(probs)
    # Of one weight, from all of them: draws are uniform.
    variance = len(probs) * math.fsum(probs**2) - truth**2
    found = [graph.marginal_logprob(score, 400, draw).prob for draw in range(500)]
    error = math.sqrt(variance / (500 * 400))
    assert abs(math.fsum(found) / 500 - truth) < 4 * error
    assert error < truth / 20


def test_an_exact_sum_scores_every_tokenization_once() -> None:
    tok, tokens = unigram("closed under pieces")
    graph, score, seen = TokenGraph(tok, TEXT), bigram(1), []

    def watched(batch: ts.Batch) -> NDArray[np.float64]:
        seen.extend(batch.tolist())
        return score(batch)

    every = tokenizations(tokens, TEXT)
    found = graph.marginal_logprob(watched, 10, 0, exact=len(every))
    assert [tuple(row) for row in seen] == every
    truth = math.log(math.fsum(np.exp(score(ts.Batch.from_rows(every)))))
    assert found.logprob == pytest.approx(truth, rel=1e-14)
    assert (found.exact, found.stderr, found.samples) == (True, 0.0, len(every))
    assert not graph.marginal_logprob(score, 10, 0, exact=len(every) - 1).exact


def test_a_proposal_that_is_the_model_has_no_error() -> None:
    tok, _ = unigram("runs")
    weights = np.random.default_rng(5).normal(-1, 1, 10)
    graph = TokenGraph(tok, TEXT)

    def score(batch: ts.Batch) -> list[float]:
        return [min(float(weights[row].sum()) - 30, 0.0) for row in batch]

    found = graph.marginal_logprob(score, 50, 0, weights)
    assert found.logprob == pytest.approx(graph.log_total(weights) - 30)
    assert found.stderr < 1e-12
    assert found.effective == pytest.approx(50)


def test_a_row_drawn_twice_is_scored_once() -> None:
    tok, _ = unigram("closed under pieces")
    sizes = []

    def score(batch: ts.Batch) -> NDArray[np.float64]:
        assert len({tuple(row) for row in batch.tolist()}) == len(batch)
        sizes.append(len(batch))
        return np.full(len(batch), -1.0)

    graph = TokenGraph(tok, b"abab")
    found = graph.marginal_logprob(score, 1000, 0)
    assert sizes == [graph.count()]
    assert found.logprob == pytest.approx(math.log(graph.count()) - 1)


def test_scores_that_are_no_log_probabilities_are_refused() -> None:
    tok, _ = unigram("closed under pieces")
    graph = TokenGraph(tok, b"abab")
    for bad in (0.5, float("nan"), float("inf")):
        with pytest.raises(ts.InputError, match="log-prob"):
            graph.marginal_logprob(lambda batch: [bad] * len(batch), 5, 0)  # noqa: B023
    with pytest.raises(ts.InputError, match="shape"):
        graph.marginal_logprob(lambda _: [-1.0], 50, 0)
    with pytest.raises(ts.InputError):
        graph.marginal_logprob(lambda batch: [-1.0] * len(batch), 0, 0)
    none = graph.marginal_logprob(lambda batch: [-float("inf")] * len(batch), 5, 0)
    assert (none.logprob, none.prob) == (-float("inf"), 0.0)
    assert graph.marginal_logprob(lambda batch: [-1.0] * len(batch), 1, 0).stderr == math.inf
