"""Promise: what turns ids into text gives what tiktoken 0.14.0 gives, for all ids and arguments."""

from __future__ import annotations

import random

import pytest

from generated import strings
from references import EMBEDDED
from testdata import FULL
from tiktoken_pairs import pair, same

COUNT = 2_000 if FULL else 200
METHODS = ("decode", "decode_bytes", "decode_tokens_bytes", "decode_with_offsets")


@pytest.mark.parametrize("name", EMBEDDED)
def test_any_ids(name: str) -> None:
    both, rng = pair(name), random.Random(name)
    for _ in range(COUNT):
        # Few are no id; of those that are, few are whole characters.
        ids = [rng.randrange(both[1].n_vocab + 3) for _ in range(rng.randrange(6))]
        for method in METHODS:
            same(both, method, ids)
        for errors in ("strict", "ignore", "backslashreplace", "no such handler"):
            same(both, "decode", ids, errors=errors)


@pytest.mark.parametrize("name", EMBEDDED)
def test_ids_of_texts(name: str) -> None:
    both = pair(name)
    for text in strings(COUNT, seed=3):
        ids = both[1].encode(text, allowed_special="all")
        for method in METHODS:
            same(both, method, ids)
        assert both[0].decode(ids) == text


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_single_token(name: str) -> None:
    ours, theirs = pair(name)
    assert ours.n_vocab == theirs.n_vocab
    for number in range(0, ours.n_vocab + 2, 1 if FULL else 11):
        kind, token = same((ours, theirs), "decode_single_token_bytes", number)
        same((ours, theirs), "is_special_token", number)
        if kind == "value":
            same((ours, theirs), "encode_single_token", token)


def test_batches() -> None:
    both, rng = pair("cl100k_base"), random.Random(0)
    rows = [[rng.randrange(100_270) for _ in range(rng.randrange(9))] for _ in range(COUNT)]
    for threads in (1, 8, None):
        same(both, "decode_bytes_batch", rows, num_threads=threads)
    good = [[number for number in row if number < 100_000] for row in rows]
    for errors in ("replace", "ignore", "strict"):
        same(both, "decode_batch", good, errors=errors)
        same(both, "decode_bytes_batch", good)
