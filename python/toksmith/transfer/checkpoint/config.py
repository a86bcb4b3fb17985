"""What a model says of its vocabulary: `config.json` and `generation_config.json`.

Start at `new_config`. Ids in a configuration are of tokens with a role (`eos_token_id`), of which
the new tokenizer says its own, or of others, which the caller may map; what can be neither becomes
null and is noted, as an id of the old vocabulary would be an arbitrary token of the new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from toksmith._native import VocabularyError

ROLES = ("bos", "eos", "pad", "unk", "sep", "cls", "mask")
_ALWAYS = ("bos", "eos", "pad")
"""Roles whose ids a class of transformers may have of its own where a file says none."""

_LISTS = (
    "suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "force_words_ids",
    "forced_decoder_ids", "sequence_bias", "lang_to_id", "task_to_id",
)  # fmt: skip
"""Other names that hold ids; what is no list of ids cannot be mapped."""


@dataclass
class Change:
    """What is to be said of the new vocabulary.

    Attributes:
        old: `vocab_size` as it was.
        rows: `vocab_size` as it is.
        roles: The new ids by role; None if the ids of tokens stay what they are.
        special_map: New ids by old ones, for any id of a configuration.
        tie: What `tie_word_embeddings` becomes; None leaves it.
        notes: What had to be left out.
    """

    old: int
    rows: int
    roles: Mapping[str, int] | None
    special_map: Mapping[int, int]
    tie: bool | None
    notes: list[str] = field(default_factory=list)


def new_config(config: dict[str, Any], change: Change) -> dict[str, Any]:
    """A `config.json` of the new vocabulary; parts of the old one's size, too.

    Raises:
        VocabularyError: An id that stays is beyond the new rows.
    """
    new = _part(config, change, "config.json", top=True)
    if change.tie is not None:
        new["tie_word_embeddings"] = change.tie
        for value in new.values():
            if isinstance(value, dict) and "tie_word_embeddings" in value:
                value["tie_word_embeddings"] = change.tie
    return new


def new_generation_config(config: dict[str, Any], change: Change) -> dict[str, Any]:
    """A `generation_config.json` of the new vocabulary.

    Raises:
        VocabularyError: An id that stays is beyond the new rows.
    """
    return _ids(config, change, "generation_config.json", {})


def _part(config: dict[str, Any], change: Change, where: str, top: bool) -> dict[str, Any]:
    new = dict(config)
    for key, value in config.items():
        if isinstance(value, dict):
            new[key] = _part(value, change, f"{where}: {key}", top=False)
    sized = config.get("vocab_size") == change.old
    if sized:
        new["vocab_size"] = change.rows
    if not (sized or top):
        return new
    always = dict.fromkeys(f"{role}_token_id" for role in _ALWAYS) if sized else {}
    return _ids(new, change, where, always)


def _ids(
    config: dict[str, Any], change: Change, where: str, always: dict[str, None]
) -> dict[str, Any]:
    new = dict(config)
    if change.roles is not None:
        new = {**new, **{key: None for key in always if key not in new}}
    for key, value in new.items():
        if not _holds_ids(key):
            continue
        if change.roles is None:
            _check(value, change, f"{where}: {key}")
            continue
        role = key.removesuffix("_token_id")
        if role in ROLES:
            found = change.roles.get(role)
            new[key] = found if found is not None else _mapped(value, change)
        else:
            new[key] = _mapped(value, change, _by_role(config, change.roles))
        if new[key] is None and value is not None:
            change.notes.append(f"{where}: {key} was {value!r}, of which there is no new id")
    return new


def _holds_ids(key: str) -> bool:
    ends = ("_token_id", "_token_ids", "_token_index")
    return key.endswith(ends) or key in _LISTS


def _by_role(config: dict[str, Any], roles: Mapping[str, int]) -> dict[int, int]:
    """New ids by old ones, as far as a role tells."""
    found: dict[int, int] = {}
    for role in ROLES:
        value = config.get(f"{role}_token_id")
        if isinstance(value, int) and role in roles:
            found.setdefault(value, roles[role])
    return found


def _mapped(value: Any, change: Change, by_role: Mapping[int, int] | None = None) -> Any:
    """A value with all of its ids mapped; None if one of them cannot be."""
    known = {**(by_role or {}), **change.special_map}
    if isinstance(value, bool) or not isinstance(value, (int, list)):
        return None
    if isinstance(value, int):
        return known.get(value)
    found = [_mapped(one, change, by_role) for one in value]
    return None if None in found else found


def _check(value: Any, change: Change, where: str) -> None:
    for number in _numbers(value):
        if number >= change.rows:
            raise VocabularyError(f"{where} is {value!r}, but there are {change.rows} rows")


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, int):
        yield value
