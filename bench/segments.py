"""How fast segments are reduced, beside reading memory once and what numpy has for it.

    segments.py                     64 MB of float32, segments of 1 to 8 vectors, one thread

`read once` is numpy's sum of the whole array, the floor of all. numpy's `add.reduceat` and
`maximum.reduceat` do the same work; `einsum` is the form of dynamic pooling, a matrix of positions
by segments, on as many rows of 512 positions as the array has. Answers are compared. Then patches,
scripts and routing, in bytes or vectors a second. CPU time, medians, alternating.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from toksmith import dynamic

ROW = 512


def medians(calls: dict[str, Callable[[], object]], times: int) -> dict[str, float]:
    """Seconds of CPU of each call; one after the other, again and again."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(times):
        for name, call in calls.items():
            began = time.process_time()
            call()
            took[name].append(time.process_time() - began)
    return {name: float(np.median(seconds)) for name, seconds in took.items()}


def einsum(values: NDArray[np.float32], belongs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of 512 positions times a matrix of what belongs to which segment."""
    rows = values.reshape(len(belongs), ROW, -1)
    result: NDArray[np.float32] = np.einsum("bls,bld->bsd", belongs, rows, optimize=True)
    return result


def reductions(megabytes: int, width: int, times: int) -> None:
    """A table of reductions of vectors of `width` numbers."""
    rng = np.random.default_rng(width)
    count = megabytes * 1_000_000 // 4 // width // ROW * ROW
    values = rng.normal(size=(count, width)).astype(np.float32)
    lengths = []
    for _ in range(count // ROW):
        cuts = np.cumsum(rng.integers(1, 9, ROW))
        lengths.append(np.diff(np.append(0, np.append(cuts[cuts < ROW], ROW))))
    patches = dynamic.Patches.from_lengths(lengths)
    starts = patches.offsets[:-1]
    most = max(map(len, lengths))
    few = slice(0, min(len(lengths), 64))
    belongs = np.zeros((len(lengths[few]), ROW, most), np.float32)
    np.put_along_axis(
        belongs, patches.patch_ids[: len(belongs) * ROW].reshape(-1, ROW, 1), 1, axis=2
    )
    some = values[: len(belongs) * ROW]
    share = len(values) / len(some)
    reduced = {
        how: dynamic.segment_reduce(values, patches, how) for how in ("sum", "max", "mean", "first")
    }
    np.testing.assert_allclose(reduced["sum"], np.add.reduceat(values, starts), atol=1e-4)
    np.testing.assert_array_equal(reduced["max"], np.maximum.reduceat(values, starts))
    spread = dynamic.segment_broadcast(reduced["mean"], patches)
    calls: dict[str, Callable[[], object]] = {
        "read once (numpy sum)": values.sum,
        "sum": lambda: dynamic.segment_reduce(values, patches, "sum", num_threads=1),
        "mean": lambda: dynamic.segment_reduce(values, patches, "mean", num_threads=1),
        "max": lambda: dynamic.segment_reduce(values, patches, "max", num_threads=1),
        "first": lambda: dynamic.segment_reduce(values, patches, "first", num_threads=1),
        "numpy add.reduceat": lambda: np.add.reduceat(values, starts),
        "numpy maximum.reduceat": lambda: np.maximum.reduceat(values, starts),
        "einsum": lambda: einsum(some, belongs),
        "broadcast": lambda: dynamic.segment_broadcast(reduced["mean"], patches),
        "numpy repeat": lambda: np.repeat(reduced["mean"], patches.lengths, axis=0),
    }
    took = medians(calls, times)
    took["einsum"] *= share
    size, floor = values.nbytes, took["read once (numpy sum)"]
    segments = len(patches.lengths)
    print(f"\n{len(values)} vectors of {width} float32, {segments} segments, {spread.nbytes} bytes")
    print(f"{'':<24}{'ms':>10}{'GB/s':>10}{'x read once':>13}")
    for name, seconds in took.items():
        rate = size / seconds / 1e9
        print(f"{name:<24}{seconds * 1e3:10.2f}{rate:10.2f}{seconds / floor:13.2f}")


def others(times: int) -> None:
    """A table of what cuts bytes and routes vectors."""
    rng = np.random.default_rng(1)
    words = [
        "the ",
        "patch ",
        "of ",
        "bytes, ",
        "\u0441\u043b\u043e\u0432\u043e ",
        "\u8a9e",
        "9.5\n",
    ]
    text = "".join(words[i] for i in rng.integers(0, len(words), 400_000)).encode()
    entropies = rng.gamma(1.5, 1, 2_000_000).astype(np.float32)
    vectors = rng.normal(size=(50_000, 256)).astype(np.float32)
    routing = dynamic.route(vectors)
    chunks = dynamic.segment_reduce(vectors, routing.patches, "first")
    logits = rng.normal(size=(5_000, 256)).astype(np.float32)
    patches = dynamic.word_patches(text)
    calls: dict[str, tuple[Callable[[], object], int, str]] = {
        "space_patches": (lambda: dynamic.space_patches(text, num_threads=1), len(text), "MB/s"),
        "word_patches": (lambda: dynamic.word_patches(text, num_threads=1), len(text), "MB/s"),
        "scripts": (lambda: dynamic.scripts(text, num_threads=1), len(text), "MB/s"),
        "byte_words": (lambda: dynamic.byte_words(text, patches), len(text), "MB/s"),
        "entropy_patches": (
            lambda: dynamic.entropy_patches(entropies, num_threads=1),
            len(entropies),
            "M/s",
        ),
        "entropies, 256 logits": (
            lambda: dynamic.entropies(logits, num_threads=1),
            len(logits),
            "M/s",
        ),
        "route, width 256": (lambda: dynamic.route(vectors), len(vectors), "M/s"),
        "dechunk, width 256": (
            lambda: dynamic.dechunk(chunks, routing.probs, routing.patches),
            len(vectors),
            "M/s",
        ),
    }
    took = medians({name: call for name, (call, _, _) in calls.items()}, times)
    print()
    for name, (_, size, unit) in calls.items():
        print(f"{name:<24}{size / took[name] / 1e6:10.1f} {unit}")


def main() -> int:
    """Measures, compares answers, prints tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=64, help="of the array")
    parser.add_argument("--times", type=int, default=15, help="repetitions")
    parser.add_argument("--widths", type=int, nargs="*", default=[1, 16, 256, 768])
    given = parser.parse_args()
    for width in given.widths:
        reductions(given.megabytes, width, given.times)
    others(given.times)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
