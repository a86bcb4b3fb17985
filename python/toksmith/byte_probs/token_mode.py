"""Generation that crosses the prompt by bytes and goes on by tokens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith.byte_probs.rows import read_rows
from toksmith.byte_probs.sampling import Generated
from toksmith.byte_probs.spelled import spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toksmith.byte_probs.lm import ByteLM, LMState
    from toksmith.byte_probs.sampling import Sampling

    Tokens = tuple[int, ...]


def generate_tokens(
    model: ByteLM, states: Sequence[LMState], sampling: Sampling
) -> list[Generated]:
    """Draws a byte, a cover of each text with that byte, then tokens.

    The byte is the law's: a cover that ends where the prompt does would leave it to a row that is
    not restricted.

    Args:
        model: Whose rows.
        states: The texts; they are gone on with.
        sampling: The options.
    """
    vocabulary = spelled(model.tokenizer)
    pieces, specials = dict(vocabulary.tokens()), set(vocabulary.special_ids)
    known = np.array(sorted([*pieces, *specials]), np.intp)
    generators = [sampling.generator(row) for row in range(len(states))]
    contexts: list[Tokens] = []
    data: list[bytes] = []
    done: dict[int, Generated] = {}
    symbols = [
        sampling.draw(logs, generator)
        for logs, generator in zip(model.next_bytes(states), generators, strict=True)
    ]
    for row, (state, symbol) in enumerate(zip(states, symbols, strict=True)):
        if symbol < 256:
            state.push(symbol)
        elif sampling.max_bytes:
            done[row] = Generated(b"", math.nan, "end")
    model.feed([state.inner for state, symbol in zip(states, symbols, strict=True) if symbol < 256])
    for state, symbol, generator in zip(states, symbols, generators, strict=True):
        if symbol >= 256:
            contexts.append(())
            data.append(b"")
            continue
        seed = int(generator.integers(1 << 62)) if sampling.temperature else None
        cover = state.inner.finish(seed)
        contexts.append(cover.tokens)
        data.append(bytes([symbol]) + cover.extra)
    fresh = [len(begun) for begun in data]
    while True:
        for row, found in enumerate(data):
            if row in done:
                continue
            if stopped := sampling.cut(found, fresh[row]):
                done[row] = Generated(found[: stopped[0]], math.nan, "stop", stopped[1])
            elif len(found) >= sampling.max_bytes:
                done[row] = Generated(found[: sampling.max_bytes], math.nan, "length")
        alive = [row for row in range(len(states)) if row not in done]
        if not alive:
            return [done[row] for row in range(len(states))]
        read = model.rows([contexts[row] for row in alive])
        for row in alive:
            token = sampling.draw(_numbers(read[contexts[row]], known), generators[row])
            if token in specials:
                done[row] = Generated(data[row], math.nan, "end")
                continue
            contexts[row] = (*contexts[row], token)
            data[row] += pieces[token]
            fresh[row] = len(pieces[token])


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
