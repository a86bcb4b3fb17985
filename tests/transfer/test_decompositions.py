"""Target tokens as source tokens: against all ways, the library's model, and as a matrix."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
import tokenizers

import toksmith as ts
from families import FAMILIES, file_of
from testdata import need
from transfer.oracle_pieces import greedy, minimal, shortest
from transfer.vocabs import REAL, made, real

Role, Rule = ts.transfer.Role, ts.transfer.Rule
METHODS = ("model", "encode", "fewest", "minimal", "best")
WORDS = ("trained WordPiece", "BERT", "trained WordLevel", "trained BPE with suffixes")


def preferred(source: ts.transfer.Canonical) -> dict[bytes, int]:
    """One id of each spelling: ordinary, added, byte; the lowest."""
    order = [Role.ORDINARY, Role.ADDED, Role.BYTE]
    text = [token for token in range(len(source)) if source.role[token] <= Role.ADDED]
    roles = source.role.tolist()
    ranked = sorted(text, key=lambda one: (order.index(Role(roles[one])), one))
    found: dict[bytes, int] = {}
    for token in ranked:
        if source[token]:
            found.setdefault(source[token], token)
    return found


def short_tokens(target: ts.transfer.Canonical, count: int = 60) -> list[int]:
    text = [
        token
        for token in range(len(target))
        if target.role[token] <= Role.ADDED and 0 < len(target[token]) <= 9
    ]
    return random.Random(3).sample(text, min(count, len(text)))


@pytest.mark.parametrize("family", FAMILIES)
def test_ways_of_fewest_pieces(family: str) -> None:
    source, target = made(family), made("trained byte-level BPE")
    tokens = preferred(source)
    few = ts.transfer.decompose(source, target, method="fewest")
    all_ = ts.transfer.decompose(source, target, method="minimal")
    for token in short_tokens(target):
        best = shortest(target[token], tokens)
        assert few[token].tolist() == [one for _, _, one in best[0]]
        assert few.complete[token] == all_.complete[token]
        row = slice(all_.indptr[token], all_.indptr[token + 1])
        spans, ids = all_.spans[row].tolist(), all_.ids[row].tolist()
        found = {
            (start, end, one): share
            for (start, end), one, share in zip(spans, ids, all_.weights[row], strict=True)
        }
        expected = minimal(target[token], tokens)
        assert found.keys() == expected.keys()
        assert all(abs(Fraction(found[edge]) - expected[edge]) < 1e-12 for edge in found)


@pytest.mark.parametrize("family", FAMILIES)
def test_best_ways(family: str) -> None:
    source, target = made(family), made("trained byte-level BPE")
    tokens = preferred(source)
    found = ts.transfer.decompose(source, target, method="best", n=3)
    for token in short_tokens(target):
        row = slice(found.indptr[token], found.indptr[token + 1])
        if not found.complete[token]:
            continue
        numbers = found.partition[row].tolist()
        ids, spans = found.ids[row].tolist(), found.spans[row].tolist()
        ways = [
            tuple((s, e, i) for (s, e), i, n in zip(spans, ids, numbers, strict=True) if n == way)
            for way in range(max(numbers) + 1)
        ]
        assert len(ways) == len(set(ways)) <= 3
        sizes = [len(way) for way in ways]
        assert sizes == sorted(sizes)
        assert sizes[0] == len(shortest(target[token], tokens)[0])
        for way in ways:
            assert b"".join(source[one] for _, _, one in way) == target[token]


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in WORDS])
def test_the_model_is_that_of_the_library(family: str) -> None:
    if family.startswith("model ") or "WordLevel" in family:
        return
    source = made(family)
    model = tokenizers.Tokenizer.from_str(file_of(family).decode()).model
    byte_level = "byte" in family and "bare" not in family
    sign = any(kind in family for kind in ("llama", "trained", "squeezed")) and not byte_level
    for name in ("trained byte-level BPE", "trained Unigram", "trained WordPiece"):
        target = made(name)
        found = ts.transfer.decompose(source, target)
        for token in range(len(target)):
            text = target[token].decode(errors="replace")
            if not found.complete[token] or "\ufffd" in text or "\u2581" in text:
                continue
            seen = text.replace(" ", "\u2581") if sign else text
            if byte_level:
                seen = "".join(tokenizers.pre_tokenizers.ByteLevel(False, use_regex=False)
                               .pre_tokenize_str(text)[0][0])  # fmt: skip
            assert found[token].tolist() == [part.id for part in model.tokenize(seen)], text


@pytest.mark.parametrize("family", WORDS)
def test_models_of_words_take_the_longest_first(family: str) -> None:
    source = made(family)
    tokens = preferred(source)
    for name in ("trained byte-level BPE", "trained Unigram"):
        target = made(name)
        found = ts.transfer.decompose(source, target)
        for token in range(len(target)):
            if target.role[token] <= Role.ADDED:
                assert found[token].tolist() == greedy(target[token], tokens)


@pytest.mark.parametrize("method", METHODS)
def test_every_row_of_generated_pairs(method: ts.transfer.Method) -> None:
    for from_ in FAMILIES:
        for to in ("trained byte-level BPE", "trained WordPiece", "model unigram, bytes"):
            source, target = made(from_), made(to)
            found = ts.transfer.decompose(source, target, method=method, num_threads=1)
            text = (target.role <= Role.ADDED) & (target.lengths > 0)
            assert not found.lengths[~text].any()
            assert not found.complete[~text].any()
            assert (source.role[found.ids] <= Role.ADDED).all()
            row = np.repeat(np.arange(len(found)), found.lengths)
            sums = np.bincount(row, found.weights, len(found))
            assert np.allclose(sums[found.lengths > 0], 1, rtol=0, atol=1e-12)
            assert (found.spans[:, 1] <= target.lengths[row]).all()
            if method != "encode":
                spelled = [target[one][start:end] for one, (start, end)
                           in zip(row.tolist(), found.spans.tolist(), strict=True)]  # fmt: skip
                assert spelled == [source[one] for one in found.ids.tolist()]
            again = ts.transfer.decompose(source, target, method=method, num_threads=3)
            assert (again.ids == found.ids).all()
            assert (again.weights == found.weights).all()


def test_half_characters_are_spelled_by_bytes() -> None:
    plan = ts.transfer.align(real("mistral"), real("gpt2"))
    half = plan.target.tokenizer.token_id(b" \xe2\x80")
    assert plan.rule[half] == Rule.PIECES
    assert plan.pieces.pieces(half) == [b" ", b"\xe2", b"\x80"]
    assert [plan.source.tokenizer.token_bytes(one) for one, _ in plan.sources(half)][1:] == [
        b"<0xE2>", b"<0x80>",
    ]  # fmt: skip
    # BERT has no bytes: what it cannot spell says so.
    plan = ts.transfer.align(real("bert"), real("gpt2"))
    assert plan.rule[plan.target.tokenizer.token_id(b"\xe2\x80")] == Rule.UNSPELLED


def test_a_sign_in_a_token_is_no_space() -> None:
    plan = ts.transfer.align(real("mistral"), real("llama3"))
    for token in np.flatnonzero(plan.rule == Rule.PIECES).tolist():
        if "\u2581".encode() in plan.target[token]:
            assert b"".join(plan.pieces.pieces(token)) == plan.target[token]


def test_encode_is_the_library_on_text_inside_a_text() -> None:
    source, target = real("mistral"), real("gpt2")
    found = ts.transfer.decompose(source, target, method="encode")
    library = tokenizers.Tokenizer.from_file(str(need(REAL["mistral"])))
    library.normalizer = tokenizers.normalizers.Replace(" ", "\u2581")
    for token in random.Random(8).sample(range(len(target)), 3000):
        if target.role[token] <= Role.ADDED:
            try:
                text = target[token].decode()
            except UnicodeDecodeError:
                continue
            assert found[token].tolist() == library.encode(text, add_special_tokens=False).ids


def test_a_normalizer_is_followed_by_encode_alone() -> None:
    source, target = real("bert"), real("gpt2")
    token = target.tokenizer.token_id(b" Hello")
    model = ts.transfer.align(source, target)
    encode = ts.transfer.align(source, target, method="encode")
    assert model.rule[token] == Rule.PARTIAL_PIECES
    assert encode.pieces.pieces(token) == [b" hello"]


def test_surface_forms() -> None:
    source, target = made("trained Unigram"), made("trained byte-level BPE")
    plan = ts.transfer.align(source, target)
    forms = ts.transfer.surface_forms(plan, length=3, pad_id=1)
    assert forms.ids.shape == (len(target), 3)
    assert forms.ids.dtype == np.int32
    lost = 0
    for token in range(len(target)):
        row = [one for one, _ in plan.sources(token)]
        lost += max(0, len(row) - 3)
        assert forms.ids[token].tolist() == (row + [1] * 3)[:3]
        assert forms.mask[token].sum() == min(len(row), 3)
        assert forms.lengths[token] == len(row)
    assert forms.lost == lost > 0
    assert forms.truncated.tolist() == np.flatnonzero(forms.lengths > 3).tolist()
    # Several ways are no sequence.
    ways = ts.transfer.decompose(source, target, method="best", n=4)
    with pytest.raises(ts.InputError, match="several ways"):
        ts.transfer.surface_forms(ways, 3, 0)


def test_weights_of_the_best_ways() -> None:
    source, target = made("trained BPE"), made("trained byte-level BPE")
    token = target.tokenizer.token_id(b" the")
    scores = np.full(len(source), -1.0)
    plain = ts.transfer.decompose(source, target, method="best", weights=scores)
    scores[plain[token]] = -100.0
    other = ts.transfer.decompose(source, target, method="best", weights=scores)
    assert other[token].tolist() != plain[token].tolist()
    for wrong in (
        {"method": "best", "weights": scores[1:]},
        {"method": "fewest", "weights": scores},
        {"method": "model", "n": 2},
        {"method": "other"},
    ):
        with pytest.raises(ts.InputError):
            ts.transfer.decompose(source, target, **wrong)
