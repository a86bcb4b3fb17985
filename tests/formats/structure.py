"""tokenizer.json files damaged by structure: each field taken away, replaced, retyped, given twice.

Everything stays JSON, so what is tested is which fields a reader insists on, which values it takes,
and what it overlooks. Start at `damaged`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 1.5, 2**32, 2**64, "", "x", "NFC", "\u2581", "always", "Right",
    [], [0], ["a", "b"], [["a", 1]], {}, {"a": 0}, {"type": "NFC"}, {"type": "Sequence"},
]  # fmt: skip


class Twice(dict[str, Any]):
    """Marks an object whose field `name` comes once more, with another value."""

    def __init__(self, fields: dict[str, Any], name: str, value: object) -> None:
        super().__init__(fields)
        self.again = (name, value)


def dump(value: object) -> str:
    """JSON, with fields given twice."""
    if isinstance(value, dict):
        fields = [(name, dump(field)) for name, field in value.items()]
        if isinstance(value, Twice):
            fields.insert(0, (value.again[0], dump(value.again[1])))
        return "{" + ",".join(f"{json.dumps(name)}:{field}" for name, field in fields) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(element) for element in value) + "]"
    return json.dumps(value)


def paths(value: object, path: Path = ()) -> Iterator[Path]:
    """All places in a value, but only the first few of a long list or vocabulary."""
    yield path
    if isinstance(value, dict):
        for name in list(value)[:12]:
            yield from paths(value[name], (*path, name))
    elif isinstance(value, list):
        for i in range(min(len(value), 3)):
            yield from paths(value[i], (*path, i))


def replaced(value: Any, path: Path, new: object) -> Any:
    """A copy of `value` with another value at a place."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def at(value: Any, path: Path) -> Any:
    """The value at a place."""
    for step in path:
        value = value[step]
    return value


def damaged(text: str) -> Iterator[tuple[str, str]]:
    """Names and texts of damaged files."""
    good = json.loads(text)
    for path in paths(good):
        name = ".".join(map(str, path)) or "file"
        for value in VALUES:
            yield f"{name} = {json.dumps(value)}", dump(replaced(good, path, value))
        if not path:
            continue
        *before, last = path
        parent = at(good, tuple(before))
        without = parent.copy()
        del without[last]
        yield f"{name} is missing", dump(replaced(good, tuple(before), without))
        if isinstance(last, str):
            for value in (at(good, path), None, "x"):
                twice = Twice(parent, last, value)
                yield f"{name} twice, {value!r:.20}", dump(replaced(good, tuple(before), twice))
            renamed = {(f"{k}x" if k == last else k): v for k, v in parent.items()}
            yield f"{name} misspelt", dump(replaced(good, tuple(before), renamed))
            more = parent | {"unknown": [{"deep": None}]}
            yield f"{name} and an unknown field", dump(replaced(good, tuple(before), more))
