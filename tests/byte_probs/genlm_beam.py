"""Run by a Python that has genlm-bytes: its beam, of no limit, over a model of random rows.

Reads a job as JSON: `tokens`, the hexadecimal bytes of each id; `end`, the special token;
`prompts`, hexadecimal. Writes, for each prompt and each of its prefixes, the natural
log-probabilities of the 256 bytes and the end, and that of the prefix.
"""

from __future__ import annotations

import asyncio
import json
import sys
import zlib
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray


def logits(context: list[int], width: int) -> NDArray[np.float64]:
    """The row of a context: the same in every process."""
    seed = zlib.crc32(np.asarray(context, "<u4").tobytes())
    return np.random.RandomState(seed).normal(scale=2, size=width)


class RandomModel:
    """A model as genlm-bytes asks one, of `logits`."""

    def __init__(self, tokens: list[bytes], end: int) -> None:
        from genlm.backend.tokenization import Token

        self.byte_vocab = [Token(token_id=at, byte_string=one) for at, one in enumerate(tokens)]
        self.tokenizer = SimpleNamespace(bos_token_id=end)

    async def next_token_logprobs(self, context: list[int]) -> Any:
        """The row of a context, normalised, in float32."""
        import torch

        row = torch.tensor(logits(context, len(self.byte_vocab)))
        return torch.log_softmax(row, dim=-1).float()


async def answer(job: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """What the beam says of each prefix of each prompt."""
    from genlm.bytes.byte_lm.beam import BeamParams, ByteBeamState

    tokens = [bytes.fromhex(token) for token in job["tokens"]]
    params = BeamParams(
        K=10**9, prune_threshold=0.0, eos_byte_strings=[tokens[job["end"]]], heal=False
    )
    start = await ByteBeamState.initial(RandomModel(tokens, job["end"]), params)
    answers = []
    try:
        for prompt in job["prompts"]:
            state, found = start, list[dict[str, Any]]()
            for byte in [*bytes.fromhex(prompt), None]:
                row = (await state.logp_next()).ps
                found.append({"next": [*row[:256], row[257]], "prefix": float(state.logZ)})
                if byte is not None:
                    state = await (state.prune() << byte)
            answers.append(found)
    finally:
        await start.cleanup()
    return answers


if __name__ == "__main__":
    json.dump(asyncio.run(answer(json.load(sys.stdin))), sys.stdout)
