"""tiktoken's encoding and ours of the same vocabulary, and a call made on both. Start at `same`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import tiktoken

import toksmith.compat.tiktoken as compat
from references import tiktoken_reference


@cache
def pair(name: str) -> tuple[compat.Encoding, tiktoken.Encoding]:
    """Ours and tiktoken's own encoding of an embedded vocabulary."""
    return compat.get_encoding(name), tiktoken_reference(name).encoding


def built(
    ranks: dict[bytes, int], pattern: str, specials: dict[str, int]
) -> tuple[compat.Encoding, tiktoken.Encoding]:
    """Ours and tiktoken's encoding from the same arguments."""
    arguments: dict[str, Any] = {
        "pat_str": pattern,
        "mergeable_ranks": ranks,
        "special_tokens": specials,
    }
    return compat.Encoding("mine", **arguments), tiktoken.Encoding("mine", **arguments)


def answer(call: Callable[..., Any], *args: Any, **options: Any) -> tuple[str, Any]:
    """What a call gives: its value, or the class of what it raises."""
    try:
        value = call(*args, **options)
    except Exception as error:
        return "raises", type(error)
    if isinstance(value, np.ndarray):
        return "array", (value.dtype, value.tolist())
    return "value", value


def same(
    encodings: tuple[compat.Encoding, tiktoken.Encoding],
    method: str,
    *args: Any,
    sort: bool = False,
    **options: Any,
) -> tuple[str, Any]:
    """Calls a method of both with the same arguments, asserts equal answers, returns the answer.

    `sort` compares the second half of the value, which tiktoken gives in no order, sorted.
    """
    ours, theirs = (answer(getattr(encoding, method), *args, **options) for encoding in encodings)
    if sort and ours[0] == theirs[0] == "value":
        ours, theirs = (("value", (ids, sorted(rest))) for _, (ids, rest) in (ours, theirs))
    assert ours == theirs, f"{method}(*{args!r}, **{options!r}) of {encodings[0]!r}"
    return ours
