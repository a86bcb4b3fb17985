"""Promise: random segmentations have exactly the library's distribution, and a seed fixes them."""

from __future__ import annotations

import math
import pickle
from collections import Counter, defaultdict
from functools import cache
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models
from tokenizers import pre_tokenizers as pre

import families
import toksmith as ts
from chi_square import assert_alike_in_one_of_three, assert_follows

DRAWS = 6_000
MERGES = [("a", "b"), ("b", "c"), ("ab", "c"), ("a", "bc"), ("c", "a"), ("abc", "abc"), ("b", "b")]
TEXTS = ("abc", "abcabc", "abbcabc", "cab", "bbbb", "a")
RATES = (0.1, 0.5, 0.9)


def build(kind: str, dropout: float | None = None) -> Tokenizer:
    """A tokenizer.json over a few letters, some merges of which only dropout ever makes."""
    letters = sorted(pre.ByteLevel.alphabet()) if kind == "bytes" else ["<unk>", "a", "b", "c"]
    vocab = {letter: number for number, letter in enumerate(letters)}
    for merge in MERGES:
        vocab.setdefault("".join(merge), len(vocab))
    options = {} if kind == "bytes" else {"unk_token": "<unk>"}
    tok = Tokenizer(models.BPE(vocab=vocab, merges=MERGES, dropout=dropout, **options))
    if kind == "bytes":
        tok.pre_tokenizer = pre.ByteLevel(add_prefix_space=False)
        tok.decoder = decoders.ByteLevel()
    return tok


def loaded(kind: str, dropout: float | None = None) -> ts.Tokenizer:
    return ts.Tokenizer.from_bytes(build(kind, dropout).to_str().encode())


def outcomes(text: str, p: float) -> dict[tuple[str, ...], float]:
    """What becomes of a text, and how likely: the process, every draw taken both ways.

    The first entry of the queue is passed over with probability `p`. One that is not brings back
    those
    that were, and is done unless it is stale.
    """
    places = {pair: number for number, pair in enumerate(MERGES)}

    def entry(parts: tuple[str | None, ...], at: int) -> list[tuple[int, int, str]]:
        right = following(parts, at)
        left, next_part = parts[at], None if right is None else parts[right]
        if left is None or next_part is None or (left, next_part) not in places:
            return []
        return [(places[left, next_part], at, left + next_part)]

    @cache
    def run(parts: Any, queue: Any, skipped: Any) -> dict[tuple[str, ...], float]:
        found: dict[tuple[str, ...], float] = defaultdict(float)
        if not queue:
            found[tuple(part for part in parts if part is not None)] = 1.0
            return found
        first, rest = queue[0], queue[1:]
        for result, chance in run(parts, rest, (*skipped, first)).items():
            found[result] += p * chance
        queue, (_, at, product) = tuple(sorted((*rest, *skipped))), first
        right = following(parts, at)
        left, next_part = parts[at], None if right is None else parts[right]
        fits = left is not None and next_part is not None and left + next_part == product
        if right is not None and fits and (left, next_part) in places:
            merged = list(parts)
            merged[at], merged[right] = product, None
            parts = tuple(merged)
            before = [i for i in range(at) if parts[i] is not None]
            new = entry(parts, at) + (entry(parts, before[-1]) if before else [])
            queue = tuple(sorted((*queue, *new)))
        for result, chance in run(parts, queue, ()).items():
            found[result] += (1 - p) * chance
        return found

    start: tuple[str | None, ...] = tuple(text)
    first = sorted(item for at in range(len(text)) for item in entry(start, at))
    return dict(run(start, tuple(first), ()))


def following(parts: Any, at: int) -> int | None:
    return next((i for i in range(at + 1, len(parts)) if parts[i] is not None), None)


@pytest.mark.parametrize("p", RATES)
@pytest.mark.parametrize("kind", ["bytes", "characters"])
def test_dropout_has_the_probabilities_of_the_process(kind: str, p: float) -> None:
    tok = loaded(kind)
    for text in TEXTS:
        drawn = Counter(
            tuple(
                tok.token_bytes(number).decode()
                for number in tok.encode_sample(text, alpha=p, seed=seed)
            )
            for seed in range(DRAWS)
        )
        assert_follows(drawn, outcomes(text, p))


@pytest.mark.parametrize("p", RATES)
@pytest.mark.parametrize("kind", ["bytes", "characters"])
def test_dropout_is_that_of_the_library(kind: str, p: float) -> None:
    theirs, ours = build(kind, p), loaded(kind, p)
    for text in ("abcabcab", "abbcabc bbcab"):

        def draw(attempt: int, text: str = text) -> tuple[Counter[Any], Counter[Any]]:
            seeds = range(attempt * DRAWS, (attempt + 1) * DRAWS)
            drawn = Counter(tuple(ours.encode_sample(text, seed=seed)) for seed in seeds)
            return drawn, Counter(tuple(theirs.encode(text).ids) for _ in range(DRAWS))

        assert_alike_in_one_of_three(draw)


@pytest.mark.parametrize(
    "family", ["trained byte-level BPE", "trained BPE", "bytes, prefix space", "llama, all added"]
)
def test_no_dropout_is_encoding_and_dropout_of_all_leaves_symbols(family: str) -> None:
    data = families.file_of(family)
    tok, theirs = ts.Tokenizer.from_bytes(data), Tokenizer.from_str(data.decode())
    theirs.model.dropout = 1.0
    theirs.encode_special_tokens = True
    for text in families.texts(60, seed=41):
        assert tok.encode_sample(text, alpha=0.0, seed=1) == tok.encode(text)
        right = theirs.encode(text, add_special_tokens=False).ids
        assert tok.encode_sample(text, alpha=1.0, seed=1) == right, text


def test_the_whole_vocabulary_takes_part() -> None:
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    for seed in range(200):
        ids = tok.encode_sample("Hello, world! \u4e2d\u6587 123", alpha=0.3, seed=seed)
        assert tok.decode(ids) == "Hello, world! \u4e2d\u6587 123"
    assert tok.encode_sample(b"\xff\xfe", alpha=0.5, seed=1) == tok.encode(b"\xff\xfe")


@pytest.mark.parametrize("kind", ["bytes", "characters"])
def test_a_file_with_dropout_encodes_without(kind: str) -> None:
    tok = loaded(kind, 0.5)
    assert tok.dropout == pytest.approx(0.5)
    assert loaded(kind).dropout == 0
    for text in TEXTS:
        assert tok.encode(text) == loaded(kind).encode(text)
    seen = {tuple(tok.encode_sample("abcabc", seed=seed)) for seed in range(50)}
    assert len(seen) > 5
    again = pickle.loads(pickle.dumps(tok))
    assert again.encode_sample("abcabc", seed=3) == tok.encode_sample("abcabc", seed=3)


def test_merges_that_a_pickle_does_not_have_are_missed() -> None:
    again = pickle.loads(pickle.dumps(loaded("bytes")))
    with pytest.raises(ts.UnsupportedFeature, match="dropout"):
        again.encode_sample("abc", alpha=0.5, seed=1)
    assert again.encode("abc") == loaded("bytes").encode("abc")


@pytest.mark.parametrize(("alpha", "size"), [(0.1, -1), (0.8, -1), (0.3, 5), (0.3, 300)])
def test_unigram_samples_have_the_probabilities_of_their_scores(alpha: float, size: int) -> None:
    tok = ts.Tokenizer.from_bytes(families.model_file("unigram"))
    text = "hello"
    every = tok.encode_nbest(text, 512)
    assert len(every) < 512
    best = every if size == -1 else every[:size]
    weights = {tuple(ids): math.exp(alpha * score) for ids, score in best}
    total = sum(weights.values())
    drawn = Counter(
        tuple(tok.encode_sample(text, alpha=alpha, nbest_size=size, seed=seed))
        for seed in range(DRAWS)
    )
    assert_follows(drawn, {ids: weight / total for ids, weight in weights.items()})


def test_the_best_few_are_in_order() -> None:
    tok = ts.Tokenizer.from_bytes(families.model_file("unigram"))
    found = tok.encode_nbest("the hello", 30)
    assert found[0][0] == tok.encode("the hello")
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert len({tuple(ids) for ids, _ in found}) == len(found) > 5
    assert {tok.decode(ids) for ids, _ in found} == {"the hello"}


@pytest.mark.parametrize(
    ("family", "arguments", "error"),
    [
        ("trained BPE", {"seed": 1}, ts.InputError),
        ("trained BPE", {"alpha": 1.5, "seed": 1}, ts.InputError),
        ("trained BPE", {"alpha": -0.1, "seed": 1}, ts.InputError),
        ("trained BPE", {"alpha": math.nan, "seed": 1}, ts.InputError),
        ("model unigram", {"alpha": -1.0, "seed": 1}, ts.InputError),
        ("model unigram", {"alpha": 0.1, "nbest_size": 513, "seed": 1}, ts.InputError),
        ("model unigram", {"alpha": 0.1, "nbest_size": -2, "seed": 1}, ts.InputError),
        ("model word", {"alpha": 0.1, "seed": 1}, ts.UnsupportedFeature),
        ("trained WordPiece", {"alpha": 0.1, "seed": 1}, ts.UnsupportedFeature),
        ("trained Unigram", {"alpha": 0.1, "seed": 1}, ts.UnsupportedFeature),
    ],
)
def test_what_cannot_be_drawn(
    family: str, arguments: dict[str, Any], error: type[Exception]
) -> None:
    tok = ts.Tokenizer.from_bytes(families.file_of(family))
    with pytest.raises(error):
        tok.encode_sample("the", **arguments)


@pytest.mark.parametrize("family", ["trained BPE", "model bpe", "model word", "trained Unigram"])
def test_models_without_a_best_few(family: str) -> None:
    tok = ts.Tokenizer.from_bytes(families.file_of(family))
    with pytest.raises(ts.UnsupportedFeature, match="n-best"):
        tok.encode_nbest("the", 3)


@pytest.mark.parametrize("n", [0, 513])
def test_numbers_of_a_best_few(n: int) -> None:
    tok = ts.Tokenizer.from_bytes(families.model_file("unigram"))
    with pytest.raises(ts.InputError):
        tok.encode_nbest("the", n)
