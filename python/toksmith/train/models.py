"""What was learned as the `model` of a `tokenizer.json`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from toksmith._native import InputError
from toksmith.byte_alphabet import byte_letters


def bpe_model(
    tokens: Sequence[bytes],
    merges: Iterable[tuple[int, int]],
    special_tokens: Sequence[str],
    in_bytes: bool,
    **options: object,
) -> dict[str, Any]:
    """A BPE; the first tokens are the special ones, `options` are the model's other fields."""
    spellings = _spellings(tokens, special_tokens, in_bytes)
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        **options,
        "vocab": _vocab(spellings),
        "merges": [[spellings[left], spellings[right]] for left, right in merges],
    }


def wordpiece_model(
    tokens: Sequence[bytes],
    special_tokens: Sequence[str],
    unk_token: str,
    prefix: str,
    in_bytes: bool = False,
) -> dict[str, Any]:
    """A WordPiece; the first tokens are the special ones."""
    return {
        "type": "WordPiece",
        "unk_token": unk_token,
        "continuing_subword_prefix": prefix,
        "max_input_chars_per_word": 100,
        "vocab": _vocab(_spellings(tokens, special_tokens, in_bytes)),
    }


def unigram_model(
    pieces: Sequence[tuple[str, float]], unk_id: int | None, byte_fallback: bool
) -> dict[str, Any]:
    """A Unigram of pieces and their scores, natural log probabilities."""
    _vocab([piece for piece, _ in pieces])
    return {
        "type": "Unigram",
        "unk_id": unk_id,
        "vocab": [[piece, score] for piece, score in pieces],
        "byte_fallback": byte_fallback,
    }


def _spellings(tokens: Sequence[bytes], special_tokens: Sequence[str], in_bytes: bool) -> list[str]:
    letters = byte_letters()
    rest = tokens[len(special_tokens) :]
    if in_bytes:
        spelled = ["".join([letters[byte] for byte in token]) for token in rest]
    else:
        spelled = [token.decode() for token in rest]
    return [*special_tokens, *spelled]


def _vocab(spellings: Sequence[str]) -> dict[str, int]:
    vocab: dict[str, int] = {}
    for id_, spelling in enumerate(spellings):
        if vocab.setdefault(spelling, id_) != id_:
            raise InputError(
                f"tokens {vocab[spelling]} and {id_} are both spelled {spelling!r}: "
                "a special token must not be spelled as text is"
            )
    return vocab
