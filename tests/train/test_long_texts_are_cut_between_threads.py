"""A long text with added tokens in it is cut for threads where neither ids nor words change."""

from __future__ import annotations

import random

import pytest

import toksmith as ts
from toksmith._native import WordCounter
from vocabularies import embedded

PARTS = [
    "a b", " the", "\n", "\n\n", "x\n", "\r\n", "<|endoftext|>", "<|fim_prefix|>", "<|endof",
    "text|>", " 12", "ab<|endoftext|>", "<|endoftext|> c", "'s", "\u00e9", "\u4e2d\n", ".\nB", "  ",
]  # fmt: skip


def long_text(seed: int) -> str:
    """Two megabytes in which every few bytes are a place to cut, or look like one."""
    rng = random.Random(seed)
    return "".join(rng.choices(PARTS, k=400_000))


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_ids_and_words(name: str) -> None:
    tok: ts.Tokenizer = embedded(name)
    text = long_text(len(name))
    whole = tok.encode(text, allowed_special="all")
    assert tok.encode_batch([text], allowed_special="all", num_threads=8).tolist() == [whole]
    assert tok.count_batch([text], allowed_special="all", num_threads=8).tolist() == [len(whole)]
    tables = []
    for threads in (1, 2, 8):
        counter = WordCounter(tok, num_threads=threads)
        counter.add([text])
        tables.append(counter.finish())
    assert tables[0] == tables[1] == tables[2]
    # By words is as whole: special tokens are found, the rest is what lies between them.
    counter = WordCounter(tok, allowed_special=[])
    counter.add(_between(text, list(tok.special_ids)))
    assert counter.finish() == tables[0]


def _between(text: str, tokens: list[str]) -> list[str]:
    parts = [text]
    for token in tokens:
        parts = [piece for part in parts for piece in part.split(token)]
    return parts
