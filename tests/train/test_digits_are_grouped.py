"""Groups of digits: boundaries and nothing else, the same in tokenizers, the same in portions."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import tokenizers
from hypothesis import given

import toksmith as ts
from generated import strings
from toksmith._native import WordCounter, pre_tokenize_text
from toksmith.train.pre_tokenizers import digits
from vocabularies import BYTES, to_tokenizer_json

HOWS = ["single", *(f"{side}:{size}" for side in ("l2r", "r2l") for size in (1, 2, 3, 4, 10, 99))]
TEXTS = st.text(st.sampled_from("0123456789" * 4 + "ab .,\n\u0664\u00bd\u2167\u4e2d\u0301"))


def file_of(how: str, *more: dict[str, Any]) -> str:
    """A byte-level tokenizer of some merges of digits."""
    vocab = {token: number for number, token in enumerate(BYTES)}
    merges: dict[tuple[bytes, bytes], int] = {}
    for first in b"0123456789":
        for second in b"0123456789":
            pair = bytes([first, second])
            merges[bytes([first]), bytes([second])] = len(merges)
            vocab[pair] = len(vocab)
    file = json.loads(to_tokenizer_json(vocab, merges))
    file["pre_tokenizer"] = {
        "type": "Sequence", "pretokenizers": [digits(how), *more, file["pre_tokenizer"]],
    }  # fmt: skip
    return json.dumps(file)


def pieces(how: str, text: str) -> list[str]:
    found = pre_tokenize_text(json.dumps(digits(how)), text)
    return [piece for piece, _ in found]


def groups(how: str, run: str) -> list[str]:
    """A run of digits in groups, the obvious way."""
    size = 1 if how == "single" else int(how[4:])
    if how.startswith("r2l"):
        return [group[::-1] for group in groups(how.replace("r2l", "l2r"), run[::-1])][::-1]
    return [run[at : at + size] for at in range(0, len(run), size)]


@pytest.mark.parametrize("how", HOWS)
@given(text=TEXTS)
def test_runs_are_cut_into_groups_and_nothing_else_is_done(how: str, text: str) -> None:
    expected: list[str] = []
    for run in re.findall("[0-9\u0664\u00bd\u2167]+|[^0-9\u0664\u00bd\u2167]+", text):
        expected += groups(how, run) if run[0] in "0123456789\u0664\u00bd\u2167" else [run]
    assert pieces(how, text) == expected
    assert "".join(expected) == text


@pytest.mark.parametrize("how", HOWS)
def test_tokenizers_does_the_same(how: str, tmp_path: Path) -> None:
    texts = [*strings(300, seed=31), *("7" * n for n in range(40)), "x12345y1234567890 1.5e10"]
    bare = json.dumps({**json.loads(file_of(how)), "pre_tokenizer": digits(how)})
    cut = tokenizers.Tokenizer.from_str(bare).pre_tokenizer
    for text in texts:
        assert pieces(how, text) == [piece for piece, _ in cut.pre_tokenize_str(text)]
    gpt2 = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    for more in ([], [gpt2]):
        file = file_of(how, *more)
        ours, theirs = ts.Tokenizer.from_bytes(file.encode()), tokenizers.Tokenizer.from_str(file)
        ours.save(tmp_path / "tokenizer.json")
        again = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
        for text in texts:
            assert ours.encode(text) == theirs.encode(text).ids == again.encode(text).ids


@pytest.mark.parametrize("how", ["single", "l2r:3", "r2l:3"])
@given(text=TEXTS, portion=st.integers(1, 9))
def test_portions_and_threads_change_nothing(how: str, text: str, portion: int) -> None:
    tok = ts.Tokenizer.from_bytes(file_of(how).encode())
    stream, found, data = tok._stream_encoder(), list[int](), text.encode()
    for start in range(0, len(data), portion):
        found += stream.push(data[start : start + portion]).tolist()
    assert found + stream.finish().tolist() == tok.encode(text)
    counter = WordCounter(tok, num_threads=4)
    counter.add([text] * 3)
    expected = Counter(piece.encode() for piece in pieces(how, text) * 3)
    assert dict(counter.finish().items()) == expected


def test_a_long_run_is_cut_in_no_time() -> None:
    tok = ts.Tokenizer.from_bytes(file_of("r2l:3").encode())
    counter = WordCounter(tok)
    counter.add(["1" * 5_000_000])
    assert counter.finish().items() == [(b"11", 1), (b"111", 1_666_666)]


@pytest.mark.parametrize("how", ["", "both", "l2r", "l2r:0", "r2l:100", "r2l:3 ", "R2L:3", 3, None])
def test_other_settings_are_errors(how: object) -> None:
    with pytest.raises(ts.InputError, match="digits must be"):
        digits(how)  # type: ignore[arg-type]
