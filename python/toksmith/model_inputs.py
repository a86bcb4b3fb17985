"""What a model takes, made from texts or pairs of texts: templates, truncation, padding.

`Tokenizer.__call__` is the way in, `Inputs` what comes out of it; `Truncation` and `Padding` say
how inputs get their length, for one call. The columns of a whole batch are flat arrays, and become
lists or a rectangle when they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toksmith import _native
from toksmith._native import InputError, UnsupportedFeature
from toksmith.inputs import to_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from numpy.typing import NDArray

    Column: TypeAlias = NDArray[np.int64] | list[Any]
    Side: TypeAlias = Literal["right", "left"]
    Strategy: TypeAlias = Literal["longest_first", "only_first", "only_second"]

_STRATEGIES = ("longest_first", "only_first", "only_second")
_SIDES = ("right", "left")
_LARGEST = 2**31 - 1
_LARGEST_ID = 2**32 - 1


@dataclass(frozen=True)
class Truncation:
    """How texts are cut so that inputs have at most `max_length` tokens.

        >>> Truncation(512, stride=64)
        Truncation(max_length=512, stride=64, strategy='longest_first', side='right')

    Attributes:
        max_length: Most tokens of an input, those of the template included.
        stride: How many tokens neighbouring parts share, where what is cut off is kept.
        strategy: Which of two texts is cut: `"longest_first"`, `"only_first"` or `"only_second"`.
        side: Where: `"right"` or `"left"`.

    Raises:
        InputError: A value is none of these.
    """

    max_length: int
    stride: int = 0
    strategy: Strategy = "longest_first"
    side: Side = "right"

    def __post_init__(self) -> None:
        _check_number("max_length", self.max_length)
        _check_number("stride", self.stride)
        _check_name("strategy", self.strategy, _STRATEGIES)
        _check_name("side", self.side, _SIDES)


@dataclass(frozen=True)
class Padding:
    """How inputs are filled up to one length.

        >>> Padding(to_multiple_of=8, pad_id=0)
        Padding(length=None, side='right', to_multiple_of=8, pad_id=0, pad_type_id=0)

    Attributes:
        length: To which; `None`: that of the longest input of the call. Longer inputs stay longer.
        side: Where: `"right"` or `"left"`.
        to_multiple_of: The length is rounded up to a multiple of this.
        pad_id: With which id; `None`: that of the file's own padding, else `Tokenizer.pad_id`.
        pad_type_id: With which type id.

    Raises:
        InputError: A value is none of these.
    """

    length: int | None = None
    side: Side = "right"
    to_multiple_of: int | None = None
    pad_id: int | None = None
    pad_type_id: int = 0

    def __post_init__(self) -> None:
        if self.length is not None:
            _check_number("length", self.length)
        if self.to_multiple_of is not None:
            _check_number("to_multiple_of", self.to_multiple_of)
        if self.pad_id is not None:
            _check_number("pad_id", self.pad_id, _LARGEST_ID)
        _check_number("pad_type_id", self.pad_type_id, _LARGEST_ID)
        _check_name("side", self.side, _SIDES)


class Inputs(Mapping[str, "Column"]):
    """Model inputs, made by `Tokenizer.__call__`.

    As a mapping it holds what models take as keyword arguments: `input_ids`, `attention_mask` and,
    for pairs, `token_type_ids`; so `model(**inputs)` works. The rest is in attributes.

    Every column is an int64 array `(rows, length)`, of spans `(rows, length, 2)`, if the call asked
    for arrays; otherwise a list of one list a row, or where the call had one text, not in a list,
    and does not keep what overflows, that text's list alone. In lists, "none" is `None`, in arrays
    it is -1. A row that overflowed is followed by its further parts.
    """

    __slots__ = ("_arrays", "_flat", "_keys", "_made", "_offsets", "_samples", "_single")

    def __init__(
        self,
        flat: dict[str, NDArray[np.int64]],
        offsets: NDArray[np.int64],
        samples: NDArray[np.int64],
        keys: tuple[str, ...],
        single: bool,
        arrays: bool,
    ) -> None:
        self._flat = flat
        self._offsets = offsets
        self._samples = samples
        self._keys = keys
        self._single = single
        self._arrays = arrays
        self._made: dict[str, Column] = {}
        if arrays:
            lengths = np.diff(offsets)
            if len(lengths) and lengths.min() != lengths.max():
                raise InputError(
                    f"inputs of {lengths.min()} to {lengths.max()} tokens are no rectangle: ask "
                    "for padding and truncation, or leave out return_tensors"
                )

    @property
    def input_ids(self) -> Column:
        """Token ids."""
        return self._column("input_ids")

    @property
    def attention_mask(self) -> Column:
        """0 for padding, else 1."""
        return self._column("attention_mask")

    @property
    def token_type_ids(self) -> Column:
        """Which part of its input a token belongs to, as the template says."""
        return self._column("token_type_ids")

    @property
    def special_tokens_mask(self) -> Column:
        """1 for tokens that the template or padding has put there, else 0."""
        return self._column("special_tokens_mask")

    @property
    def spans(self) -> Column:
        """Start and end of each token in bytes of its text; 0 and 0 where it is of none."""
        return self._column("spans")

    @property
    def char_spans(self) -> Column:
        """Start and end of each token in characters of its text.

        Raises:
            InputError: The call did not ask for them, by `return_char_spans=True`.
        """
        if "char_spans" not in self._flat:
            raise InputError("char_spans are there if the call says return_char_spans=True")
        return self._column("char_spans")

    @property
    def word_ids(self) -> Column:
        """The piece of its text that a token is of, counted as the text was cut; or none."""
        return self._column("word_ids")

    @property
    def sequence_ids(self) -> Column:
        """The text of a pair that a token is of, 0 or 1; or none."""
        return self._column("sequence_ids")

    @property
    def overflow_to_sample_mapping(self) -> NDArray[np.int64] | list[int]:
        """Which of the texts each row is of: `(rows,)`."""
        if self._arrays:
            return self._samples
        rows: list[int] = self._samples.tolist()
        return rows

    @property
    def rows(self) -> int:
        """Number of inputs, overflowing parts included."""
        return len(self._samples)

    def __getitem__(self, key: str) -> Column:
        """A column that models take."""
        if key not in self._keys:
            raise KeyError(key)
        return self._column(key)

    def __iter__(self) -> Iterator[str]:
        """The names of what models take."""
        return iter(self._keys)

    def __len__(self) -> int:
        """How many columns models take."""
        return len(self._keys)

    def __repr__(self) -> str:
        """The number of inputs, and what there is of each."""
        return f"Inputs({self.rows} rows: {', '.join(self._keys)})"

    def _column(self, name: str) -> Column:
        if name not in self._made:
            self._made[name] = self._as_array(name) if self._arrays else self._as_lists(name)
        return self._made[name]

    def _as_array(self, name: str) -> NDArray[np.int64]:
        flat, rows = self._flat[name], self.rows
        length = len(flat) // rows if rows else 0
        return flat.reshape(rows, length, *flat.shape[1:])

    def _as_lists(self, name: str) -> list[Any]:
        flat: list[Any] = self._flat[name].tolist()
        if name in ("spans", "char_spans"):
            flat = list(map(tuple, flat))
        elif name in ("word_ids", "sequence_ids"):
            flat = [None if number < 0 else number for number in flat]
        bounds: list[int] = self._offsets.tolist()
        rows = [flat[start:end] for start, end in pairwise(bounds)]
        return rows[0] if self._single else rows


def make_inputs(
    tokenizer: _native.Tokenizer,
    texts: Any,
    pairs: Any,
    *,
    truncation: bool | Truncation | None,
    padding: bool | Padding | None,
    return_tensors: str | None,
    add_special_tokens: bool,
    return_overflowing_tokens: bool,
    return_token_type_ids: bool | None,
    return_char_spans: bool,
    allowed_special: Literal["all"] | Iterable[str],
    errors: Literal["strict", "replace"],
    num_threads: int | None,
) -> Inputs:
    """What `Tokenizer.__call__` does; described there."""
    if return_tensors not in (None, "np"):
        raise UnsupportedFeature(
            f'return_tensors={return_tensors!r}; there are "np", which other libraries read '
            "without a copy, and None"
        )
    one = isinstance(texts, str | bytes)
    if pairs is not None and isinstance(pairs, str | bytes) != one:
        raise InputError("texts and pairs must both be one text, or both be several")
    columns, spans, char_spans = _native.model_inputs(
        tokenizer,
        [texts] if one else _listed(texts),
        None if pairs is None else [pairs] if one else _listed(pairs),
        allowed_special,
        errors,
        _checked_bool("add_special_tokens", add_special_tokens),
        _truncation(tokenizer, truncation),
        _padding(tokenizer, padding),
        _checked_bool("return_overflowing_tokens", return_overflowing_tokens),
        _checked_bool("return_char_spans", return_char_spans),
        num_threads,
    )
    ids, type_ids, attention, special, words, sequences, offsets, samples = columns
    flat = {
        "input_ids": ids,
        "attention_mask": attention,
        "token_type_ids": type_ids,
        "special_tokens_mask": special,
        "word_ids": words,
        "sequence_ids": sequences,
        "spans": spans,
    }
    if char_spans is not None:
        flat["char_spans"] = char_spans
    typed = return_token_type_ids
    typed = pairs is not None if typed is None else _checked_bool("return_token_type_ids", typed)
    keys = ("input_ids", "attention_mask", "token_type_ids")[: 3 if typed else 2]
    single = one and not return_overflowing_tokens
    return Inputs(flat, offsets, samples, keys, single, return_tensors == "np")


def file_truncation(tokenizer: _native.Tokenizer) -> Truncation | None:
    """How the file says that texts are cut."""
    found = _native.file_truncation(tokenizer)
    return None if found is None else Truncation(*found)


def file_padding(tokenizer: _native.Tokenizer) -> Padding | None:
    """How the file says that inputs are filled up."""
    found = _native.file_padding(tokenizer)
    return None if found is None else Padding(*found)


def _listed(texts: object) -> list[str | bytes]:
    found = to_texts(texts)
    if isinstance(found, list):
        return found
    data, offsets = found
    bounds: list[int] = offsets.tolist()
    return [data[a:b].tobytes() for a, b in pairwise(bounds)]


def _truncation(
    tokenizer: _native.Tokenizer, chosen: bool | Truncation | None
) -> tuple[int, int, Strategy, Side] | None:
    if chosen is None or chosen is False:
        return None
    if chosen is True:
        chosen = file_truncation(tokenizer)
        if chosen is None:
            raise InputError("truncation=True: the file says none; give a Truncation(max_length)")
    if not isinstance(chosen, Truncation):
        raise InputError(
            f"truncation must be a Truncation, a bool or None, not {type(chosen).__name__}"
        )
    return chosen.max_length, chosen.stride, chosen.strategy, chosen.side


def _padding(
    tokenizer: _native.Tokenizer, chosen: bool | Padding | None
) -> tuple[int | None, Side, int | None, int, int] | None:
    if chosen is None or chosen is False:
        return None
    of_file = file_padding(tokenizer)
    if chosen is True:
        chosen = of_file or Padding()
    if not isinstance(chosen, Padding):
        raise InputError(f"padding must be a Padding, a bool or None, not {type(chosen).__name__}")
    pad_id = chosen.pad_id
    if pad_id is None:
        pad_id = tokenizer.pad_id if of_file is None else of_file.pad_id
    if pad_id is None:
        raise InputError("the file has no token for padding; give a Padding(pad_id=...)")
    return chosen.length, chosen.side, chosen.to_multiple_of, pad_id, chosen.pad_type_id


def _checked_bool(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise InputError(f"{name} must be a bool, not {value!r}")


def _check_number(name: str, value: object, largest: int = _LARGEST) -> None:
    if isinstance(value, bool) or not (isinstance(value, int) and 0 <= value <= largest):
        raise InputError(f"{name} must be an integer from 0 to {largest}, not {value!r}")


def _check_name(name: str, value: object, names: tuple[str, ...]) -> None:
    if value not in names:
        raise InputError(f"{name} must be one of {', '.join(map(repr, names))}, not {value!r}")
