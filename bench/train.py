"""Training on the same text, by toksmith and every installed peer: CPU time, time, memory.

    train.py --peers DIR            20 MB of English: BPE to 32,000, Unigram to 8,000 and 32,000
    train.py --peers DIR --model unigram --libraries toksmith,sentencepiece --repetitions 1

DIR is an environment with the peers, or a folder of such. Every training is a process of its own,
the libraries in turn; what a process costs that does all but train is subtracted. How each library
is called: `trainers.py`. How time and memory grow: `growth.py`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from corpora import Slices, load, origin
from cost import Cost, run
from environments import ASK
from peers import machine
from process import Installed
from table import shown
from trainers import TRAINERS

LIMIT = 900.0
OURS = "toksmith"
SIZES = {"bpe": (32_000,), "unigram": (8_000, 32_000)}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peers", type=Path, help="an environment, or a folder of environments")
    parser.add_argument(
        "--toksmith-python", default=sys.executable, help="interpreter with toksmith"
    )
    parser.add_argument("--model", default=",".join(SIZES), help=f"of {','.join(SIZES)}")
    parser.add_argument("--libraries", default=",".join(TRAINERS), help=f"of {','.join(TRAINERS)}")
    parser.add_argument("--corpus", default="english")
    parser.add_argument("--megabytes", type=float, default=20.0)
    parser.add_argument("--sizes", help="vocabulary sizes, instead of those of each model")
    parser.add_argument("--repetitions", type=int, default=3)
    return parser.parse_args()


def find(peers: Path | None, toksmith_python: str) -> dict[str, Installed]:
    """The libraries that can be run: the first interpreter that has one runs it."""
    pythons = [toksmith_python]
    if peers is not None:
        pythons += map(str, sorted([*peers.glob("bin/python"), *peers.glob("*/bin/python")]))
    packages = [package for package, _ in TRAINERS.values()]
    found: dict[str, Installed] = {}
    for python in pythons:
        done = subprocess.run([python, "-c", ASK, *packages], capture_output=True, check=True)
        versions = json.loads(done.stdout)
        for name, (package, _) in TRAINERS.items():
            if package in versions:
                found.setdefault(name, Installed(name, versions[package], python))
    # toksmith may be on the path without being installed.
    found.setdefault(OURS, Installed(OURS, "(not installed)", toksmith_python))
    return found


def measure(
    libraries: Mapping[str, Installed], model: str, size: int, file: Path, repetitions: int
) -> dict[str, list[Cost] | str]:
    """The costs of each library, or why there are none. The libraries take turns."""
    found: dict[str, list[Cost] | str] = {name: [] for name in libraries}
    for _ in range(repetitions):
        for name, library in libraries.items():
            costs = found[name]
            if isinstance(costs, str):
                continue
            job = [name, model, size, file]
            idle = run(library.python, "trainers.py", [*job, "--idle"], LIMIT)
            whole = (
                idle if isinstance(idle, str) else run(library.python, "trainers.py", job, LIMIT)
            )
            if isinstance(idle, str) or isinstance(whole, str):
                found[name] = str(whole)
                continue
            costs.append(whole.beyond(idle))
            print(f"{name} {model} {size}: {costs[-1].cpu:.2f} CPU s", file=sys.stderr, flush=True)
    return found


def table(found: Mapping[str, list[Cost] | str], megabytes: float) -> str:
    """A row a library; the ratio is CPU time against that of toksmith."""
    lines = [
        "| trainer | CPU s | wall s | MB a CPU s | peak MB | tokens | CPU time / toksmith's |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    mine = found.get(OURS, "")
    for name, costs in found.items():
        if isinstance(costs, str):
            lines.append(f"| {name} | {costs} | | | | | |")
            continue
        cpu = median(cost.cpu for cost in costs)
        cells = [
            shown(cpu),
            shown(median(cost.wall for cost in costs)),
            shown(megabytes / cpu),
            shown(median(cost.peak for cost in costs) / 1e6),
            str(costs[0].said["tokens"]),
            ratio(costs, mine),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def ratio(costs: Sequence[Cost], mine: Sequence[Cost] | str) -> str:
    """The median of the repetitions' ratios, bold where toksmith loses."""
    if isinstance(mine, str) or not mine or costs is mine:
        return "—"
    value = median(a.cpu / b.cpu for a, b in zip(costs, mine, strict=False))
    return shown(value) if value >= 1 else f"**{shown(value)} loss**"


def main() -> int:
    """Runs what the command line says."""
    options = arguments()
    installed = find(options.peers, options.toksmith_python)
    wanted = [name for name in options.libraries.split(",") if name in TRAINERS]
    libraries = {name: installed[name] for name in wanted if name in installed}
    texts = Slices(load(options.corpus)).take(int(options.megabytes * 1e6))
    print(f"{machine()}\n")
    print(f"libraries: {', '.join(f'{one.name} {one.version}' for one in libraries.values())}")
    print(f"not installed: {', '.join(set(wanted) - set(libraries)) or 'none'}")
    print(f"text: {options.megabytes:g} MB of {origin(options.corpus)}\n")
    with tempfile.TemporaryDirectory() as folder:
        for model in options.model.split(","):
            lines = [line for text in texts for line in text.splitlines() if line]
            file = Path(folder) / f"{model}.json"
            # Models without a place for newlines get lines.
            file.write_text(json.dumps(texts if model == "bpe" else lines), encoding="utf-8")
            file.with_suffix(".lines").write_text("\n".join(lines), encoding="utf-8")
            able = {name: one for name, one in libraries.items() if model in TRAINERS[name][1]}
            sizes = map(int, options.sizes.split(",")) if options.sizes else SIZES[model]
            for size in sizes:
                print(f"### {model}, {size:,} tokens\n", flush=True)
                found = measure(able, model, size, file, options.repetitions)
                print(table(found, options.megabytes), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
