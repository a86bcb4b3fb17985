"""Rectangles of new tokens, and their embeddings, are what numpy makes row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from testdata import need
from toksmith import Batch, InputError, Tokenizer, VocabularyError
from toksmith.dynamic import byte_matrix, embed, id_matrix, mean_of_parts, weighted_mean


def random_parts(rng: np.random.Generator, rows: int, ids: int) -> Batch:
    return Batch.from_rows([rng.integers(0, ids, rng.integers(1, 6)) for _ in range(rows)])


@pytest.mark.parametrize("width", [None, 0, 2, 9])
def test_rows_of_ids(width: int | None) -> None:
    parts = random_parts(np.random.default_rng(0), 50, 1000)
    made = id_matrix(parts, width, pad=-100)
    assert made.values.dtype == np.int32
    columns = made.values.shape[1]
    assert columns == (5 if width is None else width)
    for row, values, mask in zip(
        parts.tolist(), made.values.tolist(), made.mask.tolist(), strict=True
    ):
        kept = row[:columns]
        assert values == kept + [-100] * (columns - len(kept))
        assert mask == [True] * len(kept) + [False] * (columns - len(kept))
    assert made.truncated.tolist() == [at for at, row in enumerate(parts) if len(row) > columns]
    assert made.lengths.tolist() == [min(len(row), columns) for row in parts]


def test_rows_of_bytes(pretrained: Any) -> None:
    tokenizer = pretrained("cl100k_base")
    texts = [" hello", "straße", "\U0001f600", " the cat", "a"]
    parts = tokenizer.encode_batch(texts)
    made = byte_matrix(parts, tokenizer, 7, pad=255)
    assert made.values.dtype == np.uint8
    for text, values, length in zip(texts, made.values, made.full_lengths, strict=True):
        spelled = text.encode()
        assert length == len(spelled)
        assert bytes(values) == (spelled + b"\xff" * 7)[:7]
    assert made.truncated.tolist() == [3]
    assert byte_matrix([], tokenizer).values.shape == (0, 0)
    with pytest.raises(VocabularyError, match="row 1: id 100257 is none"):
        byte_matrix([[1], [1, 100257]], tokenizer)
    with pytest.raises(InputError):
        byte_matrix(parts, tokenizer, pad=256)


@pytest.mark.parametrize(
    ("name", "parts", "spelled"),
    [("bert", ["the", "##ing"], " theing"), ("xlmr_unigram", ["▁the", "▁a"], " the a")],
)
def test_signs_are_read_as_what_they_stand_for(name: str, parts: list[str], spelled: str) -> None:
    tokenizer = Tokenizer.from_file(need(f"vocabs/{name}"))
    ids = [tokenizer.token_id(part.encode()) for part in parts]
    assert bytes(byte_matrix([ids], tokenizer).values[0]) == spelled.encode()


@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "strided", "list"])
@pytest.mark.parametrize("threads", [1, 3])
def test_means_equal_numpys(kind: str, threads: int) -> None:
    rng = np.random.default_rng(1)
    table: NDArray[Any] = rng.normal(size=(40, 7))
    if kind == "strided":
        table = np.asfortranarray(table)
    elif kind != "list":
        table = table.astype(kind)
    parts = random_parts(rng, 700, 40)
    given: object = table.tolist() if kind == "list" else table
    weights = rng.random(len(parts.ids))
    means = mean_of_parts(given, parts, num_threads=threads)
    weighted = weighted_mean(given, parts, weights, num_threads=threads)
    assert means.dtype == (np.float32 if kind in ("float16", "float32") else np.float64)
    tolerance = 1e-6 if means.dtype == np.float32 else 1e-14
    wide = table.astype(np.float64)
    for at, row in enumerate(parts):
        np.testing.assert_allclose(means[at], wide[row].mean(0), rtol=tolerance, atol=tolerance)
        mine = weights[parts.offsets[at] : parts.offsets[at + 1]]
        expected = np.average(wide[row], axis=0, weights=mine)
        np.testing.assert_allclose(weighted[at], expected, rtol=tolerance, atol=tolerance)


def test_exponential_weights() -> None:
    table = np.eye(3)
    parts = [(0, 1, 2), (2,)]
    raised = np.exp(0.5 * np.arange(3))
    made = weighted_mean(table, parts, rate=0.5)
    np.testing.assert_allclose(made, [raised / raised.sum(), [0, 0, 1]], atol=1e-15)
    np.testing.assert_allclose(weighted_mean(table, parts, rate=1e6)[0], [0, 0, 1])
    np.testing.assert_allclose(weighted_mean(table, parts, rate=-1e6)[0], [1, 0, 0])
    np.testing.assert_allclose(weighted_mean(table, parts, rate=0), mean_of_parts(table, parts))


def test_tensors_are_read() -> None:
    torch = pytest.importorskip("torch")
    rows = torch.arange(12, dtype=torch.float32).reshape(4, 3)
    for kind in (torch.float32, torch.bfloat16, torch.float16):
        made = mean_of_parts(rows.to(kind), [(0, 1), (3,)])
        assert made.dtype == np.float32
        assert made.tolist() == [[1.5, 2.5, 3.5], [9, 10, 11]]


def test_a_method_of_the_callers_is_checked() -> None:
    table = np.eye(4, dtype=np.float32)
    parts = [(0, 1), (2,)]
    np.testing.assert_array_equal(embed(mean_of_parts, table, parts), mean_of_parts(table, parts))
    assert embed(lambda _, batch: np.ones((len(batch), 2)), table, parts).shape == (2, 2)
    with pytest.raises(InputError, match="2 tokens got 3"):
        embed(lambda *_: np.ones((3, 2)), table, parts)
    with pytest.raises(InputError, match="token 1 is not finite"):
        embed(lambda *_: np.array([[1.0], [np.nan]]), table, parts)


def test_wrong_arguments_are_errors() -> None:
    table = np.eye(4, dtype=np.float32)
    for given in (table, table.astype(np.float16)):
        with pytest.raises(VocabularyError, match="row 1: there is no embedding 4"):
            mean_of_parts(given, [(0,), (1, 4)])
    wrong: list[Any] = [table[0], table.astype(np.int32), "no", [["a"]]]
    for given in wrong:
        with pytest.raises(InputError):
            mean_of_parts(given, [(0,)])
    with pytest.raises(InputError, match="without parts"):
        mean_of_parts(table, [(0,), ()])
    assert mean_of_parts(table, []).shape == (0, 4)
    assert mean_of_parts(table[:, :0], [(0,)]).shape == (1, 0)
    for weights, rate in [(None, None), ([1.0], 2.0), ([1.0, 1.0], None), ([-1.0], None),
                          ([0.0], None), ([np.nan], None), (None, np.inf)]:  # fmt: skip
        with pytest.raises(InputError):
            weighted_mean(table, [(0,)], weights, rate=rate)
    with pytest.raises(VocabularyError, match="does not fit int32"):
        id_matrix([[1 << 31]])
    with pytest.raises(InputError, match="more than memory"):
        id_matrix([[1], [2]], (1 << 48) - 1)
