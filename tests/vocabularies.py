"""Vocabularies of tests: the embedded ones, built once, and files made up of plain dictionaries."""

from __future__ import annotations

import base64
import json
from functools import cache

import oracles
import toksmith as ts

BYTES = [bytes([byte]) for byte in range(256)]


@cache
def embedded(name: str) -> ts.Tokenizer:
    """An embedded vocabulary, built once in this process."""
    return ts.Tokenizer.from_pretrained(name)


def to_rank_file(ranks: dict[bytes, int]) -> bytes:
    """A `.tiktoken` file."""
    lines = sorted((rank, base64.b64encode(token).decode()) for token, rank in ranks.items())
    return "".join(f"{token} {rank}\n" for rank, token in lines).encode()


def to_tokenizer_json(
    vocab: dict[bytes, int], merges: oracles.Merges, ignore_merges: bool = False
) -> str:
    """A `tokenizer.json` that takes the whole text as one pre-token."""
    return json.dumps(
        {
            "version": "1.0",
            "added_tokens": [],
            "pre_tokenizer": {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": False,
                "use_regex": False,
            },
            "decoder": {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": False,
                "use_regex": False,
            },
            "model": {
                "type": "BPE",
                "ignore_merges": ignore_merges,
                "vocab": {_spell(token): number for token, number in vocab.items()},
                "merges": [[_spell(a), _spell(b)] for a, b in merges],
            },
        }
    )


def _byte_alphabet() -> dict[int, str]:
    """The character that stands for each byte in byte-level files."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {
        byte: chr(256 + number) for number, byte in enumerate(hidden)
    }


BYTE_ALPHABET = _byte_alphabet()


def _spell(token: bytes) -> str:
    return "".join(BYTE_ALPHABET[byte] for byte in token)
