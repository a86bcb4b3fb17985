"""Texts as batches, in all forms in which they are given; errors say where."""

from __future__ import annotations

import gzip
import json
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
import zstandard

import toksmith as ts
from generated import strings
from toksmith._native import WordCounter, WordCounts
from toksmith.train.files import Files
from toksmith.train.inputs import Weighted, batches
from vocabularies import embedded

TEXTS = [*strings(200, seed=21), "", "one\ntwo", "\u00e9" * 3000]


def texts_of(given: object, **options: Any) -> list[str | bytes]:
    return [text for batch in batches(given, **options) for text in batch.texts]


@pytest.mark.parametrize("batch_bytes", [1, 100, 1 << 20])
def test_lists_arrays_and_iterators_give_their_texts(batch_bytes: int) -> None:
    forms = (
        TEXTS,
        tuple(TEXTS),
        iter(TEXTS),
        (text for text in TEXTS),
        dict.fromkeys(TEXTS).keys(),
    )
    for form in (*forms, np.array(TEXTS, object)):
        expected = TEXTS if not hasattr(form, "isdisjoint") else list(dict.fromkeys(TEXTS))
        assert texts_of(form, batch_bytes=batch_bytes) == expected
    arrow = pa.chunked_array([TEXTS[:90], [], TEXTS[90:]])
    for given in (arrow, pa.array(TEXTS), pa.array(TEXTS, pa.large_string())):
        found = texts_of(given, batch_bytes=batch_bytes)
        assert found == [text.encode() for text in TEXTS]
    assert texts_of([]) == []


def test_a_batch_is_bounded() -> None:
    sizes = [sum(map(len, batch.texts)) for batch in batches(["x" * 999] * 500, batch_bytes=10_000)]
    assert max(sizes) < 11_000
    assert sum(sizes) == 999 * 500


def test_files_by_name_and_by_content(tmp_path: Path) -> None:
    lines = [text.replace("\n", " ").replace("\r", " ") for text in TEXTS]
    body = "\n".join([*lines, "the end"]).encode()
    (tmp_path / "a.txt").write_bytes(body)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(body))
    (tmp_path / "c.txt.xz").write_bytes(lzma.compress(body))
    (tmp_path / "d.txt.zst").write_bytes(zstandard.compress(body))
    expected = [*(line + "\n" for line in lines), "the end"]
    for name in ("a.txt", "b.txt.gz", "c.txt.xz", "d.txt.zst"):
        assert texts_of(tmp_path / name) == expected
        assert texts_of(Files(str(tmp_path / name), ends=False)) == [*lines, "the end"]
        assert texts_of(Files(tmp_path / name, kind="text")) == [body.decode()]
    assert texts_of(Files(str(tmp_path / "?.txt*"))) == expected * 4
    assert texts_of([tmp_path / "a.txt", tmp_path / "b.txt.gz"]) == expected * 2
    (tmp_path / "e[1].txt").write_bytes(b"x\n")
    assert texts_of(tmp_path / "e[1].txt") == ["x\n"]


def test_lines_longer_than_a_block(tmp_path: Path) -> None:
    file = tmp_path / "long.txt"
    file.write_bytes(b"a" * 5_000_000 + b"\n\nb\n" + b"c" * 3_000_000)
    assert texts_of(file) == ["a" * 5_000_000 + "\n", "\n", "b\n", "c" * 3_000_000]


def test_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(
        "".join(json.dumps({"text": t, "a": {"b": "x"}}) + "\n" for t in TEXTS), "utf-8"
    )
    assert texts_of(file) == TEXTS
    assert texts_of(Files(file, field="a.b")) == ["x"] * len(TEXTS)


def test_tables(tmp_path: Path) -> None:
    table = pa.table({"n": range(len(TEXTS)), "text": TEXTS})
    pa.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=50)
    pa.feather.write_feather(table, tmp_path / "a.feather", chunksize=60)
    with pa.ipc.new_stream(str(tmp_path / "a.arrow"), table.schema) as out:
        out.write_table(table, max_chunksize=70)
    for name in ("a.parquet", "a.feather", "a.arrow"):
        assert texts_of(tmp_path / name) == TEXTS
        with pytest.raises(ts.InputError, match="no column is named 'body'"):
            texts_of(Files(tmp_path / name, column="body"))
        with pytest.raises(ts.InputError, match="row 0: the text is of type int"):
            texts_of(Files(tmp_path / name, column="n"))
    pa.parquet.write_table(pa.table({"text": ["a", None]}), tmp_path / "null.parquet")
    with pytest.raises(ts.InputError, match="row 1: the text is null"):
        texts_of(tmp_path / "null.parquet")
    for name in ("x.parquet", "x.arrow"):
        (tmp_path / name).write_bytes(b"ARROW1 and nothing that follows")
        with pytest.raises(ts.InputError, match="cannot be read"):
            texts_of(tmp_path / name)


def test_sources_have_weights_and_numbers(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"in a file\n")
    given = [
        Weighted(["a", "b"], 3),
        file,
        Weighted({"word": 5}, 2),
        Weighted([file, Files(file)], 7),
    ]
    found = [(batch.source, batch.weight, batch.texts) for batch in batches(given)]
    line: list[str | bytes] = ["in a file\n"]
    assert found == [
        (0, 3, ["a", "b"]), (1, 1, line), (2, 2, []), (3, 7, line), (4, 7, line)
    ]  # fmt: skip
    counts = [batch.counts for batch in batches(given)]
    assert counts[2] == WordCounts.from_pairs({"word": 5})
    assert [batch.weight for batch in batches(Weighted(Weighted(["a"], 2**40), 2**40))] == [
        2**64 - 1
    ]


def test_a_count_goes_on_where_it_ended() -> None:
    tok = embedded("cl100k_base")

    def given() -> list[object]:
        return [Weighted(iter(TEXTS), 2), {"word": 3}, TEXTS[:50]]

    def count(counter: WordCounter, most: int) -> WordCounter:
        for number, batch in enumerate(batches(given(), skip=counter.texts, batch_bytes=500)):
            if number == most:
                break
            if batch.counts is None:
                counter.add(batch.texts, batch.weight, batch.source)
            else:
                counter.add_counts(batch.counts, batch.weight, batch.source)
        return counter

    expected = count(WordCounter(tok), -1).finish()
    for most in range(0, 30, 3):
        counter = count(count(WordCounter(tok), most), -1)
        assert counter.texts == [len(TEXTS), 1, 50]
        assert counter.finish() == expected


def test_progress_ends_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "a.gz"
    file.write_bytes(gzip.compress("\n".join(TEXTS).encode()))
    size = file.stat().st_size
    given: tuple[list[object], ...] = ([file, file], [file, ["abc"]])
    for sources, end in zip(given, [(2 * size, 2 * size), (size + 3, None)], strict=True):
        heard: list[object] = []
        texts_of(sources, progress=lambda done, total, to=heard: to.append((done, total)))
        assert heard[-1] == end


def test_what_is_no_text_is_named_by_its_place(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"good\nb\xffd\n")
    with pytest.raises(ts.InputError, match=r"a\.txt:2: not UTF-8 at byte 1"):
        texts_of(file)
    assert texts_of(file, errors="replace") == ["good\n", "b\ufffdd\n"]
    file.write_bytes(b"fine \xc3\xa9\n" * 400_000 + b"\xff")
    with pytest.raises(ts.InputError, match=r"a\.txt:400001: not UTF-8 at byte 0"):
        texts_of(file)
    assert texts_of(file, errors="replace") == ["fine \u00e9\n"] * 400_000 + ["\ufffd"]
    lines = tmp_path / "a.jsonl"
    for line, why in {
        b'{"text": 3}': "is a number", b"[]": "not an object", b"{": "not JSON",
        b'{"x": ""}': "missing", b'{"text": "\\ud800"}': "lone surrogate",
        b'{"text": "\xff"}': "not UTF-8",
    }.items():  # fmt: skip
        lines.write_bytes(b'{"text": "a"}\n\n' + line + b"\n")
        with pytest.raises(ts.InputError, match=rf"a\.jsonl:3: .*{why}"):
            texts_of(lines)
    lines.write_bytes(b'{"text": "\\ud800"}\n{"text": "\xff"}')
    assert texts_of(lines, errors="replace") == ["\ufffd", "\ufffd"]
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"abc" * 1000)[:-9])
    with pytest.raises(ts.InputError, match="damaged"):
        texts_of(tmp_path / "cut.gz")


def bad() -> Iterator[tuple[object, str]]:
    yield "a text", "put a text into a list"
    yield 3, "not a int"
    yield ["a", 3], "source 0, text 1: expected str or bytes, found a int"
    yield [["a"], "b"], "element 1 is a str among sources"
    yield Weighted(["a"], -1), "a weight must be"
    yield Weighted(["a"], 0.5), "a weight must be"  # type: ignore[arg-type]
    yield {"a": -1}, "a count must be"
    yield Path("/no/such/file"), "no such file"
    yield Path("/"), "not a file"
    yield np.array([1, 2]), "expected a row of texts"


@pytest.mark.parametrize(("given", "why"), list(bad()))
def test_what_is_no_source_is_an_error(given: object, why: str) -> None:
    with pytest.raises(ts.InputError, match=why):
        texts_of(given)


def test_files_take_names_and_kinds_that_there_are() -> None:
    for arguments, options in (
        (("/no/*.txt",), {}),
        ((), {}),
        (("/",), {}),
        (("x",), {"kind": "y"}),
    ):
        with pytest.raises(ts.InputError):
            Files(*arguments, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("module", "name"), [("zstandard", "a.zst"), ("pyarrow", "a.parquet")])
def test_what_is_not_installed_is_named(
    module: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if module == "zstandard" and sys.version_info >= (3, 14):
        pytest.skip("Python itself reads zstd")
    (tmp_path / name).write_bytes(zstandard.compress(b"a"))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ts.UnsupportedFeature, match=r"toksmith\[(zstd|arrow)\]"):
        texts_of(tmp_path / name)
