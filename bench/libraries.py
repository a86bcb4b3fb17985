"""The libraries, each reduced to the same few calls by the fastest way its users have.

Runs inside a worker, in whatever environment holds the library; imports nothing else of this
folder but the description of a vocabulary. Start at `LIBRARIES`: a loader a library. A call that
a library does not offer is None. `rows` turns what a batch call returned into one array of ids
a document, and is never timed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vocabs import Vocab

Ids = NDArray[np.uint32]
Rows = list[Ids]


class NotOfferedError(Exception):
    """The library has no such vocabulary or call."""


@dataclass(frozen=True)
class Library:
    """One loaded library with one vocabulary."""

    encode: Callable[[str], list[int]]
    decode: Callable[[list[int]], str]
    batch: Callable[[list[str]], Any] | None = None  # flat or array output
    rows: Callable[[Any], Rows] | None = None
    decode_array: Callable[[Ids], str] | None = None
    one: Callable[[str], Any] | None = None  # one long text; default: a batch of one
    one_rows: Callable[[Any], Rows] | None = None


def cut(ids: Ids, offsets: NDArray[Any]) -> Rows:
    """The rows of a flat buffer."""
    return np.split(ids, offsets[1:-1].astype(np.int64))


def cut_bytes(result: tuple[bytes, bytes]) -> Rows:
    """The rows of a flat buffer that came as bytes, with uint64 offsets."""
    ids, offsets = result
    return cut(np.frombuffer(ids, np.uint32), np.frombuffer(offsets, np.uint64))


def single(result: Any) -> Rows:
    """One row."""
    return [np.asarray(result, np.uint32)]


def toksmith(vocab: Vocab, threads: int) -> Library:
    """An embedded vocabulary by name, others from their tokenizer.json."""
    tokenizer = import_module("toksmith").Tokenizer
    if vocab.embedded:
        tok = tokenizer.from_pretrained(vocab.name)
    else:
        tok = tokenizer.from_file(vocab.json)
    return Library(
        encode=tok.encode,
        decode=tok.decode,
        batch=lambda texts: tok.encode_batch(texts, num_threads=threads),
        rows=lambda batch: cut(batch.ids, batch.offsets),
        decode_array=tok.decode,
        one=tok.encode_array,
        one_rows=single,
    )


def tiktoken(vocab: Vocab, threads: int) -> Library:
    """The reference of rank files. With two threads its only batch call gives lists."""
    if not vocab.ranks:
        raise NotOfferedError(f"tiktoken has no {vocab.name}")
    tok = import_module("tiktoken").Encoding(
        vocab.name,
        pat_str=vocab.split,
        mergeable_ranks=import_module("tiktoken.load").load_tiktoken_bpe(vocab.ranks),
        special_tokens=vocab.specials,
    )

    def one(text: str) -> Any:
        return tok.encode_to_numpy(text, disallowed_special=())

    def batch(texts: list[str]) -> Any:
        if threads > 1:
            return tok.encode_ordinary_batch(texts, num_threads=threads)
        return [one(text) for text in texts]

    return Library(
        encode=tok.encode_ordinary,
        decode=tok.decode,
        batch=batch,
        rows=lambda arrays: [np.asarray(ids, np.uint32) for ids in arrays],
        one=one,
        one_rows=single,
    )


def tokenizers_0(vocab: Vocab, _threads: int) -> Library:
    """Has no arrays: the lists of `encode_batch_fast` stand for them, unconverted."""
    tok = import_module("tokenizers").Tokenizer.from_file(vocab.json)
    return Library(
        encode=lambda text: tok.encode(text, add_special_tokens=False).ids,
        decode=lambda ids: tok.decode(ids, skip_special_tokens=False),
        batch=lambda texts: tok.encode_batch_fast(texts, add_special_tokens=False),
        rows=lambda encodings: [np.array(e.ids, np.uint32) for e in encodings],
    )


def tokenizers_1(vocab: Vocab, _threads: int) -> Library:
    """An array a document; there is no flat output."""
    tok = import_module("tokenizers").Tokenizer.from_file(vocab.json)
    return Library(
        encode=lambda text: tok.encode(text, add_special_tokens=False).ids,
        decode=lambda ids: tok.decode(ids, skip_special_tokens=False),
        batch=lambda texts: [
            encoding.ids_array for encoding in tok.encode_batch(texts, add_special_tokens=False)
        ],
        rows=list,
        decode_array=lambda ids: tok.decode(ids, skip_special_tokens=False),
        one=lambda text: tok.encode(text, add_special_tokens=False).ids_array,
        one_rows=single,
    )


def gigatoken(vocab: Vocab, threads: int) -> Library:
    """Its backend, without the wrapper; `tolist` of one array is its fastest list."""
    tokenizer, parallel = import_module("gigatoken").Tokenizer, threads > 1
    scheme = {"cl100k_base": "gpt4", "o200k_base": "o200k", "gpt2": "gpt2"}.get(vocab.name)
    if scheme is None:  # its loader of rank files panics on Llama 3
        tok = tokenizer(vocab.model or vocab.json).backend
    else:
        tok = tokenizer.from_tiktoken(vocab.ranks, scheme, vocab.specials).backend
    return Library(
        encode=lambda text: tok.encode(text).tolist(),
        decode=lambda ids: tok.decode(ids).decode("utf-8", "replace"),
        batch=lambda texts: tok.encode_batch(texts, parallel=parallel),
        rows=lambda array: cut(array.layout.content.data, np.asarray(array.layout.offsets)),
        decode_array=lambda ids: tok.decode(ids).decode("utf-8", "replace"),
        one=tok.encode,
        one_rows=single,
    )


def fastokens(vocab: Vocab, _threads: int) -> Library:
    """Flat bytes; `encode_ordinary` for lists, which beats `encode`."""
    tok = import_module("fastokens").Tokenizer.from_file(vocab.json)
    return Library(
        encode=lambda text: tok.encode_ordinary(text).ids,
        decode=tok.decode,
        batch=tok.encode_batch_flat,
        rows=cut_bytes,
    )


def splintr(vocab: Vocab, _threads: int) -> Library:
    """Flat bytes; vocabularies by name where it has them."""
    splintr = import_module("splintr")
    if vocab.name == "gpt2":
        ranks = Path(vocab.ranks).read_bytes()
        tok = splintr.Tokenizer.from_bytes(ranks, splintr.GPT2_PATTERN, vocab.specials)
    elif vocab.ranks:
        tok = splintr.Tokenizer.from_pretrained(vocab.name)
    else:
        tok = splintr.from_json(vocab.json)
    return Library(
        encode=tok.encode_ordinary,
        decode=tok.decode_lossy,
        batch=tok.encode_batch_flat,
        rows=cut_bytes,
        one=tok.encode_flat,
        one_rows=lambda ids: [np.frombuffer(ids, np.uint32)],
    )


def sentencepiece(vocab: Vocab, threads: int) -> Library:
    """The reference of its own files; its lists stand for arrays, unconverted."""
    if not vocab.model:
        raise NotOfferedError(f"sentencepiece has no {vocab.name}")
    tok = import_module("sentencepiece").SentencePieceProcessor(model_file=vocab.model)
    return Library(
        encode=tok.encode,
        decode=tok.decode,
        batch=lambda texts: tok.encode(texts, num_threads=threads),
        rows=lambda lists: [np.asarray(ids, np.uint32) for ids in lists],
    )


def tokie(vocab: Vocab, _threads: int) -> Library:
    """Flat arrays, with lengths in place of offsets."""
    tok = import_module("tokie").Tokenizer.from_json(vocab.json)

    def rows(result: tuple[Ids, NDArray[np.uint64]]) -> Rows:
        ids, lengths = result
        return cut(ids, np.concatenate([[0], np.cumsum(lengths)]))

    return Library(
        encode=lambda text: tok.encode(text, add_special_tokens=False).ids,
        decode=tok.decode,
        batch=lambda texts: tok.encode_batch_flat(texts, add_special_tokens=False),
        rows=rows,
    )


def rs_bpe(vocab: Vocab, _threads: int) -> Library:
    """Lists only, of two built-in vocabularies."""
    if vocab.name not in ("cl100k_base", "o200k_base"):
        raise NotOfferedError(f"rs-bpe has no {vocab.name}")
    tok = getattr(import_module("rs_bpe.bpe").openai, vocab.name)()
    return Library(encode=tok.encode, decode=tok.decode)


# Name in the tables -> (package, first digit of its version where it matters, loader).
LIBRARIES: dict[str, tuple[str, str, Callable[[Vocab, int], Library]]] = {
    "toksmith": ("toksmith", "", toksmith),
    "tiktoken": ("tiktoken", "", tiktoken),
    "tokenizers 0": ("tokenizers", "0", tokenizers_0),
    "tokenizers 1": ("tokenizers", "1", tokenizers_1),
    "sentencepiece": ("sentencepiece", "", sentencepiece),
    "gigatoken": ("gigatoken", "", gigatoken),
    "fastokens": ("fastokens", "", fastokens),
    "splintr": ("splintr-rs", "", splintr),
    "tokie": ("tokie", "", tokie),
    "rs-bpe": ("rs-bpe", "", rs_bpe),
}
