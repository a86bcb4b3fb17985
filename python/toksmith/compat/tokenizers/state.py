"""What a tokenizer is made of, and the built tokenizer that is made of it when it is needed.

The parts are plain data. The built tokenizer never changes: when a part has changed, the next use
builds a new one. `changes.latest` tells in one comparison that nothing has changed anywhere; only
if something has are the parts looked at. Where added tokens alone have changed the model is not
read again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from toksmith._native import SpelledTokenizer, json_sections
from toksmith.compat.tokenizers.added_vocabulary import AddedVocabulary
from toksmith.compat.tokenizers.component import Component, changes, dumps
from toksmith.compat.tokenizers.decoders import Decoder
from toksmith.compat.tokenizers.errors import ArgumentError, unsupported
from toksmith.compat.tokenizers.limits import Padding, Truncation
from toksmith.compat.tokenizers.models import Model
from toksmith.compat.tokenizers.normalizers import Normalizer
from toksmith.compat.tokenizers.pre_tokenizers import PreTokenizer
from toksmith.compat.tokenizers.processors import PostProcessor

if TYPE_CHECKING:
    from collections.abc import Callable

# Parts of a pipeline in the order of a file, with the class of each.
FAMILIES: dict[str, type[Component]] = {
    "normalizer": Normalizer,
    "pre_tokenizer": PreTokenizer,
    "post_processor": PostProcessor,
    "decoder": Decoder,
}


class Built(NamedTuple):
    """A built tokenizer, and what it was built from."""

    changes: int
    model: tuple[int, int]
    parts: tuple[str, ...]
    added: tuple[int, int]
    tokenizer: SpelledTokenizer


class State:
    """Model, components, added tokens; truncation and padding, which are options of each call."""

    def __init__(self, model: Model) -> None:
        """A tokenizer that has a model alone."""
        self.model = model
        self.truncation: Truncation | None = None
        self.padding: Padding | None = None
        self._parts: dict[str, Component | None] = dict.fromkeys(FAMILIES)
        # JSON of parts that nobody has asked for.
        self._unread: dict[str, bytes] = {}
        # What parts were when they were read from it, and that JSON.
        self._read: dict[str, tuple[str, str]] = {}
        self._added: AddedVocabulary | None = AddedVocabulary()
        self._built: Built | None = None

    @classmethod
    def of_bytes(cls, data: bytes) -> State:
        """The state that a `tokenizer.json` says; builds the tokenizer, which checks the file."""
        latest = changes.latest
        tokenizer = SpelledTokenizer(data)
        sections = dict(json_sections(data))
        state = cls(Model._of_raw(tokenizer.model_kind(), sections["model"]))
        for name in FAMILIES:
            if sections.get(name, b"null") != b"null":
                state._unread[name] = sections[name]
        truncation = json.loads(sections.get("truncation", b"null"))
        padding = json.loads(sections.get("padding", b"null"))
        state.truncation = truncation and Truncation.of_json(truncation)
        state.padding = padding and Padding.of_json(padding)
        state._added = None
        key = state._key()
        state._built = Built(latest, *key, tokenizer)
        return state

    @property
    def added(self) -> AddedVocabulary:
        """The added tokens; those of a file are read when somebody asks for them."""
        if self._added is None:
            built = self._built
            self._added = AddedVocabulary(built.tokenizer.added() if built else ())
        return self._added

    def part(self, name: str) -> Any:
        """A component, or None."""
        unread = self._unread.get(name)
        if unread is not None:
            part = FAMILIES[name]._of_json(json.loads(unread))
            self._read[name] = (dumps(part._json()), unread.decode())
            self._parts[name] = part
            self._unread.pop(name, None)
        return self._parts[name]

    def has_part(self, name: str) -> bool:
        """Whether there is such a component."""
        return name in self._unread or self._parts[name] is not None

    def set_part(self, name: str, value: Component | None) -> None:
        """Replaces a component."""
        self._parts[name] = value
        self._unread.pop(name, None)
        changes.count()

    def set_model(self, model: Model) -> None:
        """Replaces the model."""
        # Those of a file are known by the tokenizer that was built of it.
        _ = self.added
        self.model = model
        changes.count()

    def _part_json(self, name: str) -> str:
        """A component as JSON."""
        unread = self._unread.get(name)
        if unread is not None:
            return unread.decode()
        part = self._parts[name]
        now = "null" if part is None else dumps(part._json())
        before, read = self._read.get(name, ("", ""))
        return read if now == before else now

    def _key(self) -> tuple[tuple[int, int], tuple[str, ...], tuple[int, int]]:
        """What a built tokenizer depends on, part by part."""
        added = (0, 0) if self._added is None else (id(self._added), self._added.edition)
        return (
            (id(self.model), self.model._edition),
            tuple(self._part_json(name) for name in FAMILIES),
            added if added[1] else (0, 0),
        )

    def tokenizer(self) -> SpelledTokenizer:
        """The tokenizer as it is now, built if something has changed."""
        built = self._built
        if built is not None and built.changes == changes.latest:
            return built.tokenizer
        latest = changes.latest
        model, parts, added = self._key()
        if built is None or built.model != model or built.parts != parts:
            tokenizer = self._build(parts)
        elif built.added != added:
            tokenizer = built.tokenizer.with_added(self.added.rows())
        else:
            tokenizer = built.tokenizer
        self._built = Built(latest, model, parts, added, tokenizer)
        return tokenizer

    def _build(self, parts: tuple[str, ...]) -> SpelledTokenizer:
        random = self.model._sampling()
        if random is not None:
            unsupported(random)
        head = ",".join(f'"{name}":{part}' for name, part in zip(FAMILIES, parts, strict=True))
        data = b'{"version":"1.0","added_tokens":[],%s,"model":%s}' % (
            head.encode(),
            self.model._bytes(),
        )
        return SpelledTokenizer(data, self.added.rows())

    def changed(self) -> None:
        """Added tokens have changed."""
        changes.count()

    def model_side(self) -> tuple[int, Callable[[str], int | None], Callable[[int], str | None]]:
        """Size of the model's vocabulary, token to id, id to token; builds nothing if it can."""
        built = self._built
        if built is not None and built.model == (id(self.model), self.model._edition):
            tokenizer = built.tokenizer
            return tokenizer.model_size(), tokenizer.model_token_to_id, tokenizer.model_id_to_token
        vocab = self.model._vocab()
        return len(vocab), vocab.get, self.model.id_to_token

    def model_vocab(self) -> dict[str, int]:
        """The model's tokens and their ids."""
        built = self._built
        if built is not None and built.model == (id(self.model), self.model._edition):
            return built.tokenizer.model_vocab()
        return dict(self.model._vocab())

    def _whole_json(self, name: str) -> str:
        """A component as JSON, with the fields that an older file lacks."""
        try:
            part = self.part(name)
        except ArgumentError:
            # In a form of older files that has no class here, but can be built.
            return self._part_json(name)
        return "null" if part is None else dumps(part._json())

    def json(self) -> bytes:
        """The whole as a `tokenizer.json`."""
        truncation = None if self.truncation is None else self.truncation.json()
        padding = None if self.padding is None else self.padding.json()
        fields = [
            '"version":"1.0"',
            f'"truncation":{dumps(truncation)}',
            f'"padding":{dumps(padding)}',
            f'"added_tokens":{dumps(self.added.json())}',
            *(f'"{name}":{self._whole_json(name)}' for name in FAMILIES),
        ]
        head = ",".join(fields).encode()
        return b'{%s,"model":%s}' % (head, self.model._whole_bytes())

    def shown(self) -> dict[str, Any]:
        """The whole as data, for `repr`."""
        parts = {name: self.part(name) for name in FAMILIES}
        return {
            "version": "1.0",
            "truncation": None if self.truncation is None else self.truncation.json(),
            "padding": None if self.padding is None else self.padding.json(),
            "added_tokens": self.added.json(),
            **{name: None if part is None else part._json() for name, part in parts.items()},
            "model": self.model._shown(),
        }
