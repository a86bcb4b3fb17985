"""Promise: one tokenizer serves 16 threads at once, and each gets its own right answers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import shapes
import toksmith as ts
from generated import strings
from testdata import FULL
from vocabularies import embedded

THREADS = 16


def test_mixed_calls_from_many_threads_agree_with_serial_ones() -> None:
    tok = ts.Tokenizer.from_bytes(embedded("cl100k_base").to_bytes())
    texts = [*strings(300, seed=5), *(shapes.make(shape, 4_000) for shape in shapes.SHAPES)]
    want = [tok.encode(text) for text in texts]
    tok.clear_cache()
    start = threading.Barrier(THREADS)

    def work(number: int) -> list[str]:
        wrong, decoder = [], tok.stream_decoder()
        start.wait()
        for turn in range(200 if FULL else 5):
            if (turn + number) % 5 == 0:
                tok.clear_cache()
            for at in range(number, len(texts), 7):
                text, ids = texts[at], want[at]
                checks = {
                    "encode": tok.encode(text) == ids,
                    "array": np.array_equal(tok.encode_array(text), ids),
                    "count": tok.count(text) == len(ids),
                    "decode": tok.decode(ids) == text,
                    "stream": decoder.push(ids) + decoder.finish() == text,
                }
                wrong += [call for call, right in checks.items() if not right]
            batch = tok.encode_batch(texts[number::11], num_threads=1 + number % 3)
            if batch.tolist() != want[number::11]:
                wrong.append("batch")
            tok.cache_info()
        return wrong

    with ThreadPoolExecutor(THREADS) as pool:
        assert [wrong for wrong in pool.map(work, range(THREADS)) if wrong] == []


def test_the_interpreter_runs_on_while_a_batch_is_encoded() -> None:
    tok, ticks, done = embedded("cl100k_base"), 0, threading.Event()

    def batch() -> None:
        tok.encode_batch([shapes.make("english", 1 << 20, seed) for seed in range(16)])
        done.set()

    worker = threading.Thread(target=batch)
    worker.start()
    while not done.wait(0.001):
        ticks += 1
    worker.join()
    assert ticks > 3


def test_one_stream_decoder_may_be_pushed_from_several_threads() -> None:
    tok = embedded("cl100k_base")
    decoder, ids = tok.stream_decoder(), tok.encode("plain words only " * 50)
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(decoder.push, [ids] * 64))
    assert "".join(parts) + decoder.finish() == "plain words only " * 50 * 64
