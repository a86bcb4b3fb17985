"""Tokenizers of transformers, of all families, and their accelerated twins."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from testdata import need

os.environ["HF_HUB_OFFLINE"] = "1"
transformers: Any = pytest.importorskip("transformers")

from toksmith.integrations.transformers import accelerate  # noqa: E402

# Name -> class, file of the test data, further arguments.
FOLDERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert, json": ("BertTokenizer", "bert/tokenizer.json", {}),
    "bert, vocab.txt": ("BertTokenizer", "bert/vocab.txt", {"do_lower_case": True}),
    "gpt2": ("GPT2Tokenizer", "gpt2/tokenizer.json", {"pad_token": "<|endoftext|>"}),
    "llama 3": (
        "PreTrainedTokenizerFast",
        "llama3/tokenizer.json",
        {"pad_token": "<|end_of_text|>", "eos_token": "<|end_of_text|>"},
    ),
    "qwen": ("Qwen2Tokenizer", "qwen/tokenizer.json", {}),
    "mistral, json": ("LlamaTokenizer", "mistral_v1/tokenizer.json", {"pad_token": "</s>"}),
    "mistral, model": ("LlamaTokenizer", "mistral_v1/tokenizer.model", {"pad_token": "</s>"}),
    "xlm-r, json": ("XLMRobertaTokenizer", "xlmr_unigram/tokenizer.json", {}),
    "t5": ("T5Tokenizer", "xlmr_unigram/tokenizer.model", {}),
    "slow, sentencepiece": ("slow", "mistral_v1/tokenizer.model", {"pad_token": "</s>"}),
}


@cache
def original(name: str) -> Any:
    """The tokenizer as transformers makes it."""
    kind, file, options = FOLDERS[name]
    path = need(f"vocabs/{file}")
    if kind == "slow":
        from transformers.tokenization_utils_sentencepiece import SentencePieceBackend

        symbols = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
        make: Any = SentencePieceBackend
        return make(vocab_file=str(path), **symbols, **options)
    folder = Path(mkdtemp())
    shutil.copyfile(path, folder / path.name)
    return getattr(transformers, kind).from_pretrained(folder, **options)


@cache
def twin(name: str) -> Any:
    """Its accelerated twin."""
    return accelerate(original(name))


def outcome(call: Any) -> Any:
    """What a call gives, as plain data, or the kind of what it raises."""
    try:
        found = call()
    except BaseException as error:  # a panic is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        # tokenizers raises plain exceptions; for these any will do.
        kinds = (TypeError, LookupError, ImportError, ArithmeticError)
        return next((kind for kind in kinds if isinstance(error, kind)), Exception)
    if not isinstance(found, transformers.BatchEncoding):
        return found
    columns = {key: plain(value) for key, value in found.items()}
    details = [
        (
            each.tokens,
            each.ids,
            each.offsets,
            each.word_ids,
            each.sequence_ids,
            each.special_tokens_mask,
            [each.char_to_token(at) for at in range(12)],
            [each.token_to_chars(at) for at in range(len(each))],
        )
        for each in found.encodings or ()
    ]
    return columns, details


def plain(value: Any) -> Any:
    """Arrays as lists with their type."""
    return (str(value.dtype), value.tolist()) if hasattr(value, "dtype") else value
