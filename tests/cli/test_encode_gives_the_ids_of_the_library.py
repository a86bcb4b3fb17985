"""Whatever the way in and the way out, the ids are those of `Tokenizer.encode`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import toksmith as ts
from generated import strings

TEXTS = [*strings(300, seed=5), "", "plain", "two words", "<|endoftext|>"]
LINES = [text.replace("\n", " ") for text in TEXTS]


def rows_of(path: Path) -> list[list[int]]:
    """What an output file says, read with other means than toksmith's."""
    if path.suffix == ".jsonl":
        return [json.loads(line)["ids"] for line in path.read_text().splitlines()]
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        assert table["document"].to_pylist() == list(range(len(table)))
        rows: list[list[int]] = table["ids"].to_pylist()
        return rows
    ids, offsets = np.load(path), np.load(path.with_suffix(".offsets.npy"))
    assert ids.dtype == np.uint32
    assert offsets.dtype == np.int64
    return [row.tolist() for row in np.split(ids, offsets[1:-1])]


@pytest.mark.parametrize("suffix", ["jsonl", "npy", "parquet"])
@pytest.mark.parametrize("threads", [None, 1, 3])
def test_json_lines(
    run: Any, tmp_path: Path, tok: ts.Tokenizer, suffix: str, threads: int | None
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / f"out.{suffix}"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    options = ["--threads", threads] if threads else []
    result = run("encode", "-t", "cl100k_base", source, "-o", target, *options)
    assert (result.code, result.err) == (0, "")
    assert rows_of(target) == [tok.encode(text) for text in TEXTS]


@pytest.mark.parametrize("suffix", ["jsonl", "npy", "parquet"])
def test_lines(run: Any, tmp_path: Path, tok: ts.Tokenizer, suffix: str) -> None:
    target = tmp_path / f"out.{suffix}"
    text = "\n".join([*LINES, "end"]).encode()
    assert run("encode", "-t", "cl100k_base", "--lines", "-o", target, stdin=text).code == 0
    assert rows_of(target) == [tok.encode(line) for line in [*LINES, "end"]]


@pytest.mark.parametrize("suffix", ["jsonl", "npy", "parquet"])
def test_files(run: Any, tmp_path: Path, tok: ts.Tokenizer, suffix: str) -> None:
    for number, text in enumerate(TEXTS):
        (tmp_path / f"{number:03}.txt").write_bytes(text.encode())
    target = tmp_path / f"out.{suffix}"
    assert run("encode", "-t", "cl100k_base", tmp_path / "*.txt", "-o", target).code == 0
    assert rows_of(target) == [tok.encode(text) for text in TEXTS]


def test_one_file_is_a_flat_array(run: Any, tmp_path: Path, tok: ts.Tokenizer) -> None:
    (tmp_path / "a.txt").write_text("one text\nof two lines")
    target = tmp_path / "a.npy"
    (tmp_path / "a.offsets.npy").write_bytes(b"left over from another run")
    assert run("encode", "-t", "cl100k_base", tmp_path / "a.txt", "-o", target).code == 0
    assert np.load(target).tolist() == tok.encode("one text\nof two lines")
    assert not (tmp_path / "a.offsets.npy").exists()


@pytest.mark.parametrize("suffix", ["jsonl", "npy", "parquet"])
@pytest.mark.parametrize("block", [1, 7, 64])
def test_text_read_in_blocks(
    run: Any,
    tmp_path: Path,
    tok: ts.Tokenizer,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    block: int,
) -> None:
    monkeypatch.setattr("toksmith.cli.documents.BLOCK", block)
    monkeypatch.setattr("toksmith.cli.inputs.Stream.read.__defaults__", (block,))
    monkeypatch.setattr("toksmith.cli.sinks.PART_IDS", 50)
    text = "".join(TEXTS).encode() + b" \xff\xfe caf\xc3"
    (tmp_path / "a.txt").write_bytes(text)
    (tmp_path / "b.txt").write_bytes(b"")
    target = tmp_path / f"out.{suffix}"
    files = [tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "a.txt"]
    assert run("encode", "-t", "cl100k_base", *files, "-o", target).code == 0
    ids = tok.encode(text)
    if suffix != "parquet":
        assert rows_of(target) == [ids, [], ids]
        return
    rows: dict[int, list[int]] = {}
    for row in pq.read_table(target).to_pylist():
        assert len(row["ids"]) <= 50 + 200  # the part is cut after an array, not inside
        rows.setdefault(row["document"], []).extend(row["ids"])
    assert rows == {0: ids, 1: [], 2: ids}


def test_lines_too_long_to_hold(
    run: Any, tok: ts.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toksmith.cli.documents.LONG_LINE", 20)
    monkeypatch.setattr("toksmith.cli.inputs.Stream.read.__defaults__", (16,))
    lines = ["", "short", "a rather long line of text " * 9, "", "x" * 100, "y"]
    for text in ("\n".join(lines), "\n".join(lines) + "\n"):
        result = run("encode", "-t", "cl100k_base", "--lines", stdin=text.encode())
        ids = [json.loads(line)["ids"] for line in result.out.splitlines()]
        assert ids == [tok.encode(line) for line in lines]


def test_special_tokens_are_text_unless_allowed(run: Any, tok: ts.Tokenizer) -> None:
    def encode(*options: str) -> Any:
        result = run("encode", "-t", "cl100k_base", *options, stdin=b"a<|endoftext|>b")
        return json.loads(result.out)["ids"]

    assert encode() == tok.encode("a<|endoftext|>b")
    special = tok.encode("a<|endoftext|>b", allowed_special="all")
    assert 100257 in special
    assert encode("--allow-special", "all") == special
    assert encode("--allow-special", "<|endoftext|>,<|endofprompt|>") == special
    assert encode("--allow-special", "<|endofprompt|>") == encode()


@pytest.mark.parametrize("block", [3, 1 << 20])
def test_special_tokens_across_blocks(
    run: Any, tok: ts.Tokenizer, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("toksmith.cli.documents.BLOCK", block)
    monkeypatch.setattr("toksmith.cli.inputs.Stream.read.__defaults__", (block,))
    text = "one<|endoftext|>two <|endo <|endoftext|><|endoftext|>"
    options = ("-t", "cl100k_base", "--allow-special", "all")
    ids = json.loads(run("encode", *options, stdin=text.encode()).out)["ids"]
    assert ids == tok.encode(text, allowed_special="all")


def test_fields(run: Any, tmp_path: Path, tok: ts.Tokenizer) -> None:
    path = tmp_path / "posts.txt"
    path.write_text('{"a": {"b": "found"}}\n{"a.b": "as well"}\n')
    result = run("encode", "-t", "cl100k_base", "--field", "a.b", path)
    ids = [json.loads(line)["ids"] for line in result.out.splitlines()]
    assert ids == [tok.encode("found"), tok.encode("as well")]


def test_the_default_is_o200k_base(run: Any, pretrained: Callable[[str], ts.Tokenizer]) -> None:
    ids = json.loads(run("encode", stdin="völlig".encode()).out)["ids"]
    assert ids == pretrained("o200k_base").encode("völlig")


def test_a_tokenizer_file_with_pattern_and_specials(run: Any, tmp_path: Path) -> None:
    ranks = tmp_path / "bytes.tiktoken"
    import base64

    lines = (base64.b64encode(bytes([b])).decode() + f" {b}\n" for b in range(256))
    ranks.write_text("".join(lines))
    options = ("-t", ranks, "--pattern", r"\w+|\W", "--special", "<x>=300")
    result = run("encode", *options, "--allow-special", "<x>", stdin=b"ab<x>")
    assert json.loads(result.out)["ids"] == [97, 98, 300]
