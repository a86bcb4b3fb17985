"""The likelihood of one model's text under another, whatever their vocabularies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toksmith.byte_probs.checks import whole_number
from toksmith.byte_probs.model import Score
from toksmith.byte_probs.parts import as_bytes

if TYPE_CHECKING:
    from toksmith.byte_probs.model import ByteModel


@dataclass(frozen=True)
class CrossEntropy:
    """How one model's text looks to another.

    Attributes:
        judge: Of the texts under the judging model.
        author: Of the same texts under the model that wrote them: its own entropy.
        divergence: The estimate of the Kullback-Leibler divergence in bits a text: the mean of the
            differences.
        stderr: Its standard error; infinity for one sample.
        texts: What was written.
    """

    judge: Score
    author: Score
    divergence: float
    stderr: float
    texts: tuple[bytes, ...]


def cross_entropy(
    author: ByteModel,
    judge: ByteModel,
    prompt: bytes | str = b"",
    *,
    samples: int = 16,
    max_bytes: int = 256,
    seed: int | None = None,
) -> CrossEntropy:
    """Lets one model write and another score it. Exact for each text; the mean is over samples.

    A text that ends by itself is scored with its end, by whichever special token.

    Args:
        author: Who writes.
        judge: Who scores.
        prompt: What both are given.
        samples: Number of texts, at least 1.
        max_bytes: At most so many bytes each.
        seed: As in `generate`.

    Raises:
        InputError: An option is out of range, or the prompt has no probability under one of them.
    """
    count = whole_number(samples, "samples", 1)
    prompt = as_bytes(prompt)
    written = author.generate_batch([prompt] * count, max_bytes, seed=seed)
    own, other = [], []
    for one in written:
        ended = one.reason == "end"
        own.append(author.logprob(one.data, prompt, end=ended))
        other.append(judge.logprob(one.data, prompt, end=ended))
    length = sum(len(one.data) for one in written)
    differences = (np.array(own) - np.array(other)) / math.log(2)
    error = float(np.std(differences, ddof=1) / math.sqrt(count)) if count > 1 else math.inf
    return CrossEntropy(
        Score.of(sum(other), length),
        Score.of(sum(own), length),
        float(differences.mean()),
        error,
        tuple(one.data for one in written),
    )
