"""Generation that crosses the prompt by bytes and goes on by tokens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith.byte_probs.rows import read_rows
from toksmith.byte_probs.sampling import Written
from toksmith.byte_probs.spelled import spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toksmith.byte_probs.lm import ByteLM, LMState
    from toksmith.byte_probs.sampling import Generated, Sampling

    Tokens = tuple[int, ...]


def generate_tokens(
    model: ByteLM, states: Sequence[LMState], sampling: Sampling, past: Sequence[int] = ()
) -> list[Generated]:
    """Draws a byte, a cover of each text with that byte, then tokens.

    The byte is the law's: a cover that ends where the prompt does would leave it to a row that is
    not restricted.

    Args:
        model: Whose rows.
        states: The texts; they are gone on with.
        sampling: The options.
        past: Symbols above 255 behind which the text goes on.
    """
    past = past if sampling.max_bytes else ()
    vocabulary = spelled(model.tokenizer)
    pieces, specials = dict(vocabulary.tokens()), set(vocabulary.special_ids)
    known = np.array(sorted([*pieces, *specials]), np.intp)
    generators = [sampling.generator(row) for row in range(len(states))]
    written = [Written() for _ in states]
    contexts: list[Tokens] = [()] * len(states)
    done: dict[int, Generated] = {}
    symbols = [
        sampling.draw(logs, generator)
        for logs, generator in zip(model.next_bytes(states), generators, strict=True)
    ]
    for row, (state, symbol) in enumerate(zip(states, symbols, strict=True)):
        written[row].logprob = math.nan
        if symbol in past:
            written[row].special(state.push_symbol(symbol))
        elif symbol < 256:
            state.push(symbol)
        elif sampling.max_bytes:
            done[row] = written[row].done("end")
    crossed = [row for row, symbol in enumerate(symbols) if symbol < 256 or symbol in past]
    model.feed([states[row].inner for row in crossed])
    for row in crossed:
        seed = int(generators[row].integers(1 << 62)) if sampling.temperature else None
        cover = states[row].inner.finish(seed)
        contexts[row] = cover.tokens
        if symbols[row] < 256:
            written[row].data += bytes([symbols[row]]) + cover.extra
    fresh = [len(own.data) for own in written]
    lead = model.lead_behind_special
    going_on = {model.special_ids[symbol - 256] for symbol in past}
    while True:
        for row, own in enumerate(written):
            if row in done:
                continue
            if stopped := own.cut(sampling, fresh[row]):
                done[row] = stopped
            elif len(own) >= sampling.max_bytes:
                done[row] = own.done("length", sampling.max_bytes - len(own.specials))
        alive = [row for row in range(len(states)) if row not in done]
        if not alive:
            return [done[row] for row in range(len(states))]
        read = model.rows([contexts[row] for row in alive])
        for row in alive:
            own = written[row]
            token = sampling.draw(_numbers(read[contexts[row]], known), generators[row])
            if token in going_on:
                own.special(token)
                fresh[row] = 0
            elif token in specials:
                done[row] = own.done("end")
                continue
            else:
                begins = bool(own.specials) and own.specials[-1][0] == len(own.data)
                piece = pieces[token].removeprefix(lead if begins else b"")
                own.data += piece
                fresh[row] = len(piece)
            contexts[row] = (*contexts[row], token)


def _numbers(row: Any, known: NDArray[np.intp]) -> NDArray[np.float64]:
    """A row as float64, minus infinity where an id is neither text nor special."""
    read = read_rows(row)
    bits = read.array.reshape(-1)
    if read.kind == "bfloat16":
        numbers = (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    elif read.kind == "float16":
        numbers = bits.view(np.float16).astype(np.float64)
    else:
        numbers = bits.astype(np.float64)
    out = np.full(len(numbers), -np.inf)
    out[known] = numbers[known]
    return out
