"""A count that is killed, or stopped by Ctrl-C, or that fails, goes on from what was saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import toksmith as ts
from toksmith._native import WordCounter, WordCounts
from train.count_and_be_killed import BATCH, TEXTS
from vocabularies import embedded

PROGRAM = Path(__file__).with_name("count_and_be_killed.py")


def run(path: Path, batches: int, budget: int, runs: Path | None = None) -> int:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    arguments = [sys.executable, str(PROGRAM), str(path), str(batches), str(budget)]
    arguments += [] if runs is None else [str(runs)]
    return subprocess.run(arguments, env=environment, check=False).returncode


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no process is killed here")
@pytest.mark.parametrize("budget", [1000, 1 << 24])
def test_after_being_killed_the_result_is_the_same(tmp_path: Path, budget: int) -> None:
    path = tmp_path / "counts"
    for batches in (3, 1, 4):
        assert run(path, batches, budget) == -signal.SIGKILL
    saved = WordCounter.load(path, embedded("cl100k_base"))
    assert saved.texts == [8 * BATCH]
    assert run(path, -1, budget) == 0
    counter = WordCounter(embedded("cl100k_base"))
    counter.add(TEXTS, weight=1 << 33)
    found = WordCounts.load(path)
    assert found == counter.finish()
    assert found.total > 1 << 44


def test_a_counter_that_ctrl_c_stopped_says_so(tmp_path: Path) -> None:
    counter = WordCounter(embedded("cl100k_base"), num_threads=1)
    counter.save(tmp_path / "counts")
    texts = ["one two three " * 200_000] * 200
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        counter.add(texts)
    assert time.monotonic() - begun < 2
    with pytest.raises(ts.InputError, match="cannot go on"):
        counter.finish()
    again = WordCounter.load(tmp_path / "counts", embedded("cl100k_base"))
    assert again.texts == []
    assert len(again.finish()) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="an open file keeps its name there")
def test_a_killed_count_leaves_no_runs(tmp_path: Path) -> None:
    """With a budget of nothing each batch is written down before the process is killed."""
    runs = tmp_path / "runs"
    runs.mkdir()
    assert run(tmp_path / "counts", 2, 1000, runs) == -signal.SIGKILL
    assert [path for path in runs.rglob("*") if path.is_file()] == []
