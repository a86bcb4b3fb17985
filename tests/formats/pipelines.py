"""Tokenizers of all kinds, made with the tokenizers library from each component it has.

Start at `pipelines`: names and the text of tokenizer.json files. Every normalizer, pre-tokenizer,
model, post-processor and decoder is there alone and in company, with several kinds of added tokens,
with truncation and padding. The vocabularies are small; what is tested is the file, not the model.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, processors
from tokenizers import pre_tokenizers as pre

TEXTS = [
    "",
    " ",
    "The cat's in the hat, and 12345 others aren't.",
    "  spaces \n\n and\tlines  ",
    "na\u00efve \u4e2d\u6587 \U0001f642 e\u0301 \u00bd \u1e9b\u0323 \u2581low\u2581er",
    "[CLS] hello[MASK] <s>x</s>  <extra> HELLO <Extra>",
    "\0\x7f\xad\ufffd\u200b",
    "newest lowest ##low <0x41> \uc548\ub155 \u30ab\u30fc",
]
LETTERS = sorted({c for text in TEXTS for c in text.lower()} | set("abcdefghijklmnopqrstuvwxyz"))
WORDS = ["low", "er", "est", "new", "the", "cat", "hat", "and", "hello", "in"]


def byte_letters() -> dict[int, str]:
    """The letter of each byte, by the rule of GPT-2."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(others)}


def numbered(tokens: list[str]) -> dict[str, int]:
    """Ids in order; of a token listed twice the first counts."""
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def splits_of(words: list[str]) -> list[tuple[str, str]]:
    """Merges that make words from left to right."""
    return list(dict.fromkeys((w[:i], w[i : i + 1]) for w in words for i in range(1, len(w))))


def byte_level(**options: Any) -> models.BPE:
    letters = byte_letters()
    words = [*WORDS, "\u0120the", "\u0120and"]
    prefixes = [word[:i] for word in words for i in range(2, len(word) + 1)]
    vocab = numbered([*(letters[b] for b in range(256)), *prefixes])
    return models.BPE(vocab=vocab, merges=splits_of(words), **options)


def character_bpe(prefix: str = "", suffix: str = "", **options: Any) -> models.BPE:
    vocab = ["<unk>", *LETTERS, *(prefix + c for c in LETTERS), *(c + suffix for c in LETTERS)]
    vocab += [prefix + c + suffix for c in LETTERS]
    merges = []
    for word in WORDS:
        pieces = [word[0], *(prefix + c for c in word[1:])]
        made = pieces[0]
        for piece in pieces[1:]:
            merges.append((made, piece))
            made += piece[len(prefix) :]
            vocab.append(made)
    if options.get("byte_fallback"):
        vocab += [f"<0x{byte:02X}>" for byte in range(256)]
    if prefix:
        options["continuing_subword_prefix"] = prefix
    if suffix:
        options["end_of_word_suffix"] = suffix
    return models.BPE(vocab=numbered(vocab), merges=list(dict.fromkeys(merges)), **options)


def unigram(byte_fallback: bool = False, unk_id: int | None = 0) -> models.Unigram:
    pieces = [("<unk>", 0.0), ("\u2581", -2.5), *((c, -5.0 - i / 7) for i, c in enumerate(LETTERS))]
    pieces += [(word, -3.0 - i / 3) for i, word in enumerate(WORDS)]
    pieces += [("\u2581" + word, -2.123456789012345 - i / 9) for i, word in enumerate(WORDS)]
    pieces += [(f"<0x{byte:02X}>", -9.0) for byte in range(256)] if byte_fallback else []
    return models.Unigram(pieces, unk_id, byte_fallback)


def word_piece(**options: Any) -> models.WordPiece:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    rest = [*LETTERS, *("##" + c for c in LETTERS), *WORDS, *("##" + w for w in WORDS)]
    return models.WordPiece(numbered([*special, *rest]), unk_token="[UNK]", **options)


def word_level() -> models.WordLevel:
    return models.WordLevel(numbered(["<unk>", *WORDS, ".", "!", "The"]), unk_token="<unk>")


def charsmap() -> bytes:
    """A table with a trie of one node, which replaces nothing."""
    return struct.pack("<I", 1024) + bytes(1024) + b"x\0"


NORMALIZERS: dict[str, normalizers.Normalizer] = {
    "bert": normalizers.BertNormalizer(),
    "bert cased": normalizers.BertNormalizer(False, False, True, False),
    "bert accents": normalizers.BertNormalizer(strip_accents=False),
    "nfc": normalizers.NFC(),
    "nfd": normalizers.NFD(),
    "nfkc": normalizers.NFKC(),
    "nfkd": normalizers.NFKD(),
    "lowercase": normalizers.Lowercase(),
    "nmt": normalizers.Nmt(),
    "strip": normalizers.Strip(),
    "strip left": normalizers.Strip(left=True, right=False),
    "strip accents": normalizers.StripAccents(),
    "prepend": normalizers.Prepend("\u2581"),
    "replace": normalizers.Replace(" ", "\u2581"),
    "replace literal": normalizers.Replace("a.b", "\\"),
    "replace regex": normalizers.Replace(Regex(r" {2,}|\p{Lu}(?!a)"), " "),
    "byte level": normalizers.ByteLevel(),
    "precompiled": normalizers.Precompiled(charsmap()),
    "nothing": normalizers.Sequence([]),
    "nested": normalizers.Sequence([
        normalizers.NFD(),
        normalizers.Sequence([normalizers.StripAccents(), normalizers.Lowercase()]),
    ]),
}  # fmt: skip

BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
PRE_TOKENIZERS: dict[str, pre.PreTokenizer] = {
    "bert": pre.BertPreTokenizer(),
    "byte level": pre.ByteLevel(),
    "byte level plain": pre.ByteLevel(add_prefix_space=False, use_regex=False, trim_offsets=False),
    "delimiter": pre.CharDelimiterSplit("t"),
    "metaspace": pre.Metaspace(),
    "metaspace first": pre.Metaspace("_", "first", split=False),
    "metaspace never": pre.Metaspace("\u2581", "never"),
    "whitespace": pre.Whitespace(),
    "whitespace split": pre.WhitespaceSplit(),
    "digits": pre.Digits(),
    "digits alone": pre.Digits(individual_digits=True),
    "scripts": pre.UnicodeScripts(),
    "fixed": pre.FixedLength(3),
    **{f"punctuation {b}": pre.Punctuation(b) for b in BEHAVIORS},
    **{f"split {b}": pre.Split(Regex(r"\s+|\d"), b) for b in BEHAVIORS},
    "split inverted": pre.Split(Regex(r"\p{L}+"), "removed", invert=True),
    "split literal": pre.Split("e", "isolated"),
    "split known": pre.Split(
        Regex(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        "isolated",
    ),
    "falcon": pre.Sequence([
        pre.Punctuation("contiguous"), pre.ByteLevel(add_prefix_space=False), pre.Digits(),
        pre.Split(Regex("[0-9][0-9][0-9]"), "isolated"),
    ]),
    "empty": pre.Sequence([]),
    "nested": pre.Sequence([pre.Sequence([pre.WhitespaceSplit()]), pre.Metaspace()]),
}  # fmt: skip

DECODERS: dict[str, decoders.Decoder] = {
    "byte level": decoders.ByteLevel(),
    "bpe": decoders.BPEDecoder(),
    "word piece": decoders.WordPiece(),
    "word piece raw": decoders.WordPiece("__", cleanup=False),
    "metaspace": decoders.Metaspace(),
    "metaspace never": decoders.Metaspace("_", "never", split=False),
    "ctc": decoders.CTC(),
    "fallback": decoders.ByteFallback(),
    "fuse": decoders.Fuse(),
    "strip": decoders.Strip(" ", 1, 2),
    "replace": decoders.Replace("\u2581", " "),
    "replace regex": decoders.Replace(Regex("[ab]+"), ""),
    "llama": decoders.Sequence([
        decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0),
    ]),
}  # fmt: skip

SPECIALS = [("[CLS]", 2), ("[SEP]", 3)]
POST_PROCESSORS: dict[str, processors.PostProcessor] = {
    "bert": processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)),
    "roberta": processors.RobertaProcessing(("</s>", 3), ("<s>", 2), False, False),
    "byte level": processors.ByteLevel(trim_offsets=True),
    "template": processors.TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=SPECIALS
    ),
    "template of many": processors.TemplateProcessing(
        "$A:7 many many", "$B $A:2", [{"id": "many", "ids": [5, 6], "tokens": ["x", "y"]}]
    ),
    "sequence": processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing("$A [SEP]", "$A $B", special_tokens=SPECIALS),
    ]),
}  # fmt: skip


def model_kinds() -> dict[str, models.Model]:
    """A model of each kind, and of each option."""
    return {
        "byte-level": byte_level(),
        "byte-level whole": byte_level(ignore_merges=True),
        "byte-level odd": byte_level(unk_token="a", fuse_unk=True, dropout=0.0, byte_fallback=True),
        "bpe": character_bpe(unk_token="<unk>"),
        "bpe without unk": character_bpe(),
        "bpe fused": character_bpe(unk_token="<unk>", fuse_unk=True),
        "bpe fallback": character_bpe(unk_token="<unk>", byte_fallback=True, fuse_unk=True),
        "bpe suffix": character_bpe(suffix="</w>", unk_token="<unk>"),
        "bpe prefix": character_bpe(prefix="##", unk_token="<unk>"),
        "bpe whole": character_bpe(unk_token="<unk>", ignore_merges=True),
        "unigram": unigram(),
        "unigram fallback": unigram(byte_fallback=True),
        "unigram other unk": unigram(unk_id=3),
        "word piece": word_piece(),
        "word piece short": word_piece(max_input_chars_per_word=3),
        "word level": word_level(),
    }


def tokens(kind: int) -> list[AddedToken]:
    """Added tokens of several kinds; some are words of the models."""
    found = [
        AddedToken("[CLS]", special=True),
        AddedToken("<s>", special=True, normalized=False),
        AddedToken("[MASK]", lstrip=True, special=True, normalized=False),
        AddedToken("<extra>", rstrip=True, normalized=False),
        AddedToken("hello", single_word=True, normalized=True),
        AddedToken("low", normalized=False),
    ]
    return found[:kind] if kind < len(found) else found


def build(
    model: models.Model,
    normalizer: normalizers.Normalizer | None = None,
    pre_tokenizer: pre.PreTokenizer | None = None,
    post_processor: processors.PostProcessor | None = None,
    decoder: decoders.Decoder | None = None,
    added: int = 0,
) -> Tokenizer:
    """A tokenizer of these parts."""
    tok = Tokenizer(model)
    for name, part in {
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post_processor,
        "decoder": decoder,
    }.items():
        if part is not None:
            setattr(tok, name, part)
    tok.add_tokens(tokens(added))
    return tok


def pipelines() -> Iterator[tuple[str, str]]:
    """Names and tokenizer.json texts."""
    kinds = model_kinds()
    usual = pre.Metaspace()
    for name, model in kinds.items():
        for chosen in ("byte level plain", "metaspace", "bert"):
            yield f"{name}, {chosen}", build(model, None, PRE_TOKENIZERS[chosen]).to_str()
        yield f"{name}, alone", build(model, added=9).to_str()
    for name, normalizer in NORMALIZERS.items():
        for model_name in ("byte-level", "unigram", "word piece"):
            letters = pre.ByteLevel(add_prefix_space=False)
            behind = letters if model_name == "byte-level" else usual
            tok = build(kinds[model_name], normalizer, behind, added=2)
            yield f"normalizer {name}, {model_name}", tok.to_str()
    for name, stage in PRE_TOKENIZERS.items():
        yield f"pre-tokenizer {name}, alone", build(kinds["word piece"], None, stage).to_str()
        both = pre.Sequence([stage, pre.ByteLevel(add_prefix_space=False, use_regex=False)])
        yield f"pre-tokenizer {name}, bytes", build(kinds["byte-level"], None, both).to_str()
        both = pre.Sequence([pre.ByteLevel(add_prefix_space=False, use_regex=False), stage])
        yield f"pre-tokenizer {name}, letters", build(kinds["byte-level"], None, both).to_str()
    for name, decoder in DECODERS.items():
        tok = build(kinds["bpe fallback"], None, usual, None, decoder, 3)
        yield f"decoder {name}", tok.to_str()
    for name, processor in POST_PROCESSORS.items():
        tok = build(kinds["word piece"], None, pre.Whitespace(), processor, None, 3)
        yield f"post-processor {name}", tok.to_str()
    for added in range(8):
        tok = build(kinds["word piece"], normalizers.Lowercase(), pre.Whitespace(), added=added)
        yield f"{added} added tokens", tok.to_str()
    tok = build(kinds["word piece"], None, pre.Whitespace())
    for strategy in ("longest_first", "only_first", "only_second"):
        for side in ("left", "right"):
            tok.enable_truncation(4, stride=1, strategy=strategy, direction=side)
            tok.enable_padding(direction=side, pad_id=0, pad_token="[PAD]", length=6)
            yield f"truncation {strategy} {side}", tok.to_str()
    tok.enable_padding(pad_to_multiple_of=4, pad_type_id=1)
    yield "padding to multiples", tok.to_str()


def legacy() -> Iterator[tuple[str, str]]:
    """Spellings of older versions of the library, which the current one reads but never writes."""

    def changed(text: str, **parts: Any) -> str:
        return json.dumps(json.loads(text) | parts)

    metaspace = {"type": "Metaspace", "replacement": "\u2581"}
    bpe = build(character_bpe(unk_token="<unk>"), None, pre.Metaspace(), None, decoders.Metaspace())
    base = bpe.to_str()
    yield "metaspace", changed(base, pre_tokenizer=metaspace | {"add_prefix_space": True})
    old = metaspace | {"str_rep": "\u2581", "add_prefix_space": True, "prepend_scheme": "first"}
    yield "metaspace with str_rep", changed(base, pre_tokenizer=old, decoder=old)
    never = metaspace | {"add_prefix_space": False, "prepend_scheme": "never", "split": None}
    yield "metaspace never", changed(base, pre_tokenizer=never)
    model = json.loads(base)["model"]
    strings = ["#version: 0.2", *(" ".join(merge) for merge in model["merges"])]
    yield "merges as strings", changed(base, model=model | {"merges": strings})
    untyped = {key: model[key] for key in ("vocab", "merges", "unk_token")}
    yield "model without type", changed(base, model=untyped)
    for name, other in {"word piece": word_piece(), "word level": word_level()}.items():
        text = build(other, None, pre.Whitespace()).to_str()
        model = json.loads(text)["model"]
        del model["type"]
        yield f"{name} without type", changed(text, model=model)
    text = build(unigram(), None, pre.Metaspace()).to_str()
    model = json.loads(text)["model"]
    yield "unigram without fallback", changed(text, model={"vocab": model["vocab"], "unk_id": 0})
    bert = {"clean_text": True, "handle_chinese_chars": True, "lowercase": True}
    for name, part in {
        "bert": bert,
        "bert of another name": bert | {"type": "Bert"},
        "strip": {"type": "Other", "strip_left": True, "strip_right": False},
        "sequence": {"normalizers": [{"type": "NFC"}, {"prepend": "a"}]},
        "last of two": {"type": "Lowercase", "unknown": [{}]},
        "a table": {
            "type": "Precompiled",
            "precompiled_charsmap": base64.b64encode(charsmap()).decode(),
        },
    }.items():
        yield f"normalizer {name}", changed(base, normalizer=part)
    byte = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    yield "byte level without use_regex", changed(build(byte_level()).to_str(), pre_tokenizer=byte)
    delimiter = {"type": "CharDelimiterSplit", "delimiter": "x"}
    yield "delimiter", changed(base, pre_tokenizer=delimiter)
    yield "digits", changed(base, pre_tokenizer={"type": "FixedLength"})
    yield "punctuation", changed(base, pre_tokenizer={"type": "Punctuation"})
    yield "decoder without type", changed(base, decoder={"suffix": "</w>"})
    pair = {"sep": ["</s>", 3], "cls": ["<s>", 2]}
    yield "bert processing", changed(base, post_processor=pair)
    flags = {"trim_offsets": True, "add_prefix_space": False, "type": "BertProcessing"}
    yield "roberta processing", changed(base, post_processor=pair | flags)
    truncation = {"max_length": 5, "strategy": "LongestFirst", "stride": 0}
    yield "truncation without direction", changed(base, truncation=truncation)
    text = json.loads(base)
    for absent in ("version", "truncation", "padding", "added_tokens", "normalizer", "decoder"):
        del text[absent]
    yield "few fields", json.dumps(text)
