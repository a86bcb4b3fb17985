"""A text goes on behind a special token: closed there as at its end, and begun anew.

Against enumeration of the covers of each part, against the encoder of whole texts, and against a
rebuild after random steps.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import toksmith as ts
from byte_probs import states
from byte_probs.oracle import Context, Law
from byte_probs.random_rows import RandomRows
from byte_probs.test_laws_equal_enumeration import (
    known_bytes,
    law_of,
)
from byte_probs.toys import SIGN, Toy, char_bpe, toys, unigram
from testdata import FULL, need
from toksmith.byte_probs import ByteLM, ByteState, Part, Special, Target
from vocabularies import embedded

TOYS = {toy.name: toy for toy in toys(9)}


def parts_of(toy: Toy, count: int, seed: int) -> tuple[bytes, int, bytes]:
    draw = random.Random(seed)
    letters = [letter for letter in toy.letters if letter != b" "]
    texts = [b"".join(draw.choice(letters) for _ in range(draw.randrange(3))) for _ in range(count)]
    return texts[0], draw.choice(toy.tokens.specials), texts[1]


def shifted(law: Law, context: Context) -> Law:
    """The same law behind a context."""
    return Law(law.tokens, law.rules, lambda more: law.model((*context, *more)), law.target)


@pytest.mark.parametrize("target", ["canonical", "joint", "all"])
@pytest.mark.parametrize("name", TOYS)
def test_probabilities_equal_the_enumeration(name: str, target: Target) -> None:
    """P(x special y): the covers that are x, times the special's, times P(y) behind each."""
    toy = TOYS[name]
    law = law_of(toy, target, seed=8)
    width = states.width(toy.tokens)
    for seed in range(12 if FULL else 4):
        first, special, second = parts_of(toy, 2, seed)
        if not law.prefix(first) or not law.endings(first)[special]:
            continue
        mass, symbols = 0.0, np.zeros(256 + len(toy.tokens.specials))
        lead = toy.tokens.lead + first if first else b""
        for context, cover in law.covers(lead):
            if toy.tokens.join(context) != lead:
                continue
            behind = shifted(law, (*context, special))
            step = cover * law.steps(context).get(special, 0.0) * behind.prefix(second)
            mass += step
            if step:
                ratios, missing = behind.symbols(second, known_bytes(toy))
                symbols += step * (1 - missing) * np.array(ratios)
        state = states.make(toy, target)
        state.push(first)
        state.push_special(special)
        assert state.parts == ((first, Special(special)) if first else (Special(special),))
        state.push(second)
        states.feed(state, law.model, width, total=True)
        assert np.exp(state.logprob()) == pytest.approx(mass, rel=1e-11), (first, second)
        following = states.symbols(state, law.model, width)
        np.testing.assert_allclose(following, symbols / symbols.sum(), rtol=0, atol=1e-11)
        if second:
            state.rollback(len(second))
        state.rollback(1)
        assert state.text == first
        want, _ = law.symbols(first, known_bytes(toy))
        np.testing.assert_allclose(states.symbols(state, law.model, width), want, atol=1e-12)


def scheme(kind: str) -> tuple[ts.Tokenizer, bytes]:
    """Tokenizers that put a space before texts, and what they put behind a special token."""
    pieces = [SIGN, "a", "b", SIGN + "a", "ab", SIGN + "ab", "ba", "bb", SIGN + "bb"]
    if kind == "prepend":
        merges = [("a", "b"), (SIGN, "a"), (SIGN + "a", "b"), ("b", "a"), (SIGN, SIGN)]
        return char_bpe(["a", "b", SIGN], merges, prepend=True)[0], b" "
    tokenizer, _ = unigram(pieces, 6, metaspace=True, fallback=False, prepend=kind)
    return tokenizer, b" " if kind == "always" else b""


@pytest.mark.parametrize("kind", ["prepend", "always", "first"])
def test_a_space_is_put_where_the_tokenizer_puts_one(kind: str) -> None:
    tokenizer, lead = scheme(kind)
    assert ByteState(tokenizer).lead_behind_special == lead
    name = "<s0>"
    for first in ["", "a", "ab a"]:
        for second in ["", "b", "ab", "a b", "bb ab"]:
            for third in ["", "ba"]:
                state = ByteState(tokenizer)
                for part in (first, second):
                    state.push(part.encode())
                    state.push_special(name)
                state.push(third.encode())
                whole = tokenizer.encode(
                    f"{first}{name}{second}{name}{third}", allowed_special="all"
                )
                assert state.encoding() == whole, (first, second, third)


def subject(kind: str) -> tuple[ts.Tokenizer, list[bytes]]:
    if kind in TOYS:
        toy = TOYS[kind]
        return toy.tokenizer, [letter for letter in toy.letters if letter != b" "] * 3
    pieces = " the\u4e2d\u00e9a\n '1!".encode()
    return embedded(kind), [pieces[at : at + 1] for at in range(len(pieces))]


@pytest.mark.parametrize("name", [*list(TOYS)[::4], "cl100k_base"])
@pytest.mark.parametrize("target", ["canonical", "joint"])
def test_a_state_is_the_one_of_its_parts_rebuilt(name: str, target: Target) -> None:
    tokenizer, letters = subject(name)
    specials = sorted(tokenizer.special_ids.values())
    draw = random.Random(5)
    state = ByteState(tokenizer, target, prefix=[states.BOS])
    rows = RandomRows(max(state.width, 1))
    symbols: list[int | bytes] = []
    saved = state.checkpoint(), list(symbols)
    for step in range(200 if FULL else 60):
        kind = draw.random()
        if kind < 0.55:
            letter = draw.choice(letters)
            try:
                state.push(letter)
            except ts.InputError:
                continue
            symbols += [bytes([byte]) for byte in letter]
        elif kind < 0.75:
            token = draw.choice(specials)
            try:
                state.push_special(token)
            except ts.InputError:
                assert state.encoding() is None
                continue
            symbols.append(token)
        elif kind < 0.9:
            back = draw.randrange(min(len(symbols), 4) + 1)
            state.rollback(back)
            symbols = symbols[: len(symbols) - back]
        elif kind < 0.95:
            saved = state.checkpoint(), list(symbols)
        else:
            state = state.fork()
            state.restore(saved[0])
            symbols = list(saved[1])
        if step % 5:
            continue
        fresh = ByteState(tokenizer, target, prefix=[states.BOS])
        for symbol in symbols:
            if isinstance(symbol, bytes):
                fresh.push(symbol)
            else:
                fresh.push_special(symbol)
        assert (fresh.parts, len(fresh)) == (state.parts, len(symbols)) == (fresh.parts, len(state))
        assert fresh.encoding() == state.encoding()
        for one in (state, fresh):
            for context in one.pending(total=True):
                one.feed(context, rows.row(context.tokens))
        np.testing.assert_allclose(state.next_byte(), fresh.next_byte(), rtol=1e-12)
        assert state.logprob() == pytest.approx(fresh.logprob(), rel=1e-11)
        assert state.finish() == fresh.finish()


def test_inside_a_character_no_special_token_follows() -> None:
    tokenizer = embedded("cl100k_base")
    state = ByteState(tokenizer)
    state.push(b"a\xc3")
    with pytest.raises(ts.InputError, match="cannot end there"):
        state.push_special("<|endoftext|>")
    state.push(b"\xa9")
    state.push_special("<|endoftext|>")
    assert state.parts == ("a\u00e9".encode(), Special(tokenizer.special_ids["<|endoftext|>"]))
    with pytest.raises(ts.InputError, match="not a special token"):
        state.push_special(5)
    with pytest.raises(ts.VocabularyError, match="not a special token"):
        state.push_special("<|no|>")


@pytest.fixture(scope="module")
def lm() -> ByteLM:
    text = " the cat sat on the mat, and the other cats sat with it; the heat that was there"
    names = ["<|end|>", "<|user|>", "<|bot|>"]
    tokenizer = ts.train.bpe([text] * 3, vocab_size=300, like="gpt2", special_tokens=names)
    return ByteLM(tokenizer, RandomRows(len(tokenizer)), prefix=[0])


def test_prompts_in_parts(lm: ByteLM) -> None:
    prompt: list[Part] = [Special("<|user|>"), " the ca", b"t", Special("<|bot|>"), b" sa"]
    ids = lm.tokenizer.special_ids
    before = [0, ids["<|user|>"], *lm.tokenizer.encode(" the cat"), ids["<|bot|>"]]
    same = lm.state(b" sa", prefix=before)
    np.testing.assert_allclose(lm.state(prompt).next_byte(), same.next_byte(), rtol=1e-12)
    assert lm.state(prompt).parts == (
        Special(ids["<|user|>"]), b" the cat", Special(ids["<|bot|>"]), b" sa",
    )  # fmt: skip
    given = prompt[:3]
    data = prompt[3:]
    want = lm.logprob(prompt) - lm.logprob(given)
    assert lm.logprob(data, given) == pytest.approx(want, rel=1e-10)


@pytest.mark.parametrize("mode", ["bytes", "tokens"])
def test_generation_goes_on_past_specials_when_asked(lm: ByteLM, mode: str) -> None:
    names = dict(lm.tokenizer.special_ids)

    def chatty(contexts: list[Context]) -> np.ndarray:
        rows = np.array([RandomRows(len(lm.tokenizer)).row(one) for one in contexts])
        rows[:, [names["<|user|>"], names["<|bot|>"]]] += 6
        return rows

    loud = ByteLM(lm.tokenizer, chatty, prefix=[0])
    options: dict[str, Any] = {"seed": 3, "mode": mode}
    assert loud.generate(b" the", 40, **options).reason == "end"
    found = loud.generate(b" the", 40, past_specials=("<|user|>", "<|bot|>"), **options)
    assert found.specials
    assert {token for _, token in found.specials} <= {names["<|user|>"], names["<|bot|>"]}
    assert len(found.data) + len(found.specials) == 40 or found.reason == "end"
    assert b"".join(part for part in found.parts if isinstance(part, bytes)) == found.data
    batch = loud.generate_batch([b" the"], 40, past_specials=True, **options)
    assert batch[0].specials[: len(found.specials)][:1] == found.specials[:1]
    if mode == "bytes" and found.reason == "length":
        want = loud.logprob(list(found.parts), b" the")
        assert found.logprob == pytest.approx(want, rel=1e-10)
    with pytest.raises(ts.InputError, match="sequence"):
        loud.generate(b" the", past_specials="<|bot|>")
    with pytest.raises(ts.VocabularyError):
        loud.generate(b" the", past_specials=["<|no|>"])


def test_of_a_real_chat_template() -> None:
    tokenizer = ts.Tokenizer.from_bytes(need("vocabs/qwen/tokenizer.json").read_bytes())
    names = sorted(tokenizer.special_ids)
    start, end = names[0], names[-1]
    text = f"{start}user\nHello, world!{end}\n{start}assistant\n  Sure"
    state = ByteState(tokenizer)
    for part in (Special(start), b"user\nHello, world!", Special(end), b"\n", Special(start)):
        if isinstance(part, Special):
            state.push_special(part)
        else:
            state.push(part)
    state.push(b"assistant\n  Sure")
    assert state.encoding() == tokenizer.encode(text, allowed_special="all")
