"""Progress is drawn on a terminal that nothing else scrolls on, and nowhere else."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")


def on_a_terminal(spawn: Any, *arguments: object) -> bytes:
    """What the command writes to a terminal that is its standard error, with slow input."""
    import pty

    outer, inner = pty.openpty()
    process = spawn(*arguments, stderr=inner)
    os.close(inner)
    for _ in range(4):
        process.stdin.write(b"some text\n" * 200_000)
        process.stdin.flush()
        time.sleep(0.25)
    process.stdin.close()
    process.stdout.read()
    assert process.wait(timeout=60) == 0
    try:
        seen = os.read(outer, 1 << 16)
    except OSError:  # Linux says so of a terminal that was closed with nothing in it
        seen = b""
    os.close(outer)
    return seen


def test_on_a_terminal(spawn: Any, tmp_path: Path) -> None:
    seen = on_a_terminal(spawn, "encode", "--lines", "-o", tmp_path / "a.npy")
    assert b"MB/s" in seen
    assert seen.endswith(b"\r\x1b[K")  # the line is gone in the end


def test_quiet(spawn: Any, tmp_path: Path) -> None:
    assert on_a_terminal(spawn, "encode", "--lines", "-q", "-o", tmp_path / "a.npy") == b""


def test_off_a_terminal(spawn: Any, tmp_path: Path) -> None:
    process = spawn("encode", "--lines", "-o", tmp_path / "a.npy")
    process.stdin.write(b"text\n" * 400_000)
    process.stdin.flush()
    time.sleep(0.5)
    out, err = process.communicate(b"text\n" * 400_000, timeout=60)
    assert (process.returncode, out, err) == (0, b"", b"")
