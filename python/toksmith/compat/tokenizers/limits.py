"""Truncation and padding: as arguments, as properties, and as a `tokenizer.json` has them."""

from __future__ import annotations

from typing import Any, NamedTuple

from toksmith.compat.tokenizers.component import count, string
from toksmith.compat.tokenizers.errors import ArgumentError

_STRATEGIES = {
    "longest_first": "LongestFirst",
    "only_first": "OnlyFirst",
    "only_second": "OnlySecond",
}
_SIDES = {"left": "Left", "right": "Right"}


class Truncation(NamedTuple):
    """How texts are cut; the order is the core's."""

    max_length: int
    stride: int
    strategy: str
    direction: str

    @classmethod
    def of(cls, max_length: int, stride: int, strategy: str, direction: str) -> Truncation:
        """Checks arguments."""
        if string(strategy) not in _STRATEGIES:
            raise ArgumentError(
                f"Unknown `strategy`: `{strategy}`. "
                "Use one of `longest_first`, `only_first`, or `only_second`"
            )
        if string(direction) not in _SIDES:
            raise ArgumentError(
                f"Unknown `direction`: `{direction}`. Use one of `left` or `right`."
            )
        return cls(count(max_length), count(stride), strategy, direction)

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Truncation:
        """As a file has it."""
        strategy = _name(_STRATEGIES, data["strategy"])
        direction = _name(_SIDES, data.get("direction", "Right"))
        return cls(data["max_length"], data["stride"], strategy, direction)

    def json(self) -> dict[str, Any]:
        """As a file has it."""
        return {
            "direction": _SIDES[self.direction],
            "max_length": self.max_length,
            "strategy": _STRATEGIES[self.strategy],
            "stride": self.stride,
        }


class Padding(NamedTuple):
    """How inputs are filled up; the order is the core's."""

    length: int | None
    direction: str
    pad_to_multiple_of: int | None
    pad_id: int
    pad_type_id: int
    pad_token: str

    @classmethod
    def of(
        cls,
        length: int | None,
        direction: str,
        pad_to_multiple_of: int | None,
        pad_id: int,
        pad_type_id: int,
        pad_token: str,
    ) -> Padding:
        """Checks arguments."""
        if string(direction) not in _SIDES:
            raise ArgumentError(f"Unknown `direction`: `{direction}`. Use one of `left` or `right`")
        return cls(
            None if length is None else count(length),
            direction,
            None if pad_to_multiple_of is None else count(pad_to_multiple_of),
            count(pad_id),
            count(pad_type_id),
            string(pad_token),
        )

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Padding:
        """As a file has it."""
        strategy = data["strategy"]
        return cls(
            None if strategy == "BatchLongest" else strategy["Fixed"],
            _name(_SIDES, data["direction"]),
            data.get("pad_to_multiple_of"),
            data["pad_id"],
            data["pad_type_id"],
            data["pad_token"],
        )

    def json(self) -> dict[str, Any]:
        """As a file has it."""
        return {
            "strategy": "BatchLongest" if self.length is None else {"Fixed": self.length},
            "direction": _SIDES[self.direction],
            "pad_to_multiple_of": self.pad_to_multiple_of,
            "pad_id": self.pad_id,
            "pad_type_id": self.pad_type_id,
            "pad_token": self.pad_token,
        }

    def shown(self) -> dict[str, Any]:
        """The property `padding`, in the original's order."""
        return {
            "length": self.length,
            "pad_to_multiple_of": self.pad_to_multiple_of,
            "pad_id": self.pad_id,
            "pad_token": self.pad_token,
            "pad_type_id": self.pad_type_id,
            "direction": self.direction,
        }


def _name(names: dict[str, str], spelled: str) -> str:
    return next(name for name, other in names.items() if other == spelled)
