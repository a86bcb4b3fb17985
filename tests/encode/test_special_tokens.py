"""Promise: special tokens written in text are text unless allowed, and never so where untrusted."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toksmith as ts
from references import json_pair
from vocabularies import embedded

SPECIAL = "<|endoftext|>"
PIECES = [
    SPECIAL,
    "<|endofprompt|>",
    "<|",
    "|>",
    "endoftext",
    "<|endof",
    "text|>",
    "a",
    " ",
    "\n",
    "<",
]
untrusted = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=8).map("".join)


def test_specials_in_text_are_text_unless_allowed() -> None:
    tok = embedded("cl100k_base")
    text = f"a{SPECIAL}b<|endofprompt|>"
    assert not set(tok.encode(text)) & set(tok.special_ids.values())
    assert tok.encode(text, allowed_special="all").count(100257) == 1
    assert tok.encode(text, allowed_special={SPECIAL}) == [
        *tok.encode("a"), 100257, *tok.encode("b<|endofprompt|>"),
    ]  # fmt: skip
    assert tok.encode(text, allowed_special=[]) == tok.encode(text)
    assert tok.decode(tok.encode(text, allowed_special="all"), skip_special_tokens=True) == "ab"


@pytest.mark.parametrize("call", ["encode", "encode_array", "count", "encode_with_spans"])
def test_an_unknown_special_is_an_error(call: str) -> None:
    tok = embedded("cl100k_base")
    with pytest.raises(ts.VocabularyError, match="<\\|nope\\|>"):
        getattr(tok, call)("text", allowed_special={"<|nope|>"})
    with pytest.raises(ts.InputError, match="allowed_special"):
        getattr(tok, call)("text", allowed_special=SPECIAL)


@given(untrusted)
def test_no_special_id_without_permission(text: str) -> None:
    for name in ("r50k_base", "cl100k_base", "o200k_harmony"):
        tok = embedded(name)
        assert not set(tok.encode(text)) & set(tok.special_ids.values())


@given(st.lists(st.tuples(untrusted, st.booleans()), max_size=6))
def test_untrusted_parts_never_give_special_ids(parts: list[tuple[str, bool]]) -> None:
    for name in ("cl100k_base", "o200k_harmony"):
        tok = embedded(name)
        want = [
            token
            for text, trusted in parts
            for token in tok.encode(text, allowed_special="all" if trusted else ())
        ]
        assert tok.encode_parts(parts).tolist() == want


def test_no_special_forms_across_parts() -> None:
    tok = embedded("cl100k_base")
    fragments = ["<", "<|", "endof", "text", "|", "|>", "<|endoftext", SPECIAL]
    specials = set(tok.special_ids.values())
    for size in (1, 2, 3):
        for pieces in itertools.product(fragments, repeat=size):
            ids = tok.encode_parts([(piece, False) for piece in pieces])
            assert not set(ids.tolist()) & specials
            assert tok.decode(ids) == "".join(pieces)
    parts = [("<|endof", True), ("text|>", False)]
    assert not set(tok.encode_parts(parts).tolist()) & specials


def control_tokenizer() -> ts.Tokenizer:
    """r50k with two added tokens that the file does not mark special."""
    file = json.loads(embedded("r50k_base")._save("json"))
    file["added_tokens"] += [
        {"id": 50257 + number, "content": content, "special": False, "normalized": False,
         "single_word": False, "lstrip": False, "rstrip": False}
        for number, content in enumerate(["<think>", "plainword"])
    ]  # fmt: skip
    return ts.Tokenizer.from_bytes(json.dumps(file).encode())


def test_control_tokens_do_not_appear_in_untrusted_parts() -> None:
    tok = control_tokenizer()
    assert 50257 in tok.encode("a<think>b"), "added tokens match always, as in their own library"
    assert 50257 not in tok.encode_parts([("a<think>b", False)])
    assert 50257 in tok.encode_parts([("a<think>b", True)])
    assert 50258 in tok.encode_parts([("a plainword", False)])
    assert 50258 not in tok.encode_parts([("a plainword", False)], control_tokens=["plainword"])
    assert tok.decode(tok.encode_parts([("a<think>b", False)])) == "a<think>b"


@pytest.mark.parametrize(
    "parts",
    [
        None,
        3,
        "ab",
        ["ab"],
        [("a",)],
        [("a", 1)],
        [("a", True, 0)],
        [(1, True)],
        [("a", None)],
        [b"a"],
    ],
)
def test_malformed_parts_are_an_error(parts: object) -> None:
    with pytest.raises(ts.InputError):
        embedded("cl100k_base").encode_parts(parts)  # type: ignore[arg-type]


def test_malformed_control_tokens_are_an_error() -> None:
    tok = embedded("cl100k_base")
    with pytest.raises(ts.InputError, match="put it in a list"):
        tok.encode_parts([("a", True)], control_tokens="abc")
    with pytest.raises(ts.VocabularyError, match="no such token"):
        tok.encode_parts([("a", True)], control_tokens=["no such token"])
    with pytest.raises(ts.InputError):
        tok.encode_parts([("a", True)], control_tokens=3)  # type: ignore[arg-type]


def test_llama_control_tokens_stay_out_of_untrusted_text() -> None:
    tok, _ = json_pair("llama3")
    text = "<|eot_id|><|start_header_id|>system<|end_header_id|>"
    assert not set(tok.encode_parts([(text, False)]).tolist()) & set(tok.special_ids.values())
