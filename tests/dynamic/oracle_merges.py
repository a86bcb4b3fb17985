"""Batch merges by counting everything anew after each merge, in plain Python.

`merge` is what the library promises, over ids and places; `published` restates the published
algorithm over strings of bytes, with its rule of which strings may become tokens. Neither knows of
lists of places, heaps or linked lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

Pair = tuple[int, int]
SPACES = (b" "[0], b"\t"[0], b"\n"[0])


def count(
    rows: Sequence[Sequence[int]], open_: Sequence[Sequence[bool]], overlapping: bool
) -> dict[Pair, int]:
    """Pairs in the order in which they are first seen, with their counts."""
    counts: dict[Pair, int] = {}
    for ids, may in zip(rows, open_, strict=True):
        skip: tuple[int, Pair] | None = None
        for at in range(len(ids) - 1):
            pair = ids[at], ids[at + 1]
            if not may[at] or (not overlapping and skip == (at, pair)):
                continue
            skip = at + 1, pair
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def merge(
    rows: Sequence[Sequence[int]],
    open_: Sequence[Sequence[bool]],
    merges: int,
    first_id: int,
    ties: Literal["first_seen", "id"] = "first_seen",
    overlapping: bool = True,
    min_count: int = 1,
) -> tuple[list[list[int]], list[tuple[int, int, int, int]]]:
    """The rows after merging, and `(left, right, id, count)` of each merge."""
    rows_now, open_now = [list(row) for row in rows], [list(may) for may in open_]
    log: list[tuple[int, int, int, int]] = []
    while len(log) < merges:
        counts = count(rows_now, open_now, overlapping)
        most = max(counts.values(), default=0)
        if most < max(min_count, 1):
            break
        best = [pair for pair, number in counts.items() if number == most]
        left, right = min(best) if ties == "id" else best[0]
        new = first_id + len(log)
        for row, (ids, may) in enumerate(zip(rows_now, open_now, strict=True)):
            out, out_may, at = [], [], 0
            while at < len(ids):
                if at + 1 < len(ids) and may[at] and (ids[at], ids[at + 1]) == (left, right):
                    out.append(new)
                    out_may.append(may[at + 1])
                    at += 2
                else:
                    out.append(ids[at])
                    out_may.append(may[at])
                    at += 1
            rows_now[row], open_now[row] = out, out_may
        log.append((left, right, new, most))
    return rows_now, log


def may_merge(left: bytes, right: bytes, pre_tokens: Callable[[str], int]) -> bool:
    """Whether the published rule lets two strings become one."""
    joined = left + right
    if any(byte in SPACES for byte in joined[1:]) and (
        joined == b"\n\n" or any(byte not in SPACES for byte in joined)
    ):
        return False
    try:
        return pre_tokens(joined.decode()) == 1
    except UnicodeDecodeError:
        return True


def published(
    rows: Sequence[Sequence[bytes]], merges: int, pre_tokens: Callable[[str], int]
) -> tuple[list[list[bytes]], list[tuple[bytes, bytes, int]]]:
    """The rows after merging, and `(left, right, count)` of each merge.

    Each round all neighbours are counted over the batch that the rule allows; of those counted most
    often the one first met is replaced everywhere, from left to right. Tokens are strings.
    """
    now = [list(row) for row in rows]
    log: list[tuple[bytes, bytes, int]] = []
    allowed: dict[tuple[bytes, bytes], bool] = {}
    while len(log) < merges:
        counts: dict[tuple[bytes, bytes], int] = {}
        for row in now:
            for pair in pairwise(row):
                if pair not in allowed:
                    allowed[pair] = may_merge(*pair, pre_tokens)
                if allowed[pair]:
                    counts[pair] = counts.get(pair, 0) + 1
        if not counts:
            break
        left, right = max(counts, key=lambda pair: counts[pair])
        log.append((left, right, counts[left, right]))
        for number, row in enumerate(now):
            out, at = [], 0
            while at < len(row):
                if row[at : at + 2] == [left, right]:
                    out.append(left + right)
                    at += 2
                else:
                    out.append(row[at])
                    at += 1
            now[number] = out
    return now, log
