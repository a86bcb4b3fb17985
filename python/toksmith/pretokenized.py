"""A tokenizer behind a splitter: texts are cut by a program before they are encoded.

What no `tokenizer.json` can say: the words of a lexicon first, compounds cut into their parts,
words as Unicode segments them, or whatever a morphological analyser finds. Cuts are all that a
splitter makes, so that decoding gives the text again. Start at `Presplit`.

    >>> import toksmith as ts
    >>> from toksmith.pretokenized import Compounds, Presplit
    >>> tok = Presplit(ts.Tokenizer.from_pretrained("gpt2"), Compounds({"tooth": 9, "paste": 7}))
    >>> tok.split("#toothpaste")
    ['#tooth', 'paste']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from toksmith._native import InputError, UnsupportedFeature
from toksmith.batch import Batch
from toksmith.encoding import Encoding
from toksmith.splitters import Compounds, Lexicon, Words, pieces_of
from toksmith.train.pipeline import Pipeline

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from toksmith.splitters import Splitter
    from toksmith.tokenizer import Tokenizer

__all__ = ["Compounds", "Lexicon", "Presplit", "Words"]

_NO_SPANS = np.empty((0, 2), np.int64)


class Presplit:
    """A tokenizer that is given the pieces of each text, each by itself.

    Args:
        tokenizer: A byte-level one; its own cuts are made inside the pieces.
        splitter: A `Lexicon`, a `Compounds`, `Words()` (UAX 29), or a callable that gives the
            spans of a text: `(start, end)` in characters, in order, not overlapping. What is
            between them is a piece, too.

    Raises:
        InputError: `splitter` cannot be called.
        UnsupportedFeature: The tokenizer is not byte-level, or changes text before it cuts it, so
            that pieces by themselves are not what they are in the text.
    """

    __slots__ = ("_splitter", "_tokenizer")

    def __init__(self, tokenizer: Tokenizer, splitter: Splitter) -> None:
        if not callable(splitter):
            raise InputError(f"a splitter must be callable, not {type(splitter).__name__}")
        Pipeline.like(tokenizer).check_splitter()
        self._tokenizer = tokenizer
        self._splitter = splitter

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer behind the splitter."""
        return self._tokenizer

    @property
    def splitter(self) -> Splitter:
        """The splitter."""
        return self._splitter

    def split(self, text: str) -> list[str]:
        """The pieces of a text: the spans of the splitter and what is between them.

        Raises:
            InputError: `text` is no str, or spans are out of order or not within the text.
        """
        return pieces_of(self._splitter, text)

    def encode(self, text: str) -> list[int]:
        """The ids of one text. Special tokens in it are text.

        Raises:
            InputError: As `split`; or `text` has lone surrogates.
        """
        ids: list[int] = self.encode_batch([text]).ids.tolist()
        return ids

    def count(self, text: str) -> int:
        """How many tokens the text has."""
        return len(self.encode(text))

    def encode_batch(self, texts: Iterable[str], num_threads: int | None = None) -> Batch:
        """The ids of many texts. The splitter runs text by text, the tokenizer in parallel.

        Raises:
            InputError: As `encode`.
        """
        if isinstance(texts, (str, bytes)):
            raise InputError("texts must be a sequence of texts, not one text")
        pieces, ends = list[str](), [0]
        for text in texts:
            pieces += self.split(text)
            ends.append(len(pieces))
        found = self._tokenizer.encode_batch(pieces, num_threads=num_threads)
        return Batch(found.ids, found.offsets[ends])

    def encode_with_spans(self, text: str) -> Encoding:
        """The ids of one text, and where each token lies in it.

        Raises:
            InputError: As `encode`.
        """
        ids, spans, char_spans = [np.empty(0, np.uint32)], [_NO_SPANS], [_NO_SPANS]
        at = at_char = 0
        for piece in self.split(text):
            found = self._tokenizer.encode_with_spans(piece)
            ids.append(found.ids)
            spans.append(found.spans + at)
            char_spans.append(found.char_spans + at_char)
            at += len(piece.encode())
            at_char += len(piece)
        joined = (np.concatenate(spans), np.concatenate(char_spans))
        return Encoding(self._tokenizer, np.concatenate(ids), *joined)

    def decode(self, ids: ArrayLike, skip_special_tokens: bool = False) -> str:
        """The text of the ids: `Tokenizer.decode`."""
        return self._tokenizer.decode(ids, skip_special_tokens)

    def save(self, path: str | os.PathLike[str]) -> NoReturn:  # noqa: ARG002
        """Always refused.

        Raises:
            UnsupportedFeature: No file format can say what the splitter does.
        """
        raise UnsupportedFeature(
            f"saving {self._splitter!r}: a tokenizer.json has cuts by patterns alone; save the "
            "tokenizer behind it (.tokenizer.save), and make this again"
        )

    def __repr__(self) -> str:
        """The two parts."""
        return f"Presplit({self._tokenizer!r}, {self._splitter!r})"
