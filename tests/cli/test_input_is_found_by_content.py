"""Compression is seen by content, in files and pipes; a packed file that ends early is an error."""

from __future__ import annotations

import builtins
import gzip
import json
import lzma
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import toksmith as ts

zstandard = pytest.importorskip("zstandard", reason="needs toksmith[zstd]")

TEXT = b"".join(
    random.Random(1).choice([b"plain ", b"text\n", b"\xf0\x9f\x98\x80"]) for _ in range(5000)
)


def zstd(data: bytes) -> bytes:
    packed: bytes = zstandard.ZstdCompressor().compress(data)
    return packed


PACK: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstd,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("parts", [1, 3])
def test_packed_input(run: Any, tmp_path: Path, tok: ts.Tokenizer, kind: str, parts: int) -> None:
    path = tmp_path / "no_suffix"
    path.write_bytes(PACK[kind](TEXT) * parts)
    expected = f"{tok.count(TEXT * parts)}\n".encode()
    assert run("count", "-t", "cl100k_base", stdin=path.read_bytes()).out == expected
    assert run("count", "-t", "cl100k_base", path).out.split()[0] == expected.strip()


@pytest.mark.parametrize("kind", ["gzip", "zstd", "xz"])
@pytest.mark.parametrize("cut", [7, 0.5, -1])
def test_cut_short(run: Any, tmp_path: Path, kind: str, cut: float) -> None:
    path = tmp_path / "cut"
    data = PACK[kind](TEXT)
    path.write_bytes(data[: int(cut * len(data)) if cut == 0.5 else int(cut)])
    result = run("encode", path, "-o", tmp_path / "out.npy")
    assert result.code == 1
    assert f"{path}: damaged compressed data" in result.err
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["gzip", "zstd", "xz"])
def test_garbage_inside(run: Any, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bad"
    data = bytearray(PACK[kind](TEXT))
    data[len(data) // 2 : len(data) // 2 + 20] = bytes(20)
    path.write_bytes(data)
    result = run("count", path)
    assert result.code == 1
    assert f"{path}: damaged compressed data" in result.err


def test_much_from_little_comes_in_blocks(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "lines.zst"
    path.write_bytes(zstd(b"a\n" * 2_000_000))
    assert json.loads(run("count", "--json", path).out)["files"][0]["bytes"] == 4_000_000


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python has zstd since 3.14")
def test_without_zstandard_the_extra_is_named(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zst"
    path.write_bytes(zstd(b"x"))
    hide(monkeypatch, "zstandard")
    result = run("count", path)
    assert result.code == 1
    assert 'pip install "toksmith[zstd]"' in result.err


def test_without_pyarrow_the_extra_is_named(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "pyarrow")
    result = run("encode", "-o", tmp_path / "a.parquet", stdin=b"x")
    assert result.code == 1
    assert 'pip install "toksmith[arrow]"' in result.err
    assert list(tmp_path.iterdir()) == []


def hide(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    real = builtins.__import__

    def importing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", importing)


def test_globs(run: Any, tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "deep/er/c.txt", "a.md", "[1].txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    out = run("count", f"{tmp_path}/**/*.txt").out.decode()
    names = [line.split(maxsplit=1)[1] for line in out.splitlines()]
    expected = ["[1].txt", "a.txt", "b.txt", "deep/er/c.txt"]
    assert names == [*(str(tmp_path / name) for name in expected), "total"]
    # A name that exists is no pattern.
    assert str(tmp_path / "[1].txt") in run("count", tmp_path / "[1].txt").out.decode()


def test_names_say_how_documents_lie(run: Any, tmp_path: Path) -> None:
    line = b'{"text": "one"}\n{"text": "two"}\n'
    (tmp_path / "a.ndjson.gz").write_bytes(gzip.compress(line))
    (tmp_path / "a.txt").write_bytes(line)
    assert len(run("encode", tmp_path / "a.ndjson.gz").out.splitlines()) == 2
    assert len(run("encode", tmp_path / "a.txt").out.splitlines()) == 1
    assert (
        len(run("encode", "--input-format", "text", tmp_path / "a.ndjson.gz").out.splitlines()) == 1
    )
