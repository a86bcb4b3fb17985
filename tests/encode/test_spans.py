"""Promise: spans are byte offsets into the text as given; char_spans are characters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
import toksmith as ts
from generated import strings
from vocabularies import embedded


def test_spans_of_a_text_with_shared_characters() -> None:
    text = "na\u00efve \U0001fae0"
    encoding = embedded("r50k_base").encode_with_spans(text)
    assert b"".join(encoding.tokens) == text.encode()
    assert encoding.spans[0].tolist() == [0, 2]
    smile = [span for span in encoding.char_spans.tolist() if span[1] == 7]
    assert len(smile) > 1, "the smile takes several tokens"
    assert all(start in (5, 6) for start, _ in smile)


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
@pytest.mark.parametrize("specials", [False, True])
def test_spans_are_those_of_the_oracle(name: str, specials: bool) -> None:
    tok = embedded(name)
    for text in strings(1_500, seed=4):
        encoding = tok.encode_with_spans(text, allowed_special="all" if specials else ())
        spans = oracles.byte_spans(encoding.tokens)
        assert encoding.spans.tolist() == list(map(list, spans))
        assert encoding.char_spans.tolist() == list(map(list, oracles.char_spans(text, spans)))


@given(st.binary(max_size=60))
def test_spans_of_bytes_cover_them(data: bytes) -> None:
    encoding = embedded("cl100k_base").encode_with_spans(data)
    assert encoding.spans.tolist() == list(map(list, oracles.byte_spans(encoding.tokens)))
    assert b"".join(encoding.tokens) == data
    assert (encoding.char_spans[:, 0] < encoding.char_spans[:, 1]).all()


def test_spans_of_replaced_surrogates_count_one_character_each() -> None:
    encoding = embedded("cl100k_base").encode_with_spans("a\ud800b", errors="replace")
    assert encoding.char_spans[-1].tolist() == [2, 3]


def test_an_encoding_says_what_it_is() -> None:
    tok = embedded("cl100k_base")
    encoding = tok.encode_with_spans("Hello, world!")
    assert isinstance(encoding, ts.Encoding)
    assert len(encoding) == 4
    assert encoding.ids.dtype == np.uint32
    assert encoding.spans.dtype == encoding.char_spans.dtype == np.int64
    assert encoding.tokens == [b"Hello", b",", b" world", b"!"]
    assert repr(encoding) == "Encoding(4 tokens: [b'Hello', b',', b' world', b'!'])"
    assert repr(tok.encode_with_spans("a b c d e f g h i j")).endswith(", ...])")
    assert encoding == tok.encode_with_spans("Hello, world!")
    assert encoding != tok.encode_with_spans("Hello, world?")
    assert encoding != "Hello, world!"
    empty = tok.encode_with_spans("")
    assert empty.spans.shape == empty.char_spans.shape == (0, 2)
    assert len(empty) == 0
