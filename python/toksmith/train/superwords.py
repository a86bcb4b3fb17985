"""Tokens that hold several words, such as ` of the`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from toksmith import _native
from toksmith._native import InputError
from toksmith.progress import reporting
from toksmith.train.counting import count_with
from toksmith.train.models import bpe_model
from toksmith.train.pipeline import LETTERS, Pipeline, added_steps
from toksmith.train.refusing import refusing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack

    from toksmith.tokenizer import Tokenizer
    from toksmith.train.counting import Counting
    from toksmith.train.pipeline import Json
    from toksmith.train.pre_tokenizers import Steps

_LINES: Json = {
    "type": "Split",
    "pattern": {"Regex": r"[^\r\n]*[\r\n]+|[^\r\n]+"},
    "behavior": "Isolated",
    "invert": False,
}


def superword(
    texts: object,
    vocab_size: int,
    *,
    transition: int,
    like: Tokenizer | str = "cl100k_base",
    special_tokens: Iterable[str] | None = None,
    digits: str | None = None,
    pre_tokenizer: Steps | None = None,
    max_words: int | None = None,
    min_frequency: int = 0,
    max_token_length: int | None = None,
    **counting: Unpack[Counting],
) -> Tokenizer:
    """BPE in two stages: inside words up to `transition` tokens, then across them, within lines.

    The tokenizer that comes out cuts text into lines alone, and as `digits` and `pre_tokenizer`
    say. Liu et al. 2025, SuperBPE, arXiv:2503.13423.

    Args:
        texts: What to learn from: see `count_words`. It is gone through twice: not an iterator.
        vocab_size: Tokens in all. Fewer come out where no pair is left to merge.
        transition: Tokens after which merges may cross words: at most `vocab_size`.
        like: Whose pipeline cuts words in the first stage; a byte-level one.
        special_tokens: As in `bpe`.
        digits: As in `bpe`; it holds in both stages.
        pre_tokenizer: As in `bpe`; it holds in both stages.
        max_words: Most words that a token may hold a piece of.
        min_frequency: As in `bpe`.
        max_token_length: As in `bpe`.
        **counting: As in `count_words`, but for `resume`.

    Raises:
        InputError: A number or name cannot be, the pipeline is not byte-level, or `texts` is an
            iterator.
        UnsupportedFeature: The pipeline of `like` has no form in a `tokenizer.json`.
    """
    pipeline = Pipeline.like(like, special_tokens, digits, pre_tokenizer)
    if not pipeline.in_bytes:
        raise InputError("superword learns from bytes; the pipeline of like= is one of characters")
    if iter_once(texts):
        raise InputError("superword goes through its texts twice: give no iterator, but a list")
    if counting.get("resume") is not None:
        raise InputError("superword counts twice, and cannot resume: give it what was counted")
    steps = [_LINES, *added_steps(digits, pre_tokenizer), LETTERS]
    lines = replace(pipeline, pre_tokenizer={"type": "Sequence", "pretokenizers": steps})
    words, units = (count_with(each, texts, **counting) for each in (pipeline, lines))
    options: Json = {
        "min_frequency": min_frequency,
        "max_token_length": max_token_length,
        "special_tokens": pipeline.names,
    }
    with reporting(counting.get("progress")) as report, refusing():
        tokens, merges, _, _ = _native._train_two_stages(
            words, units, vocab_size, transition, max_words, options, report
        )
    model = bpe_model(tokens, merges[:, :2].tolist(), pipeline.names, in_bytes=True)
    return lines.around(model, len(tokens))


def iter_once(texts: object) -> bool:
    """Whether going through something uses it up."""
    return hasattr(texts, "__next__")
