"""A probability as a mean of importance weights, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toksmith._native import InputError
from toksmith.batch import Batch
from toksmith.byte_probs.checks import numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class MarginalEstimate:
    """The probability of a text over tokenizations, estimated or exact.

    The standard error is that of the mean of `samples` weights, from their own variance: where the
    draws miss a tokenization of great weight it is too small, and `effective` says little.
    """

    logprob: float
    """Natural log of the estimate of the probability; minus infinity if all weights are zero."""
    stderr: float
    """Standard error of `logprob` (delta method): that of the probability over the probability.
    Infinity for one sample, zero for an exact sum."""
    effective: float
    """Effective sample size: the sum of the weights squared over the sum of their squares; from 1
    to `samples`. The number of tokenizations for an exact sum."""
    samples: int
    """How many were drawn, or added up."""
    exact: bool
    """Whether all tokenizations were added up."""

    @property
    def prob(self) -> float:
        """The probability; zero where that is too small for float64."""
        return math.exp(self.logprob)

    @property
    def prob_stderr(self) -> float:
        """Standard error of the probability."""
        return self.prob * self.stderr if self.prob else 0.0


def estimate_marginal(
    score: Callable[[Batch], ArrayLike], batch: Batch, proposal: NDArray[np.float64] | None
) -> MarginalEstimate:
    """The mean of `exp(score - proposal)`, or without a proposal the sum of `exp(score)`.

    Raises:
        InputError: `score` does not give one log-probability a row, none above zero or NaN.
    """
    rows, back = _distinct(batch)
    scores = numbers(score(rows), "score")
    if scores.shape != (len(rows),):
        raise InputError(f"score gave shape {scores.shape} for {len(rows)} rows")
    if bad := int((~(scores <= 1e-6)).sum()):
        raise InputError(f"score gave {bad} numbers that are no log-probability: above 0, or NaN")
    logs = scores[back] - (0.0 if proposal is None else proposal)
    size, top = len(logs), float(logs.max())
    if top == -math.inf:
        error = 0.0 if proposal is None else math.inf
        return MarginalEstimate(-math.inf, error, 0.0, size, proposal is None)
    ratios = np.exp(logs - top)
    total = math.fsum(ratios)
    if proposal is None:
        return MarginalEstimate(top + math.log(total), 0.0, float(size), size, True)
    mean = total / size
    spread = math.fsum((ratios - mean) ** 2)
    error = math.sqrt(spread / (size - 1) / size) / mean if size > 1 else math.inf
    effective = total**2 / math.fsum(ratios**2)
    return MarginalEstimate(top + math.log(mean), error, effective, size, False)


def _distinct(batch: Batch) -> tuple[Batch, NDArray[np.intp]]:
    """The rows without repetitions, and for each row which of them it is."""
    places: dict[bytes, int] = {}
    rows: list[NDArray[np.uint32]] = []
    back = np.empty(len(batch), np.intp)
    for number, row in enumerate(batch):
        place = back[number] = places.setdefault(row.tobytes(), len(places))
        if place == len(rows):
            rows.append(row)
    return (batch if len(rows) == len(batch) else Batch.from_rows(rows)), back
