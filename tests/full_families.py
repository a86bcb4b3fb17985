"""The pairs of the long comparison: each vocabulary as we read it, beside what says how it is read.

A pair says of texts where the two differ, and takes more or less trouble over it (`Depth`). Those
of a tokenizer.json are in `full_json`. Start at `PAIRS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
import sentencepiece

import toksmith as ts
from columns import Column, Columns, column, joined, span_column, unequal
from compare import Difference, differences
from formats.gguf_files import expectations
from full_json import Depth, Json, chunks_for
from references import EMBEDDED, Answer, Reference, rank_pair
from testdata import need
from toksmith.compat.sentencepiece import SentencePieceProcessor


class Pair(Protocol):
    """Ours and a reference, of one vocabulary."""

    def differences(self, texts: Iterable[str], depth: Depth) -> Iterator[Difference]:
        """The texts that differ in something; one difference a text."""


class Model:
    """A SentencePiece model by sentencepiece: ids, pieces, offsets in bytes, decoded text."""

    def __init__(self, name: str) -> None:
        data = need(f"vocabs/{name}/tokenizer.model").read_bytes()
        self.ours = ts.Tokenizer.from_bytes(data)
        self.ours_of_compat = SentencePieceProcessor(model_proto=data)
        self.reference = sentencepiece.SentencePieceProcessor(model_proto=data)

    def differences(self, texts: Iterable[str], depth: Depth) -> Iterator[Difference]:
        """By `encode`, `encode_as_offset_mapping` of bytes and `decode`."""
        quick = depth == "quick"
        for chunk in chunks_for(depth, texts):
            right, ours = self._right(chunk, quick), self._ours(chunk, quick)
            yield from unequal(chunk, ours, right).values()

    def _right(self, texts: list[str], quick: bool) -> Columns:
        numbers = self.reference.encode(texts, num_threads=1)
        ids, decoded = column(numbers), self.reference.decode(numbers, num_threads=1)
        found: dict[str, Any] = {"ids in a batch": ids, "decoded text": decoded}
        rows = [self.reference.encode_as_offset_mapping(text.encode()) for text in texts]
        found["ids with spans"] = column([row["ids"] for row in rows])
        found["spans"] = span_column([row["offsets"] for row in rows])
        if not quick:
            found["ids"] = numbers
            found["pieces"] = self.reference.encode(texts, out_type=str, num_threads=1)
            found["decoded text, no special tokens"] = decoded
        return found

    def _ours(self, texts: list[str], quick: bool) -> Columns:
        tok = self.ours
        batch = tok.encode_batch(texts)
        inputs = tok(texts, add_special_tokens=False)
        found: dict[str, Any] = {
            "ids in a batch": Column(batch.ids.astype(np.int64), batch.offsets),
            "decoded text": tok.decode_batch(batch),
            "ids with spans": Column(inputs._flat["input_ids"], inputs._offsets),
            "spans": Column(inputs._flat["spans"], inputs._offsets),
        }
        if not quick:
            found["ids"] = [tok.encode(text) for text in texts]
            found["pieces"] = self.ours_of_compat.EncodeAsPieces(texts, num_threads=1)
            skip = [tok.decode(row, skip_special_tokens=True) for row in batch]
            found["decoded text, no special tokens"] = skip
            rows = [tok.encode_with_spans(text) for text in texts]
            found["ids with spans"] = joined([row.ids for row in rows])
            found["spans"] = joined([row.spans for row in rows])
        return found


class Ranks:
    """A rank vocabulary by tiktoken, or a tekken.json by mistral-common.

    `specials` says whether special tokens in text are found.
    """

    def __init__(
        self, ours: ts.Tokenizer, reference: Reference, specials: Sequence[bool] = (False, True)
    ) -> None:
        self.ours, self.reference, self._specials = ours, reference, specials

    def differences(self, texts: Iterable[str], depth: Depth) -> Iterator[Difference]:
        """By `compare.differences`, or the ids alone."""
        for chunk in chunks_for(depth, texts):
            if depth == "quick":
                right = {"ids in a batch": self.reference.ids(chunk)}
                yield from unequal(chunk, self._ours(chunk), right).values()
                continue
            seen: set[str] = set()
            for specials in self._specials:
                for found in differences(self.ours, self.reference, chunk, specials):
                    if found.text not in seen:
                        seen.add(found.text)
                        yield found

    def _ours(self, texts: list[str]) -> Columns:
        return {"ids in a batch": self.ours.encode_batch(texts).tolist()}


class Tekken:
    """mistral-common, which gives ids and decoded text, and the bytes of each token."""

    def __init__(self, path: Any) -> None:
        from mistral_common.tokens.tokenizers import tekken

        self._tekken = tekken.Tekkenizer.from_file(path)
        self._keep = tekken.SpecialTokenPolicy.KEEP
        count = self._tekken.n_words
        pieces = (self._tekken.id_to_byte_piece(token, self._keep) for token in range(count))
        self._sizes = np.fromiter(map(len, pieces), np.int64, count)

    def answers(self, texts: Sequence[str], specials: bool) -> list[Answer]:
        """By `encode` and `decode`; special tokens in text are text to it, whatever is asked."""
        assert not specials, "mistral-common has no such setting"
        return [self._answer(row) for row in self.ids(texts)]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """By `encode`."""
        return [self._tekken.encode(text, bos=False, eos=False) for text in texts]

    def decode(self, ids: list[int]) -> str:
        """By `decode`, special tokens included."""
        text: str = self._tekken.decode(ids, self._keep)
        return text

    def _answer(self, ids: list[int]) -> Answer:
        ends = self._sizes[ids].cumsum()
        spans = np.stack([ends - self._sizes[ids], ends], axis=1)
        return Answer(ids, byte_spans=spans, decoded=(self.decode(ids), self._tekken.decode(ids)))


class Gguf:
    """A GGUF file by the texts and ids that come with it; there is no library to ask for more."""

    def __init__(self, name: str) -> None:
        self.ours, self.cases = expectations(name)

    def differences(
        self,
        texts: Iterable[str],
        depth: Depth,  # noqa: ARG002  # there is one
    ) -> Iterator[Difference]:
        """Of those of `texts` that ids are known of; see `cases`."""
        right, tok = dict(self.cases), self.ours
        for text in texts:
            encoding = tok.encode_with_spans(text)
            found = {
                "ids": tok.encode(text),
                "ids in a batch": tok.encode_batch([text]).tolist()[0],
                "ids with spans": encoding.ids.tolist(),
                "ids of inputs": tok(text, add_special_tokens=False).input_ids,
            }
            for what, ids in found.items():
                if ids != right[text]:
                    yield Difference(what, text, ids, right[text])
                    break


def _ranks(name: str) -> Pair:
    return Ranks(*rank_pair(name))


def _tekken() -> Pair:
    path = need("vocabs/tekken/tekken.json")
    return Ranks(ts.Tokenizer.from_file(path), Tekken(path), specials=(False,))


JSON = ("bert", "xlmr_unigram", "mistral_v1", "gpt2", "llama3", "qwen")
MODELS = ("xlmr_unigram", "mistral_v1")
GGUF = ("bert-bge", "gpt-2", "llama-bpe", "llama-spm", "qwen2")
RANKS = (*(name for name in EMBEDDED if name != "gpt2"), "llama3", "qwen")

PAIRS: dict[str, Callable[[], Pair]] = {
    **{f"{name} (json)": partial(Json, name) for name in JSON},
    **{f"{name} (json, added)": partial(Json, name, True) for name in JSON},
    **{f"{name} (model)": partial(Model, name) for name in MODELS},
    "tekken (tekken)": _tekken,
    **{f"{name} (gguf)": partial(Gguf, name) for name in GGUF},
    **{f"{name} (ranks)": partial(_ranks, name) for name in RANKS},
}
"""What makes a pair, by the name of its row in the table."""
