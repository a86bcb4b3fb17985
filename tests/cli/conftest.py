"""How these tests run commands: in this process where that shows enough, else in their own."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import toksmith as ts
from toksmith.cli import main
from vocabularies import embedded


@dataclass(frozen=True)
class Result:
    code: int
    out: bytes
    err: str


Run = Callable[..., Result]


@pytest.fixture
def tok() -> ts.Tokenizer:
    """The library's own answer to what a command gives: cl100k_base."""
    return embedded("cl100k_base")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """`run("encode", path, stdin=b"…")` in this process."""

    def call(*arguments: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main(list(map(str, arguments)))
        out, err = capsysbinary.readouterr()
        return Result(code, out, err.decode())

    return call


@pytest.fixture
def spawn() -> Callable[..., subprocess.Popen[bytes]]:
    """`spawn("encode", path, stdin=…)`: the command in a process of its own, with pipes."""

    def start(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "toksmith", *map(str, arguments)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(command, **{**pipes, **options})

    return start
