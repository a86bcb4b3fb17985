"""Which slot of a table of embeddings holds which new token.

A new token is a tuple of base ids. `SlotTable` says where its embedding lies and what had to go;
the embeddings themselves are the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toksmith._native import _SlotTable
from toksmith.batch import Batch, to_ids
from toksmith.byte_probs.checks import whole_number
from toksmith.dynamic.arrays import to_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_MOST = 1 << 31


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """What `SlotTable.assign` did, row by row.

    Attributes:
        slots: The slot of each row: uint32 `(rows,)`.
        fresh: Whether the row is the first of a token that was not in the table, so that its
            embedding is to be written to its slot: bool `(rows,)`.
        evicted_slots: Slots that changed hands, in that order: uint32 `(n,)`. Their new embeddings
            are among the fresh ones.
        evicted: The tokens that had them, a row each.
    """

    slots: NDArray[np.uint32]
    fresh: NDArray[np.bool_]
    evicted_slots: NDArray[np.uint32]
    evicted: Batch


class SlotTable:
    """New tokens in slots: the one not asked for longest goes first, unless it is pinned.

        >>> import toksmith as ts
        >>> table = ts.dynamic.SlotTable(2)
        >>> table.assign([(5, 6), (7,)]).slots.tolist()
        [0, 1]
        >>> table.assign([(5, 6), (8, 9)]).evicted.tolist()
        [[7]]
        >>> table.slot((8, 9)), table.slot((7,))
        (1, None)

    Deterministic: slots depend on the calls alone. Free slots are handed out from the smallest on.

    Args:
        capacity: How many slots there are; they are `0` to `capacity - 1`.

    Raises:
        InputError: `capacity` is negative or above 2**31.
    """

    def __init__(self, capacity: int) -> None:
        self._core = _SlotTable(whole_number(capacity, "capacity", 0, _MOST + 1))

    @property
    def capacity(self) -> int:
        """How many slots there are."""
        return self._core.capacity

    def __len__(self) -> int:
        """How many are in use."""
        return len(self._core)

    def __repr__(self) -> str:
        """Sizes."""
        pinned = self._core.contents()[3]
        return f"SlotTable({len(self)} of {self.capacity} slots in use, {pinned} pinned)"

    def assign(self, tokens: Batch | Sequence[ArrayLike]) -> Assigned:
        """Gives each token a slot; all count as used, in the order of the rows.

        No token of a call is evicted by it, so that all slots given are right at once.

        Args:
            tokens: A row of base ids a token; the same one may come twice.

        Raises:
            VocabularyError: Pinned tokens and others of the call leave too few slots; the table is
                as before.
            InputError: A row is empty.
        """
        rows = to_rows(tokens, "tokens")
        slots, fresh, evicted_slots, ids, offsets = self._core.assign(rows.ids, rows.offsets)
        return Assigned(slots, fresh, evicted_slots, Batch._of(ids, offsets))

    def lookup(self, tokens: Batch | Sequence[ArrayLike]) -> NDArray[np.int64]:
        """The slots of tokens, -1 where there is none: int64 `(rows,)`. None counts as used."""
        rows = to_rows(tokens, "tokens")
        return self._core.lookup(rows.ids, rows.offsets)

    def slot(self, token: ArrayLike) -> int | None:
        """The slot of a token, or None. It does not count as used."""
        found = int(self.lookup([token])[0])
        return None if found < 0 else found

    def token(self, slot: int) -> tuple[int, ...] | None:
        """The token of a slot, or None."""
        ids = self._core.key(whole_number(slot, "slot", 0, 1 << 32))
        return None if ids is None else tuple(ids.tolist())

    def __contains__(self, token: ArrayLike) -> bool:
        """Whether a token has a slot."""
        return self.slot(token) is not None

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        """The tokens: pinned ones by slot, then the others, the latest used last."""
        _, ids, offsets, _ = self._core.contents()
        return (tuple(row.tolist()) for row in Batch._of(ids, offsets))

    def pin(self, slots: Iterable[int]) -> None:
        """Keeps the tokens of slots from being evicted.

        Raises:
            VocabularyError: A slot holds no token; nothing is done then.
        """
        self._core.pin(_slots(slots))

    def unpin(self, slots: Iterable[int]) -> None:
        """Lets the tokens of slots be evicted again; those that were pinned count as used now.

        Raises:
            VocabularyError: A slot holds no token; nothing is done then.
        """
        self._core.unpin(_slots(slots))

    def is_pinned(self, slot: int) -> bool:
        """Whether the token of a slot is pinned."""
        return self._core.is_pinned(whole_number(slot, "slot", 0, 1 << 32))

    def discard(self, slots: Iterable[int]) -> None:
        """Frees slots.

        Raises:
            VocabularyError: A slot holds no token, or a pinned one; nothing is done then.
        """
        self._core.discard(_slots(slots))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickles what the slots hold and in what order they were used."""
        slots, ids, offsets, pinned = self._core.contents()
        return (_again, (self.capacity, slots, ids, offsets, pinned))


def _slots(slots: Iterable[int]) -> list[int]:
    ids: list[int] = to_ids(list(slots), "slots").tolist()
    return ids


def _again(
    capacity: int,
    slots: NDArray[np.uint32],
    ids: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    pinned: int,
) -> SlotTable:
    table = SlotTable.__new__(SlotTable)
    rows = Batch(ids, offsets)
    table._core = _SlotTable.restore(capacity, slots.tolist(), rows.ids, rows.offsets, pinned)
    return table
