"""Promise: an argument that tiktoken refuses is refused with the same class of exception."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tiktoken

import toksmith as ts
import toksmith.compat.tiktoken as compat
from tiktoken_pairs import answer, pair, same

BOTH = "cl100k_base"
ENDOFTEXT = "<|endoftext|>"
TEXTS = [b"a", 5, None, ["a"], 1.5, {"a"}, bytearray(b"a"), "a\ud800", "", ENDOFTEXT]
IDS: list[Any] = [
    [-1], [2**32], [2**70], ["a"], [1.5], [True], [100_256], [100_257], [10**6], [np.int64(5)],
    [np.uint32(7)], np.array([5, 6]), np.array([5, 6], np.uint32), np.array([1.5]), 5, None, "ab",
    b"ab", {5: 1}, {5}, range(5, 7), (5, 6), [None], [[5]], [], "",
]  # fmt: skip
SETS: list[Any] = [
    "all", "none", set(), frozenset(), [], (), {ENDOFTEXT}, [ENDOFTEXT], (ENDOFTEXT,), {"foo"},
    None, {1}, {ENDOFTEXT: 1}, {ENDOFTEXT: 1}.keys(), 5, "", {""}, b"x", {b"x"},
]  # fmt: skip
BYTES = {bytes([byte]): byte for byte in range(256)}


@pytest.mark.parametrize(
    "method",
    ["encode", "encode_ordinary", "encode_to_numpy", "encode_with_unstable", "encode_batch",
     "encode_ordinary_batch", "_encode_only_native_bpe", "_encode_bytes", "encode_single_token"],
)  # fmt: skip
def test_texts(method: str) -> None:
    sort = method == "encode_with_unstable"
    for text in TEXTS:
        same(pair(BOTH), method, text, sort=sort)
        if "batch" in method:
            same(pair(BOTH), method, [text])
            same(pair(BOTH), method, ["a", text, "b"])


def test_pieces() -> None:
    for piece in filter(None, [*TEXTS, b"\xff\xfe", memoryview(b"a")]):
        same(pair(BOTH), "_encode_single_piece", piece)
        same(pair(BOTH), "encode_single_token", piece)


@pytest.mark.parametrize(
    "method",
    ["decode", "decode_bytes", "decode_tokens_bytes", "decode_with_offsets",
     "decode_single_token_bytes", "is_special_token", "decode_batch", "decode_bytes_batch"],
)  # fmt: skip
def test_ids(method: str) -> None:
    for ids in IDS:
        same(pair(BOTH), method, ids)
        if "batch" in method:
            same(pair(BOTH), method, [ids])
        if isinstance(ids, list) and ids:
            same(pair(BOTH), method, ids[0])


@pytest.mark.parametrize("method", ["encode", "encode_batch", "encode_to_numpy"])
def test_special_tokens(method: str) -> None:
    for text in ("abc", "", f"a x {ENDOFTEXT} b", f"\ud800 {ENDOFTEXT}", 5):
        argument = [text] if method == "encode_batch" else text
        for allowed in SETS:
            same(pair(BOTH), method, argument, allowed_special=allowed)
            for disallowed in SETS:
                same(
                    pair(BOTH),
                    method,
                    argument,
                    allowed_special=allowed,
                    disallowed_special=disallowed,
                )


@pytest.mark.parametrize("threads", [0, -1, 1, 8, 10**6, None, "a", 2.0])
def test_threads(threads: Any) -> None:
    for method in ("encode_batch", "encode_ordinary_batch"):
        same(pair(BOTH), method, ["a", "b"], num_threads=threads)
    for method in ("decode_batch", "decode_bytes_batch"):
        same(pair(BOTH), method, [[5], [6]], num_threads=threads)


def test_options_are_named() -> None:
    for method in ("encode", "encode_to_numpy", "encode_with_unstable"):
        same(pair(BOTH), method, "a", set())
        same(pair(BOTH), method, "a", allowed=set())
    same(pair(BOTH), "encode_batch", ["a"], 8)
    same(pair(BOTH), "decode", [5], "ignore")


@pytest.mark.parametrize(
    "changed",
    [
        {}, {"pat_str": "("}, {"pat_str": 5}, {"mergeable_ranks": {}}, {"mergeable_ranks": 5},
        {"mergeable_ranks": BYTES | {b"ab": -1}}, {"mergeable_ranks": BYTES | {b"ab": 2**32}},
        {"mergeable_ranks": BYTES | {b"ab": 300.5}}, {"mergeable_ranks": BYTES | {"ab": 300}},
        {"special_tokens": {b"x": 300}}, {"special_tokens": {"x": -1}},
        {"special_tokens": {"x": 5}},
        {"special_tokens": None}, {"explicit_n_vocab": 5}, {"explicit_n_vocab": 256},
        {"explicit_n_vocab": 0}, {"special_tokens": {"x": 300}, "explicit_n_vocab": 257},
        {"special_tokens": {"x": 256}, "explicit_n_vocab": 257}, {"name": None}, {"name": 5},
    ],
)  # fmt: skip
def test_the_constructor(changed: dict[str, Any]) -> None:
    arguments = {
        "name": "x", "pat_str": ".", "mergeable_ranks": BYTES, "special_tokens": {}
    } | changed  # fmt: skip
    ours = answer(lambda: repr(compat.Encoding(**arguments)))
    theirs = answer(lambda: repr(tiktoken.Encoding(**arguments)))
    assert ours == theirs


def test_what_tiktoken_panics_on_is_an_error() -> None:
    make = {"pat_str": ".", "special_tokens": {}}
    with pytest.raises(ValueError, match="given to two tokens"):
        compat.Encoding("x", mergeable_ranks=BYTES | {b"ab": 5}, **make)  # type: ignore[arg-type]
    with pytest.raises(ts.UnsupportedFeature, match="single byte 0x00"):
        compat.Encoding("x", mergeable_ranks={b"a": 0}, **make)  # type: ignore[arg-type]
    assert pair(BOTH)[0]._encode_single_piece(b"") == []


def test_the_message_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="disallowed special token") as caught:
        pair(BOTH)[0].encode(f"a{ENDOFTEXT}")
    message = str(caught.value)
    for part in (
        repr(ENDOFTEXT),
        "allowed_special={",
        "disallowed_special=()",
        "special_tokens_set",
    ):
        assert part in message
