"""What a program costs from its start to its end: CPU seconds, wall seconds, peak memory.

A program measured here is one of this folder that ends with `say`. Its cost includes starting
Python, imports and reading the input; `Cost.beyond` subtracts a run that stops short of the work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Cost:
    """Of one run."""

    cpu: float  # user and system seconds, all threads
    wall: float
    peak: int  # bytes
    said: dict[str, Any]

    def beyond(self, base: Cost) -> Cost:
        """What is more than in another run."""
        more = self.cpu - base.cpu, self.wall - base.wall, max(self.peak - base.peak, 0)
        return Cost(*more, self.said)


def run(python: str, program: str, arguments: Sequence[object], limit: float) -> Cost | str:
    """Runs a program of this folder; a string says why it failed, or that `limit` seconds ended."""
    command = ["timeout", str(limit), python, str(HERE / program), *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = code = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if code == 124:
            return f"no result in {limit:.0f} s"
        if code != 0:
            return (errors.read().strip().splitlines() or [f"exit {code}"])[-1][:200]
        said = json.loads(out.read().strip().splitlines()[-1])
    return Cost(usage.ru_utime + usage.ru_stime, wall, said["peak"], said)


def say(**what: object) -> None:
    """Ends a measured program: prints its peak of resident memory, and what else it has to say."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    json.dump({"peak": int(fields["VmHWM"].split()[0]) * 1024, **what}, sys.stdout)
    print(flush=True)
