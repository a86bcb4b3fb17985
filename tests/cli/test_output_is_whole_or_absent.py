"""A file appears when it is complete; after any other end what was there before is still there."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toksmith as ts

BAD = b'{"text": "good"}\n' * 20_000 + b"{}\n"


@pytest.mark.parametrize("suffix", ["jsonl", "npy", "parquet"])
def test_an_error_leaves_what_was_there(run: Any, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out.{suffix}"
    source = tmp_path / "in.jsonl"
    source.write_bytes(BAD)
    assert run("encode", source, "-o", target).code == 1
    assert list(tmp_path.iterdir()) == [source]
    target.write_bytes(b"before")
    assert run("encode", source, "-o", target).code == 1
    assert target.read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing(
    spawn: Any, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = spawn("encode", "--lines", "-o", tmp_path / "out.npy", stdout=None)
    # It waits for the rest of its input, its temporary files are open.
    process.stdin.write(b"line\n" * 1_000_000)
    process.stdin.flush()
    while not list(tmp_path.iterdir()):
        assert process.poll() is None
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("suffix", ["jsonl", "npy", "parquet"])
def test_a_full_disk_leaves_nothing(spawn: Any, tmp_path: Path, suffix: str) -> None:
    import resource

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    process = spawn("encode", "--lines", "-o", tmp_path / f"o.{suffix}", preexec_fn=limit)
    text = "\n".join(f"{n} {n * n}" for n in range(50_000))
    _, err = process.communicate(text.encode(), timeout=60)
    assert process.returncode == 1
    assert err.startswith(b"toksmith: error: ")
    assert err.count(b"\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_input_can_be_its_own_output(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"text " * 1000)
    assert run("encode", path, "-o", path, "--format", "npy").code == 0
    assert run("decode", path, "-o", path).code == 0
    assert path.read_bytes() == b"text " * 1000


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and devices")
def test_links_and_devices_stay(run: Any, tmp_path: Path, tok: ts.Tokenizer) -> None:
    link, file = tmp_path / "link.npy", tmp_path / "file.npy"
    file.write_bytes(b"")
    link.symlink_to(file)
    assert run("encode", "-t", "cl100k_base", "-o", link, stdin=b"text").code == 0
    assert link.is_symlink()
    assert np.load(file).tolist() == tok.encode("text")
    assert run("encode", "-o", os.devnull, "--format", "jsonl", stdin=b"text").code == 0
    assert run("encode", "-o", os.devnull, "--format", "npy", stdin=b"text").code == 2
    assert Path(os.devnull).is_char_device()


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_new_file_has_the_usual_mode(run: Any, tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    assert run("encode", "-o", tmp_path / "a.npy", stdin=b"x").code == 0
    assert (tmp_path / "a.npy").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_folder_that_is_not_there(run: Any, tmp_path: Path) -> None:
    result = run("encode", "-o", tmp_path / "no" / "a.npy", stdin=b"x")
    assert result.code == 1
    assert str(tmp_path / "no" / "a.npy") in result.err
