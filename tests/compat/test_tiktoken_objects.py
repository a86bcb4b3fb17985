"""Promise: encodings pickle, copy and print as tiktoken's do, across processes and threads."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

import toksmith.compat.tiktoken as compat
from tiktoken_pairs import pair

BYTES = {bytes([byte]): byte for byte in range(256)}


def mine() -> compat.Encoding:
    ranks = BYTES | {b"ab": 256}
    return compat.Encoding(
        "mine",
        pat_str=".+",
        mergeable_ranks=ranks,
        special_tokens={"<x>": 257},
        explicit_n_vocab=258,
    )


def test_a_named_encoding_pickles_to_its_name() -> None:
    ours, theirs = pair("gpt2")
    data = pickle.dumps(ours)
    assert len(data) < 200
    assert ours.__getstate__() == "gpt2"
    assert pickle.loads(data)._core_bpe is ours._core_bpe
    del theirs


def test_a_constructed_encoding_pickles_to_its_arguments() -> None:
    encoding = mine()
    again = pickle.loads(pickle.dumps(encoding))
    assert again.__getstate__() == encoding.__getstate__()
    assert again.encode("abab<x>", allowed_special="all") == [256, 256, 257]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copies_encode_alike(duplicate: object) -> None:
    assert callable(duplicate)
    for encoding in (mine(), compat.get_encoding("gpt2")):
        again = duplicate(encoding)
        assert again is not encoding
        assert again.encode("abab") == encoding.encode("abab")
        assert repr(again) == repr(encoding)


def test_the_display_is_tiktokens() -> None:
    ours, theirs = pair("cl100k_base")
    assert repr(ours) == repr(theirs) == "<Encoding 'cl100k_base'>"
    assert repr(mine()) == "<Encoding 'mine'>"
    assert len({ours, compat.get_encoding("cl100k_base"), mine()}) == 2


def test_encodings_go_to_other_processes() -> None:
    encoding = compat.get_encoding("gpt2")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(encoding.encode, "hello world").result() == [31373, 995]


def test_threads_share_an_encoding() -> None:
    encoding = compat.get_encoding("o200k_base")
    texts = [f"text {number} of many" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(encoding.encode, texts)) == encoding.encode_batch(texts)
