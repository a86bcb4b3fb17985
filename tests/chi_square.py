"""Whether counts could come from a distribution, or two counts from one; callers fix seeds.

The statistic is compared with five standard deviations above its mean: a wrong distribution is far
beyond, a right one is not there once in a million. Outcomes that are too rare are taken together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

RARE = 8.0


def assert_follows(counts: Counter[Any], probabilities: Mapping[Any, float]) -> None:
    """The counts could be draws of outcomes with these probabilities."""
    strange = counts.keys() - probabilities.keys()
    assert not strange, f"drawn although impossible: {list(strange)[:3]}"
    total = sum(counts.values())
    cells: list[tuple[float, float]] = []
    rest_seen, rest_due = 0.0, 0.0
    for outcome, probability in probabilities.items():
        due = probability * total
        if due < RARE:
            rest_seen, rest_due = rest_seen + counts[outcome], rest_due + due
        else:
            cells.append((counts[outcome], due))
    if rest_due >= RARE:
        cells.append((rest_seen, rest_due))
    _judge(sum((seen - due) ** 2 / due for seen, due in cells), len(cells) - 1)


def assert_same_distribution(one: Counter[Any], other: Counter[Any]) -> None:
    """Both could be draws from one distribution; as many of each."""
    assert sum(one.values()) == sum(other.values())
    cells, rest = [], (0, 0)
    for outcome in one.keys() | other.keys():
        pair = (one[outcome], other[outcome])
        if sum(pair) < 2 * RARE:
            rest = (rest[0] + pair[0], rest[1] + pair[1])
        else:
            cells.append(pair)
    if sum(rest) >= 2 * RARE:
        cells.append(rest)
    _judge(sum((a - b) ** 2 / (a + b) for a, b in cells), len(cells) - 1)


def assert_alike_in_one_of_three(draw: Callable[[int], tuple[Counter[Any], Counter[Any]]]) -> None:
    """Of three pairs of counts one could be draws from one distribution.

    For a library that takes no seed: a right distribution may fail once by chance, a wrong one
    fails thrice. `draw(n)` makes the n-th pair.
    """
    for attempt in range(3):
        try:
            assert_same_distribution(*draw(attempt))
        except AssertionError:
            if attempt == 2:
                raise
        else:
            return


def _judge(statistic: float, freedom: int) -> None:
    most = freedom + 5 * sqrt(2 * max(freedom, 1)) + 5
    assert statistic <= most, f"chi-square {statistic:.1f} with {freedom} degrees of freedom"
