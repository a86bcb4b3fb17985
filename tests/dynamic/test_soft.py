"""Promise: soft merging is what its papers state, keeps sizes and order, and can be put back."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import toksmith as ts
from dynamic import oracle_soft as oracle
from toksmith.dynamic import soft

KINDS: list[dict[str, Any]] = [
    {"kernel": kernel, "pairing": pairing, "margin": margin, "alpha": alpha}
    for kernel, pairing, (margin, alpha) in itertools.product(
        ("elu", "gauss"), ("alternate", "halves"), ((0.5, 1.0), (0.1, 0.3), (-0.4, 2.0))
    )
]


def vectors(seed: int, n: int, d: int, batch: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(batch, n, d))


def check(plan: soft.Plan, chosen: list[oracle.Chosen], x: Any, published: bool) -> None:
    sizes = np.random.default_rng(1).uniform(0.5, 3, x.shape[:2])
    got = plan.merge(x, sizes)
    for row, one in enumerate(chosen):
        means, total, place = oracle.merged(x[row], sizes[row], one, published)
        assert plan.map[row].tolist() == place.tolist()
        np.testing.assert_allclose(got.values[row], means, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(got.sizes[row], total, rtol=1e-12)
        firsts = [int(np.flatnonzero(place == at)[0]) for at in range(len(total))]
        assert plan.positions[row].tolist() == firsts


@pytest.mark.parametrize("order", ["keep", "published"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("window", [None, 1, 4, 1000])
@pytest.mark.parametrize("some", [False, True])
def test_bipartite_equals_the_paper(
    order: Any, causal: bool, window: int | None, some: bool
) -> None:
    for seed, (n, d) in enumerate([(2, 1), (3, 2), (16, 3), (31, 8), (64, 64), (101, 5)]):
        x = vectors(seed, n, d, batch=3)
        flags = np.random.default_rng(seed).random((3, n)) < 0.2 * some
        if some and seed % 2:
            flags[:, 0] = True
        for r in {0, 1, n // 8, n // 4}:
            most = min(oracle.mergeable(n, flags[row], window, causal) for row in range(3))
            options: dict[str, Any] = {"window": window, "causal": causal, "order": order}
            if r > most:
                with pytest.raises(ts.InputError, match="merged away"):
                    soft.bipartite(x, r, protected=flags, **options)
                continue
            plan = soft.bipartite(x, r, protected=flags, **options)
            chosen = [oracle.bipartite(x[row], r, flags[row], window, causal) for row in range(3)]
            if r == 0:
                assert plan.map.tolist() == [list(range(n))] * 3
                continue
            check(plan, chosen, x, order == "published")


@pytest.mark.parametrize("order", ["keep", "published"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("window", [None, 30])
@pytest.mark.parametrize("some", [False, True])
def test_energy_equals_the_paper(order: Any, causal: bool, window: int | None, some: bool) -> None:
    done = 0
    for (seed, (n, d)), kind in itertools.product(
        enumerate([(2, 1), (5, 3), (40, 6), (101, 32)]), KINDS
    ):
        x = vectors(seed, n, d, batch=2)
        flags = np.random.default_rng(seed).random((2, n)) < 0.2 * some
        for r in (1, n // 4):
            options: dict[str, Any] = {"window": window, "causal": causal, "order": order}
            try:
                plan = soft.energy(x, r, protected=flags, **kind, **options)
            except ts.InputError:
                continue
            chosen = [
                oracle.energy(
                    x[row], r, flags[row], window, causal, kind["margin"], kind["alpha"],
                    kind["kernel"] == "gauss", kind["pairing"] == "halves",
                ) for row in range(2)
            ]  # fmt: skip
            check(plan, chosen, x, order == "published")
            done += 1
    assert done > (0 if causal else 40)


@pytest.mark.parametrize("name", ["bipartite", "energy"])
def test_float32_differs_by_ties_alone(name: str) -> None:
    x = vectors(4, 150, 32, batch=2).astype(np.float32)
    call = getattr(soft, name)
    one, two = call(x, 40), call(x.astype(np.float64), 40)
    assert (one.map == two.map).mean() > 0.98
    assert one.merge(x).values.dtype == np.float32
    assert two.merge(x.astype(np.float64)).values.dtype == np.float64


@pytest.mark.parametrize("name", ["bipartite", "energy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sizes_are_conserved_and_unmerge_gives_group_means(name: str, dtype: Any) -> None:
    x = vectors(5, 90, 12, batch=3).astype(dtype)
    sizes: Any = None
    y, total = x, np.ones((3, 90))
    for r in (20, 15, 10):
        plan = getattr(soft, name)(y, r)
        merged = plan.merge(y, sizes)
        back = plan.unmerge(merged.values)
        assert back.shape == y.shape
        for row in range(3):
            for place in range(y.shape[1] - r):
                group = plan.map[row] == place
                mean = np.average(y[row][group].astype(float), axis=0, weights=total[row][group])
                want = np.tile(mean, (group.sum(), 1))
                np.testing.assert_allclose(back[row][group], want, rtol=2e-6, atol=1e-6)
        assert (np.diff(plan.positions) > 0).all()
        y, sizes = merged
        total = sizes
        np.testing.assert_allclose(
            (y * sizes[..., None]).sum(1), x.astype(float).sum(1), rtol=1e-5, atol=1e-4
        )
        np.testing.assert_allclose(sizes.sum(1), 90)


@pytest.mark.parametrize("name", ["bipartite", "energy"])
def test_nothing_merged_is_the_input(name: str) -> None:
    x = vectors(6, 9, 4, batch=2)
    plan = getattr(soft, name)(x, 0)
    merged = plan.merge(x)
    assert (merged.values == x).all()
    assert (merged.sizes == 1).all()
    assert (plan.unmerge(merged.values) == x).all()


@pytest.mark.parametrize("name", ["bipartite", "energy"])
def test_rows_and_threads_do_not_matter(name: str) -> None:
    x = vectors(7, 120, 16, batch=5).astype(np.float32)
    whole = getattr(soft, name)(x, 30, num_threads=1)
    again = getattr(soft, name)(x, 30, num_threads=4)
    assert (whole.map == again.map).all()
    assert (whole.merge(x, num_threads=4).values == whole.merge(x, num_threads=1).values).all()
    for row in range(5):
        alone = getattr(soft, name)(x[row : row + 1], 30)
        assert (alone.map[0] == whole.map[row]).all()


def test_protected_positions_stay_alone() -> None:
    x = vectors(8, 50, 4)
    flags = np.zeros(50, bool)
    flags[[0, 7, 20, 49]] = True
    for plan in (soft.bipartite(x, 15, protected=flags), soft.energy(x, 15, protected=flags)):
        for at in np.flatnonzero(flags):
            assert (plan.map[0] == plan.map[0, at]).sum() == 1


def test_causal_and_windowed_merges_keep_to_their_rule() -> None:
    x = vectors(9, 200, 8)
    plan = soft.bipartite(x, 40, window=6, causal=True)
    for place in range(160):
        group = np.flatnonzero(plan.map[0] == place)
        if len(group) > 1:
            assert group[0] % 2 == 1
            assert (group[1:] % 2 == 0).all()
            assert group[-1] - group[0] <= 6


def test_ties_take_the_first() -> None:
    x = np.ones((1, 12, 3))
    assert soft.bipartite(x, 4).map[0].tolist() == [0, 0, 0, 1, 0, 2, 0, 3, 4, 5, 6, 7]
    zeros = np.zeros((1, 12, 3))
    assert (soft.bipartite(zeros, 4).map == soft.bipartite(x, 4).map).all()


def test_arrays_of_every_kind() -> None:
    x = vectors(10, 20, 4).astype(np.float16)
    wide = x.astype(np.float32)
    right = soft.bipartite(wide, 5)
    assert (soft.bipartite(x, 5).map == right.map).all()
    assert (soft.bipartite(wide.tolist(), 5).map.shape) == (1, 20)
    assert (soft.bipartite(wide[:, ::-1][:, ::-1], 5).map == right.map).all()
    assert soft.bipartite(np.zeros((0, 8, 3)), 2).map.shape == (0, 8)
    assert soft.bipartite(np.zeros((2, 0, 3)), 0).merge(np.zeros((2, 0, 3))).values.shape == (
        2,
        0,
        3,
    )
    assert soft.bipartite(np.zeros((2, 4, 0)), 1).merge(np.zeros((2, 4, 0))).sizes.sum() == 8


NAN = np.full((1, 4, 2), np.nan)
ONES = np.ones((1, 4, 2))
any_soft: Any = soft
"""Without types, for arguments of wrong ones."""
WRONG: list[Any] = [
    lambda: any_soft.bipartite(NAN, 1),
    lambda: any_soft.energy(NAN, 0),
    lambda: any_soft.bipartite(ONES * np.inf, 1),
    lambda: any_soft.bipartite(ONES, 1).merge(NAN),
    lambda: any_soft.bipartite(ONES, 1).merge(np.ones((1, 5, 2))),
    lambda: any_soft.bipartite(ONES, 1).merge(np.ones((4, 2))),
    lambda: any_soft.bipartite(ONES, 1).merge(ONES, [[1, 1, 0, 1]]),
    lambda: any_soft.bipartite(ONES, 1).merge(ONES, [[1, 1, 1]]),
    lambda: any_soft.bipartite(ONES, 1).merge(ONES, [[1, 1, 1, math.nan]]),
    lambda: any_soft.bipartite(ONES, 1).unmerge(ONES),
    lambda: any_soft.bipartite(ONES, 3),
    lambda: any_soft.bipartite(ONES, -1),
    lambda: any_soft.bipartite(ONES, 1.5),
    lambda: any_soft.bipartite(ONES, 1, order="first"),
    lambda: any_soft.bipartite(ONES, 1, window=-1),
    lambda: any_soft.bipartite(ONES, 1, window=0),
    lambda: any_soft.bipartite(ONES, 1, protected=[1, 0, 0, 0]),
    lambda: any_soft.bipartite(ONES, 1, protected=[True]),
    lambda: any_soft.bipartite(ONES, 1, protected=[True] * 4),
    lambda: any_soft.bipartite(ONES, 1, num_threads=0),
    lambda: any_soft.bipartite(ONES.astype(int), 1),
    lambda: any_soft.bipartite("x", 1),
    lambda: any_soft.energy(ONES, 1, margin=math.nan),
    lambda: any_soft.energy(ONES, 1, alpha=-1),
    lambda: any_soft.energy(ONES, 1, kernel="gauss", margin=1),
    lambda: any_soft.energy(ONES, 1, kernel="cosine"),
    lambda: any_soft.energy(ONES, 1, pairing="odd"),
    lambda: any_soft.energy(ONES, 3),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_cannot_be_done_is_a_typed_error(number: int) -> None:
    with pytest.raises(ts.InputError):
        WRONG[number]()
