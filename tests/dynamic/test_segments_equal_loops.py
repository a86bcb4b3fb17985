"""Segments are reduced and spread as loops over them would do it; packed rows come back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import toksmith as ts
from toksmith import dynamic
from toksmith.dynamic import Patches

HOW = ("mean", "max", "sum", "first", "last")


def reduced(values: NDArray[Any], offsets: NDArray[np.int64], how: str) -> NDArray[np.float64]:
    """One segment after the other, in float64."""
    rows = []
    for begin, end in pairwise(offsets):
        part = values[begin:end].astype(np.float64)
        if how == "sum":
            rows.append(part.sum(0))
        elif begin == end:
            rows.append(np.full(values.shape[1:], -1.0))
        elif how in ("mean", "max"):
            rows.append(getattr(part, how)(0))
        else:
            rows.append(part[0 if how == "first" else -1])
    return np.array(rows).reshape(len(rows), *values.shape[1:])


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_segment_is_reduced(how: Any, dtype: Any) -> None:
    rng = np.random.default_rng(7)
    for width in (None, 1, 2, 3, 4, 5, 8, 130):
        sizes = rng.integers(0, 9, 200) * (rng.random(200) < 0.8)
        sizes[3] = 700
        offsets = np.append(0, np.cumsum(sizes))
        shape = (offsets[-1],) if width is None else (offsets[-1], width)
        values = rng.normal(size=shape).astype(dtype)
        values.flat[rng.integers(0, values.size, 3)] = np.nan
        want = reduced(values, offsets, how)
        found = dynamic.segment_reduce(values, offsets, how, empty=-1, num_threads=1)
        assert found.dtype == dtype
        tolerance = 1e-4 if dtype == np.float32 else 1e-11
        np.testing.assert_allclose(found, want, rtol=tolerance, atol=tolerance)
        again = dynamic.segment_reduce(values, offsets, how, empty=-1, num_threads=2)
        np.testing.assert_array_equal(again, found)


def test_reduced_means_equal_an_einsum() -> None:
    rng = np.random.default_rng(8)
    patches = Patches.from_lengths([[3, 1, 5], [2, 2]])
    values = rng.normal(size=(13, 4))
    belongs = np.zeros((13, 5))
    belongs[np.arange(13), np.repeat(np.arange(5), patches.lengths)] = 1
    want = np.einsum("ps,pd->sd", belongs / belongs.sum(0), values)
    np.testing.assert_allclose(dynamic.segment_reduce(values, patches, "mean"), want)


def test_empty_segments_are_nan_or_what_is_asked() -> None:
    values = np.ones((2, 1), np.float32)
    assert dynamic.segment_reduce(values, [0, 0, 2], "sum").tolist() == [[0], [2]]
    assert np.isnan(dynamic.segment_reduce(values, [0, 0, 2], "max")[0, 0])
    assert dynamic.segment_reduce(values, [0, 0, 2], "mean", empty=5).tolist() == [[5], [1]]
    assert dynamic.segment_reduce(np.ones((0, 3)), [0], "sum").shape == (0, 3)


@given(st.lists(st.lists(st.integers(1, 4), max_size=5), max_size=4), st.booleans())
def test_segments_are_spread_over_their_positions(lengths: list[list[int]], flat: bool) -> None:
    patches = Patches.from_lengths(lengths)
    count = len(patches.lengths)
    values = np.arange(1.0, count + 1)[:, None] * [1.0, 10.0]
    if flat:
        values = values[:, 0]
    spread = dynamic.segment_broadcast(values, patches)
    assert np.array_equal(spread, np.repeat(values, patches.lengths, axis=0))
    for how in ("mean", "max", "first", "last"):
        np.testing.assert_allclose(dynamic.segment_reduce(spread, patches, how), values)
    null = -1.0 if flat else [-1.0, -2.0]
    want, bounds = [], patches.row_offsets.tolist()
    for row in range(len(lengths)):
        for p in range(bounds[row], bounds[row + 1]):
            ended = [
                j
                for j in range(patches.rows[row], patches.rows[row + 1])
                if patches.offsets[j + 1] <= p + 1
            ]
            want.append(values[ended[-1]] if ended else null)
    found = dynamic.segment_broadcast(values, patches, causal=True, null=null)
    assert np.array_equal(found, np.array(want).reshape(found.shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, np.uint32, np.bool_])
@pytest.mark.parametrize("tail", [(), (3,)])
def test_packed_rows_come_back(dtype: Any, tail: tuple[int, ...]) -> None:
    rng = np.random.default_rng(9)
    for rows, n, share in [
        (4, 7, 0.5),
        (3, 5, 0.0),
        (3, 5, 1.0),
        (0, 4, 0.5),
        (4, 0, 0.5),
        (1, 9, 0.2),
    ]:
        values = rng.integers(0, 2, (rows, n, *tail)).astype(dtype)
        keep = rng.random((rows, n)) < share
        packed = dynamic.pack(values, keep)
        assert packed.values.dtype == dtype
        assert packed.lengths.tolist() == keep.sum(1).tolist()
        want = [values[row][keep[row]].tolist() for row in range(rows)]
        padded, mask = packed.to_padded(length=n)
        assert [padded[row][mask[row]].tolist() for row in range(rows)] == want
        back = np.where(keep.reshape(*keep.shape, *(1 for _ in tail)), values, dtype(1))
        assert np.array_equal(packed.unpack(fill=1), back)
        assert np.array_equal(packed.unpack(padded, padded=True, fill=1), back)
        assert np.array_equal(dynamic.unpack(padded, keep, padded=True, fill=1), back)
        assert np.array_equal(dynamic.unpack(packed.values, keep, fill=1), back)
        offsets = np.arange(rows + 1) * n
        ragged = dynamic.pack(values.reshape(rows * n, *tail), keep.reshape(-1), offsets)
        assert np.array_equal(ragged.values, packed.values)
        assert np.array_equal(ragged.offsets, packed.offsets)
        assert np.array_equal(ragged.unpack(fill=1), back.reshape(rows * n, *tail))


def test_vectors_may_change_their_width_between_pack_and_unpack() -> None:
    keep = np.array([[True, False, True], [False, False, False]])
    packed = dynamic.pack(np.ones((2, 3, 4)), keep)
    assert packed.to_padded()[0].shape == (2, 2, 4)
    assert packed.unpack(np.ones((2, 5))).sum(-1).tolist() == [[5, 0, 5], [0, 0, 0]]
    gone = dynamic.pack(np.ones((2, 3)), np.zeros((2, 3), bool))
    padded, mask = gone.to_padded()
    assert padded.shape == mask.shape == (2, 0)
    assert gone.to_padded(length=1)[1].tolist() == [[False], [False]]


def test_words_are_rows_of_bytes() -> None:
    texts = ["I can't, na\u00efve", "", "ab"]
    words = dynamic.word_patches(texts, spaces="next")
    made = dynamic.byte_words(texts, words, pad=255)
    assert made.matrix.shape == (5, 7)
    assert made.to_texts() == [text.encode() for text in texts]
    assert made.cu_seqlens.dtype == made.lengths.dtype == np.int32
    assert made.cu_seqlens.tolist() == words.offsets.tolist()
    assert (made.matrix[~made.mask] == 255).all()
    assert made.rows.tolist() == words.rows.tolist()
    assert not made.cut.any()


@given(st.lists(st.text(max_size=20)), st.integers(1, 5))
def test_split_words_lose_nothing_and_truncated_ones_say_what(texts: list[str], width: int) -> None:
    patches = dynamic.word_patches(texts)
    split = dynamic.byte_words(texts, patches, width, overflow="split")
    assert split.to_texts() == [text.encode() for text in texts]
    assert split.cu_seqlens.tolist() == patches.split(width).offsets.tolist()
    assert np.array_equal(split.rows, patches.split(width).rows)
    truncated = dynamic.byte_words(texts, patches, width, overflow="truncate")
    pieces = patches.pieces(texts)
    assert truncated.to_texts() == [b"".join(p[:width] for p in row) for row in pieces]
    assert truncated.cut.tolist() == [max(len(p) - width, 0) for row in pieces for p in row]
    if (patches.lengths > width).any():
        with pytest.raises(ts.InputError, match="more than a width"):
            dynamic.byte_words(texts, patches, width)


@pytest.mark.parametrize(
    "call",
    [
        lambda: dynamic.segment_reduce(np.ones((2, 2)), [0, 3], "sum"),
        lambda: dynamic.segment_reduce(np.ones((2, 2)), [0, 2], "median"),  # type: ignore[arg-type]
        lambda: dynamic.segment_reduce(np.ones((2, 2), int), [0, 2], "sum"),
        lambda: dynamic.segment_reduce(np.ones((2, 2, 2)), [0, 2], "sum"),
        lambda: dynamic.segment_reduce(np.ones((2, 0)), [0, 2], "sum"),
        lambda: dynamic.segment_reduce(np.ones((2, 2)), [0.0, 2.0], "sum"),
        lambda: dynamic.segment_broadcast(np.ones((2, 2)), [0, 2]),
        lambda: dynamic.segment_broadcast(np.ones((1, 2)), [0, 2**62]),
        lambda: dynamic.segment_broadcast(np.ones((1, 2)), [0, 2], null=[1.0, 1.0]),
        lambda: dynamic.segment_broadcast(np.ones((1, 2)), [0, 2], causal=True, null=[1.0]),
        lambda: dynamic.pack(np.ones((2, 2)), [[1, 0], [0, 1]]),
        lambda: dynamic.pack(np.ones((2, 2)), [[True], [True]]),
        lambda: dynamic.pack(np.ones(2), [True, False], [0, 3]),
        lambda: dynamic.pack(np.array(["a"]), [True]),
        lambda: dynamic.pack(np.ones(2), [True, False]).unpack(np.ones(2)),
        lambda: dynamic.pack(np.ones(2, np.uint8), [True, False]).unpack(fill=-1),
        lambda: dynamic.pack(np.ones(2), [True, True]).to_padded(length=1),
        lambda: dynamic.byte_words("ab", dynamic.word_patches("a")),
        lambda: dynamic.byte_words("ab", dynamic.word_patches("ab"), 0),
        lambda: dynamic.byte_words("ab", dynamic.word_patches("ab"), 1 << 40),
        lambda: dynamic.byte_words("ab", dynamic.word_patches("ab"), pad=256),
        lambda: dynamic.byte_words("ab", dynamic.word_patches("ab"), overflow="fold"),  # type: ignore[arg-type]
    ],
)
def test_what_does_not_fit_is_refused(call: Any) -> None:
    with pytest.raises(ts.InputError):
        call()


def test_tensors_are_read() -> None:
    torch = pytest.importorskip("torch", reason="needs torch")
    values = torch.arange(6, dtype=torch.bfloat16).reshape(3, 2)
    assert dynamic.segment_reduce(values, [0, 1, 3], "sum").tolist() == [[0, 1], [6, 8]]
    assert dynamic.pack(values, [True, False, True]).values.tolist() == [[0, 1], [4, 5]]


class Foreign:
    """An array that speaks DLPack alone."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()


def test_dlpack_is_read() -> None:
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert dynamic.segment_reduce(Foreign(values), [0, 1, 3], "sum").tolist() == [[0, 1], [6, 8]]
    assert dynamic.segment_reduce(Foreign(values[:, 0].copy()), [0, 3], "sum").tolist() == [6]
    assert dynamic.entropy_patches(Foreign(values[:, 1].copy()))[0].tolist() == [
        [0, 1],
        [1, 2],
        [2, 3],
    ]
