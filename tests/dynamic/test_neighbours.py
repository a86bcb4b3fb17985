"""The index finds the tokens of the highest logits: exactly, or as many of them as it says."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from toksmith import InputError, UnsupportedFeature, VocabularyError
from toksmith.dynamic import NeighbourIndex, neighbours

Floats = NDArray[np.float32]


def vocabulary(n: int, d: int, queries: int) -> tuple[Floats, Floats, Floats]:
    """Clustered embeddings of very different norms, biases, hidden states."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(30, d))
    rows = centres[rng.integers(30, size=n)] + 0.7 * rng.normal(size=(n, d))
    states = rows[rng.integers(n, size=queries)] + 0.8 * rng.normal(size=(queries, d))
    rows *= np.exp(0.6 * rng.normal(size=(n, 1)))
    return rows.astype(np.float32), rng.normal(size=n).astype(np.float32), states.astype(np.float32)


def plain(rows: Floats, bias: Floats, states: Floats, k: int) -> NDArray[np.int64]:
    """The best ids, by sorting everything."""
    scores = states.astype(np.float64) @ rows.astype(np.float64).T + bias
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("block", [1 << 22, 1000])
def test_exact_search_sorts_everything(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK", block)
    rows, bias, states = vocabulary(700, 16, 70)
    index = NeighbourIndex(rows, bias, exact=True)
    for k in (1, 7, 700):
        found = index.search(states, k)
        scores = np.take_along_axis(states @ rows.T + bias, found.ids, 1)
        np.testing.assert_allclose(found.scores, scores, rtol=1e-5, atol=1e-4)
        assert (np.diff(found.scores) <= 0).all()
    np.testing.assert_array_equal(index.search(states, 7).ids, plain(rows, bias, states, 7))


@pytest.mark.parametrize("block", [1 << 22, 8])
def test_of_equal_scores_the_smaller_id_is_first(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK", block)
    rng = np.random.default_rng(2)
    rows = rng.integers(0, 3, (50, 2)).astype(np.float32)
    states = rng.integers(0, 3, (40, 2)).astype(np.float32)
    index = NeighbourIndex(rows, exact=True)
    for k in (1, 3, 20, 50):
        expected = plain(rows, np.zeros(50, np.float32), states, k)
        np.testing.assert_array_equal(index.search(states, k).ids, expected)


def test_recall_is_reported_and_high_where_norms_differ() -> None:
    pytest.importorskip("usearch")
    rows, bias, states = vocabulary(3000, 24, 60)
    index = NeighbourIndex(rows, bias)
    found = index.search(states, 10)
    truth = plain(rows, bias, states, 10)
    shares = [len(np.intersect1d(*pair)) / 10 for pair in zip(found.ids, truth, strict=True)]
    report = index.recall(states, 10)
    assert report.mean == pytest.approx(np.mean(shares), abs=0.01)
    assert report.mean > 0.95
    assert report.best > 0.95
    assert (report.queries, report.k) == (60, 10)
    scores = np.take_along_axis(states @ rows.T + bias, found.ids, 1)
    np.testing.assert_allclose(found.scores, scores, rtol=1e-4, atol=1e-3)
    again = NeighbourIndex(rows, bias).search(states, 10, num_threads=2)
    np.testing.assert_array_equal(again.ids, found.ids)
    np.testing.assert_array_equal(index.search(states[:1], 10).ids, found.ids[:1])
    assert index.search(states[:0], 10).ids.shape == (0, 10)
    np.testing.assert_array_equal(index.search(states, 10, exact=True).ids, truth)


def test_all_tokens_can_be_asked_for() -> None:
    pytest.importorskip("usearch")
    rows, bias, states = vocabulary(40, 5, 3)
    index = NeighbourIndex(rows, bias, expansion_search=1)
    assert np.array_equal(np.sort(index.search(states, 40).ids), np.tile(np.arange(40), (3, 1)))


@pytest.mark.parametrize("exact", [False, True])
def test_a_slot_that_changes_hands_is_found_where_it_is_now(exact: bool) -> None:
    if not exact:
        pytest.importorskip("usearch")
    rows, bias, _ = vocabulary(500, 8, 1)
    states = np.eye(8, dtype=np.float32)
    index = NeighbourIndex(rows, bias, exact=exact)
    index.update([3, 499], 50 * states[:2], [1.0, 2.0])
    assert index.search(states[:2], 1).ids[:, 0].tolist() == [3, 499]
    assert index.embeddings is rows
    np.testing.assert_array_equal(rows[3], 50 * states[0])
    assert index.bias[499] == 2
    index.update([3], -50 * states[:1])
    assert index.search(states[:1], 1).ids[0, 0] != 3
    before = rows.copy()
    for wrong in ([500], [3, 3], [1, 2, 3]):
        with pytest.raises((InputError, VocabularyError)):
            index.update(wrong, states[:2])
    with pytest.raises(InputError, match="finite"):
        index.update([1], np.full((1, 8), np.nan))
    np.testing.assert_array_equal(rows, before)


def test_without_usearch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(UnsupportedFeature, match=r"toksmith\[index\]"):
        NeighbourIndex(np.eye(3))
    assert NeighbourIndex(np.eye(3), exact=True).exact


def test_wrong_arguments_are_errors() -> None:
    rows = np.eye(3, dtype=np.float32)
    index = NeighbourIndex(rows, exact=True)
    assert len(index) == 3
    for wrong in (rows[0], np.ones((1, 4)), np.full((1, 3), np.inf), "no", rows.astype(int)):
        with pytest.raises(InputError):
            index.search(wrong, 1)
    for k in (0, 4, "a"):
        with pytest.raises(InputError):
            index.search(rows, k)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        index.search(rows, 2, candidates=1)
    with pytest.raises(InputError, match="at least one query"):
        index.recall(rows[:0], 1)
    with pytest.raises(InputError, match="2 biases for 3"):
        NeighbourIndex(rows, [1.0, 2.0], exact=True)
    with pytest.raises(InputError, match="embedding 1 is not finite"):
        NeighbourIndex([[1.0], [np.inf]], exact=True)
    with pytest.raises(InputError, match="dtype"):
        NeighbourIndex(rows, exact=True, dtype="f8")
    rows.flags.writeable = False
    with pytest.raises(InputError, match="read-only"):
        NeighbourIndex(rows, exact=True).update([0], np.ones((1, 3)))
