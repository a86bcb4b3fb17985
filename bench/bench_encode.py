"""toksmith alone, for watching one machine over time: `pytest bench/bench_encode.py`.

Each repetition encodes documents that the process has not seen, except where the name says so.
Comparisons with other libraries are in `peers.py`.
"""

# ruff: noqa: D103 -- a benchmark's name is its statement.

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import toksmith as ts

sys.path.insert(0, str(Path(__file__).parent))

from corpora import Slices, load

MB = 1_000_000
CORPORA = ["english", "code", "multilingual"]
VOCABULARIES = ["cl100k_base", "o200k_base", "r50k_base"]


@pytest.fixture(scope="module", params=VOCABULARIES)
def tok(request: pytest.FixtureRequest) -> ts.Tokenizer:
    return ts.Tokenizer.from_pretrained(request.param)


@pytest.mark.benchmark(group="new text, arrays")
@pytest.mark.parametrize("corpus", CORPORA)
def test_encode_batch_of_new_text(
    benchmark: BenchmarkFixture, tok: ts.Tokenizer, corpus: str
) -> None:
    slices = Slices(load(corpus))
    tok.encode_batch(slices.take(MB), num_threads=1)

    def fresh() -> tuple[tuple[list[str]], dict[str, int]]:
        return (slices.take(MB),), {"num_threads": 1}

    benchmark.extra_info["bytes"] = MB
    batch = benchmark.pedantic(tok.encode_batch, setup=fresh, rounds=10)  # type: ignore[no-untyped-call]
    assert tok.decode(batch[0]) in slices.documents


@pytest.mark.benchmark(group="text seen before, arrays")
@pytest.mark.parametrize("corpus", CORPORA)
def test_encode_batch_of_text_seen_before(
    benchmark: BenchmarkFixture, tok: ts.Tokenizer, corpus: str
) -> None:
    texts = Slices(load(corpus)).take(MB)
    benchmark.extra_info["bytes"] = MB
    batch = benchmark(tok.encode_batch, texts, num_threads=1)
    assert tok.decode_batch(batch) == texts


@pytest.mark.benchmark(group="calls of 100 characters, lists")
@pytest.mark.parametrize("corpus", CORPORA)
def test_encode_of_100_characters(
    benchmark: BenchmarkFixture, tok: ts.Tokenizer, corpus: str
) -> None:
    strings = Slices(load(corpus)).strings(1000)

    def calls() -> list[list[int]]:
        return [tok.encode(text) for text in strings]

    benchmark.extra_info["calls"] = len(strings)
    ids = benchmark(calls)
    assert [tok.decode(row) for row in ids] == strings


@pytest.mark.benchmark(group="decode, arrays")
@pytest.mark.parametrize("corpus", CORPORA)
def test_decode(benchmark: BenchmarkFixture, tok: ts.Tokenizer, corpus: str) -> None:
    texts = Slices(load(corpus)).take(MB)
    batch = tok.encode_batch(texts)
    benchmark.extra_info["bytes"] = MB
    assert benchmark(tok.decode_batch, batch) == texts
