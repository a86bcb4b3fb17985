"""The state that is tested, and rows for it out of a token model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from byte_probs.oracle import Context, Model, Tokens
from byte_probs.toys import Toy
from toksmith.byte_probs import ByteState, Target

BOS = 7
"""A token of the prefix in which the states of these tests begin."""


def make(toy: Toy, target: Target) -> ByteState:
    """A state at the start."""
    return ByteState(toy.tokenizer, target, prefix=[BOS])


def row(model: Model, context: Context, width: int) -> NDArray[np.float64]:
    """Log-probabilities of one context, shifted, as logits are."""
    out = np.full(width, -np.inf)
    for token, mass in model(context).items():
        if mass:
            out[token] = np.log(mass) + 3.25
    return out


def feed(state: ByteState, model: Model, width: int, total: bool = False) -> int:
    """Gives a state the rows it asks for; how many those were."""
    count = 0
    while contexts := state.pending(total=total):
        rows = [row(model, context.tokens[1:], width) for context in contexts]
        assert all(context.tokens[0] == BOS for context in contexts)
        state.feed_many(contexts, np.array(rows))
        count += len(contexts)
    return count


def symbols(state: ByteState, model: Model, width: int) -> NDArray[np.float64]:
    """Probabilities of what follows."""
    feed(state, model, width)
    return np.exp(np.asarray(state.next_byte(), np.float64))


def width(tokens: Tokens) -> int:
    """The numbers in a row."""
    return max([*tokens.spelled, *tokens.specials]) + 1


def with_one_end(found: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """The specials as one symbol."""
    array = np.asarray(found)
    return np.append(array[:256], array[256:].sum())
