"""Time of alignment with decomposition, on one thread: `python bench/align.py SOURCE TARGET ...`.

Each argument is a tokenizer file; the first is the source of all others. Vocabularies are read
before; what is timed makes their bytes, matches them and decomposes the rest. The least of five.
"""

from __future__ import annotations

import sys
import time

import toksmith as ts


def seconds(source: ts.Tokenizer, target: ts.Tokenizer, method: ts.transfer.Method) -> float:
    """The least time of five calls."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        ts.transfer.align(source, target, method=method, num_threads=1)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Prints a table: target, method, rows, exact matches, seconds."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    source, *targets = map(ts.Tokenizer.from_file, sys.argv[1:])
    for path, target in zip(sys.argv[2:], targets, strict=True):
        methods: list[ts.transfer.Method] = ["model", "encode", "fewest", "minimal"]
        for method in methods:
            plan = ts.transfer.align(source, target, method=method)
            took = seconds(source, target, method)
            print(f"{path}\t{method}\t{len(plan)}\t{plan.exact}\t{took:.3f} s")


if __name__ == "__main__":
    main()
