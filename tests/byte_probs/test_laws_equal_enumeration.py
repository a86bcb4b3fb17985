"""Each law equals its enumeration: every string over a small alphabet, random full-support models.

The state goes through the tree of strings by `push` and `rollback`; at each node its next symbols,
its mass that is missing and the text's probability are those of the oracle.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

import toksmith as ts
from byte_probs import states
from byte_probs.oracle import Canonical, Every, Law
from byte_probs.sources import random_model
from byte_probs.toys import Toy, toys
from testdata import FULL
from toksmith.byte_probs import ByteState, Target

TOYS = {toy.name: toy for toy in toys(9)}
STRINGS = 600 if FULL else 130
"""About so many strings, so that two letters are followed to eight bytes in the long form."""
AHEAD = 4


def length(toy: Toy) -> int:
    """How long the strings are."""
    found = 1
    while len(toy.letters) ** (found + 1) <= STRINGS and found < 8:
        found += 1
    return found


@cache
def rules(name: str) -> Canonical:
    return TOYS[name].canonical(length(TOYS[name]), AHEAD)


def support(toy: Toy) -> list[int]:
    """The tokens whose bytes are all in the letters of the enumeration."""
    known = set(known_bytes(toy))
    return [token for token, piece in toy.tokens.spelled.items() if known.issuperset(piece)]


def known_bytes(toy: Toy) -> list[int]:
    """The bytes of all letters, and of what stands before a text."""
    return sorted({*b"".join([*toy.letters, *toy.others]), *toy.tokens.lead})


def law_of(toy: Toy, target: Target, seed: int) -> Law:
    chosen = Every(support(toy)) if target == "all" else rules(toy.name)
    return Law(toy.tokens, chosen, random_model(toy.tokens, seed, support(toy)), target)


def tree(toy: Toy) -> Iterator[bytes]:
    """Every string, depth first, cut at every byte."""

    def below(text: bytes, depth: int) -> Iterator[bytes]:
        yield text
        for letter in toy.letters if depth else ():
            for cut in range(1, len(letter)):
                yield text + letter[:cut]
            yield from below(text + letter, depth - 1)

    yield from below(b"", length(toy))


def follow(state: ByteState, now: bytes, text: bytes) -> None:
    """Takes back what differs and pushes the rest."""
    same = 0
    while same < min(len(now), len(text)) and now[same] == text[same]:
        same += 1
    if len(now) > same:
        state.rollback(len(now) - same)
    if len(text) > same:
        state.push(text[same:])


@pytest.mark.parametrize("target", ["canonical", "joint", "all"])
@pytest.mark.parametrize("name", TOYS)
def test_next_symbols_equal_the_enumeration(name: str, target: Target) -> None:
    toy = TOYS[name]
    law = law_of(toy, target, seed=1)
    state = states.make(toy, target)
    width, now, compared = states.width(toy.tokens), b"", 0
    for text in tree(toy):
        if not law.prefix(text):
            continue  # nothing begins so
        follow(state, now, text)
        now = text
        found = states.symbols(state, law.model, width)
        want, missing = law.symbols(text, known_bytes(toy))
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-12, err_msg=repr(text))
        if target == "joint":
            assert state.missing == pytest.approx(missing, abs=1e-12)
        compared += 1
    assert compared > length(toy)


@pytest.mark.parametrize("target", ["canonical", "joint", "all"])
@pytest.mark.parametrize("name", TOYS)
def test_probabilities_of_texts_equal_the_enumeration(name: str, target: Target) -> None:
    toy = TOYS[name]
    law = law_of(toy, target, seed=2)
    state = states.make(toy, target)
    width, now = states.width(toy.tokens), b""
    for text in tree(toy):
        mass = law.prefix(text)
        if not mass:
            continue
        follow(state, now, text)
        now = text
        states.feed(state, law.model, width, total=True)
        assert np.exp(state.logprob()) == pytest.approx(mass, rel=1e-11), text


@pytest.mark.parametrize("target", ["canonical", "all"])
@pytest.mark.parametrize("name", TOYS)
def test_symbols_sum_to_one_and_multiply_to_the_probability(name: str, target: Target) -> None:
    """Of the laws that lose nothing: stepwise products are the text's own probability."""
    toy = TOYS[name]
    law = law_of(toy, target, seed=3)
    width = states.width(toy.tokens)
    longest = max(
        (text for text in tree(toy) if law.prefix(text)), key=lambda text: (len(text), text[::-1])
    )
    state = states.make(toy, target)
    total = 0.0
    for at, byte in enumerate(longest):
        found = states.symbols(state, law.model, width)
        assert found.sum() == pytest.approx(1.0, abs=1e-12)
        if not at and target == "all" and toy.tokens.lead:
            # Sequences that do not begin with the lead are no text: the first byte has the rest.
            total += float(np.log(law.prefix(longest[:1])))
        else:
            # Not only made to: the oracle's own ratios sum to one.
            assert law.symbols(longest[:at], known_bytes(toy))[1] == pytest.approx(0, abs=1e-12)
            total += float(np.log(found[byte]))
        state.push(byte)
    states.feed(state, law.model, width, total=True)
    assert state.logprob() == pytest.approx(total, rel=1e-11)


@pytest.mark.parametrize("name", TOYS)
def test_the_bound_of_a_beam_is_never_violated(name: str) -> None:
    """What a beam says of the next symbol is off by no more than it says, in total variation."""
    toy = TOYS[name]
    law = law_of(toy, "all", seed=4)
    width, loose = states.width(toy.tokens), []
    for beam in (1, 2, 3):
        for text in tree(toy):
            if not text or not law.prefix(text):
                continue
            state = ByteState(toy.tokenizer, "all", prefix=[states.BOS], beam=beam)
            try:
                for byte in text:
                    states.feed(state, law.model, width, total=True)
                    state.push(byte)
                states.feed(state, law.model, width, total=True)
                found = np.exp(state.next_byte())
            except ts.InputError:
                continue  # the beam has dropped all that could go on so
            truth = np.array(law.symbols(text, known_bytes(toy))[0])
            distance, bound = float(np.abs(found - truth).sum() / 2), state.bound()
            assert distance <= bound + 1e-12, (beam, text)
            assert np.exp(state.dropped) + np.exp(state.logprob()) >= law.prefix(text) - 1e-12
            loose.append(bound - distance)
            if not FULL and len(loose) > 60 * beam:
                break
    assert loose
