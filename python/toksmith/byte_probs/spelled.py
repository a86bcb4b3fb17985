"""What the tokens of a tokenizer are as bytes; sorted once a tokenizer, kept for the last few."""

from __future__ import annotations

from functools import lru_cache

from toksmith import _native
from toksmith._native import InputError, _SpelledVocabulary


def spelled(tokenizer: _native.Tokenizer) -> _SpelledVocabulary:
    """The tokens as bytes: the space where a sign stands for one, the byte where it is spelled out.

    Raises:
        InputError: That is no tokenizer.
        UnsupportedFeature: Tokens do not stand for bytes by themselves.
    """
    if not isinstance(tokenizer, _native.Tokenizer):
        raise InputError(f"expected a Tokenizer, not {type(tokenizer).__name__}")
    return _kept(tokenizer)


@lru_cache(maxsize=4)
def _kept(tokenizer: _native.Tokenizer) -> _SpelledVocabulary:
    return _SpelledVocabulary(tokenizer)
