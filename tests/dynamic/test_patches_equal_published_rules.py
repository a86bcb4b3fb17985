"""Patches are cut where the published rules say, and a stream is cut as a whole is."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toksmith as ts
from dynamic.oracle_patches import entropy_starts, space_starts
from toksmith import dynamic
from toksmith.dynamic import EntropyPatcher, Patches

RULES: list[tuple[str, dict[str, Any]]] = [
    ("threshold", {"threshold": 1.5}),
    ("monotone", {"threshold": 0.5}),
    ("combined", {"threshold": 1.0, "threshold_add": 0.25}),
    ("combined_published", {"threshold": 1.0, "threshold_add": 0.25}),
    ("top_k", {"patch_size": 2.5}),
]


def oracle_of(h: Any, rule: str, numbers: dict[str, Any], **options: Any) -> list[int]:
    names = {"threshold_add": "add", "patch_size": "size"}
    return entropy_starts(h, rule, **{names.get(k, k): v for k, v in numbers.items()}, **options)


def test_space_patches_of_every_pair_of_bytes() -> None:
    pairs = [bytes(pair) for pair in product(range(256), repeat=2)]
    for texts in (pairs, [b"a" + pair + b"b" for pair in pairs]):
        for bos in (False, True):
            found = dynamic.space_patches(texts, bos=bos)
            assert len(found) == len(texts)
            size = len(texts[0])
            want = [i * size + p for i, t in enumerate(texts) for p in space_starts(t, bos)]
            assert found.offsets.tolist() == [*want, size * len(texts)]


@given(st.lists(st.binary() | st.text().map(str.encode)), st.booleans())
def test_space_patches_of_any_bytes(texts: list[bytes], bos: bool) -> None:
    found = dynamic.space_patches(texts, bos=bos, num_threads=2)
    assert [spans[:, 0].tolist() for spans in found] == [space_starts(t, bos) for t in texts]
    assert [b"".join(row) for row in found.pieces(texts)] == texts


@pytest.mark.parametrize(("rule", "numbers"), RULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_entropy_patches_of_random_entropies(
    rule: Any, numbers: dict[str, Any], dtype: Any
) -> None:
    rng = np.random.default_rng(5)
    for trial in range(80):
        sizes = rng.integers(0, 40, rng.integers(1, 5))
        offsets = np.append(0, np.cumsum(sizes))
        h = rng.gamma(1.5, 1.0, offsets[-1]).astype(dtype)
        if trial % 2:
            h = np.round(h * 4) / dtype(4)  # ties
        for following, most in product((False, True), (None, 1, 4)):
            found = dynamic.entropy_patches(
                h,
                offsets,
                rule=rule,
                **numbers,
                include_next_token=following,
                max_patch_length=most,
            )
            assert len(found) == len(sizes)
            assert np.array_equal(np.diff(found.row_offsets), sizes + following)
            for i, spans in enumerate(found):
                row = h[offsets[i] : offsets[i + 1]]
                want = oracle_of(row, rule, numbers, most=most, following=following)
                assert spans[:, 0].tolist() == want


@pytest.mark.parametrize(("rule", "numbers"), RULES[:-1])
def test_a_stream_is_cut_as_the_whole_is(rule: Any, numbers: dict[str, Any]) -> None:
    rng = np.random.default_rng(6)
    for most in (None, 1, 3):
        for _ in range(40):
            h = (rng.integers(0, 12, rng.integers(0, 50)) / 4).astype(np.float32)
            whole = dynamic.entropy_patches(
                h, rule=rule, **numbers, include_next_token=True, max_patch_length=most
            )
            patcher = EntropyPatcher(rule, **numbers, max_patch_length=most)
            cuts = np.sort(rng.integers(0, len(h) + 1, 5))
            fork, starts = patcher, list[int]()
            for part in np.split(h, cuts):
                fork = patcher.copy()
                starts += patcher.push(part).tolist()
            assert starts == whole[0][:, 0].tolist()
            assert len(patcher) == len(h)
            fork.push(h[cuts[-1] :])
            assert len(fork) == len(h)
            one_by_one = EntropyPatcher(rule, **numbers, max_patch_length=most)
            assert [p for x in h for p in one_by_one.push(x).tolist()] == (starts if len(h) else [])


def test_rows_are_not_compared_with_each_other() -> None:
    rows = np.array([[9, 9, 9, 0.0], [0, 0, 3, 0]])
    found = dynamic.entropy_patches(rows, rule="monotone", threshold=0.0)
    assert [spans[:, 0].tolist() for spans in found] == [[0, 1, 2], [0, 1, 2, 3]]
    ragged = dynamic.entropy_patches(rows.reshape(-1), [0, 4, 8], rule="monotone", threshold=0.0)
    assert ragged == found


def test_entropies_are_in_nats() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(600, 256)) * 8
    logits[rng.random(logits.shape) < 0.2] = -np.inf
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    logs = np.log(p, where=p > 0, out=np.zeros_like(p))
    want = -(p * logs).sum(1)
    np.testing.assert_allclose(dynamic.entropies(logits), want, rtol=1e-12, atol=1e-12)
    normalised = np.log(p, where=p > 0, out=np.full_like(p, -np.inf))
    np.testing.assert_allclose(dynamic.entropies(normalised), want, rtol=1e-11, atol=1e-11)
    single = logits.astype(np.float32)
    np.testing.assert_allclose(dynamic.entropies(single, num_threads=2), want, atol=1e-4)
    assert dynamic.entropies(np.zeros((0, 5))).shape == (0,)
    assert dynamic.entropies([[0.0, 0.0]])[0] == pytest.approx(np.log(2))


def test_what_is_not_causal_says_so() -> None:
    with pytest.raises(ts.UnsupportedFeature, match="needs the whole row"):
        EntropyPatcher("top_k")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": "other"}, "rule must be"),
        ({"rule": "threshold", "threshold_add": 1.0}, "has no threshold_add"),
        ({"rule": "threshold", "patch_size": 4}, "has no patch_size"),
        ({"rule": "top_k", "patch_size": 4, "threshold": 1.0}, "has no threshold"),
        ({"rule": "top_k"}, "needs patch_size"),
        ({"rule": "combined"}, "needs threshold_add"),
        ({"rule": "top_k", "patch_size": 0.5}, "at least 1"),
        ({"threshold": float("nan")}, "NaN"),
        ({"threshold": "high"}, "must be a number"),
        ({"max_patch_length": 0}, "at least 1"),
        ({"row_offsets": [0, 2]}, "must end with 3"),
        ({"row_offsets": [0, 4, 3]}, "must rise"),
        ({"entropies": [1.0, float("nan")]}, "entropy 1"),
        ({"entropies": [["a"]]}, "expected numbers"),
        ({"num_threads": 0}, "num_threads"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, Any], message: str) -> None:
    given_ = {"entropies": np.ones(3), **arguments}
    with pytest.raises(ts.InputError, match=message):
        dynamic.entropy_patches(**given_)


@given(st.lists(st.lists(st.integers(1, 9))))
def test_patches_go_through_every_description(lengths: list[list[int]]) -> None:
    patches = Patches.from_lengths(lengths)
    assert [np.diff(spans, axis=1)[:, 0].tolist() for spans in patches] == lengths
    assert Patches.from_mask(patches.mask, patches.row_offsets) == patches
    assert Patches(patches.offsets, patches.rows) == patches
    assert np.array_equal(patches.spans[:, 0], patches.offsets[:-1])
    padded = patches.to_padded()
    assert [[x for x in row if x] for row in padded.tolist()] == lengths
    ids = [[i for i, n in enumerate(row) for _ in range(n)] for row in lengths]
    assert patches.patch_ids.tolist() == [i for row in ids for i in row]
    assert patches.cu_seqlens.tolist() == patches.offsets.tolist()
    assert Patches.from_lengths(lengths[1:]) == patches[1:]
    for most in (1, 4):
        pieces = [[min(most, n - i) for n in row for i in range(0, n, most)] for row in lengths]
        assert patches.split(most) == Patches.from_lengths(pieces)


def test_strides() -> None:
    found = dynamic.stride_patches([5, 0, 3], 2)
    assert found == Patches.from_lengths([[2, 2, 1], [], [2, 1]])
    assert dynamic.stride_patches(4, 3) == Patches.from_lengths([[3, 1]])
    for bad in ([-1], [2**63 - 1, 2**62], ["x"], [2**61, 2**61, 2**61]):
        with pytest.raises(ts.InputError):
            dynamic.stride_patches(bad, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Patches([]),
        lambda: Patches([1, 2]),
        lambda: Patches([0, 2, 1]),
        lambda: Patches([0, 1, 1]),
        lambda: Patches([0, 1], [0, 2]),
        lambda: Patches([0, 1], [1]),
        lambda: Patches.from_mask([1, 0]),
        lambda: Patches.from_mask([True], [0, 2]),
        lambda: Patches.from_lengths([[0]]),
        lambda: dynamic.space_patches([1]),
        lambda: dynamic.space_patches("\ud800"),
        lambda: dynamic.word_patches("a", spaces="none"),  # type: ignore[arg-type]
        lambda: dynamic.space_patches("ab").pieces(["abc"]),
    ],
)
def test_what_are_no_patches_is_refused(make: Any) -> None:
    with pytest.raises(ts.InputError):
        make()
