"""Prefix and suffix are laid out as models want them, and the middle goes on from the prefix."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import toksmith as ts
from byte_probs.random_rows import RandomRows
from toksmith.byte_probs import ByteLM, Markers

NAMES = ["<|end|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>"]
TEXT = "return the longest of the words that are there, not the other words"


@pytest.fixture(scope="module")
def tok() -> ts.Tokenizer:
    return ts.train.bpe([TEXT] * 3, vocab_size=300, like="gpt2", special_tokens=NAMES)


class Recording(RandomRows):
    """Notes the contexts it is asked for."""

    def __call__(self, contexts):  # type: ignore[no-untyped-def]
        self.seen = [*getattr(self, "seen", []), *contexts]
        return super().__call__(contexts)


def test_the_markers_are_found_by_name(tok: ts.Tokenizer) -> None:
    ids = tok.special_ids
    assert Markers.of(tok) == Markers(*(ids[name] for name in NAMES[1:]))
    plain = ts.train.bpe([TEXT], vocab_size=270, like="gpt2", special_tokens=["<|end|>"])
    with pytest.raises(ts.VocabularyError, match="markers"):
        Markers.of(plain)


def test_where_the_prefix_stands_before_the_middle_covers_cross_the_cut(tok: ts.Tokenizer) -> None:
    rows = Recording(len(tok))
    lm = ByteLM(tok, rows, prefix=[0])
    prefix, suffix = b"return the long", b" of the words"
    pre, suf, mid = (tok.special_ids[name] for name in NAMES[1:])
    lm.fill_in_the_middle(prefix, suffix, 1, layout="spm", seed=0)
    head = (0, pre, suf, *tok.encode(suffix), mid)
    assert all(context[: len(head)] == head for context in rows.seen)
    assert len({context[len(head) :] for context in rows.seen}) > 1  # several covers of the prefix
    # It is the prompt's own distribution, behind those ids.
    state = lm.state(prefix, prefix=head)
    first = lm.fill_in_the_middle(prefix, suffix, 1, layout="spm", temperature=0).data
    assert first == bytes([int(state.next_byte()[:256].argmax())])


def test_where_a_marker_closes_the_prefix_it_keeps_its_encoding(tok: ts.Tokenizer) -> None:
    rows = Recording(len(tok))
    lm = ByteLM(tok, rows, prefix=[0])
    prefix, suffix = b"return the long", b" of the words"
    markers = Markers.of(tok)
    lm.fill_in_the_middle(prefix, suffix, 1, layout="psm", seed=0)
    want = (
        0, markers.prefix, *tok.encode(prefix), markers.suffix, *tok.encode(suffix), markers.middle,
    )  # fmt: skip
    assert rows.seen == [want]


def test_models_without_a_marker_for_the_middle(tok: ts.Tokenizer) -> None:
    rows = Recording(len(tok))
    lm = ByteLM(tok, rows, prefix=[])
    markers = Markers(1, 2)
    lm.fill_in_the_middle(b"the", b"words", 1, layout="spm", markers=markers, seed=0)
    head = (2, *tok.encode("words"), 1)
    assert all(context[: len(head)] == head for context in rows.seen)
    with pytest.raises(ts.InputError, match="middle"):
        lm.fill_in_the_middle(b"the", b"words", 1, layout="psm", markers=markers)
    with pytest.raises(ts.InputError, match="layout"):
        lm.fill_in_the_middle(b"the", b"words", 1, layout="msp")  # type: ignore[arg-type]


def test_ends_by_the_models_own_symbol(tok: ts.Tokenizer) -> None:
    def forward(contexts: list[tuple[int, ...]]) -> NDArray[np.float64]:
        out = np.zeros((len(contexts), len(tok)))
        out[:, 0] = 50.0
        return out

    lm = ByteLM(tok, forward, prefix=[0])
    found = lm.fill_in_the_middle("return the ", " words", layout="psm", seed=1)
    assert (found.data, found.reason) == (b"", "end")
