"""Model files on disk: which file a path means, reading it, writing it whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from toksmith._native import InputError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

# What a folder may hold, in the order of preference; a pair of files only together.
_IN_A_FOLDER = (
    ("tokenizer.json",), ("tokenizer.model",), ("*.toksmith",), ("*.tiktoken",), ("tekken.json",),
    ("vocab.json", "merges.txt"), ("vocab.txt",), ("*.model",), ("*.gguf",),
)  # fmt: skip
# What may stand beside it and say more.
_CONFIGURATIONS = (
    "tokenizer_config.json", "special_tokens_map.json", "generation_config.json",
    "chat_template.jinja",
)  # fmt: skip
_PACKED = b"TOKSMITH FOLDER\n"


def find_model(path: str | os.PathLike[str]) -> tuple[Path, bytes | None]:
    """The model file that `path` means; the core opens it.

    A folder means the one it holds. Where that needs a second file, or configurations stand beside
    it, the folder is given with all of their bytes, packed into one piece. A GGUF file says
    everything itself.

    Raises:
        InputError: There is no such file, or it cannot be read.
        ModelError: A folder holds no model file, or several of which none comes first.
    """
    file = as_path(path)
    try:
        if file.is_dir():
            files = _model_in(file)
            if files[0].suffix == ".gguf":
                return files[0], None
            files += [found for name in _CONFIGURATIONS if (found := file / name).is_file()]
            if len(files) > 1:
                return file, _pack(files)
            file = files[0]
        if not file.is_file():
            why = "not a regular file" if file.exists() else "no such file or folder"
            raise InputError(f"{file}: {why}")
        return file, None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise InputError(f"{file}: cannot be read: {error}") from error


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes a file that is either all there or as it was before, whatever goes wrong.

    Raises:
        InputError: The file cannot be written.
    """
    file = as_path(path)
    beside = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        try:
            with beside.open("xb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            beside.replace(file)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be written: {error}") from error


def as_path(path: str | os.PathLike[str]) -> Path:
    """`path` as a `Path`, or an `InputError` that says what it is instead."""
    # Imported here: embedded vocabularies are ready sooner without it.
    from pathlib import Path

    try:
        return Path(path)
    except TypeError:
        raise InputError(
            f"a path must be a str or os.PathLike, not {type(path).__name__}"
        ) from None


def _model_in(folder: Path) -> list[Path]:
    for patterns in _IN_A_FOLDER:
        matching = [sorted(folder.glob(pattern)) for pattern in patterns]
        for found in matching:
            if len(found) > 1:
                names = ", ".join(file.name for file in found)
                raise ModelError(f"{folder}: holds several model files, name one: {names}")
        if all(matching):
            return [file for found in matching for file in found]
    known = ", ".join(" with ".join(patterns) for patterns in _IN_A_FOLDER)
    raise ModelError(f"{folder}: holds no model file ({known})")


def _pack(files: list[Path]) -> bytes:
    """Names and contents, each after its length; see `formats/folder/packed.rs`."""
    parts = [part for file in files for part in (file.name.encode(), file.read_bytes())]
    lengths = (len(part).to_bytes(8, "little") for part in parts)
    return _PACKED + b"".join(length + part for length, part in zip(lengths, parts, strict=True))
