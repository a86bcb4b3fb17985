"""Promise: text that is not trusted never yields a special id, whatever the family of tokenizer.

Many vocabularies hold their special tokens as pieces, so that a model alone would
find `<s>` in text that spells it. And bytes that are not UTF-8 are refused where a model has no
tokens for bytes.
"""

from __future__ import annotations

import pytest

import families
import toksmith as ts
from testdata import need

REAL = (
    "bert/tokenizer.json", "bert/vocab.txt", "xlmr_unigram/tokenizer.json",
    "xlmr_unigram/tokenizer.model", "mistral_v1/tokenizer.json", "mistral_v1/tokenizer.model",
)  # fmt: skip
SPELLED = (
    "<s>", "</s>", "<unk>", "<pad>", "<mask>", "[CLS]", "[SEP]", "[UNK]", "[MASK]", "[PAD]",
    "<ctl>",
)  # fmt: skip


def untrusted(tok: ts.Tokenizer) -> list[str]:
    """Texts that spell special tokens, whole, among others, and in halves."""
    names = [*SPELLED, *tok.special_ids]
    spelled = [(n, f"a{n}b", f" {n} {n}", n[:-1], n.upper()) for n in names]
    return [*families.SEAMS, *(text for texts in spelled for text in texts)]


def ids_of(tok: ts.Tokenizer, parts: list[tuple[str, bool]]) -> set[int]:
    """The ids of the parts; none where the tokenizer refuses them."""
    try:
        return set(tok.encode_parts(parts).tolist())
    except ts.InputError:
        return set()


def assert_none_special(tok: ts.Tokenizer) -> None:
    # The id for what is unknown is what unknown text becomes: it says nothing that text could not.
    special = set(tok.special_ids.values()) - {tok.unk_id}
    for text in untrusted(tok):
        found = ids_of(tok, [(text, False)])
        assert not found & special, (text, found & special)
    for name in [*SPELLED, *tok.special_ids]:
        for cut in range(len(name) + 1):
            parts = [("x", True), (name[:cut], False), (name[cut:], False), ("x", True)]
            found = ids_of(tok, parts)
            assert not found & special, (parts, found & special)


@pytest.mark.parametrize("family", families.CHARACTER_FAMILIES)
def test_unknown_characters_are_no_reason_to_refuse_a_text(family: str) -> None:
    tok = ts.Tokenizer.from_bytes(families.file_of(family))
    for text in ("a\U0001f9a9b", "x \u10a0", "\ufffd"):
        assert tok.encode_parts([(text, False)]).tolist() == tok.encode(text), text


@pytest.mark.parametrize("family", families.FAMILIES)
def test_small_tokenizers(family: str) -> None:
    assert_none_special(ts.Tokenizer.from_bytes(families.file_of(family)))


@pytest.mark.parametrize("file", REAL)
def test_real_tokenizers(file: str) -> None:
    assert_none_special(ts.Tokenizer.from_file(need(f"vocabs/{file}")))


@pytest.mark.parametrize("family", families.FAMILIES)
def test_trusted_text_alone_is_encoded_as_ever(family: str) -> None:
    tok = ts.Tokenizer.from_bytes(families.file_of(family))
    for text in families.texts(20, seed=41):
        ids = tok.encode(text, allowed_special="all")
        assert tok.encode_parts([(text, True)]).tolist() == ids, text


@pytest.mark.parametrize(
    "bad", [b"\xff", b"a\xc3", b"\xed\xa0\x80", b"x\x80y", b"\xf4\x90\x80\x80"]
)
@pytest.mark.parametrize("family", families.CHARACTER_FAMILIES)
def test_bytes_that_are_not_utf8_are_refused(family: str, bad: bytes) -> None:
    tok = ts.Tokenizer.from_bytes(families.file_of(family))
    for call in (tok.encode, tok.encode_array, tok.count, tok.encode_with_spans):
        with pytest.raises(ts.InputError, match="UTF-8"):
            call(bad)
    texts: list[str | bytes] = ["fine", bad]
    for batch in (tok.encode_batch, tok.count_batch):
        with pytest.raises(ts.InputError, match="UTF-8"):
            batch(texts)
    with pytest.raises(ts.InputError, match="UTF-8"):
        tok.encode_parts([("fine", True), (bad, False)])
