"""Promise: other segmentations keep the bytes and have the distribution that is stated."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest

import families
import toksmith as ts
from chi_square import assert_follows
from toksmith.dynamic import segmentations as seg

DRAWS = 6_000
SPELLED = [
    "trained byte-level BPE", "trained BPE", "trained Unigram", "trained WordPiece", "bytes, NFC",
    "bytes, NFC, added", "bytes, prefix space", "bytes, digits", "bytes, lowercase", "bytes, bare",
    "llama", "llama, all added", "llama, metaspace", "unigram, squeezed", "unigram, bare", "BERT",
    "model unigram", "model bpe",
]  # fmt: skip
"""Families whose tokens stand for bytes."""
BPES = ["trained byte-level BPE", "trained BPE", "bytes, prefix space", "llama", "model bpe"]
UNIGRAMS = ["trained Unigram", "unigram, bare", "model unigram"]


def of(family: str) -> ts.Tokenizer:
    return ts.Tokenizer.from_bytes(families.file_of(family))


def ranks(*words: str) -> ts.Tokenizer:
    """A rank file of all bytes and some words."""
    import base64

    tokens = [bytes([byte]) for byte in range(256)] + [word.encode() for word in words]
    lines = [b"%s %d" % (base64.b64encode(token), rank) for rank, token in enumerate(tokens)]
    return ts.Tokenizer.from_bytes(b"\n".join(lines), pattern="gpt2")


def spelled(tok: ts.Tokenizer, ids: Any) -> tuple[str, ...]:
    return tuple(tok.token_bytes(int(number)).decode() for number in ids)


def bytes_of(tok: ts.Tokenizer) -> dict[int, bytes]:
    return dict(ts._native._SpelledVocabulary(tok).tokens())


def same_bytes(table: dict[int, bytes], one: Any, other: Any) -> bool:
    """Whether both spell the same; ids that are no text stand for themselves."""

    def read(ids: Any) -> list[int | bytes]:
        parts = [table.get(int(number), int(number)) for number in ids]
        joined: list[int | bytes] = []
        for part in parts:
            if isinstance(part, bytes) and joined and isinstance(joined[-1], bytes):
                joined[-1] += part
            else:
                joined.append(part)
        return joined

    return read(one) == read(other)


@pytest.mark.parametrize("family", SPELLED)
def test_nothing_is_lost_and_fewest_is_never_more(family: str) -> None:
    tok, texts = of(family), families.texts(80, seed=5)
    table, own = bytes_of(tok), tok.encode_batch(texts)
    fewest = seg.fewest_tokens(tok, texts)
    across = seg.fewest_tokens(tok, texts, pre_tokens=False)
    drawn = seg.fewest_tokens(tok, texts, ties="random", seed=8, logprobs=True)
    split = seg.random_splits(tok, own, 0.7, seed=8)
    assert isinstance(drawn, seg.Segmented)
    assert (drawn.logprobs <= 0).all()
    for row, ids in enumerate(own):
        for other in (fewest, across, drawn.batch, split):
            assert same_bytes(table, ids, other[row]), (texts[row], ids, other[row])
        assert len(across[row]) <= len(fewest[row]) == len(drawn.batch[row]) <= len(ids)
        assert len(split[row]) - len(ids) <= int(0.7 * len(ids))
    if family == "bytes, bare":
        return  # decoding puts spaces between tokens
    decoded = tok.decode_batch(own)
    assert tok.decode_batch(fewest) == tok.decode_batch(across) == decoded
    assert tok.decode_batch(drawn.batch) == decoded


@pytest.mark.parametrize("family", BPES)
def test_no_dropout_is_encoding_and_dropout_of_all_leaves_symbols(family: str) -> None:
    tok, texts = of(family), families.texts(60, seed=6)
    none = seg.bpe_dropout(tok, texts, 0, seed=1, logprobs=True)
    assert isinstance(none, seg.Segmented)
    assert none.batch == tok.encode_batch(texts)
    assert not none.logprobs.any()
    every = seg.bpe_dropout(tok, texts, 1, seed=1)
    assert every.tolist() == [tok.encode_sample(text, alpha=1.0, seed=0) for text in texts]
    some = seg.bpe_dropout(tok, texts, 0.4, seed=1)
    assert tok.decode_batch(some) == tok.decode_batch(none.batch)


def test_dropout_of_all_bytes() -> None:
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    texts = families.texts(40, seed=7)
    rows = seg.bpe_dropout(tok, texts, 1, seed=1)
    for text, ids in zip(texts, rows, strict=True):
        assert [tok.token_bytes(int(number)) for number in ids] == [
            bytes([byte]) for byte in text.encode()
        ]


def test_rows_depend_on_seed_and_number_alone() -> None:
    tok = ts.Tokenizer.from_pretrained("gpt2")
    texts = [text * 40 for text in families.texts(120, seed=3)] * 3
    uni = of("model unigram")
    own = tok.encode_batch(texts)
    calls: list[Any] = [
        lambda part, first, n: seg.bpe_dropout(
            tok, texts[part], 0.2, 9, first_row=first, num_threads=n
        ),
        lambda part, first, n: seg.random_splits(
            tok, own[part], 0.3, 9, first_row=first, num_threads=n
        ),
        lambda part, first, n: seg.fewest_tokens(
            tok, texts[part], ties="random", seed=9, first_row=first, num_threads=n
        ),
        lambda part, first, n: (
            seg.weighted_samples(
                uni, texts[part], 9, alpha=0.2, first_row=first, num_threads=n
            ).batch
        ),
    ]
    for call in calls:
        whole = call(slice(None), 0, 1)
        assert call(slice(None), 0, 2) == whole
        for part in (slice(10, 13), slice(100, 140)):
            assert call(part, part.start, 1) == whole[part]
        twice = call(slice(0, 1), 0, 1), call(slice(0, 1), 1, 1)
        assert twice[0] == whole[:1]


def splits_of(words: list[str], row: tuple[str, ...], steps: int) -> dict[tuple[str, ...], float]:
    """The process of random splits, every draw taken all ways."""
    states = {row: 1.0}
    known = {*words, *"abc"}
    for _ in range(steps):
        after: dict[tuple[str, ...], float] = defaultdict(float)
        for tokens, chance in states.items():
            for at, token in enumerate(tokens):
                cuts = [(token[:i], token[i:]) for i in range(1, len(token))]
                pairs = [pair for pair in cuts if set(pair) <= known]
                share = chance / len(tokens)
                if not pairs:
                    after[tokens] += share
                for pair in pairs:
                    after[tokens[:at] + pair + tokens[at + 1 :]] += share / len(pairs)
        states = dict(after)
    return states


@pytest.mark.parametrize("alpha", [0.34, 0.7, 1.0, 2.0])
def test_random_splits_have_the_probabilities_of_the_process(alpha: float) -> None:
    words = ["ab", "bc", "abc", "abcab", "aa", "cab"]
    tok = ranks(*words)
    for row in (("abcab", "aa", "c"), ("abc", "abc", "abcab"), ("a", "ab")):
        ids = [256 + words.index(word) if len(word) > 1 else ord(word) for word in row]
        batch = ts.Batch.from_rows([ids] * DRAWS)
        drawn = Counter(spelled(tok, found) for found in seg.random_splits(tok, batch, alpha, 4))
        assert_follows(drawn, splits_of(words, row, int(alpha * len(row))))


def all_ways(words: list[str], text: str) -> list[tuple[str, ...]]:
    if not text:
        return [()]
    return [
        (word, *rest)
        for word in words
        if text.startswith(word)
        for rest in all_ways(words, text[len(word) :])
    ]


def test_fewest_with_random_ties_takes_each_way_as_often() -> None:
    words = ["ab", "bc", "abc", "cab", "aa", "ca"]
    tok = ranks(*words)
    for text in ("abcabcabcab", "aaaaabca", "abcab", "a"):
        ways = all_ways([*words, *"abc"], text)
        least = min(map(len, ways))
        ways = [way for way in ways if len(way) == least]
        found = seg.fewest_tokens(tok, [text] * DRAWS, ties="random", seed=2, logprobs=True)
        assert isinstance(found, seg.Segmented)
        drawn = Counter(spelled(tok, ids) for ids in found.batch)
        assert_follows(drawn, dict.fromkeys(ways, 1 / len(ways)))
        np.testing.assert_allclose(found.logprobs, -math.log(len(ways)), atol=1e-12)
        last = max(ways, key=lambda way: [len(word) for word in reversed(way)])
        assert spelled(tok, seg.fewest_tokens(tok, [text])[0]) == last


def test_tokens_cross_pre_tokens_only_where_told() -> None:
    tok = ranks("a b", "ab", " b")
    assert spelled(tok, seg.fewest_tokens(tok, ["a b"])[0]) == ("a", " b")
    assert spelled(tok, seg.fewest_tokens(tok, ["a b"], pre_tokens=False)[0]) == ("a b",)


def test_special_tokens_stay() -> None:
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    text, end = "abcabc<|endoftext|>defdef<|endoftext|>", tok.special_ids["<|endoftext|>"]
    options: dict[str, Any] = {"allowed_special": "all"}
    rows = [
        seg.fewest_tokens(tok, [text], **options)[0],
        seg.fewest_tokens(tok, [text], pre_tokens=False, **options)[0],
        seg.bpe_dropout(tok, [text], 0.5, 3, **options)[0],
        seg.random_splits(tok, tok.encode_batch([text], allowed_special="all"), 3.0, 1)[0],
        seg.weighted_samples(tok, [text], 2, weights=np.zeros(len(tok) + 99), **options).batch[0],
        seg.n_best(tok, text, 1, weights=np.zeros(len(tok) + 99), **options).batch[0],
    ]
    for ids in rows:
        assert (ids == end).sum() == 2
        assert ids[-1] == end
        assert tok.decode(ids.tolist()) == text
    assert end not in seg.fewest_tokens(tok, [text])[0]


@pytest.mark.parametrize("family", UNIGRAMS)
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_weighted_samples_have_the_probability_they_state(family: str, alpha: float) -> None:
    tok = of(family)
    text = "hello"
    best = seg.n_best(tok, text, 100_000)
    assert len({tuple(row) for row in best.batch.tolist()}) == len(best.batch) > 1
    assert np.exp(best.logprobs).sum() == pytest.approx(1)
    assert (np.diff(best.logprobs) <= 1e-12).all()
    tilted = np.exp(alpha * (best.logprobs - best.logprobs.max()))
    shares = dict(zip(map(tuple, best.batch.tolist()), tilted / tilted.sum(), strict=True))
    found = seg.weighted_samples(tok, [text] * DRAWS, 5, alpha=alpha)
    assert_follows(Counter(map(tuple, found.batch.tolist())), shares)
    stated = [math.log(shares[tuple(row)]) for row in found.batch.tolist()]
    np.testing.assert_allclose(found.logprobs, stated, atol=1e-9)


@pytest.mark.parametrize("family", UNIGRAMS)
def test_the_best_of_a_unigram_is_its_encoding(family: str) -> None:
    tok = of(family)
    table, same, seen = bytes_of(tok), 0, 0
    for text in families.texts(60, seed=12):
        found = seg.n_best(tok, text, 3)
        own = tok.encode(text)
        assert all(same_bytes(table, own, row) for row in found.batch)
        seen += 1
        # Equal sums are ordered otherwise than the libraries do.
        same += (
            found.batch[0].tolist() == own or abs(np.diff(found.logprobs[:2])).min(initial=1) < 1e-6
        )
    assert same == seen


def test_n_best_are_those_of_sentencepiece() -> None:
    tok = of("model unigram")
    for text in ("the hello", "hello world", "a b c"):
        theirs = tok.encode_nbest(text, 40)
        ours = seg.n_best(tok, text, len(theirs))
        scores = np.array([score for _, score in theirs])
        gaps = ours.logprobs - ours.logprobs[0] - (scores - scores[0])
        np.testing.assert_allclose(gaps, 0, atol=1e-4)


def test_n_best_with_weights_equals_enumeration() -> None:
    words = ["ab", "bc", "abc", "cab", "aa", "ca"]
    tok = ranks(*words)
    weights = np.random.default_rng(1).normal(size=len(tok)) - 2
    for text in ("abcab", "aaabc", "abc ab"):
        parts = text.split(" ")
        known = [*words, *"abc "]
        whole = [sum(way, ()) for way in itertools.product(*(all_ways(known, p) for p in parts))]
        if len(parts) > 1:  # the space begins the second pre-token
            whole = [sum(way, ()) for way in itertools.product(
                all_ways(known, parts[0]), all_ways(known, " " + parts[1])
            )]  # fmt: skip
        number = dict(zip([*words, *"abc "], [*range(256, 262), *map(ord, "abc ")], strict=True))
        sums = sorted((sum(weights[number[w]] for w in way) for way in whole), reverse=True)
        found = seg.n_best(tok, text, 7, weights=weights)
        total = math.log(sum(map(math.exp, sums)))
        np.testing.assert_allclose(found.logprobs, np.array(sums[:7]) - total, atol=1e-9)


def test_texts_come_in_every_form() -> None:
    pa = pytest.importorskip("pyarrow")
    tok = ts.Tokenizer.from_pretrained("gpt2")
    texts = ["hello world", "", "\u4e2d\u6587"]
    right = seg.fewest_tokens(tok, texts)
    assert seg.fewest_tokens(tok, np.array(texts)) == right
    assert seg.fewest_tokens(tok, pa.array(texts)) == right
    assert seg.fewest_tokens(tok, [text.encode() for text in texts]) == right
    assert len(seg.fewest_tokens(tok, [])) == 0
    assert tok.decode_bytes(seg.fewest_tokens(tok, [b"\xff\xfeab"])[0].tolist()) == b"\xff\xfeab"


any_seg: Any = seg
"""Without types, for arguments of wrong ones."""
ZEROES = np.zeros(60_000)
WRONG: list[tuple[Any, type[Exception]]] = [
    (lambda t: any_seg.bpe_dropout(t, ["a"], 1.5, 1), ts.InputError),
    (lambda t: any_seg.bpe_dropout(t, ["a"], math.nan, 1), ts.InputError),
    (lambda t: any_seg.bpe_dropout(t, ["a"], 0.5, -1), ts.InputError),
    (lambda t: any_seg.bpe_dropout(t, ["a"], 0.5, 1 << 64), ts.InputError),
    (lambda t: any_seg.bpe_dropout(t, ["a"], 0.5, 1, logprobs=True), ts.UnsupportedFeature),
    (lambda t: any_seg.bpe_dropout(t, "a", 0.5, 1), ts.InputError),
    (lambda t: any_seg.bpe_dropout(t, ["a", 3], 0.5, 1), ts.InputError),
    (lambda t: any_seg.bpe_dropout(t, ["a"], 0.5, 1, num_threads=0), ts.InputError),
    (lambda t: any_seg.bpe_dropout(str(t), ["a"], 0.5, 1), ts.InputError),
    (lambda t: any_seg.random_splits(t, [[1]], 0.5, 1, logprobs=True), ts.UnsupportedFeature),
    (lambda t: any_seg.random_splits(t, [[1 << 31]], 0.5, 1), ts.VocabularyError),
    (lambda t: any_seg.random_splits(t, [[1]], -0.5, 1), ts.InputError),
    (lambda t: any_seg.random_splits(t, [[1]], math.inf, 1), ts.InputError),
    (lambda t: any_seg.random_splits(t, "ab", 0.1, 1), ts.InputError),
    (lambda t: any_seg.random_splits(t, 3, 0.1, 1), ts.InputError),
    (lambda t: any_seg.fewest_tokens(t, ["a"], ties="random"), ts.InputError),
    (lambda t: any_seg.fewest_tokens(t, ["a"], seed=1), ts.InputError),
    (lambda t: any_seg.fewest_tokens(t, ["a"], ties="first"), ts.InputError),
    (lambda t: any_seg.fewest_tokens(t, ["\ud800"]), ts.InputError),
    (lambda t: any_seg.weighted_samples(t, ["a"], 1), ts.UnsupportedFeature),
    (lambda t: any_seg.weighted_samples(t, ["a"], 1, weights=[0.0]), ts.InputError),
    (lambda t: any_seg.weighted_samples(t, ["a"], 1, weights=ZEROES - np.inf), ts.InputError),
    (lambda t: any_seg.weighted_samples(t, ["a"], 1, weights=ZEROES * np.nan), ts.InputError),
    (lambda t: any_seg.weighted_samples(t, [], 1, alpha=math.nan, weights=ZEROES), ts.InputError),
    (lambda t: any_seg.n_best(t, "a", 2), ts.UnsupportedFeature),
    (lambda t: any_seg.n_best(t, 7, 2, weights=ZEROES), ts.InputError),
    (lambda t: any_seg.n_best(t, "a", -1, weights=ZEROES), ts.InputError),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_cannot_be_done_is_a_typed_error(number: int) -> None:
    call, error = WRONG[number]
    with pytest.raises(error):
        call(ts.Tokenizer.from_pretrained("gpt2"))


@pytest.mark.parametrize("family", ["trained BPE with suffixes"])
def test_tokens_that_are_no_bytes(family: str) -> None:
    with pytest.raises(ts.UnsupportedFeature):
        seg.fewest_tokens(of(family), ["a"])
    with pytest.raises(ts.UnsupportedFeature):
        seg.random_splits(of(family), [[1]], 0.1, 1)


@pytest.mark.parametrize("family", ["trained Unigram", "trained WordPiece", "model unigram"])
def test_dropout_needs_merges(family: str) -> None:
    with pytest.raises(ts.UnsupportedFeature, match="dropout"):
        seg.bpe_dropout(of(family), ["a"], 0.5, 1)
