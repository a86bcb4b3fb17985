"""Promise: a GGUF file gives the ids that llama.cpp gives for it.

Expected are the ids that come with llama.cpp's own test vocabularies, and for small files what
its rules give, worked out by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import toksmith as ts
from formats import gguf_files as gguf
from formats.gguf_files import expectations

VOCABULARIES = ["bert-bge", "gpt-2", "llama-bpe", "llama-spm", "qwen2"]


def load(values: dict[str, Any]) -> ts.Tokenizer:
    return ts.Tokenizer.from_bytes(gguf.write(values))


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_ids_are_those_that_come_with_the_vocabulary(vocabulary: str) -> None:
    tok, cases = expectations(vocabulary)
    assert len(cases) >= 46
    for text, ids in cases:
        assert tok.encode(text) == ids, text


@pytest.mark.parametrize("vocabulary", ["gpt-2", "llama-bpe", "qwen2", "llama-spm"])
def test_ids_decode_to_the_text(vocabulary: str) -> None:
    tok, cases = expectations(vocabulary)
    for text, ids in cases:
        assert tok.decode(ids) == text


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_saved_files_give_the_same_ids(vocabulary: str, tmp_path: Path) -> None:
    tok, cases = expectations(vocabulary)
    tok.save(tmp_path / "tok.toksmith")
    own = ts.Tokenizer.from_file(tmp_path / "tok.toksmith")
    assert own == tok
    tok.save(tmp_path / "tokenizer.json")
    for other in (own, ts.Tokenizer.from_file(tmp_path / "tokenizer.json")):
        for text, ids in cases:
            assert other.encode(text) == ids, text


@pytest.mark.parametrize("model", gguf.MODELS)
@pytest.mark.parametrize(("version", "order"), [(2, "<"), (3, "<"), (3, ">")])
def test_every_model_is_read_in_either_order_of_bytes(model: str, version: int, order: str) -> None:
    values = gguf.MODELS[model]()
    tok = ts.Tokenizer.from_bytes(gguf.write(values, version, order))
    assert tok == load(values)


def test_bpe_finds_user_defined_tokens_always_and_special_ones_where_allowed() -> None:
    tok = load(gguf.bpe())
    end, tool = len(tok) - 2, len(tok) - 1
    assert tok.encode("the<tool>the") == [257, tool, 257]
    assert end not in tok.encode("the<|endoftext|>")
    assert tok.encode("the<|endoftext|>", allowed_special="all") == [257, end]
    assert tok("the").input_ids == [end, 257]
    assert tok.decode([257, 258, tool]) == "the the<tool>"


def test_the_pre_tokenizer_says_where_text_is_cut() -> None:
    assert load(gguf.bpe("gpt-2")).encode("123") == [264]
    assert load(gguf.bpe("starcoder")).encode("123") == [49, 50, 51]
    for name in ("klingon", "whitespace"):
        with pytest.raises(ts.UnsupportedFeature, match=f'pre = "{name}"'):
            load(gguf.bpe(name))


def test_spm_puts_a_space_before_each_stretch_of_text() -> None:
    tok = load(gguf.spm())
    ids = {tok.token_bytes(token).decode(): token for token in range(len(tok))}
    the, tool = ids["▁the"], ids["<tool>"]
    assert tok.encode("the<tool>the") == [the, tool, the]
    assert tok.encode("the  the") == [the, ids["▁"], the]
    assert tok.encode("é") == [ids["▁"], ids["<0xC3>"], ids["<0xA9>"]]
    assert tok("the").input_ids == [1, the]
    assert 2 not in tok.encode("the</s>")
    assert tok.encode("the</s>the", allowed_special="all") == [the, 2, the]
    assert tok.decode(tok.encode("the  thé")) == "the  thé"


def test_unigram_begins_every_word_with_a_space() -> None:
    tok = load(gguf.unigram())
    ids = {tok.token_bytes(token).decode(): token for token in range(len(tok))}
    assert tok.encode("the   hats ") == [ids["▁the"], ids["▁hat"], ids["s"]]
    assert tok.encode("theQQ a") == [ids["▁the"], 2, ids["▁a"]]
    assert tok("the").input_ids == [ids["▁the"], 1]


def test_wordpiece_cleans_text_as_llama_cpp_does() -> None:
    tok = load(gguf.wordpiece())
    ids = {tok.token_bytes(token).decode(): token for token in range(len(tok))}
    assert tok.encode("The CATS, in.") == [5, 6, ids["##s"], ids[","], ids["in"], ids["."]]
    assert tok.encode("ｘ") == [1]
    # Accents go, and of a Hangul syllable all but its first letter.
    assert tok.encode("thé\u0301 한") == [5, ids["ᄒ"]]
    assert tok("the").input_ids == [2, 5, 3]


@pytest.mark.parametrize("model", ["llama", "t5", "bert"])
def test_a_rank_file_holds_byte_level_merges_alone(model: str, tmp_path: Path) -> None:
    load(gguf.bpe()).save(tmp_path / "tok.tiktoken")
    with pytest.raises(ts.UnsupportedFeature, match="no byte-level BPE"):
        load(gguf.MODELS[model]()).save(tmp_path / "tok.tiktoken")


def changed(values: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """With other values, `None` for none."""
    changes = {f"tokenizer.ggml.{key}": value for key, value in keys.items()}
    return {key: value for key, value in (values | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (changed(gguf.bpe(), model=None), "tokenizer.ggml.model"),
        (changed(gguf.bpe(), tokens=None), "tokenizer.ggml.tokens"),
        (changed(gguf.bpe(), tokens=gguf.text("x")), "tokenizer.ggml.tokens"),
        (changed(gguf.bpe(), merges=None), "tokenizer.ggml.merges"),
        (changed(gguf.bpe(), merges=gguf.texts(["t h", "q"])), r"merges\[1\]"),
        (changed(gguf.bpe(), merges=gguf.texts(["t q"])), r"merges\[0\].*no token"),
        (changed(gguf.bpe(), token_type=gguf.array(gguf.I32, [1])), "token_type.*1 entries"),
        (changed(gguf.spm(), scores=gguf.array(gguf.F32, [1.0])), "scores.*1 entries"),
        (changed(gguf.spm(), add_bos_token=gguf.text("yes")), "add_bos_token.*bool"),
        (changed(gguf.spm(), tokens=gguf.texts(["a", "a"])), '"a" has the ids 0 and 1'),
        (changed(gguf.wordpiece(), seperator_token_id=None), "seperator_token_id"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ts.ModelError, match=message):
        load(values)


@pytest.mark.parametrize("model", ["rwkv", "plamo2", "no_vocab", "hybriddna"])
def test_other_models_are_unsupported_by_name(model: str) -> None:
    with pytest.raises(ts.UnsupportedFeature, match=model):
        load(changed(gguf.bpe(), model=gguf.text(model)))


def test_other_versions_are_unsupported() -> None:
    for version in (1, 4):
        with pytest.raises(ts.UnsupportedFeature, match=f"version {version} of GGUF"):
            ts.Tokenizer.from_bytes(gguf.write(gguf.bpe(), version))


def test_a_folder_with_a_gguf_file_means_that_file(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(gguf.write(gguf.bpe()))
    (tmp_path / "tokenizer_config.json").write_text("{}")
    assert ts.Tokenizer.from_file(tmp_path) == load(gguf.bpe())
