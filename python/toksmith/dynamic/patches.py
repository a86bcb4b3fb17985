"""Rows of positions cut into patches, and what makes such cuts.

One class, `Patches`, holds what all of them give. Start at `space_patches` or `entropy_patches`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import numpy as np

from toksmith import _native
from toksmith._native import InputError
from toksmith.byte_probs.rows import to_array
from toksmith.dynamic.arrays import to_floats
from toksmith.inputs import to_texts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Rule: TypeAlias = Literal["threshold", "monotone", "combined", "combined_published", "top_k"]
Texts: TypeAlias = "str | bytes | Iterable[str | bytes] | ArrayLike"

BLT_THRESHOLD = 1.335442066192627
"""The threshold that BLT's patcher has by default, in nats."""

_LIMIT = 1 << 62


class Patches:
    """Rows of positions, end to end, each cut into patches that cover it; none is empty.

    Positions are bytes where texts are cut; a patch never reaches into another row. `len` is the
    number of rows; `patches[i]` are the spans of row `i`, counted from where the row begins.

    Args:
        offsets: Where each patch begins, and the end: `(patches + 1,)`, rising from 0.
        rows: The patches of row `i` are `rows[i]` to `rows[i + 1]`: `(rows + 1,)`, rising from 0 to
            the number of patches. By default all patches are one row.

    Raises:
        InputError: The numbers do not rise, or do not fit together.
    """

    __slots__ = ("_offsets", "_rows")

    _offsets: NDArray[np.int64]
    _rows: NDArray[np.int64]

    def __init__(self, offsets: ArrayLike, rows: ArrayLike | None = None) -> None:
        self._offsets = to_offsets(offsets, None, "offsets")
        if (np.diff(self._offsets) == 0).any():
            raise InputError("offsets: a patch is empty")
        count = len(self._offsets) - 1
        self._rows = to_offsets([0, count] if rows is None else rows, count, "rows")

    @classmethod
    def _of(cls, offsets: NDArray[np.int64], rows: NDArray[np.int64]) -> Patches:
        """From arrays that are known to be right: what the core hands out."""
        patches = cls.__new__(cls)
        patches._offsets = offsets
        patches._rows = rows
        return patches

    @classmethod
    def from_mask(cls, mask: ArrayLike, row_offsets: ArrayLike | None = None) -> Patches:
        """Patches that begin where a mask says.

        The first position of a row begins one whatever the mask says.

        Args:
            mask: bool `(positions,)`, or `(rows, positions)` for rows of equal length.
            row_offsets: Where rows begin, and the end: `(rows + 1,)`. By default all is one row, or
                the rows of a mask of two dimensions.

        Raises:
            InputError: The mask is not of bool, or the rows do not fit it.
        """
        flags = np.asarray(mask)
        if flags.dtype != np.bool_ and not (flags.size == 0 and isinstance(mask, list)):
            raise InputError(f"mask: expected bool, found {flags.dtype}")
        if flags.ndim == 2 and row_offsets is None:
            row_offsets = np.arange(len(flags) + 1, dtype=np.int64) * flags.shape[1]
        elif flags.ndim != 1:
            raise InputError(f"mask: expected one dimension, found shape {flags.shape}")
        flags = flags.astype(np.bool_).reshape(-1)
        bounds = to_offsets(
            [0, len(flags)] if row_offsets is None else row_offsets, len(flags), "row_offsets"
        )
        flags[bounds[:-1][bounds[:-1] < bounds[1:]]] = True
        starts = np.flatnonzero(flags).astype(np.int64)
        return cls._of(np.append(starts, bounds[-1:]), np.searchsorted(starts, bounds))

    @classmethod
    def from_lengths(cls, lengths: Iterable[ArrayLike]) -> Patches:
        """Patches of given lengths, one sequence of them a row.

        Raises:
            InputError: A length is not a whole number of at least 1.
        """
        sizes = [_whole_numbers(row, f"row {number}", 1) for number, row in enumerate(lengths)]
        flat = np.concatenate(sizes) if sizes else np.empty(0, np.int64)
        return cls._of(_ends(flat), _ends(np.array([len(row) for row in sizes], np.int64)))

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each patch begins, rows end to end, and the end: int64 `(patches + 1,)`."""
        return self._offsets

    @property
    def rows(self) -> NDArray[np.int64]:
        """With which patch each row begins, and their number: int64 `(rows + 1,)`."""
        return self._rows

    @property
    def row_offsets(self) -> NDArray[np.int64]:
        """With which position each row begins, and the end: int64 `(rows + 1,)`."""
        return self._offsets[self._rows]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Positions of each patch: int64 `(patches,)`."""
        return np.diff(self._offsets)

    @property
    def spans(self) -> NDArray[np.int64]:
        """Where each patch begins and ends, rows end to end: int64 `(patches, 2)`."""
        return np.stack([self._offsets[:-1], self._offsets[1:]], 1)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Whether a position begins a patch: bool `(positions,)`, rows end to end."""
        flags = np.zeros(self._offsets[-1], np.bool_)
        flags[self._offsets[:-1]] = True
        return flags

    @property
    def patch_ids(self) -> NDArray[np.int64]:
        """The patch of each position, counted from 0 in its row: int64 `(positions,)`."""
        per_row = np.diff(self._rows)
        own = np.arange(len(self._offsets) - 1) - np.repeat(self._rows[:-1], per_row)
        return np.repeat(own, self.lengths)

    @property
    def cu_seqlens(self) -> NDArray[np.int32]:
        """`offsets` as int32 `(patches + 1,)`, as kernels over ragged sequences take them.

        Raises:
            InputError: There are 2**31 positions or more.
        """
        return to_int32(self._offsets)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._rows) - 1

    @overload
    def __getitem__(self, index: int) -> NDArray[np.int64]: ...
    @overload
    def __getitem__(self, index: slice) -> Patches: ...
    def __getitem__(self, index: int | slice) -> NDArray[np.int64] | Patches:
        """Spans of one row, int64 `(patches, 2)` from where the row begins, or a slice of rows.

        Raises:
            IndexError: No such row.
            InputError: A slice with a step.
        """
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                raise InputError(f"rows of patches cannot be sliced with a step of {step}")
            rows = self._rows[start : max(start, stop) + 1]
            offsets = self._offsets[rows[0] : rows[-1] + 1]
            return Patches._of(offsets - offsets[0], rows - rows[0])
        row = operator.index(index)
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of patches of {len(self)} rows")
        first, last = self._rows[row % len(self) :][:2]
        offsets = self._offsets[first : last + 1] - self._offsets[first]
        return np.stack([offsets[:-1], offsets[1:]], 1)

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        """The spans of each row."""
        return (self[row] for row in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether the other has the same patches in the same rows."""
        if not isinstance(other, Patches):
            return NotImplemented
        return np.array_equal(self._offsets, other._offsets) and np.array_equal(
            self._rows, other._rows
        )

    __hash__ = None  # type: ignore[assignment]  # the arrays can be written to

    def __reduce__(self) -> tuple[type[Patches], tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Pickles the two arrays; they are checked again when they come back."""
        return (Patches, (self._offsets, self._rows))

    def __repr__(self) -> str:
        """Sizes."""
        count = len(self._offsets) - 1
        return f"Patches({len(self)} rows, {count} patches of {self._offsets[-1]} positions)"

    def split(self, max_length: int) -> Patches:
        """The same with longer patches cut into pieces of `max_length` and what is left.

        Raises:
            InputError: `max_length` is not a whole number of at least 1.
        """
        most = whole_number(max_length, "max_length", 1)
        return Patches._of(*_native._split_patches(self._offsets, self._rows, most))

    def to_padded(self, length: int | None = None) -> NDArray[np.int64]:
        """Lengths of patches a row, filled up with 0: int64 `(rows, length)`.

        Args:
            length: Columns; by default as many as the row with the most patches has.

        Raises:
            InputError: A row has more patches than `length`.
        """
        per_row = np.diff(self._rows)
        most = int(per_row.max(initial=0))
        columns = most if length is None else whole_number(length, "length", 0)
        if most > columns:
            raise InputError(f"row {per_row.argmax()} has {most} patches, more than {columns}")
        padded = np.zeros((len(self), columns), np.int64)
        padded[np.arange(columns) < per_row[:, None]] = self.lengths
        return padded

    def pieces(self, texts: Texts) -> list[list[bytes]]:
        """The bytes of each patch of texts that were cut so, a list a row.

        Raises:
            InputError: The rows are not as long as the texts.
        """
        data, offsets = text_bytes(texts)
        if not np.array_equal(offsets, self.row_offsets):
            raise InputError("the rows of the patches are not as long as the texts")
        flat, ends, rows = data.tobytes(), self._offsets.tolist(), self._rows.tolist()
        cut = [flat[ends[j] : ends[j + 1]] for j in range(len(ends) - 1)]
        return [cut[rows[i] : rows[i + 1]] for i in range(len(rows) - 1)]


def space_patches(texts: Texts, *, bos: bool = False, num_threads: int | None = None) -> Patches:
    """Cuts after what is like a space: no ASCII letter or digit, and no UTF-8 continuation byte.

    A patch begins with a text, and after each byte like a space unless the byte before that is one
    too. The first byte of a character beyond ASCII is like a space, so the rest of the character
    begins a patch: that is the published rule.

    Args:
        texts: One str or bytes, or many in any form that `Tokenizer.encode_batch` takes.
        bos: What stands before a text counts as like a space, as the token there does in BLT: a
            first byte that is like a space then ends no patch.
        num_threads: Threads, by default `TOKSMITH_NUM_THREADS`, else one a processor.

    Raises:
        InputError: A text is neither str nor bytes, or has lone surrogates.

    Reference: Slagle, "SpaceByte: Towards Deleting Tokenization from Large Language Modeling";
    Pagnoni et al., "Byte Latent Transformer: Patches Scale Better Than Tokens".
    """
    found = _native._space_patches(core_texts(texts), bool(bos), checked_threads(num_threads))
    return Patches._of(*found)


def word_patches(
    texts: Texts,
    *,
    spaces: Literal["own", "next", "previous"] = "own",
    num_threads: int | None = None,
) -> Patches:
    """Cuts into words by the rules of Unicode, UAX 29; what is between words is cut, too.

    A run of bytes that are not UTF-8 is one patch. The rules are those of Unicode 17.

    Args:
        texts: One str or bytes, or many in any form that `Tokenizer.encode_batch` takes.
        spaces: Where white space goes: into patches of its "own", as UAX 29 has it, or with the
            "next" or the "previous" patch.
        num_threads: Threads, by default `TOKSMITH_NUM_THREADS`, else one a processor.

    Raises:
        InputError: A text is neither str nor bytes, or has lone surrogates.
    """
    found = _native._word_patches(core_texts(texts), spaces, checked_threads(num_threads))
    return Patches._of(*found)


def stride_patches(lengths: int | Sequence[int] | NDArray[Any], stride: int) -> Patches:
    """Patches of `stride` positions; the last of a row may be shorter.

    Args:
        lengths: Positions of each row, or of the only one.
        stride: At least 1.

    Raises:
        InputError: A number is no whole number or out of range.
    """
    sizes = _whole_numbers(np.atleast_1d(lengths), "lengths", 0)
    if int(sizes.sum(dtype=object)) >= _LIMIT:
        raise InputError("lengths: more positions than can be counted")
    most = whole_number(stride, "stride", 1)
    return Patches._of(*_native._stride_patches(sizes.tolist(), most))


def entropies(logits: object, *, num_threads: int | None = None) -> NDArray[np.float64]:
    """The entropy of each row of logits, in nats.

    Args:
        logits: `(rows, width)` logits or log-probabilities (each row is normalised, so either will
            do); numpy or anything with `__array__` or `__dlpack__`; float64, float32, float16 or
            bfloat16. Minus infinity is probability zero.
        num_threads: Threads, by default `TOKSMITH_NUM_THREADS`, else one a processor.

    Returns:
        float64 `(rows,)`, at least 0.

    Raises:
        InputError: Another type or shape; a row with NaN or plus infinity, or of minus infinity
            alone.
    """
    return _native._entropies(to_floats(logits, "logits", 2), checked_threads(num_threads))


def entropy_patches(
    entropies: object,
    row_offsets: ArrayLike | None = None,
    *,
    rule: Rule = "threshold",
    threshold: float | None = None,
    threshold_add: float | None = None,
    patch_size: float | None = None,
    max_patch_length: int | None = None,
    include_next_token: bool = False,
    num_threads: int | None = None,
) -> Patches:
    """Cuts where a model over bytes is surprised, by the rules of BLT.

    `H[i]` is the entropy, in nats, of what comes after position `i` of a row, so it decides whether
    position `p = i + 1` begins a patch. Positions 0 and 1 of a row always do; others do if

    - "threshold": `H[p - 1] > threshold`.
    - "monotone": `H[p - 1] - H[p - 2] > threshold`. `H[0]` plays no part: position 2 has nothing
      to be compared with and always begins a patch.
    - "combined": `H[p - 1] > threshold`, `H[p - 1] - H[p - 2] > threshold_add`, and position
      `p - 1` begins no patch; position 2 always begins one.
    - "combined_published": the same as the published code has it, which knows of position 2 alone
      when it asks what begins a patch: that keeps position 3 from beginning one, and no other.
    - "top_k": it is one of the `n // patch_size - 2` positions with the largest entropies before
      them, of equal ones the first. This is not causal.

    Entropies are compared in the type they are given in, as the published code does in float32.

    Args:
        entropies: `(positions,)` of rows end to end, or `(rows, positions)`; float32, float64, or
            what becomes that.
        row_offsets: Where rows begin, and the end: `(rows + 1,)`, for rows of different lengths.
            Nothing is ever compared across rows.
        rule: Which rule.
        threshold: In nats; by default BLT's, 1.335442066192627.
        threshold_add: In nats, for the combined rules, which need it.
        patch_size: Positions a patch on average, at least 1, for "top_k", which needs it.
        max_patch_length: Longer patches are cut into pieces of this and what is left.
        include_next_token: Each row has one position more: that of what comes after it.
        num_threads: Threads, by default `TOKSMITH_NUM_THREADS`, else one a processor.

    Raises:
        InputError: An entropy that is no finite number; an argument the rule does not have, lacks,
            or that is out of range; rows that do not fit.

    Reference: Pagnoni et al., "Byte Latent Transformer: Patches Scale Better Than Tokens".
    """
    given = dimensions(entropies, "entropies")
    numbers = to_floats(entropies, "entropies", 2 if given == 2 else 1)
    if given == 2 and row_offsets is None:
        row_offsets = np.arange(len(numbers) + 1, dtype=np.int64) * numbers.shape[1]
    elif given == 2:
        raise InputError("row_offsets: entropies of two dimensions have their rows")
    numbers = numbers.reshape(-1)
    offsets = to_offsets(
        [0, len(numbers)] if row_offsets is None else row_offsets, len(numbers), "row_offsets"
    )
    found = _native._entropy_patches(
        numbers,
        offsets,
        _rule(rule, threshold, threshold_add, patch_size),
        _most(max_patch_length),
        bool(include_next_token),
        checked_threads(num_threads),
    )
    return Patches._of(*found)


class EntropyPatcher:
    """Follows one row, entropy by entropy, and says what begins a patch as soon as that is known.

    The starts of all pushes together are those of `entropy_patches` with `include_next_token=True`.

    Args:
        rule: As for `entropy_patches`, but not "top_k".
        threshold: As there.
        threshold_add: As there.
        max_patch_length: As there.

    Raises:
        UnsupportedFeature: The rule "top_k", which needs the whole row.
        InputError: An argument the rule does not have, lacks, or that is out of range.
    """

    __slots__ = ("_core",)

    def __init__(
        self,
        rule: Rule = "threshold",
        *,
        threshold: float | None = None,
        threshold_add: float | None = None,
        max_patch_length: int | None = None,
    ) -> None:
        # The core refuses what is not causal, whatever its size.
        size = 1.0 if rule == "top_k" else None
        chosen = _rule(rule, threshold, threshold_add, size)
        self._core = _native._EntropyPatcher(chosen, _most(max_patch_length))

    def push(self, entropies: object) -> NDArray[np.int64]:
        """Takes the next entropies and gives the positions, now decided, that begin a patch.

        A position as large as the number of entropies so far is that of what comes next. Position 0
        comes with the first push, even of nothing.

        Args:
            entropies: `(n,)` in nats, or one number. They are compared in the type they have.

        Returns:
            int64, rising, counted from the beginning of the row.

        Raises:
            InputError: An entropy that is no finite number; then none is taken.
        """
        if isinstance(entropies, (int, float)):
            entropies = [float(entropies)]
        elif isinstance(entropies, np.generic):
            entropies = entropies.reshape(1)
        return self._core.push(to_floats(entropies, "entropies", 1))

    def __len__(self) -> int:
        """Number of entropies so far."""
        return self._core.seen

    def copy(self) -> EntropyPatcher:
        """Another one in the same state, which goes its own way."""
        copy = EntropyPatcher.__new__(EntropyPatcher)
        copy._core = self._core.copy()
        return copy


def _rule(
    rule: str, threshold: float | None, threshold_add: float | None, patch_size: float | None
) -> tuple[str, float, float]:
    """What the core takes; no argument is ignored."""
    if not isinstance(rule, str):
        raise InputError(f"rule must be a str, not {type(rule).__name__}")
    combined, top_k = rule.startswith("combined"), rule == "top_k"
    for name, given, has, needs in (
        ("threshold", threshold, not top_k, False),
        ("threshold_add", threshold_add, combined, True),
        ("patch_size", patch_size, top_k, True),
    ):
        if given is not None and not has:
            raise InputError(f"the rule {rule!r} has no {name}")
        if given is None and has and needs:
            raise InputError(f"the rule {rule!r} needs {name}")
        if given is not None and (isinstance(given, bool) or not isinstance(given, (int, float))):
            raise InputError(f"{name} must be a number, not {type(given).__name__}")
    first = patch_size if top_k else BLT_THRESHOLD if threshold is None else threshold
    return rule, float(first or 0.0), float(threshold_add or 0.0)


def _most(max_patch_length: int | None) -> int | None:
    if max_patch_length is None:
        return None
    return whole_number(max_patch_length, "max_patch_length", 1)


def dimensions(values: object, what: str) -> int:
    """How many dimensions numbers have, whatever holds them."""
    if isinstance(values, (list, tuple)):
        try:
            return np.ndim(values)
        except ValueError as error:
            raise InputError(f"{what}: expected a rectangle of numbers: {error}") from None
    return to_array(values, what)[0].ndim


def core_texts(texts: Texts) -> Any:
    """One text or many as the core takes them."""
    return [texts] if isinstance(texts, (str, bytes)) else to_texts(texts)


def text_bytes(texts: Texts) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of texts end to end, uint8, and where each begins, int64 `(texts + 1,)`."""
    return _native._text_bytes(core_texts(texts))


def to_offsets(values: ArrayLike, end: int | None, what: str) -> NDArray[np.int64]:
    """Numbers that rise from 0, to `end` if that is given, as contiguous int64."""
    offsets = np.asarray(values)
    if offsets.ndim != 1 or len(offsets) == 0 or offsets.dtype.kind not in "iu":
        raise InputError(
            f"{what}: expected integers, one more than there are parts, found {offsets.dtype} "
            f"{offsets.shape}"
        )
    offsets = np.ascontiguousarray(offsets, np.int64)
    if offsets[0] != 0 or (offsets[1:] < offsets[:-1]).any():
        raise InputError(f"{what} must rise from 0")
    if end is not None and offsets[-1] != end:
        raise InputError(f"{what} must end with {end}, not {offsets[-1]}")
    return offsets


def to_int32(offsets: NDArray[np.int64]) -> NDArray[np.int32]:
    """Offsets as int32, if they fit."""
    if offsets[-1] >= 1 << 31:
        raise InputError(f"offsets up to {offsets[-1]} do not fit int32")
    return offsets.astype(np.int32)


def whole_number(value: int, what: str, least: int) -> int:
    """A whole number from `least` to below 2**62."""
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{what} must be an integer, not {type(value).__name__}") from None
    if isinstance(value, bool) or not least <= number < _LIMIT:
        raise InputError(f"{what} must be at least {least} and below 2**62, not {value}")
    return number


def checked_threads(num_threads: int | None) -> int | None:
    """A number of threads, or None."""
    if num_threads is None:
        return None
    return whole_number(num_threads, "num_threads", 1)


def _whole_numbers(values: ArrayLike, what: str, least: int) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.size == 0 and array.ndim == 1:
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(f"{what}: expected whole numbers, found {array.dtype} {array.shape}")
    if int(array.min()) < least or int(array.max()) >= _LIMIT:
        raise InputError(f"{what}: expected at least {least} and below 2**62")
    return array.astype(np.int64)


def _ends(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Offsets of parts of these lengths."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
