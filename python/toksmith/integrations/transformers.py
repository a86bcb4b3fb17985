"""transformers' own tokenizer objects, encoding with toksmith.

`accelerate` gives a copy of a tokenizer of which the part that encodes is toksmith's: the same
class, the same arguments, the same answers. Nothing of transformers is patched, and the tokenizer
it was made from stays as it was. `from_transformers` gives a `toksmith.Tokenizer` instead. How slow
tokenizers become fast ones is in `slow_tokenizers.py`.

Written for transformers 5; it needs the extra: `pip install toksmith[transformers]`.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, TypeVar

from toksmith._native import UnsupportedFeature
from toksmith.compat.tokenizers import AddedToken, Tokenizer
from toksmith.compat.tokenizers.state import FAMILIES, State
from toksmith.integrations import slow_tokenizers
from toksmith.tokenizer import Tokenizer as NativeTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

_T = TypeVar("_T")

_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


class Backend(Tokenizer):
    """What stands in a transformers tokenizer for a tokenizer of tokenizers.

    It takes tokenizers' own added tokens and components, and gives such added tokens back:
    transformers makes them and looks at their class.
    """

    def add_tokens(self, tokens: Sequence[Any]) -> int:
        """Adds tokens; returns how many are new."""
        return super().add_tokens([_ours(token) for token in tokens])

    def add_special_tokens(self, tokens: Sequence[Any]) -> int:
        """Adds special tokens; returns how many are new. The objects given are made special."""
        # Before they are read: where nobody has said `normalized`, it depends on `special`.
        for token in tokens:
            if _is_theirs(token):
                token.special = True
        return super().add_special_tokens([_ours(token) for token in tokens])

    def get_added_tokens_decoder(self) -> dict[int, Any]:
        """Added tokens by id, as objects of tokenizers."""
        found = super().get_added_tokens_decoder()
        return {number: _theirs(token) for number, token in found.items()}

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets a component, be it ours or one of tokenizers.

        Raises:
            UnsupportedFeature: The component is written in Python.
        """
        if name in FAMILIES and type(value).__module__.partition(".")[0] == "tokenizers":
            try:
                data = json.loads(value.__getstate__())
            except Exception as error:  # tokenizers raises plain exceptions
                raise UnsupportedFeature(f"a {name} that cannot be saved: {error}") from error
            value = FAMILIES[name]._of_json(data)
        super().__setattr__(name, value)


def accelerate(tokenizer: _T, *, exact: bool = True) -> _T:
    """A copy of a transformers tokenizer that encodes and decodes with toksmith.

    Args:
        tokenizer: A `PreTrainedTokenizerBase`. One that runs on tokenizers (`is_fast`) or on
            sentencepiece is copied; another slow one is converted, and compared with its
            conversion on a set of texts.
        exact: Whether a converted slow tokenizer has to agree on rare characters, too. Python and
            conversions know them by other versions of Unicode, so that for one that cleans or
            lowercases text, as BERT's does, there is no exact conversion. Others are always exact.

    Returns:
        A tokenizer of the same class, or for one that was converted of transformers' class for
        fast ones, which gives what is cut off (`return_overflowing_tokens`) in rows, as these do;
        a `PreTrainedTokenizerBase` in any case. Its `backend_tokenizer` is no
        `tokenizers.Tokenizer`: where code asks for that class, as
        `tokenizers.decoders.DecodeStream` does, use what `toksmith.compat.tokenizers` has of the
        same name. A slow one whose class pickles the path of its SentencePiece model, not the
        model, is after that on sentencepiece again.

    Raises:
        UnsupportedFeature: A slow tokenizer has no conversion, or one that gives something else;
            a part of the tokenizer is not supported.
        ImportError: transformers is missing.
    """
    found: Any = _checked(tokenizer)
    if found.is_fast:
        return _of_fast(found)  # type: ignore[no-any-return]
    if slow_tokenizers.has_sentencepiece(found):
        return slow_tokenizers.on_sentencepiece(found)  # type: ignore[no-any-return]
    return _of_slow(found, exact=exact)  # type: ignore[no-any-return]


def from_transformers(tokenizer: object, *, exact: bool = True) -> NativeTokenizer:
    """A `toksmith.Tokenizer` of a transformers tokenizer, slow or fast.

    Args:
        tokenizer: A `PreTrainedTokenizerBase`.
        exact: As of `accelerate`; for a slow one on sentencepiece, too.

    It gives the ids that the tokenizer gives without adding special tokens. Special tokens that are
    written in a text are text, unless `specials` says otherwise. Of a slow tokenizer on
    sentencepiece it decodes as sentencepiece does.

    Raises:
        UnsupportedFeature: As of `accelerate`; a slow tokenizer has ids other than those of its
            SentencePiece model.
        ImportError: transformers is missing.
    """
    found: Any = _checked(tokenizer)
    if not found.is_fast and slow_tokenizers.has_sentencepiece(found):
        return slow_tokenizers.native_of_sentencepiece(found, exact=exact)
    fast = found if found.is_fast else _of_slow(found, exact=exact)
    return NativeTokenizer.from_bytes(_json(fast.backend_tokenizer, found))


def _of_fast(found: Any) -> Any:
    """A copy of a fast tokenizer with a backend of ours."""
    theirs = found._tokenizer
    backend = Backend._of_state(State.of_bytes(_json(theirs, found)))
    backend.encode_special_tokens = theirs.encode_special_tokens
    # What is remembered is not copied: whatever refers to the backend refers to ours.
    twin = copy.deepcopy(found, {id(theirs): backend})
    twin._tokenizer = backend
    # CLIP puts a method of its own on its backend; whatever else is there is not known.
    changed = set(getattr(theirs, "__dict__", ())) - {"_state", "_encode_special_tokens"}
    wrap = getattr(twin, "_wrap_decode_method_backend_tokenizer", None)
    if changed == {"decode"} and wrap is not None:
        wrap()
    elif changed:
        names = ", ".join(sorted(changed))
        raise UnsupportedFeature(f"{type(found).__name__}, whose backend has {names} of its own")
    return twin


def _of_slow(slow: Any, *, exact: bool) -> Any:
    """A fast tokenizer that a slow one was converted to, with a backend of ours."""
    fast = _of_fast(slow_tokenizers.converted(slow))
    slow_tokenizers.compare(slow, fast, exact=exact)
    return fast


def _json(backend: Any, found: Any) -> bytes:
    """A backend as a `tokenizer.json`."""
    try:
        text: str = backend.to_str()
    except UnsupportedFeature:
        raise
    except Exception as error:  # tokenizers raises plain exceptions
        why = f"{type(found).__name__}, whose backend cannot be saved: {error}"
        raise UnsupportedFeature(why) from error
    return text.encode()


def _is_theirs(token: Any) -> bool:
    return type(token).__name__ == "AddedToken" and not isinstance(token, AddedToken)


def _ours(token: Any) -> Any:
    """Our added token for one of tokenizers; what is neither is refused where it is used."""
    if not _is_theirs(token):
        return token
    return AddedToken(token.content, **{flag: getattr(token, flag) for flag in _FLAGS})


def _theirs(token: AddedToken) -> Any:
    from tokenizers import AddedToken as Theirs

    return Theirs(token.content, **{flag: getattr(token, flag) for flag in _FLAGS})


def _checked(tokenizer: object) -> object:
    try:
        import transformers
    except ImportError as error:
        raise ImportError(
            "transformers is missing; install it with: pip install toksmith[transformers]"
        ) from error
    if not isinstance(tokenizer, transformers.PreTrainedTokenizerBase):
        name = type(tokenizer).__name__
        raise UnsupportedFeature(f"{name}, which is no PreTrainedTokenizerBase of transformers")
    return tokenizer
