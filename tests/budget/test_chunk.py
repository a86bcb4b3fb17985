"""Promise: chunks fit the budget, cover the text, overlap as told, and are as long as may be."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

import shapes
import toksmith as ts
from budget_texts import NAMES, blob, texts, tokenizer


def check(tok: ts.Tokenizer, text: Any, n: int, overlap: int, on: Any) -> None:
    data = text.encode() if isinstance(text, str) else text
    given = data.decode("utf-8", "replace")
    ends = tok.encode_with_spans(text).spans[:, 1]
    covered, last_start = 0, -1
    for chunk in tok.chunk(text, n, overlap, on):
        start, end = chunk.span
        assert last_start < start <= covered < end
        assert ((ends > start) & (ends <= covered)).sum() <= overlap
        assert type(chunk.text) is type(text)
        if isinstance(text, str):
            assert chunk.text == text[chunk.char_span[0] : chunk.char_span[1]]
            assert chunk.text.encode() == data[start:end]
        else:
            assert chunk.text == data[start:end]
            assert chunk.text.decode("utf-8", "replace") == given[slice(*chunk.char_span)]
        assert chunk.count == tok.count(chunk.text) <= n
        covered, last_start = end, start
    assert covered == len(data)


@pytest.mark.parametrize("on", ["token", "sentence"])
@pytest.mark.parametrize("name", NAMES)
def test_chunks(name: str, on: str) -> None:
    tok, rng = tokenizer(name), random.Random(name)
    for text in texts(6, 30):
        for n in (12, 60, 400):
            for overlap in (0, 1, n // 4, n - 1):
                if overlap < 100:
                    check(tok, text, n, overlap, on)
        check(tok, blob(text, rng), 30, 7, on)


def test_the_first_chunk_is_what_truncate_keeps() -> None:
    for name in NAMES:
        tok = tokenizer(name)
        for text in filter(None, texts(7)):
            for n in (12, 100):
                assert tok.chunk(text, n)[0].text == tok.truncate(text, n)


def test_chunks_end_with_sentences() -> None:
    tok = tokenizer("o200k_base")
    text = (
        "One is short. Two is a bit longer, is it not? Three!\nFour is on a line of its own.  Five."
    )
    parts = [chunk.text for chunk in tok.chunk(text, 15, on="sentence")]
    assert parts == [
        "One is short. Two is a bit longer, is it not?",
        " Three!\nFour is on a line of its own.  Five.",
    ]
    # One sentence that does not fit is cut between tokens, the others are not.
    parts = [chunk.text for chunk in tok.chunk(text, 5, on="sentence")]
    assert parts[0] == "One is short."
    assert "".join(parts) == text
    assert parts[-1] == " Five."


def test_overlap_is_of_whole_sentences() -> None:
    tok = tokenizer("o200k_base")
    text = "I came. I saw. I won. I left. I slept."
    parts = [chunk.text for chunk in tok.chunk(text, 9, 4, on="sentence")]
    assert parts == ["I came. I saw. I won.", " I won. I left. I slept."]


def test_a_character_that_does_not_fit_is_named() -> None:
    tok = tokenizer("gpt2")
    with pytest.raises(ts.InputError, match=r"character at byte 3 has 4 tokens, more than .* of 3"):
        tok.chunk("abc𐍈", 3)
    assert [chunk.text for chunk in tok.chunk("abc𐍈", 4)] == ["abc", "𐍈"]


def test_no_text_has_no_chunks() -> None:
    tok = tokenizer("gpt2")
    assert tok.chunk("", 5) == []
    assert tok.chunk(b"", 5, on="sentence") == []


@pytest.mark.parametrize("on", ["token", "sentence"])
@pytest.mark.parametrize("shape", shapes.SHAPES)
def test_time_is_linear(shape: str, on: Any) -> None:
    tok = tokenizer("o200k_base")
    short, long = shapes.make(shape, 30_000), shapes.make(shape, 300_000)

    def seconds(text: str) -> float:
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            tok.chunk(text, 64, 8, on)
            best = min(best, time.process_time() - start)
        return best

    seconds(short)
    assert seconds(long) < 30 * seconds(short) + 0.05
