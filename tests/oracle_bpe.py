"""Training by merges, said plainly: after every merge all pairs are counted again.

A word is a list of pieces, each `[token, begins, ends]`, the latter two about pre-tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

Piece = tuple[int, bool, bool]
Word = list[Piece]
Merge = tuple[int, int, int]


def may_join(left: Piece, right: Piece) -> bool:
    """Whether two neighbours are inside a pre-token, or both whole ones."""
    if not right[1]:
        return True
    return left[1] and left[2] and right[2]


def merged(word: Word, left: int, right: int, token: int) -> Word:
    """The word with a pair merged, from left to right."""
    out: Word = []
    at = 0
    while at < len(word):
        here = word[at]
        if at + 1 < len(word):
            after = word[at + 1]
            if (here[0], after[0]) == (left, right) and may_join(here, after):
                out.append((token, here[1], after[2]))
                at += 2
                continue
        out.append(here)
        at += 1
    return out


def train(
    tokens: Sequence[bytes],
    words: Iterable[tuple[Word, int]],
    vocab_size: int,
    min_frequency: int = 0,
    prefix: bytes = b"",
    allowed: Callable[[int, int], bool] = lambda *_: True,
    listed: Iterable[tuple[int, int]] = (),
) -> tuple[list[bytes], list[Merge], list[int]]:
    """Tokens, merges and the merges' counts.

    Args:
        tokens: What is there first, in the order of ids.
        words: In these tokens.
        vocab_size: As in the trainer.
        min_frequency: Likewise.
        prefix: Not repeated inside a token.
        allowed: Whether two tokens may merge at all.
        listed: Pairs that need not be listed again.
    """
    tokens, words, seen = list(tokens), list(words), set(listed)
    ids = {token: at for at, token in reversed(list(enumerate(tokens))) if token}
    merges: list[Merge] = []
    counts: list[int] = []
    while len(tokens) < vocab_size:
        pairs: Counter[tuple[int, int]] = Counter()
        for word, count in words:
            for left, right in pairwise(word):
                if may_join(left, right) and allowed(left[0], right[0]):
                    pairs[left[0], right[0]] += count
        if not pairs:
            break
        (left_id, right_id), count = min(pairs.items(), key=lambda item: (-item[1], item[0]))
        if count < max(min_frequency, 1):
            break
        spelled = tokens[left_id] + tokens[right_id].removeprefix(prefix)
        if spelled not in ids:
            ids[spelled] = len(tokens)
            tokens.append(spelled)
        token = ids[spelled]
        words = [(merged(word, left_id, right_id, token), count) for word, count in words]
        if (left_id, right_id) not in seen:
            seen.add((left_id, right_id))
            merges.append((left_id, right_id, token))
            counts.append(count)
    return tokens, merges, counts


def pieces(ids: Sequence[int]) -> Word:
    """A pre-token as a word by itself."""
    return [(token, at == 0, at == len(ids) - 1) for at, token in enumerate(ids)]


def encode(ids: Sequence[int], merges: Sequence[Merge]) -> list[int]:
    """The tokens of a word, the earliest merge first, of several places the leftmost."""
    ranks: dict[tuple[int, int], tuple[int, int]] = {}
    for rank, (left, right, token) in enumerate(merges):
        ranks.setdefault((left, right), (rank, token))
    ids = list(ids)
    while True:
        found = [(*ranks[pair], at) for at, pair in enumerate(pairwise(ids)) if pair in ranks]
        if not found:
            return ids
        rank, token, at = min(found, key=lambda item: (item[0], item[2]))
        ids[at : at + 2] = [token]
