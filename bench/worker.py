"""One library in a process of its own: takes requests from a pipe, times them, answers.

Only the library's call is inside the clock. What it returned is turned into one checksum a
document outside, so that the driver can compare ids without moving them. CPU time is that of
the whole process, all threads. Start at `main`; the driver's side is `process.py`.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from libraries import LIBRARIES, Ids, Library, NotOfferedError, Rows
from process import Answer
from vocabs import Vocab


def check(rows: Rows) -> list[int]:
    """One checksum a row."""
    return [crc32(np.ascontiguousarray(row, np.uint32).data) for row in rows]


def peak_bytes() -> int:
    """Largest resident size of this process so far; 0 where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024


@contextmanager
def clock(answer: Answer) -> Iterator[None]:
    """Adds what happens inside to the answer's times; no garbage collection meanwhile."""
    gc.collect()
    gc.disable()
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    answer.cpu += time.process_time() - cpu
    answer.wall += time.perf_counter() - wall
    gc.enable()


def offered(call: Any) -> Any:
    """The call, if the library has it."""
    if call is None:
        raise NotOfferedError("no such call")
    return call


def array(library: Library, texts: list[str]) -> tuple[Answer, Rows]:
    """A batch in one call, with array or flat output."""
    answer, batch, rows = Answer(), offered(library.batch), offered(library.rows)
    with clock(answer):
        result = batch(texts)
    return answer, rows(result)


def lists(library: Library, texts: list[str]) -> tuple[Answer, Rows]:
    """A call a document, each giving a list; the lists are kept."""
    answer, encode = Answer(), library.encode
    with clock(answer):
        result = [encode(text) for text in texts]
    return answer, [np.array(ids, np.uint32) for ids in result]


def latency(library: Library, texts: list[str]) -> tuple[Answer, Rows]:
    """A call a string, each giving a list that is dropped at once."""
    answer, encode = Answer(), library.encode
    with clock(answer):
        for text in texts:
            encode(text)
    return answer, [np.array(encode(text), np.uint32) for text in texts]


def one(library: Library, texts: list[str]) -> tuple[Answer, Rows]:
    """One long text with array output."""
    (text,) = texts
    if library.one is None or library.one_rows is None:
        return array(library, texts)
    answer = Answer()
    with clock(answer):
        result = library.one(text)
    return answer, library.one_rows(result)


def decode(library: Library, rows: list[bytes]) -> Answer:
    """A call a document, from a list of ids to a string."""
    answer, call = Answer(), library.decode
    lists_of_ids = [np.frombuffer(row, np.uint32).tolist() for row in rows]
    with clock(answer):
        texts = [call(ids) for ids in lists_of_ids]
    answer.checks = [crc32(text.encode()) for text in texts]
    return answer


def decode_array(library: Library, rows: list[bytes]) -> Answer:
    """A call a document, from an array of ids to a string."""
    answer, call = Answer(), offered(library.decode_array)
    arrays: list[Ids] = [np.frombuffer(row, np.uint32) for row in rows]
    with clock(answer):
        texts = [call(ids) for ids in arrays]
    answer.checks = [crc32(text.encode()) for text in texts]
    return answer


ENCODERS: dict[str, Callable[[Library, list[str]], tuple[Answer, Rows]]] = {
    "array": array,
    "list": lists,
    "latency": latency,
    "one": one,
}
DECODERS = {"decode": decode, "decode array": decode_array}


def serve(connection: Connection, name: str, vocab: Vocab, threads: int) -> None:
    """Loads, says how long that took, then answers until the pipe closes."""
    before, loading = peak_bytes(), Answer()
    with clock(loading):
        library = LIBRARIES[name][2](vocab, threads)
        library.encode("Hello, world")
    loading.peak = peak_bytes() - before
    connection.send(loading)
    while True:
        operation, payload, want_ids = connection.recv()
        try:
            if operation in ENCODERS:
                answer, rows = ENCODERS[operation](library, payload)
                answer.checks = check(rows)
                if want_ids:
                    answer.ids = [np.ascontiguousarray(row, np.uint32).tobytes() for row in rows]
            else:
                answer = DECODERS[operation](library, payload)
            answer.peak = peak_bytes() - before
            connection.send(answer)
        except BaseException as error:  # a Rust panic is not an Exception
            connection.send(f"{type(error).__name__}: {error}"[:200])


def main() -> None:
    """`worker.py FD LIBRARY THREADS CPU`, then a pickled `Vocab` on the pipe FD."""
    descriptor, name, threads, cpu = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    if cpu != "any" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(cpu)})
    connection = Connection(descriptor)
    vocab = pickle.loads(connection.recv_bytes())
    try:
        serve(connection, name, vocab, threads)
    except EOFError:
        return
    except BaseException as error:
        connection.send(f"{type(error).__name__}: {error}"[:200])


if __name__ == "__main__":
    main()
