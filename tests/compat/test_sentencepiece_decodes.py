"""Promise: decoding through `compat.sentencepiece` gives what sentencepiece does, in any form."""

from __future__ import annotations

import random
from itertools import product
from typing import Any, cast

import numpy as np
import pytest

import families
from compat.sentencepiece_pairs import MODELS, REAL, TEXTS, assert_alike, pair

FORMS = (str, bytes, "serialized_proto", "offset_mapping")
every_model = pytest.mark.parametrize("name", MODELS + REAL)
PIECES = (
    "\u2581",
    "\u2581a",
    "a",
    "\u2581\u2581",
    "<unk>",
    "<s>",
    "</s>",
    "<0xE4>",
    "<0xB8>",
    "<0xAD>",
    "<0x41>",
    "<0xFF>",
    "zz\u263a",
    "",
    "\u2581the",
    "<sep>",
    " ",
    "a\u2581b",
)


@every_model
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_any_ids(name: str, form: Any) -> None:
    size = len(pair(name)[0])
    rows = [*families.random_ids(min(size, 700), 150), *([i] for i in range(min(size, 300)))]
    for row in rows:
        assert_alike(name, lambda sp, row=row: sp.decode(row, out_type=form), row)
    for threads in (1, 2, -1):
        assert_alike(name, lambda sp, n=threads: sp.decode(rows, out_type=form, num_threads=n))


@every_model
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_any_pieces(name: str, form: Any) -> None:
    rng, rows = random.Random(5), []
    for _ in range(150):
        row: list[Any] = [rng.choice(PIECES) for _ in range(rng.randint(0, 6))]
        rows.append(row)
        assert_alike(name, lambda sp, row=row: sp.decode(row, out_type=form), row)
        in_bytes = [piece.encode() for piece in row]
        assert_alike(name, lambda sp, row=in_bytes: sp.decode(row, out_type=form), row)
    assert_alike(name, lambda sp: sp.decode(rows, out_type=form))
    assert_alike(name, lambda sp: sp.decode([[b"a", "b"], [b"\xff"]], out_type=form))
    assert_alike(name, lambda sp: sp.decode([b"\xff\xfe", b"\xe2\x96\x81x"], out_type=form))


@every_model
def test_what_was_encoded(name: str) -> None:
    mine, _ = pair(name)
    for text, form in product(TEXTS, FORMS):
        for row in (mine.encode(text), mine.encode(text, out_type=str)):
            assert_alike(name, lambda sp, row=row, form=form: sp.decode(row, out_type=form), text)


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "",
        b"",
        5,
        "a",
        b"a",
        [[]],
        [[], []],
        [[], [5]],
        [["a"], []],
        (5, 6),
        [(5,), [6]],
        range(3, 6),
        [True],
        [5, "a"],
        ["a", 5],
        [1.5],
        [None],
        {5},
        [-1],
        [10**7],
        [10**12],
        [[5], 3],
        [[5], None],
        [[5], "ab"],
        10**7,
        -1,
        1.5,
        [[5], [10**7]],
        ["\ud800"],
        [["a"], ["\ud800"]],
        np.array([5, 6]),
        np.array([5, 6], np.uint8),
        np.array([5.0]),
        np.array([[5, 6], [7, 8]]),
        np.array([[[5]]]),
        [np.array([5]), np.array([6, 7], np.int32)],
        np.array([], np.int32),
        np.array([5, -1]),
        np.array([2**40]),
        np.array([2**64 - 1], np.uint64),
        np.arange(9)[::2],
        [np.int64(5), np.uint8(6)],
        memoryview(cast("Any", np.array([5, 6], np.int32))),
    ],
    ids=lambda ids: type(ids).__name__ if isinstance(ids, memoryview) else repr(ids),
)
def test_every_shape_of_input(given: Any) -> None:
    for name, form in product(("unigram", "bpe, bytes"), (*FORMS, int, "numpy", "what", None)):
        assert_alike(name, lambda sp, form=form: sp.decode(given, out_type=form), form)


def test_bytes_of_an_offset_mapping() -> None:
    for row, flag in product(([5, 6, 0], ["\u2581a", "\u263a"], [[5], [0]]), (True, False, None)):
        assert_alike(
            "unigram",
            lambda sp, row=row, flag=flag: sp.decode(
                row, out_type="offset_mapping", return_bytes=flag
            ),
        )
    assert_alike("unigram", lambda sp: sp.decode([5], return_bytes=True))
