"""Hypertokens: codes for what a sequence has already said, LZW over token ids.

The rule is that of zip2zip, without its model. Start at `Hypertokens`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toksmith import _native
from toksmith._native import InputError, _HyperMark, _HyperState, _Hypertokens
from toksmith.batch import Batch, to_ids
from toksmith.byte_probs.checks import thread_limit, whole_number
from toksmith.dynamic.arrays import to_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

Eviction = Literal["freeze", "reset", "recency"]

_MOST_IDS = 1 << 28


@dataclass(frozen=True, slots=True, eq=False)
class Definitions:
    """Hypertokens and what they stand for.

    Attributes:
        codes: The codes, ascending: uint32 `(n,)`.
        parts: Their base ids, a row each.
    """

    codes: NDArray[np.uint32]
    parts: Batch

    def __len__(self) -> int:
        """Number of hypertokens."""
        return len(self.codes)

    def to_dict(self) -> dict[int, tuple[int, ...]]:
        """Base ids by code."""
        return dict(zip(self.codes.tolist(), map(tuple, self.parts.tolist()), strict=True))


@dataclass(frozen=True, slots=True)
class HyperCheckpoint:
    """Where a state was; for `HyperState.restore`."""

    _mark: _HyperMark


class Hypertokens:
    """LZW over token ids: codes for base ids, and for runs of them that came before.

    Ids are held back while the codebook knows them as one code. The first id it does not know after
    them writes their code and defines both together as a hypertoken; that id is held next. A run of
    `max_subtokens` ids is written at once and defines nothing, and so is what stands before a
    disabled id. The decoder grows the same codebook, one step behind: a code may be that of the
    hypertoken which it completes itself.

        >>> import toksmith as ts
        >>> hyper = ts.dynamic.Hypertokens(first_id=10)
        >>> hyper.encode([1, 2, 1, 2, 1, 2]).tolist()
        [1, 2, 10, 10]
        >>> hyper.decode([1, 2, 10, 10]).tolist()
        [1, 2, 1, 2, 1, 2]

    What happens when a hypertoken would be defined and there are `codebook_size` of them:

    - `"freeze"`: nothing is defined any more (the published rule).
    - `"reset"`: all are forgotten, and the one at hand is not defined.
    - `"recency"`: the one used longest ago gives up its code. One is used when it, or one that
      begins with it, is written or defined; of those used at once, the longest goes first. Where
      all others are prefixes of what would be defined, nothing is.

    Codes that the encoder would not have chosen (a model may write 1 2 where 10 is defined) are
    read as their base ids, and the codebook goes on as that of these ids.

    Args:
        first_id: The first code of a hypertoken: the number of base ids. A tokenizer stands for
            the number of its ids.
        codebook_size: The most hypertokens at a time.
        max_subtokens: The most base ids of one, at least 1; None for any number.
        disabled_ids: Base ids that are never part of one, such as special tokens and padding.
        eviction: What a full codebook does.

    Raises:
        InputError: An argument is out of range; ids and codes need numbers below 2**32 - 1.
        VocabularyError: A disabled id is not a base id.
    """

    def __init__(
        self,
        first_id: int | _native.Tokenizer,
        codebook_size: int = 2048,
        max_subtokens: int | None = 4,
        *,
        disabled_ids: Sequence[int] | NDArray[np.integer] = (),
        eviction: Eviction = "freeze",
    ) -> None:
        if isinstance(first_id, _native.Tokenizer):
            first_id = len(first_id)
        limit = (1 << 32) - 1
        first = whole_number(first_id, "first_id", 0, limit)
        size = whole_number(codebook_size, "codebook_size", 0, limit)
        most = limit
        if max_subtokens is not None:
            most = whole_number(max_subtokens, "max_subtokens", 1, limit)
        disabled = np.unique(to_ids(disabled_ids, "disabled_ids"))
        if not isinstance(eviction, str):
            raise InputError(f"eviction must be a str, not {type(eviction).__name__}")
        self._core = _Hypertokens(first, size, most, disabled, eviction)
        self._first_id, self._codebook_size = first, size
        self._max_subtokens = None if max_subtokens is None else most
        self._disabled_ids, self._eviction = tuple(disabled.tolist()), eviction

    @property
    def first_id(self) -> int:
        """The first code of a hypertoken."""
        return self._first_id

    @property
    def codebook_size(self) -> int:
        """The most hypertokens at a time."""
        return self._codebook_size

    @property
    def max_subtokens(self) -> int | None:
        """The most base ids of a hypertoken; None for any number."""
        return self._max_subtokens

    @property
    def disabled_ids(self) -> tuple[int, ...]:
        """Base ids that are never part of a hypertoken, ascending."""
        return self._disabled_ids

    @property
    def eviction(self) -> Eviction:
        """What a full codebook does."""
        return self._eviction

    def __len__(self) -> int:
        """Base ids and hypertokens: what a row of logits has."""
        return self._first_id + self._codebook_size

    def __repr__(self) -> str:
        """The settings."""
        return (
            f"Hypertokens({self._first_id}, {self._codebook_size}, {self._max_subtokens}, "
            f"disabled_ids={self._disabled_ids}, eviction={self._eviction!r})"
        )

    def __reduce__(self) -> tuple[object, ...]:
        """Pickles the settings."""
        arguments = (self._first_id, self._codebook_size, self._max_subtokens)
        return (_again, (*arguments, self._disabled_ids, self._eviction))

    def encode(self, ids: ArrayLike) -> NDArray[np.uint32]:
        """The codes of one sequence of base ids: uint32 `(codes,)`.

        Raises:
            VocabularyError: An id is not a base id; the message says where.
        """
        return self.encode_batch(_one(ids, "ids")).ids

    def decode(self, codes: ArrayLike, *, max_ids: int = _MOST_IDS) -> NDArray[np.uint32]:
        """The base ids of one sequence of codes: uint32 `(ids,)`.

        Args:
            codes: From the beginning: what a code stands for depends on those before.
            max_ids: The most ids to give; hypertokens without a limit of length can stand for very
                many.

        Raises:
            VocabularyError: A code stands for nothing where it is; the message says where.
            InputError: They stand for more than `max_ids` ids.
        """
        return self.decode_batch(_one(codes, "codes"), max_ids=max_ids).ids

    def encode_batch(
        self,
        batch: Batch | Sequence[ArrayLike],
        *,
        shared: bool = False,
        num_threads: int | None = None,
    ) -> Batch:
        """The codes of rows of base ids.

        Args:
            batch: A batch, or a list of rows.
            shared: One codebook for all rows, in their order, instead of one a row. Nothing is held
                back from one row to the next.
            num_threads: Most threads; a shared codebook is work for one.

        Raises:
            VocabularyError: An id is not a base id; the message says where.
        """
        rows, threads = to_rows(batch, "batch"), thread_limit(num_threads)
        return Batch._of(*self._core.encode(rows.ids, rows.offsets, bool(shared), threads))

    def decode_batch(
        self,
        codes: Batch | Sequence[ArrayLike],
        *,
        shared: bool = False,
        max_ids: int = _MOST_IDS,
        num_threads: int | None = None,
    ) -> Batch:
        """The base ids of rows of codes; arguments and errors as of `encode_batch` and `decode`."""
        ids, offsets, _ = self._decode(codes, shared, max_ids, num_threads)
        return Batch._of(ids, offsets)

    def parts(
        self,
        codes: Batch | Sequence[ArrayLike],
        *,
        shared: bool = False,
        max_ids: int = _MOST_IDS,
        num_threads: int | None = None,
    ) -> Batch:
        """What each code stands for where it is: a row of base ids for each of all codes.

        The rows of the codes end to end are the decoded ids, so that `offsets` are also where each
        code's ids lie. Arguments and errors as of `decode_batch`.
        """
        ids, _, codes_at = self._decode(codes, shared, max_ids, num_threads)
        return Batch._of(ids, codes_at)

    def _decode(
        self,
        codes: Batch | Sequence[ArrayLike],
        shared: bool,
        max_ids: int,
        num_threads: int | None,
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
        rows, most = to_rows(codes, "codes"), whole_number(max_ids, "max_ids")
        threads = thread_limit(num_threads)
        return self._core.decode(rows.ids, rows.offsets, bool(shared), most, threads)

    def state(self, codes: ArrayLike = ()) -> HyperState:
        """A sequence to follow step by step, after `codes`.

        Raises:
            VocabularyError: A code stands for nothing where it is.
        """
        state = HyperState._of(self, self._core.state())
        if np.size(codes):
            state.push_codes(codes)
        return state


class HyperState:
    """One sequence followed step by step, in generation: made by `Hypertokens.state`.

    Ids and codes may be pushed in any order: they leave the same codebook. `changes` says which
    embeddings of hypertokens to make, `mask` which codes a model may write next. Every step can
    be undone, at the cost of what is undone.

        >>> import toksmith as ts
        >>> state = ts.dynamic.Hypertokens(first_id=10).state()
        >>> state.push_codes([1, 2, 1]).tolist()
        [1, 2, 1]
        >>> state.changes().to_dict()
        {10: (1, 2), 11: (2, 1)}
        >>> state.push_codes([2, 10]).tolist()
        [2, 1, 2]
        >>> mark = state.checkpoint()
        >>> state.push([7, 7]).tolist(), state.n_ids
        ([10, 7], 8)
        >>> state.restore(mark)
        >>> state.n_ids
        6
    """

    _hyper: Hypertokens
    _core: _HyperState

    def __init__(self) -> None:
        raise InputError("a HyperState is made by Hypertokens.state()")

    @classmethod
    def _of(cls, hyper: Hypertokens, core: _HyperState) -> HyperState:
        state = cls.__new__(cls)
        state._hyper, state._core = hyper, core
        return state

    @property
    def hypertokens(self) -> Hypertokens:
        """The settings."""
        return self._hyper

    @property
    def n_ids(self) -> int:
        """Base ids read."""
        return self._core.ids

    @property
    def n_codes(self) -> int:
        """Codes that encoding these ids has written: of all but those held."""
        return self._core.codes

    @property
    def held(self) -> NDArray[np.uint32]:
        """The ids read that no code was written for yet: uint32 `(n,)`."""
        return self._core.held()

    @property
    def n_defined(self) -> int:
        """Hypertokens that are defined."""
        return self._core.defined

    def push(self, ids: int | ArrayLike) -> NDArray[np.uint32]:
        """Reads base ids; gives the codes that they write: uint32 `(n,)`, perhaps none.

        Raises:
            VocabularyError: One is not a base id; nothing is read then.
        """
        return self._core.push(_some(ids, "ids"))

    def push_codes(self, codes: int | ArrayLike, *, max_ids: int = _MOST_IDS) -> NDArray[np.uint32]:
        """Reads codes; gives the base ids that they stand for: uint32 `(n,)`.

        Raises:
            VocabularyError: One stands for nothing where it is; the state is as before.
            InputError: They stand for more than `max_ids` ids; the state is as before.
        """
        most = whole_number(max_ids, "max_ids")
        ids, _ = self._core.push_codes(_some(codes, "codes"), most)
        return ids

    def flush(self) -> NDArray[np.uint32]:
        """Ends the sequence: the code of what is held, uint32 `(0,)` or `(1,)`.

        The codebook stays, for a sequence that shares it.
        """
        code = self._core.flush()
        return np.array([] if code is None else [code], np.uint32)

    def definitions(self) -> Definitions:
        """All hypertokens that are defined."""
        return _definitions(self._core.definitions())

    def changes(self) -> Definitions:
        """The hypertokens whose definitions are others than when this was asked last.

        After writing their embeddings, those of all defined hypertokens are right: what a rollback
        brought back counts too. Ones that are not defined any more are not told.
        """
        return _definitions(self._core.changes())

    def definition(self, code: int) -> tuple[int, ...] | None:
        """What a code would stand for if it came next, or None."""
        ids = self._core.definition(whole_number(code, "code", 0, 1 << 32))
        return None if ids is None else tuple(ids.tolist())

    @property
    def completing(self) -> int | None:
        """The code that would complete itself if it came next, or None.

        It is not among `definitions`; `definition` says what it would stand for. A model that may
        write it needs its embedding.
        """
        return self._core.completing

    def mask(self, out: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Which codes stand for something if they come next: bool `(len(hypertokens),)`.

        Args:
            out: Where to put it: bool, one-dimensional, contiguous, of any length; what has no code
                is False.
        """
        if out is None:
            out = np.empty(len(self._hyper), np.bool_)
        self._core.mask(_writable(out, np.dtype(np.bool_)))
        return out

    def bitmask(self, out: NDArray[np.int32] | None = None) -> NDArray[np.int32]:
        """As `mask`, a bit a code, the lowest bit of a word first: int32 `(ceil(len / 32),)`."""
        if out is None:
            out = np.empty(-(-len(self._hyper) // 32), np.int32)
        self._core.bitmask(_writable(out, np.dtype(np.int32)))
        return out

    def checkpoint(self) -> HyperCheckpoint:
        """Marks where the state is. O(1)."""
        return HyperCheckpoint(self._core.checkpoint())

    def restore(self, checkpoint: HyperCheckpoint) -> None:
        """Goes back to a checkpoint of this state, or of the one it was forked from before.

        Raises:
            InputError: The state went back behind it since, or has settled, or never was there.
        """
        if not isinstance(checkpoint, HyperCheckpoint):
            raise InputError(f"expected a checkpoint, not {type(checkpoint).__name__}")
        self._core.restore(checkpoint._mark)

    def rollback(self, n: int) -> None:
        """Takes back the last `n` base ids, and flushes after the first of them.

        Raises:
            InputError: There are fewer that can be taken back.
        """
        self._core.rollback(whole_number(n, "n"))

    def settle(self) -> None:
        """Forgets how to go back behind where the state is; saves memory, some 12 bytes an id."""
        self._core.settle()

    def fork(self) -> HyperState:
        """A copy that goes its own way. O(codebook and what can be undone)."""
        return HyperState._of(self._hyper, self._core.fork())


def _again(
    first_id: int,
    codebook_size: int,
    max_subtokens: int | None,
    disabled_ids: tuple[int, ...],
    eviction: Eviction,
) -> Hypertokens:
    return Hypertokens(
        first_id, codebook_size, max_subtokens, disabled_ids=disabled_ids, eviction=eviction
    )


def _definitions(
    found: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.int64]],
) -> Definitions:
    codes, ids, offsets = found
    return Definitions(codes, Batch._of(ids, offsets))


def _one(values: ArrayLike, what: str) -> Batch:
    ids = np.ascontiguousarray(to_ids(values, what))
    return Batch._of(ids, np.array([0, len(ids)], np.int64))


def _some(values: int | ArrayLike, what: str) -> NDArray[np.uint32]:
    some: Any = [values] if np.ndim(values) == 0 else values
    return np.ascontiguousarray(to_ids(some, what))


def _writable(out: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    fits = isinstance(out, np.ndarray) and out.dtype == dtype and out.ndim == 1
    if not (fits and out.flags.c_contiguous and out.flags.writeable):
        raise InputError(f"out must be a writable contiguous array of {dtype}, one-dimensional")
    array: NDArray[Any] = out
    return array
