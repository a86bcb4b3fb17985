"""The weights of a model's folder: one safetensors file, or several with their index.

Everything that a file or the index says is checked against what is there. Start at `open_folder`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toksmith import _native
from toksmith._native import InputError, ModelError, UnsupportedFeature

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
CONFIG = "config.json"

_OTHER_WEIGHTS = ("pytorch_model*.bin", "*.gguf", "tf_model.h5", "flax_model.msgpack")
_MAX_JSON, _MAX_DEPTH = 200_000_000, 100
_SAMPLES, _SAMPLE = 64, 4096
BLOCK = 1 << 23
"""Bytes that are read or written at once."""


@dataclass(frozen=True)
class Tensor:
    """A tensor, and where its bytes lie in its file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Shard:
    """A safetensors file."""

    path: Path
    file: _native._TensorFile
    tensors: tuple[Tensor, ...]
    status: tuple[int, int, int]
    """Size, time and place on disk when it was opened."""

    def same(self, tensor: Tensor, other: Shard, twin: Tensor) -> bool:
        """Whether two tensors have the same bytes."""
        if (tensor.dtype, tensor.shape) != (twin.dtype, twin.shape):
            return False
        with self.path.open("rb") as one, other.path.open("rb") as two:
            one.seek(tensor.start)
            two.seek(twin.start)
            left = tensor.end - tensor.start
            while left > 0:
                size = min(left, BLOCK)
                if one.read(size) != two.read(size):
                    return False
                left -= size
        return True


@dataclass(frozen=True)
class Folder:
    """A model's folder: its files of weights, its index and its configuration."""

    path: Path
    shards: tuple[Shard, ...]
    index: dict[str, Any] | None
    config: dict[str, Any]
    places: dict[str, tuple[Shard, Tensor]] = field(repr=False)

    def fingerprint(self) -> str:
        """A digest of headers, sizes, times and samples of the weights, and of the configuration.

        Raises:
            InputError: A file is gone.
            ModelError: A file is no more what it was when it was opened.
        """
        digest = hashlib.sha256()
        try:
            for shard in self.shards:
                if _status(shard.path) != shard.status:
                    raise ModelError(f"{shard.path}: was changed while it was in use")
                size, time, _ = shard.status
                said = json.dumps([shard.path.name, size, time])
                digest.update(said.encode() + shard.file.header_bytes)
                with shard.path.open("rb") as file:
                    for sample in range(_SAMPLES):
                        file.seek(size * sample // _SAMPLES)
                        digest.update(file.read(_SAMPLE))
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error}") from error
        digest.update(json.dumps([self.index, self.config]).encode())
        return digest.hexdigest()


def open_folder(path: Path) -> Folder:
    """Opens and checks the weights of a folder.

    Raises:
        InputError: There is no such folder, or a file cannot be read.
        ModelError: A file is malformed, or index and files do not agree.
        UnsupportedFeature: The weights are of another format, or of an unknown type.
    """
    try:
        if not path.is_dir():
            raise InputError(f"{path}: no such folder")
        # As transformers does: a single file goes before an index.
        single = (path / SINGLE).is_file()
        if not single and not (path / INDEX).is_file():
            raise _no_weights(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise InputError(f"{path}: cannot be read: {error}") from error
    index = None if single else read_json(path / INDEX)
    names = [SINGLE] if index is None else _files_of(index, path / INDEX)
    shards = tuple(_open_shard(path / name) for name in names)
    places: dict[str, tuple[Shard, Tensor]] = {}
    for shard in shards:
        for tensor in shard.tensors:
            if tensor.name in places:
                other = places[tensor.name][0].path.name
                raise ModelError(f"{shard.path}: has tensor {tensor.name!r}, as has {other}")
            places[tensor.name] = (shard, tensor)
    if index is not None:
        _check_index(index, places, path / INDEX)
    return Folder(path, shards, index, read_json(path / CONFIG), places)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        InputError: The file cannot be read.
        ModelError: It holds none.
    """
    try:
        size = path.stat().st_size
        if size > _MAX_JSON:
            raise ModelError(f"{path}: {size} bytes of JSON, expected at most {_MAX_JSON}")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path}: expected an object, found {type(found).__name__}")
    if (depth := _depth(found)) > _MAX_DEPTH:
        raise ModelError(f"{path}: JSON of depth {depth}, expected at most {_MAX_DEPTH}")
    return found


def _open_shard(path: Path) -> Shard:
    try:
        status = _status(path)
        file = _native._TensorFile(path)
        begin = len(file.header_bytes)
        tensors = tuple(
            Tensor(name, dtype, tuple(shape), begin + start, begin + end)
            for name, dtype, shape, start, end in file.tensors
        )
    except (ModelError, InputError, UnsupportedFeature) as error:
        raise type(error)(f"{path}: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return Shard(path, file, tensors, status)


def _status(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _depth(value: object) -> int:
    """How deep lists and objects lie in each other."""
    depth, level = 0, [value]
    while level:
        depth += 1
        inside = (one.values() if isinstance(one, dict) else one for one in level
                  if isinstance(one, (dict, list)))  # fmt: skip
        level = [one for some in inside for one in some]
    return depth


def _files_of(index: dict[str, Any], path: Path) -> list[str]:
    weight_map = index.get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ModelError(f"{path}: weight_map must be an object that names files")
    names: dict[str, None] = {}
    for tensor, name in weight_map.items():
        # A plain name: no index reaches out of its folder.
        if not isinstance(name, str) or Path(name).name != name or "\\" in name or "\0" in name:
            raise ModelError(f"{path}: tensor {tensor!r} is in {name!r}, expected a file name")
        names[name] = None
    return sorted(names)


def _check_index(
    index: dict[str, Any], places: dict[str, tuple[Shard, Tensor]], path: Path
) -> None:
    weight_map = index["weight_map"]
    for name, file in weight_map.items():
        if name not in places or places[name][0].path.name != file:
            where = f"it is in {places[name][0].path.name}" if name in places else "it is nowhere"
            raise ModelError(f"{path}: says that {file} has tensor {name!r}, but {where}")
    for name, (shard, _) in places.items():
        if name not in weight_map:
            raise ModelError(f"{path}: does not name tensor {name!r} of {shard.path.name}")


def _no_weights(path: Path) -> InputError | UnsupportedFeature:
    others = sorted(file.name for glob in _OTHER_WEIGHTS for file in path.glob(glob))
    if others:
        return UnsupportedFeature(f"{path}: weights as {others[0]}; save them as safetensors")
    return InputError(f"{path}: holds neither {SINGLE} nor {INDEX}")
