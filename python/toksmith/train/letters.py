"""Characters of counted words that a vocabulary lacks.

Words come as one array of bytes with counts, and are looked at as arrays: no loop over words.
Start at `new_letters`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toksmith._native import InputError

if TYPE_CHECKING:
    from collections.abc import Container

    from numpy.typing import NDArray

    from toksmith._native import WordCounts

_HALF = 32


def new_letters(
    words: WordCounts, known: Container[str], coverage: float, affixes: tuple[str, str]
) -> list[str]:
    """The tokens to add so that this part of all characters has one, at least.

    Characters seen most often come first in being chosen, then those of lower code points; the
    result is in the order of code points, each character as itself and then as it stands in words:
    behind the prefix where it begins none, before the suffix where it ends one.

    Args:
        words: Words in UTF-8.
        known: Spellings that are tokens.
        coverage: From 0 to 1.
        affixes: Prefix of tokens that begin no word, suffix of those that end one.

    Raises:
        InputError: A word is not UTF-8.
    """
    data, offsets, counts = words.arrays()
    try:
        letters = np.frombuffer(data.tobytes().decode().encode("utf-32-le"), "<u4")
    except UnicodeDecodeError as error:
        raise InputError(f"the words are not UTF-8: {error}") from None
    if not len(letters) or not coverage:
        return []
    # A byte begins a character unless its two highest bits are 10.
    begins = np.append(0, np.cumsum((data & 0xC0) != 0x80))
    edges = begins[offsets]
    kinds, which = np.unique(letters, return_inverse=True)
    seen = _sums(which, np.repeat(counts, np.diff(edges)), len(kinds))
    spelled = [chr(kind) for kind in kinds.tolist()]
    chosen, total = [], sum(seen)
    covered = sum(count for letter, count in zip(spelled, seen, strict=True) if letter in known)
    order = sorted(range(len(kinds)), key=lambda kind: (-seen[kind], kind))
    for kind in order:
        if covered >= coverage * total and coverage < 1:
            break
        if spelled[kind] not in known:
            chosen.append(kind)
            covered += seen[kind]
    chosen.sort()
    if affixes == ("", ""):
        return [spelled[kind] for kind in chosen]
    forms = np.ones(len(letters), np.uint8)
    forms[edges[:-1]] = 0
    forms[edges[1:] - 1] |= 2
    return _with_affixes(which, forms, {kind: spelled[kind] for kind in chosen}, known, affixes)


def _sums(which: NDArray[np.int64], counts: NDArray[np.uint64], kinds: int) -> list[int]:
    """Sums of counts by kind, exact: in halves, which do not overflow."""
    sums = []
    for half in (counts & np.uint64(2**_HALF - 1), counts >> np.uint64(_HALF)):
        found = np.zeros(kinds, np.uint64)
        np.add.at(found, which, half)
        sums.append(found.tolist())
    return [low + (high << _HALF) for low, high in zip(*sums, strict=True)]


def _with_affixes(
    which: NDArray[np.int64],
    forms: NDArray[np.uint8],
    chosen: dict[int, str],
    known: Container[str],
    affixes: tuple[str, str],
) -> list[str]:
    prefix, suffix = affixes
    seen = set(np.unique(which * 4 + forms).tolist())
    found: dict[str, None] = {}
    for kind, letter in chosen.items():
        found[letter] = None
        for form in range(4):
            spelling = (prefix if form & 1 else "") + letter + (suffix if form & 2 else "")
            if kind * 4 + form in seen and spelling not in known:
                found[spelling] = None
    return list(found)
