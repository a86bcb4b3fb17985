"""Answers about many texts as flat arrays: millions of texts are compared at the cost of a few.

A column holds one thing about every text of a chunk, row after row. Chunks are equal far more often
than not, so rows are looked at only where a column as a whole differs. Start at `unequal`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from compare import Difference


class Column(NamedTuple):
    """Row `i` is `values[bounds[i]:bounds[i + 1]]`."""

    values: NDArray[np.int64]
    bounds: NDArray[np.int64]

    def row(self, number: int) -> list[Any]:
        """One row as a list."""
        found: list[Any] = self.values[self.bounds[number] : self.bounds[number + 1]].tolist()
        return found


Columns: TypeAlias = Mapping[str, Column | list[Any]]
"""By name: flat columns, or one object (a decoded text, say) a text."""


def column(rows: Sequence[Sequence[int]]) -> Column:
    """A column of numbers."""
    bounds = _bounds(rows)
    return Column(np.fromiter(chain.from_iterable(rows), np.int64, int(bounds[-1])), bounds)


def span_column(rows: Sequence[Sequence[tuple[int, int]]]) -> Column:
    """A column of spans: `values` is `(n, 2)`."""
    bounds = _bounds(rows)
    numbers = chain.from_iterable(chain.from_iterable(rows))
    return Column(np.fromiter(numbers, np.int64, 2 * int(bounds[-1])).reshape(-1, 2), bounds)


def joined(arrays: Sequence[NDArray[Any]]) -> Column:
    """A column of one array a text."""
    values = np.concatenate(arrays) if arrays else np.empty(0)
    return Column(values.astype(np.int64, copy=False), _bounds(arrays))


def unequal(texts: Sequence[str], ours: Columns, right: Columns) -> dict[int, Difference]:
    """The texts of which a column of `right` differs in `ours`, by number; one difference each."""
    found: dict[int, Difference] = {}
    for name, wanted in right.items():
        for number in _rows_that_differ(ours[name], wanted):
            rows = (_row(ours[name], number), _row(wanted, number))
            found.setdefault(number, Difference(name, texts[number], *rows))
    return found


def in_characters(texts: Sequence[str], spans: Column) -> Column:
    """Byte spans as the spans of the characters that hold their first and last bytes.

    Empty spans stay empty, at the character they are before.
    """
    data = [text.encode() for text in texts]
    raw = np.frombuffer(b"".join(data), np.uint8)
    # Of each byte, and of the end: how many characters begin before it.
    begun = np.concatenate([[0], np.cumsum((raw & 0xC0) != 0x80)])
    bases = np.concatenate([[0], np.cumsum([len(text) for text in data])])[:-1]
    sizes = np.diff(spans.bounds)
    at = spans.values + np.repeat(bases, sizes)[:, None]
    first = np.repeat(begun[bases], sizes)
    start, end = at.T
    filled = end > start
    # `begun` at the byte after the first counts the character that holds the first.
    inside = np.minimum(start + 1, len(raw))
    starts = np.where(filled, begun[inside] - 1, begun[start]) - first
    ends = np.where(filled, begun[end] - first, starts)
    return Column(np.stack([starts, ends], axis=1), spans.bounds)


def _bounds(rows: Iterable[Any]) -> NDArray[np.int64]:
    return np.cumsum([0, *map(len, rows)], dtype=np.int64)


def _row(values: Column | list[Any], number: int) -> Any:
    return values.row(number) if isinstance(values, Column) else values[number]


def _rows_that_differ(ours: Column | list[Any], right: Column | list[Any]) -> Iterable[int]:
    if isinstance(ours, Column) and isinstance(right, Column):
        same = np.array_equal(ours.bounds, right.bounds)
        if same and np.array_equal(ours.values, right.values):
            return []
        count = len(right.bounds) - 1
    elif ours == right:
        return []
    else:
        count = len(right)
    return [number for number in range(count) if _row(ours, number) != _row(right, number)]
