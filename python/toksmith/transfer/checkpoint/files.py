"""The other files of a model's folder: which are copied, and which would be of the old model.

Start at `other_files`.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
from pathlib import Path

from toksmith._native import InputError
from toksmith.transfer.checkpoint.folder import CONFIG, INDEX
from toksmith.transfer.checkpoint.tokenizer_files import is_stale

GENERATION = "generation_config.json"

_WEIGHTS = (
    "*.safetensors", "*.safetensors.index.json", "*.bin", "*.bin.index.json", "*.pt", "*.pth",
    "*.h5", "*.msgpack", "*.msgpack.index.json", "*.ot", "*.gguf", "*.onnx", "*.ckpt",
)  # fmt: skip
_OTHER_FORMATS = ("onnx", "openvino", "original", "coreml", "runs", "__pycache__")


def other_files(folder: Path, shards: set[str], new_tokenizer: bool) -> tuple[list[str], list[str]]:
    """Files to copy and files to leave out, as paths within the folder.

    Neither are `shards`, which are written anew. Left out are weights of other formats, the old
    tokenizer where there is a new one, and hidden files. Folders inside, as sentence-transformers
    has, are copied with the weights in them, but for those that hold the model in another format.

    Raises:
        InputError: The folder cannot be read.
    """
    copied: list[str] = []
    left: list[str] = []
    try:
        for entry in sorted(folder.iterdir()):
            name = entry.name
            if name in (CONFIG, INDEX, GENERATION) or name in shards:
                continue
            if entry.is_dir():
                wanted = not (name.startswith(".") or name in _OTHER_FORMATS or entry.is_symlink())
                (copied if wanted else left).extend(_inside(entry, folder) if wanted else [name])
            elif name.startswith(".") or _is_weights(name) or (new_tokenizer and is_stale(name)):
                left.append(name)
            elif entry.is_file():
                copied.append(name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error}") from error
    return copied, left


def copy_file(source: Path, target: Path) -> None:
    """Copies a file and puts it on disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    with target.open("rb+") as written:
        os.fsync(written.fileno())


def _inside(entry: Path, folder: Path) -> list[str]:
    found = (path for path in sorted(entry.rglob("*")) if path.is_file())
    return [path.relative_to(folder).as_posix() for path in found]


def _is_weights(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _WEIGHTS)
