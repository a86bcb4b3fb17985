"""A tokenizer.json beside tokenizers: every way to encode, every setting, masks and decoded text.

Also how much of that the long comparison does for which texts (`Depth`). Start at `Json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from typing import Any, Literal, TypeAlias

import numpy as np
import tokenizers
from tokenizers import AddedToken, processors

import toksmith as ts
from columns import Column, column, in_characters, joined, span_column, unequal
from compare import Difference, chunks
from testdata import need

TEXTS_AT_A_TIME = 1024
TINY_TEXTS_AT_A_TIME = 1 << 14

Depth: TypeAlias = Literal["every setting", "two settings", "quick"]
"""How much is compared. `quick` takes ids, spans and decoded text of whole batches, special tokens
being text, for texts by the million. Otherwise every way to encode is gone and masks are compared,
with each setting of each option: all combined, or two of the four combinations a chunk of texts."""

# Whether special tokens in text are found, whether the template is filled in.
_ALL = ((False, False), (False, True), (True, False), (True, True))
_SETTINGS: dict[Depth, tuple[tuple[tuple[bool, bool], ...], ...]] = {
    "every setting": (_ALL,),
    "two settings": ((_ALL[0], _ALL[3]), (_ALL[1], _ALL[2])),
    "quick": ((_ALL[0],),),
}
"""The combinations that chunks of texts take, in turn."""


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

    def differences(self, texts: Iterable[str], depth: Depth) -> Iterator[Difference]:
        """By `encode_batch` and `decode_batch` of tokenizers."""
        quick = depth == "quick"
        for chunk, settings in zip(chunks_for(depth, texts), cycle(_SETTINGS[depth]), strict=False):
            found: dict[int, Difference] = {}
            for specials, template in settings:
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


def chunks_for(depth: Depth, texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts by the thousand, or tiny ones by many thousands."""
    return chunks(texts, TINY_TEXTS_AT_A_TIME if depth == "quick" else TEXTS_AT_A_TIME)


def _allowed(specials: bool) -> Literal["all"] | tuple[()]:
    return "all" if specials else ()
