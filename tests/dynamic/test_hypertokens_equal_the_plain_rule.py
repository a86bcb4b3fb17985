"""Codes are those of the rule said plainly, and decode to the ids they came from."""

from __future__ import annotations

import pickle
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from dynamic.oracle_hypertokens import Plain
from testdata import FULL, corpus, need
from toksmith import Batch, InputError, Tokenizer, VocabularyError
from toksmith.dynamic import Hypertokens
from toksmith.dynamic.hypertokens import Eviction

EVICTIONS: tuple[Eviction, ...] = ("freeze", "reset", "recency")
SIZES = (0, 1, 2, 3, 7, 30, 1000)
LENGTHS = (1, 2, 3, 4, 8, None)
FIRST = 8


def random_rows(rng: np.random.Generator, rows: int, most: int = 120) -> Batch:
    """Ids of alphabets of 2 to 5."""
    sizes = rng.integers(0, most, rows)
    alphabets = np.repeat(rng.integers(2, 6, rows), sizes)
    ids = (rng.random(sizes.sum()) * alphabets).astype(np.uint32)
    return Batch(ids, np.concatenate([[0], np.cumsum(sizes)]))


def test_decoding_an_encoding_is_the_identity_on_100_000_random_sequences() -> None:
    rng = np.random.default_rng(0)
    choices = list(product(EVICTIONS, SIZES, LENGTHS, ((), (1, 3)), (False, True)))
    for eviction, size, longest, disabled, shared in choices:
        rows = random_rows(rng, 100_000 // len(choices) + 1)
        hyper = Hypertokens(FIRST, size, longest, disabled_ids=disabled, eviction=eviction)
        codes = hyper.encode_batch(rows, shared=shared)
        assert hyper.decode_batch(codes, shared=shared) == rows, (hyper, shared)
        parts = hyper.parts(codes, shared=shared)
        assert len(parts) == len(codes.ids)
        np.testing.assert_array_equal(parts.ids, rows.ids)


def test_codes_and_codebooks_are_those_of_the_plain_rule() -> None:
    rng = np.random.default_rng(1)
    for eviction, size, longest, disabled in product(EVICTIONS, SIZES, LENGTHS, ((), (1, 3))):
        hyper = Hypertokens(FIRST, size, longest, disabled_ids=disabled, eviction=eviction)
        for shared in (False, True):
            rows = random_rows(rng, 30 if FULL else 4)
            plain = Plain(FIRST, size, longest, disabled, eviction)
            expected = []
            for row in rows.tolist():
                if not shared:
                    plain = Plain(FIRST, size, longest, disabled, eviction)
                expected.append(plain.encode(row))
            codes = hyper.encode_batch(rows, shared=shared)
            assert codes.tolist() == expected, (hyper, shared)
            if not shared and len(rows):
                state = hyper.state(codes[-1])
                assert state.definitions().to_dict() == plain.codebook()


def test_a_code_may_complete_itself() -> None:
    hyper = Hypertokens(10, max_subtokens=None)
    assert hyper.encode([1] * 10).tolist() == [1, 10, 11, 12]
    assert hyper.decode([1, 10, 11, 12]).tolist() == [1] * 10
    assert hyper.parts([[1, 10, 11, 12]]).offsets.tolist() == [0, 1, 3, 6, 10]


def test_a_disabled_id_is_written_alone() -> None:
    hyper = Hypertokens(10, disabled_ids=[9])
    assert hyper.encode([1, 2, 9, 1, 2, 9, 9]).tolist() == [1, 2, 9, 10, 9, 9]


@pytest.mark.parametrize("eviction", EVICTIONS)
@pytest.mark.parametrize("name", ["english", "code"])
def test_real_ids_come_back(name: str, eviction: Eviction) -> None:
    tokenizer = Tokenizer.from_file(need("vocabs/llama3/tokenizer.model"))
    texts = [text for _, text in zip(range(2000 if FULL else 300), corpus(name), strict=False)]
    rows = tokenizer.encode_batch(texts)
    for size, longest in ((2048, 4), (100, None), (1 << 17, 16)):
        hyper = Hypertokens(tokenizer, size, longest, eviction=eviction)
        assert hyper.first_id == len(tokenizer)
        for shared in (False, True):
            codes = hyper.encode_batch(rows, shared=shared)
            assert len(codes.ids) < len(rows.ids)
            assert hyper.decode_batch(codes, shared=shared) == rows
        assert hyper.encode_batch(rows, num_threads=3) == hyper.encode_batch(rows, num_threads=1)


@pytest.mark.parametrize(
    ("codes", "where"),
    [
        ([10], "code 0: 10"),
        ([1, 11], "code 1: 11"),
        ([1, 2, 3000], "code 2: there is no code 3000"),
    ],
)
def test_an_undefined_code_is_told_with_its_place(codes: list[int], where: str) -> None:
    with pytest.raises(VocabularyError, match=where):
        Hypertokens(10, 100).decode(codes)
    with pytest.raises(VocabularyError, match=f"row 2, {where}"):
        Hypertokens(10, 100).decode_batch([[1], [], codes])


def test_wrong_arguments_are_errors() -> None:
    hyper = Hypertokens(10, 100, None)
    with pytest.raises(VocabularyError, match="row 1, id 2: 10 is not a base id"):
        hyper.encode_batch([[1], [1, 2, 10]])
    long = [1, *range(10, 110)]
    with pytest.raises(InputError, match="max_ids"):
        hyper.decode(long, max_ids=5000)
    assert len(hyper.decode(long)) == 101 * 102 // 2
    for arguments in ((-1,), (2**32,), (10, -1), (10, 2**32 - 1), (10, 4, 0)):
        with pytest.raises(InputError):
            Hypertokens(*arguments)
    with pytest.raises(InputError, match="eviction"):
        Hypertokens(10, eviction="oldest")  # type: ignore[arg-type]
    with pytest.raises(VocabularyError, match="disabled_ids"):
        Hypertokens(10, disabled_ids=[10])
    with pytest.raises(InputError):
        hyper.encode_batch("12")


def test_what_is_not_contiguous_or_of_another_type_is_read() -> None:
    hyper = Hypertokens(10)
    ids: NDArray[np.int64] = np.array([1, 0, 2, 0, 1, 0, 2, 0])
    assert hyper.encode(ids[::2]).tolist() == [1, 2, 10]
    assert hyper.encode([]).tolist() == []
    assert len(hyper.encode_batch([])) == 0


def test_settings_come_back_from_a_pickle() -> None:
    hyper = Hypertokens(10, 7, None, disabled_ids=[3, 1], eviction="recency")
    again = pickle.loads(pickle.dumps(hyper))
    assert repr(again) == repr(hyper)
    assert again.disabled_ids == (1, 3)
    assert again.max_subtokens is None
    assert len(again) == 17
