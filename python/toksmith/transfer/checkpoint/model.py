"""An open model: which of its tensors have a row a token, and their rows. Start at `Checkpoint`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith import _native
from toksmith._native import InputError, ModelError, UnsupportedFeature, VocabularyError
from toksmith.files import as_path
from toksmith.transfer.checkpoint import names
from toksmith.transfer.checkpoint.folder import Folder, Shard, Tensor, open_folder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from toksmith.tokenizer import Tokenizer

_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True)
class Matrix:
    """A tensor with a row a token; a bias is one of width 1. Nothing is read until it is asked for.

    Attributes:
        name: What the tensor is called.
        copies: Other tensors that hold the same bytes, as some models store them.
        rows: How many rows there are; there may be more than tokens.
        dim: Numbers in a row.
        dtype: `"float32"`, `"float16"` or `"bfloat16"`.
    """

    name: str
    copies: tuple[str, ...]
    rows: int
    dim: int
    dtype: str
    _shard: Shard = field(repr=False)
    _tensor: Tensor = field(repr=False)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in the file."""
        return self.dim * (4 if self.dtype == "float32" else 2)

    def read_block(self, start: int, stop: int) -> NDArray[np.float32]:
        """Rows `start` to `stop`: float32 `(stop - start, dim)`.

        Raises:
            InputError: There are no such rows.
        """
        if not 0 <= start <= stop <= self.rows:
            raise InputError(f"{self.name}: rows {start} to {stop} of {self.rows}: no such block")
        return self._shard.file.read_block(self.name, start, stop)

    def read_rows(self, ids: ArrayLike) -> NDArray[np.float32]:
        """The rows of ids: float32 `(len(ids), dim)`.

        Raises:
            InputError: `ids` is not a sequence of integers.
            VocabularyError: There is no such row.
        """
        found = np.asarray(ids)
        if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
            raise InputError(f"ids must be integers (n,), not {found.dtype} {found.shape}")
        if found.size and not (found.min() >= 0 and found.max() < self.rows):
            bad = found[(found < 0) | (found >= self.rows)][0]
            raise VocabularyError(f"{self.name}: no row {bad}, there are {self.rows}")
        return self._shard.file.read_rows(self.name, np.ascontiguousarray(found, np.uint32))

    def blocks(self, numbers: int = 1 << 22) -> Iterator[NDArray[np.float32]]:
        """All rows in order, in blocks of at most so many numbers, but at least one row."""
        step = max(1, numbers // max(1, self.dim))
        for start in range(0, self.rows, step):
            yield self.read_block(start, min(start + step, self.rows))


@dataclass(frozen=True)
class Checkpoint:
    """A model's folder, mapped into memory. While it is in use its files must not be changed.

    Attributes:
        path: The folder.
        input: The input embedding.
        output: The output head: `input` itself where they are tied, None where there is none.
        tied: Whether the head, if the model has one, is the input embedding.
        bias: What is added to the logits, a `Matrix` of width 1, if there is such a thing.
        config: What `config.json` says.
    """

    path: Path
    input: Matrix
    output: Matrix | None
    tied: bool
    bias: Matrix | None
    config: dict[str, Any] = field(repr=False)
    _folder: Folder = field(repr=False)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        input: str | None = None,  # noqa: A002
        output: str | None = None,
        bias: str | None = None,
        tied: bool | None = None,
        keep: Iterable[str] = (),
    ) -> Checkpoint:
        """Opens a folder with `model.safetensors`, or with several such files and their index.

        Args:
            path: The folder.
            input: The name of the input embedding; by default it is found.
            output: The name of the output head; by default it is found.
            bias: The name of the bias of the logits; by default it is found.
            tied: Whether head and embedding are one; by default as the configuration says, or
                the files.
            keep: Tensors with as many rows as there are tokens that are copied all the same.

        Raises:
            InputError: A file cannot be read, or an argument does not fit.
            ModelError: A file is malformed, files do not agree with each other or with the
                configuration, or no tensor, or several different ones, may be the one; names them.
            UnsupportedFeature: Another format, a type that is none of the three, or a tensor with a
                row a token whose meaning is not known.
        """
        folder = open_folder(as_path(path))
        finder = _Finder(folder)
        embedding = finder.find(names.INPUTS, input, "input embedding")
        if embedding is None:
            raise ModelError(
                f"{folder.path}: no tensor has a name of an input embedding; say input=, one of "
                f"{finder.listed(finder.candidates())}"
            )
        vocab_size = vocabulary_size(folder.config)
        if vocab_size is not None and vocab_size != embedding.rows:
            raise ModelError(
                f"{folder.path}: {embedding.name} has {embedding.rows} rows, but config.json says "
                f"vocab_size {vocab_size}"
            )
        head = finder.find(names.HEADS, output, "output head", but=embedding)
        if head is not None and head.rows != embedding.rows:
            raise ModelError(
                f"{folder.path}: {head.name} has {head.rows} rows, {embedding.name} "
                f"{embedding.rows}"
            )
        is_tied, embedding, head = finder.tie(embedding, head, tied)
        added = finder.find(names.BIASES, bias, "bias", rows=embedding.rows)
        if added is not None and (added.dim, added.rows) != (1, embedding.rows):
            raise ModelError(f"{folder.path}: {added.name} has no number for each row")
        finder.check_others([embedding, head, added], embedding.rows, set(_names(keep)))
        return cls(
            folder.path, embedding, embedding if is_tied else head, is_tied, added, folder.config,
            folder,
        )  # fmt: skip

    @property
    def rows(self) -> int:
        """How many rows the input embedding has."""
        return self.input.rows

    @property
    def dim(self) -> int:
        """Numbers in a row of it."""
        return self.input.dim

    @property
    def dtype(self) -> str:
        """The type of its numbers."""
        return self.input.dtype

    def padding(self, tokenizer: Tokenizer) -> int:
        """How many rows come after those of the tokenizer's ids.

        Raises:
            VocabularyError: The tokenizer has more ids than there are rows.
        """
        ids = _native._id_limit(tokenizer)
        if ids > self.rows:
            raise VocabularyError(f"{self.path}: {self.rows} rows, but the tokenizer has {ids} ids")
        return self.rows - ids

    def read_rows(self, ids: ArrayLike) -> NDArray[np.float32]:
        """Rows of the input embedding; see `Matrix.read_rows`."""
        return self.input.read_rows(ids)

    def read_block(self, start: int, stop: int) -> NDArray[np.float32]:
        """Rows of the input embedding; see `Matrix.read_block`."""
        return self.input.read_block(start, stop)


class _Finder:
    """Looks for tensors by name, and says which there are where that does not decide."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._places = folder.places

    def find(
        self,
        known: tuple[str, ...],
        said: str | None,
        what: str,
        but: Matrix | None = None,
        rows: int | None = None,
    ) -> Matrix | None:
        """The tensor of one of the names; further ones must be copies of it.

        Without `rows` it is one of two dimensions.
        """
        if said is not None:
            if said not in self._places:
                raise ModelError(f"{self._folder.path}: no tensor is called {said!r} ({what})")
            return self._matrix(said, [])
        passed = {but.name, *but.copies} if but else set()
        found = [
            name for name in names.matching(self._places, known)
            if name not in passed and self._fits(self._places[name][1], rows)
        ]  # fmt: skip
        if not found:
            return None
        copies = (names.is_idle(name, found[0]) or self._same(found[0], name) for name in found[1:])
        if not all(copies):
            raise ModelError(
                f"{self._folder.path}: several tensors may be the {what} and differ: "
                f"{self.listed(found)}; say which"
            )
        return self._matrix(found[0], found[1:])

    def tie(
        self, embedding: Matrix, head: Matrix | None, said: bool | None
    ) -> tuple[bool, Matrix, Matrix | None]:
        """Whether head and embedding are one, and both, a stored copy as a copy."""
        config = self._folder.config
        wanted = said if said is not None else _tied(config)
        if head is None:
            if wanted is False and (said is False or names.has_head(config.get("architectures"))):
                raise ModelError(
                    f"{self._folder.path}: head and embedding are not tied, but no tensor has the "
                    f"name of a head; say output=, one of {self.listed(self.candidates())}"
                )
            return True, embedding, None
        if wanted is False:
            return False, embedding, head
        same = self._same(embedding.name, head.name)
        if wanted is None and not same:
            return False, embedding, head
        if not same and said is None:
            raise ModelError(
                f"{self._folder.path}: config.json ties {head.name} to {embedding.name}, but they "
                f"differ; say tied="
            )
        copies = (*embedding.copies, head.name, *head.copies)
        return True, self._matrix(embedding.name, copies), None

    def check_others(self, found: list[Matrix | None], rows: int, keep: set[str]) -> None:
        """Refuses a tensor that seems to have a row a token and is none of those found."""
        for name in keep - set(self._places):
            raise ModelError(f"{self._folder.path}: no tensor is called {name!r} (keep)")
        known = {name for one in found if one for name in (one.name, *one.copies)}
        if rows in set(_integers(self._folder.config)):
            return  # A model so small that a size says nothing.
        others = [
            name for name, (_, tensor) in self._places.items()
            if name not in known | keep and 0 < len(tensor.shape) < 3 and tensor.shape[0] == rows
            and not re.search(r"\.\d+\.", name)
        ]  # fmt: skip
        if others:
            raise UnsupportedFeature(
                f"{self._folder.path}: {self.listed(others)}: a row a token, of a meaning that is "
                f"not known; name it in keep= to copy it"
            )

    def candidates(self) -> list[str]:
        """The matrices with as many rows as the vocabulary, else those with the most."""
        matrices = [name for name, (_, tensor) in self._places.items() if self._fits(tensor, None)]
        most = max((self._places[name][1].shape[0] for name in matrices), default=0)
        size = vocabulary_size(self._folder.config)
        fitting = [name for name in matrices if self._places[name][1].shape[0] == size]
        return fitting or [name for name in matrices if self._places[name][1].shape[0] == most]

    def listed(self, found: Iterable[str]) -> str:
        """Names with their types and shapes."""
        tensors = [self._places[name][1] for name in found]
        return ", ".join(f"{t.name} ({t.dtype} {list(t.shape)})" for t in tensors) or "none"

    def _same(self, name: str, other: str) -> bool:
        (shard, tensor), (its, twin) = self._places[name], self._places[other]
        return shard.same(tensor, its, twin)

    def _fits(self, tensor: Tensor, rows: int | None) -> bool:
        if rows is None:
            return len(tensor.shape) == 2
        return tensor.shape in ((rows,), (1, rows))

    def _matrix(self, name: str, copies: Iterable[str]) -> Matrix:
        shard, tensor = self._places[name]
        if tensor.dtype not in _DTYPES:
            raise UnsupportedFeature(
                f"{shard.path}: {name} is {tensor.dtype}; only float32, float16 and bfloat16 can "
                f"be computed with"
            )
        if not (len(tensor.shape) in (1, 2) and all(tensor.shape)):
            raise ModelError(f"{shard.path}: {name} has shape {list(tensor.shape)}")
        vector = len(tensor.shape) == 1 or tensor.shape[0] == 1
        rows, dim = (tensor.shape[-1], 1) if vector else tensor.shape
        return Matrix(name, tuple(copies), rows, dim, _DTYPES[tensor.dtype], shard, tensor)


def vocabulary_size(config: dict[str, Any]) -> int | None:
    """What a configuration, or the part of it that is about text, says.

    Raises:
        ModelError: It says no number.
    """
    for part in (config, config.get("text_config"), config.get("llm_config")):
        if isinstance(part, dict) and "vocab_size" in part:
            size = part["vocab_size"]
            if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
                raise ModelError(f"config.json: vocab_size is {size!r}, expected a number")
            return size
    return None


def _tied(config: dict[str, Any]) -> bool | None:
    for part in (config, config.get("text_config"), config.get("llm_config")):
        if isinstance(part, dict) and isinstance(part.get("tie_word_embeddings"), bool):
            return bool(part["tie_word_embeddings"])
    return None


def _integers(config: object, name: str = "") -> Iterator[int]:
    """All sizes in a configuration but those of vocabularies."""
    if isinstance(config, dict):
        for key, value in config.items():
            yield from _integers(value, str(key))
    elif isinstance(config, int) and "vocab_size" not in name and "token" not in name:
        yield config


def _names(keep: Iterable[str]) -> list[str]:
    if isinstance(keep, str):
        raise InputError("keep must be several names, found one str; put it in a list")
    return list(keep)
