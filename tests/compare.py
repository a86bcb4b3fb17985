"""Ours against a reference, text by text: what differs, if anything. Start at `differences`.

One function serves the tests, the full run and the planted bugs, so that a bug it cannot see would
show as a planted one that goes unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal, NamedTuple, TypeVar

import numpy as np

import toksmith as ts
from references import Answer, Reference

T = TypeVar("T")
TEXTS_AT_A_TIME = 4096


class Difference(NamedTuple):
    """A text for which ours is not the reference's answer."""

    what: str
    text: str
    ours: object
    reference: object

    def __str__(self) -> str:
        return (
            f"{self.what} of {self.text[:200]!r}:\n  ours      {str(self.ours)[:400]}\n"
            f"  reference {str(self.reference)[:400]}"
        )


def differences(
    ours: ts.Tokenizer, reference: Reference, texts: Iterable[str], specials: bool = False
) -> Iterator[Difference]:
    """The texts whose ids, spans or decoded bytes differ; at most one difference a text."""
    allowed: Literal["all"] | tuple[()] = "all" if specials else ()
    for chunk in chunks(texts, TEXTS_AT_A_TIME):
        rows = ours.encode_batch(chunk, allowed_special=allowed).tolist()
        answers = reference.answers(chunk, specials)
        for text, row, answer in zip(chunk, rows, answers, strict=True):
            encoding = ours.encode_with_spans(text, allowed_special=allowed)
            found = _difference(text, row, encoding, answer) or _undecoded(ours, text, answer)
            if found:
                yield found


def assert_same(
    ours: ts.Tokenizer, reference: Reference, texts: Iterable[str], specials: bool = False
) -> None:
    """Fails with the first few differences, and their number."""
    found = list(differences(ours, reference, texts, specials))
    shown = "\n".join(map(str, found[:3]))
    assert not found, f"{len(found)} texts differ, the first being\n{shown}"


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of `size`, the last perhaps shorter."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def _difference(
    text: str, row: list[int], encoding: ts.Encoding, answer: Answer
) -> Difference | None:
    ids, spans, char_spans = encoding.ids.tolist(), encoding.spans, encoding.char_spans
    if row != answer.ids:
        return Difference("ids in a batch", text, row, answer.ids)
    if ids != answer.ids:
        return Difference("ids", text, ids, answer.ids)
    if answer.byte_spans is not None and not np.array_equal(spans, answer.byte_spans):
        return Difference("spans", text, spans.tolist(), answer.byte_spans.tolist())
    if answer.char_spans is not None and not np.array_equal(char_spans, answer.char_spans):
        return Difference("char_spans", text, char_spans.tolist(), answer.char_spans.tolist())
    return None


def _undecoded(ours: ts.Tokenizer, text: str, answer: Answer) -> Difference | None:
    """What decoding gets wrong: of a lossless tokenizer the text itself is right."""
    if answer.decoded is None:
        found = ours.decode_bytes(answer.ids)
        right = text.encode()
        return None if found == right else Difference("decoded bytes", text, found, right)
    for skip, right_text in zip((False, True), answer.decoded, strict=True):
        decoded = ours.decode(answer.ids, skip_special_tokens=skip)
        if decoded != right_text:
            what = "decoded text without special tokens" if skip else "decoded text"
            return Difference(what, text, decoded, right_text)
    return None
