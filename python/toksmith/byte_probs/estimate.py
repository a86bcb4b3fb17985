"""The probability of a text over all of its tokenizations, drawn from the model itself.

For where a beam has dropped too much for its bound to say anything. A cover of the text is drawn
token by token: of the tokens that agree with what is left of the text (they are its beginning, or
begin with it) one by the model's probability; the product of what the agreeing tokens had in all is
the weight. Its mean is the probability (importance sampling with the model's own rows as proposal;
unbiased), and its spread says how sure that is.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith._native import InputError
from toksmith.byte_probs.checks import whole_number
from toksmith.byte_probs.marginal import MarginalEstimate
from toksmith.byte_probs.parts import as_bytes
from toksmith.byte_probs.rows import read_rows
from toksmith.byte_probs.spelled import spelled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toksmith import Tokenizer
    from toksmith.byte_probs.lm import ByteLM


def estimate(
    lm: ByteLM, text: bytes | str, samples: int, seed: int, *, given: bytes | str = b""
) -> MarginalEstimate:
    """The probability that a text begins with `given` and `text`, over all tokenizations.

    Args:
        lm: The model; its own law does not matter.
        text: The bytes.
        samples: How many covers are drawn; the rows of each are asked for, those in common once.
        seed: The same seed draws the same.
        given: More bytes before them.

    Returns:
        Its `logprob` is that of the law `"all"`, its `stderr` the standard error of it (delta
        method), `effective` the effective sample size. Not `exact`.

    Raises:
        InputError: A row cannot be read, or no tokens are a cover.
    """
    count = whole_number(samples, "samples", 1)
    draw = np.random.default_rng(whole_number(seed, "seed", 0, 1 << 63))
    data = as_bytes(given) + as_bytes(text)
    if not data:
        return MarginalEstimate(0.0, 0.0, float(count), count, exact=False)
    vocabulary = _sorted(lm.tokenizer)
    data = vocabulary.lead + data
    logs = np.zeros(count)
    # Samples that share a context are carried on together: context, offset, which samples.
    groups: list[tuple[tuple[int, ...], int, NDArray[np.int64]]] = [
        (lm.prefix, 0, np.arange(count))
    ]
    while groups:
        rows = lm.rows([context for context, _, _ in groups])
        carried = []
        for context, at, members in groups:
            ids, lengths = vocabulary.agreeing(data[at:])
            masses = _probabilities(rows[context])[ids] if len(ids) else np.zeros(0)
            total = float(masses.sum())
            with np.errstate(divide="ignore"):
                logs[members] += np.log(total)
            if total == 0.0:
                continue
            chosen = np.searchsorted(np.cumsum(masses), draw.random(len(members)) * total, "right")
            chosen = np.minimum(chosen, len(ids) - 1)
            for one in np.unique(chosen):
                if at + int(lengths[one]) < len(data):
                    ahead = (*context, int(ids[one]))
                    carried.append((ahead, at + int(lengths[one]), members[chosen == one]))
        groups = carried
    return _mean(logs)


def _mean(logs: NDArray[np.float64]) -> MarginalEstimate:
    best = float(logs.max())
    if best == -np.inf:
        return MarginalEstimate(best, 0.0, 0.0, len(logs), exact=False)
    weights = np.exp(logs - best)
    mean = float(weights.mean())
    spread = float(weights.std(ddof=1)) / len(logs) ** 0.5 if len(logs) > 1 else np.inf
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    return MarginalEstimate(
        best + float(np.log(mean)), spread / mean, effective, len(logs), exact=False
    )


def _probabilities(row: Any) -> NDArray[np.float64]:
    """A row of logits as probabilities."""
    array, kind, single = read_rows(row)
    if not single:
        raise InputError("expected one row a context")
    if kind == "bfloat16":
        array = (array.astype(np.uint32) << 16).view(np.float32)
    elif kind == "float16":
        array = array.view(np.float16)
    logits = array[0].astype(np.float64)
    best = logits.max()
    if not np.isfinite(best) or np.isnan(logits).any():
        raise InputError("a row has NaN or infinity, or minus infinity alone")
    exps: NDArray[np.float64] = np.exp(logits - best)
    total: float = exps.sum()
    return exps / total


class _Sorted:
    """A vocabulary by bytes."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        known = spelled(tokenizer)
        pairs = sorted((text, token) for token, text in known.tokens())
        self.lead = known.lead
        self._texts = [text for text, _ in pairs]
        self._ids = np.array([token for _, token in pairs], np.int64)
        self._longest = max(map(len, self._texts), default=0)

    def agreeing(self, rest: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The tokens that are a beginning of `rest` or begin with it: ids, lengths."""
        places: list[int] = []
        for length in range(1, min(len(rest) - 1, self._longest) + 1):
            at = bisect_left(self._texts, rest[:length])
            while at < len(self._texts) and self._texts[at] == rest[:length]:
                places.append(at)
                at += 1
        lo = bisect_left(self._texts, rest)
        # No token begins with `rest` and so many bytes 255 behind it.
        beyond = rest + b"\xff" * (self._longest + 1)
        places += range(lo, bisect_left(self._texts, beyond, lo))
        lengths = np.array([len(self._texts[place]) for place in places], np.int64)
        return self._ids[places], lengths


@lru_cache(maxsize=4)
def _sorted(tokenizer: Tokenizer) -> _Sorted:
    return _Sorted(tokenizer)
