"""Promise: a SentencePiece model saved as tokenizer.json gives the same ids there, or is refused.

The reference is sentencepiece itself; what tokenizers makes of the saved file is compared with it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import tokenizers

import families
import shapes
import toksmith as ts
from generated import CONTEXTS, scalars_in
from testdata import CORPORA, FULL, corpus, need

PLAIN: dict[str, Any] = {"normalization_rule_name": "identity"}
RAW = PLAIN | {"remove_extra_whitespaces": False}
BARE = RAW | {"add_dummy_prefix": False}
MODELS: dict[str, dict[str, Any]] = {
    "bpe": {"model_type": "bpe", "vocab_size": 400} | RAW,
    "bpe, squeezed": {"model_type": "bpe", "vocab_size": 400} | PLAIN,
    "bpe, bytes": {"model_type": "bpe", "vocab_size": 700, "byte_fallback": True} | RAW,
    "bpe, bare": {"model_type": "bpe", "vocab_size": 500} | BARE,
    "bpe, bare, squeezed": {"model_type": "bpe", "vocab_size": 500, "add_dummy_prefix": False}
    | PLAIN,
    "bpe, own symbols": {
        "model_type": "bpe",
        "vocab_size": 500,
        "user_defined_symbols": ["<sep>", "the", "er", "Q"],
        "control_symbols": ["<ctl>"],
    }
    | BARE,
    "bpe, across words": {
        "model_type": "bpe",
        "vocab_size": 600,
        "split_by_whitespace": False,
        "byte_fallback": True,
    }
    | RAW,
    "char": {"model_type": "char", "vocab_size": 120} | RAW,
}
SPACES = [
    " ",
    "  ",
    " a",
    "a ",
    "  a  b  ",
    "\u2581",
    " \u2581",
    "\u2581 ",
    "a\u2581",
    "a \u2581 ",
    "\u2581\u2581a\u2581 b",
    "<sep>",
    " <sep> the<sep>x",
    "Qthe<ctl>",
    "<s>the</s>",
    "<unk>",
    "<0x41>",
    "<0x00>\0",
    "\t\n a\n ",
    "ther",
    "\u00a0a\u3000",
]


@cache
def trained(name: str) -> bytes:
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(families.learned()),
        model_writer=file,
        hard_vocab_limit=False,
        character_coverage=0.98,
        minloglevel=2,
        num_threads=1,
        **MODELS[name],
    )
    return file.getvalue()


def saved(data: bytes, folder: Path, exact: bool = True) -> tokenizers.Tokenizer:
    """What tokenizers makes of the model saved as json, special tokens in text being text."""
    path = folder / "tokenizer.json"
    ts.Tokenizer.from_bytes(data).save(path, exact=exact)
    theirs = tokenizers.Tokenizer.from_file(str(path))
    theirs.encode_special_tokens = True
    return theirs


def assert_same(data: bytes, theirs: tokenizers.Tokenizer, texts: Iterable[str]) -> None:
    library = sentencepiece.SentencePieceProcessor(model_proto=data)
    for text in texts:
        right = library.encode(text)
        assert theirs.encode(text, add_special_tokens=False).ids == right, text
        assert theirs.decode(right, skip_special_tokens=False) == library.decode(right), text


@pytest.mark.parametrize("name", MODELS)
def test_ids_and_decoded_text(name: str, tmp_path: Path) -> None:
    data = trained(name)
    theirs = saved(data, tmp_path)
    assert_same(data, theirs, [*SPACES, *families.texts(20_000 if FULL else 600, seed=51)])
    assert_same(data, theirs, islice(scalars_in(CONTEXTS[1], 64, sparse=True), None, None, 31))
    assert_same(data, theirs, (shapes.make(shape, n) for shape in shapes.SHAPES for n in (3, 300)))
    again = ts.Tokenizer.from_file(tmp_path / "tokenizer.json")
    ours = ts.Tokenizer.from_bytes(data)
    for text in [*SPACES, *families.texts(200, seed=52)]:
        assert again.encode(text) == ours.encode(text), text
    assert again.special_ids == ours.special_ids
    assert len(again) == len(ours)


@pytest.mark.parametrize("which", CORPORA)
def test_a_real_vocabulary(which: str, tmp_path: Path) -> None:
    data = need("vocabs/mistral_v1/tokenizer.model").read_bytes()
    theirs = saved(data, tmp_path)
    assert_same(data, theirs, islice(corpus(which), 0, None if FULL else 400, 1 if FULL else 8))
    assert_same(data, theirs, [*SPACES, *families.texts(20_000 if FULL else 800, seed=53)])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("unigram", "precompiled_charsmap"),
        ("unigram, raw", "UNIGRAM"),
        ("bpe", "precompiled_charsmap"),
        ("bpe, bytes", "USER_DEFINED"),
        ("word", "charsmap"),
        ("char", "precompiled_charsmap"),
        ("unigram, suffix, folded", "charsmap"),
    ],
)
def test_what_would_give_other_ids_is_refused(name: str, what: str, tmp_path: Path) -> None:
    tok = ts.Tokenizer.from_bytes(families.model_file(name))
    with pytest.raises(ts.UnsupportedFeature, match=what):
        tok.save(tmp_path / "tokenizer.json")
    assert not (tmp_path / "tokenizer.json").exists()


def test_the_usual_conversion_is_there_for_those_who_ask(tmp_path: Path) -> None:
    data = need("vocabs/xlmr_unigram/tokenizer.model").read_bytes()
    theirs = saved(data, tmp_path, exact=False)
    library = sentencepiece.SentencePieceProcessor(model_proto=data)
    texts = list(islice(corpus("multilingual"), 300))
    same = sum(
        theirs.encode(text, add_special_tokens=False).ids == library.encode(text) for text in texts
    )
    assert same > 0.9 * len(texts)


@pytest.mark.parametrize("name", ["unigram", "unigram, bytes", "unigram, raw", "bpe", "char"])
def test_usual_conversions_of_small_models(name: str, tmp_path: Path) -> None:
    data = families.model_file(name)
    theirs = saved(data, tmp_path, exact=False)
    library = sentencepiece.SentencePieceProcessor(model_proto=data)
    texts = families.learned()
    same = sum(
        theirs.encode(text, add_special_tokens=False).ids == library.encode(text) for text in texts
    )
    assert same > 0.8 * len(texts)
