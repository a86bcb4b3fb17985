"""Slow and obvious versions of what the core does: the loops one would write on a whiteboard.

Nothing here is clever. The pre-tokenizer is the `regex` package, merging is one merge at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import regex

Merges = dict[tuple[bytes, bytes], int]
"""Pairs that merge, with their place in the list of merges."""


def split(pattern: str, text: str) -> list[str]:
    """What the pattern matches, and what lies between matches, in order."""
    pieces, end = [], 0
    for match in regex.finditer(pattern, text):
        pieces += [text[end : match.start()], match.group()]
        end = match.end()
    return [piece for piece in [*pieces, text[end:]] if piece]


def merge_by_rank(ranks: dict[bytes, int], piece: bytes) -> list[int]:
    """tiktoken: of the neighbours that form a token, merge those of the lowest rank, leftmost."""
    if piece in ranks:
        return [ranks[piece]]
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while True:
        found = [(ranks[a + b], at) for at, (a, b) in enumerate(pairwise(parts)) if a + b in ranks]
        if not found:
            return [ranks[part] for part in parts]
        _, at = min(found)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]


def merge_by_list(
    vocab: dict[bytes, int], merges: Merges, piece: bytes, ignore_merges: bool = False
) -> list[int]:
    """tokenizer.json: of the neighbours in the list, merge those listed first, leftmost."""
    if ignore_merges and piece in vocab:
        return [vocab[piece]]
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while True:
        found = [
            (merges[a, b], at) for at, (a, b) in enumerate(pairwise(parts)) if (a, b) in merges
        ]
        if not found:
            return [vocab[part] for part in parts]
        _, at = min(found)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]


def encode_by_rank(ranks: dict[bytes, int], pattern: str, text: str) -> list[int]:
    """What `encode_ordinary` of tiktoken gives."""
    return [
        token for piece in split(pattern, text) for token in merge_by_rank(ranks, piece.encode())
    ]


def byte_spans(tokens: list[bytes]) -> list[tuple[int, int]]:
    """Where tokens lie that follow each other without a gap."""
    spans, end = [], 0
    for token in tokens:
        spans.append((end, end + len(token)))
        end += len(token)
    return spans


def char_spans(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The characters that hold the bytes of each span."""
    char_of_byte = [at for at, char in enumerate(text) for _ in char.encode()]
    return [(char_of_byte[start], char_of_byte[end - 1] + 1) for start, end in spans]


def cut_at(ids: list[int], sizes: list[int]) -> list[list[int]]:
    """The ids in runs of the given sizes, the last run taking the rest."""
    runs, start = [], 0
    for size in sizes:
        runs.append(ids[start : start + size])
        start += size
    return [*runs, ids[start:]]


def count_words(tokenizer: Any, texts: Iterable[str], letters: dict[str, int]) -> Counter[bytes]:
    """The words that a tokenizer of tokenizers gives its model, and how often, text by text.

    `letters` are the bytes that characters of words stand for; of no characters: words are text.
    """
    counts: Counter[bytes] = Counter()
    for text in texts:
        if tokenizer.normalizer is not None:
            text = tokenizer.normalizer.normalize_str(text)
        pieces = [(text, (0, 0))]
        if tokenizer.pre_tokenizer is not None:
            pieces = tokenizer.pre_tokenizer.pre_tokenize_str(text)
        for piece, _ in pieces:
            word = bytes(letters[c] for c in piece) if letters else piece.encode()
            counts[word] += 1
    del counts[b""]
    return counts
