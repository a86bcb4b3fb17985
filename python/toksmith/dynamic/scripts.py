"""The Unicode script of every byte, and what models do with it: routing, and rates of boundaries.

Start at `scripts`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from toksmith import _native
from toksmith._native import UNICODE_VERSION, InputError
from toksmith.dynamic.patches import (
    Patches,
    Texts,
    checked_threads,
    core_texts,
    whole_number,
    word_patches,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = [
    "UNICODE_VERSION",
    "ScriptRuns",
    "bytes_per_word",
    "script_names",
    "script_of",
    "scripts",
]

_INHERITED = 2
_MAX_ROUTE = 1 << 31


@lru_cache(maxsize=1)
def script_names() -> tuple[str, ...]:
    """The scripts by the long names of Unicode: `Latin`, `Han`, also `Common` and `Unknown`.

    A script's number is its place here; numbers may change with `UNICODE_VERSION`.
    """
    return tuple(_native._script_names())


def script_of(character: str) -> str:
    """The name of the script of one character, as Unicode has it.

    Raises:
        InputError: Not one character, or a surrogate.
    """
    if not isinstance(character, str) or len(character) != 1:
        raise InputError(f"expected one character, found {character!r}")
    if "\ud800" <= character <= "\udfff":
        raise InputError("a surrogate is no character")
    return script_names()[_native._script_of(character)]


class ScriptRuns:
    """Texts cut where the script changes; made by `scripts`."""

    __slots__ = ("codes", "patches")

    patches: Patches
    """The runs; positions are bytes."""
    codes: NDArray[np.uint8]
    """The script of each run: uint8 `(runs,)`, places in `script_names()`."""

    def __init__(self, patches: Patches, codes: NDArray[np.uint8]) -> None:
        self.patches = patches
        self.codes = codes

    @property
    def names(self) -> list[str]:
        """The script of each run by name."""
        names = script_names()
        return [names[code] for code in self.codes.tolist()]

    @property
    def of_bytes(self) -> NDArray[np.uint8]:
        """The script of each byte, rows end to end: uint8 `(bytes,)`."""
        return np.repeat(self.codes, self.patches.lengths)

    def bytes_by_script(self) -> NDArray[np.int64]:
        """Bytes of each script in each row: int64 `(rows, scripts)`."""
        rows, width = len(self.patches), len(script_names())
        row_of = np.repeat(np.arange(rows), np.diff(self.patches.rows))
        counts = np.zeros((rows, width), np.int64)
        np.add.at(counts, (row_of, self.codes), self.patches.lengths)
        return counts

    def dominant(self) -> list[str]:
        """The script that most bytes of each row are of, by name; of equal ones the first there.

        Common, inherited and unknown characters count only where there are no others; a row without
        bytes is `Unknown`.
        """
        counts, names = self.bytes_by_script(), script_names()
        counts[:, _INHERITED + 1 :] <<= 32
        result, codes, rows = [], self.codes.tolist(), self.patches.rows.tolist()
        for row, count in enumerate(counts):
            seen = codes[rows[row] : rows[row + 1]]
            result.append(names[max(dict.fromkeys(seen), key=count.__getitem__, default=0)])
        return result

    def route(
        self, routes: Mapping[str, int], default: int | None = None, *, whole_rows: bool = False
    ) -> NDArray[np.int32]:
        """The number of the boundary predictor, or whatever goes by script, for each byte.

        Args:
            routes: The number of each script, by name.
            default: The number of scripts that have none.
            whole_rows: Each row goes as one, by its dominant script.

        Returns:
            int32 `(bytes,)`, rows end to end, or `(rows,)` for whole rows.

        Raises:
            InputError: No such script; a number out of range; a script that occurs has no number
                and there is no default.

        Reference: Ahia et al., "MAGNET: Improving the Multilingual Fairness of Language Models with
        Adaptive Gradient-Based Tokenization".
        """
        names = script_names()
        table = np.full(len(names), -1, np.int64)
        if default is not None:
            table[:] = _route(default, "default")
        for name, number in routes.items():
            table[_code(name)] = _route(number, name)
        codes = self.codes
        if whole_rows:
            codes = np.array([names.index(name) for name in self.dominant()], np.uint8)
        chosen = table[codes].astype(np.int32)
        if (chosen < 0).any():
            name = names[codes[np.flatnonzero(chosen < 0)[0]]]
            raise InputError(f"no route for the script {name}, and no default")
        return chosen if whole_rows else np.repeat(chosen, self.patches.lengths)

    def target_boundaries(
        self, bytes_per_word: Mapping[str, float], default: float | None = None
    ) -> NDArray[np.float64]:
        """How many boundaries each row should have: for each script its bytes over bytes a word.

        Args:
            bytes_per_word: By the name of the script; `bytes_per_word(texts)` measures it.
            default: For scripts without a number.

        Returns:
            float64 `(rows,)`. Over the bytes of a row, it is the mean of the binomial prior that
            trains a boundary predictor.

        Raises:
            InputError: No such script; a number that is not above 0; a script that occurs has no
                number and there is no default.

        Reference: Ahia et al., "MAGNET: Improving the Multilingual Fairness of Language Models with
        Adaptive Gradient-Based Tokenization".
        """
        names = script_names()
        rates = np.full(len(names), np.nan if default is None else _size(default, "default"))
        for name, size in bytes_per_word.items():
            rates[_code(name)] = _size(size, name)
        lacking = np.isnan(rates[self.codes])
        if lacking.any():
            name = names[self.codes[np.flatnonzero(lacking)[0]]]
            raise InputError(f"no bytes a word for the script {name}, and no default")
        counts = self.bytes_by_script()
        found: NDArray[np.float64] = np.where(counts > 0, counts / rates, 0.0).sum(1)
        return found

    def __repr__(self) -> str:
        """Sizes."""
        return f"ScriptRuns({len(self.patches)} rows, {len(self.codes)} runs)"


def scripts(texts: Texts, *, resolve: bool = False, num_threads: int | None = None) -> ScriptRuns:
    """Cuts texts where the Unicode script changes.

    The scripts are those of `UNICODE_VERSION`. Bytes that are not UTF-8, a character that
    is cut off among them, are of the script `Unknown`, as characters that are not assigned are.

    Args:
        texts: One str or bytes, or many in any form that `Tokenizer.encode_batch` takes.
        resolve: `Common` and `Inherited` characters (spaces, digits, marks) take the script of the
            last character before them that has one; at the beginning of a text, of the first after
            them. `Unknown` ones neither give nor take. Where a text has none, all stays `Common`.
            Brackets are not paired.
        num_threads: Threads, by default `TOKSMITH_NUM_THREADS`, else one a processor.

    Raises:
        InputError: A text is neither str nor bytes, or has lone surrogates.

    Reference: UAX 24, "Unicode Script Property".
    """
    threads = checked_threads(num_threads)
    found, codes = _native._script_runs(core_texts(texts), bool(resolve), threads)
    return ScriptRuns(Patches._of(*found), codes)


def bytes_per_word(
    texts: Iterable[str | bytes], *, num_threads: int | None = None
) -> dict[str, float]:
    """Bytes a word, by the name of the script, measured on texts.

    Words are those of UAX 29 that begin with a character of a script of their own, which is the
    script they count for; all bytes of that script, with what takes its script from around
    it (`scripts` with `resolve`), are shared among them. In scripts written without spaces a word
    may be a character.

    Args:
        texts: Many texts, in any form that `Tokenizer.encode_batch` takes.
        num_threads: Threads, by default `TOKSMITH_NUM_THREADS`, else one a processor.

    Returns:
        Scripts with at least one word.

    Raises:
        InputError: A text is neither str nor bytes, or has lone surrogates.
    """
    kept = core_texts(texts)
    plain = scripts(kept, num_threads=num_threads).of_bytes
    resolved = scripts(kept, resolve=True, num_threads=num_threads)
    starts = word_patches(kept, num_threads=num_threads).offsets[:-1]
    names = script_names()
    words = np.bincount(plain[starts], minlength=len(names))
    words[: _INHERITED + 1] = 0
    total = resolved.bytes_by_script().sum(0)
    return {names[code]: float(total[code] / words[code]) for code in np.flatnonzero(words)}


def _code(name: str) -> int:
    try:
        return script_names().index(name)
    except ValueError:
        raise InputError(f"no script has the name {name!r}; script_names() has all") from None


def _route(number: int, what: str) -> int:
    route = whole_number(number, f"the route of {what}", 0)
    if route >= _MAX_ROUTE:
        raise InputError(f"the route of {what} must be below 2**31, not {route}")
    return route


def _size(size: float, what: str) -> float:
    if isinstance(size, bool) or not isinstance(size, (int, float)) or not 0 < size < np.inf:
        raise InputError(f"bytes a word of {what} must be a number above 0, not {size!r}")
    return float(size)
