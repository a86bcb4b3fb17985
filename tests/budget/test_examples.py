"""Promise: the examples in the documentation of budgets give what they show; so does a splitter."""

from __future__ import annotations

import doctest

import toksmith as ts
import toksmith.budget
from budget_texts import tokenizer


def test_examples() -> None:
    assert not doctest.testmod(toksmith.budget, extraglobs={"ts": ts}).failed


def test_count_is_a_length_function() -> None:
    length = tokenizer("o200k_base").count
    words = ("text splitters ask for lengths, one after another. " * 20).split(" ")
    parts, part = [], ""
    for word in words:  # as splitters do
        if length(f"{part} {word}") > 20:
            parts.append(part)
            part = word
        else:
            part = f"{part} {word}" if part else word
    assert all(length(part) <= 20 for part in parts)
