"""Trainers: what is asked of training, checked as the original checks it.

`BpeTrainer`, `WordPieceTrainer` and `WordLevelTrainer` give the original's vocabulary and merges
wherever its own are the same in each run. A `UnigramTrainer` raises UnsupportedFeature: its pieces
would be others than the original's (`toksmith.train.unigram` has its own).
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from toksmith.compat.tokenizers.added_token import AddedToken
from toksmith.compat.tokenizers.component import Field, boolean, dumps, optional, string
from toksmith.compat.tokenizers.errors import unsupported, wrong_type


def _number(value: Any) -> int:
    if not isinstance(value, int):
        kind = type(value).__name__
        raise TypeError(f"'{kind}' object cannot be interpreted as an integer")
    if not 0 <= value < 2**64:
        raise OverflowError("can't convert negative int to unsigned" if value < 0 else "too large")
    return value


def _tokens(value: Any) -> list[AddedToken]:
    if not isinstance(value, list):
        raise wrong_type(value, "list")
    found = []
    for token in value:
        if not isinstance(token, (str, AddedToken)):
            raise TypeError("special_tokens must be a List[Union[str, AddedToken]]")
        made = AddedToken(token) if isinstance(token, str) else token.__copy__()
        if isinstance(token, AddedToken):
            made._normalized = token._normalized
        made.special = True
        found.append(made)
    return found


def _letters(value: Any) -> list[str]:
    """The first character of each, once; what is empty has none."""
    if isinstance(value, str):
        raise TypeError("Can't extract `str` to `Vec`")
    return list(dict.fromkeys(string(text)[0] for text in value if string(text)))


class _Option(Field):
    """An option of a trainer."""

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """The value."""
        return self if owner is None else owner._fields[self.name]

    def __set__(self, owner: Any, value: Any) -> None:
        """Checks and stores a value."""
        owner._fields[self.name] = self.check(value)


class Trainer:
    """The base of all trainers."""

    _defaults: ClassVar[dict[str, Any]]

    def __init__(self, **kwargs: Any) -> None:
        """Options by name.

        Raises:
            UnsupportedFeature: There is no such option, which the original passes over.
        """
        self._fields: dict[str, Any] = {}
        for name, default in self._defaults.items():
            setattr(self, name, kwargs.pop(name, default))
        for name in kwargs:
            unsupported(f"{type(self).__name__}({name}=...)")

    vocab_size = _Option("vocab_size", _number)
    show_progress = _Option("show_progress", boolean)
    special_tokens = _Option("special_tokens", _tokens)

    def __getstate__(self) -> bytes:
        """The options, as the original's JSON."""
        return dumps({type(self).__name__: self._json()}).encode()

    def __setstate__(self, state: bytes) -> None:
        """Takes options."""
        fields = json.loads(state)[type(self).__name__]
        fields = fields.get("bpe_trainer", fields)
        tokens = [AddedToken(**token) for token in fields["special_tokens"]]
        self._fields = {name: fields[name] for name in self._defaults}
        self._fields["special_tokens"] = tokens

    def _json(self) -> dict[str, Any]:
        """The options as the original has them, the words counted so far, none, included."""
        fields = {
            **self._fields,
            "special_tokens": [token.__getstate__() for token in self.special_tokens],
        }
        return {**fields, "words": {}}

    def __repr__(self) -> str:
        """The options."""
        fields = ", ".join(f"{name}={value!r}" for name, value in self._fields.items())
        return f"{type(self).__name__}({fields})"


class _Frequency:
    min_frequency = _Option("min_frequency", _number)


class _Alphabet(_Frequency):
    limit_alphabet = _Option("limit_alphabet", optional(_number))
    initial_alphabet = _Option("initial_alphabet", _letters)
    continuing_subword_prefix = _Option("continuing_subword_prefix", optional(string))
    end_of_word_suffix = _Option("end_of_word_suffix", optional(string))

    def _json(self) -> dict[str, Any]:
        ordered = ("min_frequency", "vocab_size", "show_progress")
        fields = super()._json()  # type: ignore[misc]
        head = {name: fields[name] for name in ordered}
        tail = {name: fields[name] for name in fields if name not in ordered and name != "words"}
        progress = {"progress_format": "Indicatif"}
        return {**head, **progress, **tail, "max_token_length": self._longest(), "words": {}}

    def _longest(self) -> int | None:
        return None


class BpeTrainer(_Alphabet, Trainer):
    """Trains a `models.BPE`."""

    max_token_length = _Option("max_token_length", optional(_number))

    def _longest(self) -> int | None:
        longest: int | None = self.max_token_length
        return longest

    _defaults: ClassVar[dict[str, Any]] = {
        "vocab_size": 30000,
        "min_frequency": 0,
        "show_progress": True,
        "special_tokens": [],
        "limit_alphabet": None,
        "initial_alphabet": [],
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "max_token_length": None,
    }


class ParityBpeTrainer(Trainer):
    """Always UnsupportedFeature."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Always UnsupportedFeature."""
        unsupported("trainers.ParityBpeTrainer (training)")


class UnigramTrainer(Trainer):
    """Always UnsupportedFeature."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Always UnsupportedFeature."""
        unsupported(
            "trainers.UnigramTrainer (training: its pieces would be others; "
            "toksmith.train.unigram has its own)"
        )


class WordLevelTrainer(_Frequency, Trainer):
    """Trains a `models.WordLevel`: the words seen most often."""

    _defaults: ClassVar[dict[str, Any]] = {
        "min_frequency": 0,
        "vocab_size": 30000,
        "show_progress": True,
        "special_tokens": [],
    }


class WordPieceTrainer(_Alphabet, Trainer):
    """Trains a `models.WordPiece`."""

    _defaults: ClassVar[dict[str, Any]] = {
        "vocab_size": 30000,
        "min_frequency": 0,
        "show_progress": True,
        "special_tokens": [],
        "limit_alphabet": None,
        "initial_alphabet": [],
        "continuing_subword_prefix": "##",
        "end_of_word_suffix": None,
    }

    def _json(self) -> dict[str, Any]:
        return {"bpe_trainer": super()._json()}
