"""The long comparison, as a table: how many documents differ from each reference. None should.

    python tests/full_exactness.py [--only NAME ...]

For every vocabulary: all corpora, all languages, 100,000 generated strings, every Unicode scalar
value in five contexts (a text each), every adversarial shape. Ids alone and in batches, spans,
character spans and decoded bytes are compared. Needs the test data; uses all cores.
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
sys.path.insert(0, str(Path(__file__).parent))

import shapes
from compare import Difference, chunks, differences
from generated import CONTEXTS, scalars_in, strings
from references import EMBEDDED, json_pair, rank_pair
from testdata import CORPORA, LANGUAGES, corpus, language

RANKS = (*(name for name in EMBEDDED if name != "gpt2"), "llama3", "qwen")
SAME_RANKS = ("p50k_edit", "o200k_harmony")
FILES = ("gpt2", "llama3", "qwen")
JOBS = [(f"{name} (ranks)", name) for name in RANKS] + [(f"{name} (json)", name) for name in FILES]
SOURCES = (*CORPORA, "languages", "generated", "generated, specials", "shapes", "scalar values")


def texts_of(source: str) -> Iterator[str]:
    """The texts of one column of the table."""
    if source in CORPORA:
        yield from corpus(source)
    elif source == "languages":
        for name in LANGUAGES:
            yield from language(name)
    elif source.startswith("generated"):
        yield from strings(100_000)
    elif source == "shapes":
        for shape in shapes.SHAPES:
            yield from (shapes.make(shape, size) for size in (1, 1_000, 65_536))
    else:
        # In lines of 16, and below each in a text of its own.
        for context in CONTEXTS:
            yield from scalars_in(context, block=16)


def run(cell: tuple[str, str, str]) -> tuple[str, str, int, int, float, list[str]]:
    """One cell of the table: texts, texts that differ, seconds, and the first differences."""
    job, name, source = cell
    begun = time.monotonic()
    ours, reference = rank_pair(name) if job.endswith("(ranks)") else json_pair(name)
    count, specials = 0, "specials" in source

    def counted(texts: Iterable[str]) -> Iterator[str]:
        nonlocal count
        for text in texts:
            count += 1
            yield text

    found = list(differences(ours, reference, counted(texts_of(source)), specials))
    if source == "scalar values":
        for context in CONTEXTS:
            for chunk in chunks(scalars_in(context, block=1), 1 << 15):
                count += len(chunk)
                rows = zip(
                    chunk, ours.encode_batch(chunk).tolist(), reference.ids(chunk), strict=True
                )
                found += [Difference("ids", *row) for row in rows if row[1] != row[2]]
    return job, source, count, len(found), time.monotonic() - begun, list(map(str, found[:2]))


def main() -> int:
    """Prints the table; exits with 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", default=[], help="vocabularies, such as cl100k_base")
    parser.add_argument("--sources", nargs="*", default=SOURCES, help=", ".join(SOURCES))
    chosen = parser.parse_args()
    cells = [
        (job, name, source)
        for job, name in JOBS
        for source in SOURCES
        if (not chosen.only or name in chosen.only)
        and source in chosen.sources
        # Names that share ranks and pattern with another differ in their special tokens alone.
        and (name not in SAME_RANKS or source.startswith("generated"))
    ]
    total = differing = 0
    print(f"{'vocabulary':<24}{'text':<22}{'documents':>12}{'differ':>8}{'seconds':>9}")
    # A process a cell: no cache or thread of a reference outlives the text it was made for.
    with get_context("spawn").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for job, source, count, wrong, seconds, examples in pool.imap(run, cells):
            print(f"{job:<24}{source:<22}{count:>12,}{wrong:>8,}{seconds:>9.1f}", flush=True)
            print("".join(f"  {example}\n" for example in examples), end="")
            total, differing = total + count, differing + wrong
    print(f"{'all':<46}{total:>12,}{differing:>8,}")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
