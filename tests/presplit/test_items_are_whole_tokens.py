"""`delimit`: items are whole tokens of every family, and what is reported is so."""

from __future__ import annotations

import functools
import unicodedata

import hypothesis.strategies as st
import pytest
from hypothesis import given

import testdata
import toksmith as ts
from generated import strings
from toksmith.delimit import Delimited, ItemTokens, delimit, force_split, item_tokens

FAMILIES = ["cl100k_base", "gpt2", "bert/tokenizer.json", "xlmr_unigram/tokenizer.model"]
UNITS = ["char", "grapheme", "word"]
LETTERS = "abcxyzABC  \u00e9\u00df\u0431\u0416\u4e2d\u6587\u3042\uac000019\ufb01\u2168"
ANY = LETTERS + "e\u0301,.'-#\n\U0001f468\u200d\u1100\u1161\u0915\u093f\u2581\0"


@functools.cache
def tokenizer(family: str) -> ts.Tokenizer:
    if "/" in family:
        return ts.Tokenizer.from_file(testdata.need(f"vocabs/{family}"))
    return ts.Tokenizer.from_pretrained(family)


def naive(tok: ts.Tokenizer, text: Delimited) -> ItemTokens:
    """Each item against each token."""
    whole, taken = 0, set()
    spans = tok.encode_with_spans(str(text)).char_spans.tolist()
    for start, end in text.char_spans.tolist():
        here = [n for n, (first, last) in enumerate(spans) if first < end and last > start]
        taken |= set(here)
        outside = [at for n in here for at in range(*spans[n]) if not start <= at < end]
        whole += bool(here) and all(text[at].isspace() for at in outside)
    return ItemTokens(len(text.char_spans), whole, len(taken))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("unit", UNITS)
@given(text=st.text(st.sampled_from(LETTERS), max_size=12), sep=st.sampled_from([", ", " ", "; "]))
def test_letters_and_digits_are_whole_tokens(family: str, unit: str, text: str, sep: str) -> None:
    found = item_tokens(tokenizer(family), delimit(text, unit, sep))  # type: ignore[arg-type]
    assert found.whole == found.items


@pytest.mark.parametrize("family", FAMILIES)
@given(text=st.text(st.sampled_from(ANY), max_size=12), unit=st.sampled_from(UNITS))
def test_what_is_reported_is_so(family: str, text: str, unit: str) -> None:
    delimited = delimit(text, unit)  # type: ignore[arg-type]
    assert item_tokens(tokenizer(family), delimited) == naive(tokenizer(family), delimited)


@given(text=st.text(max_size=12), unit=st.sampled_from(UNITS))
def test_any_item_is_whole_tokens_where_splits_are_forced(text: str, unit: str) -> None:
    tok, delimited = tokenizer("cl100k_base"), delimit(text, unit)  # type: ignore[arg-type]
    ids = force_split(tok, str(delimited), delimited.char_spans)
    assert tok.decode(ids) == delimited
    tokens = b"\0".join(tok.token_bytes(id_) for id_ in ids)
    at = 0
    for item in delimited.items:
        spelled = b"\0".join(tok.token_bytes(id_) for id_ in tok.encode(item))
        at = tokens.index(spelled, at) + len(spelled)


def test_items_are_the_text_without_white_space() -> None:
    for text in ["", " \n", *strings(300, seed=3)]:
        seen = "".join(c for c in text if not c.isspace() or c in "\x1c\x1d\x1e\x1f")
        for unit in ("char", "grapheme"):
            items = delimit(text, unit).items
            assert "".join("".join(items).split()) == "".join(seen.split())
        assert delimit(text, "char", "|").items == list(seen)
        for word in delimit(text, "word").items:
            assert word in text
            assert any(unicodedata.category(c)[0] in "LMNC" for c in word)


def test_units_are_those_of_unicode() -> None:
    text = "I can't e\u0301at 3.5 \U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea!"
    assert delimit(text, "word", " ") == "I can't e\u0301at 3.5"
    family, flag = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea"
    assert delimit("e\u0301 " + family + flag, "grapheme").items == ["e\u0301", family, flag]
    assert delimit("straw") == "s, t, r, a, w"


def test_items_per_token() -> None:
    tok = tokenizer("cl100k_base")
    assert item_tokens(tok, delimit("strawberry")).items_per_token == 1
    assert item_tokens(tok, delimit("xqzvkw jjqqzz", "word")).items_per_token < 1
    assert item_tokens(tok, Delimited.of(["a", "b"], "")).items_per_token == 2
    assert item_tokens(tok, delimit("")) == ItemTokens(0, 0, 0)
    assert item_tokens(tok, delimit("")).items_per_token == 0


def test_what_cannot_be_is_an_error() -> None:
    for arguments in (("a", "letter"), ("a", 3), ("a", "char", ""), (b"a",), ("\ud800",)):
        with pytest.raises(ts.InputError):
            delimit(*arguments)
    with pytest.raises(ts.InputError, match="what delimit made"):
        item_tokens(tokenizer("gpt2"), "a, b")  # type: ignore[arg-type]
