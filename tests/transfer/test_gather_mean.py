"""Rows as weighted sums are those numpy computes in the same order, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

import toksmith as ts
from transfer.vocabs import made

Rule = ts.transfer.Rule
METHODS = ("model", "fewest", "minimal")


def plain(embeddings: np.ndarray, plan: ts.transfer.Plan) -> np.ndarray:
    rows = np.zeros((len(plan), embeddings.shape[1]), np.float32)
    for token in range(len(plan)):
        for one, weight in plan.sources(token):
            rows[token] += np.float32(weight) * embeddings[one].astype(np.float32)
    return rows


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("width", [1, 7, 64])
def test_equal_to_numpy(method: ts.transfer.Method, width: int) -> None:
    plan = ts.transfer.align(made("trained BPE"), made("trained byte-level BPE"), method=method)
    draw = np.random.default_rng(1)
    for kind in (np.float32, np.float16):
        embeddings = draw.normal(size=(len(plan.source), width)).astype(kind)
        found = ts.transfer.gather_mean(embeddings, plan)
        assert found.dtype == np.float32
        assert (found == plain(embeddings, plan)).all()
        for threads in (1, 3):
            again = ts.transfer.gather_mean(embeddings, plan, num_threads=threads)
            assert (found == again).all()
    bits = draw.integers(0, 0x7F00, (len(plan.source), width)).astype(np.uint16)
    numbers = (bits.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = plain(numbers, plan)
    found = ts.transfer.gather_mean(bits, plan, bits="bfloat16")
    assert np.array_equal(found, expected, equal_nan=True)


def test_copies_are_copies_and_rows_without_sources_are_zeroes() -> None:
    source = made("trained WordPiece")
    target = ts.transfer.canonical(made("trained Unigram").tokenizer, 700)
    plan = ts.transfer.align(source, target)
    embeddings = np.random.default_rng(2).normal(size=(len(source), 5)).astype(np.float32)
    rows = ts.transfer.gather_mean(embeddings, plan)
    exact = plan.where(Rule.EXACT)
    assert (rows[exact] == embeddings[plan.ids[plan.indptr[exact]]]).all()
    empty = plan.where(Rule.UNSPELLED, Rule.NEW, Rule.HOLE, Rule.PADDING)
    assert len(empty)
    assert not rows[empty].any()
    assert np.isfinite(rows).all()


def test_wrong_embeddings() -> None:
    plan = ts.transfer.align(made("trained BPE"), made("BERT"))
    good = np.zeros((len(plan.source), 3), np.float32)
    for wrong in (good[:-1], good[0], good.astype(np.float64), good.astype(np.int32)):
        with pytest.raises(ts.InputError):
            ts.transfer.gather_mean(wrong, plan)
    with pytest.raises(ts.InputError):
        ts.transfer.gather_mean(good, "plan")  # type: ignore[arg-type]
