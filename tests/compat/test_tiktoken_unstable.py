"""Promise: `encode_with_unstable` gives tiktoken's stable ids and exactly its completions."""

from __future__ import annotations

import random

import pytest

from generated import strings
from testdata import FULL
from tiktoken_pairs import pair, same

ENDS = [
    "", " ", "  ", "\n", " \n", "hello", "hello ", "hello fanta", "a  ", "x\n\n", "\t\t", "don't",
    "12", "1234", "é", "中文", "👍", "👩‍👩", " ", " ", "あ ", "e\u0301", "\0", "zqx",
    "<|endoftext|>", "<|endoftext|> ", "a<|endoftext|>b", "  <|endoftext|>  ", "'s", "...", " ..",
]  # fmt: skip


@pytest.mark.parametrize("name", ["gpt2", "p50k_base", "cl100k_base", "o200k_base"])
def test_ends_that_decide_something(name: str) -> None:
    for text in ENDS:
        same(pair(name), "encode_with_unstable", text, allowed_special="all", sort=True)
        same(pair(name), "encode_with_unstable", text, disallowed_special=(), sort=True)


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base"])
def test_generated_strings(name: str) -> None:
    # One text can have tens of thousands of completions.
    for text in strings(1_000 if FULL else 60, seed=5):
        same(pair(name), "encode_with_unstable", text, disallowed_special=(), sort=True)


def test_beginnings_of_a_sentence() -> None:
    sentence = "The naïve café owner said:  “It's 12:45, isn't it?”\n\n\tOK."
    rng = random.Random(0)
    for end in rng.sample(range(len(sentence)), 20):
        same(pair("cl100k_base"), "encode_with_unstable", sentence[:end], sort=True)


def test_completions_are_sorted() -> None:
    completions = pair("gpt2")[0].encode_with_unstable("hello fan")[1]
    assert completions == sorted(completions)
    assert len(completions) > 100
