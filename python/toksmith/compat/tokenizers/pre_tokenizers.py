"""Pre-tokenizers: what cuts text into pieces for the model.

>>> from toksmith.compat.tokenizers import pre_tokenizers
>>> pre_tokenizers.Whitespace().pre_tokenize_str("Hi there!")
[('Hi', (0, 2)), ('there', (3, 8)), ('!', (8, 9))]
"""

from __future__ import annotations

from typing import Any, NoReturn

from toksmith import _native
from toksmith.compat.tokenizers.component import (
    SCHEMES,
    Component,
    ComponentList,
    Field,
    behavior,
    behavior_name,
    boolean,
    character,
    count,
    dumps,
    string,
)
from toksmith.compat.tokenizers.errors import ArgumentError, unsupported
from toksmith.compat.tokenizers.regex import Regex, pattern_json


class PreTokenizer(Component, abstract=True):
    """The base of all pre-tokenizers."""

    @staticmethod
    def custom(pretok: Any) -> NoReturn:
        """Always UnsupportedFeature: Python code has no form in a file."""
        unsupported("PreTokenizer.custom (a pre-tokenizer in Python)")

    def pre_tokenize(self, pretok: Any) -> NoReturn:
        """Always UnsupportedFeature: there is no PreTokenizedString."""
        unsupported("PreTokenizer.pre_tokenize (use pre_tokenize_str)")

    def pre_tokenize_str(self, sequence: str) -> list[tuple[str, tuple[int, int]]]:
        """The pieces, with `(start, end)` of each in the text, in characters."""
        return _native.pre_tokenize_text(dumps(self._json()), string(sequence))


class BertPreTokenizer(PreTokenizer):
    """At white space, which goes, and around punctuation."""

    def __init__(self) -> None:
        """Has no fields."""


class ByteLevel(PreTokenizer):
    """As GPT-2 cuts; then bytes become letters of the byte alphabet."""

    _defaults = {"use_regex": True}  # noqa: RUF012
    add_prefix_space = Field("add_prefix_space", boolean)
    trim_offsets = Field("trim_offsets", boolean)
    use_regex = Field("use_regex", boolean)

    def __init__(
        self,
        add_prefix_space: bool = True,
        trim_offsets: bool = True,
        use_regex: bool = True,
        **_kwargs: Any,
    ) -> None:
        """Further arguments are what its pickled state has beside these: its `type`."""
        _only_type(_kwargs)
        self.add_prefix_space = add_prefix_space
        self.trim_offsets = trim_offsets
        self.use_regex = use_regex

    @staticmethod
    def alphabet() -> list[str]:
        """The 256 letters of the byte alphabet."""
        plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
        return [chr(byte) for byte in plain] + [chr(256 + i) for i in range(256 - len(plain))]


class CharDelimiterSplit(PreTokenizer):
    """At a character, which goes."""

    delimiter = Field("delimiter", character)

    def __init__(self, delimiter: str) -> None:
        """`delimiter` is one character."""
        self.delimiter = delimiter

    def __getnewargs__(self) -> tuple[str]:
        """As the original's."""
        return (" ",)


class Digits(PreTokenizer):
    """At numbers."""

    individual_digits = Field("individual_digits", boolean)

    def __init__(self, individual_digits: bool = False) -> None:
        """Whether each digit is a piece."""
        self.individual_digits = individual_digits


class FixedLength(PreTokenizer):
    """Every so many characters."""

    length = Field("length", count)

    def __init__(self, length: int = 5) -> None:
        """`length` characters a piece."""
        self.length = length


class Metaspace(PreTokenizer):
    """A sign in place of spaces."""

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
        """`prepend_scheme` is "always", "never" or "first"."""
        self.replacement = replacement
        self.prepend_scheme = prepend_scheme
        self.split = split


class Punctuation(PreTokenizer):
    """At punctuation."""

    behavior = Field("behavior", behavior, behavior_name)

    def __init__(self, behavior: str = "isolated") -> None:
        """What becomes of a match; see `SplitDelimiterBehavior`."""
        self.behavior = behavior


class Split(PreTokenizer):
    """At a pattern."""

    behavior = Field("behavior", behavior, behavior_name)
    invert = Field("invert", boolean)

    def __init__(self, pattern: str | Regex, behavior: str, invert: bool = False) -> None:
        """A `pattern` that is a str stands for itself; with `invert` what is between matches."""
        self._fields["pattern"] = pattern_json(pattern)
        self.behavior = behavior
        self.invert = invert

    def __getnewargs__(self) -> tuple[str, str]:
        """As the original's."""
        return (" ", "removed")

    @property
    def pattern(self) -> NoReturn:
        """Cannot be got, as in the original."""
        raise ArgumentError("Cannot get pattern")

    @pattern.setter
    def pattern(self, pattern: str | Regex) -> NoReturn:
        raise ArgumentError("Cannot set pattern, please instantiate a new split pattern instead")


class UnicodeScripts(PreTokenizer):
    """Where the script changes."""

    def __init__(self) -> None:
        """Has no fields."""


class Whitespace(PreTokenizer):
    """Words and runs of other signs; white space goes."""

    def __init__(self) -> None:
        """Has no fields."""


class WhitespaceSplit(PreTokenizer):
    """At white space, which goes."""

    def __init__(self) -> None:
        """Has no fields."""


class Sequence(PreTokenizer, ComponentList):
    """Pre-tokenizers one after the other, each inside the pieces of the one before."""

    _items_name = "pretokenizers"

    def __init__(self, pretokenizers: list[PreTokenizer]) -> None:
        """Takes a list."""
        self._fill(pretokenizers, PreTokenizer)


def _only_type(kwargs: dict[str, Any]) -> None:
    """Refuses arguments nobody knows."""
    for name in kwargs.keys() - {"type"}:
        unsupported(f"the argument {name}")
