"""Promise: a tokenizer works in a child process: forked before, in or after a batch, or spawned.

Each case runs in an interpreter of its own, so that a hang is a failure and not the end of the run.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

PRELUDE = """
import os, sys, threading, time
import multiprocessing as mp
import toksmith as ts

TEXTS = ["The quick brown fox, number %d, " % i * 40 for i in range(400)]

def work(tok, want, queue):
    queue.put((tok.encode_batch(TEXTS, num_threads=2).tolist() == want, tok.encode("fox")))

def child(method, tok, want):
    context = mp.get_context(method)
    queue = context.Queue()
    process = context.Process(target=work, args=(tok, want, queue))
    process.start()
    answer = queue.get(timeout=60)
    process.join(60)
    assert process.exitcode == 0, process.exitcode
    return answer == (True, tok.encode("fox"))
"""

CASES = {
    "forked before any batch": """
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    fresh = ts.Tokenizer.from_pretrained("cl100k_base")
    pid = os.fork()
    if pid == 0:
        os._exit(0 if len(tok.encode_batch(TEXTS, num_threads=2)) == 400 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    want = fresh.encode_batch(TEXTS, num_threads=2).tolist()
    assert tok.encode_batch(TEXTS, num_threads=2).tolist() == want
    """,
    "forked after a batch": """
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    want = tok.encode_batch(TEXTS, num_threads=2).tolist()
    for _ in range(5):
        assert child("fork", tok, want)
    assert tok.encode_batch(TEXTS, num_threads=2).tolist() == want
    """,
    "forked during a batch": """
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    want = tok.encode_batch(TEXTS, num_threads=2).tolist()
    stop = threading.Event()
    def busy():
        while not stop.is_set():
            assert len(tok.encode_batch(TEXTS * 4, num_threads=2)) == 1600
    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    for _ in range(20):
        pid = os.fork()
        if pid == 0:
            os._exit(0 if tok.encode_batch(TEXTS, num_threads=2).tolist() == want else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    stop.set()
    for thread in threads:
        thread.join()
    """,
    "forked by a forked child": """
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    want = tok.encode_batch(TEXTS, num_threads=2).tolist()
    pid = os.fork()
    if pid == 0:
        ok = tok.encode_batch(TEXTS, num_threads=2).tolist() == want
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(0 if tok.encode_batch(TEXTS, num_threads=2).tolist() == want else 1)
        os._exit(0 if ok and os.waitpid(grandchild, 0)[1] == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    """,
    "a pool of forked workers": """
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    want = [tok.encode(text) for text in TEXTS]
    with mp.get_context("fork").Pool(3) as pool:
        assert pool.map(tok.encode, TEXTS) == want
        assert pool.map_async(tok.encode, TEXTS).get(60) == want
    """,
    "spawned": """
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    assert child("spawn", tok, tok.encode_batch(TEXTS).tolist())
    """,
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
@pytest.mark.parametrize("case", CASES)
def test_child_processes_encode(case: str, tmp_path: object) -> None:
    # A file, not -c: spawn imports the main module again.
    script = f"{tmp_path}/case.py"
    with open(script, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(f"{PRELUDE}\nif __name__ == '__main__':{CASES[case]}")
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", script],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
