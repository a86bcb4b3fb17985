"""Fill-in-the-middle: how a model wants prefix and suffix laid out, and by which markers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from toksmith._native import InputError, VocabularyError

if TYPE_CHECKING:
    from toksmith.tokenizer import Tokenizer

    Layout = Literal["psm", "spm"]

# Before the prefix, before the suffix, before the middle.
_KNOWN: tuple[tuple[str, str, str | None], ...] = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    ("\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>"),
    ("<PRE>", "<SUF>", "<MID>"),
    ("<\uff5cfim\u2581begin\uff5c>", "<\uff5cfim\u2581hole\uff5c>", "<\uff5cfim\u2581end\uff5c>"),
    ("[PREFIX]", "[SUFFIX]", None),
)


@dataclass(frozen=True)
class Markers:
    """The ids of a model's markers: before the prefix, the suffix and the middle.

    `middle` is None where nothing stands before the middle, as in models that read the suffix, then
    the prefix, and go on from there.
    """

    prefix: int
    suffix: int
    middle: int | None = None

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Markers:
        """Those that a tokenizer has under one of the known names.

        Raises:
            VocabularyError: It has none.
        """
        ids = tokenizer.special_ids
        for prefix, suffix, middle in _KNOWN:
            if prefix in ids and suffix in ids and (middle is None or middle in ids):
                return cls(ids[prefix], ids[suffix], None if middle is None else ids[middle])
        raise VocabularyError(
            "the tokenizer has no markers for filling in the middle under a known name; "
            "say markers=Markers(prefix_id, suffix_id, middle_id)"
        )


def framed(
    tokenizer: Tokenizer, markers: Markers, prefix: bytes, suffix: bytes, layout: Layout
) -> tuple[list[int], bytes]:
    """The ids before the text, and the text to go on from.

    Raises:
        InputError: There is no such layout, or it needs a marker for the middle.
    """
    before, behind = tokenizer.encode(prefix), tokenizer.encode(suffix)
    if layout == "psm":
        if markers.middle is None:
            raise InputError('layout="psm" needs a marker before the middle')
        return [markers.prefix, *before, markers.suffix, *behind, markers.middle], b""
    if layout == "spm":
        if markers.middle is None:
            return [markers.suffix, *behind, markers.prefix], prefix
        return [markers.prefix, markers.suffix, *behind, markers.middle], prefix
    raise InputError(f'layout must be "psm" or "spm", not {layout!r}')
