"""All tokenizations of one text: how many there are, the best, their weight, random ones.

A language model over tokens gives a text one probability for each of its tokenizations, and an
encoder makes only one of them. Start at `TokenGraph`; `marginal_logprob` adds them all up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toksmith._native import InputError, _TokenGraph
from toksmith.batch import Batch, to_ids
from toksmith.byte_probs.checks import numbers, thread_limit, whole_number
from toksmith.byte_probs.marginal import MarginalEstimate, estimate_marginal
from toksmith.byte_probs.spelled import spelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from toksmith.tokenizer import Tokenizer


class Edges(NamedTuple):
    """The tokens that match somewhere in a text, ascending by start, then end, then id."""

    starts: NDArray[np.int64]
    """The byte offset where each begins: `(m,)`."""
    ends: NDArray[np.int64]
    """The byte offset where each ends: `(m,)`."""
    ids: NDArray[np.uint32]
    """The token: `(m,)`."""


class Scored(NamedTuple):
    """Tokenizations and a number for each."""

    batch: Batch
    """One row of ids a tokenization."""
    scores: NDArray[np.float64]
    """`(rows,)`: the sum of its log-weights, or the log of the probability it is drawn with."""


class TokenGraph:
    """The tokenizations of a text as paths in a graph: nodes are byte offsets, edges are tokens.

        >>> import toksmith as ts
        >>> tok = ts.Tokenizer.from_pretrained("cl100k_base")
        >>> graph = ts.byte_probs.TokenGraph(tok, " tokenizations")
        >>> graph.count(), graph.count(length=2)
        (3504, 1)
        >>> len(graph.canonical())
        2

    Every token that stands for bytes of the text is an edge; two ids of one spelling are two edges.
    Special tokens stand for no text. Where the model sees texts with a space in front, that space
    (`lead`) is part of the text here, and offsets count it. Where a tokenizer normalizes
    (`normalizers`), the text is taken as what comes out of that: it is not changed.

    Tokens at one offset are ordered by length, then id, tokenizations by the first token in which
    they differ. Finding the tokens takes O(bytes * longest token) steps.

    Args:
        tok: A tokenizer whose tokens stand for bytes.
        text: str, or bytes that need not be UTF-8.

    Raises:
        UnsupportedFeature: Tokens do not stand for bytes by themselves; says why.
        InputError: The text is neither str nor bytes, or a str with a lone surrogate.

    Weights, where they can be given, are one natural-log weight an id, float64 `(vocab,)` (more are
    allowed, as padded models have them): within plus or minus 2**30, or minus infinity for a token
    that shall not be used. The weight of a tokenization is the exponential of their sum.
    """

    __slots__ = ("_core", "_lead", "_normalizers", "_tok", "_vocabulary")

    def __init__(self, tok: Tokenizer, text: str | bytes) -> None:
        vocabulary = spelled(tok)
        self._tok, self._vocabulary = tok, vocabulary
        self._core = _TokenGraph(vocabulary, text)
        self._lead = vocabulary.lead if self._core.text else b""
        self._normalizers = tuple(vocabulary.normalizers)

    @property
    def text(self) -> bytes:
        """The text, with what stands in front of it."""
        return self._core.text

    @property
    def lead(self) -> bytes:
        """What stands in front of the text for the model: a space, or nothing."""
        return self._lead

    @property
    def normalizers(self) -> tuple[str, ...]:
        """What the tokenizer does to a text first, and this class does not; often nothing."""
        return self._normalizers

    @property
    def furthest(self) -> int:
        """The furthest offset that tokens reach from the beginning: the end if there is a way."""
        return self._core.furthest

    def edges(self) -> Edges:
        """The tokens that match at the offsets that tokens reach from the beginning.

        They need not be on a way to the end: those that are not have a marginal of zero.
        """
        return Edges(*self._core.edges())

    def count(self, length: int | None = None) -> int:
        """The number of tokenizations, exactly; 0 where tokens cannot spell the text.

        Args:
            length: Only those of so many tokens.

        Raises:
            InputError: `length` is negative, or the numbers would take more than 2 GiB.
        """
        if length is None:
            return int.from_bytes(self._core.count(), "little")
        wanted = whole_number(length, "length")
        if wanted > len(self.text):
            return 0
        counts = self._core.lengths(wanted)
        return int.from_bytes(counts[wanted], "little") if wanted < len(counts) else 0

    def lengths(self) -> dict[int, int]:
        """How many tokenizations have how many tokens, exactly: ascending, without zeroes.

        Raises:
            InputError: The numbers would take more than 2 GiB: the text is too long.
        """
        counts = (int.from_bytes(count, "little") for count in self._core.lengths(len(self.text)))
        return {length: count for length, count in enumerate(counts) if count}

    def tokenizations(self, limit: int = 100_000) -> Batch:
        """All tokenizations, in order.

        Raises:
            InputError: There are more than `limit`.
        """
        count, most = self.count(), whole_number(limit, "limit")
        if count > most:
            raise InputError(f"{_short(count)} tokenizations, more than limit={most}")
        return Batch._of(*self._core.tokenizations())

    def sample(
        self,
        n: int,
        seed: int,
        weights: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> Scored:
        """Draws tokenizations: each equally likely, or in proportion to its weight.

        Token by token from the beginning, each with the share that the tokenizations which go on
        with it have of the weight. The weights of all ways on are float64 with an exponent of their
        own: their relative error is below `(edges + 2 * bytes) * 2**-53`. The shares are rounded to
        2**-53: a token with less is practically never drawn.

        Args:
            n: How many. Row `i` depends on the seed and `i` alone, whatever `n` or the threads.
            seed: 0 to 2**64 - 1.
            weights: Log-weights of ids; none: all tokenizations are equally likely.
            num_threads: At most so many; the result does not depend on it.

        Returns:
            The rows, and the log of the probability with which each is drawn.

        Raises:
            InputError: There is no tokenization (says how far tokens reach), none has weight, or
                an argument is out of range.
        """
        draws, start = whole_number(n, "n", limit=1 << 32), whole_number(seed, "seed", 0, 1 << 64)
        threads = thread_limit(num_threads)
        ids, offsets, logprobs = self._core.sample(draws, start, _weights(weights), threads)
        return Scored(Batch._of(ids, offsets), logprobs)

    def best(self, k: int, weights: ArrayLike) -> Scored:
        """The `k` tokenizations of most weight, the best first; fewer if there are fewer.

        Exact: sums of float64, added from the last token to the first. Of equal sums the
        tokenization comes first whose first differing token is shorter, or as long and of lower id;
        where rounding alone makes them equal, perhaps the one whose later tokens sum to more.

        Returns:
            The rows, and the sum of log-weights of each.

        Raises:
            InputError: There is no tokenization, an argument is out of range, or `k` ways from each
                offset would take more than 4 GiB.
        """
        ids, offsets, sums = self._core.best(whole_number(k, "k"), numbers(weights, "weights"))
        return Scored(Batch._of(ids, offsets), sums)

    def log_total(self, weights: ArrayLike | None = None) -> float:
        """The log of the weight of all tokenizations together; minus infinity if there is none.

        Without weights the log of `count()`. Relative error of the total: as in `sample`.
        """
        return self._core.log_total(_weights(weights))

    def marginals(self, weights: ArrayLike | None = None) -> NDArray[np.float64]:
        """For each edge, the probability that a tokenization drawn as in `sample` has it.

        Returns:
            float64 `(m,)`, in the order of `edges()`. The sum is the mean number of tokens.

        Raises:
            InputError: There is no tokenization, or none has weight.
        """
        return self._core.marginals(_weights(weights))

    def canonical(self) -> list[int]:
        """The tokenization that the tokenizer makes.

        Raises:
            InputError: The encoding does not spell the text: the tokenizer normalizes it, knows
                some of it as unknown only, or cannot encode it.
        """
        ids = self._tok.encode(self.text[len(self._lead) :])
        if not self._core.contains(to_ids(ids, "ids")):
            raise InputError(
                f"the encoding is no tokenization of the text: it begins {ids[:8]}, and its tokens "
                "do not spell the bytes of the text"
            )
        return ids

    def is_canonical(self, ids: ArrayLike) -> bool:
        """Whether these ids are what the tokenizer makes of the text.

        Raises:
            InputError: As `canonical`.
        """
        return bool(to_ids(ids, "ids").tolist() == self.canonical())

    def canonical_edges(self, whole: bool = False) -> NDArray[np.bool_]:
        """For each edge, whether the tokenizer makes it in some text that begins like this one.

        That is: a sequence of tokens that ends with this edge and begins some text's encoding. At
        the end of the text there are several, for what comes after it is open.

        Args:
            whole: Only edges of such sequences that go on to the end of the text. `canonical()` is
                among them; a text that cannot stop there, as half a character, may have others.

        Returns:
            bool `(m,)`, in the order of `edges()`.

        Raises:
            UnsupportedFeature: What the tokenizer makes cannot be followed; says why.
        """
        return self._core.canonical_edges(self._vocabulary, bool(whole))

    def __contains__(self, ids: ArrayLike) -> bool:
        """Whether these ids spell the text."""
        return self._core.contains(np.ascontiguousarray(to_ids(ids, "ids")))

    def marginal_logprob(
        self,
        score: Callable[[Batch], ArrayLike],
        samples: int,
        seed: int,
        weights: ArrayLike | None = None,
        exact: int = 0,
    ) -> MarginalEstimate:
        """The log-probability of the text over all its tokenizations, by importance sampling.

        Draws tokenizations as `sample` does and averages `p(tokenization) / q(tokenization)`, where
        `q` is the probability of the draw. The average is an unbiased estimate of the probability
        (not its logarithm of the log-probability); weights that resemble the model make it good.
        Where there are at most `exact` tokenizations, all are scored instead and added up.

        Args:
            score: From a `Batch` of distinct tokenizations to their log-probabilities under the
                model, float64 `(rows,)`. Rows drawn more than once are scored once.
            samples: How many are drawn.
            seed: 0 to 2**64 - 1.
            weights: Log-weights of ids to draw by; none: uniformly.
            exact: Add up all tokenizations if there are no more than this.

        Raises:
            InputError: There is no tokenization, or an argument or a score is out of range.

        References: Cao and Rimell 2021, "You should evaluate your language model on marginal
        likelihood over tokenisations"; Chirkova et al. 2023, "Should you marginalize over possible
        tokenizations?"
        """
        limit, draws = whole_number(exact, "exact"), whole_number(samples, "samples", 1)
        if limit and 0 < self.count() <= limit:
            return estimate_marginal(score, self.tokenizations(limit), None)
        return estimate_marginal(score, *self.sample(draws, seed, weights))

    def __repr__(self) -> str:
        """The size of the text and of the graph."""
        return f"TokenGraph({len(self.text)} bytes, {len(self.edges().ids)} edges)"


def _weights(weights: ArrayLike | None) -> NDArray[np.float64] | None:
    return None if weights is None else numbers(weights, "weights")


def _short(count: int) -> str:
    """A number that may have thousands of digits: beyond 2**128, its power of two."""
    bits = count.bit_length()
    return str(count) if bits <= 128 else f"about 2**{bits - 1}"
