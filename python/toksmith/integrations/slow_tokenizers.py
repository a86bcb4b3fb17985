"""Slow tokenizers of transformers: those that run on sentencepiece, and those written in Python.

The first keep their class; their SentencePiece processors alone are replaced. The others are
converted: by transformers' own converter for the class, or for what the tokenizer is made of, with
the special tokens that the slow one puts around texts. Nothing is believed of a conversion: it is
compared with the slow tokenizer on texts chosen to tell differences, and refused where it has any.
"""

from __future__ import annotations

import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any

from toksmith._native import UnsupportedFeature
from toksmith.compat.sentencepiece import SentencePieceProcessor
from toksmith.tokenizer import Tokenizer as NativeTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

# A slow tokenizer and what is made of it have to agree on all of these,
PROBES = (
    "",
    " ",
    "a",
    "Hello, world! It's 2024-05-06 and 1,234.5 of 67% isn't it?",
    "  two  spaces,\ta tab\nand a line\r\n  ",
    "ÀÉÎõü ﬁ ½ ① \uff21 e\u0301 ß Σς ǅ",
    "日本語のテキスト、中文 한국어 ไทย हिन्दी العربية עברית Ελληνικά русский",
    "👩\u200d👩\u200d👧 🇩🇪 ☺️ \u200b\u00a0x",
    "def f(x):\n    return x**2  # ##ing \u2581x <0x41>",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "a.b,c;d:e!f?g(h)i[j]k{l}m\"n'o`p~q@r#s$t%u^v&w*x_y-z+=|\\/<>",
    "\x01\x7f",
)
# and on these, which Python and a conversion may know by other versions of Unicode, if it is to be
# exact: control characters, a final sigma, new marks and punctuation, what is no character.
RARE = (
    "\x00\u0085\u2028\ufeff",
    "ΟΔΟΣ İstanbul",
    "a\u0898b a\u2e52b a\u061db",
    "a\u0378b \U0010ffff",
)
# Of many added tokens the first and the last are tried in a text.
_ADDED = 20
# Arguments that name files or hold what the conversion has taken from them.
_SOURCES = {"vocab_file", "merges_file", "tokenizer_file", "vocab", "merges", "backend"}


# On sentencepiece


def _processors(slow: Any) -> dict[str, Any]:
    """The SentencePiece processors of a tokenizer by the names of its attributes."""
    kinds: tuple[type, ...] = (SentencePieceProcessor,)
    try:
        from sentencepiece import SentencePieceProcessor as Theirs
    except ImportError:
        pass
    else:
        kinds += (Theirs,)
    return {name: value for name, value in vars(slow).items() if isinstance(value, kinds)}


def has_sentencepiece(slow: Any) -> bool:
    """Whether a tokenizer holds a SentencePiece model, or more than one."""
    return bool(_processors(slow))


def on_sentencepiece(slow: Any) -> Any:
    """A copy of a tokenizer whose SentencePiece processors are ours.

    Raises:
        UnsupportedFeature: It gives something else for one of the probes.
    """
    twin = copy.deepcopy(slow)
    options = getattr(slow, "sp_model_kwargs", None) or {}
    made: dict[int, SentencePieceProcessor] = {}
    for name, theirs in _processors(slow).items():
        if id(theirs) not in made:
            proto = theirs.serialized_model_proto()
            made[id(theirs)] = SentencePieceProcessor(**{**options, "model_proto": proto})
        setattr(twin, name, made[id(theirs)])
    if not options.get("enable_sampling"):
        compare(slow, twin)
    return twin


def native_of_sentencepiece(slow: Any, *, exact: bool) -> NativeTokenizer:
    """The SentencePiece model of a tokenizer, if its ids are those that the tokenizer gives.

    Args:
        slow: A tokenizer for which `has_sentencepiece` is true.
        exact: Whether to try rare characters, too.

    Raises:
        UnsupportedFeature: They are not; there is more than one model, or sampling.
    """
    name = type(slow).__name__
    models = list({id(each): each for each in _processors(slow).values()}.values())
    if len(models) != 1:
        raise UnsupportedFeature(f"{name}, which has {len(models)} SentencePiece models")
    if (getattr(slow, "sp_model_kwargs", None) or {}).get("enable_sampling"):
        raise UnsupportedFeature(f"{name} with enable_sampling")
    tok = NativeTokenizer.from_bytes(models[0].serialized_model_proto())
    size = models[0].get_piece_size()
    for number, token in slow.added_tokens_decoder.items():
        if number >= size or models[0].id_to_piece(number) != token.content:
            where = f"its added token {token.content!r} is not piece {number} of its model"
            raise UnsupportedFeature(f"{name}: {where}")
        if not token.special:
            raise UnsupportedFeature(f"{name}: its added token {token.content!r} is not special")
    for text in PROBES + RARE if exact else PROBES:
        right = slow(text, add_special_tokens=False)["input_ids"]
        given = tok.encode(text)
        if given != right:
            what = f"its SentencePiece model gives {given[:8]} for {text!r}, not {right[:8]}"
            raise UnsupportedFeature(f"{name}: {what}")
    return tok


# Written in Python


def converted(slow: Any) -> Any:
    """The fast tokenizer of transformers that a slow one is converted to; not yet compared.

    Raises:
        UnsupportedFeature: There is no conversion; names the class.
    """
    kind: Any = import_module("transformers").PreTrainedTokenizerFast
    backend = _converted(slow)
    template = _template(slow)
    if template is not None:
        backend.post_processor = template
    options = {
        name: copy.deepcopy(value)
        for name, value in slow.init_kwargs.items()
        if name not in _SOURCES and name not in ("added_tokens_decoder", "add_bos_token")
    }
    options |= dict(slow.special_tokens_map) | {
        "model_max_length": slow.model_max_length,
        "padding_side": slow.padding_side,
        "truncation_side": slow.truncation_side,
        "model_input_names": list(slow.model_input_names),
        "split_special_tokens": slow.split_special_tokens,
        "clean_up_tokenization_spaces": slow.clean_up_tokenization_spaces,
        "chat_template": slow.chat_template,
    }
    added = sorted(slow.added_tokens_decoder.items())
    # In the order of their ids, before anything else is added. A slow one looks for them in the
    # text as it is.
    backend.add_tokens([_as_written(token) for _, token in added])
    fast = kind(tokenizer_object=backend, **options)
    if fast.get_vocab() != slow.get_vocab():
        raise UnsupportedFeature(f"{type(slow).__name__}: its conversion has other tokens")
    return fast


def _as_written(token: Any) -> Any:
    """An added token that is looked for before text is normalized."""
    from tokenizers import AddedToken

    flags = ("single_word", "lstrip", "rstrip", "special")
    chosen = {flag: getattr(token, flag) for flag in flags}
    return AddedToken(token.content, normalized=False, **chosen)


def _converters(slow: Any) -> Iterator[type]:
    """Converters that may fit: that of the class, then that of what the tokenizer is made of."""
    # Of transformers itself, the name is a function.
    known: Any = import_module("transformers.convert_slow_tokenizer")
    for kind in type(slow).__mro__:
        if kind.__name__ in known.SLOW_TO_FAST_CONVERTERS:
            yield known.SLOW_TO_FAST_CONVERTERS[kind.__name__]
    if hasattr(slow, "wordpiece_tokenizer"):
        yield known.BertConverter
    if hasattr(slow, "bpe_ranks") and hasattr(slow, "byte_encoder"):
        yield known.GPT2Converter


def _converted(slow: Any) -> Any:
    """What a converter makes of a slow tokenizer: one of tokenizers."""
    why = "no converter fits"
    for converter in _converters(slow):
        try:
            return converter(slow).converted()
        except Exception as error:  # whatever a converter finds that it did not expect
            why = f"{converter.__name__}: {error}"
    name = type(slow).__name__
    raise UnsupportedFeature(f"{name}, a slow tokenizer that cannot be converted ({why})")


def _template(slow: Any) -> Any:
    """The special tokens that a tokenizer puts around one text and two, as a post-processor."""
    from tokenizers.processors import TemplateProcessing

    first, second = [-1], [-2]
    tokens: dict[str, int] = {}
    spelled = []
    for parts in ([first], [first, second]):
        ids = slow.build_inputs_with_special_tokens(*parts)
        types = slow.create_token_type_ids_from_sequences(*parts)
        if len(types) != len(ids):
            return None
        steps = []
        for number, kind in zip(ids, types, strict=True):
            if number in (-1, -2):
                steps.append(f"${'A' if number == -1 else 'B'}:{kind}")
                continue
            token = slow.convert_ids_to_tokens(number)
            tokens[token] = number
            steps.append(f"{token}:{kind}")
        spelled.append(steps)
    return TemplateProcessing(
        single=spelled[0], pair=spelled[1], special_tokens=list(tokens.items())
    )


# Comparison


def compare(slow: Any, other: Any, *, exact: bool = True) -> None:
    """Refuses what differs from a slow tokenizer in what it gives for any of the probes.

    Args:
        slow: A tokenizer of transformers.
        other: What is made of it.
        exact: Whether to try rare characters, too.

    Raises:
        UnsupportedFeature: Names the class and the first text that differs.
    """
    name = type(slow).__name__
    for text, options in _calls(slow, PROBES + RARE if exact else PROBES):
        right, given = (_answers(tokenizer, text, options) for tokenizer in (slow, other))
        for what, value in right.items():
            if given.get(what) != value:
                raise UnsupportedFeature(
                    f"{name}: what it would become has other {what} for {text!r}: "
                    f"{given.get(what)!r:.200}, not {value!r:.200}"
                )


def _calls(slow: Any, texts: tuple[str, ...]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Arguments to compare: a text, or two; and options."""
    added = [token.content for _, token in sorted(slow.added_tokens_decoder.items())]
    if len(added) > 2 * _ADDED:
        added = added[:_ADDED] + added[-_ADDED:]
    texts += tuple(f"x {token} y{token}z" for token in added)
    for text, following in zip(texts, texts[1:] + texts[:1], strict=True):
        for special in (True, False):
            yield (text,), {"add_special_tokens": special}
        # An empty second text is no text for fast tokenizers.
        yield (text, following or "a"), {}
    yield (PROBES[3],), {"truncation": True, "max_length": 6}
    yield (PROBES[3].split(),), {"is_split_into_words": True}


def _answers(tokenizer: Any, text: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
    """What a tokenizer makes of a text, and of its ids: by what it is."""
    try:
        found = dict(tokenizer(*text, **options))
        ids = found["input_ids"]
        return found | {
            "tokens": tokenizer.convert_ids_to_tokens(ids),
            "decoded text": tokenizer.decode(ids),
            "decoded text without special tokens": tokenizer.decode(ids, skip_special_tokens=True),
        }
    except Exception as error:  # what the slow one refuses, the other has to refuse
        return {"answer": type(error)}
