"""Sums, shares, draws and the best of weighted tokenizations are those of a list of all."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

import chi_square
from byte_probs.graph_oracle import VOCABULARIES, texts, tokenizations, unigram
from toksmith.byte_probs import TokenGraph
from vocabularies import embedded

KINDS = pytest.mark.parametrize("name", VOCABULARIES)
WEIGHTS = np.random.default_rng(0).normal(-1, 1.5, 10)
LONG = b"abaabbabaaba"


@KINDS
def test_totals_and_marginals_are_those_of_an_enumeration(name: str) -> None:
    tok, tokens = unigram(name)
    for text in texts(9):
        graph, total, shares = TokenGraph(tok, text), [], defaultdict(list)
        for ids in tokenizations(tokens, text):
            total.append(math.exp(math.fsum(WEIGHTS[list(ids)])))
            at = 0
            for number in ids:
                shares[at, at + len(tokens[number]), number].append(total[-1])
                at += len(tokens[number])
        due = math.fsum(total)
        assert math.exp(graph.log_total(WEIGHTS)) == pytest.approx(due, rel=1e-14, abs=0)
        assert math.exp(graph.log_total()) == pytest.approx(len(total), rel=1e-14, abs=0)
        if total:
            edges = zip(*(array.tolist() for array in graph.edges()), strict=True)
            for edge, share in zip(edges, graph.marginals(WEIGHTS), strict=True):
                assert share == pytest.approx(math.fsum(shares[edge]) / due, rel=1e-13, abs=0)
            mean = math.fsum(map(len, tokenizations(tokens, text))) / len(total)
            assert graph.marginals().sum() == pytest.approx(mean)


@KINDS
def test_the_best_are_the_first_of_a_sorted_enumeration(name: str) -> None:
    tok, tokens = unigram(name)
    quarters = np.round(WEIGHTS * 4) / 4  # sums of these are exact, and often equal
    quarters[2] = -math.inf
    for text in [*texts(7), LONG[:9]]:
        for weights in (WEIGHTS, quarters):
            every = tokenizations(tokens, text)
            if not every:
                continue
            # From the last token to the first, as it is specified.
            sums = [sum(weights[number] for number in reversed(ids)) for ids in every]
            order = sorted(range(len(every)), key=lambda at: -sums[at])
            order = [at for at in order if sums[at] > -math.inf]
            for k in (0, 1, 3, 1000):
                batch, scores = TokenGraph(tok, text).best(k, weights)
                rows = [tuple(row) for row in batch.tolist()]
                assert scores.tolist() == [sums[at] for at in order[:k]]
                assert scores.tolist() == [sums[every.index(row)] for row in rows]
                assert len(set(rows)) == len(rows)
                if weights is quarters:
                    assert rows == [every[at] for at in order[:k]]


@KINDS
@pytest.mark.parametrize("weighted", [False, True])
def test_draws_follow_the_weights(name: str, weighted: bool) -> None:
    tok, tokens = unigram(name)
    weights = WEIGHTS if weighted else None
    # Of the texts with a few hundred tokenizations, the one with most.
    counts = {text: TokenGraph(tok, text).count() for text in texts(10)}
    text = max(counts, key=lambda text: counts[text] if counts[text] < 300 else 0)
    assert counts[text] > 10
    every = tokenizations(tokens, text)
    masses = [math.exp(sum(WEIGHTS[list(ids)])) if weighted else 1.0 for ids in every]
    probs = dict(zip(every, (mass / math.fsum(masses) for mass in masses), strict=True))
    batch, logprobs = TokenGraph(tok, text).sample(20_000, 7, weights)
    drawn = [tuple(row) for row in batch.tolist()]
    chi_square.assert_follows(Counter(drawn), probs)
    np.testing.assert_allclose(np.exp(logprobs), [probs[ids] for ids in drawn], rtol=1e-12)


def test_a_draw_depends_on_the_seed_and_its_number_alone() -> None:
    graph = TokenGraph(embedded("cl100k_base"), "Tokenizations of a longer text, drawn at random.")
    batch, logprobs = graph.sample(500, 3, num_threads=1)
    for threads in (2, 3):
        again, same = graph.sample(500, 3, num_threads=threads)
        assert again == batch
        assert (same == logprobs).all()
    assert graph.sample(70, 3).batch == batch[:70]
    assert graph.sample(500, 4).batch != batch
    np.testing.assert_allclose(logprobs, -math.log(graph.count()), rtol=1e-14)
    assert all(row in graph for row in batch)


def test_long_texts_keep_their_digits() -> None:
    text = "All the weights of a long text leave the range of floating point numbers. " * 60
    graph = TokenGraph(embedded("gpt2"), text)
    assert graph.log_total() == pytest.approx(math.log(graph.count()), rel=1e-14)
    # The same weight a byte more on each token is the same on each tokenization.
    tok = embedded("gpt2")
    weights = np.array([0.3 * len(tok.token_bytes(number)) for number in range(len(tok))])
    total = graph.log_total() + 0.3 * len(text)
    assert graph.log_total(weights) == pytest.approx(total, rel=1e-13)
    starts, ends, _ = graph.edges()
    shares = graph.marginals(weights)
    crossing = np.zeros(len(text) + 1)
    np.add.at(crossing, starts, shares)
    np.add.at(crossing, ends, -shares)
    np.testing.assert_allclose(np.cumsum(crossing)[:-1], 1.0, rtol=1e-11)


def test_a_forbidden_token_is_in_none() -> None:
    tok, tokens = unigram("closed under pieces")
    weights = np.zeros(10)
    forbidden = next(number for number, spelling in tokens.items() if spelling == b"aba")
    weights[forbidden] = -math.inf
    graph = TokenGraph(tok, LONG)
    fewer = [ids for ids in tokenizations(tokens, LONG) if forbidden not in ids]
    assert round(math.exp(graph.log_total(weights))) == len(fewer)
    assert len(graph.best(10_000, weights).batch) == len(fewer)
    assert not (graph.sample(500, 1, weights).batch.ids == forbidden).any()
    assert (graph.marginals(weights)[graph.edges().ids == forbidden] == 0).all()
