"""Small model folders, written naively; the oracle of new rows. Start at `make`."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from toksmith.transfer.checkpoint import Recipe

Tensors: TypeAlias = dict[str, tuple[str, list[int], bytes]]

DTYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}


def to_bytes(numbers: NDArray[np.float32], dtype: str) -> bytes:
    """Numbers rounded to the nearest of a type, ties to even."""
    if dtype == "float32":
        return numbers.astype("<f4").tobytes()
    if dtype == "float16":
        return numbers.astype("<f2").tobytes()
    bits = numbers.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2").tobytes()


def from_bytes(data: bytes, dtype: str, dim: int) -> NDArray[np.float32]:
    """The numbers `(rows, dim)` of bytes."""
    if dtype == "bfloat16":
        bits = np.frombuffer(data, "<u2").astype(np.uint32) << 16
        return bits.view(np.float32).reshape(-1, dim)
    kind = {"float16": "<f2", "float32": "<f4"}[dtype]
    return np.frombuffer(data, kind).astype(np.float32).reshape(-1, dim)


def tensor(seed: int, shape: list[int], dtype: str) -> tuple[str, list[int], bytes]:
    """A tensor of random numbers."""
    numbers = np.random.default_rng(seed).normal(0, 0.1, shape).astype(np.float32)
    return DTYPES[dtype], shape, to_bytes(numbers, dtype)


def write_tensors(path: Path, tensors: Tensors, metadata: dict[str, str] | None = None) -> None:
    """A safetensors file, by its definition."""
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    at = 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    body = b"".join(data for _, _, data in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def read_tensors(path: Path) -> tuple[Tensors, dict[str, str] | None]:
    """The tensors of a file, and its metadata."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    metadata = header.pop("__metadata__", None)
    found = {
        name: (said["dtype"], said["shape"], body[slice(*said["data_offsets"])])
        for name, said in header.items()
    }
    return found, metadata


def tensors_of(folder: Path) -> Tensors:
    """The tensors of a folder, one file or several."""
    found: Tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        found |= read_tensors(path)[0]
    return found


def make(
    folder: Path,
    rows: int = 40,
    dim: int = 24,
    dtype: str = "bfloat16",
    tied: bool = False,
    shards: bool = False,
    config: dict[str, Any] | None = None,
    layers: int = 2,
) -> Tensors:
    """A folder like that of a Llama; returns its tensors."""
    folder.mkdir()
    tensors: Tensors = {"model.embed_tokens.weight": tensor(1, [rows, dim], dtype)}
    for layer in range(layers):
        name = f"model.layers.{layer}.mlp.weight"
        tensors[name] = tensor(2 + layer, [3 * dim, dim], dtype)
    tensors["model.norm.weight"] = tensor(100, [dim], dtype)
    if not tied:
        tensors["lm_head.weight"] = tensor(101, [rows, dim], dtype)
    said = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": rows,
        "hidden_size": dim, "num_attention_heads": 2, "tie_word_embeddings": tied,
        "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(said | (config or {})))
    if not shards:
        write_tensors(folder / "model.safetensors", tensors, {"format": "pt"})
        return tensors
    names = list(tensors)
    parts = [names[:2], names[2:-1], names[-1:]]
    weight_map: dict[str, str] = {}
    for number, part in enumerate(parts, 1):
        name = f"model-{number:05}-of-00003.safetensors"
        write_tensors(folder / name, {key: tensors[key] for key in part}, {"format": "pt"})
        weight_map |= dict.fromkeys(part, name)
    total = sum(len(data) for _, _, data in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return tensors


def recipe(new: int, old: int, seed: int = 0) -> Recipe:
    """Every third row a copy of one, the others of two to four."""
    rng = np.random.default_rng(seed)
    counts = np.where(np.arange(new) % 3 == 0, 1, rng.integers(2, 5, new))
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    ids = rng.integers(0, old, indptr[-1]).astype(np.uint32)
    weights = np.repeat(1 / counts, counts).astype(np.float32)
    return Recipe(indptr, ids, weights)


def rows_of(made: Recipe, old: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of a recipe, term by term in float32."""
    new = np.empty((len(made.indptr) - 1, old.shape[1]), np.float32)
    for row in range(len(new)):
        total = None
        for at in range(made.indptr[row], made.indptr[row + 1]):
            term = old[made.ids[at]] * made.weights[at]
            total = term if total is None else total + term
        assert total is not None
        new[row] = total
    return new
