"""A sequence followed step by step is what it would be if encoded whole, also after going back."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import numpy as np
import pytest

from dynamic.oracle_hypertokens import Plain
from testdata import FULL
from toksmith import InputError, VocabularyError
from toksmith.dynamic import HyperState, Hypertokens
from toksmith.dynamic.hypertokens import Eviction

EVICTIONS: tuple[Eviction, ...] = ("freeze", "reset", "recency")
OPTIONS = list(product(EVICTIONS, (0, 1, 2, 5, 40), (2, 3, None), ((), (1,))))


def shown(state: HyperState) -> tuple[object, ...]:
    """Everything that a state shows."""
    masks = state.mask().tolist(), state.bitmask().tolist()
    defined = state.definitions().to_dict()
    return (state.n_ids, state.n_codes, state.held.tolist(), state.completing, defined, masks)


def random_ids(rng: random.Random, most: int = 12) -> list[int]:
    return [rng.randrange(3) for _ in range(rng.randrange(most))]


@pytest.mark.parametrize(("eviction", "size", "longest", "disabled"), OPTIONS)
def test_pushing_ids_writes_the_codes_of_the_whole(
    eviction: Eviction, size: int, longest: int | None, disabled: tuple[int, ...]
) -> None:
    rng = random.Random(size)
    hyper = Hypertokens(5, size, longest, disabled_ids=disabled, eviction=eviction)
    for _ in range(20):
        state, codes, ids = hyper.state(), list[int](), list[int]()
        for _ in range(10):
            more = random_ids(rng)
            ids += more
            codes += state.push(more).tolist()
            assert len(codes) == state.n_codes
            assert len(ids) == state.n_ids
        codes += state.flush().tolist()
        assert codes == hyper.encode(ids).tolist()
        assert hyper.state(codes).definitions().to_dict() == state.definitions().to_dict()


@pytest.mark.parametrize(("eviction", "size", "longest", "disabled"), OPTIONS)
def test_going_back_equals_a_rebuild(
    eviction: Eviction, size: int, longest: int | None, disabled: tuple[int, ...]
) -> None:
    rng = random.Random(size)
    hyper = Hypertokens(5, size, longest, disabled_ids=disabled, eviction=eviction)
    for _ in range(20 if FULL else 3):
        state, ids = hyper.state(), list[int]()
        marks: list[Any] = []
        for _ in range(25):
            match rng.randrange(6):
                case 0:
                    n = rng.randrange(len(ids) + 1)
                    state.rollback(n)
                    del ids[len(ids) - n :]
                    marks = [mark for mark in marks if mark[1] <= len(ids)]
                case 1:
                    marks.append((state.checkpoint(), len(ids)))
                case 2 if marks:
                    mark, length = marks.pop(rng.randrange(len(marks)))
                    state.restore(mark)
                    del ids[length:]
                    marks = [mark for mark in marks if mark[1] <= length]
                case 3:
                    fork = state.fork()
                    state.push(random_ids(rng))
                    state = fork
                case 4:
                    allowed = np.flatnonzero(state.mask())
                    code = int(rng.choice(allowed))
                    meaning = state.definition(code)
                    new = tuple(state.push_codes(code).tolist())
                    assert new == meaning
                    ids += new
                case _:
                    more = random_ids(rng)
                    state.push(more)
                    ids += more
            again = hyper.state()
            again.push(ids)
            assert shown(state) == shown(again)


def test_masks_allow_what_can_be_decoded_and_nothing_else() -> None:
    rng = random.Random(3)
    for eviction, size, longest, disabled in OPTIONS:
        hyper = Hypertokens(5, size, longest, disabled_ids=disabled, eviction=eviction)
        for _ in range(3):
            state = hyper.state()
            state.push(random_ids(rng, 40))
            mask = state.mask()
            assert len(mask) == len(hyper) == 5 + size
            bits = np.unpackbits(state.bitmask().view(np.uint8), bitorder="little")
            np.testing.assert_array_equal(bits[: len(mask)].astype(bool), mask)
            assert not bits[len(mask) :].any()
            for code, allowed in enumerate(mask.tolist()):
                fork, before = state.fork(), shown(state)
                assert (fork.definition(code) is not None) == allowed
                if allowed:
                    fork.push_codes([code])
                else:
                    with pytest.raises(VocabularyError, match="not defined"):
                        fork.push_codes([code])
                    assert shown(fork) == before


def test_masks_of_any_length_are_filled() -> None:
    state = Hypertokens(3, 2).state([1, 2])
    out = np.ones(9, np.bool_)
    assert state.mask(out) is out
    assert out.tolist() == [True] * 5 + [False] * 4
    words = np.full(2, -1, np.int32)
    assert state.bitmask(words).tolist() == [0b11111, 0]
    assert state.mask(np.ones(2, np.bool_)).tolist() == [True, True]
    for wrong in (np.ones(9, np.int8), np.ones((3, 3), np.bool_), np.ones(9, np.bool_)[::2]):
        with pytest.raises(InputError, match="out must be"):
            state.mask(wrong)  # type: ignore[arg-type]


def test_changes_keep_a_table_of_embeddings_right() -> None:
    rng = random.Random(5)
    for eviction, size, longest, disabled in OPTIONS:
        hyper = Hypertokens(5, size, longest, disabled_ids=disabled, eviction=eviction)
        state, table = hyper.state(), dict[int, tuple[int, ...]]()
        for _ in range(30):
            if rng.randrange(3):
                state.push(random_ids(rng, 20))
            else:
                state.rollback(rng.randrange(state.n_ids + 1))
            table |= state.changes().to_dict()
            defined = state.definitions().to_dict()
            assert {code: table[code] for code in defined} == defined
        assert len(state.changes()) == 0


def test_codes_the_encoder_would_not_write_leave_the_codebook_of_their_ids() -> None:
    state = Hypertokens(10).state([1, 2, 1, 2])
    plain = Plain(10, 2048, 4)
    for token in (1, 2, 1, 2):
        plain.push(token)
    assert state.definitions().to_dict() == plain.codebook()
    assert state.held.tolist() == [1, 2]


def test_going_back_too_far_is_an_error() -> None:
    state = Hypertokens(10).state()
    mark = state.checkpoint()
    state.push([1, 2, 3])
    late = state.checkpoint()
    with pytest.raises(InputError, match="cannot take back 4 ids; 3 can be"):
        state.rollback(4)
    other = Hypertokens(10).state([1, 2, 3])
    with pytest.raises(InputError, match="not one of this state"):
        other.restore(late)
    state.rollback(1)
    state.push([3])
    with pytest.raises(InputError, match="went back behind it"):
        state.restore(late)
    state.settle()
    with pytest.raises(InputError):
        state.restore(mark)
    with pytest.raises(InputError, match="made by"):
        HyperState()


def test_a_codebook_is_shared_by_sequences_between_flushes() -> None:
    hyper = Hypertokens(10)
    rows = [[1, 2, 3], [1, 2, 3, 1], [2, 3, 1, 2]]
    state = hyper.state()
    codes = [state.push(row).tolist() + state.flush().tolist() for row in rows]
    assert codes == hyper.encode_batch(rows, shared=True).tolist()
    assert state.flush().tolist() == []
