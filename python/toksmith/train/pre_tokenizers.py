r"""Parts of a `tokenizer.json` that cut text, as the plain dictionaries that the file holds.

They mean the same to the library tokenizers, and here they are run without a regular expression.

    >>> from toksmith.train.pre_tokenizers import digits
    >>> digits("r2l:3")["pattern"]
    {'Regex': '\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))'}
"""

from __future__ import annotations

import re
from typing import Any

from toksmith._native import InputError

_GROUPS = re.compile(r"(l2r|r2l):([1-9][0-9]?)")


def digits(how: str) -> dict[str, Any]:
    r"""The pre-tokenizer that makes pieces of digits, and of what lies between them.

    No piece is lost or changed, and each run of digits is cut by itself. Digits are the numbers of
    Unicode, `\p{N}`. As the first of a `Sequence` it decides where numbers are cut, whatever the
    others say of them (but for cutting them further).

    Args:
        how: "single": each digit is a piece. "l2r:k": groups of k from the left, 123 456 7.
            "r2l:k": groups of k from the right, 1 234 567, so that digits of the same place are
            at the same place of their tokens. `k` is from 1 to 99.

    Raises:
        InputError: `how` is none of these.
    """
    if how == "single":
        return {"type": "Digits", "individual_digits": True}
    match = _GROUPS.fullmatch(how) if isinstance(how, str) else None
    if match is None:
        raise InputError(
            f'digits must be "single", "l2r:k" or "r2l:k" with k from 1 to 99, not {how!r}'
        )
    side, size = match.groups()
    pattern = rf"\p{{N}}{{1,{size}}}"
    if side == "r2l":
        # Behind it are whole groups and then no digit.
        pattern += rf"(?=(?:\p{{N}}{{{size}}})*(?!\p{{N}}))"
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }
