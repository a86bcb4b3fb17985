"""`pre_tokenizer=`: cuts and nothing else, saved, and the same in tokenizers."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import tokenizers
from hypothesis import given

import toksmith as ts
from generated import strings
from toksmith import train
from toksmith.train.pipeline import Pipeline
from toksmith.train.pre_tokenizers import delimiter, digits, punctuation, scripts

STAYING = ["isolated", "contiguous", "merged_with_previous", "merged_with_next"]
STEPS = {
    "scripts": scripts(),
    **{f"punctuation {name}": punctuation(name) for name in STAYING},
    **{f"delimiter {name}": delimiter("ab", name) for name in STAYING},
}
# What scripts() must tell apart, and what it must keep together.
TEXTS = st.text(
    st.sampled_from("ab \u00e9\u0431\u0433\u03b1\u4e2d\u30ab\u306e\u30fc1,.(\u0301\n\U000f0000")
)
SCRIPTS = {"ab\u00e9": 1, "\u0431\u0433": 2, "\u03b1": 3, "\u4e2d\u30ab\u306e": 4}
HARD = [
    "", " ", "  \n", "\u0301", "a\u0301 \u0301\u0431", "##<0x41>\u2581", "\0a\0", "\U000e0001",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u1100\u1161\u11a8\uac00", "\u2581\u0431",
    "<|endoftext|>\u043c", "\u30fcab\u30fc", "ab" * 40, "\u0435\u0301a\u0301", "\uff70a\uff70",
]  # fmt: skip


@functools.cache
def cutter(name: str) -> tuple[ts.Tokenizer, tokenizers.pre_tokenizers.PreTokenizer]:
    """A step here, where each piece is one unknown token, and in tokenizers."""
    model = {"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"}
    file = json.dumps({"version": "1.0", "pre_tokenizer": STEPS[name], "model": model})
    theirs = tokenizers.Tokenizer.from_str(file).pre_tokenizer
    return ts.Tokenizer.from_bytes(file.encode()), theirs


def pieces(name: str, text: str) -> list[str]:
    spans = cutter(name)[0].encode_with_spans(text).char_spans.tolist()
    return [text[start:end] for start, end in spans]


def their_pieces(name: str, text: str) -> list[str]:
    return [piece for piece, _ in cutter(name)[1].pre_tokenize_str(text)]


def naive_scripts(text: str) -> list[str]:
    """The cuts, found by looking at one character after the other."""
    found: list[str] = []
    start, end, script = 0, 0, 0  # of the piece, of what is sure to be of it, its script
    for at, c in enumerate(text):
        this = next((number for letters, number in SCRIPTS.items() if c in letters), 0)
        if this == 0:
            # A mark right behind a letter is its own.
            end = at + 1 if c == "\u0301" and script != 0 and end == at else end
            continue
        if script not in (0, this):
            found.append(text[start:end])
            start = end
        end, script = at + 1, this
    rest = [text[start:end], text[end:]] if script else [text]
    return [piece for piece in [*found, *rest] if piece]


@pytest.mark.parametrize("name", STEPS)
@given(text=TEXTS)
def test_pieces_are_the_text(name: str, text: str) -> None:
    assert "".join(pieces(name, text)) == text


@pytest.mark.parametrize("name", STEPS)
def test_tokenizers_makes_the_same_pieces(name: str) -> None:
    for text in [*HARD, *strings(600, seed=7)]:
        found = pieces(name, text)
        assert found == their_pieces(name, text), ascii(text)
        assert "".join(found) == text


def test_every_character_has_the_same_script_in_tokenizers() -> None:
    assigned = [*range(0xD800), *range(0xE000, 0x33480), *range(0xE0000, 0xE0200), 0x10FFFF]
    for at in range(0, len(assigned), 0x1000):
        some = map(chr, assigned[at : at + 0x1000])
        text = "".join(f"\u4e2d{c}a{c}" for c in some)
        assert pieces("scripts", text) == their_pieces("scripts", text)


@given(text=st.text(st.sampled_from("ab \u00e9\u0431\u0433\u03b1\u4e2d\u30ab\u306e1,.(\u0301\n")))
def test_scripts_are_cut_where_they_change(text: str) -> None:
    assert pieces("scripts", text) == naive_scripts(text)


@pytest.mark.parametrize("like", ["gpt2", "cl100k_base", "o200k_base"])
@pytest.mark.parametrize("name", STEPS)
def test_a_saved_tokenizer_is_the_same_and_loses_nothing(
    like: str, name: str, tmp_path: Path
) -> None:
    texts = ["the cat, the \u043a\u043e\u0442 (abab) 1234567!", "cat\u043a\u043e\u0442 ab, ab"] * 9
    tok = train.bpe(texts, 320, like=like, digits="r2l:3", pre_tokenizer=[STEPS[name]])
    tok.save(tmp_path / "tokenizer.json")
    other = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    again = ts.Tokenizer.from_file(tmp_path / "tokenizer.json")
    for text in [*HARD, *texts[:2], *strings(120, seed=5)]:
        ids = tok.encode(text)
        assert ids == other.encode(text).ids == again.encode(text), ascii(text)
        assert tok.decode(ids) == text


def test_no_token_goes_over_a_cut() -> None:
    text = "ab\u0431\u0433 " * 50
    plain = train.bpe([text], 300, like="gpt2")
    tok = train.bpe([text], 300, like="gpt2", pre_tokenizer=scripts())
    both = "ab\u0431\u0433".encode()
    assert any(both in plain.token_bytes(id_) for id_ in range(len(plain)))
    assert not any("b\u0431".encode() in tok.token_bytes(id_) for id_ in range(len(tok)))


def test_every_trainer_takes_cuts() -> None:
    texts = ["one-two three-four one-four"] * 5
    cut = delimiter("-")
    for tok in (
        train.bpe(texts, 280, pre_tokenizer=cut),
        train.superword(texts, 280, transition=270, pre_tokenizer=cut),
        train.wordpiece(texts, 40, pre_tokenizer=cut),
        train.unigram(texts, 30, byte_fallback=False, exact_size=False, pre_tokenizer=cut),
    ):
        assert '"-"' in json.dumps(json.loads(tok._save("json"))["pre_tokenizer"])
    words = dict(train.count_words(texts, "gpt2", pre_tokenizer=[cut]).items())
    assert words == {b"one": 5, b"-": 15, b"two": 5, b" three": 5, b"four": 10, b" one": 5}


def test_digits_come_first_and_letters_last() -> None:
    given_ = {"type": "Sequence", "pretokenizers": [punctuation(), scripts()]}
    made = Pipeline.like("gpt2", digits="single", pre_tokenizer=given_).pre_tokenizer
    assert made is not None
    assert made["pretokenizers"][:3] == [digits("single"), punctuation(), scripts()]
    made = Pipeline.like("metaspace", pre_tokenizer=punctuation()).pre_tokenizer
    assert made is not None
    assert [step["type"] for step in made["pretokenizers"]] == ["Metaspace", "Punctuation"]


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("scripts", "must be a dict or a list"),
        ([["x"]], "pre_tokenizer: "),
        ({}, "pre_tokenizer: "),
        ({"type": "Metaspaces"}, "pre_tokenizer: "),
        ({"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"}, "pre_tokenizer: "),
        ({"type": "Digits", "individual_digits": {1}}, "pre_tokenizer: "),
        ([digits("single"), {"type": "ByteLevel", "add_prefix_space": False,
                             "trim_offsets": True}], "ByteLevel rewrites"),
    ],
)  # fmt: skip
def test_what_is_no_cut_is_refused(step: Any, why: str) -> None:
    with pytest.raises(ts.InputError, match=re.escape(why)):
        train.bpe(["a"], 300, pre_tokenizer=step)


def test_arguments_that_would_drop_text_are_refused() -> None:
    with pytest.raises(ts.InputError, match="would drop text"):
        punctuation("removed")
    with pytest.raises(ts.InputError, match="behavior must be one of"):
        delimiter(",", "Isolated")
    for wrong in ("", 3, None):
        with pytest.raises(ts.InputError, match="a delimiter must be"):
            delimiter(wrong)  # type: ignore[arg-type]
