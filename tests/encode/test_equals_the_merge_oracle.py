"""Promise: merging is the naive loop, for any vocabulary, proper or not.

Vocabularies are drawn: rank files in which a token may come before what it is made of, merge lists
in any order, products with several ways to make them, tokens that no merge makes. Ours, the
reference library built from the same data, and the loop must agree.
"""

from __future__ import annotations

import random

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

import oracles
import toksmith as ts
from generated import strings
from references import embedded_ranks, tiktoken_from_ranks, tiktoken_reference
from vocabularies import BYTES, embedded, to_rank_file, to_tokenizer_json

WHOLE = r"[\s\S]+"
texts = st.text("abc", max_size=40) | st.text("ab", min_size=300, max_size=900)
tokens = st.lists(st.text("abc", min_size=2, max_size=7), max_size=25, unique=True)
seeds = st.integers(0, 2**32)


@given(tokens, seeds, st.booleans(), st.lists(texts, min_size=1, max_size=6))
def test_rank_files(words: list[str], seed: int, proper: bool, inputs: list[str]) -> None:
    ordered = BYTES + [word.encode() for word in (sorted(words, key=len) if proper else words)]
    if not proper:
        random.Random(seed).shuffle(ordered)
    ranks = {token: rank for rank, token in enumerate(ordered)}
    ours = ts.Tokenizer.from_bytes(to_rank_file(ranks), pattern=WHOLE, specials={})
    theirs = tiktoken_from_ranks(ranks, WHOLE, {}).encoding
    for text in inputs:
        want = oracles.encode_by_rank(ranks, WHOLE, text)
        assert theirs.encode_ordinary(text) == want
        assert ours.encode(text) == want
        assert ours.count(text) == len(want)


@given(tokens, seeds, st.booleans(), st.booleans(), st.lists(texts, min_size=1, max_size=6))
def test_merge_lists(
    words: list[str], seed: int, in_order: bool, ignore_merges: bool, inputs: list[str]
) -> None:
    vocab = {token: number for number, token in enumerate(BYTES)}
    vocab |= {word.encode(): 256 + number for number, word in enumerate(words)}
    splits = [
        (token[:cut], token[cut:])
        for token in sorted(vocab, key=len)
        for cut in range(1, len(token))
        if token[:cut] in vocab and token[cut:] in vocab
    ]
    if not in_order:
        random.Random(seed).shuffle(splits)
    merges = {pair: place for place, pair in enumerate(splits)}
    file = to_tokenizer_json(vocab, merges, ignore_merges)
    ours = ts.Tokenizer.from_bytes(file.encode())
    theirs = tokenizers.Tokenizer.from_str(file)
    for text in inputs:
        want = oracles.merge_by_list(vocab, merges, text.encode(), ignore_merges) if text else []
        assert theirs.encode(text, add_special_tokens=False).ids == want
        assert ours.encode(text) == want


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_real_ranks_on_real_words(name: str) -> None:
    ours, ranks = embedded(name), embedded_ranks(name)
    rng = random.Random(0)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    for _ in range(300):
        word = "".join(rng.choices(letters, k=rng.randrange(1, 60)))
        assert ours.encode(word) == oracles.merge_by_rank(ranks, word.encode())


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_splitting_and_merging_as_the_pattern_and_the_loop_say(name: str) -> None:
    ours, ranks = embedded(name), embedded_ranks(name)
    pattern = tiktoken_reference(name).encoding._pat_str
    for text in strings(400, seed=3):
        if all(ord(char) < 0x0378 for char in text):  # where all Unicode versions agree
            assert ours.encode(text) == oracles.encode_by_rank(ranks, pattern, text)
