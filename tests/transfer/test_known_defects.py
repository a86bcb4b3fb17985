"""What other tools are known to get wrong about vocabularies is right here."""

from __future__ import annotations

import numpy as np
import pytest

import toksmith as ts
from families import FAMILIES
from transfer.vocabs import made, real

Role, Rule = ts.transfer.Role, ts.transfer.Rule


def test_every_byte_token_is_its_byte_the_last_included() -> None:
    # A map over `range(255)` loses the last; raw byte values are not ids.
    vocabulary = real("mistral")
    ids = np.flatnonzero(vocabulary.role == Role.BYTE).tolist()
    assert [vocabulary[token] for token in ids] == [bytes([byte]) for byte in range(256)]
    plan = ts.transfer.align(vocabulary, real("gpt2"))
    last = plan.target.tokenizer.token_id(b"\xff")
    assert plan.sources(last) == [(3 + 0xFF, 1.0)]


def test_id_zero_is_an_id() -> None:
    source = made("bytes, bare")
    plan = ts.transfer.align(source, source)
    zero = np.flatnonzero(plan.rule == Rule.EXACT)[0]
    assert plan.sources(int(zero)) == [(int(zero), 1.0)]
    plan = ts.transfer.align(real("gpt2"), real("llama3"))
    sign = plan.target.tokenizer.token_id(b"!")
    assert plan.sources(sign) == [(0, 1.0)]


def test_letters_of_the_byte_alphabet_are_decoded_before_they_are_cut() -> None:
    found = ts.transfer.decompose(real("mistral"), real("o200k"))
    texts = [text for text in found.target.tolist() if "\u00e9".encode() in text]
    assert len(texts) > 500
    for text in texts:
        token = found.target.tokenizer.token_id(text)
        assert b"".join(found.pieces(token)) == text


def test_large_letters_are_not_small_ones_unless_asked_for() -> None:
    plan = ts.transfer.align(real("bert"), real("llama3"))
    large = plan.target.tokenizer.token_id(b" US")
    assert plan.rule[large] != Rule.EXACT
    folded = ts.transfer.align(real("bert"), real("llama3"), case_fold=True)
    assert folded.rule[large] == Rule.CASE
    assert folded.source[folded.sources(large)[0][0]] == b" us"


def test_a_word_is_not_the_inside_of_a_word() -> None:
    plan = ts.transfer.align(real("bert"), real("llama3"))
    word, inside = (plan.target.tokenizer.token_id(text) for text in (b" able", b"able"))
    names = [plan.source.tokenizer.token_bytes(plan.sources(one)[0][0]) for one in (word, inside)]
    assert names == [b"able", b"##able"]


def test_special_tokens_of_one_kind_keep_their_rows_apart() -> None:
    vocabulary = real("llama3")
    plan = ts.transfer.align(vocabulary, vocabulary)
    assert (plan.ids == np.arange(len(vocabulary))).all()
    assert len(plan.ids) == len(vocabulary)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_row_is_a_mean_of_nothing(family: str) -> None:
    plan = ts.transfer.align(made(family), made("trained byte-level BPE"))
    rows = ts.transfer.gather_mean(np.ones((len(plan.source), 2), np.float32), plan)
    assert np.isfinite(rows).all()
    assert np.isfinite(plan.weights).all()
    assert (plan.weights > 0).all()
