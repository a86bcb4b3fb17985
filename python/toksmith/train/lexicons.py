"""Lexicons learned from running text: LZW, and Less-is-Better. They encode by longest match.

The tokenizer that comes out has no pre-tokenizer: a text is one piece, in the letters of bytes, and
at each place the longest entry is taken. All bytes are entries, so that any text can be encoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from toksmith import _native
from toksmith._native import InputError, UnsupportedFeature
from toksmith.progress import reporting
from toksmith.train.inputs import batches
from toksmith.train.models import wordpiece_model
from toksmith.train.pipeline import LETTERS, Pipeline, special_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from toksmith.progress import Progress
    from toksmith.tokenizer import Tokenizer

_UNKNOWN = "<unk>"
_WHOLE = 2**31 - 1


def lzw(
    texts: object,
    vocab_size: int,
    *,
    special_tokens: Iterable[str] = (),
    errors: Literal["strict", "replace"] = "strict",
    progress: Progress = None,
) -> Tokenizer:
    """The dictionary of Lempel, Ziv and Welch: each match, one byte longer, becomes an entry.

    Texts are read once, in their order; the dictionary begins with the 256 bytes. On a Markov
    source the cost a symbol falls towards the source's entropy as it grows: Rajaraman et al. 2024,
    arXiv:2404.08335. Welch 1984.

    Args:
        texts: What to learn from: see `count_words`, but no counted words, and no weights. It is
            kept in memory.
        vocab_size: Tokens in all.
        special_tokens: The first tokens; the unknown token `<unk>`, which no text becomes, is one.
        errors: As in `count_words`.
        progress: As in `count_words`.

    Raises:
        InputError: A number cannot be, or something given is no text.
        UnsupportedFeature: Counted words or weights are given.
    """
    names = _with_unknown(special_tokens)
    data = [text.encode() if isinstance(text, str) else text for text in _texts(texts, errors)]
    with reporting(progress) as report:
        entries = _native._train_lzw(data, vocab_size - len(names), "bytes", report)
    return _tokenizer(entries, names)


def lib(
    texts: object,
    *,
    documents: int = 5000,
    memory_in: float = 0.25,
    memory_out: float = 1e-4,
    update_rate: float = 0.2,
    life: int = 10,
    max_length: int = 12,
    max_gap: int = 3,
    lookahead: int = 100,
    max_size: int | None = None,
    seed: int = 0,
    sentences: Callable[[str], Iterable[str]] = str.splitlines,
    special_tokens: Iterable[str] = (),
    errors: Literal["strict", "replace"] = "strict",
    progress: Progress = None,
) -> Tokenizer:
    """Less is Better: words, parts of them and phrases, from text read as a learner would.

    Documents are read one after the other with the lexicon there is. Neighbours seen together twice
    become an entry; an entry that its second best could replace loses rank, and what ranks last is
    forgotten. The method was published for text without spaces, and reads spaces as characters. The
    same seed gives the same lexicon. Yang, Frank and van den Bosch 2020.

    Args:
        texts: What to learn from, one document a text: see `count_words`, but no counted words, and
            no weights. It is kept in memory.
        documents: How many documents are read, in passes, each in a random order.
        memory_in: Probability of remembering two neighbours.
        memory_out: Part of the list, at its end, that is on probation.
        update_rate: How far entries move: this part of their rank, and one.
        life: Documents that an entry on probation stays.
        max_length: Most characters of an entry.
        max_gap: Most characters of a run of unknown ones that is remembered.
        lookahead: Characters after which the test of an entry ends.
        max_size: Most entries, bytes and special tokens not counted.
        seed: 0 to 2**64 - 1.
        sentences: Cuts a document into sentences; nothing is learned across them.
        special_tokens: As in `lzw`.
        errors: As in `count_words`.
        progress: As in `count_words`.

    Raises:
        InputError: A number cannot be, or something given is no text.
        UnsupportedFeature: Counted words or weights are given.
    """
    names = _with_unknown(special_tokens)
    read: list[list[str]] = []
    for text in _texts(texts, errors):
        if isinstance(text, bytes):
            try:
                text = text.decode(errors=errors)
            except UnicodeDecodeError as error:
                raise InputError(f"text {len(read)}: {error}") from error
        read.append(list(sentences(text)))
    with reporting(progress) as report:
        entries = _native._train_lib(
            read,
            documents=documents,
            memory_in=memory_in,
            memory_out=memory_out,
            update_rate=update_rate,
            life=life,
            max_length=max_length,
            max_gap=max_gap,
            lookahead=lookahead,
            max_size=max_size,
            seed=seed,
            progress=report,
        )
    known = [entry.encode() for entry in entries]
    there = set(known)
    rest = (bytes([byte]) for byte in range(256))
    return _tokenizer([*known, *(byte for byte in rest if byte not in there)], names)


def _with_unknown(special_tokens: Iterable[str]) -> list[str]:
    """A WordPiece has an unknown token, though none is ever needed here."""
    names = Pipeline.like("metaspace", special_tokens).names
    return names if _UNKNOWN in names else [_UNKNOWN, *names]


def _texts(texts: object, errors: Literal["strict", "replace"]) -> list[str | bytes]:
    found: list[str | bytes] = []
    for batch in batches(texts, errors=errors):
        if batch.counts is not None or batch.weight != 1:
            raise UnsupportedFeature("counted words or weights where text is read in its order")
        found += batch.texts
    return found


def _tokenizer(entries: list[bytes], names: list[str]) -> Tokenizer:
    pipeline = Pipeline(
        pre_tokenizer=LETTERS,
        decoder={**LETTERS, "use_regex": True},
        special_tokens=tuple(map(special_entry, names)),
    )
    tokens = [*(name.encode() for name in names), *entries]
    model = wordpiece_model(tokens, names, _UNKNOWN, "", in_bytes=True)
    return pipeline.around({**model, "max_input_chars_per_word": _WHOLE}, len(tokens))
