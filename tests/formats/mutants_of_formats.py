"""300 damaged files of each format that is read, from small files of every kind it has.

What can happen to any file, and random damage, is that of `mutants`; here are the files, and
what can be wrong in a container alone.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator

import toksmith as ts
from formats import gguf_files as gguf
from formats.load_mutants import PATTERN
from formats.mutants import Mutant, everywhere, forge, packed, pair, scramble, small_files

COUNT = 300


def files(form: str, tok: ts.Tokenizer) -> dict[str, bytes]:
    """Good files of a format, by what they hold."""
    if form == "gguf":
        return {model: gguf.write(values()) for model, values in gguf.MODELS.items()}
    if form == "tekken":
        return {"listed": tekken(tok, listed=True), "version 3": tekken(tok, listed=False)}
    if form == "model":
        return {
            "unigram": sentencepiece(1),
            "bpe": sentencepiece(2),
            "bytes": sentencepiece(2, True),
        }
    small = small_files(tok)
    if form == "pair":
        return {"gpt2": packed(pair(small["json"]))}
    return {"small": small[form]}


def mutants(form: str, tok: ts.Tokenizer) -> list[Mutant]:
    """Mutants of a format, not fewer than `COUNT`."""
    good = files(form, tok)
    found = []
    for name, data in good.items():
        made = list(everywhere(data))
        if form == "gguf":
            made += containers(data)
        for seed in range(max(0, COUNT // len(good) + 1 - len(made))):
            change = f"random {seed}"
            mutated = scramble(data, f"{form} {name} {change}")
            made.append((change, forge(mutated) if form == "toksmith" and seed % 4 else mutated))
        found += [Mutant(form, f"{name}, {change}", mutated) for change, mutated in made]
    return found


def containers(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Sizes and types in a GGUF file that are not those of what follows."""
    huge = struct.pack("<Q", 2**64 - 1)
    for at, what in ((8, "tensors"), (16, "keys"), (24, "a key's bytes")):
        for size in (huge, struct.pack("<Q", 2**40), bytes(8)):
            yield f"{what} = {size.hex()}", data[:at] + size + data[at + 8 :]
    key = b"tokenizer.ggml.tokens"
    at = data.index(key) + len(key)
    for kind in (*range(14), 2**32 - 1):
        number = struct.pack("<I", kind)
        yield f"tokens of type {kind}", data[:at] + number + data[at + 4 :]
        yield f"elements of type {kind}", data[: at + 4] + number + data[at + 8 :]
    for size in (huge, struct.pack("<Q", 2**33), bytes(8), struct.pack("<Q", 1)):
        yield f"tokens: {size.hex()}", data[: at + 8] + size + data[at + 16 :]
        yield f"first token: {size.hex()}", data[: at + 16] + size + data[at + 24 :]
    deep = gguf.write({"a": (9, (9, []))})
    nested = struct.pack("<IQ", 9, 1) * 100_000
    yield "arrays in arrays", deep[: -len(struct.pack("<IQ", 9, 0))] + nested


def tekken(tok: ts.Tokenizer, *, listed: bool, tokens: int = 400) -> bytes:
    """The first tokens of `tok`, bytes first, as a tekken.json."""
    single = [bytes([byte]) for byte in range(256)]
    others = (tok.token_bytes(token) for token in range(256, tokens))
    vocab = [
        {"rank": rank, "token_bytes": base64.b64encode(token).decode(), "token_str": None}
        for rank, token in enumerate([*single, *others])
    ]
    config = {
        "pattern": PATTERN, "num_vocab_tokens": tokens, "default_vocab_size": tokens + 20,
        "default_num_special_tokens": 24, "version": "v11" if listed else "v3",
    }  # fmt: skip
    file: dict[str, object] = {"config": config, "vocab": vocab, "image": {"image_patch_size": 16}}
    if listed:
        names = ["<unk>", "<s>", "</s>", "<|end|>"]
        entries = enumerate(names)
        file["special_tokens"] = [
            {"rank": rank, "token_str": name, "is_control": True} for rank, name in entries
        ]
    return json.dumps(file).encode()


def sentencepiece(kind: int, byte_fallback: bool = False) -> bytes:
    """A `.model` of some English pieces; `kind` is 1 for unigram, 2 for BPE."""

    def varint(number: int) -> bytes:
        out = bytearray()
        while number > 0x7F:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        return bytes(out) + bytes([number])

    def field(number: int, value: bytes | float) -> bytes:
        if isinstance(value, bytes):
            return varint(number << 3 | 2) + varint(len(value)) + value
        if isinstance(value, float):
            return varint(number << 3 | 5) + struct.pack("<f", value)
        return varint(number << 3) + varint(value)

    normal = [
        "▁",
        "t",
        "h",
        "e",
        "a",
        "i",
        "n",
        "s",
        "c",
        ",",
        ".",
        "1",
        "2",
        "▁t",
        "th",
        "he",
        "the",
        "▁the",
        "in",
        "an",
        "▁in",
        "▁hat",
        "at",
        "hat",
        "ca",
        "cat",
        "ab",
        "bc",
        "b",
    ]
    pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), ("<|end|>", 0.0, 4)]
    pieces += [(piece, -1.0 - 0.25 * rank, 1) for rank, piece in enumerate(normal)]
    if byte_fallback:
        pieces += [(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)]
    out = b"".join(
        field(1, field(1, piece.encode()) + field(2, score) + field(3, kind))
        for piece, score, kind in pieces
    )
    trainer = field(3, kind) + field(35, int(byte_fallback))
    normalizer = field(1, b"identity") + field(3, 1) + field(4, 1) + field(5, 1)
    return out + field(2, trainer) + field(3, normalizer)
