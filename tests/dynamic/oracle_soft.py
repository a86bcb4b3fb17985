"""Soft merging as its papers state it, in plain numpy: one sequence, all cosines in a matrix."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Chosen(NamedTuple):
    """Who merges into whom, and the positions that stay in the order of the paper's output."""

    merges: dict[int, int]
    published: list[int]


def cosines(metric: Array) -> Array:
    """All of them; of a zero vector 0."""
    length = np.sqrt((metric**2).sum(1, keepdims=True))
    unit = np.divide(metric, length, out=np.zeros_like(metric), where=length > 0)
    result: Array = unit @ unit.T
    return result


def allowed(n: int, window: int | None, causal: bool, itself: bool) -> NDArray[np.bool_]:
    """Whether the row's position may look at the column's."""
    away = np.arange(n)[:, None] - np.arange(n)
    near = np.ones((n, n), bool) if window is None else abs(away) <= window
    if causal:
        near &= (away >= 0) if itself else (away > 0)
    return near


def mergeable(n: int, protected: NDArray[np.bool_], window: int | None, causal: bool) -> int:
    """How many even positions have an odd one to merge into."""
    near = allowed(n, window, causal, False) & ~protected & ~protected[:, None]
    return int(near[::2, 1::2].any(1).sum())


def bipartite(
    metric: Array, r: int, protected: NDArray[np.bool_], window: int | None, causal: bool
) -> Chosen:
    """Even positions and their best odd ones; the best `r` pairs."""
    n = len(metric)
    scores = np.where(allowed(n, window, causal, False), cosines(metric), -np.inf)
    scores[protected] = -np.inf
    scores[:, protected] = -np.inf
    scores = scores[::2, 1::2]
    best = scores.max(1) if scores.size else np.full(len(scores), -np.inf)
    order = np.argsort(-best, kind="stable")
    merges = {int(2 * at): int(2 * scores[at].argmax() + 1) for at in order[:r]}
    stay = [int(2 * at) for at in order[r:]]
    # Those that cannot merge come last, the protected ones after the others.
    stay.sort(key=lambda at: protected[at])
    if protected[0]:
        stay.sort()
    return Chosen(merges, [*stay, *range(1, n, 2)])


def energy(
    metric: Array,
    r: int,
    protected: NDArray[np.bool_],
    window: int | None,
    causal: bool,
    margin: float,
    alpha: float,
    gauss: bool,
    halves: bool,
) -> Chosen:
    """The `2 r` of most energy, half of which merge into the best of the others."""
    n, cosine = len(metric), cosines(metric)
    if gauss:
        value = np.exp(-0.5 * ((1 - cosine) / (1 - margin)) ** 2)
    else:
        below = alpha * np.expm1(np.minimum(cosine - margin, 0))
        value = np.where(cosine > margin, cosine - margin, below)
    near = allowed(n, window, causal, True) & ~protected
    free = np.flatnonzero(~protected)
    mean = np.array([value[at][near[at]].mean() for at in free])
    order = free[np.argsort(-mean, kind="stable")].tolist()
    most, rest = order[: 2 * r], order[2 * r :]
    sources, targets = (most[:r], most[r:]) if halves else (most[::2], most[1::2])
    into = allowed(n, window, causal, False)
    merges = {}
    for source in sources:
        score = {to: cosine[source, to] for to in sorted(targets) if into[source, to]}
        merges[source] = max(score, key=lambda to: score[to])
    return Chosen(merges, [*np.flatnonzero(protected).tolist(), *rest, *targets])


def merged(x: Array, sizes: Array, chosen: Chosen, published: bool) -> tuple[Array, Array, Any]:
    """The means, their sizes, and the place of each position."""
    groups = {at: [at] for at in chosen.published}
    for source, target in chosen.merges.items():
        groups[target].append(source)
    order = chosen.published if published else sorted(groups, key=lambda at: min(groups[at]))
    means = [np.average(x[groups[at]], axis=0, weights=sizes[groups[at]]) for at in order]
    place = np.empty(len(x), np.int64)
    for number, at in enumerate(order):
        place[groups[at]] = number
    total = np.array([sizes[groups[at]].sum() for at in order])
    return np.array(means).reshape(len(order), x.shape[1]), total, place
