"""Counts equal those of the pieces that tokenizers' own normalizers and pre-tokenizers make."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from itertools import islice
from typing import Any

import pytest
import tokenizers

import families
import oracles
import toksmith as ts
import vocabularies
from references import tiktoken_reference
from testdata import CORPORA, corpus, need
from toksmith._native import WordCounter

FILES = ("gpt2", "bert", "xlmr_unigram", "mistral_v1", "llama3", "qwen")


def without_added(text: str) -> str:
    """The same tokenizer.json without added tokens."""
    return json.dumps({**json.loads(text), "added_tokens": []})


def letters_of(tok: ts.Tokenizer) -> dict[str, int]:
    """The byte alphabet, if words are bytes."""
    try:
        tok.encode(b"\xff")
    except ts.InputError:
        return {}
    return {letter: byte for byte, letter in vocabularies.BYTE_ALPHABET.items()}


def counted(tok: ts.Tokenizer, texts: list[str], **options: Any) -> dict[bytes, int]:
    counter = WordCounter(tok, **options)
    counter.add(texts)
    return dict(counter.finish().items())


def as_bytes(words: Counter[str]) -> dict[bytes, int]:
    return {word.encode(): count for word, count in words.items()}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", [*CORPORA, "generated"])
def test_of_files_in_use(name: str, kind: str) -> None:
    text = need(f"vocabs/{name}/tokenizer.json").read_text("utf-8")
    ours = ts.Tokenizer.from_bytes(without_added(text).encode())
    theirs = tokenizers.Tokenizer.from_str(without_added(text))
    if kind == "generated":
        texts = families.texts(1500, seed=4)
    else:
        texts = [text[:20_000] for text in islice(corpus(kind), 60)]
    expected = oracles.count_words(theirs, texts, letters_of(ours))
    assert counted(ours, texts, num_threads=2, budget=100_000) == dict(expected)


def test_of_every_combination_of_parts() -> None:
    texts = families.texts(120, seed=5)
    for name, text in families.jsons().items():
        bare = without_added(text)
        try:
            ours = ts.Tokenizer.from_bytes(bare.encode())
        except ts.UnsupportedFeature:
            continue
        theirs = tokenizers.Tokenizer.from_str(bare)
        try:
            expected = oracles.count_words(theirs, texts, letters_of(ours))
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            continue
        assert counted(ours, texts) == dict(expected), name


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_of_rank_files(name: str) -> None:
    pattern = tiktoken_reference(name).encoding._pat_str
    texts = [*families.texts(1500, seed=6), *islice(corpus("code"), 40)]
    # What this Python knows is what all Unicode versions agree on.
    texts = [text for text in texts if all(unicodedata.category(char) != "Cn" for char in text)]
    expected = Counter(piece for text in texts for piece in oracles.split(pattern, text))
    found = counted(vocabularies.embedded(name), texts, allowed_special=[])
    assert found == as_bytes(expected)


def test_added_tokens_are_cut_out() -> None:
    tok = vocabularies.embedded("cl100k_base")
    parts = ["one two", " three\n", "four  five "]
    joined = "<|endoftext|>".join(parts)
    assert counted(tok, [joined]) == counted(tok, parts)
    assert counted(tok, [joined], allowed_special=["<|fim_prefix|>"]) != counted(tok, parts)
    assert b"<|" in counted(tok, [joined], allowed_special=[])


@pytest.mark.parametrize("name", ["bert", "xlmr_unigram", "mistral_v1"])
def test_added_tokens_are_cut_out_before_text_is_normalized(name: str) -> None:
    tok = ts.Tokenizer.from_file(need(f"vocabs/{name}/tokenizer.json"))
    token = {"bert": "[SEP]", "xlmr_unigram": "</s>", "mistral_v1": "</s>"}[name]
    for left, right in [("One", "two"), ("a b", "c"), ("\u00e9", "e\u0301")]:
        found = counted(tok, [left + token + right])
        assert not any(b"s>" in word or b"SEP" in word for word in found)
        assert sum(found.values()) >= 2
