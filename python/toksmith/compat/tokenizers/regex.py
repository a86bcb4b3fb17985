"""Patterns: a `Regex`, or a string that stands for itself."""

from __future__ import annotations

from typing import Any

from toksmith import _native


class Regex:
    """A regular expression in the syntax of Oniguruma; a str elsewhere stands for itself.

    Raises:
        ToksmithError: It is malformed, or means something else to the matchers here.
    """

    def __init__(self, pattern: str) -> None:
        """Checks the pattern."""
        if not isinstance(pattern, str):
            raise TypeError(f"'{type(pattern).__name__}' object is not an instance of 'str'")
        if pattern:
            # Reading a component with it compiles it.
            _native.pre_tokenize_text(split_json({"Regex": pattern}), "")
        self._pattern = pattern

    def __reduce__(self) -> tuple[Any, ...]:
        """To data."""
        return (Regex, (self._pattern,))


def split_json(pattern: dict[str, str]) -> str:
    """A pre-tokenizer that cuts at a pattern."""
    from toksmith.compat.tokenizers.component import dumps

    return dumps({"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False})


def pattern_json(pattern: str | Regex) -> dict[str, str]:
    """A pattern as the JSON has it."""
    if isinstance(pattern, Regex):
        return {"Regex": pattern._pattern}
    if isinstance(pattern, str):
        return {"String": pattern}
    kind = type(pattern).__name__
    raise TypeError(f"a pattern must be a str or a Regex, not '{kind}'")
