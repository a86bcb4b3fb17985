"""How many of the best tokens a graph finds, in what time, by which reduction of inner products.

    neighbours.py --tokens 200000 --width 64

Needs usearch. The vocabulary is made up: clusters, norms drawn log-normally (`--spread` is the
standard deviation of their logarithm; 0.15 is that of many trained models, 0.6 far more), biases
about half as wide as a hidden state's scores within a cluster. Three graphs of the same settings:

- `cosine`: over normalised embeddings, as published for dynamic vocabularies; norms and biases are
  forgotten until the candidates are scored again.
- `euclidean`: over embeddings with the bias and one number more that gives all the same norm, so
  that the nearest are the best: Bachrach et al., "Speeding Up the Xbox Recommender System Using a
  Euclidean Transformation for Inner-Product Spaces", RecSys 2014.
- `inner product`: over embeddings with the bias, by the inner product itself: `NeighbourIndex`.

Recall is of the exact best 20, after exact scoring of `candidates`. CPU time of one thread.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toksmith.dynamic import NeighbourIndex

Floats = NDArray[np.float32]
BEST = 20


def vocabulary(n: int, d: int, spread: float, queries: int) -> tuple[Floats, Floats, Floats]:
    """Embeddings, biases, hidden states."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(max(n // 70, 1), d)).astype(np.float32)
    rows = centres[rng.integers(len(centres), size=n)]
    rows += 0.7 * rng.standard_normal((n, d), dtype=np.float32)
    states = rows[rng.integers(n, size=queries)]
    states = states + 0.8 * rng.standard_normal((queries, d), dtype=np.float32)
    rows *= np.exp(spread * rng.standard_normal((n, 1), dtype=np.float32)) / np.sqrt(d)
    return rows, rng.standard_normal(n, dtype=np.float32) * np.float32(0.5), states


def graphs(rows: Floats, bias: Floats, states: Floats) -> dict[str, tuple[str, Floats, Floats]]:
    """By name: the metric, what the graph holds, what it is asked."""
    longer = np.concatenate([rows, bias[:, None]], 1)
    asked = np.concatenate([states, np.ones((len(states), 1), np.float32)], 1)
    squares = (longer**2).sum(1, keepdims=True)
    rest = np.sqrt(np.maximum(squares.max() - squares, 0))
    flat = np.concatenate([longer, rest], 1)
    return {
        "cosine": ("cos", rows, states),
        "euclidean": ("l2sq", flat, np.pad(asked, [(0, 0), (0, 1)])),
        "inner product": ("ip", longer, asked),
    }


def main() -> int:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tokens", type=int, default=200_000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--spread", type=float, nargs="*", default=[0.15, 0.6])
    given = parser.parse_args()
    make: Any = import_module("usearch.index").Index
    print(f"{given.tokens} tokens, {given.width} wide, {given.queries} queries, best {BEST}")
    heads = ("candidates", "recall", "best found", "us a query", "build s")
    for spread in given.spread:
        print(f"norms spread {spread:<20}" + "".join(f"{head:>12}" for head in heads))
        rows, bias, states = vocabulary(given.tokens, given.width, spread, given.queries)
        exact = NeighbourIndex(rows, bias, exact=True)
        began = time.process_time()
        truth = exact.search(states, BEST).ids
        took = (time.process_time() - began) / len(states) * 1e6
        print(f"{'exact, in blocks':<33}{'':>12}{1:12.3f}{1:12.3f}{took:12.0f}")
        for name, (metric, held, asked) in graphs(rows, bias, states).items():
            options = {"connectivity": 16, "expansion_add": 128, "expansion_search": 128}
            graph = make(ndim=held.shape[1], metric=metric, dtype="f32", **options)
            began = time.process_time()
            graph.add(np.arange(len(held)), held, threads=1)
            built = time.process_time() - began
            for candidates in (2 * BEST, 10 * BEST):
                began = time.process_time()
                keys = graph.search(asked, candidates, threads=1).keys.astype(np.int64)
                scores = np.matmul(rows[keys], states[:, :, None])[:, :, 0] + bias[keys]
                order = np.argsort(-scores, 1)[:, :BEST]
                took = (time.process_time() - began) / len(states) * 1e6
                found = np.take_along_axis(keys, order, 1)
                share = (
                    np.mean([len(np.intersect1d(*one)) for one in zip(found, truth, strict=True)])
                    / BEST
                )
                first = np.mean(found[:, 0] == truth[:, 0])
                line = f"{name:<33}{candidates:12}{share:12.3f}{first:12.3f}{took:12.0f}"
                print(line + f"{built:12.1f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
