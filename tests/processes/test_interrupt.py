"""Promise: Ctrl-C is answered within a second, in a batch and in one huge text."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

PRELUDE = """
import signal, sys, time
import toksmith as ts
signal.signal(signal.SIGINT, signal.default_int_handler)
tok = ts.Tokenizer.from_pretrained("cl100k_base")
import random
rng = random.Random(0)
letters = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=1 << 20))
words = "".join(rng.choices("abcdefghijklmno   ,.", k=1 << 20))
def run():
    {setup}
    print("ready", flush=True)
    while True:
        {call}
try:
    run()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    again = ts.Tokenizer.from_pretrained("cl100k_base")
    assert tok.encode("still works") == again.encode("still works")
    sys.exit(42)
"""

CASES = {
    "a batch, many threads": ("texts = [words] * 400", "tok.encode_batch(texts)"),
    "a batch, one thread": ("texts = [words] * 400", "tok.encode_batch(texts, num_threads=1)"),
    "a huge text of words": ("text = words * 300", "tok.encode_array(text)"),
    "a huge text in a batch": ("text = words * 300", "tok.encode_batch([text])"),
    "a huge text without a boundary": ("text = letters * 48", "tok.encode_array(text)"),
    "huge spans": ("text = words * 100", "tok.encode_with_spans(text)"),
    "a count": ("text = words * 400", "tok.count(text)"),
    "parts": ("parts = [(words * 300, False)]", "tok.encode_parts(parts)"),
    "a decoding": ("batch = tok.encode_batch([words] * 100)", "tok.decode_batch(batch)"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("case", CASES)
def test_ctrl_c_ends_it_within_a_second(case: str) -> None:
    setup, call = CASES[case]
    process = subprocess.Popen(
        [sys.executable, "-c", PRELUDE.format(setup=setup, call=call)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    time.sleep(0.3)
    begun = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    answer = process.stdout.readline()
    seconds = time.monotonic() - begun
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert answer == "interrupted\n", errors
    assert process.returncode == 42, errors
    # One second is promised of a machine that is not busy with other things.
    assert seconds < (1.0 if os.getloadavg()[0] < 1.5 * (os.cpu_count() or 1) else 3.0)
