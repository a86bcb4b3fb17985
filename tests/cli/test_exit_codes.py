"""0 done, 1 an error in the input, 2 wrong arguments, 130 interrupted, 141 nobody reads on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

USAGE = [
    [],
    ["no_such_command"],
    ["encode", "--format", "csv"],
    ["encode", "--format", "npy"],
    ["encode", "-o", "out.csv"],
    ["encode", "--threads", "0"],
    ["encode", "--lines", "--input-format", "text"],
    ["encode", "--lines", "--field", "text"],
    ["encode", "--allow-special", "<|no_such|>"],
    ["encode", "--pattern", "x"],
    ["encode", "--special", "<x>=1"],
    ["encode", "-t", __file__, "--special", "<x>"],
    ["encode", "-t", __file__, "--special", "<x>=-1"],
    ["count", "--nonsense"],
    ["info", "gpt2", "-t", "gpt2"],
    ["bench", "--limit", "0"],
    ["bench", "--limit", "nan"],
]


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_wrong_arguments(run: Any, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert result.out == b""
    assert "toksmith" in result.err


def test_done(run: Any) -> None:
    assert run("count", stdin=b"").code == 0


def test_help_is_no_error(run: Any) -> None:
    for command in ([], ["encode"], ["decode"], ["count"], ["info"], ["bench"]):
        result = run(*command, "--help")
        assert (result.code, result.err) == (0, "")
        assert b"examples:" in result.out
        assert all(len(line) <= 100 for line in result.out.decode().splitlines())


def test_help_on_a_terminal_that_has_ascii_only(spawn: Any) -> None:
    process = spawn("encode", "--help", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert b"examples:" in out


def test_version(run: Any) -> None:
    import toksmith

    assert run("--version").out.decode() == f"toksmith {toksmith.__version__}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize("command", ["encode", "decode"])
def test_a_reader_that_goes_away(spawn: Any, tmp_path: Path, command: str) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"11 22 33\n" * 300_000)
    process = spawn(command, "--lines", path)
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == b""


def test_standard_input_twice(run: Any) -> None:
    assert run("count", "-", "-", stdin=b"x").code == 1
