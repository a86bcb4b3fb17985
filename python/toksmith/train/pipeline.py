"""What stands around a model: the parts of a `tokenizer.json` that training does not learn.

A pipeline comes from another tokenizer (`like=`) or from a name. It becomes a tokenizer twice:
once around a model that knows nothing, to cut texts into the words that are counted, and once
around what was learned. Start at `Pipeline.like`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from toksmith._native import InputError, ModelError, UnsupportedFeature, pre_tokenize_text
from toksmith.byte_alphabet import byte_letters
from toksmith.tokenizer import Tokenizer
from toksmith.train.pre_tokenizers import digits as split_digits

if TYPE_CHECKING:
    from toksmith.train.pre_tokenizers import Steps

Json: TypeAlias = dict[str, Any]


def special_entry(content: str) -> Json:
    """The entry of `added_tokens` for a special token, but for its id."""
    return {
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }


_SIGN = "\u2581"
_METASPACE: Json = {
    "type": "Metaspace",
    "replacement": _SIGN,
    "prepend_scheme": "never",
    "split": True,
}
LETTERS: Json = {
    "type": "ByteLevel",
    "add_prefix_space": False,
    "trim_offsets": True,
    "use_regex": False,
}
"""Bytes as letters, and no cuts."""

_NAMED: dict[str, Json] = {
    # The sign before a text is put there by the normalizer: always, so that nothing is lost.
    "metaspace": {
        "normalizer": {"type": "Prepend", "prepend": _SIGN},
        "pre_tokenizer": _METASPACE,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": _SIGN}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
    },
    "bert": {
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 0], "cls": ["[CLS]", 0]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "added_tokens": [
            special_entry(name) for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        ],
    },
}
"""Pipelines that no embedded vocabulary has."""
_NAMED["sentencepiece"] = _NAMED["metaspace"]


@dataclass(frozen=True)
class Pipeline:
    """The parts of a `tokenizer.json` around a model, as their JSON."""

    normalizer: Json | None = None
    pre_tokenizer: Json | None = None
    post_processor: Json | None = None
    decoder: Json | None = None
    special_tokens: tuple[Json, ...] = field(default=())
    """Entries of `added_tokens` without ids, in the order they get them."""
    sentencepiece: bool = False
    """Whether what is learned becomes a SentencePiece model, with that library's arithmetic."""
    joined: bool = False
    """Whether words are counted as lines of them, for learning which whole ones to join."""

    @classmethod
    def like(
        cls,
        like: Tokenizer | str,
        special_tokens: Iterable[str] | None = None,
        digits: str | None = None,
        pre_tokenizer: Steps | None = None,
    ) -> Pipeline:
        """The pipeline of a tokenizer, an embedded vocabulary, or a name.

        `"metaspace"` is SentencePiece's in the terms of a `tokenizer.json`, `"sentencepiece"` that
        in SentencePiece's own: the same cuts, and the tokenizer is one that a `.model` can say.

        Special tokens are those given, else those of the tokenizer; of names, `"bert"` has five.
        Cuts that `digits` and `pre_tokenizer` add, in this order, come before those of a byte-level
        pipeline, and behind those of one of characters.

        Args:
            like: Whose pipeline.
            special_tokens: Other special tokens than it has.
            digits: See `pre_tokenizers.digits`.
            pre_tokenizer: A part of a `tokenizer.json` that cuts text, or several; those of
                `pre_tokenizers` cut and nothing else. Some others drop what they match.

        Raises:
            InputError: A name is not known, special tokens are no strings, the tokenizer's
                template uses a special token that is not among those given, or `pre_tokenizer` is
                malformed or writes letters or signs.
            UnsupportedFeature: The pipeline has no form in a `tokenizer.json`, or cuts are to be
                added to one whose normalizer writes the letters of bytes, or to that of a `.model`.
        """
        if isinstance(like, str) and like in _NAMED:
            pipeline = cls.of_document(_NAMED[like])
            pipeline = replace(pipeline, sentencepiece=like == "sentencepiece")
        elif isinstance(like, str):
            whole = cls.of_document(json.loads(Tokenizer.from_pretrained(like)._save("json")))
            pipeline = replace(whole, special_tokens=())
        elif isinstance(like, Tokenizer):
            pipeline = cls.of_document(json.loads(like._save("json")))
        else:
            raise InputError(f"like must be a Tokenizer or a name, not {type(like).__name__}")
        if special_tokens is not None:
            known = {token["content"]: token for token in pipeline.special_tokens}
            names = _names(special_tokens)
            tokens = tuple(known.get(name) or special_entry(name) for name in names)
            pipeline = replace(pipeline, special_tokens=tokens)
        added = added_steps(digits, pre_tokenizer)
        if added and pipeline.sentencepiece:
            raise UnsupportedFeature(
                'digits= and pre_tokenizer= with like="sentencepiece": a .model has no cuts but '
                "those at spaces (unigram has split_digits=)"
            )
        return pipeline._with(added)

    @classmethod
    def of_document(cls, document: Json) -> Pipeline:
        """The pipeline of a `tokenizer.json`, or of what is written like one above."""
        special = [token for token in document.get("added_tokens", ()) if token["special"]]
        return cls(
            document.get("normalizer"),
            document.get("pre_tokenizer"),
            document.get("post_processor"),
            document.get("decoder"),
            tuple({k: v for k, v in token.items() if k != "id"} for token in special),
        )

    def with_special(self, name: str) -> Pipeline:
        """With this special token as the first, unless it is there."""
        if name in self.names:
            return self
        _names([name])
        return replace(self, special_tokens=(special_entry(name), *self.special_tokens))

    def _with(self, added: list[Json]) -> Pipeline:
        """With more steps: before bytes become letters, but after words have their U+2581."""
        if not added:
            return self
        if _has(self.normalizer, "ByteLevel"):
            raise UnsupportedFeature("more cuts where the normalizer writes the letters of bytes")
        steps = [] if self.pre_tokenizer is None else [self.pre_tokenizer]
        if steps and steps[0]["type"] == "Sequence":
            steps = list(steps[0]["pretokenizers"])
        steps = [*added, *steps] if self.in_bytes else [*steps, *added]
        return replace(self, pre_tokenizer={"type": "Sequence", "pretokenizers": steps})

    @property
    def names(self) -> list[str]:
        """The special tokens."""
        return [token["content"] for token in self.special_tokens]

    @property
    def in_bytes(self) -> bool:
        """Whether words are bytes in the letters of byte-level files, not characters."""
        return _has(self.pre_tokenizer, "ByteLevel") or _has(self.normalizer, "ByteLevel")

    def check_splitter(self) -> None:
        """Raises `UnsupportedFeature` if pieces by themselves are not what they are in a text."""
        adds = '"add_prefix_space": true' in json.dumps(self.pre_tokenizer)
        if self.in_bytes and self.normalizer is None and not adds:
            return
        what = "changes text" if self.in_bytes else "is not byte-level"
        raise UnsupportedFeature(
            f"a splitter before a pipeline that {what}: a piece by itself would have other tokens "
            "than in its text, and decoding would not give the text again"
        )

    @property
    def decodes_bytes(self) -> bool:
        """Whether tokens `<0xNN>` become bytes again."""
        return _has(self.decoder, "ByteFallback")

    @property
    def signs_are_words(self) -> bool:
        """Whether U+2581 stands for spaces, so that words are to be cut before it."""
        return _SIGN in json.dumps([self.normalizer, self.pre_tokenizer], ensure_ascii=False)

    def words_of(self) -> Tokenizer:
        """A tokenizer that cuts words as the pipeline does and knows none of them."""
        if self.in_bytes:
            vocab = {letter: id_ for id_, letter in enumerate(byte_letters())}
            known = self.around({"type": "BPE", "vocab": vocab, "merges": []}, len(vocab))
            return known._joining([]) if self.joined else known
        return self.around({"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"}, 1)

    def trained(self, model: Json, size: int) -> Tokenizer:
        """The tokenizer of what was learned: as `around`, or the SentencePiece model of that.

        Raises:
            UnsupportedFeature: A `.model` cannot say it; names what.
        """
        made = self.around(model, size)
        if not self.sentencepiece:
            return made
        return Tokenizer.from_bytes(made._save("model", exact=False))

    def around(self, model: Json, size: int) -> Tokenizer:
        """The tokenizer with this model, whose ids are below `size`.

        Special tokens that the model's vocabulary lacks get the ids from `size` on.
        """
        vocab = model["vocab"]
        ids = vocab if isinstance(vocab, Mapping) else {row[0]: i for i, row in enumerate(vocab)}
        added = []
        for token in self.special_tokens:
            id_ = ids.get(token["content"], size)
            size += id_ == size
            added.append({"id": id_, **token})
        template = _with_ids(self.post_processor, {each["content"]: each["id"] for each in added})
        document = {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": self.normalizer,
            "pre_tokenizer": self.pre_tokenizer,
            "post_processor": template,
            "decoder": self.decoder,
            "model": model,
        }
        return Tokenizer.from_bytes(json.dumps(document, ensure_ascii=False).encode())


def added_steps(digits: str | None, pre_tokenizer: Steps | None) -> list[Json]:
    """The steps that a call adds to a pipeline, checked, sequences flattened."""
    steps = [] if digits is None else [split_digits(digits)]
    if pre_tokenizer is None:
        return steps
    if isinstance(pre_tokenizer, Mapping):
        pre_tokenizer = [pre_tokenizer]
    elif not isinstance(pre_tokenizer, (list, tuple)):
        kind = type(pre_tokenizer).__name__
        raise InputError(f"pre_tokenizer must be a dict or a list of them, not {kind}")
    for step in pre_tokenizer:
        steps += _checked(step)
    return steps


def _checked(step: Mapping[str, Any]) -> list[Json]:
    if not isinstance(step, Mapping):
        raise InputError(f"pre_tokenizer: a step must be a dict, not {type(step).__name__}")
    try:
        text = json.dumps(step, ensure_ascii=False)
        pre_tokenize_text(text, "")
    except (ModelError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"pre_tokenizer: {error}") from None
    made: Json = json.loads(text)
    for kind in ("ByteLevel", "Metaspace"):
        if _has(made, kind):
            raise InputError(f"pre_tokenizer must only cut, and {kind} rewrites what it cuts")
    return list(made["pretokenizers"]) if made["type"] == "Sequence" else [made]


def _names(special_tokens: Iterable[str]) -> list[str]:
    if isinstance(special_tokens, (str, bytes)):
        raise InputError("special_tokens must be a sequence of strings, not one string")
    names = list(special_tokens)
    for name in names:
        if not isinstance(name, str) or not name:
            raise InputError(f"a special token must be a string that is not empty, not {name!r}")
        if any("\ud800" <= letter <= "\udfff" for letter in name):
            raise InputError(f"special token {name!r} has a lone surrogate")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"special token {twice!r} is given twice")
    return names


def _has(part: Json | None, kind: str) -> bool:
    if part is None:
        return False
    inner = part.get("pretokenizers") or part.get("normalizers") or part.get("decoders") or ()
    return part["type"] == kind or any(_has(each, kind) for each in inner)


def _with_ids(part: Json | None, ids: Mapping[str, int]) -> Json | None:
    """A post-processor whose special tokens have these ids."""
    if part is None:
        return None

    def id_of(token: str) -> int:
        if token not in ids:
            raise InputError(
                f"the template of like= uses {token!r}, which is not among the special tokens"
            )
        return ids[token]

    part = dict(part)
    if part["type"] == "Sequence":
        part["processors"] = [_with_ids(each, ids) for each in part["processors"]]
    for name in ("sep", "cls"):
        if name in part:
            part[name] = [part[name][0], id_of(part[name][0])]
    if part["type"] == "TemplateProcessing":
        part["special_tokens"] = {
            name: {**entry, "ids": [id_of(token) for token in entry["tokens"]]}
            for name, entry in part["special_tokens"].items()
        }
    return part
