"""Promise: `errors="replace"` encodes U+FFFD for what is not UTF-8, where a model has no bytes.

Spans are of the bytes as given. A model with tokens for bytes encodes them without loss.
"""

from __future__ import annotations

import numpy as np
import pytest

import families
import toksmith as ts

BYTES = [
    b"\xff",
    b"the \xff\xfe x",
    b"\xe4\xb8 hello\xf0\x9f\x98",
    b"\xed\xa0\x80a",
    b"a\xc0\xafb \xe4\xb8\xad",
    b"ok",
    b"",
    b"\xf0\x9f\x98\x80\xf0\x9f",
    "\u4e2d\ufffd".encode() + b"\xff",
]
CHARACTERS = tuple(families.CHARACTER_FAMILIES)


@pytest.mark.parametrize("family", CHARACTERS)
def test_as_python_replaces_them(family: str) -> None:
    tok = ts.Tokenizer.from_bytes(families.file_of(family))
    for data in BYTES:
        text = data.decode("utf-8", "replace")
        right = tok.encode(text)
        assert tok.encode(data, errors="replace") == right
        assert tok.encode_array(data, errors="replace").tolist() == right
        assert tok.count(data, errors="replace") == len(right)
        assert tok(data, errors="replace").input_ids == tok(text).input_ids
        found, given = tok.encode_with_spans(data, errors="replace"), tok.encode_with_spans(text)
        assert found.ids.tolist() == right
        assert found.char_spans.tolist() == given.char_spans.tolist()
        # Where a span begins and ends, the text before it is the bytes before it.
        for mine, theirs in zip(
            found.spans.ravel().tolist(), given.spans.ravel().tolist(), strict=True
        ):
            before = data[:mine].decode("utf-8", "replace")
            assert before == text.encode()[:theirs].decode(), (data, mine, theirs)
        if "\ufffd" in text and text.encode() != data:
            with pytest.raises(ts.InputError, match="UTF-8"):
                tok.encode(data)
    rows = [tok.encode(data.decode("utf-8", "replace")) for data in BYTES]
    assert tok.encode_batch(BYTES, errors="replace").tolist() == rows
    assert tok.encode_batch(np.array(BYTES, dtype=object), errors="replace").tolist() == rows
    assert tok.count_batch(BYTES, errors="replace").tolist() == [len(row) for row in rows]


@pytest.mark.parametrize("family", CHARACTERS)
def test_spans_of_inputs_are_of_the_bytes(family: str) -> None:
    tok = ts.Tokenizer.from_bytes(families.file_of(family))
    alone = [tok.encode_with_spans(data, errors="replace") for data in BYTES]
    rows = tok(BYTES, errors="replace", add_special_tokens=False, padding=False)
    assert [np.array(row).reshape(-1, 2).tolist() for row in rows.spans] == [
        found.spans.tolist() for found in alone
    ]
    pair = tok(BYTES[1], BYTES[2], errors="replace", add_special_tokens=False)
    both = np.concatenate([alone[1].spans, alone[2].spans])
    assert np.array(pair.spans).tolist() == both.tolist()
    overflow = tok(
        BYTES[2],
        errors="replace",
        add_special_tokens=False,
        truncation=ts.Truncation(1),
        return_overflowing_tokens=True,
    )
    assert [list(span) for row in overflow.spans for span in row] == alone[2].spans.tolist()


def test_arrow_arrays() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    tok = ts.Tokenizer.from_bytes(families.file_of("trained BPE"))
    rows = [tok.encode(data.decode("utf-8", "replace")) for data in BYTES]
    array = pyarrow.array(BYTES, pyarrow.binary())
    assert tok.encode_batch(array, errors="replace").tolist() == rows
    assert tok.count_batch(array, errors="replace").tolist() == [len(row) for row in rows]
    with pytest.raises(ts.InputError, match="UTF-8"):
        tok.encode_batch(array)


def test_models_with_bytes_lose_nothing() -> None:
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    for data in BYTES:
        assert tok.decode_bytes(tok.encode(data, errors="replace")) == data
