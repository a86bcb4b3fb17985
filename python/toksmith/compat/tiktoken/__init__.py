"""tiktoken 0.14.0, name for name: `import toksmith.compat.tiktoken as tiktoken`.

    >>> import toksmith.compat.tiktoken as tiktoken
    >>> enc = tiktoken.encoding_for_model("gpt-4o")
    >>> enc.encode("tiktoken is great!")
    [83, 8251, 2488, 382, 2212, 0]
    >>> enc.decode(_)
    'tiktoken is great!'

The ids, defaults and exception classes are tiktoken's, and so are its modules `core`, `load`,
`model` and `registry`. What differs:

- Nothing is ever fetched: the encodings come with the package, other files must be local.
- Where one special token begins with another the longest is found, where tiktoken takes the one
  that comes first in a hash table; and completions (`encode_with_unstable`) come sorted.
- A vocabulary that tiktoken panics on is a `ValueError`, or for a missing single byte an
  `UnsupportedFeature`. Ranks must be dense: the largest at most about 8 times their number.
- Encodings do not become slow on long runs.
"""

from toksmith.compat.tiktoken import core, load, model, registry
from toksmith.compat.tiktoken.core import Encoding
from toksmith.compat.tiktoken.model import encoding_for_model, encoding_name_for_model
from toksmith.compat.tiktoken.registry import get_encoding, list_encoding_names

__version__ = "0.14.0"
"""The version of tiktoken whose behaviour this is."""

__all__ = [
    "Encoding",
    "__version__",
    "core",
    "encoding_for_model",
    "encoding_name_for_model",
    "get_encoding",
    "list_encoding_names",
    "load",
    "model",
    "registry",
]
