"""The long comparison, as a table: how many documents differ from each reference. None should.

    python tests/full_exactness.py [--only NAME ...] [--sources TEXT ...]

For every vocabulary in every format: all corpora, all languages, 100,000 generated strings, every
Unicode scalar value in five contexts (a text each), every adversarial shape. What is compared with
which library is in `full_families`. Needs the test data, and mistral-common for tekken.json; uses
all cores for some hours.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from multiprocessing import get_context
from pathlib import Path

os.environ["TOKSMITH_FULL"] = "1"
os.environ.setdefault("RAYON_NUM_THREADS", "1")  # of the reference; the processes fill the cores
sys.path.insert(0, str(Path(__file__).parent))

import shapes
from families import SEAMS
from full_families import PAIRS, Gguf, Pair
from full_json import Depth
from generated import CONTEXTS, FAMILY_PIECES, scalars_in, strings
from testdata import CORPORA, LANGUAGES, corpus, language

SOURCES = (*CORPORA, "languages", "generated", "shapes", "scalar values", "expectations")
OTHER_SPECIALS = ("p50k_edit (ranks)", "o200k_harmony (ranks)")
SHAPE_SIZES = (1, 1_000, 65_536)


def belongs(row: str, source: str) -> bool:
    """Whether a row of the table has this column."""
    if row.endswith("(gguf)"):
        return source == "expectations"
    if row.endswith("added)"):
        return source in ("short", "generated")
    # Names that share ranks and pattern with another differ in their special tokens alone.
    return source != "expectations" and (row not in OTHER_SPECIALS or source == "generated")


def texts_of(source: str, pair: Pair) -> Iterator[str]:
    """The texts of one column of the table."""
    if source in CORPORA:
        yield from corpus(source)
    elif source == "languages":
        for name in LANGUAGES:
            yield from language(name)
    elif source == "generated":
        yield from ("", *SEAMS)
        yield from strings(100_000, more=FAMILY_PIECES)
    elif source == "shapes":
        for shape in shapes.SHAPES:
            yield from (shapes.make(shape, size) for size in SHAPE_SIZES)
    elif source == "scalar values":
        # In lines of 16; in a text of its own, see `run`.
        for context in CONTEXTS:
            yield from scalars_in(context, block=16)
    elif isinstance(pair, Gguf):
        yield from (text for text, _ in pair.cases)


def run(cell: tuple[str, str]) -> tuple[str, str, int, int, float, list[str]]:
    """One cell of the table: texts, texts that differ, seconds, and the first differences."""
    row, source = cell
    begun, count = time.monotonic(), 0
    pair = PAIRS[row]()

    def counted(texts: Iterable[str]) -> Iterator[str]:
        nonlocal count
        for text in texts:
            count += 1
            yield text

    depth: Depth = "every setting" if source in ("generated", "short") else "two settings"
    found = list(pair.differences(counted(texts_of(source, pair)), depth))
    if source == "scalar values":
        for context in CONTEXTS:
            found += pair.differences(counted(scalars_in(context, block=1)), "quick")
    return row, source, count, len(found), time.monotonic() - begun, list(map(str, found[:3]))


def main() -> int:
    """Prints the table; exits with 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", default=[], help="vocabularies or formats: gpt2, json")
    parser.add_argument("--sources", nargs="*", default=SOURCES, help=", ".join(SOURCES))
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    only = set(chosen.only)
    cells = [
        (row, source)
        for row in PAIRS
        for source in SOURCES
        if source in chosen.sources
        and belongs(row, source)
        and (not only or {row, *row.rstrip(")").replace(",", "").replace("(", "").split()} & only)
    ]
    total = differing = 0
    print(f"{'vocabulary':<28}{'text':<18}{'documents':>12}{'differ':>8}{'seconds':>9}")
    # A process a cell: no cache or thread of a reference outlives the text it was made for.
    with get_context("spawn").Pool(chosen.processes, maxtasksperchild=1) as pool:
        for row, source, count, wrong, seconds, examples in pool.imap(run, cells):
            print(f"{row:<28}{source:<18}{count:>12,}{wrong:>8,}{seconds:>9.1f}", flush=True)
            print("".join(f"  {example}\n" for example in examples), end="")
            total, differing = total + count, differing + wrong
    print(f"{'all':<46}{total:>12,}{differing:>8,}")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
