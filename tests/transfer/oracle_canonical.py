"""Which bytes and which role each id has, in plain Python, from what the file itself says.

It reads tokenizer.json, sentencepiece models (by the library) and rank files, and knows nothing of
toksmith but that: the rules are those of `toksmith.transfer.canonical`, written down once more.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sentencepiece

from vocabularies import BYTE_ALPHABET

SIGN = "\u2581"
BYTE_OF = {letter: byte for byte, letter in BYTE_ALPHABET.items()}


def byte_piece(token: str) -> bytes | None:
    """The byte of `<0xNN>`."""
    if len(token) != 6 or token[:3] != "<0x" or token[5] != ">":
        return None
    digits = "0123456789abcdefABCDEF"
    return bytes([int(token[3:5], 16)]) if set(token[3:5]) <= set(digits) else None


def of_json(text: str) -> dict[int, bytes]:
    """The bytes of the text ids of a tokenizer.json; ids of special tokens are left out."""
    file = json.loads(text)
    model, added = file["model"], file["added_tokens"]
    pieces = _pieces(model)
    vocab = dict(pieces)
    specials = {token["id"] for token in added if token["special"]}
    unknown = model.get("unk_token")
    if unknown in vocab and not _is_byte_level(file):
        specials.add(vocab[unknown])
    if model.get("unk_id") is not None:
        specials.add(model["unk_id"])
    spelled = _speller(file)
    found = {token_id: spelled(token) for token, token_id in pieces if token_id not in specials}
    words = _marks(model) is not None
    for token in added:
        literal = words or vocab.get(token["content"]) != token["id"]
        if not token["special"] and (literal or _is_byte_level(file)):
            found[token["id"]] = token["content"].encode()
    return found


def of_model(data: bytes) -> dict[int, bytes]:
    """The bytes of the text ids of a sentencepiece model."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=data)
    found = {}
    for token_id in range(processor.get_piece_size()):
        piece = processor.id_to_piece(token_id)
        if processor.is_byte(token_id):
            found[token_id] = byte_piece(piece) or b""
        elif not (
            processor.is_unknown(token_id)
            or processor.is_control(token_id)
            or processor.is_unused(token_id)
        ):
            found[token_id] = piece.replace(SIGN, " ").encode()
    return found


def of_ranks(path: Path) -> dict[int, bytes]:
    """The bytes of the ids of a rank file."""
    lines = (line.split() for line in path.read_bytes().splitlines() if line)
    return {int(rank): base64.b64decode(token) for token, rank in lines}


def _pieces(model: dict[str, Any]) -> list[tuple[str, int]]:
    """Tokens with their ids; a Unigram model may have one twice."""
    vocab = model["vocab"]
    if isinstance(vocab, list):
        return [(piece, number) for number, (piece, _) in enumerate(vocab)]
    return list(vocab.items())


def _kind(model: dict[str, Any]) -> str:
    """The type, which old files leave to be guessed."""
    guess = "WordPiece" if "max_input_chars_per_word" in model else "BPE"
    return str(model.get("type") or guess)


def _stages(stage: dict[str, Any] | None) -> list[dict[str, Any]]:
    if stage is None:
        return []
    inner = stage.get("normalizers") or stage.get("pretokenizers") or stage.get("decoders")
    return [each for part in inner for each in _stages(part)] if inner else [stage]


def _is_byte_level(file: dict[str, Any]) -> bool:
    kinds = {stage["type"] for stage in _stages(file["pre_tokenizer"])}
    kinds |= {stage["type"] for stage in _stages(file["normalizer"])}
    return _kind(file["model"]) == "BPE" and "ByteLevel" in kinds


def _marks(model: dict[str, Any]) -> tuple[str, str] | None:
    """Prefix and suffix of a model of words."""
    kind = _kind(model)
    if kind == "WordPiece":
        return model["continuing_subword_prefix"], ""
    if kind == "WordLevel":
        return "", ""
    marks = model.get("continuing_subword_prefix") or "", model.get("end_of_word_suffix") or ""
    return marks if any(marks) else None


def _sign(file: dict[str, Any]) -> str | None:
    sign = None
    for stage in _stages(file["normalizer"]):
        if stage["type"] == "Replace" and stage["pattern"] == {"String": " "}:
            sign = stage["content"] if stage["content"] == SIGN else sign
    for stage in _stages(file["pre_tokenizer"]):
        if stage["type"] == "Metaspace":
            sign = stage["replacement"]
    decoder = file["decoder"] or {}
    if sign is None and decoder.get("type") == "Metaspace":
        sign = decoder["replacement"]
    return sign


def _speller(file: dict[str, Any]) -> Callable[[str], bytes]:
    """From a token, as the file spells it, to its bytes."""
    if _is_byte_level(file):
        return lambda token: bytes(BYTE_OF[letter] for letter in token)
    marks, sign = _marks(file["model"]), _sign(file)
    fallback = bool(file["model"].get("byte_fallback"))

    def word(token: str) -> bytes:
        prefix, suffix = marks or ("", "")
        inside = bool(prefix) and token.startswith(prefix) and len(token) > len(prefix)
        body = token[len(prefix) :] if inside else token
        ends = bool(suffix) and body.endswith(suffix)
        body = body[: len(body) - len(suffix)] if ends else body
        return (" " * (not inside and not suffix) + body + " " * ends).encode()

    def signed(token: str) -> bytes:
        byte = byte_piece(token) if fallback else None
        if byte is not None:
            return byte
        return (token.replace(sign, " ") if sign else token).encode()

    return signed if marks is None else word
