"""count prints what encode would give, by file and in total."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import toksmith as ts
from generated import strings

TEXTS = list(strings(40, seed=3))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number:02}.txt" for number in range(len(TEXTS))]
    for path, text in zip(paths, TEXTS, strict=True):
        path.write_bytes(text.encode())
    return paths


@pytest.mark.parametrize("block", [2, 1 << 20])
def test_files_and_total(
    run: Any,
    files: list[Path],
    tok: ts.Tokenizer,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("toksmith.cli.documents.BLOCK", block)
    monkeypatch.setattr("toksmith.cli.inputs.Stream.read.__defaults__", (block,))
    out = run("count", "-t", "cl100k_base", *files).out.decode()
    rows = [line.split(maxsplit=1) for line in out.splitlines()]
    counts = [len(tok.encode(text)) for text in TEXTS]
    assert rows == [
        *([str(count), str(path)] for count, path in zip(counts, files, strict=True)),
        [str(sum(counts)), "total"],
    ]


def test_json(run: Any, files: list[Path], tok: ts.Tokenizer) -> None:
    out = json.loads(run("count", "--json", "-t", "cl100k_base", *files).out)
    counts = [len(tok.encode(text)) for text in TEXTS]
    assert out == {
        "tokenizer": "cl100k_base",
        "tokens": sum(counts),
        "files": [
            {"file": str(path), "documents": 1, "bytes": path.stat().st_size, "tokens": count}
            for path, count in zip(files, counts, strict=True)
        ],
    }


def test_standard_input_is_a_bare_number(run: Any) -> None:
    assert run("count", stdin=b"Hello world\n").out == b"3\n"
    assert run("count", "--allow-special", "all", stdin=b"<|endoftext|>").out == b"1\n"


def test_lines_are_documents(run: Any, files: list[Path], tok: ts.Tokenizer) -> None:
    out = json.loads(run("count", "--json", "--lines", "-t", "cl100k_base", files[0]).out)
    lines = TEXTS[0].removesuffix("\n").split("\n")
    assert out["files"][0]["documents"] == len(lines)
    assert out["tokens"] == sum(len(tok.encode(line)) for line in lines)


def test_a_file_named_twice_counts_twice(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"Hello world\n")
    assert run("count", path, path).out.decode() == f"3  {path}\n3  {path}\n6  total\n"
