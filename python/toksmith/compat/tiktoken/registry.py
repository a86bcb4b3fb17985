"""Encodings by name, each built once. Start at `get_encoding`.

Those that come with the package, and those of plugins: modules in the namespace package
`tiktoken_ext` with a table `ENCODING_CONSTRUCTORS`, as for tiktoken itself.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import threading
from typing import TYPE_CHECKING, Any

from toksmith.compat.tiktoken.core import Encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# tiktoken's own plugin: what it would download is in the package.
_OWN = "tiktoken_ext.openai_public"
_EMBEDDED = (
    "gpt2", "r50k_base", "p50k_base", "p50k_edit", "cl100k_base", "o200k_base", "o200k_harmony",
)  # fmt: skip

_lock = threading.RLock()
ENCODINGS: dict[str, Encoding] = {}
"""Encodings that have been asked for."""
ENCODING_CONSTRUCTORS: dict[str, Callable[[], dict[str, Any]]] | None = None
"""What makes the arguments of `Encoding`, by name; `None` until something is asked for."""


def get_encoding(encoding_name: str) -> Encoding:
    """The encoding of this name; the same object each time.

        >>> get_encoding("cl100k_base").n_vocab
        100277

    Raises:
        ValueError: There is none.
    """
    if not isinstance(encoding_name, str):
        raise ValueError(f"an encoding's name is a str, not {type(encoding_name)}")
    with _lock:
        if encoding_name not in ENCODINGS:
            constructor = _constructors().get(encoding_name)
            if constructor is None:
                raise ValueError(
                    f"Unknown encoding {encoding_name}; there are {list_encoding_names()} "
                    f"(plugins found: {_available_plugin_modules()})"
                )
            own = encoding_name in _EMBEDDED
            if own and constructor is _embedded_constructor(encoding_name):
                ENCODINGS[encoding_name] = Encoding._embedded(encoding_name)
            else:
                ENCODINGS[encoding_name] = Encoding(**constructor())
        return ENCODINGS[encoding_name]


def list_encoding_names() -> list[str]:
    """The names that `get_encoding` knows.

    >>> "o200k_base" in list_encoding_names()
    True
    """
    with _lock:
        return list(_constructors())


def _constructors() -> dict[str, Callable[[], dict[str, Any]]]:
    global ENCODING_CONSTRUCTORS
    if ENCODING_CONSTRUCTORS is None:
        found = {name: _embedded_constructor(name) for name in _EMBEDDED}
        for module in _available_plugin_modules():
            for name, constructor in _table(module).items():
                if name in found:
                    raise ValueError(f"plugin {module} has an encoding {name!r}, as has another")
                found[name] = constructor
        ENCODING_CONSTRUCTORS = found
    return ENCODING_CONSTRUCTORS


@functools.cache
def _embedded_constructor(name: str) -> Callable[[], dict[str, Any]]:
    def arguments() -> dict[str, Any]:
        encoding = get_encoding(name)
        return {
            "name": name,
            "pat_str": encoding._pat_str,
            "mergeable_ranks": encoding._mergeable_ranks,
            "special_tokens": encoding._special_tokens,
        }

    return arguments


def _table(module: str) -> dict[str, Callable[[], dict[str, Any]]]:
    try:
        table: dict[str, Callable[[], dict[str, Any]]] = importlib.import_module(
            module
        ).ENCODING_CONSTRUCTORS
    except AttributeError as error:
        raise ValueError(f"plugin {module} has no ENCODING_CONSTRUCTORS") from error
    return table


@functools.cache
def _available_plugin_modules() -> Sequence[str]:
    try:
        package = importlib.import_module("tiktoken_ext")
    except ImportError:
        return []
    modules = pkgutil.iter_modules(package.__path__, "tiktoken_ext.")
    return [module.name for module in modules if module.name != _OWN]
