"""What all components of a pipeline have in common: they hold what a `tokenizer.json` says of them.

A component is a dictionary of fields with attributes on top; nothing is compiled in it. A tokenizer
that holds a component is built anew when one of its fields has changed: every change counts
`changes` up, so that a tokenizer has to look only if something somewhere has changed.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, ClassVar

from toksmith.compat.tokenizers.errors import ArgumentError, wrong_type
from toksmith.compat.tokenizers.show import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Self


class Changes:
    """Counts changes of any component or tokenizer; no two threads ever set the same number."""

    def __init__(self) -> None:
        """Nothing has changed."""
        self._numbers = itertools.count(1)
        self.latest = 0

    def count(self) -> None:
        """Something has changed; to be called after the change."""
        self.latest = next(self._numbers)


changes = Changes()


def dumps(value: object) -> str:
    """JSON as short as it can be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Field:
    """An attribute that is a field of the JSON, readable and settable."""

    def __init__(
        self,
        name: str,
        check: Callable[[Any], Any],
        get: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        """`name` in the JSON; `check` makes what is stored, `get` what is shown."""
        self.name = name
        self.check = check
        self.get = get

    def __get__(self, owner: Component | None, kind: type | None = None) -> Any:
        """The value."""
        return self if owner is None else self.get(owner._fields[self.name])

    def __set__(self, owner: Component, value: Any) -> None:
        """Checks and stores a value."""
        owner._fields[self.name] = self.check(value)
        changes.count()


def instance(kind: type, name: str) -> Callable[[Any], Any]:
    """Accepts values of a class alone."""

    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise wrong_type(value, name)
        return value

    return check


boolean = instance(bool, "bool")
string = instance(str, "str")


def optional(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Accepts None, too."""
    return lambda value: None if value is None else check(value)


def count(value: Any) -> int:
    """Accepts numbers that are not negative."""
    if not isinstance(value, int):
        raise wrong_type(value, "int")
    if not 0 <= value < 2**64:
        raise OverflowError("can't convert negative int to unsigned" if value < 0 else "too large")
    return value


def character(value: Any) -> str:
    """Accepts strings of one character."""
    if len(string(value)) != 1:
        raise ArgumentError("expected a string of length 1")
    return str(value)


def choice(names: dict[str, str], message: str) -> Callable[[Any], str]:
    """Accepts names, which the JSON may spell in another way."""

    def check(value: Any) -> str:
        found = names.get(string(value))
        if found is None:
            raise ArgumentError(message.format(value))
        return found

    return check


SCHEMES = choice(
    {"always": "always", "never": "never", "first": "first"},
    "{} is an unknown variant, should be one of ['first', 'never', 'always']",
)
BEHAVIORS = {
    "removed": "Removed",
    "isolated": "Isolated",
    "merged_with_previous": "MergedWithPrevious",
    "merged_with_next": "MergedWithNext",
    "contiguous": "Contiguous",
}
behavior = choice(
    BEHAVIORS,
    "Wrong value for SplitDelimiterBehavior, expected one of: `" + ", ".join(BEHAVIORS) + "`",
)


def behavior_name(value: str) -> str:
    """How users write a behaviour."""
    return next(name for name, spelled in BEHAVIORS.items() if spelled == value)


class Component:
    """A component: the fields that its `tokenizer.json` has."""

    _abstract: ClassVar[bool] = True
    _family: ClassVar[dict[str, type[Component]]] = {}
    _type: ClassVar[str]
    # Fields that older files lack.
    _defaults: ClassVar[dict[str, Any]] = {}
    _fields: dict[str, Any]

    def __init_subclass__(cls, *, kind: str | None = None, abstract: bool = False) -> None:
        """Registers a class under the `type` of its JSON; an abstract one begins a family."""
        super().__init_subclass__()
        if abstract:
            cls._family = {}
            cls._abstract = True
            return
        cls._abstract = False
        cls._type = kind or cls.__name__
        cls._family.setdefault(cls._type, cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuses what is only a family."""
        if cls._abstract:
            raise TypeError(f"cannot create '{cls.__module__}.{cls.__name__}' instances")
        made = super().__new__(cls)
        made._fields = {}
        return made

    @classmethod
    def _of_json(cls, data: Any) -> Self:
        """The component that JSON says."""
        kind = cls._family.get(str(data.get("type"))) if isinstance(data, dict) else None
        if kind is None:
            raise ArgumentError(f"no {cls.__name__} is written {dumps(data)[:80]}")
        made: Any = kind.__new__(kind)
        made._set_json(data)
        return made  # type: ignore[no-any-return]

    def _set_json(self, data: dict[str, Any]) -> None:
        """Takes the fields from JSON."""
        fields = {name: value for name, value in data.items() if name != "type"}
        self._fields = fields | {
            name: value for name, value in self._defaults.items() if name not in fields
        }

    def _json(self) -> dict[str, Any]:
        """The component as JSON."""
        return {"type": self._type, **self._fields}

    def _shown(self) -> dict[str, Any]:
        """What `repr` shows."""
        return self._json()

    def __getstate__(self) -> bytes:
        """The component as JSON bytes."""
        return dumps(self._json()).encode()

    def __setstate__(self, state: bytes) -> None:
        """Takes the fields from JSON bytes."""
        self._set_json(json.loads(state))

    def __reduce__(self) -> tuple[Any, ...]:
        """To data, never to code."""
        return (_restore, (type(self), self.__getstate__()))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A copy that changes by itself."""
        return _restore(type(self), self.__getstate__())  # type: ignore[no-any-return]

    def __copy__(self) -> Self:
        """A copy that changes by itself."""
        return _restore(type(self), self.__getstate__())  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        """The component with all of its fields."""
        return show(self._shown())

    def __str__(self) -> str:
        """The component; of long lists the beginning."""
        return show(self._shown(), short=True)


def _restore(kind: type[Component], state: bytes) -> Any:
    """A pickled component."""
    made = kind.__new__(kind)
    made.__setstate__(state)
    return made


class ComponentList(Component, abstract=True):
    """Components one after the other; the base of each family's `Sequence`."""

    _items_name: ClassVar[str]
    _items: list[Component]

    def _fill(self, items: Iterable[Component], family: type[Component]) -> None:
        if not isinstance(items, list):
            raise wrong_type(items, "list")
        for item in items:
            if not isinstance(item, family):
                raise wrong_type(item, family.__name__)
        self._items = list(items)

    def _set_json(self, data: dict[str, Any]) -> None:
        self._items = [type(self)._of_json(item) for item in data[self._items_name]]

    def _json(self) -> dict[str, Any]:
        return {"type": self._type, self._items_name: [item._json() for item in self._items]}

    def __getnewargs__(self) -> tuple[list[Any]]:
        """As the original's."""
        return ([],)

    def _place(self, index: int) -> int:
        if index < 0:
            raise OverflowError("can't convert negative int to unsigned")
        if index >= len(self._items):
            raise IndexError("Index not found")
        return index

    def __getitem__(self, index: int) -> Component:
        """The component at a place."""
        return self._items[self._place(index)]

    def __setitem__(self, index: int, value: Component) -> None:
        """Replaces the component at a place."""
        self._items[self._place(index)] = value
        changes.count()

    def __delitem__(self, index: int) -> None:
        """Removes the component at a place."""
        del self._items[self._place(index)]
        changes.count()
