"""A vocabulary as bytes with roles, however its file spells it. Start at `canonical`."""

from __future__ import annotations

import itertools
import operator
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from toksmith import _native
from toksmith._native import InputError, VocabularyError, _Canonical

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toksmith.tokenizer import Tokenizer

WordStart: TypeAlias = Literal["space", "plain"]
"""What a piece that begins a word is as bytes, in a model that has no spaces."""


class Role(IntEnum):
    """What an id is for."""

    ORDINARY = 0
    """A token of the model: text."""
    BYTE = 1
    """Text: one byte that the file spells `<0xNN>`."""
    ADDED = 2
    """Text, found before the model sees it."""
    BOS = 3
    EOS = 4
    PAD = 5
    UNK = 6
    MASK = 7
    SEP = 8
    CLS = 9
    SPECIAL = 10
    """Any other special token, and what text never becomes."""
    HOLE = 11
    """An id between others that no token has."""
    PADDING = 12
    """A row beyond the tokenizer's ids."""

    @property
    def is_text(self) -> bool:
        """Whether it stands for text."""
        return self <= Role.ADDED

    @property
    def is_special(self) -> bool:
        """Whether it is a special token."""
        return Role.BOS <= self <= Role.SPECIAL


class Canonical:
    """The bytes, the role and the word start of every id. Made by `canonical`.

    `canonical[i]` is the bytes of id `i`: of a special token its name, of no token none.
    """

    __slots__ = ("__dict__", "_core", "tokenizer")

    tokenizer: Tokenizer
    """Whose vocabulary it is."""

    def __init__(self, core: _Canonical, tokenizer: Tokenizer) -> None:
        self._core, self.tokenizer = core, tokenizer

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._core)

    def __getitem__(self, token_id: int) -> bytes:
        """The bytes of an id."""
        return self._core.token(_row(token_id, len(self), "id"))

    @property
    def without_row(self) -> int:
        """How many of the tokenizer's ids are beyond the rows given; mostly 0."""
        return max(0, self._core.limit - len(self))

    @cached_property
    def role(self) -> NDArray[np.uint8]:
        """The `Role` of each id: `(rows,)`."""
        return self._core.roles()

    @cached_property
    def word_start(self) -> NDArray[np.bool_]:
        """Whether each id begins a word, by a space or by how its file marks it: `(rows,)`."""
        return self._core.word_starts()

    @cached_property
    def arena(self) -> tuple[bytes, NDArray[np.int64]]:
        """All bytes, and `(rows + 1,)` offsets: id `i` is `arena[offsets[i]:offsets[i + 1]]`."""
        return self._core.arena()

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """The number of bytes of each id: `(rows,)`."""
        return np.diff(self.arena[1])

    def tolist(self) -> list[bytes]:
        """The bytes of every id."""
        data, offsets = self.arena
        bounds = offsets.tolist()
        return [data[start:end] for start, end in itertools.pairwise(bounds)]

    def find(self, token: int | str) -> int:
        """An id, or the id of the token of this name, special and added tokens first.

        Raises:
            VocabularyError: No token is spelled so in the file, or it has no row.
            InputError: An id out of range, or neither an id nor a name.
        """
        if not isinstance(token, str):
            return _row(token, len(self), "id")
        found = self.tokenizer.token_id(token.encode(errors="surrogatepass"))
        if found >= len(self):
            raise VocabularyError(f"{token!r} has the id {found}, but there are {len(self)} rows")
        return found

    def __repr__(self) -> str:
        """The number of rows and of each role."""
        counts = np.bincount(self.role, minlength=len(Role))
        shown = ", ".join(f"{counts[role]} {role.name.lower()}" for role in Role if counts[role])
        return f"Canonical({len(self)} rows: {shown})"


def canonical(
    tok: Tokenizer, rows: int | None = None, word_start: WordStart = "space"
) -> Canonical:
    """The bytes and the role of every id of a vocabulary.

        >>> import toksmith as ts
        >>> tok = ts.Tokenizer.from_pretrained("cl100k_base")
        >>> vocabulary = ts.transfer.canonical(tok)
        >>> vocabulary[9906], vocabulary[1917], ts.transfer.Role(vocabulary.role[100257]).name
        (b'Hello', b' world', 'EOS')

    Metaspaces are spaces, letters of the byte alphabet and `<0xNN>` are bytes, what stands behind a
    `##` is the inside of a word, what ends with an end-of-word suffix ends with a space. A token
    that is added and not the model's own is its text as it is.

    Args:
        tok: Any tokenizer.
        rows: Rows of the embeddings: those beyond the tokenizer are `Role.PADDING`, ids beyond the
            rows are left out. None: as many as the tokenizer has ids.
        word_start: In a model that has no spaces (WordPiece, WordLevel) a bare piece begins a word:
            with `"space"` its bytes begin with the space before the word, as tokens of other models
            that begin words do. That is a choice: a bare piece also follows punctuation, and is
            punctuation. With `"plain"` it is its letters, as is the same piece inside a word.

    Raises:
        InputError: That is no tokenizer, or an argument is out of range.
    """
    if not isinstance(tok, _native.Tokenizer):
        raise InputError(f"expected a Tokenizer, not {type(tok).__name__}")
    count = None if rows is None else _row(rows, 1 << 28, "rows")
    return Canonical(_Canonical(tok, count, word_start), tok)


def _row(number: int, limit: int, what: str) -> int:
    try:
        value = operator.index(number)
    except TypeError:
        raise InputError(f"{what} must be an integer, not {type(number).__name__}") from None
    if not 0 <= value < limit:
        raise InputError(f"{what} must be from 0 below {limit}, not {value}")
    return value
