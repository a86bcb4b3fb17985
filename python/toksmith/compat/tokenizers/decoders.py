"""Decoders: what makes text of tokens.

>>> from toksmith.compat.tokenizers import decoders
>>> decoders.WordPiece().decode(["My", "na", "##me"])
'My name'
"""

from __future__ import annotations

from typing import Any, NoReturn

from toksmith import _native
from toksmith._native import DecodeStream
from toksmith.compat.tokenizers.component import (
    SCHEMES,
    Component,
    ComponentList,
    Field,
    boolean,
    character,
    count,
    dumps,
    string,
)
from toksmith.compat.tokenizers.errors import unsupported
from toksmith.compat.tokenizers.pre_tokenizers import _only_type
from toksmith.compat.tokenizers.regex import Regex, pattern_json

__all__ = [
    "CTC",
    "BPEDecoder",
    "ByteFallback",
    "ByteLevel",
    "DecodeStream",
    "Decoder",
    "Fuse",
    "Metaspace",
    "Replace",
    "Sequence",
    "Strip",
    "WordPiece",
]


class Decoder(Component, abstract=True):
    """The base of all decoders."""

    @staticmethod
    def custom(decoder: Any) -> NoReturn:
        """Always UnsupportedFeature: Python code has no form in a file."""
        unsupported("Decoder.custom (a decoder in Python)")

    def decode(self, tokens: list[str]) -> str:
        """The text of tokens."""
        return _native.decode_tokens(dumps(self._json()), tokens)


class BPEDecoder(Decoder):
    """A suffix becomes a space."""

    suffix = Field("suffix", string)

    def __init__(self, suffix: str = "</w>") -> None:
        """`suffix` stands behind the last token of a word."""
        self.suffix = suffix


class ByteFallback(Decoder):
    """`<0xNN>` become bytes."""

    def __init__(self) -> None:
        """Has no fields."""


class ByteLevel(Decoder):
    """Letters of the byte alphabet become bytes."""

    _defaults = {"use_regex": True}  # noqa: RUF012

    def __init__(self, **_kwargs: Any) -> None:
        """Arguments are what its pickled state has, none of which changes anything."""
        names = ("add_prefix_space", "trim_offsets", "use_regex")
        _only_type({name: value for name, value in _kwargs.items() if name not in names})
        self._fields.update({name: boolean(_kwargs.get(name, True)) for name in names})


class CTC(Decoder):
    """Repeats and padding go."""

    pad_token = Field("pad_token", string)
    word_delimiter_token = Field("word_delimiter_token", string)
    cleanup = Field("cleanup", boolean)

    def __init__(
        self, pad_token: str = "<pad>", word_delimiter_token: str = "|", cleanup: bool = True
    ) -> None:
        """The delimiter becomes a space."""
        self.pad_token = pad_token
        self.word_delimiter_token = word_delimiter_token
        self.cleanup = cleanup


class Fuse(Decoder):
    """All tokens become one."""

    def __init__(self) -> None:
        """Has no fields."""


class Metaspace(Decoder):
    """A sign becomes a space."""

    replacement = Field("replacement", character)
    prepend_scheme = Field("prepend_scheme", SCHEMES)
    split = Field("split", boolean)

    def _set_json(self, data: dict[str, Any]) -> None:
        # Older files say only whether a sign is added.
        scheme = "always" if data.get("add_prefix_space", True) else "never"
        self._fields = {
            "replacement": data["replacement"],
            "prepend_scheme": data.get("prepend_scheme", scheme),
            "split": data.get("split", True),
        }

    def __init__(
        self, replacement: str = "▁", prepend_scheme: str = "always", split: bool = True
    ) -> None:
        """As of the pre-tokenizer."""
        self.replacement = replacement
        self.prepend_scheme = prepend_scheme
        self.split = split


class Replace(Decoder):
    """Each match of a pattern becomes a string."""

    def __init__(self, pattern: str | Regex, content: str) -> None:
        """A `pattern` that is a str stands for itself."""
        self._fields.update(pattern=pattern_json(pattern), content=string(content))


class Strip(Decoder):
    """A character goes from the ends of each token."""

    content = Field("content", character)
    start = Field("start", count)
    stop = Field("stop", count)

    def __init__(self, content: str = " ", left: int = 0, right: int = 0) -> None:
        """At most `left` at the beginning and `right` at the end."""
        self.content = content
        self.start = left
        self.stop = right


class WordPiece(Decoder):
    """A prefix joins, anything else is a new word."""

    prefix = Field("prefix", string)
    cleanup = Field("cleanup", boolean)

    def __init__(self, prefix: str = "##", cleanup: bool = True) -> None:
        """With `cleanup` spaces before punctuation and contractions go."""
        self.prefix = prefix
        self.cleanup = cleanup


class Sequence(Decoder, ComponentList):
    """Decoders one after the other."""

    _items_name = "decoders"

    def __init__(self, decoders: list[Decoder]) -> None:
        """Takes a list."""
        self._fill(decoders, Decoder)
