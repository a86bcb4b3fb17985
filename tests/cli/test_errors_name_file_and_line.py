"""An error says where: the file, and the line or the document in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

TEXT_LINES = {
    '{"txt": 1}': 'field "text" is missing',
    '{"text": 1}': 'field "text" is a number, not a string',
    '{"text": null}': 'field "text" is null, not a string',
    '["text"]': "the line is an array, not an object",
    '{"text": "cut': "not JSON",
    "": None,
    '{"text": "\\ud800"}': 'field "text" has a lone surrogate at character 0',
    '{"text": ' + "9" * 5000 + "}": "not usable JSON",
    "[" * 100_000: "",
}


@pytest.mark.parametrize("line", TEXT_LINES)
def test_encode(run: Any, tmp_path: Path, line: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "good"}\n\n' + line + '\n{"text": "good"}\n')
    result = run("encode", path)
    what = TEXT_LINES[line]
    if what is None:
        assert result.code == 0
    else:
        assert result.code == 1
        assert f"toksmith: error: {path}:3: {what}" in result.err
        assert result.err.count("\n") == 1


def test_bytes_that_are_not_utf8_in_json(run: Any) -> None:
    result = run("count", "--input-format", "jsonl", stdin=b'{"text": "\xff"}\n')
    assert (result.code, result.err) == (1, "toksmith: error: <stdin>:1: not UTF-8 at byte 10\n")


def test_lone_surrogates_can_be_replaced(run: Any) -> None:
    line = rb'{"text": "\ud800 and \ud83d\ude00"}'
    ids = run("encode", "--field", "text", "--errors", "replace", stdin=line).out
    assert run("decode", stdin=ids).out.decode() == "\ufffd and \U0001f600"


IDS = {
    b'{"ids": [1, 2]}\n{"id": []}\n': '2: field "ids" is missing',
    b'{"ids": [1, 2]}\n{"ids": 3}\n': '2: field "ids" is a number, not an array',
    b"[1, true]\n": "1: not a list of ids",
    b"[1.5]\n": "1: ids: expected integers",
    b'["a"]\n': "1: ids: expected integers",
    b"[[1]]\n": "1: ids: expected one dimension",
    b"[1, [1]]\n": "1: ids: expected",
    b"[-1]\n": "1: ids: no token has id -1",
    b"[99999999999999999999999]\n": "1: ids: no token has id 99999999999999999999999",
    b"[1]\n[4000000000]\n": "2: ",
    b"1 2\n3 x4\n": '2: "x4" is not an id',
    b"1 2\n-3\n": '2: "-3" is not an id',
    b"12345678901\n": '1: "12345678901" is not an id',
    b"1" * 5_000_000: "1: ",
}


@pytest.mark.parametrize("data", IDS, ids=lambda data: str(data[:20]))
def test_decode(run: Any, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "ids"
    path.write_bytes(data)
    result = run("decode", path, "-o", tmp_path / "out")
    assert result.code == 1
    assert f"toksmith: error: {path}:{IDS[data]}" in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"ids": [' + b"1, " * 100 + b'1], "x": }', "1: not JSON"),
        (b'{"ids": [' + b"1, " * 100 + b"x" * 200, "1: not a list of ids"),
        (b'{"ids": [' + b"1, " * 100 + b"1", "1: not a list of ids"),
        (b'{"ids": [' + b"1, " * 100 + b"null]}", "1: ids: expected integers"),
        (b'{"ids": [' + b"1, " * 100 + b"]}", "1: not JSON"),
        (b'{"other": [' + b"1, " * 100 + b"1]}", '1: field "ids" is missing'),
    ],
)
def test_decode_of_long_lines(
    run: Any, monkeypatch: pytest.MonkeyPatch, line: bytes, what: str
) -> None:
    monkeypatch.setattr("toksmith.cli.documents.LONG_LINE", 100)
    monkeypatch.setattr("toksmith.cli.id_files.BLOCK", 64)
    monkeypatch.setattr("toksmith.cli.inputs.Stream.read.__defaults__", (64,))
    result = run("decode", stdin=line)
    assert result.code == 1
    assert f"<stdin>:{what}" in result.err


def test_arrays_that_hold_no_ids(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    for array in (np.zeros((2, 2), int), np.zeros(3), np.array([{}]), np.array([-1])):
        np.save(path, array, allow_pickle=True)
        result = run("decode", path)
        assert result.code == 1
        assert f"{path}: " in result.err
    np.save(path, np.arange(1000))
    path.write_bytes(path.read_bytes()[:-1])
    assert f"{path}: ends early" in run("decode", path).err
    path.write_bytes(b"\x93NUMPY\x01\x00\x05\x00{'a'")
    assert f"{path}: damaged .npy" in run("decode", path).err
    path.write_bytes(b"\x93NUMPY\x09\x00")
    assert f"{path}: damaged .npy" in run("decode", path).err


@pytest.mark.parametrize("bounds", [[1, 4], [0, 5], [0, 3], [0, 3, 2, 4], [], [0, -1, 4]])
def test_offsets_that_do_not_fit(run: Any, tmp_path: Path, bounds: list[int]) -> None:
    np.save(tmp_path / "x.npy", np.arange(4))
    np.save(tmp_path / "x.offsets.npy", np.array(bounds, np.int64))
    result = run("decode", tmp_path / "x.npy", "-o", tmp_path / "out")
    assert result.code == 1
    assert f"{tmp_path / 'x.offsets.npy'}: " in result.err
    assert not (tmp_path / "out").exists()


def test_parquet_that_holds_no_ids(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    tables = {
        'column "ids" is missing': {"id": [[1]]},
        'column "ids" is string': {"ids": ["a"]},
        'column "ids" is list<element: double>': {"ids": [[1.5]]},
        'column "ids" holds nulls': {"ids": [[1], None]},
        "document 1: ids: no token has id -1": {"ids": [[1], [-1]]},
    }
    for what, columns in tables.items():
        pq.write_table(pa.table(columns), path)
        result = run("decode", path)
        assert result.code == 1
        assert f"{path}: {what}" in result.err
    path.write_bytes(path.read_bytes()[:-10])
    assert f"{path}: damaged Parquet" in run("decode", path).err


def test_files_that_cannot_be_read(run: Any, tmp_path: Path) -> None:
    cases = {
        str(tmp_path / "none"): "no such file",
        str(tmp_path / "*.none"): "no file matches",
        str(tmp_path): "is a folder",
    }
    for path, what in cases.items():
        result = run("encode", path)
        assert (result.code, f"{path}: {what}" in result.err) == (1, True)


def test_tokenizers_that_cannot_be_read(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_text("IQ== 0\n!!! 1\n")
    result = run("encode", "-t", path, stdin=b"x")
    assert result.code == 1
    assert str(path) in result.err
    assert "line 2" in result.err
    result = run("encode", "-t", "no_such_name", stdin=b"x")
    assert result.code == 1
    assert "no_such_name" in result.err
    assert "cl100k_base" in result.err
