"""Batch merges: the most frequent neighbours of a batch become new tokens.

Start at `merge_batch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toksmith import _native
from toksmith._native import InputError
from toksmith.batch import Batch
from toksmith.dynamic.merges_bounds import Bounds
from toksmith.dynamic.merges_log import MergeLog, NewTokens
from toksmith.tokenizer import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from numpy.typing import ArrayLike, NDArray

    Boundary: TypeAlias = Literal[
        "pretoken", "pretoken_published", "word", "word_hyphen", "sentence", "none"
    ]

_MOST = 1 << 48


class MergeResult:
    """A merged batch, how it came to be, and where it came from.

    Attributes:
        batch: The new rows.
        source: The batch as it was.
        log: The merges, in order.
        starts: uint32 `(ids,)`: the place in `source.ids` of the first id that each new id stands
            for; those of the others follow, up to the next one's first.
        boundary: Where tokens may merge, by name.
    """

    __slots__ = ("_bounds", "_tokenizer", "batch", "log", "starts")

    batch: Batch
    log: MergeLog
    starts: NDArray[np.uint32]

    def __init__(
        self,
        batch: Batch,
        log: MergeLog,
        starts: NDArray[np.uint32],
        bounds: Bounds,
        tokenizer: Tokenizer | None,
    ) -> None:
        self.batch, self.log, self.starts = batch, log, starts
        self._bounds, self._tokenizer = bounds, tokenizer

    @property
    def source(self) -> Batch:
        """The batch as it was."""
        return self._bounds.batch

    @property
    def boundary(self) -> str:
        """Where tokens may merge, by name."""
        return self._bounds.boundary

    @property
    def new_tokens(self) -> NewTokens:
        """The new tokens, in the order of their ids."""
        return NewTokens(self.log, self._tokenizer)

    def _ends(self) -> NDArray[np.int64]:
        ends = np.empty(len(self.starts), np.int64)
        ends[:-1] = self.starts[1:]
        ends[-1:] = len(self.source.ids)
        return ends

    @property
    def spans(self) -> NDArray[np.int64]:
        """The places in its original row that each id stands for: int64 `(ids, 2)`, half-open."""
        rows = np.repeat(self.source.offsets[:-1], np.diff(self.batch.offsets))
        return np.stack([self.starts - rows, self._ends() - rows], axis=1)

    @property
    def text_spans(self) -> NDArray[np.int64] | None:
        """The bytes of its row's text that each id stands for: int64 `(ids, 2)`, half-open.

        `None` where no text was looked at: with no tokenizer, and without texts where the boundary
        asks for none. Where there are no texts, bytes are those of what the row's ids decode to.
        """
        of = self._bounds.text_spans
        if of is None:
            return None
        return np.stack([of[self.starts, 0], of[self._ends() - 1, 1]], axis=1)

    @property
    def words(self) -> NDArray[np.int32] | None:
        """The number of the unit in its row that each id begins in: int32 `(ids,)`.

        Units are what the boundary cuts text into: pre-tokens, words or sentences, counted from 0;
        -1 for ids in no text. `None` where no text was looked at.
        """
        units = self._bounds.units
        return None if units is None else units[self.starts]

    def first(self, values: ArrayLike) -> NDArray[Any]:
        """What the first original id of each new id has: word ids, labels of words, positions.

        Args:
            values: `(source ids, ...)`, one for each id of `source`.

        Returns:
            `(ids, ...)`.

        Raises:
            InputError: There are not as many values as original ids.
        """
        array = np.asarray(values)
        if array.shape[:1] != (len(self.source.ids),):
            raise InputError(
                f"expected {len(self.source.ids)} values, one for each original id, found shape "
                f"{array.shape}"
            )
        taken: NDArray[Any] = array[self.starts]
        return taken

    def undo(self, merges: int) -> MergeResult:
        """The result without the last `merges` merges: as if they had not been asked for.

        Raises:
            InputError: There were not as many.
        """
        if not (isinstance(merges, int) and 0 <= merges <= len(self.log)):
            raise InputError(f"there are {len(self.log)} merges to undo, not {merges!r}")
        return _apply(self.log[: len(self.log) - merges], self._bounds, self._tokenizer)

    def __repr__(self) -> str:
        """Sizes."""
        return (
            f"MergeResult({len(self.log)} merges, {len(self.source.ids)} ids to "
            f"{len(self.batch.ids)} in {len(self.batch)} rows)"
        )


def merge_batch(
    batch: Batch | Iterable[ArrayLike],
    tokenizer: Tokenizer | None = None,
    *,
    merges: int | None = None,
    boundary: Boundary | None = None,
    texts: object = None,
    mask: ArrayLike | None = None,
    ties: Literal["first_seen", "id"] = "first_seen",
    counting: Literal["published", "non_overlapping"] = "published",
    identity: Literal["merge", "bytes"] | None = None,
    min_count: int = 1,
    target_length: int | None = None,
    reduction: float | None = None,
    max_token_bytes: int | None = None,
    first_id: int | None = None,
    protected: Iterable[int] | None = None,
) -> MergeResult:
    """Merges the most frequent neighbours of a batch to new tokens, one pair after the other.

        >>> import toksmith as ts
        >>> out = ts.dynamic.merge_batch([[1, 2, 3, 1, 2], [1, 2]], merges=1, boundary="none")
        >>> out.batch.tolist(), out.new_tokens[0].parts, out.spans.tolist()
        ([[4, 3, 4], [4]], (1, 2), [[0, 2], [2, 3], [3, 5], [0, 2]])

    Equal to counting all pairs anew after every merge, at the cost of what is merged: O(ids +
    merged occurrences · log pairs). A batch has at most 2**30 ids; ids are below 2**31.

    Boundaries. A place between two ids is open or closed, once and for all, by the text there:

    - `"pretoken"`: both lie in one pre-token of the tokenizer.
    - `"word"`: in one word: what stands between white spaces, with the white space before it.
    - `"word_hyphen"`: a word, cut before a mark that is no hyphen and does not follow a mark.
    - `"sentence"`: in one sentence by Unicode Standard Annex 29, the white space between two
      belonging to the second. (The published mode of that name cannot merge across spaces; this
      one does.)
    - `"none"`: in one row.
    - `"pretoken_published"`: no place but the joined *string* decides, by the published rule, for
      byte-level tokenizers: a space, tab or newline may stand behind the first byte only if there
      is nothing else (and not in two newlines alone); what then is UTF-8 must be one pre-token by
      itself, what is not may merge.

    Where the ids stand in text is found by encoding `texts` again; a row may have protected ids
    that its text does not have, and may end early. Without texts the ids are decoded: bytes of
    byte-level tokens are the text, whatever encoded them; with any other tokenizer the text that
    they decode to is encoded again and must give the same ids. Protected ids part the text, and
    never merge; neither do ids of different rows.

    Args:
        batch: Rows of ids: a `Batch`, or a sequence of sequences.
        tokenizer: Whose ids they are. Needed for all boundaries but `"none"` and a mask.
        merges: At most so many; by default until nothing is left to merge.
        boundary: As above; by default `"pretoken"`, or `"none"` where there is a mask.
        texts: The texts of the rows, as many.
        mask: bool `(ids,)`: whether each id may merge with the next; both must allow it where a
            boundary is named, too.
        ties: Of equally frequent pairs, the one that comes first in the batch as it is by then
            (published), or that of the smallest left id, then right id.
        counting: How often a pair occurs in a run of one token: `"published"` counts neighbours,
            two in `x x x`; `"non_overlapping"` what can be merged, one.
        identity: What a token is. `"merge"`: each merge makes one of its own. `"bytes"`: a merge
            that spells a token of the tokenizer's model, or an earlier new one, makes that
            (published; byte-level tokenizers). By default `"bytes"` for `"pretoken_published"`,
            else `"merge"`.
        min_count: Pairs counted less often are not merged.
        target_length: No merge follows once the batch has no more ids than this.
        reduction: No merge follows once this part of the ids is gone, from 0 to 1.
        max_token_bytes: Pairs that spell more are not merged. Needs a tokenizer.
        first_id: The first new id; by default one more than the tokenizer's largest, or than the
            batch's.
        protected: Ids that never merge, besides the tokenizer's special tokens and padding.

    Returns:
        A `MergeResult`.

    Raises:
        InputError: An argument cannot be, or the texts do not have the ids.
        VocabularyError: An id is not below `first_id`, or the tokenizer has no such id.
        UnsupportedFeature: Bytes are asked of a tokenizer that has none; non-overlapping counting
            with `identity="bytes"`.

    Across a whole corpus use `toksmith.train.extend_bpe`, which counts words and gives a tokenizer.

    Reference: Feher, Vulić, Minixhofer 2025, "Retrofitting (Large) Language Models with Dynamic
    Tokenization".
    """
    bounds = Bounds(batch, _checked(tokenizer), boundary, texts, mask, protected)
    call = Call(
        tokenizer, bounds, merges, ties, counting, identity, min_count, target_length, reduction,
        max_token_bytes, first_id,
    )  # fmt: skip
    ids, offsets = np.ascontiguousarray(bounds.batch.ids), bounds.batch.offsets
    found = _native._merge_batch(
        ids, offsets, bounds.open, bounds.protected, tokenizer, call.options, call.rule
    )
    return _result(found, call.first_id, bounds, tokenizer)


def apply(
    log: MergeLog,
    batch: Batch | Iterable[ArrayLike],
    tokenizer: Tokenizer | None = None,
    *,
    boundary: Boundary | None = None,
    texts: object = None,
    mask: ArrayLike | None = None,
    protected: Iterable[int] | None = None,
) -> MergeResult:
    """The merges of a log on other rows, each by itself: what serving wants.

    What becomes of a row depends on the log and that row alone, never on its batch-mates. The
    merges are done in their order, each from left to right; O(n log n) for a row of n ids,
    whatever the length of the log.

    Args:
        log: The merges.
        batch: Rows of ids below the log's `first_id`.
        tokenizer: As in `merge_batch`; likewise the others.
        boundary: By default the log's own; `"none"` where there is a mask.
        texts: The texts of the rows.
        mask: Whether each id may merge with the next.
        protected: Ids that never merge.

    Raises:
        InputError: An argument cannot be, or the texts do not have the ids.
        VocabularyError: An id is not below `first_id`.
    """
    if not isinstance(log, MergeLog):
        raise InputError(f"log must be a MergeLog, not {type(log).__name__}")
    name = log.boundary if boundary is None and mask is None else boundary
    bounds = Bounds(batch, _checked(tokenizer), name, texts, mask, protected)
    return _apply(log, bounds, tokenizer)


def _apply(log: MergeLog, bounds: Bounds, tokenizer: Tokenizer | None) -> MergeResult:
    ids, offsets = np.ascontiguousarray(bounds.batch.ids), bounds.batch.offsets
    new, edges, starts = log._applier.apply(ids, offsets, bounds.open, bounds.protected)
    return MergeResult(Batch._of(new, edges), log, starts, bounds, tokenizer)


def _result(
    found: tuple[Any, Any, Any, Any],
    first_id: int,
    bounds: Bounds,
    tokenizer: Tokenizer | None,
) -> MergeResult:
    ids, offsets, starts, (left, right, made, counts, saved) = found
    log = MergeLog(left, right, made, counts, saved, first_id, bounds.boundary)
    return MergeResult(Batch._of(ids, offsets), log, starts, bounds, tokenizer)


class Call:
    """The options of one call, checked, as the core takes them."""

    __slots__ = ("first_id", "options", "rule")

    def __init__(
        self,
        tokenizer: Tokenizer | None,
        bounds: Bounds,
        merges: int | None,
        ties: str,
        counting: str,
        identity: str | None,
        min_count: int,
        target_length: int | None,
        reduction: float | None,
        max_token_bytes: int | None,
        first_id: int | None,
    ) -> None:
        published = bounds.boundary == "pretoken_published"
        if identity is None:
            identity = "bytes" if published else "merge"
        by_bytes = _named(identity, "identity", ("merge", "bytes")) == "bytes"
        if tokenizer is None and (by_bytes or max_token_bytes is not None):
            raise InputError("max_token_bytes and identity='bytes' need a tokenizer")
        if first_id is None:
            first_id = int(bounds.batch.ids.max(initial=0)) + 1 if len(bounds.batch.ids) else 0
            if tokenizer is not None:
                first_id = max(first_id, _limit(tokenizer))
        elif _number(first_id, "first_id", 1 << 31) < (_limit(tokenizer) if tokenizer else 0):
            raise InputError(f"first_id={first_id} is an id of the tokenizer, or below one")
        if reduction is not None and not isinstance(reduction, (int, float)):
            raise InputError(f"reduction must be a number from 0 to 1, not {reduction!r}")
        self.first_id = first_id
        self.options = (
            _named(ties, "ties", ("first_seen", "id")) == "id",
            _named(counting, "counting", ("published", "non_overlapping")) == "non_overlapping",
            None if merges is None else _number(merges, "merges"),
            _number(min_count, "min_count", 1 << 31),
            None if target_length is None else _number(target_length, "target_length"),
            None if reduction is None else float(reduction),
            first_id,
        )
        longest = None if max_token_bytes is None else _number(max_token_bytes, "max_token_bytes")
        self.rule = (longest, by_bytes, published)


def _limit(tokenizer: Tokenizer) -> int:
    """One more than the largest id."""
    return _native._merge_limit(tokenizer)


def _checked(tokenizer: Tokenizer | None) -> Tokenizer | None:
    if tokenizer is not None and not isinstance(tokenizer, Tokenizer):
        raise InputError(f"tokenizer must be a Tokenizer, not {type(tokenizer).__name__}")
    return tokenizer


def _named(value: str, what: str, names: tuple[str, ...]) -> str:
    if not (isinstance(value, str) and value in names):
        raise InputError(f"{what} must be one of {', '.join(names)}, not {value!r}")
    return value


def _number(value: int, what: str, limit: int = _MOST) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, np.integer))
        or not 0 <= value < limit
    ):
        raise InputError(f"{what} must be a whole number from 0 below {limit}, not {value!r}")
    return int(value)
