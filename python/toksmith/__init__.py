"""Exact, fast tokenization, and everything between text and tokens.

    >>> import toksmith as ts
    >>> tok = ts.Tokenizer.from_pretrained("o200k_base")
    >>> tok.encode("Hello, world!")
    [13225, 11, 2375, 0]
    >>> tok.decode([13225, 11, 2375, 0])
    'Hello, world!'

Start at `Tokenizer`; `toksmith.train` learns new ones, `toksmith.byte_probs` makes probabilities of
bytes of a model's rows, `toksmith.dynamic` decides token boundaries at run time,
`toksmith.transfer` gives a model another vocabulary. Errors are one family under `ToksmithError`.
"""

from typing import TYPE_CHECKING

from toksmith._native import (
    InputError,
    InternalError,
    ModelError,
    StreamDecoder,
    TextCounter,
    TokenCounter,
    ToksmithError,
    UnsupportedFeature,
    VocabularyError,
    __version__,
)
from toksmith.batch import Batch
from toksmith.budget import Chunk
from toksmith.encoding import Encoding
from toksmith.model_inputs import Inputs, Padding, Truncation
from toksmith.tokenizer import Tokenizer

if TYPE_CHECKING:
    from types import ModuleType

    from toksmith import byte_probs, dynamic, train, transfer

__all__ = [
    "Batch",
    "Chunk",
    "Encoding",
    "InputError",
    "Inputs",
    "InternalError",
    "ModelError",
    "Padding",
    "StreamDecoder",
    "TextCounter",
    "TokenCounter",
    "Tokenizer",
    "ToksmithError",
    "Truncation",
    "UnsupportedFeature",
    "VocabularyError",
    "__version__",
    "byte_probs",
    "dynamic",
    "train",
    "transfer",
]


def __getattr__(name: str) -> "ModuleType":
    """Imports `toksmith.train` and the like when they are asked for: most programs never do."""
    if name in ("byte_probs", "dynamic", "train", "transfer"):
        import importlib

        return importlib.import_module(f"toksmith.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
