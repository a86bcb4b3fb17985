"""GGUF files: small ones of every tokenizer they are read for, and real ones with their ids.

Small files are written by the rules of the container; with the real ones of the test data come
texts and the ids llama.cpp gives for them (`expectations`).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import toksmith as ts
from testdata import need

_SEPARATOR = "\n__ggml_vocab_test__\n"

_NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
U32, I32, F32, BOOL = 4, 5, 6, 7

Value = tuple[int, Any]
"""A type and a value; of an array the pair of its elements' type and the elements."""

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6


def text(value: str) -> Value:
    """A string."""
    return _STRING, value


def array(kind: int, values: list[Any]) -> Value:
    """An array of values of one type."""
    return _ARRAY, (kind, values)


def texts(values: list[str]) -> Value:
    """An array of strings."""
    return array(_STRING, values)


def write(values: dict[str, Value], version: int = 3, order: str = "<") -> bytes:
    """A file of these keys; `order` is that of bytes, as in `struct`."""

    def string(value: str) -> bytes:
        data = value.encode()
        return struct.pack(f"{order}Q", len(data)) + data

    def content(kind: int, value: Any) -> bytes:
        if kind == _STRING:
            return string(value)
        if kind == _ARRAY:
            element, values = value
            parts = b"".join(content(element, part) for part in values)
            return struct.pack(f"{order}IQ", element, len(values)) + parts
        return struct.pack(order + _NUMBERS[kind], value)

    head = b"GGUF" + struct.pack(f"{order}IQQ", version, 0, len(values))
    return head + b"".join(
        string(key) + struct.pack(f"{order}I", kind) + content(kind, value)
        for key, (kind, value) in values.items()
    )


def letters() -> list[str]:
    """The byte alphabet in the order of bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(rest)) for byte in range(256)]


def bpe(pre: str = "gpt-2") -> dict[str, Value]:
    """`gpt2`: the bytes, a few merges, a special token and a user-defined one."""
    merges = ["t h", "th e", "Ġ the", "i n", "in g", "l l", "Ġ a", "1 2", "12 3"]
    tokens = [*letters(), *("".join(merge.split(" ")) for merge in merges)]
    tokens += ["<|endoftext|>", "<tool>"]
    types = [NORMAL] * (len(tokens) - 2) + [CONTROL, USER_DEFINED]
    return {
        "tokenizer.ggml.model": text("gpt2"),
        "tokenizer.ggml.pre": text(pre),
        "tokenizer.ggml.tokens": texts(tokens),
        "tokenizer.ggml.token_type": array(I32, types),
        "tokenizer.ggml.merges": texts(merges),
        "tokenizer.ggml.bos_token_id": (U32, len(tokens) - 2),
        "tokenizer.ggml.eos_token_id": (U32, len(tokens) - 2),
        "tokenizer.ggml.add_bos_token": (BOOL, True),
        "tokenizer.chat_template": text("{{ messages }}"),
    }


def spm() -> dict[str, Value]:
    """`llama`: pieces with scores, the bytes behind them."""
    pieces = ["▁", "t", "h", "e", "th", "the", "▁the", "▁t", "a", "in", "i", "n", "g", "ing", "▁a"]
    tokens = ["<unk>", "<s>", "</s>", *pieces, "<tool>"]
    tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    types = [UNKNOWN, CONTROL, CONTROL, *[NORMAL] * len(pieces), USER_DEFINED, *[BYTE] * 256]
    scores = [0.0] * 3 + [-float(rank) for rank in range(len(pieces))] + [0.0] * 257
    return {
        "tokenizer.ggml.model": text("llama"),
        "tokenizer.ggml.tokens": texts(tokens),
        "tokenizer.ggml.scores": array(F32, scores),
        "tokenizer.ggml.token_type": array(I32, types),
        "tokenizer.ggml.bos_token_id": (U32, 1),
        "tokenizer.ggml.eos_token_id": (U32, 2),
        "tokenizer.ggml.unknown_token_id": (U32, 0),
    }


def unigram() -> dict[str, Value]:
    """`t5`."""
    pieces = ["▁", "t", "h", "e", "the", "▁the", "a", "▁a", "in", "ing", "▁hat", "s"]
    tokens = ["<pad>", "</s>", "<unk>", *pieces]
    return {
        "tokenizer.ggml.model": text("t5"),
        "tokenizer.ggml.tokens": texts(tokens),
        "tokenizer.ggml.scores": array(
            F32, [0.0] * 3 + [-2.0 - 0.25 * i for i in range(len(pieces))]
        ),
        "tokenizer.ggml.token_type": array(
            I32, [CONTROL, CONTROL, UNKNOWN, *[NORMAL] * len(pieces)]
        ),
        "tokenizer.ggml.add_space_prefix": (BOOL, True),
        "tokenizer.ggml.remove_extra_whitespaces": (BOOL, True),
        "tokenizer.ggml.eos_token_id": (U32, 1),
        "tokenizer.ggml.unknown_token_id": (U32, 2),
    }


def wordpiece() -> dict[str, Value]:
    """`bert`."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = [*special, "▁the", "▁cat", "s", "▁s", "▁in", "▁hat", "▁'", "▁.", "▁,", "e", "a", "▁ᄒ"]
    return {
        "tokenizer.ggml.model": text("bert"),
        "tokenizer.ggml.tokens": texts(tokens),
        "tokenizer.ggml.token_type": array(I32, [CONTROL] * 5 + [NORMAL] * (len(tokens) - 5)),
        "tokenizer.ggml.bos_token_id": (U32, 2),
        "tokenizer.ggml.seperator_token_id": (U32, 3),
        "tokenizer.ggml.unknown_token_id": (U32, 1),
        "tokenizer.ggml.padding_token_id": (U32, 0),
    }


MODELS = {"gpt2": bpe, "llama": spm, "t5": unigram, "bert": wordpiece}


def expectations(vocabulary: str) -> tuple[ts.Tokenizer, list[tuple[str, list[int]]]]:
    """A real vocabulary, and texts with their ids."""
    path = need(f"vocabs/gguf/ggml-vocab-{vocabulary}.gguf")
    texts = Path(f"{path}.inp").read_text(encoding="utf-8").split(_SEPARATOR)
    lines = Path(f"{path}.out").read_text(encoding="utf-8").split("\n")
    ids = [[int(number) for number in line.split()] for line in lines]
    # Behind the last text and the last line there is another separator.
    return ts.Tokenizer.from_file(path), list(zip(texts, ids, strict=False))[: len(texts)]
