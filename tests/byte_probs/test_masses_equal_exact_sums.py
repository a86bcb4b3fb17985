"""Masses and next bytes of `TokenTrie` against exact sums, token by token.

The oracle takes exponentials in long double and adds them with `math.fsum`; it knows of the
vocabulary only the bytes of each id.
"""

from __future__ import annotations

import json
import math
import pickle
from collections import defaultdict
from functools import cache

import numpy as np
import pytest
from numpy.typing import DTypeLike, NDArray

import toksmith as ts
from testdata import need

TrieRow = NDArray[np.float64]
PREFIXES = [b"", b" ", b"t", b" th", b"\n", b"\xe4", b"\xe4\xb8", b"1", b" the", b"zzzzzzz"]


@cache
def tokenizer(name: str) -> ts.Tokenizer:
    return ts.Tokenizer.from_pretrained(name)


@cache
def spelled(name: str) -> dict[int, bytes]:
    tok = tokenizer(name)
    special = set(tok.special_ids.values())
    found = {}
    for i in range(len(tok) + 1000):
        try:
            found[i] = tok.token_bytes(i)
        except ts.VocabularyError:
            continue
    return {i: token for i, token in found.items() if i not in special}


def exact(
    tokens: dict[int, bytes], specials: list[int], row: TrieRow, prefix: bytes
) -> tuple[list[float], float]:
    """Probabilities of what comes after a prefix and begins with it, and of the prefix."""
    wide = row.astype(np.longdouble)
    exps = np.exp(wide - wide.max())
    whole = np.longdouble(math.fsum(exps.tolist()))
    probs = exps / whole
    groups: dict[int, list[float]] = defaultdict(list)
    for i, token in tokens.items():
        if token.startswith(prefix):
            groups[256 if token == prefix else token[len(prefix)]].append(float(probs[i]))
    masses = [math.fsum(groups[symbol]) for symbol in range(257)]
    mass = math.fsum(p for group in groups.values() for p in group)
    ends = [float(probs[i]) if prefix == b"" else 0.0 for i in specials]
    return masses + ends, mass


def check(
    trie: ts.byte_probs.TokenTrie,
    tokens: dict[int, bytes],
    row: NDArray[np.generic],
    error: float,
    prefixes: list[bytes] = PREFIXES,
) -> None:
    # A logarithm of size 100 has itself an error of 1e-14, and a probability from it as well.
    error = max(error, 2e-13)
    for prefix in prefixes:
        specials = trie.special_ids.tolist()
        masses, mass = exact(tokens, specials, row.astype(np.float64), prefix)
        np.testing.assert_allclose(np.exp(trie.mass(row, prefix)), mass, rtol=error)
        given = trie.next_bytes(row, prefix)
        assert given.shape == (257 + len(specials),)
        assert given.dtype == np.float64
        if mass == 0:
            assert np.all(np.isneginf(given))
            continue
        base = 0.0 if prefix == b"" else math.log(mass)
        np.testing.assert_allclose(np.exp(given + base), masses, rtol=error)
        assert np.array_equal(np.isneginf(given), np.array(masses) == 0)


def logits(width: int, seed: int, reach: float = 50.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(-reach, reach, width)


@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-13), (np.float32, 1e-6)])
def test_at_two_hundred_thousand_tokens(dtype: DTypeLike, error: float) -> None:
    name = "o200k_base"
    trie = ts.byte_probs.TokenTrie(tokenizer(name))
    assert len(trie) == 199_998
    row = logits(200_100, 1).astype(dtype)
    row[::17] = -np.inf
    check(trie, spelled(name), row, error)


def test_a_mass_is_the_sum_of_its_parts_to_the_last_digits() -> None:
    # Of float32 rows too: once exponentials are taken, all is added in float64.
    trie = ts.byte_probs.TokenTrie(tokenizer("o200k_base"))
    row = logits(200_100, 2).astype(np.float32)
    for prefix in PREFIXES[:-1]:
        parts = np.exp(trie.next_bytes(row, prefix)[:257])
        whole = 1.0 if prefix else math.exp(trie.mass(row, b""))
        assert math.fsum(parts) == pytest.approx(whole, rel=1e-12)
        for byte in np.flatnonzero(parts[:256])[::9].tolist():
            chain = trie.mass(row, prefix) if prefix else 0.0
            got = trie.mass(row, prefix + bytes([byte]))
            assert got == pytest.approx(chain + math.log(parts[byte]), abs=1e-12)


def test_rare_bytes_keep_their_digits() -> None:
    # A difference of running sums would be zero or worse for nearly all of these.
    name = "cl100k_base"
    trie = ts.byte_probs.TokenTrie(tokenizer(name))
    row = np.full(100_277, -800.0)
    row[spelled_id(name, b" the")] = 0.0
    got = trie.next_bytes(row)
    counts: dict[int, int] = defaultdict(int)
    for token in spelled(name).values():
        counts[token[0]] += 1
    for byte, count in counts.items():
        if byte != ord(" "):
            assert got[byte] == pytest.approx(math.log(count) - 800.0, rel=1e-15)
    # Far below what float32 can hold next to the largest: it is kept as float64 then.
    assert np.array_equal(trie.next_bytes(row.astype(np.float32)), got)


def spelled_id(name: str, token: bytes) -> int:
    return tokenizer(name).token_id(token)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_one_token_and_ties(dtype: DTypeLike) -> None:
    name = "cl100k_base"
    trie, width = ts.byte_probs.TokenTrie(tokenizer(name)), 100_277
    one = np.full(width, -np.inf, dtype)
    one[spelled_id(name, b" the")] = -3.0
    got = trie.next_bytes(one)
    assert got[ord(" ")] == 0.0
    assert np.count_nonzero(np.isneginf(got)) == len(got) - 1
    assert trie.mass(one, b" th") == 0.0
    assert trie.next_bytes(one, b" the")[256] == 0.0
    assert np.isneginf(trie.mass(one, b" thx"))
    assert np.all(np.isneginf(trie.next_bytes(one, b"x")))
    check(trie, spelled(name), np.zeros(width, dtype), 1e-13)


def test_holes_and_padding_are_tokens_without_bytes() -> None:
    name = "cl100k_base"  # no token has id 100256, nor any from 100261 to 100275
    tok = tokenizer(name)
    trie, tokens = ts.byte_probs.TokenTrie(tok), spelled(name)
    assert trie.special_ids.tolist() == sorted(tok.special_ids.values())
    row = logits(100_500, 3, 5.0)
    row[100_256], row[100_400] = 9.0, 10.0
    check(trie, tokens, row, 1e-13)
    probs = np.exp(row - row.max())
    unspelled = np.ones(len(row), bool)
    unspelled[[*tokens, *tok.special_ids.values()]] = False
    missing = math.fsum(probs[unspelled]) / math.fsum(probs)
    assert math.fsum(np.exp(trie.next_bytes(row))) == pytest.approx(1 - missing, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_byte_order_is_the_same_row_in_another_order(dtype: DTypeLike) -> None:
    name = "cl100k_base"
    trie = ts.byte_probs.TokenTrie(tokenizer(name))
    tokens = spelled(name)
    order = trie.order
    assert order.dtype == np.uint32
    assert [(tokens[i], i) for i in order.tolist()] == sorted((t, i) for i, t in tokens.items())
    row = np.full(100_277, -np.inf, dtype)
    kept = np.concatenate([order, trie.special_ids])
    row[kept] = logits(len(kept), 4)
    for prefix in PREFIXES:
        by_id = trie.next_bytes(row, prefix)
        assert np.array_equal(trie.next_bytes(row[kept], prefix, in_byte_order=True), by_id)
        assert trie.mass(row[kept], prefix, in_byte_order=True) == trie.mass(row, prefix)
    padded = np.concatenate([row[kept], np.full(9, 30, dtype)])
    assert trie.mass(padded, b"", in_byte_order=True) < trie.mass(row, b"")


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_a_batch_is_its_rows_on_any_number_of_threads(dtype: DTypeLike) -> None:
    trie = ts.byte_probs.TokenTrie(tokenizer("cl100k_base"))
    rows = np.stack([logits(100_277, seed) for seed in range(5)]).astype(dtype)
    for prefix in (b"", b" th"):
        single = np.stack([trie.next_bytes(row, prefix) for row in rows])
        for threads in (1, 2, 3, 7, None):
            assert np.array_equal(trie.next_bytes(rows, prefix, num_threads=threads), single)
        masses = trie.mass(rows, prefix)
        assert masses.shape == (5,)
        assert masses.tolist() == [trie.mass(row, prefix) for row in rows]
    assert trie.next_bytes(rows[:1]).shape == (1, 257 + len(trie.special_ids))
    assert trie.next_bytes(rows[:0]).shape == (0, 257 + len(trie.special_ids))
    assert trie.mass(rows[:0], b"a").shape == (0,)


def test_duplicate_and_byte_tokens_all_count() -> None:
    vocab = {"<unk>": 0, "<0x61>": 1, "a": 2, "▁": 3, "▁a": 4, "ab": 5, "b": 6, "<0xE2>": 7}
    file = {
        "added_tokens": [{"id": 0, "content": "<unk>", "special": True} | _PLAIN],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "vocab": vocab,
            "merges": [["▁", "a"], ["a", "b"]],
            "byte_fallback": True,
            "unk_token": "<unk>",
        },
    }
    trie = ts.byte_probs.TokenTrie(ts.Tokenizer.from_bytes(json.dumps(file).encode()))
    tokens = {1: b"a", 2: b"a", 3: b" ", 4: b" a", 5: b"ab", 6: b"b", 7: b"\xe2"}
    assert trie.order.tolist() == [3, 4, 1, 2, 5, 6, 7]
    check(trie, tokens, logits(8, 5, 3.0), 1e-13, [b"", b"a", b"ab", b" ", b"\xe2"])


_PLAIN = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}


@pytest.mark.parametrize("name", ["mistral_v1", "xlmr_unigram", "bert", "qwen", "llama3"])
def test_every_family_sums_to_its_tokens(name: str) -> None:
    tok = ts.Tokenizer.from_file(need(f"vocabs/{name}"))
    trie = ts.byte_probs.TokenTrie(tok)
    row = logits(len(tok) + 50, 6)
    got = np.exp(trie.next_bytes(row))
    probs = np.exp(row - row.max())
    probs /= math.fsum(probs)
    assert math.fsum(got[:256]) == pytest.approx(math.fsum(probs[trie.order]), rel=1e-12)
    np.testing.assert_allclose(got[257:], probs[trie.special_ids], rtol=1e-12)


def test_what_is_no_logit_raises_and_is_named() -> None:
    trie = ts.byte_probs.TokenTrie(tokenizer("cl100k_base"))
    for dtype in (np.float64, np.float32, np.float16):
        for bad, name in ((np.nan, "NaN"), (np.inf, "plus infinity")):
            for at in (0, 777, 100_256, 100_276, 100_300):
                rows = np.zeros((2, 100_301), dtype)
                rows[1, at] = bad
                with pytest.raises(ts.InputError, match=f"row 1: logit {at} is {name}"):
                    trie.next_bytes(rows)
        with pytest.raises(ts.InputError, match="all logits are minus infinity"):
            trie.mass(np.full(100_277, -np.inf, dtype), b"a")
    with pytest.raises(ts.InputError, match="a row has 100276 numbers, expected at least 100277"):
        trie.next_bytes(np.zeros(100_276))
    exactly = ts.byte_probs.TokenTrie(tokenizer("cl100k_base"), width=100_280)
    assert exactly.mass(np.zeros(100_280), b"") < 0
    with pytest.raises(ts.InputError, match="a row has 100281 numbers, expected 100280"):
        exactly.next_bytes(np.zeros(100_281))
    with pytest.raises(ts.VocabularyError, match="rows of 5 numbers, expected at least 100277"):
        ts.byte_probs.TokenTrie(tokenizer("cl100k_base"), width=5)


def test_a_trie_survives_pickling() -> None:
    trie = ts.byte_probs.TokenTrie(tokenizer("gpt2"), width=50_300)
    again = pickle.loads(pickle.dumps(trie))
    row = logits(50_300, 7)
    assert np.array_equal(again.next_bytes(row, b" a"), trie.next_bytes(row, b" a"))
    assert repr(again) == repr(trie) == "TokenTrie(50256 tokens, 1 special)"
