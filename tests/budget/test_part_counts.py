"""Promise: the count of a part of an encoded text is that of the part by itself."""

from __future__ import annotations

import random

import numpy as np
import pytest

import toksmith as ts
from budget_texts import NAMES, blob, texts, tokenizer


@pytest.mark.parametrize("name", NAMES)
def test_any_part(name: str) -> None:
    tok, rng = tokenizer(name), random.Random(name)
    for text in texts(8):
        for given in (text, blob(text, rng)):
            data = given.encode() if isinstance(given, str) else given
            counter = tok.counter(given)
            assert len(counter) == counter.count() == tok.count(given)
            spans = [
                sorted((rng.randint(0, len(data)), rng.randint(0, len(data)))) for _ in range(40)
            ]
            want = [tok.count(data[start:end]) for start, end in spans]
            assert [counter.count(start, end) for start, end in spans] == want
            assert counter.counts(np.array(spans)).tolist() == want
            assert tok.count_spans(given, spans).tolist() == want


@pytest.mark.parametrize("name", NAMES)
def test_any_characters(name: str) -> None:
    tok, rng = tokenizer(name), random.Random(name)
    for text in texts(9):
        counter = tok.counter(text)
        assert counter.text is text
        for _ in range(40):
            start, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
            assert counter.count_chars(start, end) == tok.count(text[start:end])
        assert counter.count_chars() == tok.count(text)


@pytest.mark.parametrize("allowed", ["all", {"<|endoftext|>"}, ()])
def test_special_tokens(allowed: object) -> None:
    tok, rng = tokenizer("o200k_base"), random.Random(0)
    names = ["<|endoftext|>", "<|endofprompt|>", "<|endof", "text|>", " a", "<|"]
    for _ in range(50):
        text = "".join(rng.choices(names, k=12))
        counter = tok.counter(text, allowed_special=allowed)  # type: ignore[arg-type]
        for _ in range(40):
            start, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
            want = tok.count(text[start:end], allowed_special=allowed)  # type: ignore[arg-type]
            assert counter.count(start, end) == want


@pytest.mark.parametrize("span", [(-1, 2), (0, 6), (3, 2), (2**70, 2**70), ("a", 2), (0.5, 1)])
def test_a_range_outside_the_text_is_refused(span: tuple[int, int]) -> None:
    counter = tokenizer("gpt2").counter("hello")
    for count in (counter.count, counter.count_chars):
        with pytest.raises(ts.InputError):
            count(*span)


@pytest.mark.parametrize(
    "spans", [[[0, 9]], [[-1, 2]], [[2, 1]], [0, 1], [[0, 1, 2]], [[0.5, 1]], "a"]
)
def test_spans_outside_the_text_are_refused(spans: object) -> None:
    with pytest.raises(ts.InputError):
        tokenizer("gpt2").count_spans("hello", spans)  # type: ignore[arg-type]


def test_no_spans_have_no_counts() -> None:
    assert tokenizer("gpt2").count_spans("hello", []).tolist() == []
