"""Tokenizers of transformers, of all families, their accelerated twins, and what a call gives."""

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


# The exceptions that Python code tells apart; tokenizers raises plain ones, or panics, for others.
_KINDS = (TypeError, LookupError, ValueError, NotImplementedError, ImportError, ArithmeticError)


PARTS = (
    *("tokens", "ids", "type_ids", "offsets", "attention_mask", "word_ids", "sequence_ids"),
    *("special_tokens_mask", "n_sequences"),
)


def outcome(call: Any) -> Any:
    """What a call gives, as plain data, or the kind of what it raises."""
    try:
        found = call()
    except BaseException as error:  # a panic is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        # Our errors are ValueErrors where the other's are plain.
        kind = next((kind for kind in _KINDS if isinstance(error, kind)), Exception)
        return Exception if kind is ValueError else kind
    if not isinstance(found, transformers.BatchEncoding):
        return found
    columns = {key: plain(value) for key, value in found.items()}
    details = [
        [plain(getattr(each, part)) for part in PARTS] + [more.ids for more in each.overflowing]
        for each in found.encodings or ()
    ]
    return columns, details


def positions(found: Any) -> list[Any]:
    """What the methods of a `BatchEncoding` say of its words, tokens and characters."""
    said: list[Any] = [found.is_fast, found.n_sequences]
    for row in range(len(found.encodings or ())):
        said += [found.tokens(row), found.word_ids(row), found.sequence_ids(row)]
        for at in range(len(found[row].ids)):
            said += [
                found.token_to_chars(row, at),
                found.token_to_word(row, at),
                outcome(lambda r=row, i=at: found.token_to_sequence(r, i)),
            ]
        for which in range(2):
            for at in range(14):
                for method in ("char_to_token", "char_to_word", "word_to_tokens", "word_to_chars"):
                    ask = getattr(found, method)
                    said.append(outcome(lambda a=ask, r=row, i=at, w=which: a(r, i, w)))
    return said


def plain(value: Any) -> Any:
    """Arrays, also those in lists and in arrays of objects, as lists with their type."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    return (str(value.dtype), plain(value.tolist())) if hasattr(value, "dtype") else value
