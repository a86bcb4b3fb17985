"""Counts generated texts, saving after each batch, and is killed in the middle of one.

Arguments: the file of the saved counts, the batches to count before the kill, or -1 for all, and
the budget; then, if not beside the file, where runs are written. A program of its own, run by
`test_counts_are_gone_on_with.py`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from generated import strings
from toksmith import Tokenizer
from toksmith._native import WordCounter

TEXTS = list(strings(400, seed=8))
BATCH = 23


def main(path: Path, batches: int, budget: int, directory: Path) -> None:
    """Goes on from the file, if it is there."""
    tok = Tokenizer.from_pretrained("cl100k_base")
    if path.exists():
        counter = WordCounter.load(path, tok, budget=budget, directory=directory)
    else:
        counter = WordCounter(tok, budget=budget, directory=directory)
    done = sum(counter.texts)
    for start in range(done, len(TEXTS), BATCH):
        if batches == 0:
            counter.add(TEXTS[start : start + 5], weight=1 << 33)  # lost
            os.kill(os.getpid(), signal.SIGKILL)
        counter.add(TEXTS[start : start + BATCH], weight=1 << 33)
        counter.save(path)
        batches -= 1


if __name__ == "__main__":
    saved = Path(sys.argv[1])
    where = Path(sys.argv[4]) if len(sys.argv) > 4 else saved.parent
    main(saved, int(sys.argv[2]), int(sys.argv[3]), where)
