"""A model that has no opinion but a fixed one: rows drawn from the context itself."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class RandomRows:
    """From contexts to logits, wide enough to matter; counts how often it was asked."""

    def __init__(self, width: int, seed: int = 0, scale: float = 3.0) -> None:
        self.width, self.seed, self.scale = width, seed, scale
        self.calls: list[int] = []

    def __call__(self, contexts: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        self.calls.append(len(contexts))
        return np.array([self.row(tuple(context)) for context in contexts])

    def row(self, context: tuple[int, ...]) -> NDArray[np.float64]:
        seed = random.Random(repr((self.seed, context))).getrandbits(63)
        return np.random.default_rng(seed).normal(0, self.scale, self.width)
