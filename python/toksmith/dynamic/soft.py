"""Soft merging: vectors of a sequence that say the same become one.

Inside a model, between two layers, similar positions are merged and later, if need be, put back:
`bipartite` (token merging, ToMe) and `energy` (PiToMe) choose who merges by the cosines of a
metric, mostly the keys of attention, and give a `Plan`, which merges any array of those positions.

    >>> import numpy as np
    >>> x = np.array([[[1, 0], [1, 0], [0, 1], [0, 2]]], np.float32)
    >>> plan = bipartite(x, r=1)
    >>> plan.merge(x).values.tolist()
    [[[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]]]
    >>> plan.map.tolist()
    [[0, 0, 1, 2]]

Memory is linear in the length: cosines are folded as they are made, and never stored. Products are
fused multiply-adds in one order, so that results are the same on every processor and for every
number of threads. Nothing here has gradients.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from toksmith._native import InputError, _SoftPlan
from toksmith.byte_probs.checks import thread_limit, whole_number
from toksmith.byte_probs.rows import to_array
from toksmith.dynamic.arrays import to_floats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float32] | NDArray[np.float64]
    Order = Literal["keep", "published"]

__all__ = ["Merged", "Plan", "bipartite", "energy"]


class Merged(NamedTuple):
    """What became of some vectors."""

    values: NDArray[Any]
    """`(batch, n - r, d)`, float32 or float64 as given: means weighted by size."""
    sizes: NDArray[np.float64]
    """`(batch, n - r)`: how much each stands for; proportional attention adds their log."""


class Plan:
    """Which positions of each sequence go together; made by `bipartite` and `energy`."""

    __slots__ = ("_core", "_map", "_positions")

    _core: _SoftPlan
    _map: NDArray[np.int64]
    _positions: NDArray[np.int64]

    def __init__(self, core: _SoftPlan) -> None:
        self._core = core
        self._map, self._positions = core.maps

    @property
    def map(self) -> NDArray[np.int64]:
        """For each position the place of what it becomes: `(batch, n)`."""
        return self._map

    @property
    def positions(self) -> NDArray[np.int64]:
        """For each place after merging the first position that became it: `(batch, n - r)`."""
        return self._positions

    def merge(
        self, x: object, sizes: ArrayLike | None = None, num_threads: int | None = None
    ) -> Merged:
        """Merges the vectors of these positions into the means of those that go together.

        A vector that nothing merges with is copied. Sums are float64.

        Args:
            x: `(batch, n, d)`: numpy, DLPack or torch in main memory; float16 and bfloat16 become
                float32. Any `d`: values, hidden states, or positions.
            sizes: How much each vector stands for, positive, `(batch, n)`: the `sizes` of an
                earlier `Merged`; by default 1.
            num_threads: At most so many, one a sequence.

        Raises:
            InputError: Another shape or type, a number that is not finite, a size not positive.
        """
        values, total = self._core.merge(
            to_floats(x, "x", 3), _sizes(sizes), thread_limit(num_threads)
        )
        return Merged(values, total)

    def unmerge(self, y: object) -> NDArray[Any]:
        """Puts vectors back: each position gets that of the place it became.

        `unmerge(merge(x).values)` has at each position the mean of all that merged with it.

        Args:
            y: `(batch, n - r, d)`.

        Returns:
            `(batch, n, d)`.

        Raises:
            InputError: Another shape or type.
        """
        values = to_floats(y, "y", 3)
        if values.shape[:2] != self._positions.shape:
            raise InputError(
                f"y: expected shape {(*self._positions.shape, 'd')}, found {values.shape}"
            )
        rows = np.arange(len(values))[:, None]
        result: NDArray[Any] = values[rows, self._map]
        return result

    def __repr__(self) -> str:
        """The sizes."""
        batch, before = self._map.shape
        return f"Plan({batch} sequences, {before} positions to {self._positions.shape[1]})"


def bipartite(
    metric: object,
    r: int,
    *,
    protected: ArrayLike | None = None,
    order: Order = "keep",
    window: int | None = None,
    causal: bool = False,
    num_threads: int | None = None,
) -> Plan:
    """Bipartite soft matching: even positions merge into the odd ones most like them.

    Each even position is matched with the odd position of largest cosine, the first of equal ones;
    of these pairs the `r` of largest cosine are merged, the first of equal ones. Several may merge
    into one. O(n**2 d) multiplications, O(n w d) in a window.

    Args:
        metric: `(batch, n, d)`: numpy, DLPack or torch in main memory. Of a zero vector all cosines
            are 0.
        r: How many positions of each sequence merge away.
        protected: bool `(batch, n)` or `(n,)`: positions that do not merge and that nothing merges
            into: class tokens, padding.
        order: `"keep"`: what merges stands where the first of it stood, so that order is kept.
            `"published"`: first the even positions that stay, by falling cosine (in order where
            position 0 is protected), then the odd ones.
        window: Only positions at most so far apart.
        causal: Only into earlier positions, so that whom a position may merge with does not depend
            on what comes after it. Which `r` pairs are merged depends on the whole sequence.
        num_threads: At most so many, one a sequence.

    Raises:
        InputError: More than can be merged, another shape or type, or a number that is not finite.

    Reference: Bolya et al. 2023, "Token Merging: Your ViT But Faster".
    """
    array = to_floats(metric, "metric", 3)
    core = _SoftPlan.bipartite(
        array,
        _chosen(r, window, causal, order),
        _flags(protected, array),
        thread_limit(num_threads),
    )
    return Plan(core)


def energy(
    metric: object,
    r: int,
    *,
    margin: float = 0.5,
    alpha: float = 1.0,
    kernel: Literal["elu", "gauss"] = "elu",
    pairing: Literal["alternate", "halves"] = "alternate",
    protected: ArrayLike | None = None,
    order: Order = "keep",
    window: int | None = None,
    causal: bool = False,
    num_threads: int | None = None,
) -> Plan:
    """Energy-protected merging: positions that are like many others merge, others are protected.

    The energy of a position is the mean, over the positions that are not protected, itself
    included, of `ELU(cosine - margin)` with `alpha`, or of a Gaussian. Of the `2 r` positions of
    largest energy half are sources and half targets; each source merges into the target of largest
    cosine. Of equal numbers the first position counts as larger. O(n**2 d) multiplications.

    Args:
        metric: As in `bipartite`.
        r: How many positions of each sequence merge away; at most half of those not protected.
        margin: From which cosine on others count as like.
        alpha: How much unlike ones take away at most; not used by `"gauss"`.
        kernel: `"elu"`, or `"gauss"`: `exp(-((1 - cosine) / (1 - margin))**2 / 2)`, what the
            published code has for text.
        pairing: `"alternate"`: in order of energy every other one is a source; `"halves"`: the
            first `r` are.
        protected: As in `bipartite`.
        order: `"keep"` as in `bipartite`. `"published"`: protected positions, then those that stay
            by falling energy, then targets by falling energy.
        window: Only positions at most so far apart, in energies too.
        causal: Only into earlier positions; energies over earlier positions and itself. Which
            positions are merged depends on the whole sequence.
        num_threads: As in `bipartite`.

    Raises:
        InputError: More than can be merged (in a window, a source may have no target there),
            another shape or type, or a number that is out of range or not finite.

    Reference: Tran et al. 2024, "Accelerating Transformers with Spectrum-Preserving Token Merging".
    """
    if not (isinstance(kernel, str) and kernel in ("elu", "gauss")):
        raise InputError(f'kernel must be "elu" or "gauss", not {kernel!r}')
    if not (isinstance(pairing, str) and pairing in ("alternate", "halves")):
        raise InputError(f'pairing must be "alternate" or "halves", not {pairing!r}')
    array = to_floats(metric, "metric", 3)
    weighed = (_number(margin, "margin"), _number(alpha, "alpha"))
    core = _SoftPlan.energy(
        array,
        (*weighed, kernel == "gauss", pairing == "halves"),
        _chosen(r, window, causal, order),
        _flags(protected, array),
        thread_limit(num_threads),
    )
    return Plan(core)


def _chosen(
    r: int, window: int | None, causal: bool, order: Order
) -> tuple[int, int | None, bool, bool]:
    if not (isinstance(order, str) and order in ("keep", "published")):
        raise InputError(f'order must be "keep" or "published", not {order!r}')
    reach = None if window is None else whole_number(window, "window")
    return (whole_number(r, "r"), reach, bool(causal), order == "published")


def _flags(protected: ArrayLike | None, metric: Floats) -> NDArray[np.bool_] | None:
    if protected is None:
        return None
    flags = np.asarray(protected) if isinstance(protected, (list, tuple)) else None
    flags = to_array(protected, "protected")[0] if flags is None else flags
    if flags.dtype != np.bool_:
        raise InputError(f"protected: expected bool, found {flags.dtype}")
    if flags.shape not in (metric.shape[:2], metric.shape[1:2]):
        raise InputError(
            f"protected: expected shape {metric.shape[:2]} or {metric.shape[1:2]}, "
            f"found {flags.shape}"
        )
    return np.ascontiguousarray(np.broadcast_to(flags, metric.shape[:2]))


def _sizes(sizes: ArrayLike | None) -> NDArray[np.float64] | None:
    if sizes is None:
        return None
    array = to_floats(sizes, "sizes", 2)
    return np.ascontiguousarray(array, np.float64)


def _number(value: float, what: str) -> float:
    try:
        return float(operator.index(value) if isinstance(value, int) else value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what} must be a number, not {type(value).__name__}") from None
