"""`merge_batch` does what counting everything anew after each merge does."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pytest

import oracles
import toksmith as ts
from dynamic import oracle_merges as oracle
from testdata import FULL, corpus
from toksmith.dynamic import MergeResult, merge_batch
from vocabularies import BYTES, embedded, to_tokenizer_json

SIZES = ((1000, (100, 500, 2000)),) if FULL else ((100, (100, 300)),)


def random_rows(draw: random.Random) -> tuple[list[list[int]], list[list[bool]]]:
    """Rows over a small alphabet, and where they may merge."""
    alphabet, chance = draw.randint(1, 5), draw.choice([0.5, 0.8, 1.0])
    rows = [
        [draw.randrange(alphabet) for _ in range(draw.randrange(30))]
        for _ in range(draw.randrange(1, 6))
    ]
    return rows, [[draw.random() < chance for _ in row] for row in rows]


@pytest.mark.parametrize("ties", ["first_seen", "id"])
@pytest.mark.parametrize("counting", ["published", "non_overlapping"])
def test_random_batches(
    ties: Literal["first_seen", "id"], counting: Literal["published", "non_overlapping"]
) -> None:
    draw = random.Random(f"{ties} {counting}")
    for _ in range(3000 if FULL else 300):
        rows, may = random_rows(draw)
        merges, least = draw.randrange(25), draw.randint(0, 3)
        mask = np.asarray([one for row in may for one in row], bool)
        got = merge_batch(
            rows, mask=mask, merges=merges, ties=ties, counting=counting, min_count=least,
            first_id=9,
        )  # fmt: skip
        want, log = oracle.merge(rows, may, merges, 9, ties, counting == "published", least)
        assert got.batch.tolist() == want
        columns = (got.log.left, got.log.right, got.log.ids, got.log.counts)
        assert list(zip(*(column.tolist() for column in columns), strict=True)) == log
        assert int(got.log.saved.sum()) == sum(map(len, rows)) - sum(map(len, want))
        check_result(got, rows)


def check_result(got: MergeResult, rows: Sequence[Sequence[int]]) -> None:
    """What holds of every result."""
    assert got.log.expand(got.batch).tolist() == rows
    spans, edges = got.spans, got.batch.offsets
    for number, row in enumerate(rows):
        own = spans[edges[number] : edges[number + 1]]
        flat = own.ravel().tolist()
        # Each begins where the last ended, from 0 to the end of the row.
        assert flat[1::2] == [*flat[2::2], *([len(row)] if row else [])]
        assert flat[:1] == ([0] if row else [])
    for merges in {0, 1, len(got.log) // 2, len(got.log)}:
        if merges <= len(got.log):
            undone = got.undo(merges)
            assert undone.log == got.log[: len(got.log) - merges]
    assert got.undo(len(got.log)).batch.tolist() == rows
    assert got.undo(0).batch == got.batch


def test_undoing_is_not_having_merged() -> None:
    draw = random.Random(5)
    for _ in range(200):
        rows, may = random_rows(draw)
        mask = np.asarray([one for row in may for one in row], bool)
        got = merge_batch(rows, mask=mask, first_id=9)
        merges = draw.randint(0, len(got.log))
        fewer = merge_batch(rows, mask=mask, first_id=9, merges=len(got.log) - merges)
        undone = got.undo(merges)
        assert undone.batch == fewer.batch
        assert undone.log == fewer.log
        assert np.array_equal(undone.spans, fewer.spans)


@functools.cache
def toy() -> ts.Tokenizer:
    """Bytes, and tokens that merging spells in more than one way."""
    tokens = [*BYTES, b"ab", b"bc", b"abc", b" a", b"\xc3\xa9", b"aa", b"ba", b"aab"]
    vocab = {token: number for number, token in enumerate(tokens)}
    pairs = [(b"a", b"b"), (b"b", b"c"), (b"ab", b"c"), (b" ", b"a"), (b"\xc3", b"\xa9")]
    pairs += [(b"a", b"a"), (b"b", b"a"), (b"aa", b"b")]
    merges: oracles.Merges = {pair: rank for rank, pair in enumerate(pairs)}
    return ts.Tokenizer.from_bytes(to_tokenizer_json(vocab, merges).encode())


def one_piece(text: str) -> int:
    return len(text) > 0


def compare_published(
    tok: ts.Tokenizer, rows: list[list[int]], merges: int, got: MergeResult, pieces: Any
) -> None:
    """Counts, order and rows are those of the restated algorithm."""
    strings = [[tok.token_bytes(token) for token in row] for row in rows]
    want, log = oracle.published(strings, merges, pieces)
    spelled: dict[int, bytes] = {}

    def bytes_of(token: int) -> bytes:
        return spelled[token] if token in spelled else tok.token_bytes(token)

    found = []
    columns = (got.log.left, got.log.right, got.log.ids, got.log.counts)
    for left, right, token, number in zip(*(c.tolist() for c in columns), strict=True):
        joined = bytes_of(left) + bytes_of(right)
        found.append((bytes_of(left), bytes_of(right), number))
        if token >= got.log.first_id:
            assert spelled.setdefault(token, joined) == joined
        assert bytes_of(token) == joined
    assert found == log
    assert [[bytes_of(token) for token in row] for row in got.batch.tolist()] == want
    made = got.new_tokens
    assert made.bytes == [spelled[token] for token in made.ids.tolist()]


def test_tokens_known_by_their_bytes() -> None:
    tok, draw = toy(), random.Random(8)
    pieces = [tok.token_id(token) for token in (b"a", b"b", b"c", b"ab", b"bc", b" ", b" a")]
    pieces += [tok.token_id(token) for token in (b"\xc3", b"\xa9", b"\n")]
    shared = 0
    for _ in range(3000 if FULL else 400):
        some = draw.sample([piece for piece in pieces if piece is not None], draw.randint(2, 5))
        rows = [[draw.choice(some) for _ in range(draw.randrange(40))] for _ in range(3)]
        merges = draw.randrange(40)
        got = merge_batch(rows, tok, merges=merges, boundary="pretoken_published")
        compare_published(tok, rows, merges, got, one_piece)
        assert got.undo(len(got.log)).batch.tolist() == rows
        assert got.undo(0).batch == got.batch
        shared += got.log.shares_ids
    assert shared > 20


def sentences(number: int) -> list[str]:
    """Sentences of English."""
    found: list[str] = []
    for text in corpus("english"):
        for line in text.splitlines():
            parts = line.replace("? ", "?\n").replace(". ", ".\n").split("\n")
            found += [part for part in parts if 40 <= len(part) <= 220]
        if len(found) >= number:
            break
    return found[:number]


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base"])
def test_published_algorithm_on_real_sentences(name: str) -> None:
    tok = embedded(name)
    for number, sizes in SIZES:
        rows = tok.encode_batch(sentences(number)).tolist()
        for merges in sizes:
            got = merge_batch(rows, tok, merges=merges, boundary="pretoken_published")
            compare_published(tok, rows, merges, got, lambda text: pre_tokens(name, text))


@functools.cache
def pattern(name: str) -> Any:
    """The published pattern, in the engine it was written for."""
    import regex

    texts = {
        "gpt2": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        "cl100k_base": (
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
    }
    return regex.compile(texts[name])


def pre_tokens(name: str, text: str) -> int:
    return len(pattern(name).findall(text))
