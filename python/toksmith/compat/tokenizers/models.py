"""Models: what makes tokens of pieces of text.

    >>> from toksmith.compat.tokenizers import models
    >>> models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")]).tokenize("ab")[0].value
    'ab'

A model read from a large file keeps the file's text and is parsed when one asks for its fields.
"""

from __future__ import annotations

import itertools
import json
import os
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith._native import ModelError, SpelledTokenizer, json_sections
from toksmith.compat.tokenizers.component import (
    Component,
    Field,
    boolean,
    changes,
    count,
    dumps,
    optional,
    string,
)
from toksmith.compat.tokenizers.errors import ArgumentError, wrong_type

if TYPE_CHECKING:
    from typing_extensions import Self

    from toksmith.compat.tokenizers.trainers import Trainer

_editions = itertools.count()


class Token:
    """A token that a model has made of a piece."""

    def __init__(self, id: int, value: str, offsets: tuple[int, int]) -> None:
        """Id, text and place in the piece."""
        self._tuple = (id, value, offsets)

    @property
    def id(self) -> int:
        """The id."""
        return self._tuple[0]

    @property
    def value(self) -> str:
        """The text."""
        return self._tuple[1]

    @property
    def offsets(self) -> tuple[int, int]:
        """`(start, end)` in bytes of the piece."""
        return self._tuple[2]

    def as_tuple(self) -> tuple[int, str, tuple[int, int]]:
        """`(id, value, offsets)`."""
        return self._tuple


class ModelField(Field):
    """A field of a model, which may not have been parsed."""

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """The value."""
        return self if owner is None else self.get(owner._parsed().get(self.name))

    def __set__(self, owner: Any, value: Any) -> None:
        """Checks and stores a value."""
        owner._parsed()[self.name] = self.check(value)
        owner._changed()


class Model(Component, abstract=True):
    """The base of all models."""

    _raw: bytes | None = None
    _alone: tuple[int, SpelledTokenizer] | None = None
    _edition: int = 0

    @classmethod
    def _of_raw(cls, kind: str, raw: bytes) -> Model:
        """A model by its JSON, not parsed."""
        made: Any = cls._family[kind].__new__(cls._family[kind])
        made._raw = raw
        made._edition = next(_editions)
        return made  # type: ignore[no-any-return]

    def _changed(self) -> None:
        """A field has changed."""
        self._raw = None
        self._edition = next(_editions)
        changes.count()

    def _parsed(self) -> dict[str, Any]:
        """The fields."""
        if not self._fields:
            raw = self._raw
            if raw is not None:
                self._set_json(json.loads(raw))
        return self._fields

    def _set_json(self, data: dict[str, Any]) -> None:
        self._fields = self._complete(data)
        if not self._edition:
            self._edition = next(_editions)

    def _complete(self, data: dict[str, Any]) -> dict[str, Any]:
        """The fields in the order of the original, those that older files lack included."""
        defaults: dict[str, Any] = type(self)()._fields
        return {name: data.get(name, default) for name, default in defaults.items()}

    def _json(self) -> dict[str, Any]:
        return {"type": self._type, **self._parsed()}

    def _bytes(self) -> bytes:
        """The model as JSON."""
        return dumps(self._json()).encode() if self._raw is None else self._raw

    def _whole_bytes(self) -> bytes:
        """The model as JSON, with the fields that an older file lacks."""
        raw = self._raw
        if raw is not None:
            fields = dict(json_sections(raw))
            pairs = fields.get("merges", b"[[")[1:].lstrip()[:1]
            if list(fields) == ["type", *type(self)()._fields] and pairs in {b"[", b"]"}:
                return raw
        return dumps(self._json()).encode()

    def _sampling(self) -> str | None:
        """What of the model is random and not in its JSON, if anything."""
        return None

    def _spelled(self) -> SpelledTokenizer:
        """The model built by itself."""
        if self._alone is None or self._alone[0] != self._edition:
            head = b'{"version":"1.0","added_tokens":[],"model":'
            self._alone = (self._edition, SpelledTokenizer(head + self._bytes() + b"}"))
        return self._alone[1]

    def _vocab(self) -> dict[str, int]:
        """Tokens and ids."""
        return self._parsed()["vocab"]  # type: ignore[no-any-return]

    def token_to_id(self, tokens: str) -> int | None:
        """The id of a token, or None."""
        return self._vocab().get(string(tokens))

    def id_to_token(self, id: int) -> str | None:
        """The token of an id, or None."""
        found = (token for token, other in self._vocab().items() if other == count(id))
        return next(found, None)

    def tokenize(self, sequence: str) -> list[Token]:
        """The tokens of one piece of text."""
        none = (None, False, False, True, None, None)
        encoding = self._spelled().encode(string(sequence), *none)
        ends = [0, *itertools.accumulate(len(char.encode()) for char in sequence)]
        return [
            Token(id_, value, (ends[start], ends[end]))
            for id_, value, (start, end) in zip(
                encoding.ids, encoding.tokens, encoding.offsets, strict=True
            )
        ]

    def get_trainer(self) -> Trainer:
        """A trainer for this model, with the original's defaults.

        Raises:
            UnsupportedFeature: It is a Unigram.
        """
        from toksmith.compat.tokenizers.training import trainer_of

        return trainer_of(self)

    def save(self, folder: str, prefix: str | None = None) -> list[str]:
        """Writes the files of the model into a folder; returns their paths."""
        files = []
        for name, content in self._files().items():
            path = os.path.join(folder, f"{prefix}-{name}" if prefix else name)  # noqa: PTH118
            with open(path, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123
                file.write(content)
            files.append(path)
        return files

    def _files(self) -> dict[str, str]:
        """The files of the model by name."""
        raise NotImplementedError


def _read(path: str | os.PathLike[str], what: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            return file.read()
    except (OSError, ValueError) as error:
        raise ModelError(f"Error while reading {what}: {error}") from error


def _read_vocab(path: str | os.PathLike[str], what: str) -> dict[str, int]:
    try:
        return _checked_vocab(json.loads(_read(path, what)))
    except (json.JSONDecodeError, TypeError, AttributeError) as error:
        raise ModelError(f"Error while reading {what}: {error}") from error


def _checked_vocab(vocab: Any) -> dict[str, int]:
    if not isinstance(vocab, dict):
        raise wrong_type(vocab, "dict")
    return {string(token): count(id_) for token, id_ in vocab.items()}


def _by_id(vocab: dict[str, int]) -> dict[str, int]:
    return dict(sorted(vocab.items(), key=lambda item: item[1]))


def _dropout(value: Any) -> float:
    """As precise as the original's; the shortest number that means the same."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong_type(value, "float")
    if not 0 <= value <= 1:
        raise ArgumentError(
            "Error while initializing BPE: Dropout should be between 0 and 1, inclusive"
        )
    return float(str(np.float32(value)))


def _wide(value: float | None) -> float | None:
    """A short number as the 32-bit one it stands for."""
    return None if value is None else float(struct.unpack("f", struct.pack("f", value))[0])


class BPE(Model):
    """Byte pair encoding."""

    dropout = ModelField("dropout", optional(_dropout), _wide)
    unk_token = ModelField("unk_token", optional(string))
    continuing_subword_prefix = ModelField("continuing_subword_prefix", optional(string))
    end_of_word_suffix = ModelField("end_of_word_suffix", optional(string))
    fuse_unk = ModelField("fuse_unk", boolean)
    byte_fallback = ModelField("byte_fallback", boolean)
    ignore_merges = ModelField("ignore_merges", boolean)

    def __init__(
        self,
        vocab: dict[str, int] | str | None = None,
        merges: list[tuple[str, str]] | str | None = None,
        cache_capacity: int | None = None,
        dropout: float | None = None,
        unk_token: str | None = None,
        continuing_subword_prefix: str | None = None,
        end_of_word_suffix: str | None = None,
        fuse_unk: bool | None = None,
        byte_fallback: bool = False,
        ignore_merges: bool = False,
    ) -> None:
        """Vocabulary and merges, both in memory or both as paths.

        `cache_capacity` must be a number but changes nothing: caches have a budget of their own.
        """
        if cache_capacity is not None:
            count(cache_capacity)
        if (vocab is None) != (merges is None):
            raise ArgumentError("`vocab` and `merges` must be both specified")
        if isinstance(vocab, (str, os.PathLike)) and isinstance(merges, (str, os.PathLike)):
            vocab, merges = self.read_file(vocab, merges)
        elif vocab is not None and (isinstance(vocab, str) or isinstance(merges, str)):
            raise ArgumentError(
                "`vocab` and `merges` must be both be from memory or both filenames"
            )
        known = _checked_vocab(vocab or {})
        pairs = [[string(pair[0]), string(pair[1])] for pair in merges or []]
        lengths = len(continuing_subword_prefix or "")
        for left, right in ((pair[0], pair[1]) for pair in pairs):
            for token in (left, right, left + right[lengths:]):
                if token not in known:
                    raise ModelError(
                        f"Error while initializing BPE: Token `{token}` out of vocabulary"
                    )
        self._fields = {
            "dropout": None if dropout is None else _dropout(dropout),
            "unk_token": optional(string)(unk_token),
            "continuing_subword_prefix": optional(string)(continuing_subword_prefix),
            "end_of_word_suffix": optional(string)(end_of_word_suffix),
            "fuse_unk": False if fuse_unk is None else boolean(fuse_unk),
            "byte_fallback": boolean(byte_fallback),
            "ignore_merges": boolean(ignore_merges),
            "vocab": _by_id(known),
            "merges": pairs,
        }
        self._edition = next(_editions)

    def _shown(self) -> dict[str, Any]:
        return self._json() | {"dropout": self.dropout}

    def _complete(self, data: dict[str, Any]) -> dict[str, Any]:
        fields = super()._complete(data)
        merges = fields["merges"]
        if any(isinstance(pair, str) for pair in merges):
            fields["merges"] = [
                pair.split(" ", 1) if isinstance(pair, str) else pair for pair in merges
            ]
        return fields

    @staticmethod
    def read_file(
        vocab: str | os.PathLike[str], merges: str | os.PathLike[str]
    ) -> tuple[dict[str, int], list[tuple[str, str]]]:
        """The contents of vocab.json and merges.txt."""
        what = "vocab & merges files"
        tokens = _read_vocab(vocab, what)
        pairs = []
        for number, line in enumerate(_read(merges, what).splitlines(), 1):
            if line.startswith("#version"):
                continue
            parts = line.split(" ")
            if len(parts) != 2:
                raise ModelError(
                    f"Error while reading {what}: Merges text file invalid at line {number}"
                )
            pairs.append((parts[0], parts[1]))
        return tokens, pairs

    @classmethod
    def from_file(
        cls, vocab: str | os.PathLike[str], merges: str | os.PathLike[str], **kwargs: Any
    ) -> Self:
        """The model of vocab.json and merges.txt."""
        return cls(*cls.read_file(vocab, merges), **kwargs)

    def _clear_cache(self) -> None:
        """Does nothing: a component has no cache."""

    def _resize_cache(self, capacity: int) -> None:
        """Checks its argument and does nothing: caches have a budget of their own."""
        count(capacity)

    def _files(self) -> dict[str, str]:
        fields = self._parsed()
        merges = "".join(f"{left} {right}\n" for left, right in fields["merges"])
        return {
            "vocab.json": dumps(_by_id(fields["vocab"])),
            "merges.txt": f"#version: 0.2\n{merges}",
        }


class WordPiece(Model):
    """The longest piece first."""

    unk_token = ModelField("unk_token", string)
    continuing_subword_prefix = ModelField("continuing_subword_prefix", string)
    max_input_chars_per_word = ModelField("max_input_chars_per_word", count)

    def __init__(
        self,
        vocab: dict[str, int] | str | None = None,
        unk_token: str = "[UNK]",
        max_input_chars_per_word: int = 100,
        continuing_subword_prefix: str = "##",
    ) -> None:
        """A vocabulary, in memory or as a path."""
        if isinstance(vocab, (str, os.PathLike)):
            vocab = self.read_file(vocab)
        self._fields = {
            "unk_token": string(unk_token),
            "continuing_subword_prefix": string(continuing_subword_prefix),
            "max_input_chars_per_word": count(max_input_chars_per_word),
            "vocab": _by_id(_checked_vocab(vocab or {})),
        }
        self._edition = next(_editions)

    @staticmethod
    def read_file(vocab: str | os.PathLike[str]) -> dict[str, int]:
        """The content of a vocab.txt."""
        lines = _read(vocab, "WordPiece file").split("\n")
        if lines and not lines[-1]:
            lines.pop()
        return {line.rstrip(): number for number, line in enumerate(lines)}

    @classmethod
    def from_file(cls, vocab: str | os.PathLike[str], **kwargs: Any) -> Self:
        """The model of a vocab.txt."""
        return cls(cls.read_file(vocab), **kwargs)

    def _files(self) -> dict[str, str]:
        return {"vocab.txt": "".join(f"{token}\n" for token in _by_id(self._vocab()))}


class WordLevel(Model):
    """A piece is a token or unknown."""

    unk_token = ModelField("unk_token", string)

    def __init__(
        self, vocab: dict[str, int] | str | None = None, unk_token: str | None = None
    ) -> None:
        """A vocabulary, in memory or as a path; `unk_token` is `<unk>` by default."""
        if isinstance(vocab, (str, os.PathLike)):
            vocab = self.read_file(vocab)
        self._fields = {
            "vocab": _by_id(_checked_vocab(vocab or {})),
            "unk_token": "<unk>" if unk_token is None else string(unk_token),
        }
        self._edition = next(_editions)

    @staticmethod
    def read_file(vocab: str | os.PathLike[str]) -> dict[str, int]:
        """The content of a vocab.json."""
        return _read_vocab(vocab, "WordLevel file")

    @classmethod
    def from_file(cls, vocab: str | os.PathLike[str], unk_token: str | None = None) -> Self:
        """The model of a vocab.json."""
        return cls(cls.read_file(vocab), unk_token)

    def _files(self) -> dict[str, str]:
        return {"vocab.json": dumps(_by_id(self._vocab()))}


class Unigram(Model):
    """The most probable segmentation."""

    def __init__(
        self,
        vocab: list[tuple[str, float]] | None = None,
        unk_id: int | None = None,
        byte_fallback: bool | None = None,
        alpha: float | None = None,
        nbest_size: int | None = None,
    ) -> None:
        """Tokens with logarithms of their probability.

        `alpha` and `nbest_size` ask for sampling, with which nothing can be encoded.
        """
        if vocab is None:
            if unk_id is not None or byte_fallback is not None:
                raise ArgumentError("`vocab` and `unk_id` must be both specified")
            vocab, unk_id = [("<unk>", 0.0)], 0
        if unk_id is not None and count(unk_id) >= len(vocab):
            raise ArgumentError(
                "Error while loading Unigram: The `unk_id` is larger than vocabulary size"
            )
        self._fields = {
            "unk_id": unk_id,
            "vocab": [[string(token), float(score)] for token, score in vocab],
            "byte_fallback": bool(byte_fallback),
        }
        self._alpha = alpha
        self._nbest_size = nbest_size
        self._edition = next(_editions)

    _alpha: float | None = None
    _nbest_size: int | None = None

    @property
    def alpha(self) -> float | None:
        """Smoothing of sampling."""
        return self._alpha

    @alpha.setter
    def alpha(self, alpha: float | None) -> None:
        self._alpha = alpha
        changes.count()

    @property
    def nbest_size(self) -> int | None:
        """Segmentations that sampling chooses from."""
        return self._nbest_size

    @nbest_size.setter
    def nbest_size(self, nbest_size: int | None) -> None:
        self._nbest_size = optional(count)(nbest_size)
        changes.count()

    def _sampling(self) -> str | None:
        return None if self._alpha is None else "Unigram.alpha (sampling)"

    def _vocab(self) -> dict[str, int]:
        # Of tokens spelled alike the last counts.
        return {token: id_ for id_, (token, _) in enumerate(self._parsed()["vocab"])}

    def id_to_token(self, id: int) -> str | None:
        """The token of an id, or None."""
        vocab = self._parsed()["vocab"]
        return str(vocab[id][0]) if count(id) < len(vocab) else None

    def _clear_cache(self) -> None:
        """Does nothing: a component has no cache."""

    def _resize_cache(self, capacity: int) -> None:
        """Checks its argument and does nothing: caches have a budget of their own."""
        count(capacity)

    def _files(self) -> dict[str, str]:
        return {"unigram.json": json.dumps(self._parsed(), ensure_ascii=False, indent=2)}
