"""A second, plain implementation of llama2.c's models: a token at a time, float64, no caches."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class PlainLlama:
    """A file of version 0 with tied output weights."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        self.dim, self.hidden, self.layers, self.heads, self.kv, self.vocab, _ = struct.unpack(
            "<7i", data[:28]
        )
        numbers = np.frombuffer(data[28:], "<f4").astype(np.float64)
        head, at = self.dim // self.heads, 0

        def take(*shape: int) -> Floats:
            nonlocal at
            size = math.prod(shape)
            part = numbers[at : at + size].reshape(shape)
            at += size
            return part

        self.embedding = take(self.vocab, self.dim)
        self.norm_a = take(self.layers, self.dim)
        self.wq = take(self.layers, self.dim, self.dim)
        self.wk = take(self.layers, self.kv * head, self.dim)
        self.wv = take(self.layers, self.kv * head, self.dim)
        self.wo = take(self.layers, self.dim, self.dim)
        self.norm_f = take(self.layers, self.dim)
        self.w1 = take(self.layers, self.hidden, self.dim)
        self.w2 = take(self.layers, self.dim, self.hidden)
        self.w3 = take(self.layers, self.hidden, self.dim)
        self.norm = take(self.dim)

    def logits(self, tokens: list[int]) -> Floats:
        """The logits after each token: `(tokens, vocab)`."""
        head = self.dim // self.heads
        keys: list[list[Floats]] = [[] for _ in range(self.layers)]
        values: list[list[Floats]] = [[] for _ in range(self.layers)]
        rows = []
        for place, token in enumerate(tokens):
            x = self.embedding[token].copy()
            for layer in range(self.layers):
                h = self._norm(x, self.norm_a[layer])
                q = self._rotate(self.wq[layer] @ h, place, head)
                keys[layer].append(self._rotate(self.wk[layer] @ h, place, head))
                values[layer].append(self.wv[layer] @ h)
                mixed = np.zeros(self.dim)
                for one in range(self.heads):
                    group = one // (self.heads // self.kv)
                    mine = slice(one * head, (one + 1) * head)
                    theirs = slice(group * head, (group + 1) * head)
                    scores = [q[mine] @ key[theirs] / math.sqrt(head) for key in keys[layer]]
                    most = max(scores)
                    weights = [math.exp(score - most) for score in scores]
                    for weight, value in zip(weights, values[layer], strict=True):
                        mixed[mine] += weight / sum(weights) * value[theirs]
                x += self.wo[layer] @ mixed
                h = self._norm(x, self.norm_f[layer])
                gate = self.w1[layer] @ h
                x += self.w2[layer] @ (gate / (1 + np.exp(-gate)) * (self.w3[layer] @ h))
            rows.append(self.embedding @ self._norm(x, self.norm))
        return np.array(rows)

    @staticmethod
    def _norm(x: Floats, weight: Floats) -> Floats:
        out: Floats = weight * x / math.sqrt(float(x @ x) / len(x) + 1e-5)
        return out

    @staticmethod
    def _rotate(x: Floats, place: int, head: int) -> Floats:
        out = x.copy()
        for at in range(0, len(x), 2):
            angle = place * 10000.0 ** -((at % head) / head)
            cos, sin = math.cos(angle), math.sin(angle)
            out[at] = x[at] * cos - x[at + 1] * sin
            out[at + 1] = x[at] * sin + x[at + 1] * cos
        return out
