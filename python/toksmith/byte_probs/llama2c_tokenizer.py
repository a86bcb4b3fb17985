"""The `tokenizer.bin` of llama2.c, read as the SentencePiece model that it was made of.

Its encoder is that of SentencePiece's BPE, with a space before the text, bytes for characters that
have no piece, and no normalisation. The file says nothing of the kinds of pieces: ids 0 to 2 are
`<unk>`, `<s>` and `</s>`, ids 3 to 258 bytes.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from toksmith._native import InputError, ModelError
from toksmith.files import as_path
from toksmith.tokenizer import Tokenizer

if TYPE_CHECKING:
    import os

_SPECIALS = (b"<unk>", b"<s>", b"</s>")
_BYTES = range(3, 259)
_BYTE = re.compile(rb"<0x[0-9A-F]{2}>")
# Of SentencePiece's protocol: kinds of pieces and of models.
_NORMAL, _UNKNOWN, _CONTROL, _IS_BYTE, _BPE = 1, 2, 3, 6, 2


def read_tokenizer(path: str | os.PathLike[str], vocab_size: int) -> Tokenizer:
    """Reads a `tokenizer.bin` of so many tokens.

    Raises:
        InputError: The file cannot be read.
        ModelError: It is malformed.
    """
    file = as_path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from None
    try:
        return Tokenizer.from_bytes(_model(_pieces(data, vocab_size)), name=file.stem)
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from None


def _pieces(data: bytes, vocab_size: int) -> list[tuple[bytes, float, int]]:
    """Text, score and kind of each piece."""
    pieces: list[tuple[bytes, float, int]] = []
    at = 4  # after the length of the longest piece
    for token in range(vocab_size):
        if at + 8 > len(data):
            raise ModelError(f"malformed model: it ends before token {token} of {vocab_size}")
        score, length = struct.unpack_from("<fi", data, at)
        at += 8
        if not 0 <= length <= len(data) - at:
            raise ModelError(f"malformed model: byte {at}: token {token} has {length} bytes")
        text, kind = data[at : at + length], _NORMAL
        at += length
        if token < len(_SPECIALS):
            text, kind = _SPECIALS[token], _CONTROL if token else _UNKNOWN
        elif token in _BYTES and _BYTE.fullmatch(text):
            kind = _IS_BYTE
        pieces.append((text.replace(b" ", "\u2581".encode()), score, kind))
    return pieces


def _model(pieces: list[tuple[bytes, float, int]]) -> bytes:
    """A SentencePiece model in its protocol's wire format."""
    out = b"".join(
        _field(1, _field(1, text) + b"\x15" + struct.pack("<f", score) + _number(3, kind))
        for text, score, kind in pieces
    )
    trainer = _number(3, _BPE) + _number(4, len(pieces)) + _number(35, 1)
    normalizer = _field(1, b"identity") + _number(3, 1) + _number(4, 0) + _number(5, 1)
    return out + _field(2, trainer) + _field(3, normalizer)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)
