"""Promise: a Batch is rows of ids over two arrays; it never cuts, copies or hides anything."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toksmith as ts
from vocabularies import embedded

rows_of_ids = st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=6), max_size=6)


@given(rows_of_ids, st.slices(6))
def test_a_batch_behaves_as_the_list_of_its_rows(rows: list[list[int]], cut: slice) -> None:
    batch = ts.Batch.from_rows(rows)
    assert len(batch) == len(rows)
    assert batch.tolist() == rows
    assert [row.tolist() for row in batch] == rows
    assert batch[cut].tolist() == rows[cut]
    assert [batch[i].tolist() for i in range(-len(rows), len(rows))] == rows + rows
    assert batch.ids.dtype == np.uint32
    assert batch.offsets.dtype == np.int64
    assert batch == ts.Batch(batch.ids, batch.offsets)
    assert pickle.loads(pickle.dumps(batch)) == copy.deepcopy(batch) == batch
    assert batch.to_arrow().to_pylist() == rows


@given(rows_of_ids, st.integers(0, 9), st.sampled_from(["left", "right"]))
def test_padding_is_undone_by_its_mask(rows: list[list[int]], extra: int, side: str) -> None:
    batch = ts.Batch.from_rows(rows)
    longest = max(map(len, rows), default=0)
    padded, mask = batch.to_padded(7, length=longest + extra, side=side)  # type: ignore[arg-type]
    assert padded.dtype == mask.dtype == np.int64
    assert padded.shape == mask.shape == (len(rows), longest + extra)
    assert [row[keep == 1].tolist() for row, keep in zip(padded, mask, strict=True)] == rows
    assert (padded[mask == 0] == 7).all()
    assert batch.to_padded(7)[0].shape == (len(rows), longest)
    if rows and extra:
        assert mask[:, -1 if side == "right" else 0].sum() == 0


def test_nothing_is_cut_off_silently() -> None:
    batch = ts.Batch.from_rows([[1], [1, 2, 3]])
    with pytest.raises(ts.InputError, match="row 1 has 3 ids, more than length=2"):
        batch.to_padded(0, length=2)
    for arguments in ({"pad_id": -1}, {"pad_id": "0"}, {"pad_id": 0, "length": -1},
                      {"pad_id": 0, "side": "top"}, {"pad_id": 0, "length": 2**70},
                      {"pad_id": 2**64}):  # fmt: skip
        with pytest.raises(ts.InputError):
            batch.to_padded(**arguments)


def test_rows_and_arrow_lists_are_views() -> None:
    batch = ts.Batch(np.arange(5, dtype=np.uint32), np.array([0, 2, 5]))
    assert np.shares_memory(batch[1], batch.ids)
    assert np.shares_memory(batch[1:].ids, batch.ids)
    assert batch.to_arrow().values.buffers()[1].address == batch.ids.ctypes.data
    assert batch.to_arrow().type == pa.large_list(pa.uint32())


@pytest.mark.parametrize(
    ("ids", "offsets"),
    [
        ([1, 2], [0, 1]),
        ([1, 2], [1, 2]),
        ([1, 2], [0, 2, 1, 2]),
        ([1, 2], []),
        ([1, 2], [0.0, 2.0]),
        ([1, 2], [[0, 2]]),
        ([1, 2], None),
        ([1.5], [0, 1]),
        ("ab", [0, 2]),
        ([[1]], [0, 1]),
        ([None], [0, 1]),
        ([[1], [1, 2]], [0, 2]),
    ],
)
def test_arrays_that_do_not_describe_rows_are_an_error(ids: object, offsets: object) -> None:
    with pytest.raises(ts.InputError):
        ts.Batch(ids, offsets)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [-1, 2**32, 2**63, 2**64, -(2**70)])
def test_ids_beyond_32_bits_are_an_error(bad: int) -> None:
    with pytest.raises(ts.VocabularyError, match=str(bad)):
        ts.Batch([bad], [0, 1])
    with pytest.raises(ts.VocabularyError, match="row 1"):
        ts.Batch.from_rows([[0], [3, bad]])


def test_indices_are_checked() -> None:
    batch = ts.Batch.from_rows([[1], [2]])
    for index in (2, -3, 10**20):
        with pytest.raises(IndexError):
            batch[index]
    for wrong in ("0", 0.0, None, (0,)):
        with pytest.raises(TypeError):
            batch[wrong]  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        hash(batch)


def test_a_batch_shows_its_beginning() -> None:
    assert repr(ts.Batch.from_rows([])) == "Batch(0 rows, 0 ids: [])"
    assert repr(ts.Batch.from_rows([[1, 2], []])) == "Batch(2 rows, 2 ids: [[1, 2], []])"
    many = repr(ts.Batch.from_rows([list(range(1000))] * 1000))
    assert many.startswith("Batch(1000 rows, 1000000 ids: [[0, 1, 2, 3, 4, 5, ...], ")
    assert len(many) < 150


def test_batches_are_equal_by_rows() -> None:
    a, b = ts.Batch.from_rows([[1], [2]]), ts.Batch.from_rows([[1, 2]])
    assert a != b
    assert a != [[1], [2]]


def test_a_batch_decodes() -> None:
    tok = embedded("cl100k_base")
    texts = ["one", "", "three \U0001f642"]
    batch = tok.encode_batch(texts)
    assert tok.decode_batch(batch) == texts
    assert tok.decode_batch(batch.tolist()) == texts
    assert tok.decode_batch(list(batch)) == texts
    assert tok.decode_batch(batch.to_padded(0)[0][1:2, :0]) == [""]
    assert tok.decode_batch([]) == []
