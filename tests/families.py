"""Small tokenizers of every family, made here so that no test needs a file. Start at `FAMILIES`.

Of the library tokenizers: each part it has (`formats.pipelines`), some of its usual combinations,
and its trained models. Of sentencepiece: a model of each type it trains. Vocabularies are of a few
hundred tokens, so that texts meet what is unknown to them.
"""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import sentencepiece
from tokenizers import AddedToken, Regex, decoders, models, normalizers, trainers
from tokenizers import pre_tokenizers as pre

import shapes
from formats.pipelines import (
    NORMALIZERS,
    TEXTS,
    build,
    byte_level,
    character_bpe,
    legacy,
    pipelines,
    unigram,
    word_level,
    word_piece,
)
from generated import strings

SEAMS = [
    *TEXTS, "\u2581", "\u2581\u2581a \u2581", "##", "##a b##", "<0x41>", "<0xE4><0xB8><0xAD>",
    "<s>", "</s> <s>x", "<unk>", "[UNK]", "[CLS]x[SEP]", "\u1100\u1161\u11a8\uac01", "\0a\0",
    "\u0301e\u0301\u0323", "\ufb01\u2460\u3392", "\u00a0 \u3000x", "\U0001f468\u200d\U0001f469",
    "\u0130I\u0307\u1e9e", "hellohello hello,hello", "[MASK] [MASK]  x", "<extra>  <extra>",
]  # fmt: skip
"""Texts that decide something in one of the families."""


def texts(count: int, seed: int = 0) -> list[str]:
    """The seams and some generated strings."""
    return [*SEAMS, *strings(count, seed)]


@cache
def learned() -> list[str]:
    """What models are trained on: lines of words and of generated strings."""
    words = shapes.make("english", 8_000).split(". ")
    return [*words, *(text for text in strings(150, seed=9) if "\0" not in text), *TEXTS[2:6]]


def trained() -> Iterator[tuple[str, str]]:
    """A tokenizer.json of each model that tokenizers trains."""
    special = [AddedToken("<unk>"), AddedToken("<s>"), AddedToken("</s>")]
    common: dict[str, Any] = {
        "vocab_size": 500, "special_tokens": special, "show_progress": False,
    }  # fmt: skip
    alphabet = pre.ByteLevel.alphabet()
    kinds: dict[str, tuple[Any, Any, Any, Any]] = {
        "byte-level BPE": (
            models.BPE(), trainers.BpeTrainer(initial_alphabet=alphabet, **common),
            pre.ByteLevel(add_prefix_space=False), decoders.ByteLevel(),
        ),
        "BPE": (
            models.BPE(unk_token="<unk>"), trainers.BpeTrainer(**common),
            pre.Metaspace(), decoders.Metaspace(),
        ),
        "BPE with suffixes": (
            models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"),
            trainers.BpeTrainer(end_of_word_suffix="</w>", **common),
            pre.BertPreTokenizer(), decoders.BPEDecoder(),
        ),
        "Unigram": (
            models.Unigram(), trainers.UnigramTrainer(unk_token="<unk>", **common),
            pre.Metaspace(), decoders.Metaspace(),
        ),
        "WordPiece": (
            models.WordPiece(unk_token="<unk>"), trainers.WordPieceTrainer(**common),
            pre.BertPreTokenizer(), decoders.WordPiece(),
        ),
        "WordLevel": (
            models.WordLevel(unk_token="<unk>"), trainers.WordLevelTrainer(**common),
            pre.Whitespace(), None,
        ),
    }  # fmt: skip
    for name, (model, trainer, pre_tokenizer, decoder) in kinds.items():
        tok = build(model, None, pre_tokenizer, None, decoder)
        tok.train_from_iterator(learned(), trainer)
        yield f"trained {name}", tok.to_str()


def combined() -> Iterator[tuple[str, str]]:
    """Tokenizer.json files of parts that are usual together, or that meddle with each other."""
    plain = pre.ByteLevel(add_prefix_space=False)
    byte = decoders.ByteLevel()
    nfc, lower = normalizers.NFC(), normalizers.Lowercase()
    digits = pre.Sequence([pre.Digits(individual_digits=True), plain])
    llama = normalizers.Sequence([normalizers.Prepend("\u2581"), NORMALIZERS["replace"]])
    llama_decoder = decoders.Sequence([
        decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0),
    ])  # fmt: skip
    fallback = character_bpe(unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    squeeze = normalizers.Replace(Regex(" {2,}"), " ")
    for name, tok in {
        "bytes, NFC": build(byte_level(), nfc, plain, None, byte),
        "bytes, NFC, added": build(byte_level(), nfc, plain, None, byte, added=9),
        "bytes, prefix space": build(byte_level(), None, pre.ByteLevel(), None, byte, added=9),
        "bytes, digits": build(byte_level(), None, digits, None, byte, added=3),
        "bytes, lowercase": build(byte_level(), lower, plain, None, byte, added=9),
        "bytes, no decoder": build(byte_level(), None, plain),
        "bytes, bare": build(byte_level(), added=4),
        "llama": build(fallback, llama, None, None, llama_decoder, added=3),
        "llama, all added": build(fallback, llama, None, None, llama_decoder, added=9),
        "llama, metaspace": build(fallback, None, pre.Metaspace(split=False), None, llama_decoder),
        "unigram, squeezed": build(
            unigram(), normalizers.Sequence([normalizers.NFKC(), squeeze]), pre.Metaspace(),
            None, decoders.Metaspace(), added=9,
        ),
        "unigram, bare": build(unigram(True), None, None, None, decoders.ByteFallback(), added=4),
        "BERT": build(
            word_piece(), normalizers.BertNormalizer(), pre.BertPreTokenizer(), None,
            decoders.WordPiece(), added=9,
        ),
        "WordLevel, bare": build(word_level(), lower, added=9),
    }.items():  # fmt: skip
        yield name, tok.to_str()
    every = [
        AddedToken(f"<{number}>", single_word=bool(number & 1), lstrip=bool(number & 2),
                   rstrip=bool(number & 4), normalized=bool(number & 8), special=bool(number & 16))
        for number in range(32)
    ]  # fmt: skip
    for model in (word_piece(), byte_level(), unigram()):
        tok = build(model, normalizers.Sequence([nfc, lower]), pre.Whitespace())
        tok.add_tokens([*every, AddedToken("er", normalized=True), AddedToken("New")])
        yield f"{type(model).__name__}, every kind of added token", tok.to_str()


@cache
def jsons() -> dict[str, str]:
    """All tokenizer.json files, by name."""
    old = ((f"old {name}", text) for name, text in legacy())
    return dict([*trained(), *combined(), *pipelines(), *old])


MODEL_OPTIONS: dict[str, dict[str, Any]] = {
    "unigram": {"model_type": "unigram", "vocab_size": 260},
    "unigram, bytes": {"model_type": "unigram", "vocab_size": 620, "byte_fallback": True},
    "unigram, own symbols": {
        "model_type": "unigram", "vocab_size": 280, "control_symbols": ["<ctl>"],
        "user_defined_symbols": ["<sep>", "the", "  "],
    },
    "unigram, raw": {
        "model_type": "unigram", "vocab_size": 260, "add_dummy_prefix": False,
        "normalization_rule_name": "identity", "remove_extra_whitespaces": False,
    },
    "unigram, suffix, folded": {
        "model_type": "unigram", "vocab_size": 240, "treat_whitespace_as_suffix": True,
        "normalization_rule_name": "nmt_nfkc_cf",
    },
    "bpe": {"model_type": "bpe", "vocab_size": 300},
    "bpe, bytes": {
        "model_type": "bpe", "vocab_size": 620, "byte_fallback": True, "split_digits": True,
        "normalization_rule_name": "identity", "remove_extra_whitespaces": False,
        "user_defined_symbols": ["<sep>", "   "],
    },
    "word": {"model_type": "word", "vocab_size": 60},
    "char": {"model_type": "char", "vocab_size": 120},
}  # fmt: skip
"""Training options of the sentencepiece models, by name."""


@cache
def model_file(name: str) -> bytes:
    """A sentencepiece model, trained by the library itself."""
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(learned()), model_writer=file, hard_vocab_limit=False,
        character_coverage=0.98, minloglevel=2, num_threads=1, **MODEL_OPTIONS[name],
    )  # fmt: skip
    return file.getvalue()


FAMILIES = (
    *(f"trained {name}" for name in (
        "byte-level BPE", "BPE", "BPE with suffixes", "Unigram", "WordPiece", "WordLevel",
    )),
    "bytes, NFC, added", "bytes, prefix space", "bytes, bare", "llama, all added",
    "unigram, squeezed", "unigram, bare", "BERT", "WordLevel, bare",
    "BPE, every kind of added token",
    *(f"model {name}" for name in MODEL_OPTIONS),
)  # fmt: skip
"""Names of one tokenizer or more of each family."""


def file_of(family: str) -> bytes:
    """The file of one of `FAMILIES`."""
    name = family.removeprefix("model ")
    return model_file(name) if name != family else jsons()[family].encode()


JSON_FAMILIES = tuple(name for name in FAMILIES if not name.startswith("model "))
"""Those of `FAMILIES` that are tokenizer.json files."""

CHARACTER_FAMILIES = (
    "trained BPE", "trained BPE with suffixes", "trained Unigram", "trained WordPiece",
    "trained WordLevel", "unigram, squeezed", "BERT", "WordLevel, bare", "model unigram",
    "model bpe", "model word", "model char",
)  # fmt: skip
"""Those that have no tokens for bytes."""


def random_ids(size: int, count: int) -> Iterator[list[int]]:
    """Sequences of ids of a vocabulary of `size` tokens."""
    rng = random.Random(61)
    for _ in range(count):
        yield [rng.randrange(size) for _ in range(rng.randint(0, 12))]
