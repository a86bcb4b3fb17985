"""How well a vocabulary does on text it has not seen: figures, tokens of no use, and a curve.

Start at `report`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from toksmith._native import InputError, UnsupportedFeature
from toksmith.files import write_whole
from toksmith.tokenizer import Tokenizer
from toksmith.train.picture import Curve, picture
from toksmith.train.pipeline import Pipeline

_POINTS = 25


@dataclass(frozen=True)
class Report:
    """Figures of a tokenizer on some texts. `str` gives a table."""

    texts: int
    characters: int
    bytes: int
    """Of the texts in UTF-8."""
    words: int
    """What white space separates."""
    tokens: int
    vocab_size: int
    used: int
    """Distinct tokens that the texts have."""
    unreachable: tuple[int, ...]
    """Ids of tokens that the model does not make of their own spelling, nor therefore anywhere;
    empty where that says nothing (WordPiece, which spells a word's beginning another way) or no
    `tokenizer.json` says what the tokenizer does (joined words)."""
    curve: tuple[tuple[int, int], ...]
    """For a BPE, how many tokens the texts are with so many of its merges; empty as above."""

    @property
    def bytes_per_token(self) -> float:
        """Compression: UTF-8 bytes a token."""
        return self.bytes / self.tokens if self.tokens else 0.0

    @property
    def fertility(self) -> float:
        """Tokens a word."""
        return self.tokens / self.words if self.words else 0.0

    def __str__(self) -> str:
        """A table."""
        rows = [
            ("texts", f"{self.texts:,}"),
            ("bytes", f"{self.bytes:,}"),
            ("tokens", f"{self.tokens:,}"),
            ("bytes a token", f"{self.bytes_per_token:.3f}"),
            ("tokens a word", f"{self.fertility:.3f}"),
            ("vocabulary", f"{self.vocab_size:,}"),
            ("used", f"{self.used:,} ({self.used / max(self.vocab_size, 1):.1%})"),
            ("unreachable", f"{len(self.unreachable):,}"),
        ]
        wide = max(len(value) for _, value in rows)
        return "\n".join(f"{name:<14}{value:>{wide}}" for name, value in rows)

    def save_curve(self, path: str | os.PathLike[str]) -> None:
        """Draws merges against tokens, as an SVG file.

        Raises:
            UnsupportedFeature: The model has no merges.
            InputError: The file cannot be written.
        """
        if not self.curve:
            raise UnsupportedFeature("the curve of a model without merges")
        merges, tokens = zip(*self.curve, strict=True)
        lengths = tuple(self.bytes / max(count, 1) for count in tokens)
        curve = Curve("", tuple(map(float, merges)), lengths)
        write_whole(path, picture([curve], "merges", "bytes a token").encode())


def report(tokenizer: Tokenizer, texts: Iterable[str]) -> Report:
    """Figures of a tokenizer on texts, best such as it was not trained on.

    Args:
        tokenizer: Any tokenizer.
        texts: The texts. They are gone through once and kept in memory.

    Raises:
        InputError: A text is not a str.
    """
    texts = list(texts)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"row {row}: text must be str, not {type(text).__name__}")
    ids = tokenizer.encode_batch(texts).ids
    document = _document(tokenizer)
    return Report(
        texts=len(texts),
        characters=sum(map(len, texts)),
        bytes=sum(len(text.encode()) for text in texts),
        words=sum(len(text.split()) for text in texts),
        tokens=len(ids),
        vocab_size=len(tokenizer),
        used=len(np.unique(ids)),
        unreachable=() if document is None else _unreachable(document),
        curve=() if document is None else _curve(document, texts),
    )


def _document(tokenizer: Tokenizer) -> dict[str, Any] | None:
    """Its `tokenizer.json`, or the usual conversion; `None` if it has neither."""
    for exact in (True, False):
        try:
            document: dict[str, Any] = json.loads(tokenizer._save("json", exact))
        except UnsupportedFeature:
            continue
        return document
    return None


def _unreachable(document: dict[str, Any]) -> tuple[int, ...]:
    """Tokens that the model by itself does not make of their spelling."""
    model = document["model"]
    if model["type"] not in ("BPE", "Unigram"):
        return ()
    vocab = model["vocab"]
    spellings = (
        dict(vocab) if model["type"] == "BPE" else {row[0]: i for i, row in enumerate(vocab)}
    )
    aside = {token["id"] for token in document["added_tokens"]}
    aside |= {spellings.get(str(model.get("unk_token")), -1), model.get("unk_id", -1)}
    if model.get("byte_fallback"):
        aside |= {spellings.get(f"<0x{byte:02X}>", -1) for byte in range(256)}
    asked = [(text, id_) for text, id_ in spellings.items() if id_ not in aside and text]
    bare = Pipeline().around({**model, "dropout": None} if "dropout" in model else model, 0)
    rows = bare.encode_batch([text for text, _ in asked])
    lengths = np.diff(rows.offsets)
    first = rows.ids[rows.offsets[:-1]] if len(rows.ids) else np.zeros(0, np.uint32)
    made = (lengths == 1) & (first == np.array([id_ for _, id_ in asked], np.uint32))
    return tuple(sorted(asked[row][1] for row in np.flatnonzero(~made)))


def _curve(document: dict[str, Any], texts: list[str]) -> tuple[tuple[int, int], ...]:
    """Tokens of the texts with the first so many merges."""
    model = document["model"]
    if model["type"] != "BPE" or not model["merges"]:
        return ()
    # Tokens of merges that are left out must not be taken whole.
    model = {**model, "ignore_merges": False, "dropout": None}
    total = len(model["merges"])
    steps = {0, *(round(total ** (n / (_POINTS - 1))) for n in range(_POINTS))}
    points = []
    for step in sorted(steps):
        some = {**document, "model": {**model, "merges": model["merges"][:step]}}
        tokenizer = Tokenizer.from_bytes(json.dumps(some, ensure_ascii=False).encode())
        points.append((step, int(tokenizer.count_batch(texts).sum())))
    return tuple(points)
