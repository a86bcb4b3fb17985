"""tokenizers 0.23.3, name for name: `import toksmith.compat.tokenizers as tokenizers`.

    >>> from toksmith.compat.tokenizers import Tokenizer, models, pre_tokenizers
    >>> tok = Tokenizer(models.WordLevel({"hello": 0, "world": 1, "?": 2}, unk_token="?"))
    >>> tok.pre_tokenizer = pre_tokenizers.Whitespace()
    >>> tok.add_special_tokens(["<eos>"])
    1
    >>> found = tok.encode("hello world<eos>")
    >>> found.ids, found.tokens
    ([0, 1, 3], ['hello', 'world', '<eos>'])
    >>> found.offsets
    [(0, 5), (6, 11), (11, 16)]

Ids, offsets, defaults and exception classes are the original's. What differs:

- BPE, WordPiece and WordLevel are trained, and give the original's vocabulary and merges wherever
  it gives the same in each run; a Unigram is not, for its pieces would be others.
- There are no components in Python (`custom`, `NormalizedString`, `PreTokenizedString`): these
  raise `UnsupportedFeature`, and so do arguments nobody knows, which the original ignores.
- Dropout and sampling: a tokenizer with them cannot encode.
- `encode_batch_fast` gives right offsets, too.
- Changing a component changes the tokenizers that hold it, as in the original; each of them is
  built anew when it is next used.
- A token that is added again, no longer normalized, is decoded as it is written; the original goes
  on decoding what the normalizer had made of it.
- Two-dimensional arrays of strings are read as their strings; the original pads the shorter ones.
- Merging encodings whose overflowing parts have more than 16 million tokens in all combinations is
  an error, where the original needs the memory.
- The original's bare `Exception` is a `ToksmithError`, which is an `Exception`.
"""

from enum import Enum
from typing import List, Tuple, Union  # noqa: UP035

from toksmith._native import Encoding
from toksmith.compat.tokenizers import (
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from toksmith.compat.tokenizers.added_token import AddedToken
from toksmith.compat.tokenizers.implementations import (
    BertWordPieceTokenizer,
    ByteLevelBPETokenizer,
    CharBPETokenizer,
    SentencePieceBPETokenizer,
    SentencePieceUnigramTokenizer,
)
from toksmith.compat.tokenizers.models import Token
from toksmith.compat.tokenizers.regex import Regex
from toksmith.compat.tokenizers.strings import NormalizedString, PreTokenizedString
from toksmith.compat.tokenizers.tokenizer import Tokenizer

__version__ = "0.23.3"
"""The version of tokenizers whose behaviour this is."""

Offsets = Tuple[int, int]  # noqa: UP006
TextInputSequence = str
PreTokenizedInputSequence = Union[List[str], Tuple[str]]  # noqa: UP006, UP007
TextEncodeInput = Union[  # noqa: UP007
    TextInputSequence,
    Tuple[TextInputSequence, TextInputSequence],  # noqa: UP006
    List[TextInputSequence],  # noqa: UP006
]
PreTokenizedEncodeInput = Union[  # noqa: UP007
    PreTokenizedInputSequence,
    Tuple[PreTokenizedInputSequence, PreTokenizedInputSequence],  # noqa: UP006
    List[PreTokenizedInputSequence],  # noqa: UP006
]
InputSequence = Union[TextInputSequence, PreTokenizedInputSequence]  # noqa: UP007
EncodeInput = Union[TextEncodeInput, PreTokenizedEncodeInput]  # noqa: UP007


class OffsetReferential(Enum):
    """What offsets count in."""

    ORIGINAL = "original"
    NORMALIZED = "normalized"


class OffsetType(Enum):
    """What offsets count."""

    BYTE = "byte"
    CHAR = "char"


class SplitDelimiterBehavior(Enum):
    """What becomes of a match where text is cut at it."""

    REMOVED = "removed"
    ISOLATED = "isolated"
    MERGED_WITH_PREVIOUS = "merged_with_previous"
    MERGED_WITH_NEXT = "merged_with_next"
    CONTIGUOUS = "contiguous"


__all__ = [
    "AddedToken",
    "BertWordPieceTokenizer",
    "ByteLevelBPETokenizer",
    "CharBPETokenizer",
    "EncodeInput",
    "Encoding",
    "InputSequence",
    "NormalizedString",
    "OffsetReferential",
    "OffsetType",
    "Offsets",
    "PreTokenizedEncodeInput",
    "PreTokenizedInputSequence",
    "PreTokenizedString",
    "Regex",
    "SentencePieceBPETokenizer",
    "SentencePieceUnigramTokenizer",
    "SplitDelimiterBehavior",
    "TextEncodeInput",
    "TextInputSequence",
    "Token",
    "Tokenizer",
    "__version__",
    "decoders",
    "models",
    "normalizers",
    "pre_tokenizers",
    "processors",
    "trainers",
]
