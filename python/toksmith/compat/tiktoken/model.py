"""Which encoding a model uses. Start at `encoding_for_model`.

The names are facts of the models' publisher, as tiktoken 0.14.0 lists them. Both tables may be
added to.
"""

from __future__ import annotations

from toksmith.compat.tiktoken.core import Encoding
from toksmith.compat.tiktoken.registry import get_encoding

__all__ = [
    "MODEL_PREFIX_TO_ENCODING",
    "MODEL_TO_ENCODING",
    "Encoding",
    "encoding_for_model",
    "encoding_name_for_model",
    "get_encoding",
]

_PREFIXES = {
    "o200k_base": "o1- o3- o4-mini- gpt-5 gpt-4.5- gpt-4.1- chatgpt-4o- gpt-4o- ft:gpt-4o",
    "cl100k_base": (
        "gpt-4- gpt-3.5-turbo- gpt-35-turbo- ft:gpt-4 ft:gpt-3.5-turbo ft:davinci-002 "
        "ft:babbage-002"
    ),
    "o200k_harmony": "gpt-oss-",
}
_MODELS = {
    "o200k_base": "o1 o3 o4-mini gpt-5 gpt-4.1 gpt-4o",
    "cl100k_base": (
        "gpt-4 gpt-3.5-turbo gpt-3.5 gpt-35-turbo davinci-002 babbage-002 text-embedding-ada-002 "
        "text-embedding-3-small text-embedding-3-large"
    ),
    "p50k_base": (
        "text-davinci-003 text-davinci-002 code-davinci-002 code-davinci-001 code-cushman-002 "
        "code-cushman-001 davinci-codex cushman-codex"
    ),
    "p50k_edit": "text-davinci-edit-001 code-davinci-edit-001",
    "r50k_base": (
        "text-davinci-001 text-curie-001 text-babbage-001 text-ada-001 davinci curie babbage ada "
        "text-similarity-davinci-001 text-similarity-curie-001 text-similarity-babbage-001 "
        "text-similarity-ada-001 text-search-davinci-doc-001 text-search-curie-doc-001 "
        "text-search-babbage-doc-001 text-search-ada-doc-001 code-search-babbage-code-001 "
        "code-search-ada-code-001"
    ),
    "gpt2": "gpt2 gpt-2",
}


def _by_model(table: dict[str, str]) -> dict[str, str]:
    return {name: encoding for encoding, names in table.items() for name in names.split()}


MODEL_PREFIX_TO_ENCODING: dict[str, str] = _by_model(_PREFIXES)
"""The encoding of all models whose name begins so; of several prefixes the longest counts."""

MODEL_TO_ENCODING: dict[str, str] = _by_model(_MODELS)
"""The encoding of a model of exactly this name."""


def encoding_name_for_model(model_name: str) -> str:
    """The name of the encoding that a model uses.

        >>> encoding_name_for_model("gpt-4o-2024-05-13")
        'o200k_base'

    Raises:
        KeyError: The model is not known.
    """
    if model_name in MODEL_TO_ENCODING:
        return MODEL_TO_ENCODING[model_name]
    prefixes = [prefix for prefix in MODEL_PREFIX_TO_ENCODING if model_name.startswith(prefix)]
    if not prefixes:
        raise KeyError(
            f"no encoding is known for a model named {model_name}; ask for one by its name with "
            "`tiktoken.get_encoding`"
        )
    return MODEL_PREFIX_TO_ENCODING[max(prefixes, key=len)]


def encoding_for_model(model_name: str) -> Encoding:
    """The encoding that a model uses.

        >>> encoding_for_model("gpt-4")
        <Encoding 'cl100k_base'>

    Raises:
        KeyError: The model is not known.
    """
    return get_encoding(encoding_name_for_model(model_name))
