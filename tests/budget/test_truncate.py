"""Promise: `truncate` keeps the longest part that ends where a token does and fits the budget."""

from __future__ import annotations

import random
from typing import Literal

import pytest

import toksmith as ts
from budget_texts import NAMES, blob, texts, tokenizer


def ends(tok: ts.Tokenizer, text: str) -> list[int]:
    """Characters at which a token of the text ends together with a character, by `n` tokens."""
    encoding = tok.encode_with_spans(text)
    sizes = {0: 0}
    at = 0
    for number, char in enumerate(text, start=1):
        at += len(char.encode())
        sizes[at] = number
    found = [0, *(sizes.get(int(end), -1) for end in encoding.spans[:, 1])]
    if len(found) > 1:
        found[-1] = len(text)  # what follows the last token goes with it
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_beginning_is_the_longest_that_fits(name: str) -> None:
    tok = tokenizer(name)
    for text in texts(2):
        places = ends(tok, text)
        for n in (0, 1, 2, 3, 7, 40, 300, len(places) - 1, len(places)):
            kept = tok.truncate(text, n)
            assert text.startswith(kept)
            assert tok.count(kept) <= n
            near = [at for at in places[: n + 1] if at > 0] if n + 1 < len(places) else [len(text)]
            fitting = [at for at in [*near, *places[:n]] if at > 0 and tok.fits(text[:at], n)]
            if fitting:
                assert len(kept) == max(fitting)


@pytest.mark.parametrize("name", NAMES)
def test_the_end_is_the_longest_that_fits(name: str) -> None:
    tok = tokenizer(name)
    for text in texts(3):
        places = ends(tok, text)
        total = len(places) - 1
        for n in (0, 1, 2, 3, 7, 40, 300, total, total + 1):
            kept = tok.truncate(text, n, side="left")
            assert text.endswith(kept)
            assert tok.count(kept) <= n
            near = [at for at in places[max(0, total - n) :] if 0 <= at < len(text)]
            fitting = [at for at in near if tok.fits(text[at:], n)]
            if fitting:
                assert len(text) - len(kept) == min(fitting)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", NAMES)
def test_bytes_stay_bytes_and_fit(name: str, side: object) -> None:
    tok, rng = tokenizer(name), random.Random(name)
    for text in texts(4, 20):
        data = blob(text, rng)
        for n in (0, 1, 3, 50, tok.count(data)):
            kept = tok.truncate(data, n, side=side)  # type: ignore[arg-type]
            assert isinstance(kept, bytes)
            assert data.endswith(kept) if side == "left" else data.startswith(kept)
            assert tok.count(kept) <= n
            if n == tok.count(data):
                assert kept == data


def test_no_character_is_cut() -> None:
    tok = tokenizer("gpt2")
    text = "𐍈𐍉𐍊 中文 👩‍👩‍👧‍👦 नमस्ते" * 3
    for n in range(tok.count(text) + 1):
        sides: tuple[Literal["left", "right"], ...] = ("left", "right")
        for side in sides:
            kept = tok.truncate(text, n, side=side)
            assert kept in text
            assert tok.count(kept) <= n


@pytest.mark.parametrize("name", ["gpt2", "o200k_base"])
def test_long_texts_are_cut_as_short_ones(name: str) -> None:
    tok = tokenizer(name)
    part = "It's 12:45, isn't it?  \n\n" + "".join(texts(5, 5)) + " The end.\n"
    long = part * (300_000 // len(part) + 1)
    for n in (1, 50, 5_000):
        encoding = tok.encode_with_spans(long)
        head = long.encode()[: encoding.spans[n + 50, 1]].decode("utf-8", "ignore")
        assert tok.truncate(long, n) == tok.truncate(head, n)
        tail = long.encode()[encoding.spans[-n - 50, 0] :].decode("utf-8", "ignore")
        assert tok.count(tok.truncate(long, n, side="left")) <= n
        assert len(tok.truncate(long, n, side="left")) > len(tail) * n // (n + 50) // 2


def test_special_tokens_stay_whole_where_allowed() -> None:
    tok = tokenizer("o200k_base")
    assert tok.truncate("a<|endoftext|>b", 2, allowed_special="all") == "a<|endoftext|>"
    assert tok.truncate("a<|endoftext|>b", 2) == "a<"
