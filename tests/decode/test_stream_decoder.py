"""Promise: ids pushed in any portions give the text that decoding them at once gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
import toksmith as ts
from references import tiktoken_reference
from vocabularies import embedded

ids_of_bytes = st.lists(st.integers(0, 255) | st.integers(0, 50_256), max_size=60)
portions = st.lists(st.integers(0, 5), max_size=30)


@given(ids_of_bytes, portions)
def test_any_portions_give_the_whole(ids: list[int], sizes: list[int]) -> None:
    decoder = embedded("r50k_base").stream_decoder()
    text = "".join(decoder.push(run) for run in oracles.cut_at(ids, sizes)) + decoder.finish()
    assert text == embedded("r50k_base").decode(ids)
    assert decoder.pending_bytes == b""


@given(st.text(max_size=50))
def test_one_id_at_a_time_never_shows_half_a_character(text: str) -> None:
    tok = embedded("r50k_base")
    decoder, shown = tok.stream_decoder(), ""
    for token in tok.encode(text):
        shown += decoder.push(token)
        assert text.startswith(shown)
        assert text[len(shown) :].encode().startswith(decoder.pending_bytes)
    assert shown + decoder.finish() == text


@given(ids_of_bytes)
def test_decoding_is_that_of_tiktoken_and_of_python(ids: list[int]) -> None:
    tok, reference = embedded("r50k_base"), tiktoken_reference("r50k_base")
    assert tok.decode(ids) == reference.decode(ids)
    assert tok.decode_bytes(ids) == b"".join(map(tok.token_bytes, ids))
    assert tok.decode(ids) == tok.decode_bytes(ids).decode("utf-8", "replace")
    assert tok.decode_batch([ids, [], ids]) == [tok.decode(ids), "", tok.decode(ids)]


def test_pending_bytes_are_those_of_the_unfinished_character() -> None:
    tok = embedded("r50k_base")
    smile = [tok.token_id(bytes([byte])) for byte in "\U0001f642".encode()]
    decoder = tok.stream_decoder()
    assert [decoder.push(token) for token in smile[:3]] == ["", "", ""]
    assert decoder.pending_bytes == "\U0001f642".encode()[:3]
    assert decoder.push(smile[3]) == "\U0001f642"
    decoder.push(smile[:2])
    assert decoder.finish() == "\ufffd"
    assert decoder.finish() == ""


def test_an_unknown_id_leaves_the_stream_as_it_was() -> None:
    tok = embedded("r50k_base")
    decoder = tok.stream_decoder()
    decoder.push(tok.token_id(b"\xf0"))
    for bad in (-1, 50_257, 2**32 - 1, 2**40, [262, 2**33]):
        with pytest.raises(ts.VocabularyError):
            decoder.push(bad)
    assert decoder.pending_bytes == b"\xf0"
    with pytest.raises(ts.InputError):
        decoder.push("text")


def test_special_tokens_can_be_left_out() -> None:
    tok = embedded("r50k_base")
    ids = np.array([*tok.encode("a"), tok.special_ids["<|endoftext|>"], *tok.encode("b")])
    assert tok.decode(ids) == "a<|endoftext|>b"
    assert tok.decode(ids, skip_special_tokens=True) == "ab"
    assert tok.decode_bytes(ids, skip_special_tokens=True) == b"ab"
    assert tok.decode_batch([ids], skip_special_tokens=True) == ["ab"]
    decoder = tok.stream_decoder(skip_special_tokens=True)
    assert decoder.push(ids) + decoder.finish() == "ab"


def test_strict_decoding_refuses_what_is_not_utf8() -> None:
    tok = embedded("r50k_base")
    half = [tok.token_id(b"\xf0")]
    with pytest.raises(ts.InputError, match="UTF-8"):
        tok.decode(half, errors="strict")
    with pytest.raises(ts.InputError):
        tok.decode_batch([half], errors="strict")
    assert tok.decode(tok.encode("fine"), errors="strict") == "fine"


@pytest.mark.parametrize("kind", [list, tuple, np.array, np.uint16, np.int64, np.uint64, iter])
def test_ids_come_in_any_sequence(kind: object) -> None:
    tok = embedded("r50k_base")
    ids = tok.encode("Any sequence of integers.")
    given_ids = np.array(ids, kind) if isinstance(kind, type(np.uint8)) else kind(ids)  # type: ignore[operator]
    assert tok.decode(given_ids) == "Any sequence of integers."
