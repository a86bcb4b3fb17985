"""Exact, fast tokenization, and everything between text and tokens.

    >>> import toksmith as ts
    >>> tok = ts.Tokenizer.from_pretrained("o200k_base")
    >>> tok.encode("Hello, world!")
    [13225, 11, 2375, 0]
    >>> tok.decode([13225, 11, 2375, 0])
    'Hello, world!'

Start at `Tokenizer`. Errors are one family under `ToksmithError`.
"""

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
]
