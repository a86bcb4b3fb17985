"""How components and tokenizers are shown: from their JSON, as tokenizers shows its own."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

# Lists are shown up to this length, short and otherwise; strings, short, up to these bytes.
_SHORT, _LONG, _TEXT = 5, 99, 100
# Fields whose strings are names of something, not text.
_NAMES = {"prepend_scheme", "behavior", "direction", "strategy"}
# Fields that are structures without a `type` in the JSON, or tuples.
_STRUCTURES = {"truncation": "TruncationParams", "padding": "PaddingParams"}
_TUPLES = {"sep", "cls"}
_LISTS_OF_TUPLES = {"vocab", "merges"}


def show(data: dict[str, Any], name: str | None = None, *, short: bool = False) -> str:
    """A structure; `name` where the JSON does not say it."""
    fields = [
        f"{key}={_value(value, key, short)}"
        for key, value in data.items()
        if key != "type" or name is not None
    ]
    return f"{name or data['type']}({', '.join(fields)})"


def _value(value: Any, key: str, short: bool) -> str:
    """The value of a field."""
    if key in _STRUCTURES and isinstance(value, dict):
        return show(value, _STRUCTURES[key], short=short)
    if key in _NAMES and isinstance(value, str):
        return value
    if key == "special_tokens" and isinstance(value, dict):
        tokens = _cut(sorted(value.items()), short)
        items = [
            "..." if it is ... else f'"{it[0]}":{show(it[1], "SpecialToken", short=short)}'
            for it in tokens
        ]
        return "{" + ", ".join(items) + "}"
    if isinstance(value, dict):
        return _object(value, key, short)
    if isinstance(value, (list, tuple)):
        if key in _TUPLES:
            return "(" + ", ".join(_plain(item, short) for item in value) + ")"
        items = [_item(item, key, short) for item in _cut(value, short)]
        return "[" + ", ".join(items) + "]"
    return _plain(value, short)


def _object(value: dict[str, Any], key: str, short: bool) -> str:
    if "type" in value and key != "vocab":
        return show(value, short=short)
    if key in {"pattern", "strategy"} and len(value) == 1:
        [(kind, content)] = value.items()
        return f"{kind}({_plain(content, short)})"
    shown = _cut(value.items(), short)
    items = ["..." if item is ... else f'"{item[0]}":{_plain(item[1], short)}' for item in shown]
    return "{" + ", ".join(items) + "}"


def _item(item: Any, key: str, short: bool) -> str:
    """An element of a list."""
    if item is ...:
        return "..."
    if key in {"single", "pair"}:
        [(kind, piece)] = item.items()
        shown = piece["id"] if kind == "Sequence" else _plain(piece["id"])
        return f"{kind}(id={shown}, type_id={piece['type_id']})"
    if isinstance(item, dict):
        return _object(item, "", short)
    if isinstance(item, (list, tuple)) and key in _LISTS_OF_TUPLES:
        return "(" + ", ".join(_plain(part, short) for part in item) + ")"
    return _plain(item, short)


def _cut(items: Collection[Any], short: bool) -> list[Any]:
    """The first elements, and an ellipsis for the others."""
    most = _SHORT if short else _LONG
    first = list(itertools.islice(items, most))
    return [*first, ...] if len(items) > most else first


def _plain(value: Any, short: bool = False) -> str:
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        if short and len(data) > _TEXT:
            return f'"{data[:_TEXT].decode("utf-8", "ignore")}..."'
        return f'"{value}"'
    if isinstance(value, float):
        text = format(Decimal(repr(value)), "f")
        return text.removesuffix(".0")
    return str(value)
