"""Promise: `compat.tokenizers` encodes and decodes as tokenizers 0.23.3, whole texts and words."""

from __future__ import annotations

import asyncio
import pickle
import random
from typing import Any

import numpy as np
import pytest

import toksmith.compat.tokenizers as ours
from compat.hf_pairs import (
    DATA,
    MODULES,
    assert_same_encodings,
    assert_same_vocabulary,
    columns,
    outcome,
    pair_of,
    pair_of_data,
    text,
)
from formats.pipelines import pipelines
from testdata import FULL

ROUNDS = 1000 if FULL else 40
PIPELINES = dict(pipelines())


@pytest.mark.parametrize("name", DATA)
def test_real_vocabularies(name: str) -> None:
    pair = pair_of_data(name)
    assert_same_vocabulary(pair)
    assert_same_encodings(pair, ROUNDS)


@pytest.mark.parametrize("name", PIPELINES)
def test_small_pipelines(name: str) -> None:
    pair = pair_of(PIPELINES[name])
    assert_same_vocabulary(pair)
    assert_same_encodings(pair, ROUNDS // 4, seed=len(name))


@pytest.mark.parametrize("name", DATA)
def test_look_ups_in_an_encoding(name: str) -> None:
    # Short texts: every place is asked for, and an answer takes time in proportion to the text.
    pair, rng = pair_of_data(name), random.Random(1)
    for _ in range(ROUNDS // 2):
        one, other = text(rng)[:40], text(rng)[:40] if rng.random() < 0.5 else None
        first, second = (it.encode(one, other) for it in pair)
        for at in range(len(first) + 2):
            for method in ("token_to_chars", "token_to_word", "token_to_sequence"):
                assert getattr(first, method)(at) == getattr(second, method)(at)
            for sequence in (0, 1):
                for method in ("char_to_token", "char_to_word", "word_to_chars", "word_to_tokens"):
                    found = [getattr(it, method)(at, sequence) for it in (first, second)]
                    assert found[0] == found[1], (method, at, sequence)


@pytest.mark.parametrize("name", DATA)
def test_changes_of_an_encoding(name: str) -> None:
    # Short texts: merging combines all parts that overflow.
    pair, rng = pair_of_data(name), random.Random(2)
    for _ in range(ROUNDS // 2):
        one, other = text(rng)[:20], text(rng)[:20] if rng.random() < 0.5 else None
        found = [it.encode(one, other) for it in pair]
        change = random.Random(rng.random())
        for encoding in found:
            change.seed(1)
            encoding.pad(change.randrange(12), direction="left", pad_id=3, pad_token="[Q]")
            outcome(encoding.truncate, 4, stride=1, direction="left")
            encoding.set_sequence_id(1)
        assert columns(found[0]) == columns(found[1])
        loaded = [pickle.loads(pickle.dumps(it)) for it in found]
        assert columns(loaded[0]) == columns(loaded[1])
        for growing in (True, False):
            merged = [
                module.Encoding.merge([made, again], growing)
                for module, made, again in zip(MODULES, found, loaded, strict=True)
            ]
            assert columns(merged[0]) == columns(merged[1])


@pytest.mark.parametrize("name", DATA)
def test_post_processing_by_itself(name: str) -> None:
    pair, rng = pair_of_data(name), random.Random(3)
    for it in pair:
        it.enable_padding(length=6)
        it.enable_truncation(9)
    for _ in range(ROUNDS // 4):
        one, add = text(rng)[:40], rng.random() < 0.7
        made = []
        for it in pair:
            bare = it.encode(one, add_special_tokens=False)
            pairs = it.post_process(bare, bare, add_special_tokens=add)
            made.append([columns(it.post_process(bare, add_special_tokens=add)), columns(pairs)])
        assert made[0] == made[1], (one, add)


@pytest.mark.parametrize("name", DATA)
def test_decoding_step_by_step(name: str) -> None:
    pair, rng = pair_of_data(name), random.Random(4)
    for _ in range(ROUNDS // 4):
        ids, skip = pair[0].encode(text(rng)).ids, rng.random() < 0.5
        given = []
        for module, it in zip(MODULES, pair, strict=True):
            stream = module.decoders.DecodeStream(skip_special_tokens=skip)
            given.append([outcome(stream.step, it, id_) for id_ in ids])
        assert given[0] == given[1], ids


def test_arrays_and_coroutines_are_the_same_as_lists() -> None:
    pair = pair_of(PIPELINES[next(iter(PIPELINES))])
    rows: list[Any] = [
        np.array(["low", "er"]),
        np.array([["low", "er"], ["new", "est"]], dtype=object),
        [],
        ("low",),
    ]
    for row in rows:
        for in_words in (False, True):
            found = [outcome(it.encode_batch, row, in_words) for it in pair]
            shown = [it if it == "an error" else [columns(e) for e in it] for it in found]
            assert shown[0] == shown[1], (row, in_words)
    second = pair[1]
    made = asyncio.run(second.async_encode_batch(["low", ("er", "est")]))
    fast = second.encode_batch_fast(["low", ("er", "est")])
    assert [columns(it) for it in made] == [columns(it) for it in fast]
    assert asyncio.run(second.async_encode("low")).ids == second.encode("low").ids
    assert asyncio.run(second.async_decode_batch([[1, 2]])) == second.decode_batch([[1, 2]])


def test_a_long_batch_is_encoded_in_parallel_to_the_same() -> None:
    pair = pair_of_data("bert")
    texts = [f"{number} words of a longer text, in a row" * (number % 7) for number in range(3000)]
    first, second = (it.encode_batch(texts) for it in pair)
    assert [it.ids for it in first] == [it.ids for it in second]
    assert [it.offsets for it in first] == [it.offsets for it in second]
    assert pair[0].decode_batch([it.ids for it in first]) == pair[1].decode_batch(
        [it.ids for it in second]
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (5,),
        (["a"],),
        (b"a",),
        ("\ud800",),
        ("a", ["b"]),
        ("a", None, True),
        (["a", 5], None, True),
        (["a"], "b", True),
    ],
)
def test_what_is_no_text_is_a_type_error(arguments: tuple[Any, ...]) -> None:
    for it in pair_of(PIPELINES[next(iter(PIPELINES))]):
        with pytest.raises(TypeError, match="InputSequence must be"):
            it.encode(*arguments)


def test_what_is_no_batch_is_a_type_error() -> None:
    for it in pair_of(PIPELINES[next(iter(PIPELINES))]):
        for batch in ("ab", 5, [5], [("a", "b", "c")], [["a"]], None, iter(["a"])):
            with pytest.raises(TypeError):
                it.encode_batch(batch)


def test_ids_that_no_token_has_are_passed_over() -> None:
    pair = pair_of_data("gpt2")
    for it in pair:
        assert it.decode([15496, 10**8, 995]) == "Hello world"
        with pytest.raises(OverflowError):
            it.decode([-1])
        with pytest.raises(TypeError):
            it.decode("a")


def test_an_encoding_alone_is_empty() -> None:
    assert columns(ours.Encoding()) == columns(MODULES[0].Encoding())
