"""transformers' own tokenizer objects, encoding with toksmith.

`accelerate` gives a copy of a tokenizer of which the part that encodes is toksmith's: the same
class, the same arguments, the same answers. Nothing of transformers is patched, and the tokenizer
it was made from stays as it was. `from_transformers` gives a `toksmith.Tokenizer` instead.

Written for transformers 5; it needs the extra: `pip install toksmith[transformers]`.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, TypeVar

from toksmith._native import UnsupportedFeature
from toksmith.compat.sentencepiece import SentencePieceProcessor
from toksmith.compat.tokenizers import AddedToken, Tokenizer
from toksmith.compat.tokenizers.state import FAMILIES, State
from toksmith.tokenizer import Tokenizer as NativeTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

_T = TypeVar("_T")

# A slow tokenizer and what its conversion makes of it have to agree on all of these.
_PROBES = (
    "",
    " ",
    "Hello, world! It's 2024-05-06 and 1,234.5 of 67% isn't it?",
    "  two  spaces,\ta tab\nand a line\r\n  ",
    "ÀÉÎõü ﬁ ½ ① \uff21 e\u0301 ß İ Σς ǅ",
    "日本語のテキスト、中文 한국어 ไทย हिन्दी العربية עברית Ελληνικά русский",
    "👩\u200d👩\u200d👧 🇩🇪 ☺️ \u200b\ufeff\u00a0x",
    "def f(x):\n    return x**2  # <s> </s> [CLS] <unk> ##ing \u2581x",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "a.b,c;d:e!f?g(h)i[j]k{l}m\"n'o`p~q@r#s$t%u^v&w*x_y-z+=|\\/<>",
    "\x00\x01\x7f\u0085\u2028 \U0010ffff",
)


class Backend(Tokenizer):
    """What stands in a transformers tokenizer for a tokenizer of tokenizers.

    It takes tokenizers' own added tokens and components, and gives such added tokens back:
    transformers makes them and looks at their class.
    """

    def add_tokens(self, tokens: Sequence[Any]) -> int:
        """Adds tokens; returns how many are new."""
        return super().add_tokens([_ours(token) for token in tokens])

    def add_special_tokens(self, tokens: Sequence[Any]) -> int:
        """Adds special tokens; returns how many are new."""
        return super().add_special_tokens([_ours(token) for token in tokens])

    def get_added_tokens_decoder(self) -> dict[int, Any]:
        """Added tokens by id, as objects of tokenizers."""
        found = super().get_added_tokens_decoder()
        return {number: _theirs(token) for number, token in found.items()}

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets a component, be it ours or one of tokenizers."""
        if name in FAMILIES and type(value).__module__.partition(".")[0] == "tokenizers":
            value = FAMILIES[name]._of_json(json.loads(value.__getstate__()))
        super().__setattr__(name, value)


def accelerate(tokenizer: _T) -> _T:
    """A copy of a transformers tokenizer that encodes and decodes with toksmith.

    Args:
        tokenizer: A `PreTrainedTokenizerBase`. One that runs on tokenizers (`is_fast`) or on
            sentencepiece is copied; another slow one is converted as transformers converts it, and
            compared with its conversion on a set of texts.

    Returns:
        A tokenizer of the same class, or for one that was converted of transformers' class for
        fast ones; a `PreTrainedTokenizerBase` in any case. Where code asks for the class
        `tokenizers.decoders.DecodeStream`, use that of `toksmith.compat.tokenizers` with it.

    Raises:
        UnsupportedFeature: A slow tokenizer has no conversion, or one that gives other ids; a part
            of the tokenizer is not supported.
        ImportError: transformers is missing.
    """
    _transformers()
    found: Any = tokenizer
    if not getattr(found, "is_fast", False):
        if not hasattr(found, "sp_model"):
            return _of_slow(found)  # type: ignore[no-any-return]
        twin = copy.deepcopy(found)
        twin.sp_model = SentencePieceProcessor(model_proto=_sentencepiece(found))
        return twin  # type: ignore[no-any-return]
    twin = copy.deepcopy(found)
    twin._tokenizer = _backend(found.backend_tokenizer)
    return twin  # type: ignore[no-any-return]


def from_transformers(tokenizer: object) -> NativeTokenizer:
    """A `toksmith.Tokenizer` of a transformers tokenizer, slow or fast.

    Raises:
        UnsupportedFeature: As of `accelerate`.
        ImportError: transformers is missing.
    """
    _transformers()
    found: Any = tokenizer
    if hasattr(found, "sp_model") and not getattr(found, "is_fast", False):
        return NativeTokenizer.from_bytes(_sentencepiece(found))
    fast = found if getattr(found, "is_fast", False) else _of_slow(found)
    return NativeTokenizer.from_bytes(fast.backend_tokenizer.to_str().encode())


def _sentencepiece(slow: Any) -> bytes:
    model: bytes = slow.sp_model.serialized_model_proto()
    return model


def _backend(theirs: Any) -> Backend:
    backend = Backend._of_state(State.of_bytes(theirs.to_str().encode()))
    backend.encode_special_tokens = theirs.encode_special_tokens
    return backend


def _of_slow(slow: Any) -> Any:
    """What transformers' conversion makes of a slow tokenizer, if it gives the same ids."""
    name = type(slow).__name__
    transformers = _transformers()
    if not isinstance(slow, transformers.PreTrainedTokenizerBase):
        raise UnsupportedFeature(f"{name}, which is no tokenizer of transformers")
    converted = _converted(slow)
    options = copy.deepcopy(slow.init_kwargs)
    for file in ("vocab_file", "merges_file", "tokenizer_file", "vocab", "merges"):
        options.pop(file, None)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=converted, **options)
    fast._tokenizer = _backend(converted)
    fast.chat_template = slow.chat_template
    for text in _PROBES:
        for special in (True, False):
            right = slow(text, add_special_tokens=special)["input_ids"]
            given = fast(text, add_special_tokens=special)["input_ids"]
            if given != right:
                raise UnsupportedFeature(
                    f"{name}: its conversion gives {given[:8]} for {text!r}, not {right[:8]}"
                )
            skip = {"skip_special_tokens": special}
            if fast.decode(given, **skip) != slow.decode(right, **skip):
                raise UnsupportedFeature(f"{name}: its conversion decodes {text!r} otherwise")
    return fast


def _converted(slow: Any) -> Any:
    """What transformers' conversion makes of a slow tokenizer: one of tokenizers."""
    from transformers.convert_slow_tokenizer import convert_slow_tokenizer

    try:
        return convert_slow_tokenizer(slow)
    except Exception as error:
        name = type(slow).__name__
        why = f"a slow tokenizer that transformers does not convert: {name} ({error})"
        raise UnsupportedFeature(why) from error


def _ours(token: Any) -> Any:
    if isinstance(token, str | AddedToken):
        return token
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return AddedToken(token.content, **{flag: getattr(token, flag) for flag in flags})


def _theirs(token: AddedToken) -> Any:
    from tokenizers import AddedToken as Theirs

    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return Theirs(token.content, **{flag: getattr(token, flag) for flag in flags})


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise ImportError(
            "transformers is missing; install it with: pip install toksmith[transformers]"
        ) from error
    return transformers
