"""How long batch merges take: on 1,000 sentences, beside plain Python, and as batches grow.

    merge_batch.py                          1,000 English sentences, 100, 500 and 2,000 merges
    merge_batch.py --sentences 1000000      how time and memory grow up to so many

The vocabulary is Llama 3's of the test data, or `--tokenizer FILE`. Timed is what is left when the
texts are encoded and their pre-tokens known: ids and a mask of places in, the new batch out. CPU
time, medians. `plain` is the published algorithm in plain Python from the same ids and mask
(tests/dynamic/oracle_merges.py): every pair counted again after every merge; its answers are
compared. `first seen` and `id` are the two tie rules.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import toksmith as ts
from corpora import data_folder, load

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from dynamic import oracle_merges

SIZES = (100, 500, 2000)


def sentences(number: int) -> list[str]:
    """English sentences of 40 to 220 characters; from the beginning again where they run out."""
    found: list[str] = []
    for text in load("english"):
        for line in text.splitlines():
            parts = line.replace("? ", "?\n").replace(". ", ".\n").split("\n")
            found += [part for part in parts if 40 <= len(part) <= 220]
        if len(found) >= number:
            return found[:number]
    return (found * (number // len(found) + 1))[:number]


def measure(work: Callable[[], object], times: int) -> float:
    """Milliseconds of CPU, the median."""
    taken = []
    for _ in range(times):
        began = time.process_time_ns()
        work()
        taken.append((time.process_time_ns() - began) / 1e6)
    return median(taken)


def rows_of(values: Sequence[bool], batch: ts.Batch) -> list[list[bool]]:
    """Values of ids, row by row."""
    edges = batch.offsets.tolist()
    return [list(values[a:b]) for a, b in pairwise(edges)]


def compare(tok: ts.Tokenizer, batch: ts.Batch, boundary: str, merges: int, plain: bool) -> str:
    """A row of the first table."""
    mask = mask_of(tok, batch, boundary)
    first_id = len(tok) + 1000

    def run(ties: Any) -> ts.dynamic.MergeResult:
        return ts.dynamic.merge_batch(
            batch,
            mask=mask,
            merges=merges,
            ties=ties,
            first_id=first_id,
        )

    run("first_seen")
    ours = {ties: measure(lambda ties=ties: run(ties), 101) for ties in ("first_seen", "id")}  # type: ignore[misc]
    out = run("first_seen")
    cells = [boundary, str(merges), str(len(out.log)), str(len(batch.ids)), str(len(out.batch.ids))]
    cells += [f"{ours['first_seen']:.3f}", f"{ours['id']:.3f}"]
    if plain:
        rows, may = batch.tolist(), rows_of(mask.tolist(), batch)
        began = time.process_time()
        want, _ = oracle_merges.merge(rows, may, merges, first_id)
        seconds = time.process_time() - began
        if out.batch.tolist() != want:
            raise SystemExit(f"{boundary}, {merges} merges: not what plain Python gives")
        cells += [f"{seconds:.2f}", f"{seconds * 1e3 / ours['first_seen']:,.0f}"]
    return f"| {' | '.join(cells)} |"


def mask_of(
    tok: ts.Tokenizer, batch: ts.Batch, boundary: str
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where tokens may merge."""
    from toksmith.dynamic.merges_bounds import Bounds

    found = Bounds(batch, tok, boundary, None, None, None).open
    return np.ones(len(batch.ids), bool) if found is None else found


def grow(tok: ts.Tokenizer, most: int, boundary: str) -> None:
    """Rows of the second table."""
    number = 1000
    while number <= most:
        batch = tok.encode_batch(sentences(number), num_threads=1)
        mask = mask_of(tok, batch, boundary)

        def run(batch: ts.Batch = batch, mask: Any = mask) -> ts.dynamic.MergeResult:
            return ts.dynamic.merge_batch(
                batch,
                mask=mask,
                merges=500,
                first_id=len(tok) + 1000,
            )

        taken = measure(run, max(3, 30_000 // number))
        each = taken * 1e6 / len(batch.ids)
        print(
            f"| {boundary} | {number:,} | {len(batch.ids):,} | {taken:,.2f} | {each:.1f} |",
            flush=True,
        )
        number *= 10


def main() -> int:
    """Measures, compares answers, prints tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokenizer", type=Path, help="a tokenizer file")
    parser.add_argument("--sentences", type=int, help="how time grows, up to so many sentences")
    parser.add_argument("--plain", type=int, default=500, help="most merges done in plain Python")
    given = parser.parse_args()
    path = given.tokenizer or data_folder() / "vocabs" / "llama3" / "tokenizer.json"
    tok = ts.Tokenizer.from_file(path)
    if given.sentences is not None:
        print("| boundary | sentences | ids | ms of CPU | ns an id |\n|---|---:|---:|---:|---:|")
        for boundary in ("pretoken", "none"):
            grow(tok, given.sentences, boundary)
        return 0
    batch = tok.encode_batch(sentences(1000), num_threads=1)
    print("| boundary | asked | merges | ids | after | first seen ms | id ms | plain s | x less |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for boundary in ("pretoken", "none"):
        for merges in SIZES:
            print(compare(tok, batch, boundary, merges, merges <= given.plain), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
