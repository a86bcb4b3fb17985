"""Threads, batches, budget and sources change nothing; what is wrong is said."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, product
from pathlib import Path

import pytest

import toksmith as ts
from generated import strings
from toksmith._native import WordCounter, WordCounts
from vocabularies import embedded

TEXTS = [*strings(300, seed=12), "a long one " * 20_000, "", "x" * 100_000]


def count(threads: int, budget: int | None, batch: int, directory: Path) -> WordCounts:
    tok = embedded("o200k_base")
    counter = WordCounter(tok, budget=budget, directory=directory, num_threads=threads)
    for start in range(0, len(TEXTS), batch):
        counter.add(TEXTS[start : start + batch], weight=(1 << 40) + 1, source=start % 3)
    assert sum(counter.texts) == len(TEXTS)
    return counter.finish()


def test_threads_batches_and_budget(tmp_path: Path) -> None:
    once = WordCounter(embedded("o200k_base"))
    once.add(TEXTS)
    expected = {word: number * ((1 << 40) + 1) for word, number in once.finish().items()}
    saved = set()
    for threads, budget, batch in product((1, 2, 8), (1000, 50_000, None), (7, 1000)):
        table = count(threads, budget, batch, tmp_path)
        assert dict(table.items()) == expected
        table.save(tmp_path / "table")
        saved.add((tmp_path / "table").read_bytes())
    assert len(saved) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["table"]


def test_a_table_gives_back_what_it_was_made_of(tmp_path: Path) -> None:
    pairs: list[tuple[str | bytes, int]] = [
        ("b", 2),
        (b"a\xff", 1),
        ("", 4),
        ("c", 0),
        ("\u00e9", 2**64 - 1),
        ("b", 3),
    ]
    table = WordCounts.from_pairs(pairs)
    assert table.items() == [(b"a\xff", 1), (b"b", 5), ("\u00e9".encode(), 2**64 - 1)]
    assert (len(table), table.total, table["b"], table[b"z"]) == (3, 2**64 + 5, 5, 0)
    data, offsets, counts = table.arrays()
    words = [data[start:end].tobytes() for start, end in pairwise(offsets)]
    assert list(zip(words, counts.tolist(), strict=True)) == table.items()
    assert [str(array.dtype) for array in (data, offsets, counts)] == ["uint8", "int64", "uint64"]
    assert WordCounts.from_pairs(dict(table.items())) == table
    assert WordCounts.from_pairs(Counter("abc")).items() == [(b"a", 1), (b"b", 1), (b"c", 1)]
    table.save(tmp_path / "table")
    assert WordCounts.load(tmp_path / "table") == table
    assert table != WordCounts.from_pairs({})


@pytest.mark.parametrize(
    "pairs", [{"a": -1}, {"a": 2**64}, {"a": 1.5}, {1: 1}, ["a"], [("a", 1, 2)], 3, {"\ud800": 1}]
)
def test_what_is_no_table_is_an_error(pairs: object) -> None:
    with pytest.raises(ts.InputError):
        WordCounts.from_pairs(pairs)  # type: ignore[arg-type]


def test_what_cannot_be_counted_is_an_error(tmp_path: Path) -> None:
    tok = embedded("cl100k_base")
    counter = WordCounter(tok)
    for wrong in ([1], ["a", None], ["\ud800"]):
        with pytest.raises(ts.InputError):
            counter.add(wrong)  # type: ignore[arg-type]
    for weight in (-1, 2**64, 0.5):
        with pytest.raises(ts.InputError, match="a weight must be"):
            counter.add(["a"], weight=weight)  # type: ignore[arg-type]
    with pytest.raises(ts.InputError, match="source"):
        counter.add(["a"], source=1 << 40)
    with pytest.raises(ts.InputError, match="cannot be written"):
        counter.save(tmp_path / "no" / "file")
    with pytest.raises(ts.InputError, match="cannot be read"):
        WordCounter.load(tmp_path / "none", tok)
    (tmp_path / "other").write_bytes(b"something else that is long enough")
    with pytest.raises(ts.InputError, match="not saved counts"):
        WordCounts.load(tmp_path / "other")
    counter.add(["a"], weight=0)  # nothing above has broken it
    assert counter.texts == [1]
    assert len(counter.finish()) == 0
    with pytest.raises(ts.InputError, match="finished"):
        counter.add(["a"])
