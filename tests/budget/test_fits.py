"""Promise: `fits` says whether the count is within the budget, and stops reading early."""

from __future__ import annotations

import random
import time

import pytest

import shapes
from budget_texts import NAMES, blob, texts, tokenizer


@pytest.mark.parametrize("name", NAMES)
def test_fits_is_what_count_says(name: str) -> None:
    tok, rng = tokenizer(name), random.Random(name)
    for text in texts(1):
        for part in (text, blob(text, rng)):
            count = tok.count(part)
            for n in {0, 1, count // 2, count - 1, count, count + 1, rng.randrange(2000), 2**70}:
                if n >= 0:
                    assert tok.fits(part, n) == (count <= n)


def test_special_tokens_count_as_the_call_says() -> None:
    tok = tokenizer("o200k_base")
    text = "<|endoftext|>" * 3
    assert tok.fits(text, 3, allowed_special="all")
    assert not tok.fits(text, 3)


@pytest.mark.parametrize("shape", shapes.SHAPES)
def test_a_large_text_is_not_read_to_its_end(shape: str) -> None:
    tok, text = tokenizer("o200k_base"), shapes.make(shape, 8_000_000)
    start = time.process_time()
    assert not tok.fits(text, 100)
    assert time.process_time() - start < 0.5  # to encode it takes seconds where it is hardest
