"""Less-is-Better, slowly: lists where the core has trees, and every step where it is described.

The method is that of Yang, Frank and van den Bosch 2020; what it leaves open is decided as the
header of `less_is_better/mod.rs` says, so that the same seed gives the same lexicon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MASK = (1 << 64) - 1


class Random:
    """SplitMix64, as described in `train/random.rs`."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def next(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return z ^ z >> 31

    def uniform(self) -> float:
        return float(self.next() >> 11) / float(1 << 53)

    def shuffle(self, items: list[int]) -> None:
        for i in range(len(items) - 1, 0, -1):
            j = self.next() * (i + 1) >> 64
            items[i], items[j] = items[j], items[i]


@dataclass
class Settings:
    """As the options of the core."""

    documents: int = 5000
    memory_in: float = 0.25
    memory_out: float = 1e-4
    update_rate: float = 0.2
    life: int = 10
    max_length: int = 12
    max_gap: int = 1
    lookahead: int = 256
    max_size: int | None = None
    seed: int = 0


class Reader:
    """The lexicon, and what a document says about it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.random = Random(settings.seed)
        self.ranked: list[str] = []
        self.probation: dict[str, int] = {}
        self.judged: dict[str, int] = {}
        self.seen: set[str] = set()

    def append(self, entry: str) -> None:
        if entry not in self.ranked:
            self.ranked.append(entry)
            self.probation[entry] = self.settings.life

    def fitting(self, text: str, at: int) -> list[str]:
        """The entries at a place, longest first."""
        most = min(self.settings.max_length, len(text) - at)
        found = [text[at : at + length] for length in range(most, 0, -1)]
        return [entry for entry in found if entry in self.ranked]

    def remember(self, text: str, most: int) -> None:
        if len(text) <= most and self.random.uniform() < self.settings.memory_in:
            if text in self.seen:
                self.append(text)
            self.seen.add(text)

    def redundant(self, text: str, at: int, longest: str, second: str) -> bool:
        places = [at + len(longest), at + len(second)]
        costs = [[0, 1, self.ranked.index(entry)] for entry in (longest, second)]
        end = min(len(text), at + self.settings.lookahead)
        while places[0] != places[1] and min(places) < end:
            way = 0 if places[0] < places[1] else 1
            fitting = self.fitting(text, places[way])
            costs[way][1] += 1
            if fitting:
                costs[way][2] += self.ranked.index(fitting[0])
                places[way] += len(fitting[0])
            else:
                costs[way][0] += 1
                places[way] += 1
        return costs[0] > costs[1]

    def judge(self, entry: str, by: int) -> None:
        self.judged[entry] = self.judged.get(entry, 0) + by

    def read(self, text: str) -> None:
        at, last, gap = 0, None, None
        while at < len(text):
            fitting = self.fitting(text, at)
            if not fitting:
                last, gap = None, at if gap is None else gap
                at += 1
                continue
            longest = fitting[0]
            if gap is not None:
                self.remember(text[gap:at], self.settings.max_gap)
                gap = None
            if last is not None:
                self.remember(text[last : at + len(longest)], self.settings.max_length)
            if len(fitting) > 1 and self.redundant(text, at, longest, fitting[1]):
                self.judge(longest, 1)
                self.judge(fitting[1], -1)
            else:
                if len(fitting) > 1:
                    self.judge(longest, -1)
                self.probation.pop(longest, None)
            last = at
            at += len(longest)
        if gap is not None:
            self.remember(text[gap:], self.settings.max_gap)

    def forget(self, entry: str) -> None:
        self.ranked.remove(entry)
        self.probation.pop(entry, None)

    def end_document(self) -> None:
        for entry, balance in self.judged.items():
            if balance == 0:
                continue
            rank = self.ranked.index(entry)
            step = int(rank * self.settings.update_rate) + 1
            new = rank + step if balance > 0 else max(0, rank - step)
            if new >= len(self.ranked):
                self.forget(entry)
            else:
                self.ranked.remove(entry)
                self.ranked.insert(new, entry)
        for entry in list(self.probation):
            self.probation[entry] -= 1
            if self.probation[entry] == 0:
                self.forget(entry)
        for entry in self.ranked[int(len(self.ranked) * (1.0 - self.settings.memory_out)) :]:
            self.probation.setdefault(entry, self.settings.life)
        while self.settings.max_size is not None and len(self.ranked) > self.settings.max_size:
            self.forget(self.ranked[-1])
        self.judged.clear()
        self.seen.clear()


def train(texts: Sequence[Sequence[str]], settings: Settings) -> list[str]:
    """The lexicon, the best entries first."""
    reader = Reader(settings)
    order = list(range(len(texts)))
    for number in range(settings.documents if texts else 0):
        if number % len(order) == 0:
            reader.random.shuffle(order)
        document = texts[order[number % len(order)]]
        if number == 0:
            for char in "".join(document):
                reader.append(char)
        for sentence in document:
            reader.read(sentence)
        reader.end_document()
    return reader.ranked
