"""Routing and de-chunking of whole sequences equal the same step by step, and plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import toksmith as ts
from toksmith import dynamic
from toksmith.dynamic import Dechunker, Patches, Router


def naive_probs(queries: NDArray[Any], keys: NDArray[Any], ends: list[int]) -> NDArray[np.float64]:
    """Position by position, in float64."""
    probs = np.ones(len(keys))
    for t in range(len(keys)):
        if t not in ends:
            q, k = queries[t - 1].astype(float), keys[t].astype(float)
            norms = max(np.sqrt(q @ q), 1e-12) * max(np.sqrt(k @ k), 1e-12)
            probs[t] = min(max((1 - q @ k / norms) / 2, 0), 1)
    return probs


def vectors(rng: np.random.Generator, n: int, width: int, dtype: Any) -> NDArray[Any]:
    """Some of which are zero, some equal to the one before."""
    out = rng.normal(size=(n, width)).astype(dtype)
    out[rng.random(n) < 0.1] = 0
    for t in range(1, n):
        if rng.random() < 0.2:
            out[t] = out[t - 1] * rng.choice([-2, 1, 3])
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 3, 16, 37])
def test_steps_equal_the_whole(dtype: Any, width: int) -> None:
    rng = np.random.default_rng(width)
    sequences, n = 3, 40
    queries = vectors(rng, sequences * n, width, dtype)
    keys = vectors(rng, sequences * n, width, dtype)
    values = rng.normal(size=(sequences * n, width)).astype(dtype)
    ends = np.arange(sequences + 1) * n
    whole = dynamic.route(queries, keys, ends)
    want = naive_probs(queries, keys, ends.tolist())
    np.testing.assert_allclose(whole.probs, want, atol=1e-6 if dtype == np.float32 else 1e-12)
    assert np.array_equal(whole.patches.mask, whole.probs > 0.5)
    chunks = values[whole.patches.offsets[:-1]]
    spread = dynamic.dechunk(chunks, whole.probs, whole.patches)

    by_row = [x.reshape(sequences, n, width) for x in (queries, keys, values)]
    router, dechunker = Router(), Dechunker()
    for t in range(n):
        if t == n // 2:
            router, dechunker = router.copy(), dechunker.copy()
        probs, begins = router.step(by_row[0][:, t], by_row[1][:, t])
        assert np.array_equal(probs, whole.probs.reshape(sequences, n)[:, t])
        out = dechunker.step(by_row[2][:, t], probs, begins)
        assert np.array_equal(out, spread.reshape(sequences, n, width)[:, t])


def test_dechunking_equals_the_published_recurrence() -> None:
    rng = np.random.default_rng(2)
    patches = Patches.from_lengths([[2, 1, 4], [], [1, 3]])
    probs, values = rng.random(11), rng.normal(size=(5, 6))
    probs[[0, 7]] = 1
    probs[2] = 0
    p = np.clip(probs[patches.offsets[:-1]], 1e-4, 1 - 1e-4)
    want, j = [], 0
    for row in [[2, 1, 4], [1, 3]]:
        z = np.zeros(6)
        for size in row:
            z = p[j] * values[j] + (1 - p[j]) * z
            want += [z] * size
            j += 1
    np.testing.assert_allclose(dynamic.dechunk(values, probs, patches), want, rtol=1e-14)


def test_a_row_begins_with_a_chunk_and_zero_is_at_right_angles() -> None:
    x = np.array([[1.0, 0], [0, 0], [1, 0], [-1, 0], [np.nan, 0], [1, 0]])
    routing = dynamic.route(x, cu_seqlens=[0, 0, 4, 6])
    np.testing.assert_array_equal(routing.probs, [1, 0.5, 0.5, 1, 1, np.nan])
    assert [spans[:, 0].tolist() for spans in routing.patches] == [[], [0, 3], [0]]
    empty = dynamic.route(np.zeros((0, 3)))
    assert empty.probs.shape == (0,)
    assert len(empty.patches.lengths) == 0


def test_sequences_begin_anew() -> None:
    x = np.array([[1.0, 2], [3, 4]])
    router, dechunker = Router(), Dechunker()
    assert router.step(x)[0].tolist() == [1, 1]
    assert router.step(x)[0].tolist() == pytest.approx([0, 0])
    router.reset([1])
    assert router.step(x)[0].tolist() == pytest.approx([0, 1])
    router.reset(np.array([True, False]))
    assert router.step(x)[0].tolist() == pytest.approx([1, 0])
    begins = np.array([True, True])
    first = dechunker.step(x, np.ones(2), begins)
    dechunker.step(x, np.full(2, 0.5), begins)
    dechunker.reset([0])
    again = dechunker.step(x, np.ones(2), begins)
    assert np.array_equal(again[0], first[0])
    assert not np.array_equal(again[1], first[1])


def test_other_shapes_and_types_are_refused() -> None:
    x = np.ones((2, 3))
    router, dechunker, yes = Router(), Dechunker(), np.array([True, True])
    router.step(x)
    dechunker.step(x, np.ones(2), yes)
    for call in (
        lambda: router.step(np.ones((2, 4))),
        lambda: router.step(np.ones((3, 3))),
        lambda: router.step(x.astype(np.float32)),
        lambda: router.step(x, np.ones((2, 2))),
        lambda: router.reset([5]),
        lambda: router.reset([0.5]),
        lambda: dechunker.step(np.ones((3, 3)), np.ones(3), np.ones(3, bool)),
        lambda: dechunker.step(x, np.ones(3), yes),
        lambda: dechunker.step(x, np.ones(2), [1, 0]),
        lambda: dechunker.step(x, np.ones(2, np.float32), yes),
        lambda: dynamic.route(x, np.ones((3, 3))),
        lambda: dynamic.route(x, cu_seqlens=[0, 3]),
        lambda: dynamic.route(np.ones((2, 0))),
        lambda: Router().step(np.ones((2, 0))),
        lambda: dynamic.dechunk(x, np.ones(2), Patches([0, 2])),
        lambda: dynamic.dechunk(x, np.ones(3), Patches([0, 1, 2])),
        lambda: dynamic.dechunk(x, np.ones(2, np.float32), Patches([0, 1, 2])),
    ):
        with pytest.raises(ts.InputError):
            call()
