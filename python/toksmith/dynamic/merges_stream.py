"""Batch merges over a stream: by what the last few batches have in common.

Start at `MergeStream`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toksmith import _native
from toksmith._native import InputError
from toksmith.dynamic.merges import Call, MergeResult, _checked, _limit, _number, _result
from toksmith.dynamic.merges_bounds import Bounds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from toksmith.batch import Batch
    from toksmith.dynamic.merges import Boundary
    from toksmith.tokenizer import Tokenizer


class MergeStream:
    """A sliding window of batches whose counts persist.

    Each batch is merged by the counts of the last `window` batches, itself included: the result is
    that of `merge_batch` on all of them, of which the new batch's rows are given. Each batch is
    counted once and taken off again when it leaves; in between it costs a copy and its merges.

        >>> import toksmith as ts
        >>> stream = ts.dynamic.MergeStream(2, boundary="none", merges=1, first_id=10)
        >>> stream.push([[1, 2, 1, 2]]).batch.tolist(), stream.push([[3, 4, 1, 2]]).batch.tolist()
        ([[10, 10]], [[3, 4, 10]])

    Args:
        window: Number of batches, at least 1.
        tokenizer: As in `merge_batch`, likewise all others.
        merges: At most so many for each batch.
        boundary: By default `"pretoken"`; batches that come with a mask: `"none"`.
        ties: As in `merge_batch`.
        counting: As in `merge_batch`.
        identity: As in `merge_batch`.
        min_count: As in `merge_batch`; counted in the window, as are the next two.
        target_length: As in `merge_batch`.
        reduction: As in `merge_batch`.
        max_token_bytes: As in `merge_batch`.
        first_id: As in `merge_batch`; needed where there is no tokenizer. New ids begin there for
            each batch anew: what one stands for is said by that batch's log.
        protected: As in `merge_batch`.

    Raises:
        InputError: An argument cannot be.
    """

    __slots__ = ("_boundary", "_core", "_options", "_protected", "_tokenizer", "window")

    def __init__(
        self,
        window: int,
        tokenizer: Tokenizer | None = None,
        *,
        merges: int | None = None,
        boundary: Boundary | None = None,
        ties: Literal["first_seen", "id"] = "first_seen",
        counting: Literal["published", "non_overlapping"] = "published",
        identity: Literal["merge", "bytes"] | None = None,
        min_count: int = 1,
        target_length: int | None = None,
        reduction: float | None = None,
        max_token_bytes: int | None = None,
        first_id: int | None = None,
        protected: Iterable[int] | None = None,
    ) -> None:
        self._tokenizer, self._boundary = _checked(tokenizer), boundary
        self._protected = None if protected is None else list(protected)
        if first_id is None:
            if tokenizer is None:
                raise InputError("a stream needs a first_id or a tokenizer")
            first_id = _limit(tokenizer)
        self._options: tuple[Any, ...] = (
            merges, ties, counting, identity, min_count, target_length, reduction,
            max_token_bytes, first_id,
        )  # fmt: skip
        self.window = _number(window, "window", 1 << 31)
        # What is wrong with the options is said now.
        empty: list[list[int]] = []
        start = "none" if boundary is None and tokenizer is None else boundary
        bounds = Bounds(empty, tokenizer, start, None, None, self._protected)
        Call(tokenizer, bounds, *self._options)
        self._core = _native._MergeStream(self.window)

    def push(
        self,
        batch: Batch | Iterable[ArrayLike],
        *,
        texts: object = None,
        mask: ArrayLike | None = None,
    ) -> MergeResult:
        """Takes in a batch and merges it; the log has all merges of the window.

        Args:
            batch: Rows of ids.
            texts: The texts of the rows.
            mask: Whether each id may merge with the next.

        Raises:
            As `merge_batch`; the window is then as it was. Interrupted (Ctrl-C), the batch may be
            in it.
        """
        bounds = Bounds(batch, self._tokenizer, self._boundary, texts, mask, self._protected)
        call = Call(self._tokenizer, bounds, *self._options)
        ids, offsets = np.ascontiguousarray(bounds.batch.ids), bounds.batch.offsets
        found = self._core.push(
            ids, offsets, bounds.open, bounds.protected, self._tokenizer, call.options, call.rule
        )
        return _result(found, call.first_id, bounds, self._tokenizer)

    def count(self, left: int, right: int) -> int:
        """How often two ids follow each other in the window where they may merge, at first."""
        return self._core.count(_number(left, "left", 1 << 32), _number(right, "right", 1 << 32))

    @property
    def batches(self) -> int:
        """Number of batches in the window."""
        return self._core.size()[0]

    @property
    def ids(self) -> int:
        """Number of ids in the window, as they came."""
        return self._core.size()[1]

    def __repr__(self) -> str:
        """Sizes."""
        return f"MergeStream({self.batches} of {self.window} batches, {self.ids} ids)"
