"""Tokens merge inside pre-tokens, words, sentences and masks, and special tokens never do."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import toksmith as ts
from testdata import need
from toksmith.dynamic import MergeResult, apply, merge_batch
from vocabularies import embedded

TEXTS = [
    "The well-known cat's (big) hat. Was it red? It was!  It was 3.5 metres e.g. long.\n\n Yes",
    " leading and trailing  ", "", " ", "\u00a0x\u2003y z", "don't; can't,won't--ok re-use...",
    "漢字かな交じり文。二つ目の文。 e\u0301a\u0301 👩‍👩‍👧 and 👩‍👩‍👧!",
    "\x00\t\r\n <0x41> ##ing ▁a",
]  # fmt: skip


def pieces(tok: ts.Tokenizer, result: MergeResult, row: int) -> list[bytes]:
    """What each id of a row stands for, by the ids that it was made of."""
    ids = result.source[row].tolist()
    edges = result.batch.offsets
    spans = result.spans[edges[row] : edges[row + 1]].tolist()
    return [tok.decode_bytes(ids[start:end]) for start, end in spans]


def saturated(tok: ts.Tokenizer, texts: list[str], boundary: Any, given: bool) -> MergeResult:
    return merge_batch(
        tok.encode_batch(texts), tok, boundary=boundary, texts=texts if given else None
    )


@pytest.mark.parametrize("given", [True, False])
def test_all_that_is_left_are_the_units(given: bool) -> None:
    tok = embedded("cl100k_base")
    # Merged until nothing is left to merge, each token is a unit, or a piece of one that a token
    # of the vocabulary reaches over the edge of.
    words = {text: re.findall(r"\s*\S+|\s+$", text) for text in TEXTS}
    result = saturated(tok, TEXTS, "word", given)
    for row, text in enumerate(TEXTS):
        edges = slice(result.batch.offsets[row], result.batch.offsets[row + 1])
        widths = np.diff(result.spans[edges]).ravel().tolist()
        found = pieces(tok, result, row)
        assert b"".join(found) == text.encode()
        for width, piece in zip(widths, found, strict=True):
            assert width == 1 or len(re.findall(r"\s*\S+|\s+$", piece.decode())) == 1
        if row in (4, 6):
            assert [piece.decode() for piece in found] == words[text]
    plain = saturated(tok, TEXTS, "none", given)
    assert [len(row) for row in plain.batch] == [int(bool(text)) for text in TEXTS]


@pytest.mark.parametrize("given", [True, False])
def test_words_with_hyphens(given: bool) -> None:
    tok = embedded("cl100k_base")
    result = saturated(tok, ["the well-known cat, (re-use) it."], "word_hyphen", given)
    assert pieces(tok, result, 0) == [
        b"the", b" well-known", b" cat", b",", b" (re-use", b")", b" it", b".",
    ]  # fmt: skip


@pytest.mark.parametrize("given", [True, False])
def test_sentences(given: bool) -> None:
    tok = embedded("cl100k_base")
    result = saturated(tok, [TEXTS[0].rstrip()], "sentence", given)
    assert b"".join(pieces(tok, result, 0)) == TEXTS[0].rstrip().encode()
    assert pieces(tok, result, 0)[:2] == [b"The well-known cat's (big) hat.", b" Was it red?"]
    # Over spaces, which the published mode of that name cannot.
    assert any(b"was" in piece and b" " in piece.strip() for piece in pieces(tok, result, 0))


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base"])
@pytest.mark.parametrize("given", [True, False])
def test_pre_tokens(name: str, given: bool) -> None:
    tok = embedded(name)
    result = saturated(tok, TEXTS, "pretoken", given)
    for row, text in enumerate(TEXTS):
        found = pieces(tok, result, row)
        assert b"".join(found) == text.encode()
        edges = slice(result.batch.offsets[row], result.batch.offsets[row + 1])
        assert result.words is not None
        assert result.words[edges].tolist() == list(range(len(found)))
        assert result.text_spans is not None
        spans = result.text_spans[edges].tolist()
        assert [text.encode()[start:end] for start, end in spans] == found


@pytest.mark.parametrize(
    "name", ["bert/tokenizer.json", "xlmr_unigram/tokenizer.json", "llama3/tokenizer.json"]
)
def test_pre_tokens_of_other_models(name: str) -> None:
    tok = ts.Tokenizer.from_file(need(f"vocabs/{name}"))
    texts = ["unbelievable tokenizers merging subwords", "un believable"]
    batch = tok.encode_batch(texts)
    for given in (texts, None):
        result = merge_batch(batch, tok, texts=given)
        assert [len(row) for row in result.batch] == [4, 2]
        assert result.undo(len(result.log)).batch == batch
        assert result.new_tokens.bytes is not None
        assert b" tokenizers" in result.new_tokens.bytes
        shorter = merge_batch(batch, tok, texts=given, max_token_bytes=8)
        assert max(map(len, shorter.new_tokens.bytes or [b""])) <= 8


def test_special_tokens_padding_and_protected_ids_never_merge() -> None:
    tok = embedded("cl100k_base")
    end = tok.special_ids["<|endoftext|>"]
    one = tok.encode("unbelievably")
    rows = [[end, *one, end, end], [end, *one, *one]]
    for texts in (None, ["unbelievably", "unbelievablyunbelievably"]):
        result = merge_batch(rows, tok, boundary="none", texts=texts)
        assert [row.tolist().count(end) for row in result.batch] == [3, 1]
        assert [len(row) for row in result.batch] == [4, 2]
    result = merge_batch(rows, tok, boundary="none", protected=[one[0]])
    assert [row.tolist().count(one[0]) for row in result.batch] == [1, 2]
    masked = merge_batch(rows, mask=np.zeros(sum(map(len, rows)), bool))
    assert masked.batch.tolist() == rows


def test_rows_may_end_early_and_must_be_their_texts() -> None:
    tok = embedded("cl100k_base")
    texts = ["one two three four", "five six"]
    rows = [tok.encode(text) for text in texts]
    merge_batch([rows[0][:2], rows[1]], tok, texts=texts)
    with pytest.raises(ts.InputError, match="row 1"):
        merge_batch(rows, tok, texts=["one two three four", "five seven"])
    with pytest.raises(ts.InputError, match="1 texts for 2 rows"):
        merge_batch(rows, tok, texts=texts[:1])


def test_bytes_that_are_not_text() -> None:
    tok = embedded("cl100k_base")
    texts = [b"\xff\xfeab \x80 cd\xe2\x82", b"\xe2\x82\xac \xf0\x9f"]
    batch = tok.encode_batch(texts)
    for boundary in ("pretoken", "word", "word_hyphen", "sentence", "none", "pretoken_published"):
        for given in (texts, None):
            result = merge_batch(batch, tok, boundary=boundary, texts=given)
            assert result.undo(len(result.log)).batch == batch
            assert apply(result.log, batch, tok, texts=given).batch == result.batch
            for row, text in enumerate(texts):
                assert b"".join(pieces(tok, result, row)) == text
