"""A large model rewritten by blocks: memory, time, and the same bytes after twenty kills.

    python bench/transfer_stream.py /tmp/stream                      # 6 GB of disk; minutes
    python bench/transfer_stream.py /tmp/stream --old 32000 --new 48000 --dim 1024

Makes a model of random bfloat16 numbers (embedding and head, not tied, and one tensor more) in
shards, rewrites it with a recipe (a third copies, else means of two to six rows), then again,
killed at random moments and gone on with, and compares SHA-256. All files are removed at the end.

Memory is the largest `RssAnon` of `/proc/self/status`: what is not a page of a file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

EMBEDDING, HEAD, OTHER = "model.embed_tokens.weight", "lm_head.weight", "model.layers.0.weight"


def make_model(folder: Path, rows: int, dim: int, other: int) -> None:
    """A folder of three shards, written by blocks."""
    folder.mkdir(parents=True)
    weight_map = {}
    for number, (name, count) in enumerate([(EMBEDDING, rows), (OTHER, other), (HEAD, rows)], 1):
        file = f"model-{number:05}-of-00003.safetensors"
        weight_map[name] = file
        size = count * dim * 2
        said = {name: {"dtype": "BF16", "shape": [count, dim], "data_offsets": [0, size]}}
        header = json.dumps(said).encode()
        header += b" " * (-len(header) % 8)
        rng = np.random.default_rng(number)
        with (folder / file).open("wb") as out:
            out.write(struct.pack("<Q", len(header)) + header)
            for start in range(0, count, 1024):
                block = rng.standard_normal((min(1024, count - start), dim), np.float32)
                out.write((block.view(np.uint32) >> 16).astype("<u2").tobytes())
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    config = {"vocab_size": rows, "hidden_size": dim, "tie_word_embeddings": False}
    (folder / "config.json").write_text(json.dumps(config))


def rewrite_it(model: Path, out: Path, new: int) -> None:
    """The work of one process; prints what it needed."""
    from toksmith.transfer.checkpoint import Checkpoint, Recipe, rewrite

    def anonymous() -> int:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("RssAnon:")[2].split()[0]) * 1024

    peak, ended = anonymous(), threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.01):
            peak = max(peak, anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    checkpoint = Checkpoint.open(model)
    rng = np.random.default_rng(0)
    counts = np.where(np.arange(new) % 3 == 0, 1, rng.integers(2, 7, new))
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    ids = rng.integers(0, checkpoint.rows, indptr[-1]).astype(np.uint32)
    made = Recipe(indptr, ids, np.repeat(1 / counts, counts).astype(np.float32))
    begun, cpu = time.monotonic(), time.process_time()
    done = rewrite(checkpoint, out, input_rows=made, output_rows=made, vocab_size=new)
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    ended.set()
    watcher.join()
    print(json.dumps({
        "seconds": round(took, 1), "cpu_seconds": round(cpu, 1), "peak_anon_mb": peak // 10**6,
        "written_mb": done.written // 10**6, "resumed_mb": done.resumed // 10**6,
    }))  # fmt: skip


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file."""
    found = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def main() -> int:
    """Makes, rewrites, kills, compares, removes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="is made, and removed at the end")
    parser.add_argument("--old", type=int, default=128_000)
    parser.add_argument("--new", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=4096)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    model, out = options.folder / "model", options.folder / "new"
    if options.work:
        rewrite_it(model, out, options.new)
        return 0
    options.folder.mkdir()
    try:
        make_model(model, options.old, options.dim, options.dim)
        return measure(options, out)
    finally:
        shutil.rmtree(options.folder)


def measure(options: argparse.Namespace, out: Path) -> int:
    """One rewrite as it is, one that is killed."""
    command = [sys.executable, __file__, str(options.folder), "--work", "--new", str(options.new)]
    whole = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    print("at once:", whole.stdout.strip(), flush=True)
    want = digests(out)
    shutil.rmtree(out)
    seconds = json.loads(whole.stdout)["seconds"]
    rng, kills, moments, last = random.Random(options.seed), 0, [], ""
    while kills < options.kills or not last:
        if last:  # Ended before the last kill: once more.
            assert digests(out) == want
            shutil.rmtree(out)
            last = ""
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        # Some before anything is written, some while it is read again, most on the way.
        wait = rng.uniform(0, 1 + seconds / 3)
        try:
            last, _ = process.communicate(timeout=wait if kills < options.kills else None)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            moments.append(round(wait, 1))
            assert not out.exists(), "a partial folder under the final name"
        if process.returncode not in (0, -signal.SIGKILL):
            raise SystemExit(f"a call failed: {process.returncode}")
    same = digests(out) == want
    print("killed after seconds:", *moments)
    print(f"after {kills} kills:", last.strip())
    print("the same bytes:", same, flush=True)
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
