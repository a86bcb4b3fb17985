"""LZW over token ids, said as plainly as can be: words in a list, with the times of their use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Plain:
    """The rule of `toksmith.dynamic.Hypertokens`, one id at a time; codes gather in `out`."""

    def __init__(
        self,
        first_id: int,
        codebook_size: int,
        max_subtokens: int | None,
        disabled: Iterable[int] = (),
        eviction: str = "freeze",
    ) -> None:
        self.first_id, self.size, self.most = first_id, codebook_size, max_subtokens
        self.disabled, self.eviction = set(disabled), eviction
        self.words: list[tuple[int, ...]] = []
        self.times: list[int] = []
        self.now = 0
        self.held: tuple[int, ...] = ()
        self.out: list[int] = []

    def write(self) -> None:
        """Writes what is held."""
        if self.held:
            self.now += 1
            known = len(self.held) > 1
            code = self.first_id + self.words.index(self.held) if known else self.held[0]
            self.out.append(code)
            for at, word in enumerate(self.words):
                if self.held[: len(word)] == word:
                    self.times[at] = self.now
            self.held = ()

    def define(self, word: tuple[int, ...]) -> None:
        """Defines a word whose all but last ids were just written."""
        if len(self.words) < self.size:
            self.words.append(word)
            self.times.append(self.now)
        elif self.eviction == "reset":
            self.words, self.times = [], []
        elif self.eviction == "recency" and self.size:
            oldest = min(range(self.size), key=lambda at: (self.times[at], -len(self.words[at])))
            if self.words[oldest] != word[:-1]:
                self.words[oldest], self.times[oldest] = word, self.now

    def push(self, token: int) -> None:
        """Reads an id."""
        if token in self.disabled:
            self.write()
            self.out.append(token)
            return
        word = (*self.held, token)
        if len(word) > 1 and word not in self.words:
            self.write()
            self.define(word)
            word = (token,)
        self.held = word
        if len(self.held) == self.most:
            self.write()

    def encode(self, ids: Sequence[int]) -> list[int]:
        """The codes of a sequence, from where the codebook is."""
        self.out = []
        for token in ids:
            self.push(token)
        self.write()
        return self.out

    def codebook(self) -> dict[int, tuple[int, ...]]:
        """Words by code."""
        return dict(enumerate(self.words, self.first_id))
