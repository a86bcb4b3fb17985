"""Promise: threads, batching, caches, input type and output type never change an id.

On every adversarial shape, and on runs of 64 kB to 4 MB without a boundary.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import ArrayLike

import shapes
import toksmith as ts
from testdata import FULL
from vocabularies import embedded

NAMES = ("r50k_base", "cl100k_base", "o200k_base")
UNBROKEN = ("one letter", "spaces", "newlines", "random letters", "random CJK", "carets")


@pytest.fixture(params=NAMES)
def tok(request: pytest.FixtureRequest) -> ts.Tokenizer:
    return embedded(request.param)


@pytest.mark.parametrize("shape", shapes.SHAPES)
def test_every_way_of_encoding_agrees(tok: ts.Tokenizer, shape: str) -> None:
    text = shapes.make(shape, 65_536)
    tok.clear_cache()
    want = tok.encode(text)
    assert tok.encode(text) == want, "cached"
    for way, ids in every_way(tok, text):
        assert np.array_equal(ids, want), way


@pytest.mark.parametrize("shape", shapes.SHAPES if FULL else UNBROKEN)
@pytest.mark.parametrize("size", [300_000, 4 << 20])
def test_threads_agree_on_long_texts(tok: ts.Tokenizer, shape: str, size: int) -> None:
    text = shapes.make(shape, size)
    want = tok.encode_array(text)
    for threads in (1, 2, 3, 8):
        assert np.array_equal(tok.encode_batch([text], num_threads=threads).ids, want)
    assert tok.count(text) == len(want)
    assert tok.decode_bytes(want) == text.encode()


def test_a_long_document_of_mixed_shapes_is_cut_safely(tok: ts.Tokenizer) -> None:
    text = "".join(shapes.make(shape, 9_000, seed) for seed in range(3) for shape in shapes.SHAPES)
    want = tok.encode_array(text)
    for threads in (2, 5, 8):
        for repeats in (1, 2):
            batch = tok.encode_batch([text] * repeats, num_threads=threads)
            assert all(np.array_equal(row, want) for row in batch)
    with_specials = tok.encode_array(text, allowed_special="all")
    parallel = tok.encode_batch([text], allowed_special="all", num_threads=3)
    assert np.array_equal(parallel.ids, with_specials)


def test_a_text_has_the_same_ids_in_any_batch(tok: ts.Tokenizer) -> None:
    texts = [shapes.make(shape, size) for shape in shapes.SHAPES for size in (0, 1, 40, 3_000)]
    texts += ["", "", "x"]
    alone = [tok.encode(text) for text in texts]
    for size in (1, 2, 7, len(texts)):
        for threads in (1, 3):
            rows = [
                row
                for start in range(0, len(texts), size)
                for row in tok.encode_batch(
                    texts[start : start + size], num_threads=threads
                ).tolist()
            ]
            assert rows == alone


def test_what_was_encoded_before_changes_nothing(tok: ts.Tokenizer) -> None:
    fresh = ts.Tokenizer.from_bytes(tok.to_bytes())
    probes = [shapes.make(shape, 2_000, seed=7) for shape in shapes.SHAPES]
    want = [fresh.encode(probe) for probe in probes]
    for seed in range(3):
        for shape in shapes.SHAPES:
            fresh.encode(shapes.make(shape, 30_000, seed))
        assert [fresh.encode(probe) for probe in probes] == want
    fresh.clear_cache()
    assert [fresh.encode(probe) for probe in probes] == want


def every_way(tok: ts.Tokenizer, text: str) -> Iterator[tuple[str, ArrayLike]]:
    """The ids of a text by every call that gives ids."""
    yield "array", tok.encode_array(text)
    yield "bytes", tok.encode(text.encode())
    yield "spans", tok.encode_with_spans(text).ids
    yield "trusted part", tok.encode_parts([(text, True)]) if "<|" not in text else tok.encode(text)
    yield "untrusted part", tok.encode_parts([(text, False)])
    for threads in (1, 2, 8):
        yield f"batch of one, {threads} threads", tok.encode_batch([text], num_threads=threads).ids
        yield (
            f"batch of five, {threads} threads",
            tok.encode_batch([text] * 5, num_threads=threads)[3],
        )
    yield "Arrow", tok.encode_batch(pa.array(["", text, ""])).ids
    yield "Arrow, sliced", tok.encode_batch(pa.array(["before", text, "after"])[1:2]).ids
    yield "numpy", tok.encode_batch(np.array([text], dtype=object)).ids
    tok.clear_cache()
    yield "cleared", tok.encode(text)
    yield "copied", ts.Tokenizer.from_bytes(tok.to_bytes()).encode(text)
    ids = tok.encode_array(text)
    assert tok.count(text) == len(ids)
    assert tok.count_batch([text, text]).tolist() == [len(ids)] * 2
    assert tok.count_batch(pa.array([text])).tolist() == [len(ids)]
