"""Texts with special tokens inside: strings of bytes, and between them `Special`s."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from toksmith._native import InputError, VocabularyError
from toksmith.byte_probs.checks import whole_number

if TYPE_CHECKING:
    from toksmith import _native


@dataclass(frozen=True, slots=True)
class Special:
    """A special token in a text.

    Attributes:
        token: Its id, or its name.
    """

    token: int | str


Part: TypeAlias = "bytes | str | Special"
Parts: TypeAlias = "Part | Sequence[Part]"
"""A text, or several and the special tokens between them."""


def special_id(tokenizer: _native.Tokenizer, token: int | str | Special) -> int:
    """The id of a special token.

    Raises:
        VocabularyError: There is no special token of that name.
        InputError: It is no id.
    """
    if isinstance(token, Special):
        token = token.token
    if isinstance(token, str):
        try:
            return tokenizer.special_ids[token]
        except KeyError:
            raise VocabularyError(f"{token!r} is not a special token of the tokenizer") from None
    return whole_number(token, "a special token", 0, 1 << 32)


def special_set(
    tokenizer: _native.Tokenizer, tokens: bool | Iterable[int | str | Special]
) -> frozenset[int]:
    """The ids of some special tokens; of all for True, of none for False.

    Raises:
        VocabularyError: There is no special token of a name.
        InputError: A token is given alone, or is no special token.
    """
    known = frozenset(tokenizer.special_ids.values())
    if isinstance(tokens, bool):
        return known if tokens else frozenset()
    if isinstance(tokens, str) or not isinstance(tokens, Iterable):
        raise InputError('special tokens are a sequence, such as ("<|im_end|>",), or True')
    ids = frozenset(special_id(tokenizer, token) for token in tokens)
    if not ids <= known:
        raise InputError(f"not special tokens of the tokenizer: {sorted(ids - known)}")
    return ids


def as_parts(text: Parts) -> list[bytes | Special]:
    """Texts as bytes, and the special tokens between them.

    Raises:
        InputError: A part is neither str, bytes nor a `Special`, or has a lone surrogate.
    """
    if isinstance(text, Special):
        return [text]
    if isinstance(text, (str, bytes)):
        return [as_bytes(text)]
    if isinstance(text, (bytearray, memoryview)):
        return [bytes(text)]
    if not isinstance(text, Iterable):
        raise InputError(f"expected str, bytes or parts, not {type(text).__name__}")
    return [part if isinstance(part, Special) else as_bytes(part) for part in text]


def parted(data: bytes, specials: Iterable[tuple[int, int]]) -> tuple[bytes | Special, ...]:
    """Bytes, and the special tokens given with the number of bytes before each."""
    parts: list[bytes | Special] = []
    start = 0
    for at, token in specials:
        if at > start:
            parts.append(data[start:at])
        parts.append(Special(token))
        start = at
    if start < len(data):
        parts.append(data[start:])
    return tuple(parts)


def as_bytes(text: bytes | str) -> bytes:
    """Text as bytes.

    Raises:
        InputError: It is neither str nor bytes, or has a lone surrogate.
    """
    if isinstance(text, str):
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"lone surrogate at character {error.start}") from None
    if isinstance(text, (bytes, bytearray, memoryview)):
        return bytes(text)
    raise InputError(f"expected str or bytes, not {type(text).__name__}")
