"""Promise: a counter knows, after every append, the count of the text as a whole."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

import toksmith as ts
from budget_texts import NAMES, blob, texts, tokenizer


@pytest.mark.parametrize("name", NAMES)
def test_every_moment(name: str) -> None:
    tok, rng = tokenizer(name), random.Random(name)
    for text in texts(10, 20):
        counter, at = tok.token_counter(), 0
        while at < len(text):
            step = rng.choice([1, 2, 5, 30, 400])
            ahead = counter.count_with(text[at : at + step])
            counter.append(text[at : at + step])
            at += step
            assert ahead == tok.count(text[:at])
            if rng.random() < 0.5:
                assert counter.count == ahead
        assert counter.count == tok.count(text)


def test_bytes_may_be_cut_inside_a_character() -> None:
    tok, rng = tokenizer("o200k_base"), random.Random(0)
    for text in texts(11, 20):
        data = blob(text[:300], rng)
        counter = tok.token_counter()
        for number in range(len(data)):
            counter.append(data[number : number + 1])
        assert counter.count == tok.count(data)


def test_special_tokens_may_come_in_pieces() -> None:
    tok = tokenizer("o200k_base")
    counter = tok.token_counter(allowed_special="all")
    for piece in ("a <|endof", "text|", "> b"):
        counter.append(piece)
    assert counter.count == tok.count("a <|endoftext|> b", allowed_special="all") == 4


def test_a_cleared_counter_is_new() -> None:
    tok = tokenizer("cl100k_base")
    counter = tok.token_counter()
    counter.append("hello world " * 100)
    counter.clear()
    assert counter.count == 0
    counter.append("hello")
    assert counter.count == 1


def test_what_is_no_text_is_refused_and_changes_nothing() -> None:
    counter = tokenizer("cl100k_base").token_counter()
    counter.append("hello")
    for bad in (5, None, "\ud800", ["a"]):
        with pytest.raises(ts.InputError):
            counter.append(bad)  # type: ignore[arg-type]
        with pytest.raises(ts.InputError):
            counter.count_with(bad)  # type: ignore[arg-type]
    assert counter.count == 1


def test_threads_may_share_a_counter() -> None:
    tok = tokenizer("cl100k_base")
    counter = tok.token_counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(counter.append, [" word"] * 400))
    assert counter.count == tok.count(" word" * 400)
