"""Where the tokens of a batch may merge, from what a call says about it. Start at `Bounds`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith import _native
from toksmith._native import InputError
from toksmith.batch import Batch, to_ids
from toksmith.dynamic.merges_log import BOUNDARIES
from toksmith.inputs import to_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from toksmith.tokenizer import Tokenizer


class Bounds:
    """Where tokens may merge, and where they stand in text.

    Attributes:
        batch: The batch.
        boundary: The boundary's name.
        open: bool `(ids,)`, whether each id may merge with the next, or `None` for everywhere.
        units: int32 `(ids,)`, the number of the pre-token, word or sentence in its row that each id
            begins in, -1 for those in no text; `None` where no text was looked at.
        text_spans: int64 `(ids, 2)`, the bytes of its row's text that each id stands for; likewise.
        protected: uint32, ids that never merge.
    """

    __slots__ = ("batch", "boundary", "open", "protected", "text_spans", "units")

    batch: Batch
    boundary: str
    open: NDArray[np.bool_] | None
    units: NDArray[np.int32] | None
    text_spans: NDArray[np.int64] | None
    protected: NDArray[np.uint32]

    def __init__(
        self,
        batch: Batch | Iterable[ArrayLike],
        tokenizer: Tokenizer | None,
        boundary: str | None,
        texts: object,
        mask: ArrayLike | None,
        protected: Iterable[int] | None,
    ) -> None:
        self.batch = batch if isinstance(batch, Batch) else Batch.from_rows(batch)
        self.protected = _protected(tokenizer, protected)
        if boundary is None:
            boundary = "none" if mask is not None else "pretoken"
        if not (isinstance(boundary, str) and boundary in BOUNDARIES):
            raise InputError(f"boundary must be one of {', '.join(BOUNDARIES)}, not {boundary!r}")
        if tokenizer is None and boundary != "none":
            raise InputError(
                f"boundary={boundary!r} needs a tokenizer; without one there is a mask, or 'none'"
            )
        if tokenizer is None and texts is not None:
            raise InputError("texts need the tokenizer that encoded them")
        self.boundary = boundary
        self.open, self.units, self.text_spans = None, None, None
        if tokenizer is not None:
            self._look(tokenizer, texts)
        if mask is not None:
            given = _to_mask(mask, len(self.batch.ids))
            self.open = given if self.open is None else self.open & given

    def _look(self, tokenizer: Tokenizer, texts: object) -> None:
        """Finds the ids in their texts, where there are any or a boundary depends on it."""
        ids, offsets = self.batch.ids, self.batch.offsets
        published = self.boundary == "pretoken_published"
        if texts is not None or self.boundary not in ("none", "pretoken_published"):
            name = "pretoken" if published else self.boundary
            rows = None if texts is None else _to_list(texts)
            self.open, self.units, self.text_spans = _native._merge_layout(
                tokenizer, np.ascontiguousarray(ids), offsets, rows, name, self.protected
            )
        if published:
            self.open = _native._merge_published(tokenizer, np.ascontiguousarray(ids))


def _protected(tokenizer: Tokenizer | None, protected: Iterable[int] | None) -> NDArray[np.uint32]:
    """Special tokens, the padding, and what the call names."""
    given = to_ids(list(protected) if protected is not None else [], "protected")
    if tokenizer is None:
        return given
    own = list(tokenizer.special_ids.values())
    if tokenizer.pad_id is not None:
        own.append(tokenizer.pad_id)
    return np.concatenate([np.asarray(own, np.uint32), given])


def _to_mask(mask: ArrayLike, length: int) -> NDArray[np.bool_]:
    array = np.asarray(mask)
    if array.dtype != np.bool_ or array.shape != (length,):
        raise InputError(
            f"mask: expected bool ({length},), one for each id of the batch, found {array.dtype} "
            f"{array.shape}"
        )
    return np.ascontiguousarray(array)


def _to_list(texts: object) -> list[Any]:
    found = to_texts(texts)
    if isinstance(found, list):
        return found
    data, edges = found[0].tobytes(), found[1].tolist()
    return [data[a:b] for a, b in pairwise(edges)]
