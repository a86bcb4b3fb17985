"""The state that is tested, and rows for it out of a token model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import toksmith as ts
from byte_probs.oracle import Context, Every, Model, Tokens
from byte_probs.slow_state import SlowByteState
from byte_probs.toys import Toy

BYTE_STATE: Any = getattr(ts.byte_probs, "ByteState", None)
BOS = 7
"""A token of the prefix in which the states of these tests begin."""


def make(toy: Toy, target: str, rules: Any = None, slow: bool = BYTE_STATE is None) -> Any:
    """A state at the start; where it goes by the oracle, with the rules given."""
    if slow:
        chosen = Every(toy.tokens.spelled) if target == "all" and rules is None else rules
        return SlowByteState(toy.tokens, chosen, target, [BOS])
    return BYTE_STATE(toy.tokenizer, target=target, prefix=[BOS])


def row(model: Model, context: Context, width: int) -> NDArray[np.float64]:
    """Log-probabilities of one context, shifted, as logits are."""
    out = np.full(width, -np.inf)
    for token, mass in model(context).items():
        if mass:
            out[token] = np.log(mass) + 3.25
    return out


def feed(state: Any, model: Model, width: int, total: bool = False) -> int:
    """Gives a state the rows it asks for; how many those were."""
    count = 0
    while contexts := state.pending(total=total):
        rows = [row(model, tuple(context.tokens[1:]), width) for context in contexts]
        assert all(context.tokens[0] == BOS for context in contexts)
        state.feed_many(contexts, np.array(rows))
        count += len(contexts)
    return count


def symbols(state: Any, model: Model, width: int) -> NDArray[np.float64]:
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
