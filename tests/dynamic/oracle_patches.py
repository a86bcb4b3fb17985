"""The published rules for patches, said once more in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLAIN = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def like_space(byte: int) -> bool:
    """No letter, no digit, no continuation."""
    return byte not in PLAIN and not 0x80 <= byte < 0xC0


def space_starts(text: bytes, bos: bool) -> list[int]:
    """Where patches begin."""
    starts = [0] if text else []
    for i in range(len(text) - 1):
        before = like_space(text[i - 1]) if i else bos
        if like_space(text[i]) and not before:
            starts.append(i + 1)
    return starts


def entropy_starts(
    h: NDArray[Any],
    rule: str,
    threshold: float = 0.0,
    add: float = 0.0,
    size: float = 1.0,
    most: int | None = None,
    following: bool = False,
) -> list[int]:
    """Where patches begin, as the published code goes about it, with whole arrays.

    It fixes 0 and 1, drops the first entropy, makes a mask of the rest, and takes a true at `i`
    for a start at `i + 2`. Numbers keep their type.
    """
    n = len(h)
    rest, kind = h[1:], h.dtype.type
    mask = np.zeros(len(rest), bool)
    rise = rest[1:] - rest[:-1]
    if rule == "threshold":
        mask = rest > kind(threshold)
    elif rule == "top_k":
        chosen = max(int(n // size) - 2, 0)
        mask[np.argsort(-rest, kind="stable")[:chosen]] = True
    elif len(rest):
        mask[0] = True
        if rule == "monotone":
            mask[1:] = rise > kind(threshold)
        elif rule == "combined_published":
            mask[1:] = (rise > kind(add)) & (rest[1:] > kind(threshold)) & ~mask[:-1]
        else:
            for i in range(1, len(rest)):
                rises = rise[i - 1] > kind(add) and rest[i] > kind(threshold)
                mask[i] = rises and not mask[i - 1]
    starts = [0, 1, *(np.flatnonzero(mask) + 2).tolist()]
    end = n + following
    return split([start for start in starts if start < end], end, most)


def split(starts: Sequence[int], end: int, most: int | None) -> list[int]:
    """Lengths of more than `most` as pieces of that and the rest."""
    result = list[int]()
    for start, stop in pairwise([*starts, end]):
        result += [start] if most is None else list(range(start, stop, most))
    return result
