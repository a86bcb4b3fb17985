"""Classes of protobuf from a table of fields, in a pool of their own.

The package sentencepiece may be imported beside this one, and a pool has each name once.
"""

from __future__ import annotations

from typing import Any

_PACKAGE = "sentencepiece"
_TYPES = {
    "float": 2, "uint64": 4, "int32": 5, "bool": 8, "string": 9, "message": 11, "bytes": 12,
    "uint32": 13, "enum": 14,
}  # fmt: skip
_OPTIONAL, _REPEATED = 1, 3


def messages(file: str, table: dict[str, Any]) -> list[Any]:
    """The classes of the messages of a table that are in no other, in its order.

    Args:
        file: The name of the file that would declare them.
        table: Name to fields `(name, number, type)` or `(name, number, type, default)`; a type is
            one of proto2, or a message or an enumeration of the table by name, behind `*` if there
            may be several. Name to a dict is an enumeration. `A.B` is declared in `A`.

    Raises:
        ImportError: protobuf is missing.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError as error:
        raise ImportError(
            "protobuf is missing; install it with: pip install toksmith[sentencepiece]"
        ) from error
    declared = descriptor_pb2.FileDescriptorProto(name=file, package=_PACKAGE)
    made: dict[str, Any] = {}
    for name, fields in table.items():
        outer, _, own = name.rpartition(".")
        parent = made[outer] if outer else declared
        if isinstance(fields, dict):
            kind = parent.enum_type.add(name=own)
            for value, number in fields.items():
                kind.value.add(name=value, number=number)
            continue
        made[name] = (parent.nested_type if outer else parent.message_type).add(name=own)
    for name, fields in table.items():
        if not isinstance(fields, dict):
            for field in fields:
                _declare(made[name], table, *field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(declared)
    tops = [name for name in made if "." not in name]
    descriptors = [pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in tops]
    return [message_factory.GetMessageClass(descriptor) for descriptor in descriptors]


def _declare(
    message: Any, table: dict[str, Any], name: str, number: int, kind: str, default: Any = None
) -> None:
    """Adds a field to the description of a message."""
    label = _REPEATED if kind.startswith("*") else _OPTIONAL
    kind = kind.removeprefix("*")
    field = message.field.add(name=name, number=number, label=label)
    if kind in table:
        field.type_name = f".{_PACKAGE}.{kind}"
        kind = "enum" if isinstance(table[kind], dict) else "message"
    field.type = _TYPES[kind]
    if default is not None:
        field.default_value = str(default).lower() if isinstance(default, bool) else str(default)
