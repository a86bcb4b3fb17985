"""After any pushes, rollbacks, forks and checkpoints a state says what a new one would."""

from __future__ import annotations

import random

import numpy as np
import pytest

import toksmith as ts
from byte_probs.random_rows import RandomRows
from testdata import FULL
from toksmith.byte_probs import ByteState, Checkpoint, Target
from vocabularies import embedded

TEXTS = [
    "The quick brown fox's jumped over 12345 lazy dogs!\n\n  def f(x):\n\treturn  x\n",
    "na\u00efve \u4e2d\u6587\u3002 \U0001f468\u200d\U0001f469 \u00a0 e\u0301 don't  \r\n\r\n x",
]


def feed(state: ByteState, rows: RandomRows, total: bool = False) -> None:
    while contexts := state.pending(total=total):
        state.feed_many(contexts, [rows.row(context.tokens) for context in contexts])


def same(state: ByteState, rows: RandomRows, tok: ts.Tokenizer, target: Target) -> None:
    """Compares with a state that has only seen the text."""
    fresh = ByteState(tok, target, prefix=[3])
    fresh.push(state.text)
    feed(fresh, rows, total=True)
    feed(state, rows, total=True)
    assert state.logprob() == pytest.approx(fresh.logprob(), rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(state.next_byte(), fresh.next_byte(), rtol=1e-9, atol=1e-10)
    assert state.encoding() == fresh.encoding()
    assert {c.tokens for c in state.covers(3)} == {c.tokens for c in fresh.covers(3)}
    if state.encoding() is not None:
        assert state.encoding() == tok.encode(state.text)


def small() -> ts.Tokenizer:
    return ts.train.bpe([*TEXTS, *TEXTS], 330, like="gpt2", special_tokens=["<s>", "</s>"])


@pytest.mark.parametrize("target", ["canonical", "joint"])
@pytest.mark.parametrize("name", ["small", "cl100k_base"])
def test_random_traces(name: str, target: Target) -> None:
    tok = small() if name == "small" else embedded(name)
    rows = RandomRows(max(len(tok), *tok.special_ids.values()) + 1, scale=2.0)
    steps = (400 if FULL else 40) if name == "small" else (60 if FULL else 6)
    draw = random.Random(name + target)
    data = [text.encode() for text in TEXTS]
    state = ByteState(tok, target, prefix=[3])
    others: list[ByteState] = []
    checkpoints: list[Checkpoint] = []
    for _ in range(steps):
        match draw.randrange(6):
            case 0 if state.text:
                state.rollback(draw.randrange(1, len(state.text) + 1))
            case 1:
                others.append(state.fork())
            case 2 if others:
                other = others.pop(draw.randrange(len(others)))
                others.append(state)
                state = other
            case 3:
                checkpoints.append(state.checkpoint())
            case 4 if checkpoints:
                # Of another text, maybe: a checkpoint is a whole state.
                state.restore(draw.choice(checkpoints))
            case _:
                # What comes next in one of the texts, as if it were the only one.
                source = draw.choice(data)
                at = len(state.text)
                source = source if source.startswith(state.text) else state.text + source[:9]
                before = state.text
                try:
                    state.push(source[at : at + draw.randrange(1, 9)])
                except ts.InputError:  # half a character, and something else behind it
                    assert state.text == before
        if draw.random() < 0.5:
            same(state, rows, tok, target)
    for other in [state, *others[-3:]]:
        same(other, rows, tok, target)
