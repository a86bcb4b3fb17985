"""Vocabularies in the file forms that the peers read: rank files, tokenizer.json, SentencePiece.

The ranks come from the test data where present, else from toksmith's embedded vocabularies.
A tokenizer.json is derived from the ranks: one merge a token, namely the last one made when
the token's own bytes are encoded, which is the only one that can make the token in any text.
Both forms are cached in a folder. Families that have no ranks (`FAMILIES`) are the files of the
test data. Start at `prepare`.
"""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

from corpora import data_folder

GPT2_SPLIT = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
CL100K_SPLIT = (
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"""
    r""" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"""
)
LLAMA3_SPLIT = (
    r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"""
    r""" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)
CONTRACTION = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)?"""
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
O200K_SPLIT = "|".join(
    [
        rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTION}",
        rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTION}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)


@dataclass(frozen=True)
class Source:
    """What a vocabulary is made of."""

    ranks: str  # in the test data
    json: str | None  # in the test data; None: derived
    split: str  # as tiktoken writes it
    json_split: str  # as tokenizer.json files write it
    specials: dict[str, int]
    embedded: bool  # toksmith has it


SOURCES = {
    "cl100k_base": Source(
        "cl100k_base/cl100k_base.tiktoken", None, CL100K_SPLIT, LLAMA3_SPLIT,
        {"<|endoftext|>": 100257, "<|fim_prefix|>": 100258, "<|fim_middle|>": 100259,
         "<|fim_suffix|>": 100260, "<|endofprompt|>": 100276}, embedded=True,
    ),
    "o200k_base": Source(
        "o200k_base/o200k_base.tiktoken", None, O200K_SPLIT, O200K_SPLIT,
        {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}, embedded=True,
    ),
    "gpt2": Source(
        "gpt2/r50k.tiktoken", "gpt2/tokenizer.json", GPT2_SPLIT, "",
        {"<|endoftext|>": 50256}, embedded=True,
    ),
    "llama3": Source(
        "llama3/tokenizer.model", "llama3/tokenizer.json", LLAMA3_SPLIT, LLAMA3_SPLIT,
        {"<|begin_of_text|>": 128000, "<|end_of_text|>": 128001}, embedded=False,
    ),
}  # fmt: skip


# Name -> tokenizer.json and SentencePiece model in the test data, of families without ranks.
FAMILIES: dict[str, tuple[str, str | None]] = {
    "bert": ("bert/tokenizer.json", None),
    "xlmr_unigram": ("xlmr_unigram/tokenizer.json", "xlmr_unigram/tokenizer.model"),
    "mistral_v1": ("mistral_v1/tokenizer.json", "mistral_v1/tokenizer.model"),
}


@dataclass(frozen=True)
class Vocab:
    """The files of one vocabulary; sent to the workers. What there is none of is empty."""

    name: str
    ranks: str
    json: str
    split: str
    specials: dict[str, int]
    embedded: bool
    model: str = ""


def prepare(name: str, folder: Path) -> Vocab:
    """Makes both files of a vocabulary in `folder`, unless they are there.

    Raises:
        KeyError: There is no vocabulary of that name.
        FileNotFoundError: It is not embedded and the test data is not there.
    """
    data = data_folder() / "vocabs"
    if name in FAMILIES:
        tokenizer, model = ((data / file) if file else None for file in FAMILIES[name])
        for file in filter(None, (tokenizer, model)):
            file.stat()
        return Vocab(name, "", str(tokenizer), "", {}, embedded=False, model=str(model or ""))
    source = SOURCES[name]
    folder.mkdir(parents=True, exist_ok=True)
    ranks, tokenizer_json = folder / f"{name}.tiktoken", folder / f"{name}.json"
    if not ranks.exists():
        if (data / source.ranks).exists() or not source.embedded:
            shutil.copyfile(data / source.ranks, ranks)
        else:
            import_module("toksmith").Tokenizer.from_pretrained(name).save(ranks)
    if not tokenizer_json.exists():
        if source.json and (data / source.json).exists():
            shutil.copyfile(data / source.json, tokenizer_json)
        else:
            print(f"deriving {tokenizer_json.name} from {ranks.name} …")
            derived = derive_json(read_ranks(ranks), source)
            tokenizer_json.write_text(json.dumps(derived, ensure_ascii=False), encoding="utf-8")
    return Vocab(
        name, str(ranks), str(tokenizer_json), source.split, source.specials, source.embedded
    )


def read_ranks(path: Path) -> dict[bytes, int]:
    """Token bytes -> rank."""
    lines = path.read_bytes().splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}


def last_merge(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes] | None:
    """The two parts that `token` is in before its last merge; None if it never is two."""
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        pairs = (ranks.get(a + b) for a, b in pairwise(parts))
        found = [(rank, i) for i, rank in enumerate(pairs) if rank is not None]
        if not found:
            return None
        _, i = min(found)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return (parts[0], parts[1]) if len(parts) == 2 else None


def byte_alphabet() -> list[str]:
    """The character that stands for each byte in a byte-level tokenizer.json.

    Bytes that print in Latin-1 stand for themselves, the others for U+0100 onwards.
    """
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(byte if byte in shown else 0x100 + hidden.index(byte)) for byte in range(256)]


def derive_json(ranks: dict[bytes, int], source: Source) -> dict[str, Any]:
    """A tokenizer.json that encodes like a rank file."""
    alphabet = byte_alphabet()

    def spell(token: bytes) -> str:
        return "".join(alphabet[byte] for byte in token)

    by_rank = sorted(ranks, key=ranks.__getitem__)
    merges = [last_merge(token, ranks) for token in by_rank]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    split = {
        "type": "Split",
        "pattern": {"Regex": source.json_split},
        "behavior": "Isolated",
        "invert": False,
    }
    flags = dict.fromkeys(["single_word", "lstrip", "rstrip", "normalized"], False)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": id_, "content": content, **flags, "special": True}
            for content, id_ in source.specials.items()
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [split, {**byte_level, "use_regex": False}],
        }
        if source.json_split
        else {**byte_level, "use_regex": True},
        "post_processor": None,
        "decoder": {**byte_level, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {spell(token): ranks[token] for token in by_rank},
            "merges": [[spell(part) for part in pair] for pair in merges if pair],
        },
    }
