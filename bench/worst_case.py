"""The gate on the worst case: instructions of one encode call, counted by valgrind.

    worst_case.py                  every embedded vocabulary the gate is about, every shape
    worst_case.py --model FILE     another vocabulary

A shape is encoded at 10 kB, 100 kB and 1 MB, from empty caches ("first") and once more
("warm"); an empty call is subtracted. Instructions, unlike time, are the same on every run of
a binary. The gate, for warm and first calls alike: ten times the text takes less than 12.5
times the instructions, which admits n log n and nothing worse, and a byte of any shape takes
at most 20 times what a byte of English takes. Exits with 1 where that does not hold.

The counted program is `rust/toksmith-core/examples/worst_case.rs`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from adversarial import SHAPES, make
from corpora import Slices, load

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("cl100k_base", "o200k_base", "p50k_base")
MODELS = [ROOT / f"python/toksmith/data/{name}.toksmith" for name in NAMES]
SIZES = (10_000, 100_000, 1_000_000)
ENGLISH = "English"
MAX_GROWTH = 12.5
MAX_TIMES_ENGLISH = 20.0


@dataclass(frozen=True)
class Counts:
    """Instructions of the calls on one shape, one number a size; the empty call is subtracted."""

    sizes: list[int]
    first: list[int]
    warm: list[int]


def build() -> Path:
    """Compiles the counted program and says where it is."""
    command = ["cargo", "build", "--release", "-p", "toksmith-core", "--example", "worst_case"]
    done = subprocess.run(
        [*command, "--message-format=json"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    messages = map(json.loads, done.stdout.splitlines())
    built = [m["executable"] for m in messages if m.get("target", {}).get("name") == "worst_case"]
    return Path(built[-1])


def text_of(name: str, size: int) -> str:
    """A shape, or English, of `size` bytes.

    Of the English text a smaller size is lines from all over it, so that sizes differ in size
    alone: its beginning has other words than the whole.
    """
    if name != ENGLISH:
        return make(name, size)
    whole = "\n\n".join(Slices(load("english")).take(SIZES[-1]))
    lines, step = whole.splitlines(keepends=True), SIZES[-1] // size
    text = "".join(line for first in range(step) for line in lines[first::step])
    return text.encode()[:size].decode(errors="ignore")


def count(program: Path, model: Path, names: Sequence[str]) -> dict[str, Counts]:
    """Runs the program once on every text; valgrind writes one file a counted call."""
    with tempfile.TemporaryDirectory() as folder:
        paths: list[Path] = []
        for name in names:
            for size in SIZES:
                path = Path(folder) / f"{len(paths)}.txt"
                path.write_bytes(text_of(name, size).encode())
                paths.append(path)
        out = Path(folder) / "calls"
        function = "worst_case::counted"
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--callgrind-out-file={out}",
             f"--toggle-collect={function}", f"--dump-after={function}", "--quiet",
             program, model, *paths],
            check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        calls = [instructions(Path(f"{out}.{i + 1}")) for i in range(3 * len(paths))]
        sizes = [path.stat().st_size for path in paths]
    counts = {}
    for i, name in enumerate(names):
        mine = range(i * len(SIZES), (i + 1) * len(SIZES))
        counts[name] = Counts(
            sizes=[sizes[j] for j in mine],
            first=[calls[3 * j + 1] - calls[3 * j] for j in mine],
            warm=[calls[3 * j + 2] - calls[3 * j] for j in mine],
        )
    return counts


def instructions(path: Path) -> int:
    """The total of one callgrind file."""
    total = re.search(r"^summary: (\d+)$", path.read_text(), re.MULTILINE)
    if total is None:
        raise ValueError(f"{path.name} has no total: is the counted function still called that?")
    return int(total[1])


def growth(calls: Sequence[int]) -> float:
    """The worst of the ratios between a size and the next."""
    return max(big / small for small, big in pairwise(calls))


def per_byte(counts: Counts, calls: Sequence[int]) -> list[float]:
    """Instructions a byte, a size at a time."""
    return [call / size for call, size in zip(calls, counts.sizes, strict=True)]


def judge(value: float, limit: float, failures: list[str], what: str) -> str:
    """The number, marked where it breaks the gate."""
    if value < limit:
        return f"{value:.1f}"
    failures.append(f"{what}: {value:.1f}, the limit is {limit}")
    return f"**{value:.1f} FAIL**"


def table(counts: dict[str, Counts], failures: list[str]) -> str:
    """A row a shape: instructions a byte by size, growth, and the multiple of English."""
    kinds = ("warm", "first")
    titles = [
        f"{kind} {what}"
        for kind in kinds
        for what in ("10 kB", "100 kB", "1 MB", "×10", "/ English")
    ]
    lines = [f"| shape | {' | '.join(titles)} |", f"| --- |{' ---: |' * len(titles)}"]
    for name, mine in counts.items():
        cells = []
        for kind in kinds:
            calls: list[int] = getattr(mine, kind)
            english = per_byte(counts[ENGLISH], getattr(counts[ENGLISH], kind))
            bytes_ = per_byte(mine, calls)
            multiple = max(ours / theirs for ours, theirs in zip(bytes_, english, strict=True))
            cells += [f"{value:.1f}" for value in bytes_]
            cells.append(judge(growth(calls), MAX_GROWTH, failures, f"{name}, {kind}, growth"))
            what = f"{name}, {kind}, multiple of English"
            cells.append(judge(multiple, MAX_TIMES_ENGLISH, failures, what))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Counts, prints, judges."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, action="append", help="a tokenizer file")
    parser.add_argument("--program", type=Path, help="the counted program, if it is built already")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("valgrind is not installed")
        return 2
    program = options.program or build()
    failures: list[str] = []
    for model in options.model or MODELS:
        print(f"### {model.name}: instructions a byte\n")
        found: list[str] = []
        print(table(count(program, model, [ENGLISH, *SHAPES]), found), end="\n\n", flush=True)
        failures += [f"{model.name}: {failure}" for failure in found]
    print("\n".join(failures) if failures else f"the gate holds on {len(SHAPES)} shapes")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
