"""Promise: what turns text into ids gives what tiktoken 0.14.0 gives, for all arguments."""

from __future__ import annotations

import random
from typing import Any

import pytest

from generated import strings
from references import EMBEDDED
from testdata import FULL
from tiktoken_pairs import built, pair, same

TEXTS = list(strings(3_000 if FULL else 400, seed=71))
ODD = ["", "\ud800", "a\ud83d", "\ud83d\ude00 b", "\udc00<|endoftext|>", "<|endoftext|>", "\0" * 9]
SHARED_ID = "<|reserved_200018|>"
BYTES = {bytes([byte]): byte for byte in range(256)}


def options(rng: random.Random, names: list[str]) -> dict[str, Any]:
    """Arguments of chance, most of them meaningful."""
    chosen: dict[str, Any] = {}
    some = rng.sample(names, min(len(names), rng.randrange(4)))
    if rng.random() < 0.7:
        chosen["allowed_special"] = rng.choice(["all", set(some), frozenset(some), {"nothing"}])
    if rng.random() < 0.7:
        chosen["disallowed_special"] = rng.choice(
            ["all", (), [], set(some), some, "the", {"the", ""}, ["hello"], iter(["a"]), None]
        )
    return chosen


@pytest.mark.parametrize("name", EMBEDDED)
def test_encode_with_any_special_tokens(name: str) -> None:
    both, rng = pair(name), random.Random(name)
    names = [*both[1].special_tokens_set]
    for text in [*TEXTS, *ODD]:
        chosen = options(rng, names)
        if "disallowed_special" in chosen and hasattr(chosen["disallowed_special"], "__next__"):
            chosen["disallowed_special"] = ["a"]  # an iterator serves one call, not two
        same(both, "encode", text, **chosen)
        same(both, "encode_to_numpy", text, **chosen)


@pytest.mark.parametrize("name", EMBEDDED)
def test_encode_ordinary(name: str) -> None:
    for text in [*TEXTS, *ODD]:
        same(pair(name), "encode_ordinary", text)


@pytest.mark.parametrize("name", EMBEDDED)
def test_text_cut_in_python(name: str) -> None:
    both = pair(name)
    for text in [*TEXTS, *ODD]:
        if max(text, default="") < "\U000323b0":
            same(both, "_encode_only_native_bpe", text)
        else:
            # The package it cuts with knows characters that Unicode has got since; we do not.
            assert both[0]._encode_only_native_bpe(text) == both[1].encode_ordinary(text)


@pytest.mark.parametrize("name", EMBEDDED)
def test_batches(name: str) -> None:
    both, rng = pair(name), random.Random(name)
    names = [*both[1].special_tokens_set]
    same(both, "encode_ordinary_batch", [*TEXTS, *ODD])
    same(both, "encode_batch", [*TEXTS, *ODD], allowed_special="all", num_threads=2)
    for _ in range(60):
        texts = rng.choices([*TEXTS, *ODD], k=rng.randrange(6))
        chosen = options(rng, names)
        chosen.pop("disallowed_special", None)
        same(both, "encode_batch", texts, num_threads=rng.choice([1, 3, 8, None]), **chosen)
        for refused in ("all", (), names[:1], ["a"], None):
            same(both, "encode_batch", texts, disallowed_special=refused, **chosen)


def test_a_name_is_found_by_itself_where_two_share_an_id() -> None:
    both, text = pair("o200k_harmony"), f"a{SHARED_ID}b<|endofprompt|>"
    for allowed in ({SHARED_ID}, {"<|endofprompt|>"}, set()):
        same(both, "encode", text, allowed_special=allowed, disallowed_special=())
        same(both, "encode", text, allowed_special=allowed)


def test_a_special_token_may_have_the_id_of_another_token() -> None:
    both = built(BYTES, ".", {"<x>": 97, "<y>": 300, "<z>": 2**32 - 1})
    text = "a<x><y>b<z>"
    _, ids = same(both, "encode", text, allowed_special="all")
    for method in ("decode", "decode_bytes", "decode_tokens_bytes", "decode_with_offsets"):
        same(both, method, ids)
    assert both[0].n_vocab == both[1].n_vocab == 2**32


@pytest.mark.parametrize(
    "pattern", [".", "[a-z]+", r"\w+|\s", r"(?i:the)|[^t]", r"(a+)+$", r"\s+$|."]
)
def test_any_pattern(pattern: str) -> None:
    merges = [b"th", b"the", b"  ", b"he", b" a", "é".encode(), b"aa", b"aaaa", b"dead token"]
    ranks = BYTES | {token: 256 + number for number, token in enumerate(merges)}
    both = built(ranks, pattern, {"<x>": 500})
    for text in [*TEXTS, "the aaaaaaa the", "aaaaa", "dead token"]:
        same(both, "encode", text, allowed_special="all")
        same(both, "encode_with_unstable", text[-9:], allowed_special="all", sort=True)


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base"])
def test_bytes_taken_as_one_piece(name: str) -> None:
    both, rng = pair(name), random.Random(name)
    for text in filter(None, TEXTS):
        data = text.encode("utf-8", "surrogatepass")
        cut = data[rng.randrange(len(data)) :] or data
        same(both, "_encode_single_piece", rng.choice([text, cut, data + cut]))


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base"])
def test_bytes_that_end_in_half_a_character(name: str) -> None:
    both, rng = pair(name), random.Random(name)
    for text in TEXTS:
        data = text.encode()
        for _ in range(3):
            cut = data[: rng.randrange(len(data) + 1)]
            broken = rng.choice(
                [cut, cut + b"\xff", cut + data[1:], b"\x80" + cut, cut + b"\xe2\x82"]
            )
            same(both, "_encode_bytes", broken)
    for blank in (b" \n\t \xff", b"a  \xe2", b"\n\n\xf0\x9f", b"  b\xff", b"\xff", b"", b" \xa0"):
        same(both, "_encode_bytes", blank)
