"""The real vocabularies, and generated ones of every family."""

from __future__ import annotations

from functools import cache

import toksmith as ts
from families import FAMILIES, file_of
from testdata import need

REAL = {
    "bert": "vocabs/bert/tokenizer.json",
    "cl100k": "vocabs/cl100k_base/cl100k_base.tiktoken",
    "gpt2": "vocabs/gpt2/tokenizer.json",
    "llama3": "vocabs/llama3/tokenizer.json",
    "mistral": "vocabs/mistral_v1/tokenizer.json",
    "mistral model": "vocabs/mistral_v1/tokenizer.model",
    "o200k": "vocabs/o200k_base/o200k_base.tiktoken",
    "qwen": "vocabs/qwen/tokenizer.json",
    "tekken": "vocabs/tekken/tekken.json",
    "xlmr": "vocabs/xlmr_unigram/tokenizer.json",
    "xlmr model": "vocabs/xlmr_unigram/tokenizer.model",
    "gguf bert": "vocabs/gguf/ggml-vocab-bert-bge.gguf",
    "gguf gpt-2": "vocabs/gguf/ggml-vocab-gpt-2.gguf",
    "gguf llama 3": "vocabs/gguf/ggml-vocab-llama-bpe.gguf",
    "gguf llama": "vocabs/gguf/ggml-vocab-llama-spm.gguf",
    "gguf qwen": "vocabs/gguf/ggml-vocab-qwen2.gguf",
}
"""Files by name."""


@cache
def real(name: str) -> ts.transfer.Canonical:
    """A real vocabulary as bytes; skips where its file is absent."""
    path = need(REAL[name])
    patterns = {"cl100k": "cl100k_base", "o200k": "o200k_base"}
    return ts.transfer.canonical(ts.Tokenizer.from_file(path, pattern=patterns.get(name)))


@cache
def made(family: str) -> ts.transfer.Canonical:
    """A generated vocabulary as bytes."""
    return ts.transfer.canonical(ts.Tokenizer.from_bytes(file_of(family)))


__all__ = ["FAMILIES", "REAL", "made", "real"]
