"""Promise: a call's result has the shape that was asked for, and what cannot be done is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import toksmith as ts
from vocabularies import embedded


@pytest.fixture(scope="module")
def tok() -> ts.Tokenizer:
    return embedded("r50k_base")


def test_one_text_gives_one_list(tok: ts.Tokenizer) -> None:
    out = tok("Hello, world!")
    assert out.input_ids == out["input_ids"] == tok.encode("Hello, world!")
    assert list(out) == ["input_ids", "attention_mask"]
    assert out.spans == [(0, 5), (5, 6), (6, 12), (12, 13)]
    assert out.word_ids == [0, 1, 2, 3]


def test_pairs_tell_their_types(tok: ts.Tokenizer) -> None:
    out = tok(["a", "b"], ["c", "d e"])
    assert dict(out)["token_type_ids"] == [[0, 1], [0, 1, 1]]
    assert "token_type_ids" not in tok("a", "b", return_token_type_ids=False)


def test_arrays_are_rectangles(tok: ts.Tokenizer) -> None:
    padding = ts.Padding(pad_id=0, to_multiple_of=4)
    out = tok(["one two", "three"], padding=padding, return_tensors="np")
    assert isinstance(out.input_ids, np.ndarray)
    assert out.input_ids.shape == (2, 4)
    assert out.input_ids.dtype == np.int64
    assert isinstance(out.spans, np.ndarray)
    assert out.spans.shape == (2, 4, 2)
    with pytest.raises(ts.InputError, match="padding"):
        tok(["one two", "three"], return_tensors="np")
    nothing = tok([], return_tensors="np", padding=padding)
    assert nothing.rows == 0


def test_what_overflows_comes_as_rows(tok: ts.Tokenizer) -> None:
    text = "one two three four five"
    options: Any = {"truncation": ts.Truncation(3, 1), "return_overflowing_tokens": True}
    out = tok(text, **options)
    assert out.input_ids == [tok.encode(text)[:3], tok.encode(text)[2:]]
    assert out.overflow_to_sample_mapping == [0, 0]
    assert tok(text, truncation=ts.Truncation(3)).input_ids == tok.encode(text)[:3]


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(tok: ts.Tokenizer, threads: int) -> None:
    texts = [f"{n} words of a text " * 300 for n in range(60)]
    out = tok(texts, num_threads=threads)
    assert out.input_ids == [tok.encode(text) for text in texts]


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (ts.UnsupportedFeature, lambda tok: tok("a", return_tensors="pt")),
        (ts.InputError, lambda tok: tok("a", truncation=True)),
        (ts.InputError, lambda tok: tok("a", truncation=7)),
        (ts.InputError, lambda tok: tok("a", padding=ts.Padding())),
        (ts.InputError, lambda tok: tok("a", padding="longest")),
        (ts.InputError, lambda tok: tok("a", padding=ts.Padding(2**31 - 1, pad_id=0))),
        (ts.InputError, lambda tok: tok("a", truncation=ts.Truncation(3, 4))),
        (ts.InputError, lambda tok: tok("a b", truncation=ts.Truncation(1, 0, "only_second"))),
        (ts.InputError, lambda tok: tok("a", ["b"])),
        (ts.InputError, lambda tok: tok(["a"], ["b", "c"])),
        (ts.InputError, lambda tok: tok(7)),
        (ts.InputError, lambda tok: tok(["a", 7])),
        (ts.InputError, lambda tok: tok(["a", ["b"]])),
        (ts.InputError, lambda tok: tok("\ud800")),
        (ts.InputError, lambda tok: tok("a", add_special_tokens=None)),
        (ts.InputError, lambda tok: tok("a").char_spans),
        (ts.InputError, lambda _: ts.Truncation(-1)),
        (ts.InputError, lambda _: ts.Truncation(5, side="up")),  # type: ignore[arg-type]
        (ts.InputError, lambda _: ts.Padding(pad_id=2**32)),
    ],
)
def test_what_cannot_be_done_is_named(tok: ts.Tokenizer, error: type[Exception], call: Any) -> None:
    with pytest.raises(error):
        call(tok)
