"""Other ways to segment a text: at random, into the fewest tokens, by the weight of the tokens.

Training on more than one segmentation of a text makes models robust to spelling and lets them see
what tokens are made of; evaluation sums over segmentations. All draws are seeded: row `i` of a call
depends on the seed and on `first_row + i` alone, not on the other rows or on threads, so that a
corpus read in portions is drawn as it would be at once.

What is drawn, and whether the log of its probability (`logprobs=True`) is known:

- `bpe_dropout`: a BPE that passes over merges. Not known, but for `p` of 0 or 1.
- `random_splits`: tokens replaced by pairs of tokens with the same bytes. Not known.
- `fewest_tokens`: as few tokens as can be; among equally short ways any is as likely. Known.
- `weighted_samples`: in proportion to weights, as a unigram model's. Known.
- `n_best` draws nothing: the best by weight, with the share that each has of all.

The last three segment what the tokenizer's own tokens stand for: its normalizer, its added tokens
and (unless told otherwise) its pre-tokens hold, unknown tokens stay, and the result stands for the
same bytes. They need tokens that stand for bytes by themselves; models of whole words,
or with an end-of-word suffix, raise `UnsupportedFeature`.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np

from toksmith import _native
from toksmith._native import InputError, UnsupportedFeature, _Segmenter
from toksmith.batch import Batch
from toksmith.byte_probs.checks import numbers, thread_limit, whole_number
from toksmith.inputs import to_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from toksmith.tokenizer import OnBadText, Specials, Tokenizer

__all__ = [
    "Segmented",
    "bpe_dropout",
    "fewest_tokens",
    "n_best",
    "random_splits",
    "weighted_samples",
]

_SEEDS = 1 << 64


class Segmented(NamedTuple):
    """Rows of ids, and how probable each is."""

    batch: Batch
    """The rows."""
    logprobs: NDArray[np.float64]
    """`(rows,)`: the natural log of the probability that the row is drawn with; of `n_best`, of the
    share that it has of the weight of all segmentations."""


@lru_cache(maxsize=4)
def _kept(tokenizer: _native.Tokenizer) -> _Segmenter:
    return _Segmenter(tokenizer)


def _segmenter(tokenizer: object) -> _Segmenter:
    """The tables of a tokenizer, kept for the last few."""
    if not isinstance(tokenizer, _native.Tokenizer):
        raise InputError(f"expected a Tokenizer, not {type(tokenizer).__name__}")
    return _kept(tokenizer)


@overload
def bpe_dropout(
    tok: Tokenizer,
    texts: Iterable[str | bytes] | ArrayLike,
    p: float,
    seed: int,
    *,
    first_row: int = 0,
    logprobs: Literal[False] = False,
    allowed_special: Specials = (),
    errors: OnBadText = "strict",
    num_threads: int | None = None,
) -> Batch: ...
@overload
def bpe_dropout(
    tok: Tokenizer,
    texts: Iterable[str | bytes] | ArrayLike,
    p: float,
    seed: int,
    *,
    first_row: int = 0,
    logprobs: bool,
    allowed_special: Specials = (),
    errors: OnBadText = "strict",
    num_threads: int | None = None,
) -> Batch | Segmented: ...
def bpe_dropout(
    tok: Tokenizer,
    texts: Iterable[str | bytes] | ArrayLike,
    p: float,
    seed: int,
    *,
    first_row: int = 0,
    logprobs: bool = False,
    allowed_special: Specials = (),
    errors: OnBadText = "strict",
    num_threads: int | None = None,
) -> Batch | Segmented:
    """Encodes texts with a BPE that passes over each merge with probability `p`.

    The process is that of the library whose file it is, as in `Tokenizer.encode_sample`: tokenizers
    0.23.3, or sentencepiece 0.2.3. With `p=0` it is `encode`; with `p=1` bytes or characters alone.

    Args:
        tok: A tokenizer with a BPE model.
        texts: As in `Tokenizer.encode_batch`.
        p: A probability; rounded to float32.
        seed: 0 to 2**64 - 1.
        first_row: The number that the first row is drawn as.
        logprobs: Whether to give the log of each row's probability: 0 where `p` is 0 or 1, unknown
            otherwise, for the ways of passing over merges that lead to one row grow exponentially.
        allowed_special: As in `Tokenizer.encode`.
        errors: As in `Tokenizer.encode`.
        num_threads: At most so many.

    Raises:
        UnsupportedFeature: The model is no BPE, its file has lost merges that only dropout
            makes, or `logprobs` with `p` between 0 and 1.
        InputError: A number is out of range, or a text cannot be used.

    Reference: Provilkov, Emelianenko and Voita 2020, "BPE-Dropout".
    """
    rate = _number(p, "p")
    if logprobs and rate not in (0.0, 1.0):
        raise UnsupportedFeature(
            "log-probabilities of BPE dropout: exponentially many ways of passing over merges lead "
            "to one row; weighted_samples and TokenGraph.sample know theirs"
        )
    found = _segmenter(tok).bpe_dropout(
        _listed(texts),
        rate,
        whole_number(seed, "seed", 0, _SEEDS),
        whole_number(first_row, "first_row"),
        _options(allowed_special, errors, num_threads),
    )
    return _result(found, logprobs)


def random_splits(
    tok: Tokenizer,
    batch: Batch | Iterable[ArrayLike],
    alpha: float,
    seed: int,
    *,
    first_row: int = 0,
    logprobs: bool = False,
    num_threads: int | None = None,
) -> Batch:
    """Replaces tokens at random by two tokens with the same bytes (StochasTok).

    For a row of `n` ids, `floor(alpha * n)` times: one of the tokens that now stand there is
    chosen, each as likely, and one of the pairs of tokens whose bytes together are its bytes, each
    as likely; a token without pairs stays. Added and unknown tokens stay. O(1) a step.

    A pair holds one token a spelling, the one that the model uses; where a byte can be spelled
    `<0x41>`, two of those are a pair too.

    Args:
        tok: A tokenizer whose tokens stand for bytes.
        batch: Its ids: a `Batch`, or one sequence of ids a row.
        alpha: Steps a token, 0 or more; the paper trains with 0.1.
        seed: 0 to 2**64 - 1.
        first_row: The number that the first row is drawn as.
        logprobs: Not known: many orders lead to one row, and what a step may choose depends on all
            before it.
        num_threads: At most so many.

    Raises:
        UnsupportedFeature: `logprobs`, or tokens do not stand for bytes by themselves.
        VocabularyError: An id beyond the vocabulary.
        InputError: A number is out of range, or the batch is none.

    Reference: Sims et al. 2025, "StochasTok", arXiv:2506.01687.
    """
    if logprobs:
        raise UnsupportedFeature(
            "log-probabilities of random splits: many orders of splitting lead to one row, and "
            "what a step may choose depends on all before it"
        )
    rows = batch if isinstance(batch, Batch) else Batch.from_rows(_items(batch))
    ids, offsets, _ = _segmenter(tok).random_splits(
        np.ascontiguousarray(rows.ids),
        np.ascontiguousarray(rows.offsets),
        _number(alpha, "alpha"),
        whole_number(seed, "seed", 0, _SEEDS),
        whole_number(first_row, "first_row"),
        thread_limit(num_threads),
    )
    return Batch._of(ids, offsets)


@overload
def fewest_tokens(
    tok: Tokenizer,
    texts: Iterable[str | bytes] | ArrayLike,
    *,
    ties: Literal["longest", "random"] = "longest",
    seed: int | None = None,
    first_row: int = 0,
    logprobs: Literal[False] = False,
    pre_tokens: bool = True,
    allowed_special: Specials = (),
    errors: OnBadText = "strict",
    num_threads: int | None = None,
) -> Batch: ...
@overload
def fewest_tokens(
    tok: Tokenizer,
    texts: Iterable[str | bytes] | ArrayLike,
    *,
    ties: Literal["longest", "random"] = "longest",
    seed: int | None = None,
    first_row: int = 0,
    logprobs: bool,
    pre_tokens: bool = True,
    allowed_special: Specials = (),
    errors: OnBadText = "strict",
    num_threads: int | None = None,
) -> Batch | Segmented: ...
def fewest_tokens(
    tok: Tokenizer,
    texts: Iterable[str | bytes] | ArrayLike,
    *,
    ties: Literal["longest", "random"] = "longest",
    seed: int | None = None,
    first_row: int = 0,
    logprobs: bool = False,
    pre_tokens: bool = True,
    allowed_special: Specials = (),
    errors: OnBadText = "strict",
    num_threads: int | None = None,
) -> Batch | Segmented:
    """Encodes texts into the fewest tokens that spell them (PathPiece).

    Never more tokens than any other segmentation that keeps to the same pre-tokens, the tokenizer's
    own included. O(bytes * longest token * log vocabulary).

    Args:
        tok: A tokenizer whose tokens stand for bytes.
        texts: As in `Tokenizer.encode_batch`.
        ties: Which of equally short ways is taken, pre-token by pre-token. `"longest"`: that whose
            last token is longest, then the one before it, and so on, as published. `"random"`: any
            of them, each as likely (the published rule draws token by token, which prefers some).
        seed: 0 to 2**64 - 1; for random ties, and only for them.
        first_row: The number that the first row is drawn as.
        logprobs: Whether to give the log of the probability of each row: minus the log of how many
            equally short ways there are; 0 where none is drawn.
        pre_tokens: Whether no token may cross the end of one of the tokenizer's pre-tokens.
        allowed_special: As in `Tokenizer.encode`.
        errors: As in `Tokenizer.encode`.
        num_threads: At most so many.

    Raises:
        UnsupportedFeature: Tokens do not stand for bytes by themselves; says why.
        InputError: A number is out of range, a text cannot be used, or `seed` without random ties
            or the other way round.

    Reference: Schmidt et al. 2024, "Tokenization Is More Than Compression".
    """
    if not (isinstance(ties, str) and ties in ("longest", "random")):
        raise InputError(f'ties must be "longest" or "random", not {ties!r}')
    if (ties == "random") != (seed is not None):
        raise InputError('seed is for ties="random", which needs one')
    found = _segmenter(tok).fewest_tokens(
        _listed(texts),
        None if seed is None else whole_number(seed, "seed", 0, _SEEDS),
        whole_number(first_row, "first_row"),
        bool(pre_tokens),
        _options(allowed_special, errors, num_threads),
    )
    return _result(found, logprobs)


def weighted_samples(
    tok: Tokenizer,
    texts: Iterable[str | bytes] | ArrayLike,
    seed: int,
    *,
    alpha: float = 1.0,
    weights: ArrayLike | None = None,
    first_row: int = 0,
    pre_tokens: bool = True,
    allowed_special: Specials = (),
    errors: OnBadText = "strict",
    num_threads: int | None = None,
) -> Segmented:
    """Draws a segmentation of each text with probability proportional to its weight.

    The weight of a segmentation is `exp(alpha * sum)` of its tokens' log-weights: with those of a
    unigram model, subword regularization over all segmentations. Tokens that only spell a byte
    (`<0x41>`) take no part: they stay where the tokenizer has them.

    Args:
        tok: A unigram tokenizer, or any whose tokens stand for bytes if there are weights.
        texts: As in `Tokenizer.encode_batch`.
        seed: 0 to 2**64 - 1.
        alpha: How much weights count: 0 makes all segmentations equally likely.
        weights: One natural-log weight an id, float64 `(vocab,)`; by default the model's scores.
            Within plus or minus 2**30, or minus infinity for a token that shall not be used.
        first_row: The number that the first row is drawn as.
        pre_tokens: Whether no token may cross the end of one of the tokenizer's pre-tokens.
        allowed_special: As in `Tokenizer.encode`.
        errors: As in `Tokenizer.encode`.
        num_threads: At most so many.

    Returns:
        The rows, and the log of the probability with which each is drawn.

    Raises:
        UnsupportedFeature: There are no weights, and the model has none; or tokens do not stand for
            bytes by themselves.
        InputError: A number is out of range, no segmentation has weight, or a text cannot be used.

    Reference: Kudo 2018, "Subword Regularization".
    """
    found = _segmenter(tok).weighted_samples(
        _listed(texts),
        _number(alpha, "alpha"),
        whole_number(seed, "seed", 0, _SEEDS),
        whole_number(first_row, "first_row"),
        _weights(weights),
        bool(pre_tokens),
        _options(allowed_special, errors, num_threads),
    )
    return Segmented(Batch._of(*found[:2]), found[2])


def n_best(
    tok: Tokenizer,
    text: str | bytes,
    n: int,
    *,
    weights: ArrayLike | None = None,
    pre_tokens: bool = True,
    allowed_special: Specials = (),
    errors: OnBadText = "strict",
) -> Segmented:
    """The `n` segmentations of a text with the greatest weight, the best first.

    Sums are float64; of equal ones that comes first whose first differing token is shorter, or as
    long and of lower id. `Tokenizer.encode_nbest` gives those of sentencepiece, in its float32 and
    its order of ties.

    Args:
        tok: A unigram tokenizer, or any whose tokens stand for bytes if there are weights.
        text: str or bytes.
        n: How many; there may be fewer.
        weights: As in `weighted_samples`.
        pre_tokens: As there.
        allowed_special: As in `Tokenizer.encode`.
        errors: As in `Tokenizer.encode`.

    Returns:
        The rows, and the log of the share that each has of the weight of all segmentations.

    Raises:
        UnsupportedFeature: As `weighted_samples`.
        InputError: As `weighted_samples`; or `n` ways from each byte would take more than 4 GiB.
    """
    found = _segmenter(tok).n_best(
        [text],
        whole_number(n, "n"),
        _weights(weights),
        bool(pre_tokens),
        _options(allowed_special, errors, None),
    )
    return Segmented(Batch._of(*found[:2]), found[2])


def _result(
    found: tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.float64]], logprobs: bool
) -> Batch | Segmented:
    batch = Batch._of(found[0], found[1])
    return Segmented(batch, found[2]) if logprobs else batch


def _listed(texts: object) -> list[Any]:
    data = to_texts(texts)
    if isinstance(data, list):
        return data
    flat, edges = data[0].tobytes(), data[1].tolist()
    return [flat[start:end] for start, end in pairwise(edges)]


def _items(batch: Iterable[ArrayLike]) -> list[ArrayLike]:
    if isinstance(batch, (str, bytes)):
        raise InputError(f"batch: expected rows of ids, not {type(batch).__name__}")
    try:
        return list(batch)
    except TypeError:
        raise InputError(f"batch: expected rows of ids, not {type(batch).__name__}") from None


def _options(
    special: Specials, errors: OnBadText, threads: int | None
) -> tuple[Specials, str, int | None]:
    if not isinstance(errors, str):
        raise InputError(f'errors must be "strict" or "replace", not {errors!r}')
    return (special, errors, thread_limit(threads))


def _weights(weights: ArrayLike | None) -> NDArray[np.float64] | None:
    return None if weights is None else numbers(weights, "weights")


def _number(value: float, what: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"{what} must be a number, not {type(value).__name__}") from None
