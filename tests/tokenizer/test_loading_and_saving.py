"""Promise: a tokenizer is found by content, saved whole or not at all, and comes back equal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import tokenizers

import toksmith as ts
from generated import strings
from references import EMBEDDED, json_pair, load_ranks, rank_file, rank_pair
from vocabularies import embedded

ALL = (*EMBEDDED, "saved/cl100k_base")
TEXT = "Some text, <|endoftext|>\n\n  and 12345 \U0001f642's!"


def tokenizer(name: str) -> ts.Tokenizer:
    return json_pair(name)[0] if "/" in name else embedded(name)


@pytest.mark.parametrize("name", ALL)
def test_its_own_format_comes_back_equal(name: str, tmp_path: Path) -> None:
    tok = tokenizer(name)
    tok.save(tmp_path / "mine.toksmith")
    back = ts.Tokenizer.from_file(tmp_path / "mine.toksmith")
    assert back == tok == ts.Tokenizer.from_bytes(tok.to_bytes())
    assert back.to_bytes() == tok.to_bytes() == (tmp_path / "mine.toksmith").read_bytes()
    assert (back.name, back.vocab_size, len(back)) == (tok.name, tok.vocab_size, len(tok))


@pytest.mark.parametrize("name", [name for name in ALL if name != "o200k_harmony"])
def test_a_saved_tokenizer_json_gives_the_same_ids(name: str, tmp_path: Path) -> None:
    tok = tokenizer(name)
    tok.save(tmp_path / "tokenizer.json")
    back = ts.Tokenizer.from_file(tmp_path)
    texts = list(strings(500, seed=6))
    assert back.encode_batch(texts) == tok.encode_batch(texts)
    assert back.special_ids == tok.special_ids
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert theirs.encode(TEXT).ids == tok.encode(TEXT, allowed_special="all")


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_saved_rank_file_is_the_published_one(name: str, tmp_path: Path) -> None:
    embedded(name).save(tmp_path / "ranks.tiktoken")
    assert (tmp_path / "ranks.tiktoken").read_bytes() == rank_file(name)
    back = ts.Tokenizer.from_file(tmp_path)  # known by its hash: no pattern needed
    assert back.encode(TEXT) == embedded(name).encode(TEXT)
    ranks = load_ranks(rank_file(name))
    assert all(back.token_id(token) == rank for token, rank in list(ranks.items())[::997])


@pytest.mark.parametrize("name", ["llama3", "qwen"])
def test_a_known_rank_file_needs_no_pattern(name: str) -> None:
    from testdata import need

    file = {"llama3": "vocabs/llama3/tokenizer.model", "qwen": "vocabs/qwen/qwen.tiktoken"}[name]
    ours, _ = rank_pair(name)
    known = ts.Tokenizer.from_file(need(file))
    texts = list(strings(300, seed=8))
    assert known.encode_batch(texts) == ours.encode_batch(texts)


def test_a_file_is_known_by_content_and_not_by_name(tmp_path: Path) -> None:
    tok = embedded("r50k_base")
    for form in ("json", "tiktoken", "toksmith"):
        tok.save(tmp_path / "misleading.txt", format=form)
        assert ts.Tokenizer.from_file(tmp_path / "misleading.txt").encode(TEXT) == tok.encode(TEXT)


def test_errors_name_the_path(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(b'{"model": ')
    with pytest.raises(ts.ModelError, match=r"broken\.json: malformed model"):
        ts.Tokenizer.from_file(broken)
    with pytest.raises(ts.InputError, match=r"absent\.json: no such file"):
        ts.Tokenizer.from_file(tmp_path / "absent.json")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ts.ModelError, match="holds no model file"):
        ts.Tokenizer.from_file(empty)
    for name in ("a.tiktoken", "b.tiktoken"):
        (empty / name).write_bytes(b"")
    with pytest.raises(ts.ModelError, match=r"a\.tiktoken, b\.tiktoken"):
        ts.Tokenizer.from_file(empty)
    with pytest.raises(ts.ModelError, match=r"a\.tiktoken"):
        ts.Tokenizer.from_file(empty / "a.tiktoken")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ts.InputError, match="not a regular file"):
            ts.Tokenizer.from_file(tmp_path / "pipe")


def test_what_does_not_fit_a_format_is_an_error(tmp_path: Path) -> None:
    tok = embedded("r50k_base")
    with pytest.raises(ts.InputError, match="format="):
        tok.save(tmp_path / "x.bin")
    with pytest.raises(ts.InputError, match="format must be"):
        tok.save(tmp_path / "x.bin", format="onnx")
    with pytest.raises(ts.InputError, match="cannot be written"):
        tok.save(tmp_path / "no" / "folder.json")
    assert list(tmp_path.iterdir()) == []


def test_two_special_tokens_of_one_id_have_no_tokenizer_json(tmp_path: Path) -> None:
    with pytest.raises(ts.UnsupportedFeature, match="reserved_200018"):
        embedded("o200k_harmony").save(tmp_path / "tokenizer.json")


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kept.toksmith"
    file.write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ts.InputError, match="disk full"):
        embedded("r50k_base").save(file)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_rank_files_take_pattern_and_specials_from_the_caller() -> None:
    data = rank_file("r50k_base") + b"em9uayE= 60000\n"  # another file: its hash is not known
    tok = ts.Tokenizer.from_bytes(data, pattern=r"\w+|\W", specials={"<s>": 60001}, name="mine")
    assert tok.name == "mine"
    assert tok.special_ids == {"<s>": 60001}
    assert tok.encode("<s>", allowed_special="all") == [60001]
    assert tok.token_bytes(60000) == b"zonk!"
    with pytest.raises((ts.InputError, ts.UnsupportedFeature, ts.VocabularyError), match="pattern"):
        ts.Tokenizer.from_bytes(data)
    with pytest.raises((ts.InputError, ts.ModelError), match="pattern"):
        ts.Tokenizer.from_bytes(data, pattern="(unclosed", specials={})


def test_arguments_a_file_answers_itself_are_not_ignored() -> None:
    data = embedded("r50k_base").to_bytes()
    with pytest.raises(ts.ToksmithError, match="pattern"):
        ts.Tokenizer.from_bytes(data, pattern="x")
    with pytest.raises(ts.ToksmithError, match="specials"):
        ts.Tokenizer.from_bytes(data, specials={"<s>": 99_999})


def test_names_that_are_not_embedded() -> None:
    with pytest.raises(ts.VocabularyError, match="cl100k_base"):
        ts.Tokenizer.from_pretrained("cl100k")
    with pytest.raises(ts.UnsupportedFeature, match="hub"):
        ts.Tokenizer.from_pretrained("openai-community/gpt2")
