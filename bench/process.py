"""The driver's side of a worker: start it, ask it, survive its death.

A peer may panic, abort, or not come back. Whatever happens is an answer: an `Answer`, or a
string that says what went wrong; after a death the worker stays dead and says so. Start at
`Group`, which keeps one worker a library.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from vocabs import Vocab

if TYPE_CHECKING:
    from typing_extensions import Self

LOAD_LIMIT = 180.0


@dataclass
class Answer:
    """What a worker says: how long it took, and what came out."""

    cpu: float = 0.0  # seconds of the worker's process, all threads
    wall: float = 0.0
    checks: list[int] = field(default_factory=list)  # one checksum a document
    ids: list[bytes] | None = None  # uint32 rows, where asked for
    peak: int = 0  # growth of the largest resident size since before loading, in bytes


Reply = Answer | str


@dataclass(frozen=True)
class Installed:
    """A library, its version, and the interpreter that can import it."""

    name: str
    version: str
    python: str


class Process:
    """One worker: one library, one vocabulary."""

    def __init__(self, library: Installed, vocab: Vocab, threads: int) -> None:
        self.fate: str | None = None
        ours, theirs = socket.socketpair()
        one_cpu = str(max(os.sched_getaffinity(0))) if threads == 1 else "any"
        self.child = subprocess.Popen(
            [library.python, str(Path(__file__).with_name("worker.py")), str(theirs.fileno()),
             library.name, str(threads), one_cpu],
            pass_fds=[theirs.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "RAYON_NUM_THREADS": str(threads),
                "TOKSMITH_NUM_THREADS": str(threads),
                "HF_HUB_OFFLINE": "1",
            },
        )  # fmt: skip
        theirs.close()
        self.pipe = Connection(ours.detach())
        self.pipe.send_bytes(pickle.dumps(vocab))
        self.loading = self.answer(LOAD_LIMIT)
        if isinstance(self.loading, str):
            self.fate = self.loading

    def ask(self, operation: str, payload: Any, limit: float, ids: bool = False) -> Reply:
        """One request; times out after `limit` seconds of wall time."""
        if self.fate is not None:
            return self.fate
        try:
            self.pipe.send((operation, payload, ids))
        except OSError:
            return self.died()
        return self.answer(limit)

    def answer(self, limit: float) -> Reply:
        """The next message, or what became of the worker."""
        try:
            if self.pipe.poll(limit):
                reply: Reply = self.pipe.recv()
                return reply
        except (EOFError, OSError):
            return self.died()
        self.child.kill()
        self.fate = f"no answer in {limit:.0f} s"
        return self.fate

    def died(self) -> str:
        """Says how, for good."""
        code = self.child.wait()
        self.fate = f"died ({signal.Signals(-code).name})" if code < 0 else f"exit code {code}"
        return self.fate

    def close(self) -> None:
        """Ends the worker."""
        self.pipe.close()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Group:
    """Fresh workers for several libraries, asked in turn so that all share the same minute."""

    def __init__(self, libraries: Sequence[Installed], vocab: Vocab, threads: int = 1) -> None:
        self.workers = {library.name: Process(library, vocab, threads) for library in libraries}
        self.turns = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the workers."""
        for worker in self.workers.values():
            worker.close()

    def ask(
        self, operation: str, payload: Any, limit: float = 120.0, ids_of: str | None = None
    ) -> dict[str, Reply]:
        """The same request to every worker, one at a time; another goes first each time."""
        names = list(self.workers)
        first = self.turns % len(names)
        self.turns += 1
        return {
            name: self.workers[name].ask(operation, payload, limit, ids=name == ids_of)
            for name in names[first:] + names[:first]
        }
