"""BPE and WordPiece: what tokenizers trains on the same texts, and what its file encodes there.

Where its result is not settled by its input (`rust/toksmith-core/src/train/bpe/mod.rs` says where),
the tests settle it.
"""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from tokenizers import models, trainers

import toksmith as ts
from generated import strings
from testdata import CORPORA, FULL, corpus
from toksmith import train

BYTE_LEVEL = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
DOCUMENTS = 10**9 if FULL else 150
SIZE = 32_000 if FULL else 2_000
SPECIAL = ["<|end|>", "<pad>"]


def texts_of(name: str) -> list[str]:
    """Documents of a corpus, without those that spell a special token: they are words there."""
    found = (text for text in corpus(name) if not any(each in text for each in SPECIAL))
    return list(islice(found, DOCUMENTS))


def model_of(tok: ts.Tokenizer | tokenizers.Tokenizer) -> dict[str, Any]:
    """The model of a file."""
    text = tok.to_str() if isinstance(tok, tokenizers.Tokenizer) else tok._save("json")
    model: dict[str, Any] = json.loads(text)["model"]
    return model


def assert_loads_there(tok: ts.Tokenizer, texts: list[str], path: Path) -> None:
    """The saved file, read by tokenizers, gives the same ids."""
    tok.save(path / "tokenizer.json")
    there = tokenizers.Tokenizer.from_file(str(path / "tokenizer.json"))
    assert there.get_vocab() == {token.decode(): id_ for token, id_ in spelled(tok).items()}
    for start in range(0, len(texts), 500):
        some = texts[start : start + 500]
        answers = [each.ids for each in there.encode_batch(some, add_special_tokens=False)]
        assert tok.encode_batch(some, allowed_special="all").tolist() == answers


def spelled(tok: ts.Tokenizer) -> dict[bytes, int]:
    """The vocabulary of the file, added tokens included."""
    document = json.loads(tok._save("json"))
    vocab = document["model"]["vocab"]
    added = {each["content"]: each["id"] for each in document["added_tokens"]}
    return {token.encode(): id_ for token, id_ in {**vocab, **added}.items()}


def like_of(name: str) -> tokenizers.Tokenizer:
    """An empty BPE of tokenizers with the pipeline of a name, special tokens aside."""
    sample = train.bpe(["a"], 300, like=name, special_tokens=[])
    there = tokenizers.Tokenizer.from_str(sample._save("json").decode())
    fallback = not name.startswith("gpt2")
    empty = tokenizers.Tokenizer(models.BPE(byte_fallback=fallback))
    for part in ("normalizer", "pre_tokenizer", "decoder"):
        if getattr(there, part) is not None:
            setattr(empty, part, getattr(there, part))
    return empty


@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize("options", [{}, {"min_frequency": 3, "max_token_length": 6}])
def test_byte_level(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    texts = texts_of(name)
    ours = train.bpe(texts, SIZE, like="gpt2", special_tokens=SPECIAL, **options)
    there = like_of("gpt2")
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE, special_tokens=SPECIAL, show_progress=False,
        initial_alphabet=BYTE_LEVEL.alphabet(), **options,
    )  # fmt: skip
    there.train_from_iterator(texts, trainer)
    found, expected = model_of(ours), model_of(there)
    assert found["merges"] == expected["merges"]
    assert found["vocab"] == expected["vocab"]
    assert_loads_there(ours, [*texts, *strings(200)], tmp_path)


@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize("options", [{}, {"limit_alphabet": 60, "min_frequency": 2}])
def test_characters(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    # Special tokens that stand in texts are left out here and counted as text there.
    texts = [line for text in texts_of(name) for line in text.splitlines() if "<unk>" not in line]
    if options:
        texts = texts_without_ties(texts, 59)  # and one that is given
    size = SIZE + 4_000  # some of the corpora have thousands of characters
    ours = train.bpe(
        texts, size, like="metaspace", special_tokens=["<unk>", *SPECIAL], unk_token="<unk>",
        byte_fallback=False, initial_alphabet=["\u0416"], **options,
    )  # fmt: skip
    there = like_of("metaspace")
    there.model = models.BPE(unk_token="<unk>")
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<unk>", *SPECIAL], show_progress=False,
        initial_alphabet=["\u0416"], **options,
    )  # fmt: skip
    there.train_from_iterator(texts, trainer)
    found, expected = model_of(ours), model_of(there)
    assert found["merges"] == expected["merges"]
    assert found["vocab"] == expected["vocab"]
    assert_loads_there(ours, [*texts, *strings(200)], tmp_path)


def test_bytes_instead_of_characters_that_are_no_tokens(tmp_path: Path) -> None:
    texts = texts_of("english")
    ours = train.bpe(texts, SIZE, like="metaspace", limit_alphabet=50)
    vocab = model_of(ours)["vocab"]
    assert {f"<0x{byte:02X}>" for byte in range(256)} <= vocab.keys()
    more = [*texts, *strings(200)]
    assert_loads_there(ours, more, tmp_path)
    assert [ours.decode(ours.encode(text)) for text in more] == more


@pytest.mark.parametrize("name", CORPORA)
def test_wordpiece(name: str, tmp_path: Path) -> None:
    texts = texts_of(name)
    ours = train.wordpiece(texts, SIZE + 4_000, like="bert", limit_alphabet=None)
    found = model_of(ours)["vocab"]
    # There, the ids of continuing characters go by chance, unless special tokens have them.
    initial = [token for i, token in enumerate(found) if i < 5 or len(bare(token)) == 1]
    assert [found[token] for token in initial] == list(range(len(initial)))
    there = tokenizers.BertWordPieceTokenizer()
    there.train_from_iterator(
        texts, vocab_size=SIZE + 4_000, min_frequency=0, limit_alphabet=1 << 30,
        special_tokens=initial, show_progress=False,
    )  # fmt: skip
    assert found == there.get_vocab()
    assert_loads_there(ours, [*texts, *strings(200)], tmp_path)


def bare(token: str) -> str:
    """Without the sign of a continuing token."""
    return token.removeprefix("##")


def texts_without_ties(texts: list[str], limit: int) -> list[str]:
    """With lines that make the characters on both sides of the limit differ in count."""
    counts: dict[str, int] = {}
    for text in texts:
        for letter in text.replace(" ", "\u2581"):
            counts[letter] = counts.get(letter, 0) + 1
    ranked = sorted(counts, key=lambda letter: (-counts[letter], letter))
    kept = [letter for letter in ranked[:limit] if counts[letter] == counts[ranked[limit - 1]]]
    return [*texts, "".join(kept)]
