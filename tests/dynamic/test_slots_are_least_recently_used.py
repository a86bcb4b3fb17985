"""The slot table is a list in the order of use, with some of it pinned."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest

from toksmith import Batch, InputError, VocabularyError
from toksmith.dynamic import Assigned, SlotTable

Token = tuple[int, ...]


class Plain:
    """Slots of tokens in the order of their use."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used: dict[Token, int] = {}
        self.pinned: dict[Token, int] = {}

    def assign(self, tokens: list[Token]) -> tuple[list[int], list[bool], list[tuple[int, Token]]]:
        new = len({token for token in tokens if token not in self.used | self.pinned})
        free = self.capacity - len(self.used) - len(self.pinned)
        if new > free + len([token for token in self.used if token not in tokens]):
            raise VocabularyError("full")
        for token in tokens:
            if token in self.used:
                self.used[token] = self.used.pop(token)
        slots, fresh, evicted = [], [], []
        for token in tokens:
            taken = {**self.used, **self.pinned}
            fresh.append(token not in taken)
            if token in self.pinned:
                slot = self.pinned[token]
            elif token in self.used:
                slot = self.used.pop(token)
            elif len(taken) < self.capacity:
                slot = min(set(range(self.capacity)) - set(taken.values()))
            else:
                old = next(iter(self.used))
                slot = self.used.pop(old)
                evicted.append((slot, old))
            if token not in self.pinned:
                self.used[token] = slot
            slots.append(slot)
        return slots, fresh, evicted


def told(done: Assigned) -> tuple[list[int], list[bool], list[tuple[int, Token]]]:
    evicted = [tuple(row) for row in done.evicted.tolist()]
    gone = list(zip(done.evicted_slots.tolist(), evicted, strict=True))
    return done.slots.tolist(), done.fresh.tolist(), gone


@pytest.mark.parametrize("capacity", [0, 1, 2, 3, 8])
def test_equals_a_list_in_the_order_of_use(capacity: int) -> None:
    rng = random.Random(capacity)
    tokens = [
        tuple(rng.randrange(3) for _ in range(rng.randint(1, 3))) for _ in range(capacity + 9)
    ]
    for _ in range(60):
        plain, table = Plain(capacity), SlotTable(capacity)
        for _ in range(30):
            act = rng.randrange(8)
            if act == 0 and plain.used:
                token = rng.choice(list(plain.used))
                plain.pinned[token] = plain.used.pop(token)
                table.pin([plain.pinned[token]])
            elif act == 1 and plain.pinned:
                token = rng.choice(list(plain.pinned))
                plain.used[token] = plain.pinned.pop(token)
                table.unpin([plain.used[token]])
            elif act == 2 and plain.used:
                token = rng.choice(list(plain.used))
                table.discard([plain.used.pop(token)])
            elif act == 3:
                table = pickle.loads(pickle.dumps(table))
            else:
                asked = rng.choices(tokens, k=rng.randrange(5))
                try:
                    expected = plain.assign(asked)
                except VocabularyError:
                    before = list(table)
                    with pytest.raises(VocabularyError, match="no slots for"):
                        table.assign(asked)
                    assert list(table) == before
                else:
                    assert told(table.assign(asked)) == expected
            by_slot = dict(sorted((slot, token) for token, slot in plain.pinned.items()))
            assert list(table) == [*by_slot.values(), *plain.used]
            everything = plain.used | plain.pinned
            found = table.lookup(tokens)
            assert found.tolist() == [everything.get(token, -1) for token in tokens]
            assert len(table) == len(everything)
            for token, slot in everything.items():
                assert table.token(slot) == token
                assert table.is_pinned(slot) == (token in plain.pinned)


def test_a_host_that_writes_what_is_fresh_has_the_right_rows() -> None:
    rng = random.Random(1)
    table, rows = SlotTable(6), np.zeros((6, 1))
    for _ in range(300):
        asked = [(rng.randrange(9), rng.randrange(2)) for _ in range(rng.randint(1, 6))]
        done = table.assign(asked)
        for token, slot, fresh in zip(asked, done.slots, done.fresh, strict=True):
            if fresh:
                rows[slot] = hash(token)
        assert all(
            rows[slot, 0] == hash(token) for token, slot in zip(asked, done.slots, strict=True)
        )


def test_wrong_use_is_told() -> None:
    table = SlotTable(2)
    table.assign(Batch([5, 6, 7], [0, 2, 3]))
    assert (5, 6) in table
    assert (5,) not in table
    assert table.token(9) is None
    assert "2 of 2 slots in use, 0 pinned" in repr(table)
    table.pin([0, 1])
    with pytest.raises(VocabularyError, match="no slots for 1 of 1 new tokens: of 2 slots 2 are"):
        table.assign([(9,)])
    assert table.assign([(7,)]).slots.tolist() == [1]
    with pytest.raises(VocabularyError, match="slot 0 is pinned"):
        table.discard([0])
    with pytest.raises(VocabularyError, match="slot 7 holds no token"):
        table.pin([7])
    with pytest.raises(InputError, match="row 1"):
        table.assign([(7,), ()])
    with pytest.raises(InputError):
        SlotTable(-1)
    with pytest.raises(InputError):
        table.assign(3)  # type: ignore[arg-type]
