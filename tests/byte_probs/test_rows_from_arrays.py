"""What rows of logits may be: every layout and type gives what its numbers give as float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import DTypeLike, NDArray

import toksmith as ts
from toksmith.byte_probs.rows import read_rows

WIDTH = 50_257


@pytest.fixture(scope="module")
def trie() -> ts.byte_probs.TokenTrie:
    return ts.byte_probs.TokenTrie(ts.Tokenizer.from_pretrained("gpt2"))


def rows(batch: int, dtype: DTypeLike) -> NDArray[Any]:
    return np.random.default_rng(batch).uniform(-20, 20, (batch, WIDTH)).astype(dtype)


def bfloat(numbers: NDArray[np.float32]) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """The bits of bfloat16, cut off, and the numbers they are."""
    bits = (numbers.view(np.uint32) >> 16).astype(np.uint16)
    return bits, (bits.astype(np.uint32) << 16).view(np.float32)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_layouts(trie: ts.byte_probs.TokenTrie, dtype: DTypeLike) -> None:
    plain = rows(4, dtype)
    want = trie.next_bytes(plain, b" t")
    wide = np.zeros((8, 2 * WIDTH), dtype)
    wide[::2, ::2] = plain
    unaligned = np.frombuffer(b"x" + plain.tobytes(), np.uint8)[1:].view(dtype).reshape(4, WIDTH)
    frozen = plain.copy()
    frozen.setflags(write=False)
    swapped = plain.astype(np.dtype(dtype).newbyteorder(">"))
    layouts = [wide[::2, ::2], np.asfortranarray(plain), unaligned, frozen, swapped]
    layouts += [plain[::-1][::-1], plain.copy()[::1]]
    for layout in layouts:
        assert np.array_equal(trie.next_bytes(layout, b" t"), want)
    assert np.array_equal(trie.next_bytes(wide[2, ::2], b" t"), want[1])
    assert np.array_equal(trie.next_bytes(plain[1:3], b" t"), want[1:3])
    single = trie.next_bytes(plain.astype(np.float64), b" t")
    np.testing.assert_allclose(want, single, rtol=0, atol=1e-6)


def test_contiguous_rows_are_read_in_place() -> None:
    for dtype in (np.float64, np.float32, np.float16):
        array = rows(3, dtype)
        for given in (array, array[0], array[1:]):
            assert np.shares_memory(read_rows(given).array, given)
        assert not np.shares_memory(read_rows(array[:, ::2]).array, array)


def test_bfloat16(trie: ts.byte_probs.TokenTrie) -> None:
    bits, numbers = bfloat(rows(2, np.float32))
    want = trie.next_bytes(numbers)
    assert np.array_equal(trie.next_bytes(bits, bits="bfloat16"), want)
    assert np.array_equal(trie.next_bytes(bits.view(np.int16), bits="bfloat16"), want)
    half = rows(2, np.float16)
    assert np.array_equal(
        trie.next_bytes(half.view(np.uint16), bits="float16"), trie.next_bytes(half)
    )
    bits[0, 5] = 0x7FC0
    with pytest.raises(ts.InputError, match="row 0: logit 5 is NaN"):
        trie.next_bytes(bits, bits="bfloat16")
    bits[0, 5] = 0xFF80
    assert np.isfinite(trie.mass(bits, b"a", bits="bfloat16")).all()


def test_bfloat16_of_ml_dtypes(trie: ts.byte_probs.TokenTrie) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    bits, numbers = bfloat(rows(2, np.float32))
    array = bits.view(ml_dtypes.bfloat16)
    assert np.array_equal(trie.next_bytes(array), trie.next_bytes(numbers))
    assert np.shares_memory(read_rows(array).array, bits)
    assert np.array_equal(trie.next_bytes(array[:, :]), trie.next_bytes(numbers))


def test_torch_tensors(trie: ts.byte_probs.TokenTrie) -> None:
    torch = pytest.importorskip("torch")
    _, numbers = bfloat(rows(2, np.float32))
    want = trie.next_bytes(numbers)
    tensor = torch.from_numpy(numbers.copy())
    for given in (tensor, tensor.clone().requires_grad_(), tensor.to(torch.bfloat16)):
        assert np.array_equal(trie.next_bytes(given), want)
    assert np.array_equal(trie.next_bytes(tensor[1]), want[1])
    assert np.array_equal(trie.next_bytes(tensor.t().contiguous().t()), want)
    assert np.array_equal(trie.next_bytes(tensor.to(torch.bfloat16).t().contiguous().t()), want)
    assert np.array_equal(trie.next_bytes(tensor.half()), trie.next_bytes(tensor.half().numpy()))
    with pytest.raises(ts.InputError, match="rows: a tensor on meta"):
        trie.next_bytes(tensor.to("meta"))
    with pytest.raises(ts.InputError, match="dense"):
        trie.next_bytes(tensor.to_sparse())
    with pytest.raises(ts.InputError, match="int64"):
        trie.next_bytes(torch.zeros(WIDTH, dtype=torch.int64))


@pytest.mark.parametrize("dlpack", [True, False])
def test_arrays_of_other_libraries(trie: ts.byte_probs.TokenTrie, dlpack: bool) -> None:
    plain = rows(2, np.float32)
    got = trie.next_bytes(_other(plain, dlpack))
    assert np.array_equal(got, trie.next_bytes(plain))
    assert np.shares_memory(read_rows(_other(plain, dlpack)).array, plain)


def _other(array: NDArray[Any], dlpack: bool) -> object:
    if dlpack:

        class WithDlpack:
            def __dlpack__(self, **options: Any) -> Any:
                return array.__dlpack__(**options)

            def __dlpack_device__(self) -> Any:
                return array.__dlpack_device__()

        return WithDlpack()

    class WithArray:
        def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
            return array

    return WithArray()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (np.zeros(WIDTH, np.int64), "not of int64"),
        (np.zeros(WIDTH, bool), "not of bool"),
        (np.zeros(WIDTH, np.complex128), "not of complex128"),
        (np.zeros(WIDTH, np.uint16), 'bits="bfloat16"'),
        (np.zeros(WIDTH, object), "not of object"),
        (np.zeros((1, 1, WIDTH)), "not 3"),
        (np.float64(0.0), "not 0"),
        ([0.0] * WIDTH, "not list"),
        (None, "not NoneType"),
        ("text", "not str"),
    ],
)
def test_anything_else_is_refused(trie: ts.byte_probs.TokenTrie, given: object, why: str) -> None:
    with pytest.raises(ts.InputError, match=why):
        trie.next_bytes(given)


def test_arguments_are_never_ignored(trie: ts.byte_probs.TokenTrie) -> None:
    row = np.zeros(WIDTH, np.float32)
    with pytest.raises(ts.InputError, match="needs rows of uint16"):
        trie.next_bytes(row, bits="bfloat16")
    with pytest.raises(ts.InputError, match="bits must be"):
        trie.next_bytes(row, bits="float8")  # type: ignore[arg-type]
    with pytest.raises(ts.InputError, match="prefix must be bytes, not str"):
        trie.next_bytes(row, " t")  # type: ignore[arg-type]
    for width in (-1, 1.5, True, "5"):
        with pytest.raises(ts.InputError, match="width"):
            ts.byte_probs.TokenTrie(ts.Tokenizer.from_pretrained("gpt2"), width=width)  # type: ignore[arg-type]
