"""Every id of every vocabulary is the bytes that its file means by it, and has a role."""

from __future__ import annotations

import json

import numpy as np
import pytest

import toksmith as ts
from families import FAMILIES, file_of
from testdata import need
from transfer.oracle_canonical import of_json, of_model, of_ranks
from transfer.vocabs import REAL, made, real

Role = ts.transfer.Role


def text_of(vocabulary: ts.transfer.Canonical) -> dict[int, bytes]:
    ids = np.flatnonzero(vocabulary.role <= Role.ADDED).tolist()
    return {token: vocabulary[token] for token in ids}


@pytest.mark.parametrize("family", FAMILIES)
def test_generated_vocabularies(family: str) -> None:
    data = file_of(family)
    expected = of_model(data) if family.startswith("model ") else of_json(data.decode())
    assert text_of(made(family)) == expected


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama3", "mistral", "qwen", "xlmr"])
def test_real_tokenizer_json(name: str) -> None:
    assert text_of(real(name)) == of_json(need(REAL[name]).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["mistral model", "xlmr model"])
def test_real_sentencepiece_models(name: str) -> None:
    assert text_of(real(name)) == of_model(need(REAL[name]).read_bytes())


@pytest.mark.parametrize("name", ["cl100k", "o200k"])
def test_real_rank_files(name: str) -> None:
    assert text_of(real(name)) == of_ranks(need(REAL[name]))


@pytest.mark.parametrize("name", REAL)
def test_no_id_is_without_bytes_and_role(name: str) -> None:
    vocabulary = real(name)
    empty = vocabulary.lengths == 0
    hole = vocabulary.role >= Role.HOLE
    assert (empty == hole).all() or (vocabulary.role[empty & ~hole] == Role.SPECIAL).all()
    assert vocabulary.tolist() == [vocabulary[token] for token in range(len(vocabulary))]


def test_roles_of_special_tokens() -> None:
    bert, llama = real("bert"), real("llama3")
    roles = {name: Role(bert.role[bert.find(name)]).name for name in
             ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")}  # fmt: skip
    assert roles == {"[PAD]": "PAD", "[UNK]": "UNK", "[CLS]": "CLS", "[SEP]": "SEP",
                     "[MASK]": "MASK"}  # fmt: skip
    assert llama.role[llama.find("<|begin_of_text|>")] == Role.BOS
    assert llama.role[llama.find("<|end_of_text|>")] == Role.EOS


def test_the_place_in_a_template_tells_a_role_that_a_name_does_not() -> None:
    file = json.loads(file_of("trained byte-level BPE"))
    first = max(file["model"]["vocab"].values()) + 1
    names = ["<|go|>", "<|stop|>"]
    file["added_tokens"] = [
        {"id": first + at, "content": name, "single_word": False, "lstrip": False,
         "rstrip": False, "normalized": False, "special": True}
        for at, name in enumerate(names)
    ]  # fmt: skip
    special = [{"SpecialToken": {"id": name, "type_id": 0}} for name in names]
    text = {"Sequence": {"id": "A", "type_id": 0}}
    file["post_processor"] = {
        "type": "TemplateProcessing", "single": [special[0], text, special[1]],
        "pair": [special[0], text, {"Sequence": {"id": "B", "type_id": 0}}, special[1]],
        "special_tokens": {
            name: {"id": name, "ids": [first + at], "tokens": [name]}
            for at, name in enumerate(names)
        },
    }  # fmt: skip
    vocabulary = ts.transfer.canonical(ts.Tokenizer.from_bytes(json.dumps(file).encode()))
    assert [Role(vocabulary.role[first + at]) for at in (0, 1)] == [Role.BOS, Role.EOS]


def test_rows_beyond_the_tokenizer_and_ids_beyond_the_rows() -> None:
    tok = made("BERT").tokenizer
    size = len(made("BERT"))
    longer, shorter = ts.transfer.canonical(tok, size + 5), ts.transfer.canonical(tok, size - 5)
    assert (longer.role[size:] == Role.PADDING).all()
    assert len(longer) == size + 5
    assert longer.tolist()[size:] == [b""] * 5
    assert (len(shorter), shorter.without_row, longer.without_row) == (size - 5, 5, 0)


def test_a_bare_piece_begins_a_word_unless_told_otherwise() -> None:
    tok = made("trained WordPiece").tokenizer
    space, plain = made("trained WordPiece"), ts.transfer.canonical(tok, word_start="plain")
    bare, inside = tok.token_id(b"e"), tok.token_id(b"##e")
    assert (space[bare], space[inside]) == (b" e", b"e")
    assert (plain[bare], plain[inside]) == (b"e", b"e")
    assert space.word_start[bare]
    assert plain.word_start[bare]
    assert not space.word_start[inside]
    assert not plain.word_start[inside]


def test_wrong_arguments() -> None:
    tok = made("BERT").tokenizer
    for call in (
        lambda: ts.transfer.canonical("x"),  # type: ignore[arg-type]
        lambda: ts.transfer.canonical(tok, -1),
        lambda: ts.transfer.canonical(tok, 1 << 30),
        lambda: ts.transfer.canonical(tok, word_start="none"),  # type: ignore[arg-type]
        lambda: made("BERT")[1 << 20],
    ):
        with pytest.raises(ts.InputError):
            call()
    with pytest.raises(ts.VocabularyError):
        made("BERT").find("<nowhere>")
