"""How long a row of logits takes to become probabilities of bytes, beside genlm-bytes.

    byte_rows.py                                    toksmith alone
    byte_rows.py --genlm-python PYTHON              an environment with genlm-bytes

On the Llama 3 vocabulary of the test data, or `--ranks FILE`. Both get the same float32 rows of
log-probabilities; each process is one of its own. genlm-bytes sums the masses of all nodes of its
trie (`batch_weight_sum`) from exponentials and takes the logarithms, as its states do for each row;
toksmith answers the next-byte distribution at the root. The 256 masses of the root are compared.
`read once` is numpy's maximum of the row, the floor of all. CPU time, medians.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BATCH = 8


def rows(width: int, batch: int) -> NDArray[np.float32]:
    """Log-probabilities, in about ±24 before they are normalised."""
    wide = np.random.default_rng(batch).uniform(-6, 6, (4, batch, width)).sum(0)
    wide -= wide.max(1, keepdims=True)
    return np.asarray(wide - np.log(np.exp(wide).sum(1, keepdims=True)), dtype=np.float32)


def median(work: Callable[[], object], times: int) -> dict[str, float]:
    """Microseconds of a call: CPU of all threads, and by the clock."""
    cpu, wall = np.empty(times), np.empty(times)
    work()
    for i in range(times):
        begun, began = time.perf_counter(), time.process_time()
        work()
        cpu[i], wall[i] = time.process_time() - began, time.perf_counter() - begun
    return {"cpu": float(np.median(cpu)) * 1e6, "wall": float(np.median(wall)) * 1e6}


def of_toksmith(ranks: Path, times: int) -> dict[str, Any]:
    """Figures by name, and the masses of the root."""
    import toksmith as ts

    tok = ts.Tokenizer.from_file(ranks)
    began = time.process_time()
    trie = ts.byte_probs.TokenTrie(tok)
    built = (time.process_time() - began) * 1e6
    one, many = rows(len(trie), 1)[0], rows(len(trie), BATCH)
    missing = int(trie.special_ids.max(initial=len(trie) - 1)) + 1 - len(trie)
    one, many = (
        np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, missing)], constant_values=-np.inf)
        for x in (one, many)
    )
    sorted_row = np.concatenate([one[trie.order], one[trie.special_ids]])
    double, half = one.astype(np.float64), (one.view(np.uint32) >> 16).astype(np.uint16)
    calls: dict[str, Callable[[], object]] = {
        "read once": one.max,
        "float32": lambda: trie.next_bytes(one),
        "float32, in byte order": lambda: trie.next_bytes(sorted_row, in_byte_order=True),
        "bfloat16": lambda: trie.next_bytes(half, bits="bfloat16"),
        "float64": lambda: trie.next_bytes(double),
        f"{BATCH} rows, 1 thread": lambda: trie.next_bytes(many, num_threads=1),
        f"{BATCH} rows, 2 threads": lambda: trie.next_bytes(many, num_threads=2),
    }
    figures = {name: median(call, times) for name, call in calls.items()}
    figures["construction"] = {"cpu": built, "wall": built}
    return {"figures": figures, "root": np.exp(trie.next_bytes(one)[:256]).tolist()}


def of_genlm(ranks: Path, times: int) -> dict[str, Any]:
    """The same of genlm-bytes on one thread."""
    torch = import_module("torch")
    make_token = import_module("genlm.backend.tokenization").Token
    torch.set_num_threads(1)
    lines = [line.split() for line in ranks.read_bytes().splitlines() if line]
    tokens = [make_token(token_id=int(rank), byte_string=base64.b64decode(b)) for b, rank in lines]
    make_trie = import_module("genlm.bytes.trie").TokenByteTrie
    began = time.process_time()
    trie = make_trie(tokens, device="cpu")
    built = (time.process_time() - began) * 1e6
    one, many = (torch.from_numpy(rows(len(tokens), batch)) for batch in (1, BATCH))

    def masses(batch: Any) -> Any:
        return torch.log(trie.batch_weight_sum(torch.exp(batch)))

    figures = {
        "float32": median(lambda: masses(one), times),
        f"{BATCH} rows, 1 thread": median(lambda: masses(many), times),
        "construction": {"cpu": built, "wall": built},
    }
    logs, root = masses(one)[0], trie.children[trie.root]
    found = [float(logs[root[byte]].exp()) if byte in root else 0.0 for byte in range(256)]
    return {"figures": figures, "root": found}


def child(python: str, library: str, ranks: Path, times: int) -> dict[str, Any]:
    """What a process of its own says."""
    command = [python, __file__, "--child", library, "--ranks", str(ranks), "--times", str(times)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer


def main() -> int:
    """Measures, compares answers, prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--ranks", type=Path, help="a rank file, tiktoken's form")
    parser.add_argument("--genlm-python", help="a Python that has genlm-bytes")
    parser.add_argument(
        "--times", type=int, default=201, help="repetitions; a tenth for genlm-bytes"
    )
    parser.add_argument("--child", choices=["toksmith", "genlm"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ranks is None:
        from corpora import data_folder

        given.ranks = data_folder() / "vocabs" / "llama3" / "tokenizer.model"
    if given.child is not None:
        measure = of_toksmith if given.child == "toksmith" else of_genlm
        print(json.dumps(measure(given.ranks, given.times)))
        return 0
    ours = child(sys.executable, "toksmith", given.ranks, given.times)
    theirs = None
    if given.genlm_python is not None:
        theirs = child(given.genlm_python, "genlm", given.ranks, max(given.times // 10, 5))
        np.testing.assert_allclose(theirs["root"], ours["root"], rtol=1e-4, atol=1e-12)
    floor = ours["figures"]["read once"]["cpu"]
    heads = ("us of CPU", "us by clock", "x read once", "genlm-bytes", "x less")
    print(f"{'':<26}" + "".join(f"{head:>13}" for head in heads))
    for name, figure in ours["figures"].items():
        line = f"{name:<26}{figure['cpu']:13.1f}{figure['wall']:13.1f}{figure['cpu'] / floor:13.1f}"
        if theirs is not None and name in theirs["figures"]:
            peer = theirs["figures"][name]["cpu"]
            line += f"{peer:13.0f}{peer / figure['cpu']:13.0f}"
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
