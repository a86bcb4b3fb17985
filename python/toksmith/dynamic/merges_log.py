"""What was merged, in order: enough to do the same to other rows. Start at `MergeLog`."""

from __future__ import annotations

import json
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith import _native
from toksmith._native import InputError, UnsupportedFeature, VocabularyError
from toksmith.batch import Batch, to_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

    from toksmith.tokenizer import Tokenizer

_FORM = 1
_COLUMNS = ("left", "right", "ids", "counts", "saved")
BOUNDARIES = (
    "pretoken", "pretoken_published", "word", "word_hyphen", "sentence", "none",
)  # fmt: skip


class MergeLog:
    """Merges in order: `left[k]` and `right[k]` became `ids[k]`.

    A log is plain data: it pickles, and goes to JSON and arrays and back. `log[:k]` is the log of
    the first `k` merges.

    Args:
        left: Left tokens, uint32 `(merges,)`.
        right: Right tokens, likewise.
        ids: What they became: ids given out one after the other from `first_id` on, or, where
            tokens are known by their bytes, one that was there already.
        counts: How often each pair was counted when it was merged, uint32 `(merges,)`.
        saved: How many tokens each merge saved: the places where it was done, likewise.
        first_id: The id of the first new token; ids before merging are below.
        boundary: The boundary that the merges kept to, by default the one `apply` keeps to.

    Raises:
        InputError: The arrays are not of the same length, or there is no such boundary.
        VocabularyError: A merge uses or makes an id out of turn.
    """

    __slots__ = ("_applier", "boundary", "counts", "first_id", "ids", "left", "right", "saved")

    left: NDArray[np.uint32]
    right: NDArray[np.uint32]
    ids: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    saved: NDArray[np.uint32]
    first_id: int
    boundary: str

    def __init__(
        self,
        left: ArrayLike,
        right: ArrayLike,
        ids: ArrayLike,
        counts: ArrayLike,
        saved: ArrayLike,
        first_id: int,
        boundary: str = "none",
    ) -> None:
        for name, values in zip(_COLUMNS, (left, right, ids, counts, saved), strict=True):
            setattr(self, name, np.ascontiguousarray(to_ids(values, name)))
        if not (isinstance(first_id, int) and 0 <= first_id < 1 << 31):
            raise VocabularyError(f"first_id must be from 0 below 2**31, not {first_id!r}")
        if boundary not in BOUNDARIES:
            raise InputError(f"boundary must be one of {', '.join(BOUNDARIES)}, not {boundary!r}")
        self.first_id = first_id
        self.boundary = boundary
        columns = (self.left, self.right, self.ids, self.counts, self.saved)
        self._applier = _native._MergeApplier(columns, first_id)

    def __len__(self) -> int:
        """Number of merges."""
        return len(self.ids)

    def __getitem__(self, index: slice) -> MergeLog:
        """The log of the first merges: `log[:k]`.

        Raises:
            InputError: The slice does not begin at the beginning, or has a step.
        """
        if not isinstance(index, slice):
            raise InputError("a log is cut by log[:k]; merges are in its arrays")
        start, stop, step = index.indices(len(self))
        if start != 0 or step != 1:
            raise InputError("merges build on those before: only log[:k] is a log")
        left, right, ids, counts, saved = (getattr(self, name)[:stop] for name in _COLUMNS)
        return MergeLog(left, right, ids, counts, saved, self.first_id, self.boundary)

    def __eq__(self, other: object) -> bool:
        """Whether the other log says the same."""
        if not isinstance(other, MergeLog):
            return NotImplemented
        same = (self.first_id, self.boundary) == (other.first_id, other.boundary)
        return same and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in _COLUMNS
        )

    __hash__ = None  # type: ignore[assignment]  # the arrays can be written to

    def __reduce__(self) -> tuple[type[MergeLog], tuple[Any, ...]]:
        """Pickles the arrays; they are checked again when they come back."""
        columns = [getattr(self, name) for name in _COLUMNS]
        return (MergeLog, (*columns, self.first_id, self.boundary))

    def __repr__(self) -> str:
        """Sizes."""
        return (
            f"MergeLog({len(self)} merges, {int(self.saved.sum(dtype=np.int64))} tokens saved, "
            f"new ids from {self.first_id}, boundary {self.boundary!r})"
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The log as arrays, for `numpy.savez` and the like: see `from_arrays`."""
        arrays: dict[str, NDArray[Any]] = {name: getattr(self, name) for name in _COLUMNS}
        arrays["first_id"] = np.asarray(self.first_id, np.int64)
        arrays["boundary"] = np.asarray(self.boundary)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> MergeLog:
        """The log that `to_arrays` gave.

        Raises:
            InputError: An array is missing or is not what it should be.
            VocabularyError: A merge uses or makes an id out of turn.
        """
        try:
            left, right, ids, counts, saved = (arrays[name] for name in _COLUMNS)
            first_id, boundary = int(arrays["first_id"]), str(arrays["boundary"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not the arrays of a merge log: {error!r}") from None
        return cls(left, right, ids, counts, saved, first_id, boundary)

    def to_json(self) -> str:
        """The log as JSON."""
        columns = {name: getattr(self, name).tolist() for name in _COLUMNS}
        head = {"form": _FORM, "first_id": self.first_id, "boundary": self.boundary}
        return json.dumps({**head, **columns})

    @classmethod
    def from_json(cls, text: str | bytes) -> MergeLog:
        """The log that `to_json` gave.

        Raises:
            InputError: It is not JSON, or not a log.
            UnsupportedFeature: It is of a later form.
            VocabularyError: A merge uses or makes an id out of turn.
        """
        try:
            found = json.loads(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise InputError(f"a merge log is not JSON: {error}") from None
        if not isinstance(found, dict):
            raise InputError(f"a merge log is an object, found {type(found).__name__}")
        if found.get("form") != _FORM:
            raise UnsupportedFeature(f"a merge log of the form {found.get('form')!r}")
        return cls.from_arrays(found)

    @property
    def new_ids(self) -> NDArray[np.uint32]:
        """The ids of new tokens, each once: uint32 `(new,)`, from `first_id` on."""
        return np.arange(self.first_id, self.first_id + len(self._applier.made()), dtype=np.uint32)

    @property
    def shares_ids(self) -> bool:
        """Whether a merge made a token that was there already."""
        return len(self._applier.made()) != len(self)

    def expand(self, batch: Batch) -> Batch:
        """The original ids of merged rows.

        Raises:
            UnsupportedFeature: Tokens are known by their bytes, and one was made in two ways: what
                it was made of depends on the place (`MergeResult.source` has it).
            InputError: They are more than 2**31.
        """
        if self.shares_ids:
            raise UnsupportedFeature(
                "expanding tokens that were made in two ways; MergeResult.source has the ids"
            )
        ids, edges = self._applier.expand(np.ascontiguousarray(batch.ids))
        return Batch(ids, edges[batch.offsets])


class NewToken:
    """A new token: its `id`, its `parts` (two ids), its `base` ids, its `bytes`."""

    __slots__ = ("base", "bytes", "id", "parts")

    def __init__(
        self, token: int, parts: tuple[int, int], base: list[int], spelled: bytes | None
    ) -> None:
        self.id, self.parts, self.base, self.bytes = token, parts, base, spelled

    def __repr__(self) -> str:
        """All of it."""
        spelled = "" if self.bytes is None else f", {self.bytes!r}"
        return f"NewToken({self.id} = {self.parts[0]} + {self.parts[1]}, base {self.base}{spelled})"


class NewTokens:
    """The new tokens of a log, in the order of their ids; a sequence of `NewToken`.

    Args:
        log: The merges.
        tokenizer: Says what base ids stand for; without one there are no bytes.
    """

    __slots__ = ("_tokenizer", "log")

    def __init__(self, log: MergeLog, tokenizer: Tokenizer | None = None) -> None:
        self.log = log
        self._tokenizer = tokenizer

    @property
    def ids(self) -> NDArray[np.uint32]:
        """Their ids: uint32 `(new,)`."""
        return self.log.new_ids

    @property
    def parts(self) -> NDArray[np.uint32]:
        """The two tokens that each was made of first: uint32 `(new, 2)`."""
        made = self.log._applier.made()
        return np.stack([self.log.left[made], self.log.right[made]], axis=1)

    @property
    def base(self) -> Batch:
        """The ids below `first_id` that each stands for, a row a token.

        Raises:
            InputError: They are more than 2**31.
        """
        return Batch(*self.log._applier.expand(self.ids))

    @property
    def bytes(self) -> list[bytes] | None:
        """The bytes of each; `None` without a tokenizer.

        Raises:
            UnsupportedFeature: The tokenizer's tokens do not stand for bytes by themselves.
        """
        return None if self._tokenizer is None else _bytes_of(self._tokenizer, self.base)

    def __len__(self) -> int:
        """Number of new tokens."""
        return len(self.log._applier.made())

    def __getitem__(self, index: int) -> NewToken:
        """One token, by its place.

        Raises:
            IndexError: There is none.
        """
        place = operator.index(index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"new token {place} of {len(self)}")
        place %= len(self)
        made = int(self.log._applier.made()[place])
        token = self.log.first_id + place
        base = Batch(*self.log._applier.expand(np.asarray([token], np.uint32)))
        spelled = None if self._tokenizer is None else _bytes_of(self._tokenizer, base)[0]
        parts = int(self.log.left[made]), int(self.log.right[made])
        return NewToken(token, parts, base.tolist()[0], spelled)

    def __iter__(self) -> Iterator[NewToken]:
        """All of them."""
        spelled, base = self.bytes, self.base.tolist()
        for place, (token, parts) in enumerate(
            zip(self.ids.tolist(), self.parts.tolist(), strict=True)
        ):
            own = None if spelled is None else spelled[place]
            yield NewToken(token, (parts[0], parts[1]), base[place], own)

    def __repr__(self) -> str:
        """How many."""
        return f"NewTokens({len(self)} from {self.log.first_id})"


def _bytes_of(tokenizer: Tokenizer, rows: Batch) -> list[bytes]:
    return _native._merge_bytes(tokenizer, rows.ids, rows.offsets)
