"""Our processor and sentencepiece's, of the same models, and what a call of each comes to."""

from __future__ import annotations

from functools import cache
from typing import Any

import sentencepiece

import families
import toksmith.compat.sentencepiece as ours
from testdata import need

REAL = ("xlmr_unigram", "mistral_v1")
MODELS = tuple(families.MODEL_OPTIONS)
TEXTS = [
    *families.SEAMS,
    "",
    " ",
    "  a  ",
    "\u2581",
    "\u2581\u2581",
    "\x01",
    "\ufb01\u0301",
    "<sep>the<sep>",
    "the <ctl> \u2460",
    "\U0010ffff\U0010ffff a",
    "\u30ab\u3099\uff76\uff9e",
]
BYTES = [
    b"",
    b"\xff",
    b"a\xffb \xc3",
    b"\xe4\xb8",
    b" \xff ",
    b"\xf0\x9f\x98 x",
    b"\xed\xa0\x80",
    b"\xc0\xafa",
]


@cache
def pair(name: str) -> tuple[Any, Any]:
    """Ours and the package's of one of `MODELS` or `REAL`."""
    if name in MODELS:
        data = families.model_file(name)
    else:
        data = need(f"vocabs/{name}/tokenizer.model").read_bytes()
    return ours.SentencePieceProcessor(model_proto=data), sentencepiece.SentencePieceProcessor(
        model_proto=data
    )


def outcome(call: Any) -> Any:
    """What a call returns, or the class of what it raises, as the package has it."""
    try:
        return call()
    except (IndexError, TypeError, ValueError, RuntimeError) as error:
        for kind in (IndexError, TypeError, ValueError, RuntimeError):
            if isinstance(error, kind):
                return kind
        raise


def assert_alike(name: str, call: Any, about: object = None) -> None:
    """The same call of both comes to the same."""
    mine, theirs = pair(name)
    found, right = outcome(lambda: call(mine)), outcome(lambda: call(theirs))
    assert type(found) is type(right), (name, about, found, right)
    assert found == right, (name, about, found, right)
