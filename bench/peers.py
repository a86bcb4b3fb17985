"""The same text through toksmith and every installed peer, side by side.

    peers.py setup DIR             make environments with the peers, once
    peers.py --peers DIR           measure everything, print Markdown tables
    peers.py --peers DIR --quick --only encode,latency --vocab cl100k_base --json rows.jsonl

A library that is missing is named and left out; one that dies is a cell of the table. Each
library runs in a process of its own, slice by slice in turn, and the measure is CPU time.
What is measured: `measure.py`; how each library is called: `libraries.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

from corpora import CORPORA, origin
from environments import describe, find, setup
from measure import PARTS, Plan, Row
from process import Installed
from table import LEGEND, markdown
from vocabs import FAMILIES, SOURCES, prepare


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("setup", help="make the environments").add_argument("dir", type=Path)
    parser.add_argument("--peers", type=Path, help="folder that `setup` made")
    parser.add_argument(
        "--toksmith-python", default=sys.executable, help="interpreter with toksmith"
    )
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, of {','.join(PARTS)}")
    names = ",".join([*SOURCES, *FAMILIES])
    parser.add_argument("--vocab", default=names, help=f"of {names}")
    parser.add_argument("--corpus", default=",".join(CORPORA), help=f"of {','.join(CORPORA)}")
    parser.add_argument("--libraries", help="names to run; the default is all that are installed")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="3 repetitions on a third of the text")
    parser.add_argument("--json", type=Path, help="append every row, with every repetition")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "toksmith-bench",
        help="folder for the peers' vocabulary files",
    )
    return parser.parse_args()


def machine() -> str:
    """Processor, cores, load, Python, date."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(": ")[1] if names else model
    return (
        f"{date.today()}, {model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}"
    )


def record(path: Path, vocab: str, part: str, row: Row, libraries: Sequence[Installed]) -> None:
    """Appends a row as one line of JSON."""
    versions = {one.name: one.version for one in libraries}
    line = {"date": str(date.today()), "vocab": vocab, "part": part, **asdict(row)}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**line, "versions": versions}, ensure_ascii=False) + "\n")


def main() -> int:
    """Runs what the command line says."""
    options = arguments()
    if options.command == "setup":
        setup(options.dir)
        return 0
    libraries, missing = find(options.peers, options.toksmith_python)
    if options.libraries:
        wanted = options.libraries.split(",")
        libraries = [one for one in libraries if one.name in wanted]
    corpora = options.corpus.split(",")
    print(f"{machine()}\n\nlibraries: {describe(libraries)}")
    print(f"not installed: {', '.join(missing) or 'none'}")
    print(f"text: {', '.join(origin(corpus) for corpus in corpora)}\n\n{LEGEND}", flush=True)
    for name in options.vocab.split(","):
        try:
            vocab = prepare(name, options.work)
        except FileNotFoundError as error:
            print(f"{name}: left out, {error.filename} is missing\n")
            continue
        repetitions = min(options.repetitions, 3) if options.quick else options.repetitions
        plan = Plan(libraries, vocab, corpora, repetitions).scaled(1 / 3 if options.quick else 1)
        rows: list[Row] = []
        for part in options.only.split(","):
            for row in PARTS[part](plan):
                rows.append(row)
                print(f"{name}: {row.measure}, {row.text}", file=sys.stderr, flush=True)
                if options.json:
                    record(options.json, name, part, row, libraries)
        print(f"batches of {plan.batch_bytes / 1e6:.2g} MB, {repetitions} repetitions\n")
        print(markdown(name, rows, [one.name for one in libraries]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
