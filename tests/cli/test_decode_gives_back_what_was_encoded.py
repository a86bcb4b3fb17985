"""decode after encode is the identity on bytes, through every format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import toksmith as ts
from generated import strings

LINES = [text.replace("\n", " ").encode() for text in strings(200, seed=9)]
TEXT = b"\n".join(LINES) + b" not UTF-8: \xff\xfe\x80\xf0\x9f"


@pytest.mark.parametrize("suffix", ["jsonl", "npy", "parquet"])
def test_one_document(run: Any, tmp_path: Path, suffix: str) -> None:
    ids = tmp_path / f"ids.{suffix}"
    assert run("encode", "-o", ids, stdin=TEXT).code == 0
    assert run("decode", ids).out == TEXT
    assert run("decode", ids, "-o", tmp_path / "back").out == b""
    assert (tmp_path / "back").read_bytes() == TEXT
    if suffix != "parquet":
        assert run("decode", stdin=ids.read_bytes()).out == TEXT
        assert run("decode", stdin=gzip.compress(ids.read_bytes())).out == TEXT


@pytest.mark.parametrize("suffix", ["jsonl", "npy", "parquet"])
def test_lines(run: Any, tmp_path: Path, suffix: str) -> None:
    ids = tmp_path / f"ids.{suffix}"
    text = b"".join(line + b"\n" for line in [b"", *LINES, b"\r", b""])
    assert run("encode", "--lines", "-o", ids, stdin=text).code == 0
    assert run("decode", "--lines", ids).out == text


@pytest.mark.parametrize("suffix", ["jsonl", "npy", "parquet"])
def test_what_is_larger_than_a_block(
    run: Any, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("documents", "inputs", "npy", "id_files"):
        monkeypatch.setattr(f"toksmith.cli.{module}.BLOCK", 64)
    monkeypatch.setattr("toksmith.cli.documents.LONG_LINE", 100)
    monkeypatch.setattr("toksmith.cli.sinks.PART_IDS", 10)
    monkeypatch.setattr("toksmith.cli.inputs.Stream.read.__defaults__", (64,))
    ids = tmp_path / f"ids.{suffix}"
    assert run("encode", "--lines", "-o", ids, stdin=TEXT).code == 0
    assert run("decode", "--lines", ids).out == TEXT + b"\n"
    assert run("encode", "-o", ids, stdin=TEXT).code == 0
    assert run("decode", ids).out == TEXT


def test_several_files_and_their_offsets(run: Any, tmp_path: Path) -> None:
    for name, text in (("a", b"one\ntwo\n"), ("b", b"three\n")):
        run("encode", "--lines", "-o", tmp_path / f"{name}.npy", stdin=text)
    result = run("decode", "--lines", tmp_path / "*.npy")
    assert result.out == b"one\ntwo\nthree\n"


def test_plain_numbers(run: Any, tok: ts.Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toksmith.cli.inputs.Stream.read.__defaults__", (3,))
    ids = tok.encode("some words to go\n")
    text = "\n ".join(map(str, ids)).encode()
    assert run("decode", "-t", "cl100k_base", stdin=text).out == b"some words to go\n"
    assert run("decode", stdin=b"").out == b""


def test_plain_numbers_by_line(run: Any, tok: ts.Tokenizer) -> None:
    lines = "".join(" ".join(map(str, tok.encode(text))) + "\n" for text in ("a b", "", "c"))
    out = run("decode", "-t", "cl100k_base", "--lines", stdin=lines.encode()).out
    assert out == b"a b\n\nc\n"


def test_json_of_others(run: Any, tok: ts.Tokenizer) -> None:
    ids = tok.encode("hello")
    lines = json.dumps(ids) + "\n" + json.dumps({"n": 1, "tokens": ids}) + "\n"
    out = run("decode", "-t", "cl100k_base", "--field", "tokens", stdin=lines.encode()).out
    assert out == b"hellohello"


def test_parquet_of_others(run: Any, tmp_path: Path, tok: ts.Tokenizer) -> None:
    rows = pa.array([tok.encode("a b"), [], tok.encode("c")], pa.list_(pa.int32()))
    pq.write_table(pa.table({"input_ids": rows}), tmp_path / "x")
    options = ("-t", "cl100k_base", "--field", "input_ids", "--lines")
    assert run("decode", *options, tmp_path / "x").out == b"a b\n\nc\n"


@pytest.mark.parametrize("dtype", ["<u2", ">u4", "<i8"])
def test_arrays_of_others(run: Any, tmp_path: Path, tok: ts.Tokenizer, dtype: str) -> None:
    np.save(tmp_path / "x.npy", np.array(tok.encode("the text"), dtype))
    assert run("decode", "-t", "cl100k_base", tmp_path / "x.npy").out == b"the text"


def test_text_as_json(run: Any, tmp_path: Path) -> None:
    text = 'a "quoted" \\ line\tof Ünïcödé 😀'
    ids = run("encode", "--lines", stdin=text.encode() + b"\ncut \xf0\x9f").out
    out = run("decode", "--format", "jsonl", stdin=ids).out
    assert [json.loads(line)["text"] for line in out.splitlines()] == [text, "cut \ufffd"]
    assert run("decode", "-o", tmp_path / "x.jsonl", stdin=ids).code == 0
    assert (tmp_path / "x.jsonl").read_bytes() == out


def test_special_tokens_can_be_left_out(run: Any) -> None:
    ids = run("encode", "--allow-special", "all", stdin=b"a<|endoftext|>b").out
    assert run("decode", stdin=ids).out == b"a<|endoftext|>b"
    assert run("decode", "--skip-special-tokens", stdin=ids).out == b"ab"


def test_another_tokenizers_parquet_is_refused(run: Any, tmp_path: Path) -> None:
    ids = tmp_path / "ids.parquet"
    run("encode", "-t", "cl100k_base", "-o", ids, stdin=b"text")
    result = run("decode", "-t", "o200k_base", ids)
    assert result.code == 1
    assert f"{ids}: encoded with cl100k_base, not with o200k_base" in result.err
