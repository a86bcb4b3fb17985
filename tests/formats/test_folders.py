"""Promise: a folder is read as a whole: the model file in it and the configurations beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import toksmith as ts
from formats.pipelines import byte_letters, byte_level
from vocabularies import embedded


def write_pair(folder: Path) -> None:
    """A vocab.json of bytes, `ab` and `abc`, and its merges."""
    vocab = {letter: byte for byte, letter in byte_letters().items()} | {"ab": 256, "abc": 257}
    (folder / "vocab.json").write_text(json.dumps(vocab))
    (folder / "merges.txt").write_text("#version: 0.2\na b\nab c\n")


def test_a_pair_of_files_is_one_tokenizer(tmp_path: Path) -> None:
    write_pair(tmp_path)
    tok = ts.Tokenizer.from_file(tmp_path)
    assert tok.encode("abcab") == [257, 256]
    assert tok.special_ids == {"<|endoftext|>": 258}
    with pytest.raises(ts.UnsupportedFeature, match="merges"):
        ts.Tokenizer.from_file(tmp_path / "vocab.json")
    (tmp_path / "merges.txt").unlink()
    with pytest.raises(ts.ModelError, match=r"holds no model file .*vocab\.json with merges\.txt"):
        ts.Tokenizer.from_file(tmp_path)


def test_configurations_add_their_tokens(tmp_path: Path) -> None:
    write_pair(tmp_path)
    config = {"bos_token": "<b>", "eos_token": "ab", "extra_special_tokens": ["<x>"]}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    tok = ts.Tokenizer.from_file(tmp_path)
    assert tok.special_ids == {"<b>": 258, "ab": 256, "<|endoftext|>": 259, "<x>": 260}
    (tmp_path / "tokenizer_config.json").write_text('{"eos_token": 5}')
    with pytest.raises(ts.ModelError, match=r"tokenizer_config\.json\.eos_token"):
        ts.Tokenizer.from_file(tmp_path)


def test_a_tokenizer_json_comes_first(tmp_path: Path) -> None:
    write_pair(tmp_path)
    tok = embedded("r50k_base")
    tok.save(tmp_path / "tokenizer.json")
    assert ts.Tokenizer.from_file(tmp_path).encode("abcab") == tok.encode("abcab")
    (tmp_path / "special_tokens_map.json").write_text('{"pad_token": "<pad>"}')
    padded = ts.Tokenizer.from_file(tmp_path)
    assert padded.special_ids == tok.special_ids | {"<pad>": len(tok)}
    assert padded.encode("abcab") == tok.encode("abcab")


def test_arguments_reach_the_ranks_of_a_folder(tmp_path: Path) -> None:
    tok = embedded("r50k_base")
    tok.save(tmp_path / "ranks.tiktoken")
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": 50256}')
    named = ts.Tokenizer.from_file(tmp_path, name="mine", pattern=r"\w+|\W")
    assert (named.name, named.patterns) == ("mine", [r"\w+|\W"])
    write_pair(tmp_path)
    (tmp_path / "ranks.tiktoken").unlink()
    with pytest.raises(ts.UnsupportedFeature, match="pattern"):
        ts.Tokenizer.from_file(tmp_path, pattern=r"\w+|\W")


def test_a_vocab_txt_is_known(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\n")
    try:
        tok = ts.Tokenizer.from_file(tmp_path)
    except ts.UnsupportedFeature as error:
        pytest.skip(f"vocab.txt: {error}")
    assert tok.encode("HELLO") == [4]


def test_a_tokenizer_json_with_configurations_is_still_itself(tmp_path: Path) -> None:
    import tokenizers

    theirs = tokenizers.Tokenizer(byte_level())
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": true, "unknown": [1]}')
    tok = ts.Tokenizer.from_file(tmp_path)
    assert tok.encode("The cat and the hat") == theirs.encode("The cat and the hat").ids
