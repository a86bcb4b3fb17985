"""Tokens that hold several words, such as ` of the`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from toksmith import _native
from toksmith._native import InputError, UnsupportedFeature
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

Form: TypeAlias = Literal["stages", "joined"]


def superword(
    texts: object,
    vocab_size: int,
    *,
    form: Form = "stages",
    transition: int | None = None,
    like: Tokenizer | str = "cl100k_base",
    special_tokens: Iterable[str] | None = None,
    digits: str | None = None,
    pre_tokenizer: Steps | None = None,
    max_words: int | None = None,
    min_frequency: int = 0,
    max_token_length: int | None = None,
    **counting: Unpack[Counting],
) -> Tokenizer:
    """BPE whose tokens may go over the edges of words, within lines; in one of two forms.

    `"stages"`: merges inside words up to `transition` tokens, then across them. The tokenizer that
    comes out cuts text into lines alone, and as `digits` and `pre_tokenizer` say. Liu et al. 2025,
    SuperBPE, arXiv:2503.13423.

    `"joined"`: one run, in which pairs inside words compete with pairs of whole words that are one
    token each, or were joined before. The tokenizer that comes out cuts text as `like` does,
    merges, and then joins neighbours that are one token each, the pair learned first before all
    others; never behind a word that holds a line break, nor over a special token. Only a
    `.toksmith` file can say so. Schmidt et al. 2025, BoundlessBPE, arXiv:2504.00178.

    Args:
        texts: What to learn from: see `count_words`. The first form goes through it twice: no
            iterator. The second takes no words that are counted already.
        vocab_size: Tokens in all. Fewer come out where no pair is left to merge.
        form: `"stages"` or `"joined"`.
        transition: Of the first form, which needs it: tokens after which merges may cross words; at
            most `vocab_size`.
        like: Whose pipeline cuts words, in the first stage of the first form; a byte-level one.
        special_tokens: As in `bpe`.
        digits: As in `bpe`; it holds in both stages.
        pre_tokenizer: As in `bpe`; it holds in both stages.
        max_words: Most words that a token may hold a piece of.
        min_frequency: As in `bpe`.
        max_token_length: As in `bpe`.
        **counting: As in `count_words`. The first form counts twice: `resume` is the file of the
            first count, and the second has one of its own beside it, with `.lines` at the end.
            The second form knows no `splitter`.

    Raises:
        InputError: A number or name cannot be, the pipeline is not byte-level, `texts` is an
            iterator or counted already, or an argument is one of the other form.
        UnsupportedFeature: The pipeline of `like` has no form in a `tokenizer.json`; or, to be
            joined, it changes text before or while it is cut, or `splitter` is given.
    """
    if form not in ("stages", "joined"):
        raise InputError(f'form is {form!r}; expected "stages" or "joined"')
    if transition is None and form == "stages":
        raise InputError('form="stages" needs transition=: tokens after which words may merge')
    if transition is not None and form == "joined":
        raise InputError('transition= means nothing with form="joined"')
    pipeline = Pipeline.like(like, special_tokens, digits, pre_tokenizer)
    if not pipeline.in_bytes:
        raise InputError("superword learns from bytes; the pipeline of like= is one of characters")
    options: Json = {
        "min_frequency": min_frequency,
        "max_token_length": max_token_length,
        "special_tokens": pipeline.names,
    }
    if transition is None:
        return _joined(pipeline, texts, vocab_size, max_words, options, counting)
    if iter_once(texts):
        raise InputError("superword goes through its texts twice: give no iterator, but a list")
    steps = [_LINES, *added_steps(digits, pre_tokenizer), LETTERS]
    lines = replace(pipeline, pre_tokenizer={"type": "Sequence", "pretokenizers": steps})
    words = count_with(pipeline, texts, **counting)
    resume = counting.get("resume")
    if resume is not None:
        counting["resume"] = Path(f"{os.fspath(resume)}.lines")
    units = count_with(lines, texts, **counting)
    with reporting(counting.get("progress")) as report, refusing():
        tokens, merges, _, _ = _native._train_two_stages(
            words, units, vocab_size, transition, max_words, options, report
        )
    model = bpe_model(tokens, merges[:, :2].tolist(), pipeline.names, in_bytes=True)
    return lines.around(model, len(tokens))


def _joined(
    pipeline: Pipeline,
    texts: object,
    vocab_size: int,
    max_words: int | None,
    options: Json,
    counting: Counting,
) -> Tokenizer:
    if counting.get("splitter") is not None:
        raise UnsupportedFeature("a splitter with joined words: joining would end at its cuts")
    joining = replace(pipeline, joined=True)
    units = count_with(joining, texts, **counting)
    with reporting(counting.get("progress")) as report, refusing():
        tokens, merges, _, _ = _native._train_joined(units, vocab_size, max_words, options, report)
    pairs = [(left, right) for left, right, _ in merges.tolist()]
    model = bpe_model(tokens, pairs, pipeline.names, in_bytes=True)
    return pipeline.around(model, len(tokens))._joining(pairs)


def iter_once(texts: object) -> bool:
    """Whether going through something uses it up."""
    return hasattr(texts, "__next__")
