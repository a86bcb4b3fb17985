"""The pairs of the long comparison: each vocabulary as we read it, beside what says how it is read.

A pair says of texts where the two differ. `quick` compares ids, spans and decoded text of whole
batches, for texts by the million; otherwise every way to encode is gone, with every setting, and
masks are compared too. Start at `PAIRS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
import sentencepiece
import tokenizers
from tokenizers import AddedToken, processors

import toksmith as ts
from columns import Column, Columns, column, in_characters, joined, span_column, unequal
from compare import Difference, chunks, differences
from formats.gguf_files import expectations
from references import EMBEDDED, Answer, Reference, rank_pair
from testdata import need
from toksmith.compat.sentencepiece import SentencePieceProcessor

TEXTS_AT_A_TIME = 1024
TINY_TEXTS_AT_A_TIME = 1 << 14


class Pair(Protocol):
    """Ours and a reference, of one vocabulary."""

    def differences(self, texts: Iterable[str], quick: bool) -> Iterator[Difference]:
        """The texts that differ in something; one difference a text."""


class Json:
    """A tokenizer.json by tokenizers, with both settings of everything that has two.

    `complete` gives the file a template and added tokens of each kind, whatever it has.
    """

    def __init__(self, name: str, complete: bool = False) -> None:
        data = need(f"vocabs/{name}/tokenizer.json").read_bytes()
        self.reference = tokenizers.Tokenizer.from_str(data.decode())
        if complete:
            _complete(self.reference)
            data = self.reference.to_str().encode()
        self.ours = ts.Tokenizer.from_bytes(data)

    def differences(self, texts: Iterable[str], quick: bool) -> Iterator[Difference]:
        """By `encode_batch` and `decode_batch` of tokenizers."""
        for chunk in chunks(texts, TINY_TEXTS_AT_A_TIME if quick else TEXTS_AT_A_TIME):
            found: dict[int, Difference] = {}
            for specials in (False,) if quick else (False, True):
                for template in (False,) if quick else (False, True):
                    right = self._right(chunk, specials, template, quick)
                    ours = self._ours(chunk, specials, template, quick)
                    found = unequal(chunk, ours, right) | found
            yield from found.values()

    def _right(
        self, texts: Sequence[str], specials: bool, template: bool, quick: bool
    ) -> dict[str, Any]:
        self.reference.encode_special_tokens = not specials
        rows = self.reference.encode_batch(texts, add_special_tokens=template)
        numbers = [row.ids for row in rows]
        ids, spans = column(numbers), span_column([row.offsets for row in rows])
        found: dict[str, Any] = {"ids in a batch of inputs": ids, "char_spans of inputs": spans}
        decode = self.reference.decode_batch
        found["decoded text"] = decode(numbers, skip_special_tokens=False)
        found["decoded text, no special tokens"] = decode(numbers, skip_special_tokens=True)
        if not template:
            found |= {"ids in a batch": ids, "char_spans from bytes": spans}
        if not quick:
            found["type ids"] = column([row.type_ids for row in rows])
            found["attention mask"] = column([row.attention_mask for row in rows])
            found["special tokens mask"] = column([row.special_tokens_mask for row in rows])
            found["decoded text, alone"] = found["decoded text"]
        if not (quick or template):
            found |= {"ids": numbers, "ids with spans": ids, "char_spans": spans}
        return found

    def _ours(
        self, texts: Sequence[str], specials: bool, template: bool, quick: bool
    ) -> dict[str, Any]:
        tok, allowed = self.ours, _allowed(specials)
        inputs = tok(
            texts, add_special_tokens=template, allowed_special=allowed, return_char_spans=True
        )
        flat, bounds = inputs._flat, inputs._offsets
        ids = flat["input_ids"]
        batch = ts.Batch(ids, bounds)
        found: dict[str, Any] = {
            "ids in a batch of inputs": Column(ids, bounds),
            "char_spans of inputs": Column(flat["char_spans"], bounds),
            "decoded text": tok.decode_batch(batch),
            "decoded text, no special tokens": tok.decode_batch(batch, skip_special_tokens=True),
        }
        if not template:
            alone = tok.encode_batch(texts, allowed_special=allowed)
            found["ids in a batch"] = Column(alone.ids.astype(np.int64), alone.offsets)
            spans = Column(flat["spans"], bounds)
            found["char_spans from bytes"] = in_characters(texts, spans)
        if not quick:
            found["type ids"] = Column(flat["token_type_ids"], bounds)
            found["attention mask"] = Column(flat["attention_mask"], bounds)
            found["special tokens mask"] = Column(flat["special_tokens_mask"], bounds)
            found["decoded text, alone"] = [tok.decode(row) for row in batch]
        if not (quick or template):
            found["ids"] = [tok.encode(text, allowed_special=allowed) for text in texts]
            rows = [tok.encode_with_spans(text, allowed_special=allowed) for text in texts]
            found["ids with spans"] = joined([row.ids for row in rows])
            found["char_spans"] = joined([row.char_spans for row in rows])
        return found


class Model:
    """A SentencePiece model by sentencepiece: ids, pieces, offsets in bytes, decoded text."""

    def __init__(self, name: str) -> None:
        data = need(f"vocabs/{name}/tokenizer.model").read_bytes()
        self.ours = ts.Tokenizer.from_bytes(data)
        self.ours_of_compat = SentencePieceProcessor(model_proto=data)
        self.reference = sentencepiece.SentencePieceProcessor(model_proto=data)

    def differences(self, texts: Iterable[str], quick: bool) -> Iterator[Difference]:
        """By `encode`, `encode_as_offset_mapping` of bytes and `decode`."""
        for chunk in chunks(texts, TINY_TEXTS_AT_A_TIME if quick else TEXTS_AT_A_TIME):
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
            found["pieces"] = self.ours_of_compat.encode(texts, out_type=str, num_threads=1)
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

    def differences(self, texts: Iterable[str], quick: bool) -> Iterator[Difference]:
        """By `compare.differences`, or the ids alone."""
        for chunk in chunks(texts, TINY_TEXTS_AT_A_TIME):
            if quick:
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

    def differences(self, texts: Iterable[str], quick: bool) -> Iterator[Difference]:
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


ADDED = [
    AddedToken("<extra>", normalized=False), AddedToken("hello", single_word=True),
    AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True),
    AddedToken("caf\u00e9"), AddedToken("\u2581x", normalized=False),
    AddedToken("<both>", lstrip=True, rstrip=True, normalized=False, special=True),
]  # fmt: skip
"""Added tokens of each kind; `generated` writes them into its texts."""


def _complete(tokenizer: Any) -> None:
    """Adds tokens of each kind, and a template if there is none."""
    tokenizer.add_tokens(ADDED)
    if tokenizer.token_to_id("[CLS]") is None:
        known = ("<s>", "<|begin_of_text|>", "<|im_start|>", "<|endoftext|>")
        first = next(name for name in known if tokenizer.token_to_id(name) is not None)
        tokenizer.post_processor = processors.TemplateProcessing(
            f"{first} $A {first}:1", special_tokens=[(first, tokenizer.token_to_id(first))]
        )


def _allowed(specials: bool) -> Literal["all"] | tuple[()]:
    return "all" if specials else ()


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
    **{f"{name} (ranks)": lambda name=name: Ranks(*rank_pair(name)) for name in RANKS},
}
"""What makes a pair, by the name of its row in the table."""
