"""Exceptions that are both toksmith's and the builtin ones that users of tokenizers catch."""

from __future__ import annotations

from typing import NoReturn

from toksmith._native import InputError, UnsupportedFeature


class ArgumentError(InputError, ValueError):
    """An argument has a value that cannot be used."""


def unsupported(feature: str) -> NoReturn:
    """Raises UnsupportedFeature."""
    raise UnsupportedFeature(f"not supported: {feature}")


def wrong_type(value: object, expected: str) -> TypeError:
    """What a value of the wrong type is answered with."""
    kind = "None" if value is None else type(value).__name__
    return TypeError(f"'{kind}' object is not an instance of '{expected}'")
