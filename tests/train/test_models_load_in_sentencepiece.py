"""What is trained is written as a `.model`, and sentencepiece gives it the same ids.

Texts are English, eight languages, and such as break things: signs spelled out, spaces everywhere,
what no piece covers, special pieces written in text. NUL is left out: sentencepiece's own
handling of it is tested where its files are.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import testdata
import toksmith as ts

spm = pytest.importorskip("sentencepiece")

LANGUAGES = ("deu", "rus", "hin", "kor", "zho", "jpn", "tha", "vie")
PARTS = [
    "a", "e", "the", " the", " ", "  ", "\u3000", "\n", "\t", "\u2581", "\u2581\u2581", "<unk>",
    "<s>", "</s>", "<0x41>", "<0x00>", "##", "\u00e9", "e\u0301", "\u0301", "\u4e2d\u6587",
    "\uac00", "\u1100\u1161", "\U0001f468\u200d\U0001f469", "\ufeff", "\u200b",
    "\U0010ffff", "1", "23", "'", "aaaa", "abababab", "zq", "[MASK]",
]  # fmt: skip
Trainer = Callable[..., ts.Tokenizer]


def hostile(count: int) -> list[str]:
    draw = random.Random(4)
    made = ["".join(draw.choices(PARTS, k=draw.randint(1, 30))) for _ in range(count)]
    return ["", " ", "\u2581", "a" * 5000, " " * 5000, "\u2581 " * 500, *made]


def lines(name: str, most: int) -> list[str]:
    found = testdata.corpus("english") if name == "eng" else testdata.language(name)
    return [line.replace("\0", "") for line in islice(found, most) if line.strip()]


def unlike(tok: ts.Tokenizer, data: bytes, texts: list[str]) -> list[str]:
    """Texts to which sentencepiece gives other ids."""
    other = spm.SentencePieceProcessor(model_proto=data)
    ours = [row.tolist() for row in tok.encode_batch(texts)]
    return [
        text for text, row, ids in zip(texts, ours, other.encode(texts), strict=True) if row != ids
    ]


def unigram(texts: list[str], **options: Any) -> ts.Tokenizer:
    return ts.train.unigram(texts, 3_000, special_tokens=["<unk>", "<s>", "</s>"], **options)


def bpe(texts: list[str], **options: Any) -> ts.Tokenizer:
    return ts.train.bpe(
        texts, 3_000, special_tokens=["<unk>", "<s>", "</s>"], character_coverage=0.999, **options
    )


@pytest.mark.parametrize("trainer", [unigram, bpe])
@pytest.mark.parametrize("byte_fallback", [True, False])
@pytest.mark.parametrize("name", ["eng", *LANGUAGES])
def test_ids_are_those_of_sentencepiece(
    trainer: Trainer, byte_fallback: bool, name: str, tmp_path: Path
) -> None:
    if not (testdata.FULL or name in ("eng", "kor", "zho")):
        pytest.skip("TOKSMITH_FULL=1")
    texts = lines(name, 300 if name == "eng" else 3000)
    held_out = texts[::7]
    options = {} if trainer is unigram else {"unk_token": "<unk>"}
    tok = trainer(texts, like="sentencepiece", byte_fallback=byte_fallback, **options)
    path = tmp_path / "x.model"
    tok.save(path)
    again = ts.Tokenizer.from_file(path)
    assert again == tok
    other = spm.SentencePieceProcessor(model_file=str(path))
    assert other.vocab_size() == len(tok)
    assert (other.bos_id(), other.eos_id()) == (1, 2)
    assert other.is_unknown(0)
    held_out += hostile(3000 if testdata.FULL else 500)
    assert unlike(again, path.read_bytes(), held_out) == []


@pytest.mark.parametrize("name", ["eng", "kor"])
def test_a_bpe_of_a_document_has_the_same_ids_as_a_model(name: str, tmp_path: Path) -> None:
    texts = lines(name, 300)
    tok = ts.train.bpe(texts, 2000, like="metaspace", character_coverage=0.999)
    path = tmp_path / "x.model"
    tok.save(path)
    assert unlike(tok, path.read_bytes(), texts + hostile(500)) == []
    back = ts.Tokenizer.from_file(path)
    back.save(tmp_path / "x.json")
    merges = json.loads(tok._save("json"))["model"]["merges"]
    assert json.loads((tmp_path / "x.json").read_text())["model"]["merges"] == merges


def test_a_unigram_of_a_document_needs_leave(tmp_path: Path) -> None:
    tok = ts.train.unigram(["low lower lowest"] * 9, 300, exact_size=False)
    with pytest.raises(ts.UnsupportedFeature, match="single precision"):
        tok.save(tmp_path / "x.model")
    tok.save(tmp_path / "x.model", exact=False)
    texts = ["lowest low", "slow", ""]
    assert unlike(tok, (tmp_path / "x.model").read_bytes(), texts) == []


TEXTS = ["low lower lowest 12 345", "new newer newest"] * 4


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: ts.train.wordpiece(TEXTS, 60), "post_processor"),
        (lambda: ts.train.bpe(TEXTS, 300), "ByteLevelBpe|BPE"),
        (
            lambda: ts.train.bpe(TEXTS, 400, like="metaspace", digits="single"),
            "pre_tokenizer Digits",
        ),
        (lambda: ts.train.bpe(TEXTS, 400, like="metaspace", digits="r2l:3"), "pre_tokenizer Split"),
        (lambda: ts.train.bpe(TEXTS, 60, like="metaspace", unk_token="<unk>"), "fuse_unk"),
        (
            lambda: ts.train.bpe(
                TEXTS, 60, like="metaspace", unk_token="<unk>", end_of_word_suffix="</w>"
            ),
            "end_of_word_suffix",
        ),
    ],
)
def test_what_it_cannot_say_is_named(
    make: Callable[[], ts.Tokenizer], what: str, tmp_path: Path
) -> None:
    with pytest.raises(ts.UnsupportedFeature, match=what):
        make().save(tmp_path / "x.model")
    assert not (tmp_path / "x.model").exists()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"digits": "single"}, "digits="),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "pre_tokenizer="),
        ({"end_of_word_suffix": "</w>", "unk_token": "<unk>"}, "end_of_word_suffix"),
        ({"special_tokens": ["a\0"]}, "zero byte"),
    ],
)
def test_what_a_model_cannot_say_is_not_trained(options: dict[str, Any], what: str) -> None:
    with pytest.raises(ts.UnsupportedFeature, match=what):
        ts.train.bpe(TEXTS, 300, like="sentencepiece", **options)


@pytest.mark.parametrize("kind", ["unigram", "bpe", "word", "char"])
def test_models_of_sentencepiece_are_written_as_they_were(kind: str, tmp_path: Path) -> None:
    import io

    made = io.BytesIO()
    texts = TEXTS * 9
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=made, vocab_size=25, model_type=kind,
        hard_vocab_limit=False, user_defined_symbols=["<sep>"], bos_piece="<bos>",
        minloglevel=3, normalization_rule_name="nfkc",
    )  # fmt: skip
    tok = ts.Tokenizer.from_bytes(made.getvalue())
    path = tmp_path / "x.model"
    tok.save(path)
    assert ts.Tokenizer.from_file(path) == tok
    assert unlike(tok, path.read_bytes(), [*texts, "<sep>", *hostile(300)]) == []
    ours = spm.SentencePieceProcessor(model_file=str(path))
    theirs = spm.SentencePieceProcessor(model_proto=made.getvalue())
    for name in ("unk_id", "bos_id", "eos_id", "pad_id"):
        assert getattr(ours, name)() == getattr(theirs, name)()
    for text in hostile(100):
        ids = theirs.encode(text)
        assert ours.decode(ids) == theirs.decode(ids)
