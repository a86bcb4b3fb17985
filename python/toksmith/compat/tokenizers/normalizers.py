"""Normalizers: what is done to text before it is cut.

>>> from toksmith.compat.tokenizers import normalizers
>>> normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()]).normalize_str("café")
'cafe'
"""

from __future__ import annotations

import base64
from typing import Any, NoReturn

from toksmith import _native
from toksmith.compat.tokenizers.component import (
    Component,
    ComponentList,
    Field,
    boolean,
    dumps,
    optional,
    string,
)
from toksmith.compat.tokenizers.errors import ArgumentError, unsupported
from toksmith.compat.tokenizers.regex import Regex, pattern_json


class Normalizer(Component, abstract=True):
    """The base of all normalizers."""

    @staticmethod
    def custom(normalizer: Any) -> NoReturn:
        """Always UnsupportedFeature: Python code has no form in a file."""
        unsupported("Normalizer.custom (a normalizer in Python)")

    def normalize(self, normalized: Any) -> NoReturn:
        """Always UnsupportedFeature: there is no NormalizedString."""
        unsupported("Normalizer.normalize (use normalize_str)")

    def normalize_str(self, sequence: str) -> str:
        """The normalized text."""
        return _native.normalize_text(dumps(self._json()), string(sequence))


class BertNormalizer(Normalizer):
    """Cleaning, spaces around CJK ideographs, accents, small letters: as BERT does it."""

    clean_text = Field("clean_text", boolean)
    handle_chinese_chars = Field("handle_chinese_chars", boolean)
    strip_accents = Field("strip_accents", optional(boolean))
    lowercase = Field("lowercase", boolean)

    def __init__(
        self,
        clean_text: bool = True,
        handle_chinese_chars: bool = True,
        strip_accents: bool | None = None,
        lowercase: bool = True,
    ) -> None:
        """`strip_accents=None` means: as `lowercase`."""
        self.clean_text = clean_text
        self.handle_chinese_chars = handle_chinese_chars
        self.strip_accents = strip_accents
        self.lowercase = lowercase


class ByteLevel(Normalizer):
    """Bytes become letters of the byte alphabet."""

    def __init__(self) -> None:
        """Has no fields."""


class Lowercase(Normalizer):
    """Small letters."""

    def __init__(self) -> None:
        """Has no fields."""


class NFC(Normalizer):
    """Canonical composition."""

    def __init__(self) -> None:
        """Has no fields."""


class NFD(Normalizer):
    """Canonical decomposition."""

    def __init__(self) -> None:
        """Has no fields."""


class NFKC(Normalizer):
    """Compatibility composition."""

    def __init__(self) -> None:
        """Has no fields."""


class NFKD(Normalizer):
    """Compatibility decomposition."""

    def __init__(self) -> None:
        """Has no fields."""


class Nmt(Normalizer):
    """The cleaning of NMT files."""

    def __init__(self) -> None:
        """Has no fields."""


class Precompiled(Normalizer):
    """SentencePiece's table of replacements."""

    def __init__(self, precompiled_charsmap: bytes) -> None:
        """Takes the table as SentencePiece's model has it."""
        text = base64.b64encode(precompiled_charsmap).decode()
        self._fields["precompiled_charsmap"] = text
        try:
            self.normalize_str("")
        except _native.ToksmithError as error:
            why = f"Error while attempting to build Precompiled normalizer: {error}"
            raise ArgumentError(why) from None


class Prepend(Normalizer):
    """A string before every text that is not empty."""

    prepend = Field("prepend", string)

    def __init__(self, prepend: str) -> None:
        """`prepend` is the string."""
        self.prepend = prepend


class Replace(Normalizer):
    """Each match of a pattern becomes a string."""

    content = Field("content", string)

    def __init__(self, pattern: str | Regex, content: str) -> None:
        """A `pattern` that is a str stands for itself."""
        self._fields["pattern"] = pattern_json(pattern)
        self.content = content

    @property
    def pattern(self) -> NoReturn:
        """Cannot be got, as in the original."""
        raise ArgumentError("Cannot get pattern")

    @pattern.setter
    def pattern(self, pattern: str | Regex) -> NoReturn:
        raise ArgumentError("Cannot set pattern, please instantiate a new replace pattern instead")


class Strip(Normalizer):
    """White space at the ends goes."""

    left = Field("strip_left", boolean)
    right = Field("strip_right", boolean)

    def __init__(self, left: bool = True, right: bool = True) -> None:
        """At which ends."""
        self.left = left
        self.right = right


class StripAccents(Normalizer):
    """Combining marks go."""

    def __init__(self) -> None:
        """Has no fields."""


class Sequence(Normalizer, ComponentList):
    """Normalizers one after the other."""

    _items_name = "normalizers"

    def __init__(self, normalizers: list[Normalizer]) -> None:
        """Takes a list."""
        self._fill(normalizers, Normalizer)

    def __len__(self) -> int:
        """Number of normalizers."""
        return len(self._items)


NORMALIZERS = {"nfc": NFC, "nfd": NFD, "nfkc": NFKC, "nfkd": NFKD}


def unicode_normalizer_from_str(normalizer: str) -> Normalizer:
    """The normalizer of a Unicode form by its name in small letters.

    Raises:
        ValueError: There is no such form.
    """
    if normalizer not in NORMALIZERS:
        raise ArgumentError(
            f"{normalizer} is not a known unicode normalizer. Available are {NORMALIZERS.keys()}"
        )
    return NORMALIZERS[normalizer]()
