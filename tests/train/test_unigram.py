"""Unigram: text costs no more than under SentencePiece's pieces, and the result loads elsewhere."""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

import testdata
import toksmith
from toksmith import _native

SETTINGS: dict[str, Any] = {
    "exact_size": True,
    "character_coverage": 0.9995,
    "required_chars": "",
    "byte_fallback": False,
    "special_tokens": ["<s>", "</s>"],
    "unk_token": "<unk>",
    "max_piece_length": 16,
    "seed_size": 1_000_000,
    "shrinking_factor": 0.75,
    "sub_iterations": 2,
    "split_by_script": True,
    "split_by_number": True,
    "split_digits": False,
    "space": "prefix",
    "num_threads": None,
    "progress": None,
}
LANGUAGES = ("eng", "deu", "rus", "jpn", "hin", "kor", "ell", "vie")
Pieces = Sequence[tuple[str, float]]


def learned(words: Counter[str], vocab_size: int, **changes: Any) -> list[tuple[str, float, str]]:
    table = [(word.encode(), count) for word, count in words.items()]
    return _native._train_unigram(table, vocab_size, **{**SETTINGS, **changes})


def words_of(lines: Iterable[str]) -> Counter[str]:
    return Counter("▁" + word for line in lines for word in line.split())


def cost(pieces: Pieces, words: Counter[str]) -> tuple[float, float]:
    """Bits a byte of the best segmentations under normalised scores, and tokens a byte.

    A character that is no piece costs 8 bits for each of its bytes.
    """
    total = math.log(sum(math.exp(score) for _, score in pieces))
    scores = {piece: score - total for piece, score in pieces}
    longest = max(map(len, scores))
    bits, tokens, size = 0.0, 0, 0
    for word, count in words.items():
        best = [(0.0, 0)] + [(-math.inf, 0)] * len(word)
        for start in range(len(word)):
            sum_here, tokens_here = best[start]
            unknown = -8 * math.log(2) * len(word[start].encode())
            for end in range(start + 1, min(len(word), start + longest) + 1):
                score = scores.get(word[start:end], unknown if end == start + 1 else -math.inf)
                best[end] = max(best[end], (sum_here + score, tokens_here + 1), key=lambda b: b[0])
        bits -= count * best[-1][0] / math.log(2)
        tokens += count * best[-1][1]
        size += count * len(word.replace("▁", " ").encode())
    return bits / size, tokens / size


def by_sentencepiece(lines: Iterable[str], vocab_size: int) -> Pieces:
    sentencepiece = pytest.importorskip("sentencepiece")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        model_type="unigram",
        vocab_size=vocab_size,
        normalization_rule_name="identity",
        character_coverage=0.9995,
        max_sentence_length=1_000_000,
        num_threads=1,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    ids = range(3, processor.get_piece_size())
    return [(processor.id_to_piece(at), processor.get_score(at)) for at in ids]


@pytest.mark.parametrize("vocab_size", [4000, 8000])
@pytest.mark.parametrize("language", LANGUAGES if testdata.FULL else ("eng", "jpn"))
def test_held_out_text_costs_no_more_than_with_sentencepiece(
    language: str, vocab_size: int
) -> None:
    lines = [line for line in testdata.language(language) if line.strip()]
    training = [line for at, line in enumerate(lines) if at % 10]
    held_out = words_of(lines[::10])
    ours = learned(words_of(training), vocab_size)
    assert len(ours) == vocab_size
    bits, tokens = cost(
        [(piece, score) for piece, score, kind in ours if kind == "normal"], held_out
    )
    their_bits, their_tokens = cost(by_sentencepiece(training, vocab_size), held_out)
    assert bits <= 1.005 * their_bits
    assert tokens <= 1.02 * their_tokens


def test_threads_change_nothing() -> None:
    words = words_of(testdata.language("deu"))
    results = [learned(words, 3000, num_threads=threads) for threads in (1, 2, 8)]
    assert results[0] == results[1] == results[2]


def test_order_and_repetition_of_words_change_nothing() -> None:
    words = [
        (f"▁{a}{b}{a}".encode(), n)
        for n, (a, b) in enumerate(zip("abcab", "bcaca", strict=True), 3)
    ]
    twice = [(word, 1) for word, count in reversed(words) for _ in range(count)]
    changes = {**SETTINGS, "exact_size": False}
    assert _native._train_unigram(words, 50, **changes) == _native._train_unigram(
        twice, 50, **changes
    )


@pytest.mark.parametrize("byte_fallback", [False, True])
def test_loads_in_tokenizers_and_gives_the_same_ids_here(byte_fallback: bool) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    lines = [line for line in testdata.language("ell") if line.strip()]
    pieces = learned(words_of(lines[::3]), 2000, byte_fallback=byte_fallback)
    unknown = [kind for _, _, kind in pieces].index("unknown")
    file = json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": None,
            "pre_tokenizer": {
                "type": "Metaspace",
                "replacement": "▁",
                "prepend_scheme": "always",
                "split": True,
            },
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "Unigram",
                "unk_id": unknown,
                "vocab": [[piece, score] for piece, score, _ in pieces],
                "byte_fallback": byte_fallback,
            },
        }
    )
    theirs = tokenizers.Tokenizer.from_str(file)
    ours = toksmith.Tokenizer.from_bytes(file.encode())
    for line in [*lines[1::20], "水 ▁ \U0001f600", ""]:
        assert ours.encode(line) == theirs.encode(line, add_special_tokens=False).ids


def test_no_piece_breaks_the_rules() -> None:
    words = Counter({"▁ab12,": 50, "▁b1c": 40, "xб▁": 30, "▁x12": 60, "１２a": 20})
    options: list[dict[str, Any]] = [
        {},
        {"split_digits": True},
        {"split_by_number": False},
        {"split_by_script": False},
        {"space": "suffix"},
        {"max_piece_length": 2},
    ]
    for changes in options:
        found = learned(words, 60, exact_size=False, character_coverage=1.0, **changes)
        pieces = [piece for piece, _, kind in found if kind == "normal"]
        longest = max(len(piece) for piece in pieces)
        assert longest == 2 if "max_piece_length" in changes else longest > 2
        digits = [piece for piece in pieces if any(c in "12１２" for c in piece)]
        if changes.get("split_digits"):
            assert {"1", "2", "１", "２"} == set(digits)
        mixed = any(c in "12" for p in pieces if "b" in p for c in p)
        assert mixed == ("split_by_number" in changes or "split_by_script" in changes)
        if "split_by_script" not in changes:
            assert not any("x" in piece and "б" in piece for piece in pieces)
        inside = [piece for piece in pieces if "▁" in piece[1:]]
        assert all(changes.get("space") == "suffix" and p.index("▁") == len(p) - 1 for p in inside)


@pytest.mark.parametrize(
    ("vocab_size", "changes", "error"),
    [
        (3, {}, toksmith.VocabularyError),
        (10_000, {}, toksmith.VocabularyError),
        (300, {"byte_fallback": True, "exact_size": True}, toksmith.VocabularyError),
        (50, {"special_tokens": ["<a>", "<a>"]}, toksmith.VocabularyError),
        (50, {"character_coverage": 0.0}, toksmith.InputError),
        (50, {"shrinking_factor": 1.5}, toksmith.InputError),
        (50, {"max_piece_length": 0}, toksmith.InputError),
        (50, {"space": "middle"}, toksmith.InputError),
        (50, {"split_digits": True, "split_by_number": False}, toksmith.InputError),
    ],
)
def test_what_cannot_be_is_a_typed_error(
    vocab_size: int, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        learned(Counter({"▁abc": 5, "▁bca": 3}), vocab_size, **changes)


def test_progress_ends_at_the_total_and_its_errors_arrive() -> None:
    told: list[tuple[int, int, str]] = []
    words = Counter({"▁abc": 5, "▁bca": 3})

    def tell(done: int, total: int, unit: str) -> None:
        told.append((done, total, unit))

    learned(words, 20, exact_size=False, progress=tell)
    assert told[-1] == (1000, 1000, "steps")
