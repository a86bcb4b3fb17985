"""The best next tokens out of a million, without scoring all of them.

A token's logit is the inner product of the hidden state with its output embedding, plus its bias.
`NeighbourIndex` looks for the highest in a graph (HNSW, from usearch), scores what it finds exactly
and says how much of the truth that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith._native import InputError, UnsupportedFeature, VocabularyError
from toksmith.batch import to_ids
from toksmith.byte_probs.checks import whole_number
from toksmith.dynamic.arrays import to_floats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

_BLOCK = 1 << 22
"""Numbers that an intermediate result may have."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The best tokens of each query, best first; of equal ones the smaller id first.

    Attributes:
        ids: int64 `(queries, k)`.
        scores: Their logits, float32 `(queries, k)`.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recall:
    """How much of what exact search finds the index finds.

    Attributes:
        mean: The share of the exact best k that is found, over all queries.
        best: The share of queries whose best token is found.
        worst: The smallest share of any query.
        queries: How many queries.
        k: How many tokens each.
    """

    mean: float
    best: float
    worst: float
    queries: int
    k: int


class NeighbourIndex:
    """The tokens with the highest logits, by a graph or exactly.

    The graph is of the inner product, over rows to which the bias is appended (queries get a 1): by
    the cosine, which forgets norms and biases, it would be another's nearest. What the graph finds
    is scored again from the embeddings themselves.

        >>> import numpy as np, toksmith as ts
        >>> rows = np.array([[1, 0], [0, 1], [3, 3]], np.float32)
        >>> index = ts.dynamic.NeighbourIndex(rows, bias=[0, 9, 0], exact=True)
        >>> found = index.search([[1, 1]], 2)
        >>> found.ids.tolist(), found.scores.tolist()
        ([[1, 2]], [[10.0, 6.0]])

    Args:
        embeddings: Output embeddings `(n, d)`, not normalised; numpy, or anything with `__array__`
            or `__dlpack__` in main memory. float32 is not copied.
        bias: One number a token `(n,)`; by default none.
        exact: Whether to have no graph: all searches score all tokens.
        connectivity: Neighbours that a token of the graph has.
        expansion_add: How widely is searched for them.
        expansion_search: How widely queries search; more finds more and takes longer.
        dtype: Of the numbers in the graph: "f32", "f16" or "i8". The scores given are exact anyway.
        num_threads: Threads that build the graph. With more than one the graph, and with it what a
            search misses, differs from run to run.

    Raises:
        UnsupportedFeature: usearch is not installed (the extra `index`) and `exact` is False.
        InputError: An argument has the wrong shape or is out of range, or a number is not finite.
    """

    def __init__(
        self,
        embeddings: object,
        bias: ArrayLike | None = None,
        *,
        exact: bool = False,
        connectivity: int = 16,
        expansion_add: int = 128,
        expansion_search: int = 128,
        dtype: str = "f32",
        num_threads: int = 1,
    ) -> None:
        rows = to_floats(embeddings, "embeddings", 2)
        self._rows = np.ascontiguousarray(rows, np.float32)
        offsets = np.zeros(len(rows)) if bias is None else to_floats(bias, "bias", 1)
        if len(offsets) != len(rows):
            raise InputError(f"{len(offsets)} biases for {len(rows)} embeddings")
        self._bias = np.array(offsets, np.float32)
        if dtype not in ("f32", "f16", "i8"):
            raise InputError(f'dtype must be "f32", "f16" or "i8", not {dtype!r}')
        self._threads = whole_number(num_threads, "num_threads", 1, 1025)
        options = {
            "connectivity": whole_number(connectivity, "connectivity", 2, 1 << 16),
            "expansion_add": whole_number(expansion_add, "expansion_add", 1, 1 << 24),
            "expansion_search": whole_number(expansion_search, "expansion_search", 1, 1 << 24),
        }
        everything = np.arange(len(rows))
        self._check(everything)
        self._graph: Any = None
        if not exact:
            index_class = _usearch()
            width = self._rows.shape[1] + 1
            self._graph = index_class(ndim=width, metric="ip", dtype=dtype, **options)
            self._insert(everything)

    @property
    def exact(self) -> bool:
        """Whether there is no graph."""
        return self._graph is None

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self._rows)

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """The embeddings that scores are made of: float32 `(n, d)`; see `update`."""
        return self._rows

    @property
    def bias(self) -> NDArray[np.float32]:
        """The biases: float32 `(n,)`; see `update`."""
        return self._bias

    def search(
        self,
        queries: object,
        k: int,
        *,
        exact: bool = False,
        candidates: int | None = None,
        num_threads: int = 1,
    ) -> Neighbours:
        """The `k` tokens with the highest logits for each query.

        Args:
            queries: Hidden states `(queries, d)`.
            k: How many; at most the number of tokens.
            exact: Whether to score all tokens, in blocks, whatever there is.
            candidates: How many the graph finds, of which the best are given; by default `2 k`.
            num_threads: Threads that search the graph; they change nothing.

        Raises:
            InputError: An argument has the wrong shape or is out of range.
        """
        states = self._queries(queries)
        count = whole_number(k, "k", 1, len(self) + 1)
        threads = whole_number(num_threads, "num_threads", 1, 1025)
        wanted = 2 * count
        if candidates is not None:
            wanted = whole_number(candidates, "candidates", count, len(self) + 1)
        if exact or self._graph is None:
            return self._search_all(states, count)
        return self._search_graph(states, count, min(wanted, len(self)), threads)

    def recall(
        self, queries: object, k: int, *, candidates: int | None = None, num_threads: int = 1
    ) -> Recall:
        """How much of the exact best `k` the search of the graph finds for these queries.

        A token counts as found if its score is at least that of the last of the exact ones. Scores
        everything: for a sample of queries. Arguments and errors as of `search`.
        """
        found = self.search(queries, k, candidates=candidates, num_threads=num_threads)
        truth = self.search(queries, k, exact=True)
        shares = np.array(
            [len(np.intersect1d(*pair)) / k for pair in zip(found.ids, truth.ids, strict=True)]
        )
        if not len(shares):
            raise InputError("recall needs at least one query")
        best = float((found.ids[:, 0] == truth.ids[:, 0]).mean())
        return Recall(float(shares.mean()), best, float(shares.min()), len(shares), k)

    def update(self, ids: ArrayLike, embeddings: object, bias: ArrayLike | None = None) -> None:
        """Gives tokens other embeddings, as when a slot changes hands.

        Writes them into `embeddings`, which is the array given at the beginning if that was
        contiguous float32, and into `bias`. By far cheaper than a new index.

        Args:
            ids: Which tokens, each once: `(m,)`.
            embeddings: `(m, d)`.
            bias: `(m,)`; by default they keep theirs.

        Raises:
            VocabularyError: There is no such token.
            InputError: An argument has the wrong shape, an id comes twice, a number is not finite,
                or the array given at the beginning is read-only. Nothing is changed then.
        """
        places = to_ids(ids, "ids").astype(np.int64)
        if (places >= len(self)).any():
            raise VocabularyError(f"there is no token {places.max()}; there are {len(self)}")
        if len(np.unique(places)) != len(places):
            raise InputError("ids: one comes twice")
        rows = to_floats(embeddings, "embeddings", 2)
        offsets = self._bias[places] if bias is None else to_floats(bias, "bias", 1)
        if rows.shape != (len(places), self._rows.shape[1]) or len(offsets) != len(places):
            raise InputError(
                f"{len(places)} ids need embeddings {(len(places), self._rows.shape[1])} and as "
                f"many biases, found {rows.shape} and {len(offsets)}"
            )
        if not (np.isfinite(rows).all() and np.isfinite(offsets).all()):
            raise InputError("embeddings and biases must be finite")
        if not self._rows.flags.writeable:
            raise InputError("the embeddings given at the beginning are read-only")
        self._rows[places], self._bias[places] = rows, offsets
        if self._graph is not None and len(places):
            self._graph.remove(places)
            self._insert(places)

    def _check(self, places: NDArray[np.int64]) -> None:
        for block in self._blocks(len(places)):
            if not np.isfinite(self._rows[block]).all():
                row = int(np.argmin(np.isfinite(self._rows[block]).all(1))) + block.start
                raise InputError(f"embedding {row} is not finite")
        if not np.isfinite(self._bias).all():
            raise InputError(f"bias {int(np.argmin(np.isfinite(self._bias)))} is not finite")

    def _blocks(self, count: int) -> Iterator[slice]:
        step = max(_BLOCK // max(self._rows.shape[1], 1), 1)
        return (slice(at, min(at + step, count)) for at in range(0, count, step))

    def _insert(self, places: NDArray[np.int64]) -> None:
        for block in self._blocks(len(places)):
            part = places[block]
            rows = np.concatenate([self._rows[part], self._bias[part, None]], 1)
            self._graph.add(part.astype(np.uint64), rows, threads=self._threads)

    def _queries(self, queries: object) -> NDArray[np.float32]:
        states = np.ascontiguousarray(to_floats(queries, "queries", 2), np.float32)
        if states.shape[1] != self._rows.shape[1]:
            raise InputError(
                f"queries of {states.shape[1]} numbers for embeddings of {self._rows.shape[1]}"
            )
        if not np.isfinite(states).all():
            row = int(np.argmin(np.isfinite(states).all(1)))
            raise InputError(f"query {row} is not finite")
        return states

    def _search_graph(
        self, states: NDArray[np.float32], k: int, wanted: int, threads: int
    ) -> Neighbours:
        ids = np.empty((len(states), k), np.int64)
        scores = np.empty((len(states), k), np.float32)
        step = max(_BLOCK // max(wanted * self._rows.shape[1], 1), 1)
        for at in range(0, len(states), step):
            part = states[at : at + step]
            asked = np.concatenate([part, np.ones((len(part), 1), np.float32)], 1)
            matches = self._graph.search(asked, wanted, threads=threads)
            # usearch gives one query as one row.
            keys = np.asarray(matches.keys).reshape(len(part), -1).astype(np.int64)
            counts = np.broadcast_to(getattr(matches, "counts", keys.shape[1]), len(part))
            short = np.flatnonzero(counts < min(k, wanted))
            keys = np.where(np.arange(keys.shape[1]) < counts[:, None], keys, keys[:, :1])
            keys = np.clip(keys, 0, len(self) - 1)
            values = np.matmul(self._rows[keys], part[:, :, None])[:, :, 0] + self._bias[keys]
            values[np.arange(keys.shape[1]) >= counts[:, None]] = -np.inf
            if keys.shape[1] >= k:
                ids[at : at + step], scores[at : at + step] = _best(keys, values, k)
            else:
                short = np.arange(len(part))
            if len(short):
                # The graph did not reach as many.
                full = self._search_all(part[short], k)
                ids[at + short], scores[at + short] = full.ids, full.scores
        return Neighbours(ids, scores)

    def _search_all(self, states: NDArray[np.float32], k: int) -> Neighbours:
        ids = np.empty((len(states), k), np.int64)
        scores = np.empty((len(states), k), np.float32)
        step = 64
        for at in range(0, len(states), step):
            part = states[at : at + step]
            best_ids = np.empty((len(part), 0), np.int64)
            best = np.empty((len(part), 0), np.float32)
            for block in self._blocks(len(self)):
                values = part @ self._rows[block].T + self._bias[block]
                # Those kept have smaller ids and stand first: a tie goes to them.
                keys = np.broadcast_to(np.arange(block.start, block.stop), values.shape)
                best_ids, best = _best(
                    np.concatenate([best_ids, keys], 1), np.concatenate([best, values], 1), k
                )
            ids[at : at + step], scores[at : at + step] = best_ids, best
        return Neighbours(ids, scores)


def _best(
    ids: NDArray[np.int64], scores: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `k` best of each row, or all if there are fewer: by score, then by id."""
    kept = min(k, scores.shape[1])
    if kept < scores.shape[1]:
        # A partition breaks ties at the edge as it likes; there, and only there, all is sorted.
        places = np.argpartition(-scores, kept - 1, 1)[:, :kept]
        edge = np.take_along_axis(scores, places, 1).min(1, keepdims=True)
        for row in np.flatnonzero((scores >= edge).sum(1) > kept):
            places[row] = np.lexsort((ids[row], -scores[row]))[:kept]
        ids, scores = np.take_along_axis(ids, places, 1), np.take_along_axis(scores, places, 1)
    order = np.lexsort((ids, -scores), axis=1)
    return np.take_along_axis(ids, order, 1), np.take_along_axis(scores, order, 1)


def _usearch() -> Any:
    try:
        from usearch.index import Index
    except ImportError:
        raise UnsupportedFeature(
            "an index of neighbours without usearch: pip install toksmith[index], or exact=True"
        ) from None
    return Index
