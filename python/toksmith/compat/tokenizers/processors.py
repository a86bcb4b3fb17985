"""Post-processors: what is put around texts to make a model's input.

>>> from toksmith.compat.tokenizers import processors
>>> processors.BertProcessing(("[SEP]", 102), ("[CLS]", 101)).num_special_tokens_to_add(True)
3
"""

from __future__ import annotations

from typing import Any

from toksmith._native import Encoding, SpelledTokenizer
from toksmith.compat.tokenizers.component import (
    Component,
    ComponentList,
    Field,
    boolean,
    changes,
    count,
    dumps,
    string,
)
from toksmith.compat.tokenizers.errors import ArgumentError, wrong_type
from toksmith.compat.tokenizers.pre_tokenizers import _only_type

# A tokenizer that does nothing but what its post-processor does.
_BARE = '{{"version":"1.0","added_tokens":[],"post_processor":{},"model":{}}}'
_BARE_MODEL = '{"type":"BPE","vocab":{},"merges":[]}'


class PostProcessor(Component, abstract=True):
    """The base of all post-processors."""

    def _built(self) -> SpelledTokenizer:
        return SpelledTokenizer(_BARE.format(dumps(self._json()), _BARE_MODEL).encode())

    def num_special_tokens_to_add(self, is_pair: bool) -> int:
        """Number of tokens that are added to one text or two."""
        return self._built().num_special_tokens_to_add(is_pair)

    def process(
        self, encoding: Encoding, pair: Encoding | None = None, add_special_tokens: bool = True
    ) -> Encoding:
        """The model's input for the encoding of one text or of two."""
        return self._built().post_process(encoding, pair, add_special_tokens, None, None)


def _token(value: Any) -> list[Any]:
    """`(text, id)`."""
    if not isinstance(value, tuple):
        raise wrong_type(value, "tuple")
    text, id_ = value
    return [string(text), count(id_)]


class BertProcessing(PostProcessor):
    """`[CLS] A [SEP] B [SEP]`."""

    sep = Field("sep", _token, tuple)
    cls = Field("cls", _token, tuple)

    def __init__(self, sep: tuple[str, int], cls_token: tuple[str, int]) -> None:
        """The text and the id of each."""
        self.sep = sep
        self.cls = cls_token

    def __getnewargs__(self) -> tuple[Any, ...]:
        """As the original's."""
        return (("", 0), ("", 0))


class ByteLevel(PostProcessor):
    """Offsets leave out white space, and nothing else."""

    _defaults = {"use_regex": True}  # noqa: RUF012
    add_prefix_space = Field("add_prefix_space", boolean)
    trim_offsets = Field("trim_offsets", boolean)
    use_regex = Field("use_regex", boolean)

    def __init__(
        self,
        add_prefix_space: bool | None = None,
        trim_offsets: bool | None = None,
        use_regex: bool | None = None,
        **_kwargs: Any,
    ) -> None:
        """None means true; further arguments are what its pickled state has: its `type`."""
        _only_type(_kwargs)
        self.add_prefix_space = True if add_prefix_space is None else add_prefix_space
        self.trim_offsets = True if trim_offsets is None else trim_offsets
        self.use_regex = True if use_regex is None else use_regex


class RobertaProcessing(PostProcessor):
    """`<s> A </s></s> B </s>`."""

    sep = Field("sep", _token, tuple)
    cls = Field("cls", _token, tuple)
    trim_offsets = Field("trim_offsets", boolean)
    add_prefix_space = Field("add_prefix_space", boolean)

    def __init__(
        self,
        sep: tuple[str, int],
        cls_token: tuple[str, int],
        trim_offsets: bool = True,
        add_prefix_space: bool = True,
    ) -> None:
        """The text and the id of each."""
        self.sep = sep
        self.cls = cls_token
        self.trim_offsets = trim_offsets
        self.add_prefix_space = add_prefix_space

    def __getnewargs__(self) -> tuple[Any, ...]:
        """As the original's."""
        return (("", 0), ("", 0))


class TemplateProcessing(PostProcessor):
    """Any template: `"[CLS] $A [SEP]"`, a list of its pieces, and the ids of its tokens."""

    def __init__(
        self,
        single: str | list[str] | None = None,
        pair: str | list[str] | None = None,
        special_tokens: list[Any] | None = None,
    ) -> None:
        """Special tokens are `(text, id)`, `(id, text)` or `{"id", "ids", "tokens"}`.

        Raises:
            ValueError: A piece is malformed, a special token is missing, or the template for a
                pair has one text alone.
        """
        first = _pieces("$A" if single is None else single)
        both = _pieces("$A:0 $B:1" if pair is None else pair)
        tokens = {token["id"]: token for token in map(_special, special_tokens or [])}
        texts = {piece["Sequence"]["id"] for piece in both if "Sequence" in piece}
        if texts != {"A", "B"}:
            raise ArgumentError("Template for `pair` must use both sequences")
        used = [piece["SpecialToken"]["id"] for piece in first + both if "SpecialToken" in piece]
        missing = sorted({id_ for id_ in used if id_ not in tokens})
        if missing:
            names = ", ".join(missing)
            raise ArgumentError(f"Missing SpecialToken(s) with id(s) `{names}`")
        self._fields.update(single=first, pair=both, special_tokens=dict(sorted(tokens.items())))

    @property
    def single(self) -> str:
        """The template for one text, as the original shows it."""
        shown = []
        for piece in self._fields["single"]:
            [(kind, at)] = piece.items()
            id_ = at["id"] if kind == "Sequence" else f'"{at["id"]}"'
            shown.append(f"{kind} {{ id: {id_}, type_id: {at['type_id']} }}")
        return f"Template([{', '.join(shown)}])"

    @single.setter
    def single(self, single: str | list[str]) -> None:
        self._fields["single"] = _pieces(single)
        changes.count()


def _pieces(template: str | list[str]) -> list[dict[str, Any]]:
    """A template in the form of the JSON."""
    if isinstance(template, str):
        return [_piece(piece) for piece in template.split()]
    if not isinstance(template, (list, tuple)):
        raise wrong_type(template, "list")
    return [_piece(string(piece)) for piece in template]


def _piece(text: str) -> dict[str, Any]:
    wrong = ArgumentError(f'Cannot build Piece from string "{text}"')
    name, *rest = text.split(":")
    type_id = 0
    if rest:
        if len(rest) > 1 or not _is_number(rest[0]):
            raise wrong
        type_id = int(rest[0])
    if not name.startswith("$"):
        return {"SpecialToken": {"id": name, "type_id": type_id}}
    which = name[1:]
    if _is_number(which):
        which, type_id = "A", type_id if rest else int(which)
    if which.upper() not in {"", "A", "B"}:
        raise wrong
    return {"Sequence": {"id": which.upper() or "A", "type_id": type_id}}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) < 2**32


def _special(token: Any) -> dict[str, Any]:
    """A special token in the form of the JSON."""
    if isinstance(token, tuple) and len(token) == 2:
        first, second = token
        if isinstance(first, str) and isinstance(second, int):
            return {"id": first, "ids": [second], "tokens": [first]}
        if isinstance(first, int) and isinstance(second, str):
            return {"id": second, "ids": [first], "tokens": [second]}
    if isinstance(token, dict):
        found = {name: token[name] for name in ("id", "ids", "tokens")}
        if len(found["ids"]) != len(found["tokens"]):
            raise ArgumentError("SpecialToken: ids and tokens must be of the same length")
        return found
    raise TypeError("Expected Union[Tuple[str, int], Tuple[int, str], dict]")


class Sequence(PostProcessor, ComponentList):
    """Post-processors one after the other."""

    _items_name = "processors"

    def __init__(self, processors: list[PostProcessor]) -> None:
        """Takes a list."""
        self._fill(processors, PostProcessor)
