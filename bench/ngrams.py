"""Small language models over tokens: n-grams, each order mixed with the one below (Witten-Bell).

Every token has some probability behind every context. Numpy alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Context = tuple[int, ...]


class NGrams:
    """A model: called with contexts, it gives rows of log-probabilities.

    Args:
        documents: Ids, with what begins and ends each.
        vocab: Number of tokens.
        order: Tokens that a probability looks at, the one it is of counted.
    """

    def __init__(self, documents: Iterable[Sequence[int]], vocab: int, order: int) -> None:
        self.order, self.vocab = order, vocab
        counts: dict[Context, Counter[int]] = defaultdict(Counter)
        for ids in documents:
            for at in range(1, len(ids)):
                for length in range(min(order, at + 1)):
                    counts[tuple(ids[at - length : at])][ids[at]] += 1
        self._rows = {
            context: (np.array(list(found), np.intp), np.array(list(found.values()), np.float64))
            for context, found in counts.items()
        }

    def __call__(self, contexts: Sequence[Context]) -> NDArray[np.float64]:
        """Natural logs: `(contexts, vocab)`."""
        return np.log([self.row(tuple(context)) for context in contexts])

    def row(self, context: Context) -> NDArray[np.float64]:
        """Probabilities of the token after a context."""
        probs = np.full(self.vocab, 1 / self.vocab)
        for length in range(self.order):
            if length > len(context):
                break
            found = self._rows.get(context[len(context) - length :])
            if found is None:
                break
            ids, counts = found
            # As much for what was not seen as there were different tokens.
            total, kinds = counts.sum(), len(ids)
            probs *= kinds / (total + kinds)
            probs[ids] += counts / (total + kinds)
        return probs
