"""Digits apart, as part of a pre-tokenizer: alone, or in groups from either end of a number."""

from __future__ import annotations

import re
from typing import Any

from toksmith._native import InputError

_MODES = re.compile(r"single|(?P<end>l2r|r2l):(?P<size>[1-9][0-9]?)")


def split_digits(digits: str) -> dict[str, Any]:
    r"""A pre-tokenizer, as in a `tokenizer.json`, that cuts between digits and loses nothing.

    Args:
        digits: `"single"`; `"l2r:3"`, groups of three from the left; `"r2l:3"`, groups of three
            from the right, as numbers are written with separators, so that a place in a number is
            the same place in a token. Any size from 1 to 99. A digit is what Unicode calls a
            number (`\p{N}`).

    Raises:
        InputError: It is none of these.
    """
    mode = _MODES.fullmatch(digits) if isinstance(digits, str) else None
    if mode is None:
        raise InputError(f'digits must be "single", "l2r:K" or "r2l:K", K 1 to 99, not {digits!r}')
    if mode["end"] is None:
        return _split(r"\p{N}", "Isolated")
    size = int(mode["size"])
    if mode["end"] == "l2r":
        return _split(rf"\p{{N}}{{1,{size}}}", "Isolated")
    # The last digit before a whole number of groups ends a piece.
    return _split(rf"\p{{N}}(?=(?:\p{{N}}{{{size}}})+(?!\p{{N}}))", "MergedWithPrevious")


def _split(pattern: str, behavior: str) -> dict[str, Any]:
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": behavior,
        "invert": False,
    }
