"""Promise: bytes that are not UTF-8 are encoded without loss; a lone surrogate is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toksmith as ts
from vocabularies import embedded

hostile_bytes = st.binary(max_size=80) | st.lists(
    st.sampled_from(
        [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x99", b"\xed\xa0\x80", b"a", b" ", b"\n"]
    )
).map(b"".join)


@given(hostile_bytes)
def test_bytes_are_encoded_without_loss(data: bytes) -> None:
    for name in ("r50k_base", "cl100k_base", "o200k_base"):
        tok = embedded(name)
        ids = tok.encode(data)
        assert tok.decode_bytes(ids) == data
        assert tok.count(data) == len(ids)
        assert tok.encode_batch([data, data], num_threads=2).tolist() == [ids, ids]


@given(st.text(max_size=60))
def test_bytes_of_a_text_are_the_text(text: str) -> None:
    assert embedded("o200k_base").encode(text.encode()) == embedded("o200k_base").encode(text)


def test_long_runs_of_invalid_bytes_take_linear_time() -> None:
    tok = embedded("cl100k_base")
    for data in (b"\xff" * 300_000, b"\xc3(" * 150_000, b"a\xff" * 150_000):
        assert tok.decode_bytes(tok.encode(data)) == data


@pytest.mark.parametrize(
    ("text", "position"), [("\ud800", 0), ("abc\udfff", 3), ("\u00e9\U0001f600\ud83d!", 2)]
)
def test_a_lone_surrogate_is_named_with_its_position(text: str, position: int) -> None:
    tok = embedded("cl100k_base")
    for call in (tok.encode, tok.encode_array, tok.count, tok.encode_with_spans):
        with pytest.raises(ts.InputError, match=rf"lone surrogate at character {position}\b"):
            call(text)
    for batch_call in (tok.encode_batch, tok.count_batch):
        with pytest.raises(ts.InputError, match=rf"row 1: .*character {position}\b"):
            batch_call(["fine", text])
    with pytest.raises(ts.InputError, match="surrogate"):
        tok.encode_parts([(text, False)])
    with pytest.raises(ts.InputError, match="surrogate"):
        tok.token_id(text)


def test_replace_turns_a_lone_surrogate_into_the_replacement_character() -> None:
    tok = embedded("cl100k_base")
    assert tok.encode("a\ud800b", errors="replace") == tok.encode("a\ufffdb")
    assert tok.encode_batch(["a\ud800b"], errors="replace").tolist() == [tok.encode("a\ufffdb")]
    assert tok.count("a\ud800b", errors="replace") == tok.count("a\ufffdb")
    # Two halves that stand together are the character they make.
    assert tok.encode("\ud83d\ude00", errors="replace") == tok.encode("\U0001f600")
