"""`Presplit` and `force_split`: no token over a cut, nothing lost; training behind a splitter."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import toksmith as ts
from generated import strings
from toksmith import train
from toksmith.delimit import force_split
from toksmith.pretokenized import Compounds, Lexicon, Presplit
from toksmith.splitters import Spans, Splitter, Words, pieces_of
from toksmith.train.pipeline import Pipeline
from toksmith.train.pre_tokenizers import scripts

HARD = ["", " ", "\0", "e\u0301", "\U0001f468\u200d\U0001f469", "<|endoftext|>", "##a\u2581<0x41>"]
WORDS = ["ab", "the lazy dog", "dog", "\u4e2d", "e\u0301", "12"]
SPLITTERS: dict[str, Splitter] = {
    "lexicon": Lexicon(WORDS, whole_words=False),
    "compounds": Compounds(dict.fromkeys(WORDS, 5)),
    "words": Words(),
    "every third": lambda text: [(at, at + 1) for at in range(0, len(text), 3)],
    "arrays": lambda text: np.array([[0, len(text)]], np.int32),
    "nothing": lambda _: [],
}
TOKENIZERS = [ts.Tokenizer.from_pretrained(name) for name in ("gpt2", "cl100k_base", "o200k_base")]
CL100K = TOKENIZERS[1]
OF_CHARACTERS = [
    Pipeline.like("bert").words_of(),
    Pipeline.like("metaspace").words_of(),
]


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=lambda tok: str(tok.name))
@pytest.mark.parametrize("name", SPLITTERS)
def test_ids_are_those_of_the_pieces(tokenizer: ts.Tokenizer, name: str) -> None:
    presplit = Presplit(tokenizer, SPLITTERS[name])
    texts = [*HARD, "the lazy dog saw abdog12", *strings(150, seed=9)]
    batch = presplit.encode_batch(texts, num_threads=2)
    assert len(batch) == len(texts)
    for text, row in zip(texts, batch, strict=True):
        pieces = presplit.split(text)
        ids = [id_ for piece in pieces for id_ in tokenizer.encode(piece)]
        assert presplit.encode(text) == row.tolist() == ids
        assert presplit.count(text) == len(ids)
        assert presplit.decode(ids) == text
        found = presplit.encode_with_spans(text)
        assert found.ids.tolist() == ids
        data = text.encode()
        assert [data[start:end] for start, end in found.spans.tolist()] == found.tokens
        whole = tokenizer.encode_with_spans(text)
        if pieces == [text]:
            assert found == whole
        for (start, end), (first, last) in zip(found.spans, found.char_spans, strict=True):
            assert first == len(data[:start].decode(errors="ignore"))
            assert last == len(text) - len(data[end:].decode(errors="ignore"))


@given(text=st.text(max_size=12), data=st.data())
def test_no_token_goes_over_the_edge_of_a_span(text: str, data: st.DataObject) -> None:
    edges = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    ids = force_split(CL100K, text, spans)
    assert CL100K.decode(ids) == text
    ends = {0, *np.cumsum([len(CL100K.token_bytes(id_)) for id_ in ids]).tolist()}
    assert {len(text[:edge].encode()) for span in spans for edge in span} <= ends


def test_letters_become_tokens() -> None:
    spans = [(at, at + 1) for at in range(10)]
    ids = force_split(CL100K, "strawberry", spans)
    assert [CL100K.decode([id_]) for id_ in ids] == list("strawberry")
    assert len(CL100K.encode("strawberry")) < 10


@pytest.mark.parametrize("tokenizer", OF_CHARACTERS)
def test_tokenizers_of_characters_are_refused(tokenizer: ts.Tokenizer) -> None:
    with pytest.raises(ts.UnsupportedFeature, match="not byte-level"):
        Presplit(tokenizer, Lexicon(["a"]))
    with pytest.raises(ts.UnsupportedFeature, match="not byte-level"):
        train.count_words(["a"], tokenizer, splitter=Lexicon(["a"]))


def test_saving_says_what_cannot_be_saved(tmp_path: Path) -> None:
    presplit = Presplit(CL100K, Lexicon(["a", "b"]))
    with pytest.raises(ts.UnsupportedFeature, match=r"saving Lexicon\(2 words\)"):
        presplit.save(tmp_path / "tokenizer.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spans", [[(0, 9)], [(1, 0)], [(0, 2), (1, 3)], "ab"])
def test_wrong_spans_are_errors(spans: Spans) -> None:
    with pytest.raises(ts.InputError, match="span"):
        force_split(CL100K, "abc", spans)
    with pytest.raises(ts.InputError, match="callable"):
        Presplit(CL100K, spans)  # type: ignore[arg-type]
    with pytest.raises(ts.InputError, match="not one text"):
        Presplit(CL100K, Lexicon([])).encode_batch("abc")


@pytest.mark.parametrize("name", SPLITTERS)
def test_words_are_counted_in_pieces(name: str) -> None:
    splitter = SPLITTERS[name]
    texts = ["the lazy dog saw abdog12 ", "e\u0301\u4e2d dogs", *strings(60, seed=4)]
    pieces = [piece for text in texts for piece in pieces_of(splitter, text)]
    expected = Counter(dict(train.count_words(pieces, "gpt2").items()))
    for given_ in (texts, [text.encode() for text in texts], iter(texts)):
        assert Counter(dict(train.count_words(given_, "gpt2", splitter=splitter).items())) == (
            expected
        )


def test_a_trainer_learns_no_token_over_a_cut() -> None:
    splitter = Compounds({"tooth": 5, "paste": 5, "brush": 5})
    texts = ["toothpaste toothbrush"] * 20
    plain = train.bpe(texts, 300, like="gpt2")
    tok = Presplit(train.bpe(texts, 300, like="gpt2", splitter=splitter), splitter)
    assert b"toothpaste" in {plain.token_bytes(id_) for id_ in range(len(plain))}
    tokens = {tok.tokenizer.token_bytes(id_) for id_ in range(len(tok.tokenizer))}
    assert b"tooth" in tokens
    assert not any(b"hp" in token or b"hb" in token for token in tokens)
    assert [tok.decode([id_]) for id_ in tok.encode("toothpaste")] == ["tooth", "paste"]


def test_a_splitter_is_never_passed_over(tmp_path: Path) -> None:
    counted = train.count_words(["a b"], "gpt2")
    for words in (counted, {"a": 3}):
        with pytest.raises(ts.InputError, match="counted already"):
            train.count_words(words, "gpt2", splitter=Lexicon(["a"]))
    with pytest.raises(ts.UnsupportedFeature, match="resume"):
        train.count_words(["a"], "gpt2", splitter=Lexicon(["a"]), resume=tmp_path / "saved")
    with pytest.raises(ts.InputError, match="not UTF-8 at byte 1"):
        train.count_words([b"a\xff"], "gpt2", splitter=Lexicon(["a"]))


def test_cuts_of_the_file_hold_inside_pieces() -> None:
    text = "ab\u0431\u0433 ab\u0431\u0433"
    tok = train.bpe([text] * 9, 280, like="gpt2", pre_tokenizer=scripts())
    presplit = Presplit(tok, lambda _: [(0, 1)])
    assert presplit.decode(presplit.encode(text)) == text
