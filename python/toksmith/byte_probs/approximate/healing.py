"""Token healing: the last tokens of a prompt are taken back and found again. Approximate.

A prompt that ends inside a word is encoded with tokens that the model has not seen there. Healing
drops the last and lets the next token begin with its bytes. The tokens before it stay as they are,
though the word may have been one token from further back, and each step is scaled to sum 1 by
itself; the exact law weighs all covers by their own probability.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Literal

import numpy as np

from toksmith._native import InputError
from toksmith.batch import to_ids
from toksmith.byte_probs.approximate.symbols import log, to_probs
from toksmith.byte_probs.checks import whole_number
from toksmith.byte_probs.spelled import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import ArrayLike, NDArray

    from toksmith.tokenizer import Tokenizer


class TokenHealing:
    """The distribution of the next byte after a prompt, as token healing implies it; approximate.

    Args:
        tok: The tokenizer.
        tokens: How many of the prompt's last tokens are taken back. 0 is naive prompting.
        rule: Which tokens may follow while bytes are left to be found again: `"extend"`, those that
            begin with all of them (the usual healing); `"align"`, those and the ones that are a
            beginning of them (token alignment).
        prefix: Ids in front of each context, such as the begin token.
        max_contexts: Refuse to ask for more contexts than this; `"align"` may need many.

    Raises:
        InputError: An argument is out of range.
        UnsupportedFeature: Tokens do not stand for bytes by themselves.

    Reference for `"align"`: Athiwaratkun et al. 2024, "Token Alignment via Character Matching for
    Subword Completion".
    """

    def __init__(
        self,
        tok: Tokenizer,
        tokens: int = 1,
        rule: Literal["extend", "align"] = "extend",
        prefix: Iterable[int] = (),
        max_contexts: int = 4096,
    ) -> None:
        if rule not in ("extend", "align"):
            raise InputError(f'rule must be "extend" or "align", not {rule!r}')
        vocabulary = spelled(tok)
        self._tok, self._tokens, self._rule = tok, whole_number(tokens, "tokens"), rule
        self._prefix: list[int] = to_ids(list(prefix), "prefix").tolist()
        self._limit = whole_number(max_contexts, "max_contexts", 1)
        pairs = vocabulary.tokens()
        self._spellings = [spelling for _, spelling in pairs]
        self._ids = np.array([number for number, _ in pairs], np.intp)
        self._spelling_of = dict(pairs)
        self._first_bytes = np.array([spelling[0] for spelling in self._spellings], np.intp)
        self.special_ids: list[int] = vocabulary.special_ids
        """The special tokens, ascending: the columns after the bytes."""
        self._width = 1 + max([*self._spelling_of, *self.special_ids], default=-1)

    def next_bytes(
        self, forward: Callable[[list[list[int]]], ArrayLike], prompt: str | bytes
    ) -> NDArray[np.float64]:
        """The log-probabilities of what follows the prompt.

        Where a token ends with the prompt, the next byte is that of any token after it. A choice
        of tokens that no token can follow, or none that the model allows, is left out.

        Args:
            forward: From contexts (lists of ids) to `(contexts, vocab)` logits or log-probabilities
                of the token after each.
            prompt: The text so far.

        Returns:
            float64 `(256 + specials,)`: bytes, then special tokens ascending by id; scaled to sum 1
            where the model gives something to ids that are neither.

        Raises:
            InputError: No tokens that the model allows find the bytes again, a token that was taken
                back stands for no bytes, or more than `max_contexts` contexts are needed.
        """
        ids = self._tok.encode(prompt)
        kept = max(len(ids) - self._tokens, 0)
        spellings = [self._spelling_of.get(number) for number in ids[kept:]]
        if None in spellings:
            number = ids[kept + spellings.index(None)]
            raise InputError(f"token {number}, to be taken back, stands for no bytes")
        rest = b"".join(spelling for spelling in spellings if spelling is not None)
        out, asked = np.zeros(256 + len(self.special_ids)), 0
        # Contexts, the bytes that are left to be found again after each, and its probability.
        wave = [([*self._prefix, *ids[:kept]], rest, 1.0)]
        while wave:
            asked += len(wave)
            if asked > self._limit:
                raise InputError(f"more than max_contexts={self._limit} contexts are needed")
            rows = to_probs(forward([context for context, _, _ in wave]), self._width, "rows", 2)
            if len(rows) != len(wave):
                raise InputError(f"forward gave {len(rows)} rows for {len(wave)} contexts")
            pairs = list(zip(wave, rows, strict=True))
            wave = []
            for (context, left, weight), row in pairs:
                if not left:
                    self._step(row, weight, out)
                    continue
                for number, share in self._heal(row, left, weight, out):
                    length = len(self._spelling_of[number])
                    wave.append(([*context, number], left[length:], share))
        if not out.any():
            raise InputError(f"no tokens that the model allows begin with the bytes {rest!r}")
        return log(out / out.sum())

    def _step(self, row: NDArray[np.float64], weight: float, out: NDArray[np.float64]) -> None:
        """Adds the first bytes of all tokens, and the special tokens."""
        out[:256] += weight * np.bincount(self._first_bytes, row[self._ids], 256)
        out[256:] += weight * row[self.special_ids]

    def _heal(
        self, row: NDArray[np.float64], left: bytes, weight: float, out: NDArray[np.float64]
    ) -> list[tuple[int, float]]:
        """Adds the bytes of tokens that run past the prompt; gives the others, and their weight."""
        lo, depth = bisect_left(self._spellings, left), len(left)
        hi = self._end(left, lo)
        longer = lo
        while longer < hi and len(self._spellings[longer]) == depth:
            longer += 1
        short = list(range(lo, longer))
        if self._rule == "align":
            for end in range(1, depth):
                at = bisect_left(self._spellings, left[:end])
                while at < len(self._spellings) and self._spellings[at] == left[:end]:
                    short.append(at)
                    at += 1
        past = row[self._ids[longer:hi]]
        ahead = row[self._ids[short]]
        total = past.sum() + ahead.sum()
        if not total > 0:
            return []
        nexts = [spelling[depth] for spelling in self._spellings[longer:hi]]
        out[:256] += weight / total * np.bincount(np.array(nexts, np.intp), past, 256)
        shares = weight / total * ahead
        return [
            (int(self._ids[at]), float(share))
            for at, share in zip(short, shares, strict=True)
            if share > 0
        ]

    def _end(self, prefix: bytes, lo: int) -> int:
        """One past the last token that begins so."""
        stem = prefix.rstrip(b"\xff")
        if not stem:
            return len(self._spellings)
        return bisect_left(self._spellings, stem[:-1] + bytes([stem[-1] + 1]), lo)
