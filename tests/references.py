"""The libraries that "exact" is defined by, at their pinned versions, behind one small interface.

tiktoken's own constructors give patterns and special tokens; the ranks it would download come from
the embedded vocabulary instead, after their SHA-256 has been checked against the one tiktoken
publishes. Nothing is fetched. Start at `Tiktoken`, `HuggingFace` and
`SentencePiece`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import sentencepiece
import tiktoken
import tokenizers
from numpy.typing import NDArray
from tiktoken_ext import openai_public

import toksmith as ts
from testdata import need
from vocabularies import embedded

EMBEDDED = (
    "r50k_base", "gpt2", "p50k_base", "p50k_edit", "cl100k_base", "o200k_base", "o200k_harmony",
)  # fmt: skip

# Test data whose texts need not come back from their ids: unknown or normalised characters.
LOSSY = ("bert", "xlmr_unigram", "mistral_v1")

LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_PATTERN = LLAMA3_PATTERN.replace(r"\p{N}{1,3}", r"\p{N}")
LLAMA3_SPECIALS = {
    name: 128_000 + number
    for number, name in enumerate(
        ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
         "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>", "<|step_id|>",
         "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>", "<|python_tag|>"]
    )
}  # fmt: skip
QWEN_SPECIALS = {"<|endoftext|>": 151_643, "<|im_start|>": 151_644, "<|im_end|>": 151_645}


@dataclass
class Answer:
    """What a reference says about one text; spans are those it gives itself."""

    ids: list[int]
    byte_spans: NDArray[np.int64] | None = None
    char_spans: NDArray[np.int64] | None = None
    decoded: tuple[str, str] | None = None
    """What the ids decode to with special tokens and without, where that need not be the text."""


class Reference(Protocol):
    """A library that says what is right."""

    def answers(self, texts: Sequence[str], specials: bool) -> list[Answer]:
        """Ids and spans; `specials` says whether special tokens in text are recognised."""

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids alone, special tokens being text: quicker for millions of tiny texts."""

    def decode(self, ids: list[int]) -> str:
        """The text of the ids, special tokens included."""


class Tiktoken:
    """tiktoken, which gives ids and the bytes of each."""

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self.encoding = encoding
        self._sizes = np.zeros(encoding.n_vocab, np.int64)
        # Where two special tokens share an id (200018 of o200k_harmony), the first one counts.
        for number, token in reversed(_all_tokens(encoding)):
            self._sizes[number] = len(token)

    def answers(self, texts: Sequence[str], specials: bool) -> list[Answer]:
        """By `encode` with everything allowed, or `encode_ordinary`."""
        if specials:
            rows = self.encoding.encode_batch(list(texts), allowed_special="all", num_threads=2)
        else:
            rows = self.encoding.encode_ordinary_batch(list(texts), num_threads=2)
        return [Answer(row, byte_spans=self._spans(row)) for row in rows]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """By `encode_ordinary`."""
        return list(map(self.encoding.encode_ordinary, texts))

    def _spans(self, row: list[int]) -> NDArray[np.int64]:
        ends = self._sizes[row].cumsum()
        return np.stack([np.concatenate([[0], ends[:-1]])[: len(row)], ends], axis=1)

    def decode(self, ids: list[int]) -> str:
        """By `decode`."""
        return self.encoding.decode(ids)

    def token(self, number: int) -> bytes:
        """The bytes of one token."""
        return self.encoding.decode_single_token_bytes(number)


class HuggingFace:
    """tokenizers, which gives ids and character offsets.

    `lossy` says that a text need not come back: what the ids decode to is then part of an answer.
    """

    def __init__(self, tokenizer: Any, lossy: bool = False) -> None:
        # Offsets as the model has them, before a post-processor trims spaces from them.
        tokenizer.post_processor = tokenizers.processors.ByteLevel(trim_offsets=False)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer, self._lossy = tokenizer, lossy

    def answers(self, texts: Sequence[str], specials: bool) -> list[Answer]:
        """By `encode_batch`, with `encode_special_tokens` the other way round."""
        self.tokenizer.encode_special_tokens = not specials
        rows = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        found = [
            Answer(row.ids, char_spans=np.array(row.offsets, np.int64).reshape(-1, 2))
            for row in rows
        ]
        if self._lossy:
            ids = [row.ids for row in rows]
            whole = self.tokenizer.decode_batch(ids, skip_special_tokens=False)
            plain = self.tokenizer.decode_batch(ids, skip_special_tokens=True)
            for answer, *decoded in zip(found, whole, plain, strict=True):
                answer.decoded = (decoded[0], decoded[1])
        return found

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """By `encode_batch_fast`, which leaves offsets out."""
        self.tokenizer.encode_special_tokens = True
        rows = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [row.ids for row in rows]

    def decode(self, ids: list[int]) -> str:
        """By `decode`."""
        text: str = self.tokenizer.decode(ids, skip_special_tokens=False)
        return text


class SentencePiece:
    """sentencepiece, which gives ids, byte offsets and decoded text.

    Control symbols in text are text to it, whatever is asked.
    """

    def __init__(self, model: bytes) -> None:
        self.processor = sentencepiece.SentencePieceProcessor(model_proto=model)

    def answers(self, texts: Sequence[str], specials: bool) -> list[Answer]:
        """By `encode_as_offset_mapping` of bytes, whose offsets are bytes too."""
        assert not specials, "sentencepiece has no such setting"
        return [self._answer(text) for text in texts]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """By `encode`."""
        rows: list[list[int]] = self.processor.encode(list(texts), num_threads=1)
        return rows

    def decode(self, ids: list[int]) -> str:
        """By `decode`, which leaves control symbols out."""
        text: str = self.processor.decode(ids)
        return text

    def _answer(self, text: str) -> Answer:
        found = self.processor.encode_as_offset_mapping(text.encode())
        ids, spans = found["ids"], np.array(found["offsets"], np.int64).reshape(-1, 2)
        decoded = self.decode(ids)
        return Answer(ids, byte_spans=spans, decoded=(decoded, decoded))


def load_ranks(data: bytes) -> dict[bytes, int]:
    """The ranks of a `.tiktoken` file."""
    lines = (line.split() for line in data.splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}


@cache
def embedded_ranks(name: str) -> dict[bytes, int]:
    """The ranks of an embedded vocabulary, by way of `save`; its hash is `embedded_hash`."""
    return load_ranks(rank_file(name))


@cache
def rank_file(name: str) -> bytes:
    """An embedded vocabulary as a `.tiktoken` file."""
    return embedded(name)._save("tiktoken")


@cache
def tiktoken_reference(name: str) -> Tiktoken:
    """The encoding tiktoken itself has of this name, over the embedded ranks."""
    constructors = openai_public.ENCODING_CONSTRUCTORS
    original = openai_public.load_tiktoken_bpe

    def load(url: str, expected_hash: str | None = None) -> dict[bytes, int]:
        data = rank_file(Path(url).stem)
        found = hashlib.sha256(data).hexdigest()
        assert found == expected_hash, f"{url}: the embedded ranks hash to {found}"
        return load_ranks(data)

    openai_public.load_tiktoken_bpe = load
    try:
        # gpt2 is r50k_base under an older name, whose files are in another form.
        spec = constructors["r50k_base" if name == "gpt2" else name]()
    finally:
        openai_public.load_tiktoken_bpe = original
    return Tiktoken(tiktoken.Encoding(**spec))


def tiktoken_from_ranks(
    ranks: dict[bytes, int], pattern: str, specials: dict[str, int]
) -> Tiktoken:
    """A tiktoken encoding over any ranks."""
    return Tiktoken(
        tiktoken.Encoding("test", pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials)
    )


@cache
def rank_pair(name: str) -> tuple[ts.Tokenizer, Tiktoken]:
    """Ours and tiktoken's tokenizer of a rank vocabulary: embedded, `llama3` or `qwen`."""
    if name in EMBEDDED:
        return embedded(name), tiktoken_reference(name)
    file, pattern, specials = {
        "llama3": ("vocabs/llama3/tokenizer.model", LLAMA3_PATTERN, LLAMA3_SPECIALS),
        "qwen": ("vocabs/qwen/qwen.tiktoken", QWEN_PATTERN, QWEN_SPECIALS),
    }[name]
    path = need(file)
    ours = ts.Tokenizer.from_file(path, pattern=pattern, specials=specials)
    return ours, tiktoken_from_ranks(load_ranks(path.read_bytes()), pattern, specials)


@cache
def json_pair(name: str) -> tuple[ts.Tokenizer, HuggingFace]:
    """Ours and tokenizers' reading of one `tokenizer.json`.

    `saved/NAME` is what `save` writes for an embedded vocabulary, else the test data's `NAME`.
    """
    folder, _, saved = name.rpartition("/")
    if folder:
        data = embedded(saved)._save("json")
    else:
        data = need(f"vocabs/{name}/tokenizer.json").read_bytes()
    return pair_of_json(data, lossy=name in LOSSY)


def pair_of_json(data: bytes, lossy: bool = True) -> tuple[ts.Tokenizer, HuggingFace]:
    """Ours and tokenizers' reading of the bytes of one `tokenizer.json`."""
    reference = HuggingFace(tokenizers.Tokenizer.from_str(data.decode()), lossy)
    return ts.Tokenizer.from_bytes(data), reference


@cache
def sentencepiece_pair(name: str) -> tuple[ts.Tokenizer, SentencePiece]:
    """Ours and sentencepiece's reading of the test data's `NAME/tokenizer.model`."""
    return pair_of_model(need(f"vocabs/{name}/tokenizer.model").read_bytes())


def pair_of_model(data: bytes) -> tuple[ts.Tokenizer, SentencePiece]:
    """Ours and sentencepiece's reading of the bytes of one model file."""
    return ts.Tokenizer.from_bytes(data), SentencePiece(data)


def _all_tokens(encoding: tiktoken.Encoding) -> list[tuple[int, bytes]]:
    specials = [(number, name.encode()) for name, number in encoding._special_tokens.items()]
    return [(rank, token) for token, rank in encoding._mergeable_ranks.items()] + specials
