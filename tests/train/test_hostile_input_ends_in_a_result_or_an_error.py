"""Whatever is trained on, whatever is asked for: a tokenizer that encodes, or a `ToksmithError`.

Never a panic, never another exception, and never more than the vocabulary that was asked for.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

import toksmith as ts
from generated import SCALARS, scalar
from testdata import FULL
from toksmith import train

LONG = 2_000_000 if FULL else 400_000
MANY = 1_000_000 if FULL else 100_000
MOST = 10_000_000
RANDOM = random.Random(5)

TEXTS: dict[str, Callable[[], Any]] = {
    "nothing": list,
    "empty texts": lambda: ["", b"", ""],
    "spaces": lambda: [" " * LONG],
    "newlines": lambda: ["\n" * 1000] * 100,
    "one endless word": lambda: ["a" * LONG],
    "an endless word of chance": lambda: ["".join(RANDOM.choices("abcdefgh", k=LONG))],
    "an endless word with a period": lambda: ["abcab" * (LONG // 5)],
    "every scalar value": lambda: [
        "".join(map(scalar, range(at, min(at + 4096, SCALARS)))) for at in range(0, SCALARS, 4096)
    ],
    "signs": lambda: ["\u2581\u2581a \u2581 b\u2581c " * 100, "##a ##", "<0x41>", "<unk><s>"],
    "distinct words": lambda: (f"{n:x} {n:x}" for n in range(MANY)),
    "combining marks": lambda: ["e" + "\u0301" * (LONG // 10)],
    "nul": lambda: ["\0" * 1000 + "a\0b"],
}  # fmt: skip

TRAINERS: dict[str, Callable[..., ts.Tokenizer]] = {
    "bpe": lambda texts, size=400, **how: train.bpe(texts, size, like="gpt2", **how),
    "bpe of characters": lambda texts, size=400, **how: train.bpe(
        texts, size, **{"like": "metaspace", "limit_alphabet": 100, **how}
    ),
    "wordpiece": lambda texts, size=400, **how: train.wordpiece(
        texts, size, **{"limit_alphabet": 100, **how}
    ),
    "unigram": lambda texts, size=400, **how: train.unigram(texts, size, **how),
    "unigram of what there is": lambda texts, size=400, **how: train.unigram(
        texts, size, **{"exact_size": False, "character_coverage": 0.5, **how}
    ),
    "superword": lambda texts, size=400, **how: train.superword(
        texts, size, **{"transition": 300, **how}
    ),
    "joined": lambda texts, size=400, **how: train.superword(texts, size, form="joined", **how),
}

SAMPLES = ["", "a", "hello \u4e2d\U0001f600 world", " \n\t", "\u2581", "##x<0x41>"]


def assert_usable(tok: ts.Tokenizer, size: int) -> None:
    """It encodes, decodes, saves, and is no larger than asked for."""
    assert tok.vocab_size <= size
    for text in SAMPLES:
        tok.decode(tok.encode(text))
    saved = tok._save("toksmith" if tok.joins_pre_tokens else "json")
    assert ts.Tokenizer.from_bytes(saved).encode(SAMPLES[2]) == tok.encode(SAMPLES[2])


def attempt(trainer: Callable[..., ts.Tokenizer], texts: object, size: int, **how: Any) -> str:
    """What came of it."""
    try:
        tok = trainer(texts, size, **how)
    except ts.ToksmithError as error:
        return f"{type(error).__name__}: {error}"
    assert_usable(tok, size)
    return "a tokenizer"


@pytest.mark.parametrize("name", TRAINERS)
@pytest.mark.parametrize("what", TEXTS)
def test_texts(name: str, what: str) -> None:
    attempt(TRAINERS[name], TEXTS[what](), 400)


@pytest.mark.skipif(not FULL, reason="TOKSMITH_FULL=1: takes minutes and gigabytes")
@pytest.mark.parametrize("name", ["bpe", "wordpiece"])
def test_ten_million_distinct_words(name: str) -> None:
    assert attempt(TRAINERS[name], (f"{n:x}" for n in range(MOST)), 400) == "a tokenizer"


@pytest.mark.parametrize("name", TRAINERS)
@pytest.mark.parametrize("errors", ["strict", "replace"])
def test_binary_bytes(name: str, errors: str) -> None:
    data = [RANDOM.randbytes(2000) for _ in range(20)] + [b"\xff", b"\xed\xa0\x80", b"\xf4\x90"]
    for texts in (data, [bytes(range(256))], ["lone \ud800 surrogate"]):
        attempt(TRAINERS[name], texts, 500, errors=errors)


@pytest.mark.parametrize("name", TRAINERS)
@pytest.mark.parametrize("texts", [None, 3, [None], [3], ["a", 3.5], "one text", b"\xff"])
def test_what_is_no_text_is_an_error(name: str, texts: object) -> None:
    if isinstance(texts, str | bytes):
        attempt(TRAINERS[name], texts, 400)
        return
    with pytest.raises(ts.ToksmithError):
        TRAINERS[name](texts, 400)


@pytest.mark.parametrize("name", TRAINERS)
@pytest.mark.parametrize("size", [-1, 0, 1, 5, 2**32, 2**70, 1.5, "400", None])
def test_sizes(name: str, size: Any) -> None:
    if isinstance(size, int) and size > 0:
        attempt(TRAINERS[name], ["a b c hello hello"] * 3, size)
        return
    with pytest.raises(ts.ToksmithError):
        TRAINERS[name](["a b c hello hello"] * 3, size)


BAD: list[dict[str, Any]] = [
    {"num_threads": 0},
    {"num_threads": -1},
    {"memory_budget": -1},
    {"errors": "ignore"},
    {"save_every": 0},
    {"directory": "/there/is/no/such"},
    {"special_tokens": ["<a>", "<a>"]},
    {"special_tokens": "<a>"},
    {"special_tokens": [""]},
    {"special_tokens": [3]},
    {"special_tokens": ["\ud800"]},
    {"digits": "r2l:0"},
    {"digits": 3},
    {"like": "no such vocabulary"},
    {"like": 3},
]


@pytest.mark.parametrize("name", ["bpe of characters", "wordpiece", "unigram"])
@pytest.mark.parametrize("how", BAD, ids=str)
def test_arguments_that_cannot_be(name: str, how: dict[str, Any]) -> None:
    found = attempt(TRAINERS[name], ["some text 123"] * 3, 400, **how)
    if how not in ({"num_threads": 0}, {"directory": "/there/is/no/such"}):
        assert found != "a tokenizer"


CONTRADICTIONS: list[tuple[Callable[..., ts.Tokenizer], dict[str, Any]]] = [
    (train.bpe, {"like": "gpt2", "byte_fallback": True}),
    (train.bpe, {"like": "gpt2", "unk_token": "<unk>"}),
    (train.bpe, {"like": "gpt2", "limit_alphabet": 10}),
    (train.bpe, {"like": "gpt2", "character_coverage": 0.5}),
    (train.bpe, {"like": "gpt2", "continuing_subword_prefix": "##"}),
    (train.bpe, {"like": "gpt2", "initial_alphabet": ["a"]}),
    (train.bpe, {"like": "bert", "byte_fallback": True}),
    (train.bpe, {"like": "metaspace", "initial_alphabet": ["ab"]}),
    (train.bpe, {"like": "metaspace", "initial_alphabet": ["a", "b"], "limit_alphabet": 1}),
    (train.bpe, {"like": "metaspace", "limit_alphabet": -1}),
    (train.bpe, {"like": "metaspace", "limit_alphabet": 5, "character_coverage": 1.5}),
    (train.bpe, {"like": "metaspace", "character_coverage": float("nan")}),
    (train.bpe, {"like": "metaspace", "special_tokens": ["a"]}),
    (train.bpe, {"like": "metaspace", "special_tokens": ["<0x41>"]}),
    (train.bpe, {"like": "gpt2", "max_token_length": 0}),
    (train.bpe, {"like": "gpt2", "max_token_length": -3}),
    (train.bpe, {"like": "gpt2", "min_frequency": -1}),
    (train.bpe, {"like": "gpt2", "min_frequency": 2**70}),
    (train.bpe, {"like": "gpt2", "min_frequency": 2**64 - 1}),
    (train.bpe, {"like": "gpt2", "special_tokens": ["a"]}),
    (train.bpe, {"like": "gpt2", "special_tokens": ["s", "so"]}),
    (train.wordpiece, {"like": "gpt2"}),
    (train.wordpiece, {"unk_token": ""}),
    (train.wordpiece, {"special_tokens": ["[UNK]"]}),
    (train.wordpiece, {"continuing_subword_prefix": ""}),
    (train.unigram, {"like": "gpt2"}),
    (train.unigram, {"like": "bert", "byte_fallback": True}),
    (train.unigram, {"character_coverage": -0.1}),
    (train.unigram, {"character_coverage": float("nan")}),
    (train.unigram, {"max_piece_length": 0}),
    (train.unigram, {"max_piece_length": 2**40}),
    (train.unigram, {"seed_size": 0}),
    (train.unigram, {"seed_size": -1}),
    (train.unigram, {"shrinking_factor": 0.0}),
    (train.unigram, {"shrinking_factor": 1.0}),
    (train.unigram, {"shrinking_factor": float("inf")}),
    (train.unigram, {"sub_iterations": 0}),
    (train.unigram, {"sub_iterations": 2**70}),
    (train.unigram, {"space": "middle"}),
    (train.unigram, {"initial_alphabet": ["ab"]}),
    (train.unigram, {"special_tokens": ["s", "<unk>"]}),
    (train.unigram, {"unk_token": "\ud800"}),
]


@pytest.mark.parametrize(
    ("trainer", "how"), CONTRADICTIONS, ids=lambda x: getattr(x, "__name__", str(x)[:60])
)
@pytest.mark.parametrize("size", [300, 1000])
def test_options_that_contradict(
    trainer: Callable[..., ts.Tokenizer], how: dict[str, Any], size: int
) -> None:
    attempt(trainer, ["some text some other text"] * 3, size, **how)


def test_extending() -> None:
    tok = train.bpe(["hello hello world"] * 3, 262, like="gpt2", special_tokens=["<a>"])
    for texts in (["hello world"] * 5, [], ["<a>" * 100], [b"\xff\xfe" * 100]):
        for n in (0, 1, 1000):
            more = train.extend_bpe(tok, texts, n)
            assert tok.vocab_size <= more.vocab_size <= tok.vocab_size + n
            before = json.loads(tok._save("json"))["model"]["vocab"]
            after = json.loads(more._save("json"))["model"]["vocab"]
            assert before.items() <= after.items()
    wrong: list[Any] = [-1, 1.5, "3", None, 2**70]
    for n in wrong:
        with pytest.raises(ts.ToksmithError):
            train.extend_bpe(tok, ["a a"], n)
    with pytest.raises(ts.ToksmithError):
        train.extend_bpe(train.unigram(["hello world"] * 9, 20, exact_size=False), ["a"], 3)
