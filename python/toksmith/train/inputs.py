"""What words are counted in: everything that may be given, as batches of texts.

A source is one of:

- an iterable of texts, str or bytes: a list, a generator, a numpy or Arrow array;
- files: `Files`, or a `pathlib.Path`, which is one; a str is always a text, never a name;
- words that are counted already: a mapping from words to counts, or `WordCounts`;
- `Weighted(source, weight)`, whose words count so many times more;
- a list or tuple of the last three: each is a source of its own.

Start at `batches`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from toksmith import arrow
from toksmith._native import InputError, WordCounts
from toksmith.train.files import Files

BATCH_BYTES = 8 << 20
"""Bytes of a batch, about; a text that is longer is a batch by itself."""

_BATCH_TEXTS = 1 << 16
_ARROW_ROWS = 1 << 12
_MOST = 2**64 - 1


@dataclass(frozen=True, eq=False)
class Weighted:
    """A source whose words count `weight` times: a whole number, 0 or more."""

    source: object
    weight: int


@dataclass(frozen=True)
class Batch:
    """Some of the texts of a source, in order, or words that were counted before."""

    source: int
    """Which source it is, from 0."""
    weight: int
    texts: list[str | bytes]
    counts: WordCounts | None = None


@dataclass(frozen=True)
class _Part:
    source: object
    weight: int


def batches(
    given: object,
    *,
    errors: Literal["strict", "replace"] = "strict",
    skip: Sequence[int] = (),
    batch_bytes: int = BATCH_BYTES,
    progress: Callable[[int, int | None], object] | None = None,
) -> Iterator[Batch]:
    """The texts of all sources in batches of about `batch_bytes`.

    Where a batch ends depends on nothing but the texts. A source that is an iterator is used up.

    Args:
        given: One source or several; see the module.
        errors: "replace" puts U+FFFD for what is not text, in files and in lone surrogates.
        skip: So many texts of each source are passed over: `WordCounter.texts` of a count to go on.
        batch_bytes: A batch is given as soon as its texts have so many bytes.
        progress: Called after each batch has been taken, with the bytes done (of files: as they
            are on the disk) and how many there are, or None where that is not known.

    Raises:
        InputError: A source, a weight or a text is none, a file cannot be read or is malformed.
        UnsupportedFeature: A file needs a library that is not installed; names the extra.
    """
    if errors not in ("strict", "replace"):
        raise InputError(f'errors must be "strict" or "replace", not {errors!r}')
    parts = list(_parts(given, 1))
    return _batches(parts, errors == "replace", skip, batch_bytes, progress)


def _batches(
    parts: list[_Part],
    replace: bool,
    skip: Sequence[int],
    batch_bytes: int,
    progress: Callable[[int, int | None], object] | None,
) -> Iterator[Batch]:
    done, total = 0, _total(parts)

    def read(size: int) -> None:
        nonlocal done
        done += size

    def report() -> None:
        if progress is not None:
            progress(done, total)

    for number, part in enumerate(parts):
        passed = skip[number] if number < len(skip) else 0
        if isinstance(part.source, WordCounts):
            if not passed:
                yield Batch(number, part.weight, [], part.source)
            continue
        in_files = isinstance(part.source, Files)
        texts: list[str | bytes] = []
        size = 0
        for row, text in enumerate(_texts(part.source, replace, read)):
            length = _length(text, number, row)
            if not in_files:
                done += length
            if row < passed:
                continue
            texts.append(text)
            size += length
            if size >= batch_bytes or len(texts) >= _BATCH_TEXTS:
                yield Batch(number, part.weight, texts)
                report()
                texts, size = [], 0
        if texts:
            yield Batch(number, part.weight, texts)
        report()


def _parts(given: object, weight: int) -> Iterator[_Part]:
    """The sources in what is given, in order."""
    if isinstance(given, Weighted):
        factor = given.weight
        if isinstance(factor, bool) or not isinstance(factor, int) or factor < 0:
            raise InputError(f"a weight must be a whole number, 0 or more, not {factor!r}")
        yield from _parts(given.source, min(weight * factor, _MOST))
    elif isinstance(given, Files | WordCounts):
        yield _Part(given, weight)
    elif isinstance(given, Mapping):
        yield _Part(WordCounts.from_pairs(given), weight)
    elif isinstance(given, os.PathLike):
        yield _Part(Files(given), weight)
    elif isinstance(given, list | tuple) and given and _is_source(given[0]):
        for at, each in enumerate(given):
            if not _is_source(each):
                raise InputError(
                    f"element {at} is {_kind(each)} among sources; put texts into a list of their "
                    "own, and names of files into Files"
                )
            yield from _parts(each, weight)
    elif isinstance(given, str | bytes | bytearray | memoryview):
        raise InputError(
            f"one {type(given).__name__}: put a text into a list, and the name of a file into "
            "Files or pathlib.Path"
        )
    elif isinstance(given, Iterable) or arrow.is_arrow(given):
        yield _Part(given, weight)
    else:
        raise InputError(f"expected texts, files or counted words, not {_kind(given)}")


def _is_source(value: object) -> bool:
    return isinstance(
        value, Weighted | Files | WordCounts | Mapping | os.PathLike | list | tuple | Iterator
    )


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"


def _texts(source: object, replace: bool, read: Callable[[int], None]) -> Iterator[str | bytes]:
    if isinstance(source, Files):
        yield from source.texts(replace, read)
    elif arrow.is_arrow(source):
        yield from _from_arrow(source)
    elif isinstance(source, np.ndarray):
        if source.ndim != 1 or source.dtype.kind not in "USOT":
            raise InputError(
                f"expected a row of texts, found {source.dtype} of shape {source.shape}"
            )
        for start in range(0, len(source), _ARROW_ROWS):
            yield from source[start : start + _ARROW_ROWS].tolist()
    elif isinstance(source, Iterable):
        yield from source


def _from_arrow(source: Any) -> Iterator[bytes]:
    chunks = getattr(source, "chunks", [source])
    for chunk in chunks:
        data, offsets = arrow.to_flat(chunk)
        for start in range(0, len(offsets) - 1, _ARROW_ROWS):
            ends = offsets[start : start + _ARROW_ROWS + 1].tolist()
            text = data[ends[0] : ends[-1]].tobytes()
            yield from (text[left - ends[0] : right - ends[0]] for left, right in pairwise(ends))


def _length(text: object, source: int, row: int) -> int:
    """Bytes of a text, or nearly: characters of a str."""
    if isinstance(text, str | bytes):
        return len(text)
    raise InputError(f"source {source}, text {row}: expected str or bytes, found {_kind(text)}")


def _total(parts: list[_Part]) -> int | None:
    """Bytes of all sources, if all but tables are files of known size."""
    total = 0
    for part in parts:
        if isinstance(part.source, WordCounts):
            continue
        size = part.source.size() if isinstance(part.source, Files) else None
        if size is None:
            return None
        total += size
    return total
