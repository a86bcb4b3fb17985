"""From texts to counted words, with what every trainer asks for: threads, memory, progress, resume.

Start at `count_words`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from toksmith._native import InputError, UnsupportedFeature, WordCounter, WordCounts
from toksmith.progress import reporting
from toksmith.splitters import pieces_of
from toksmith.train.inputs import batches
from toksmith.train.pipeline import Pipeline
from toksmith.train.refusing import refusing

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from toksmith.progress import Progress
    from toksmith.splitters import Splitter
    from toksmith.tokenizer import Tokenizer
    from toksmith.train.pre_tokenizers import Steps

SAVE_EVERY = 1 << 30
"""Bytes of text between two times that a count is saved."""

_COUNTED = "a splitter cuts texts, and words that are counted already are none"

_NO_LINES = "joining whole words learns from texts, not from words that are counted already"


class Counting(TypedDict, total=False):
    """What every trainer hands on to `count_words`."""

    errors: Literal["strict", "replace"]
    num_threads: int | None
    memory_budget: int | None
    directory: str | os.PathLike[str] | None
    resume: str | os.PathLike[str] | None
    save_every: int
    progress: Progress
    splitter: Splitter | None


def count_words(
    texts: object,
    like: Tokenizer | str,
    *,
    digits: str | None = None,
    pre_tokenizer: Steps | None = None,
    errors: Literal["strict", "replace"] = "strict",
    num_threads: int | None = None,
    memory_budget: int | None = None,
    directory: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    save_every: int = SAVE_EVERY,
    progress: Progress = None,
    splitter: Splitter | None = None,
) -> WordCounts:
    """Counts the words of texts, for a trainer or to be saved with `WordCounts.save`.

    A word is what the model of a tokenizer with this pipeline is given: raw bytes for a byte-level
    one, else normalized text. Counts are exact to 2**64 - 1 and the same for any number of threads,
    any batches and any budget. Special tokens that stand in texts are left out.

    Args:
        texts: An iterable of texts (str or bytes); `Files`, a path or a list of paths; a mapping
            from words to counts or `WordCounts`; `Weighted(source, weight)`; or a list of these.
        like: Whose pipeline cuts texts into words: a tokenizer, the name of an embedded vocabulary,
            `"metaspace"`, `"sentencepiece"` (the same cuts) or `"bert"`.
        digits: `"single"`, `"l2r:3"` or `"r2l:3"`: see `pre_tokenizers.digits`.
        pre_tokenizer: More cuts, from `pre_tokenizers`: one or a list; see `Pipeline.like`.
        errors: `"replace"` puts U+FFFD for what is not text in files.
        num_threads: Most threads to use; by default all.
        memory_budget: Most bytes of the tables while counting; beyond, sorted counts go to files.
            Nothing else is bounded by it: not the texts, not the result (some 16 bytes and its
            spelling for each distinct word), and not what a trainer needs to learn from that.
            Merges need some 8 bytes for each byte or character of a distinct word, and more if so
            many are asked for that nearly every pair left in the words must be looked at.
        directory: Where those files are made, instead of where the system has such files.
        resume: A file that the count is saved to, every `save_every` bytes of text and at the end.
            If it is there already the count goes on from it: the same sources must be given, in
            the same order.
        save_every: Bytes of text between two times that the count is saved.
        progress: True for a bar, or a callable `(done, total, unit)`; in bytes.
        splitter: Cuts texts before the pipeline does: see `pretokenized.Presplit`, which must be
            put around what is learned. Special tokens across its cuts are text.

    Raises:
        InputError: Something given is not text, a file cannot be read or written, or `resume` is
            the count of another pipeline; or `splitter` is given together with words that are
            counted already, or its spans are not in order.
        UnsupportedFeature: A file needs a library that is not installed; names the extra. Or a
            count with a `splitter` is to be resumed, or a `splitter` stands before a pipeline that
            is not byte-level.
    """
    return count_with(
        Pipeline.like(like, digits=digits, pre_tokenizer=pre_tokenizer),
        texts,
        errors=errors,
        num_threads=num_threads,
        memory_budget=memory_budget,
        directory=directory,
        resume=resume,
        save_every=save_every,
        progress=progress,
        splitter=splitter,
    )


def count_with(
    pipeline: Pipeline,
    texts: object,
    *,
    errors: Literal["strict", "replace"] = "strict",
    num_threads: int | None = None,
    memory_budget: int | None = None,
    directory: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    save_every: int = SAVE_EVERY,
    progress: Progress = None,
    splitter: Splitter | None = None,
) -> WordCounts:
    """As `count_words`, with a pipeline."""
    if splitter is not None:
        _check_splitter(pipeline, resume)
    if isinstance(texts, WordCounts):
        if pipeline.joined:
            raise InputError(_NO_LINES)
        if splitter is not None:
            raise InputError(_COUNTED)
        return texts
    if save_every < 1:
        raise InputError(f"save_every must be at least 1, not {save_every}")
    if num_threads is not None and not (isinstance(num_threads, int) and num_threads > 0):
        raise InputError(f"num_threads must be a positive integer or None, not {num_threads!r}")
    settings: dict[str, Any] = {
        "budget": memory_budget,
        "directory": directory,
        "num_threads": num_threads,
        "split_signs": pipeline.signs_are_words,
    }
    saved = None if resume is None else Path(resume)
    known = pipeline.words_of()
    with refusing():
        if saved is not None and saved.exists():
            counter = WordCounter.load(saved, known, **settings)
        else:
            counter = WordCounter(known, **settings)
    since = 0
    with reporting(progress) as report:
        step = None if report is None else _in_bytes(report)
        for batch in batches(texts, errors=errors, skip=counter.texts, progress=step):
            if batch.counts is not None:
                if pipeline.joined:
                    raise InputError(_NO_LINES)
                if splitter is not None:
                    raise InputError(_COUNTED)
                counter.add_counts(batch.counts, batch.weight, batch.source)
                continue
            texts_ = batch.texts if splitter is None else _pieces(splitter, batch.texts, errors)
            counter.add(texts_, batch.weight, batch.source, errors)
            since += sum(map(len, batch.texts))
            if saved is not None and since >= save_every:
                counter.save(saved)
                since = 0
        if saved is not None:
            counter.save(saved)
        return counter.finish()


def _check_splitter(pipeline: Pipeline, resume: object) -> None:
    pipeline.check_splitter()
    if resume is not None:
        raise UnsupportedFeature("resume= with splitter=: what is counted are pieces, not texts")


def _pieces(splitter: Splitter, texts: list[str | bytes], errors: str) -> list[str | bytes]:
    """The pieces of all texts."""
    pieces: list[str | bytes] = []
    for text in texts:
        try:
            given = text.decode(errors=errors) if isinstance(text, bytes) else text
        except UnicodeDecodeError as error:
            raise InputError(f"a text is not UTF-8 at byte {error.start}") from None
        pieces += pieces_of(splitter, given)
    return pieces


def _in_bytes(report: Callable[[int, int, str], object]) -> Callable[[int, int | None], object]:
    return lambda done, total: report(done, max(total or done, done), "bytes")
