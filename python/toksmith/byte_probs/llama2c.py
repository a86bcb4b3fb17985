"""Models in the format of llama2.c, read and run with numpy alone: small, but real models.

Start at `Llama2c.from_file`. The architecture is Llama's: RMS norms before attention and before a
gated feed-forward layer, rotary positions, grouped queries. Format: Karpathy, "llama2.c", its files
of version 0 (without a header) and 1. Tokenizers: `llama2c_tokenizer.py`.
"""

from __future__ import annotations

import math
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toksmith._native import InputError, ModelError, UnsupportedFeature
from toksmith.byte_probs.checks import whole_number
from toksmith.byte_probs.llama2c_tokenizer import read_tokenizer
from toksmith.byte_probs.prefix_runs import Run, closest, runs
from toksmith.files import as_path

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toksmith.tokenizer import Tokenizer

    Floats = NDArray[Any]
    Precision = Literal["float32", "float64"]

_MAGIC = 0x616B3432
_V1_HEADER = 256
_EPSILON = 1e-5
_ROPE_BASE = 10000.0


@dataclass(frozen=True)
class Shape:
    """The sizes of a model."""

    dim: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    vocab: int
    longest: int
    """Most tokens of a context."""

    @property
    def head(self) -> int:
        """Numbers of one head."""
        return self.dim // self.heads

    @property
    def kv_dim(self) -> int:
        """Numbers of all keys at one place."""
        return self.head * self.kv_heads


@dataclass(frozen=True)
class _Weights:
    """A matrix is `(out, in)`, with the layer in front where there are several."""

    embedding: Floats
    attention_norm: Floats
    q: Floats
    k: Floats
    v: Floats
    out: Floats
    feed_norm: Floats
    gate: Floats
    down: Floats
    up: Floats
    norm: Floats
    head: Floats


class Llama2c:
    """A model of llama2.c: from contexts to logits.

    Called as `ByteLM` calls its model. Keys and values of the contexts read last are kept, so that
    a context that goes on from one of them costs its new tokens only.

    Attributes:
        tokenizer: The one its tokens are of; None if none was given.
        shape: Its sizes.
    """

    def __init__(
        self, weights: _Weights, shape: Shape, tokenizer: Tokenizer | None, cached: int = 64
    ) -> None:
        self._weights = weights
        self.shape = shape
        self.tokenizer = tokenizer
        self._most = cached
        self._cache: OrderedDict[tuple[int, ...], tuple[Floats, Floats]] = OrderedDict()
        pairs = np.arange(0, shape.head, 2, dtype=np.float64)
        turns = np.outer(np.arange(shape.longest), _ROPE_BASE ** -(pairs / shape.head))
        self._dtype = weights.embedding.dtype
        self._cos, self._sin = np.cos(turns).astype(self._dtype), np.sin(turns).astype(self._dtype)

    @classmethod
    def from_file(
        cls,
        checkpoint: str | os.PathLike[str],
        tokenizer: str | os.PathLike[str] | None = None,
        *,
        dtype: Precision = "float32",
        cached: int = 64,
    ) -> Llama2c:
        """Reads a model.

        Args:
            checkpoint: A `.bin` file of version 0 or 1, float32.
            tokenizer: Its `tokenizer.bin`; without one the model takes ids alone.
            dtype: In what the model is run: `"float64"` is slower, and the same to 1e-12 however
                contexts are batched.
            cached: Contexts whose keys and values are kept.

        Raises:
            InputError: A file cannot be read.
            ModelError: A file is malformed.
            UnsupportedFeature: The weights are quantised.
        """
        if dtype not in ("float32", "float64"):
            raise InputError(f'dtype must be "float32" or "float64", not {dtype!r}')
        path = as_path(checkpoint)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from None
        try:
            shape, weights = _read(data, np.dtype(dtype))
        except (ModelError, UnsupportedFeature) as error:
            raise type(error)(f"{path}: {error}") from None
        tok = None if tokenizer is None else read_tokenizer(tokenizer, shape.vocab)
        return cls(weights, shape, tok, whole_number(cached, "cached", 0))

    def __call__(self, contexts: Sequence[Sequence[int]]) -> Floats:
        """The logits of the token after each context.

        Args:
            contexts: Ids, at least one each (the model's texts begin with id 1).

        Returns:
            `(contexts, vocab)`, float32 or what was asked for.

        Raises:
            InputError: A context is empty or too long, or has an id that is no token.
        """
        for context in contexts:
            self._check(context)
        out = np.empty((len(contexts), self.shape.vocab), self._dtype)
        for run in runs(contexts):
            self._read_run(run, out)
        return out

    def _check(self, context: Sequence[int]) -> None:
        if not 0 < len(context) <= self.shape.longest:
            raise InputError(
                f"a context of {len(context)} tokens: this model reads 1 to {self.shape.longest}"
            )
        if not all(0 <= token < self.shape.vocab for token in context):
            raise InputError(f"a context has an id that is not below {self.shape.vocab}")

    def _read_run(self, run: Run, out: Floats) -> None:
        """Reads what the cache lacks, and writes the rows that were asked for on the way."""
        kept, shared = closest(run.tokens, self._cache)
        start = min(shared, min(run.rows) - 1)
        keys = np.empty((self.shape.layers, len(run.tokens), self.shape.kv_dim), self._dtype)
        values = np.empty_like(keys)
        if kept is not None and start:
            keys[:, :start], values[:, :start] = (half[:, :start] for half in self._cache[kept])
        states = self._states(np.array(run.tokens[start:], np.intp), start, keys, values)
        lengths = sorted(run.rows)
        logits = states[np.array(lengths) - 1 - start] @ self._weights.head.T
        for length, row in zip(lengths, logits, strict=True):
            out[run.rows[length]] = row
        if self._most:
            if kept is not None and shared == len(kept):
                del self._cache[kept]  # the new one has all of it
            self._cache[run.tokens] = keys, values
            while len(self._cache) > self._most:
                self._cache.popitem(last=False)

    def _states(self, tokens: NDArray[np.intp], start: int, keys: Floats, values: Floats) -> Floats:
        """What the last layer gives at each token: `(tokens, dim)`. Fills in keys and values."""
        w, shape = self._weights, self.shape
        end = start + len(tokens)
        x: Floats = w.embedding[tokens]
        group = shape.heads // shape.kv_heads
        # What comes later is not seen.
        later = np.arange(end)[None, :] > np.arange(start, end)[:, None]
        for layer in range(shape.layers):
            h = _norm(x, w.attention_norm[layer])
            q = self._turned(h @ w.q[layer].T, start).reshape(-1, shape.kv_heads, group, shape.head)
            keys[layer, start:end] = self._turned(h @ w.k[layer].T, start)
            values[layer, start:end] = h @ w.v[layer].T
            k = keys[layer, :end].reshape(end, shape.kv_heads, shape.head)
            v = values[layer, :end].reshape(end, shape.kv_heads, shape.head)
            # Heads in front: (kv_heads, group, tokens, end).
            scores = q.transpose(1, 2, 0, 3) @ k.transpose(1, 2, 0)[:, None]
            scores /= math.sqrt(shape.head)
            scores[..., later] = -np.inf
            mixed = _softmax(scores) @ v.transpose(1, 0, 2)[:, None]
            x = x + mixed.transpose(2, 0, 1, 3).reshape(-1, shape.dim) @ w.out[layer].T
            h = _norm(x, w.feed_norm[layer])
            gate = h @ w.gate[layer].T
            x = x + (gate / (1 + np.exp(-gate)) * (h @ w.up[layer].T)) @ w.down[layer].T
        return _norm(x, w.norm)

    def _turned(self, x: Floats, start: int) -> Floats:
        """Rotary positions: neighbours in a head are turned by an angle that grows on."""
        pairs = x.reshape(len(x), -1, self.shape.head // 2, 2)
        cos = self._cos[start : start + len(x), None]
        sin = self._sin[start : start + len(x), None]
        out = np.empty_like(pairs)
        out[..., 0] = pairs[..., 0] * cos - pairs[..., 1] * sin
        out[..., 1] = pairs[..., 0] * sin + pairs[..., 1] * cos
        return out.reshape(x.shape)


def _norm(x: Floats, weight: Floats) -> Floats:
    scale = np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + _EPSILON)
    normal: Floats = x / scale * weight
    return normal


def _softmax(scores: Floats) -> Floats:
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probs: Floats = scores / scores.sum(axis=-1, keepdims=True)
    return probs


def _read(data: bytes, dtype: np.dtype[Any]) -> tuple[Shape, _Weights]:
    if len(data) < 28:
        raise ModelError(f"malformed model: {len(data)} bytes, too few for a header")
    if struct.unpack_from("<I", data)[0] == _MAGIC:
        version = struct.unpack_from("<i", data, 4)[0]
        if version != 1:
            raise UnsupportedFeature(f"llama2.c files of version {version}: 0 and 1 are read")
        if len(data) < _V1_HEADER:
            raise ModelError("malformed model: the header is cut short")
        shape = _shape(struct.unpack_from("<7i", data, 8))
        numbers = _floats(data, _V1_HEADER).astype(dtype)
        return shape, _weights(shape, numbers, bool(data[36]), norms_first=True)
    *sizes, vocab, longest = struct.unpack_from("<7i", data)
    # Version 0 says by the sign of the vocabulary whether the output has weights of its own.
    shape = _shape((*sizes, abs(vocab), longest))
    numbers = _floats(data, 28).astype(dtype)
    return shape, _weights(shape, numbers, vocab > 0, norms_first=False)


def _shape(sizes: tuple[int, ...]) -> Shape:
    names = ("dim", "hidden", "layers", "heads", "kv_heads", "vocab", "longest")
    for name, size in zip(names, sizes, strict=True):
        if not 0 < size < 1 << 24:
            raise ModelError(f"malformed model: {name} is {size}")
    shape = Shape(*sizes)
    if shape.dim % shape.heads or shape.heads % shape.kv_heads or shape.head % 2:
        raise ModelError(
            f"malformed model: {shape.dim} numbers in {shape.heads} heads of {shape.kv_heads} keys"
        )
    return shape


def _floats(data: bytes, start: int) -> Floats:
    return np.frombuffer(data, "<f4", (len(data) - start) // 4, start).astype(
        np.float32, copy=False
    )


def _weights(shape: Shape, numbers: Floats, tied: bool, norms_first: bool) -> _Weights:
    layers, dim, hidden, kv = shape.layers, shape.dim, shape.hidden, shape.kv_dim
    sizes = {
        "embedding": (shape.vocab, dim), "attention_norm": (layers, dim), "q": (layers, dim, dim),
        "k": (layers, kv, dim), "v": (layers, kv, dim), "out": (layers, dim, dim),
        "feed_norm": (layers, dim), "gate": (layers, hidden, dim), "down": (layers, dim, hidden),
        "up": (layers, hidden, dim), "norm": (dim,),
    }  # fmt: skip
    order = list(sizes)
    if norms_first:
        norms = ["attention_norm", "feed_norm", "norm"]
        order = norms + [name for name in order if name not in norms]
    found, at = {}, 0
    for name in order:
        found[name], at = _take(numbers, at, sizes[name], name)
    if not norms_first:
        at += shape.longest * shape.head  # a table of rotary positions, which is not needed
    head = found["embedding"] if tied else _take(numbers, at, sizes["embedding"], "head")[0]
    return _Weights(**found, head=head)


def _take(numbers: Floats, at: int, size: tuple[int, ...], name: str) -> tuple[Floats, int]:
    end = at + int(np.prod(size, dtype=np.int64))
    if end > len(numbers):
        raise ModelError(
            f"malformed model: it ends inside {name}: {len(numbers)} numbers, expected {end}"
        )
    return numbers[at:end].reshape(size), end
