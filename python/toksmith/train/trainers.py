"""The trainers: each counts words, learns from them, and gives a tokenizer.

They share what `count_words` takes. Start at any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from toksmith import _native
from toksmith._native import InputError
from toksmith.progress import reporting
from toksmith.train.counting import count_with
from toksmith.train.models import bpe_model, unigram_model, wordpiece_model
from toksmith.train.pipeline import Pipeline
from toksmith.train.refusing import refusing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack

    from toksmith.tokenizer import Tokenizer
    from toksmith.train.counting import Counting
    from toksmith.train.pipeline import Json
    from toksmith.train.pre_tokenizers import Steps

# What options of characters are when nothing is asked for, unless that is nothing.
_PLAIN = {"character_coverage": 1.0}


def bpe(
    texts: object,
    vocab_size: int,
    *,
    like: Tokenizer | str = "cl100k_base",
    special_tokens: Iterable[str] | None = None,
    digits: str | None = None,
    pre_tokenizer: Steps | None = None,
    min_frequency: int = 0,
    max_token_length: int | None = None,
    initial_alphabet: Iterable[str] = (),
    limit_alphabet: int | None = None,
    character_coverage: float = 1.0,
    byte_fallback: bool | None = None,
    unk_token: str | None = None,
    continuing_subword_prefix: str = "",
    end_of_word_suffix: str = "",
    **counting: Unpack[Counting],
) -> Tokenizer:
    """Byte-pair encoding: the neighbours seen most often become a token, again and again.

    With a byte-level pipeline (`like="gpt2"`, `"cl100k_base"`, `"o200k_base"`, or a tokenizer of
    that kind) words are bytes, and any text can be encoded. With any other (`"metaspace"`) they are
    characters; what is not in the alphabet is spelled in bytes (`byte_fallback`) or unknown.

    Of pairs seen equally often the one with the smallest left id merges first, then the smallest
    right id, as in tokenizers. Ids: special tokens, the alphabet, a token a merge. Sennrich et al.
    2016, arXiv:1508.07909.

    Args:
        texts: What to learn from: see `count_words`.
        vocab_size: Tokens in all. Fewer come out where no pair is left to merge.
        like: Whose pipeline to take: a tokenizer or a name; see `count_words`. With
            `"sentencepiece"` the tokenizer is one that `save("x.model")` writes.
        special_tokens: The first tokens; by default those of the tokenizer `like`.
        digits: `"single"`, `"l2r:3"` or `"r2l:3"`: see `pre_tokenizers.digits`.
        pre_tokenizer: More cuts, before those of the pipeline: one of `pre_tokenizers` (`scripts`,
            `punctuation`, `delimiter`) or a list of them; see `Pipeline.like`.
        min_frequency: Pairs seen less often are not merged.
        max_token_length: Tokens have fewer bytes or characters than this, as in tokenizers, except
            that any two may merge.
        initial_alphabet: Characters that are tokens whether seen or not.
        limit_alphabet: Most characters that are tokens: those seen most often.
        character_coverage: Part of all characters that must be tokens, at least.
        byte_fallback: Whether characters that are no tokens are spelled `<0xNN>`; by default, if
            there is no `unk_token`.
        unk_token: What stands for characters that are no tokens; it becomes a special token.
        continuing_subword_prefix: Written before tokens that do not begin a word.
        end_of_word_suffix: Written behind tokens that end a word.
        **counting: As in `count_words`: errors, num_threads, memory_budget, directory, resume,
            save_every, progress, splitter.

    Raises:
        InputError: A number or name cannot be, or contradicts another.
        UnsupportedFeature: The pipeline of `like` has no form in a `tokenizer.json`.
    """
    pipeline = _pipeline(like, special_tokens, digits, pre_tokenizer, unk_token)
    if byte_fallback is None:
        byte_fallback = not pipeline.in_bytes and unk_token is None
    of_characters = {
        "initial_alphabet": list(initial_alphabet),
        "limit_alphabet": limit_alphabet,
        "character_coverage": character_coverage,
        "byte_fallback": byte_fallback,
        "continuing_subword_prefix": continuing_subword_prefix,
        "end_of_word_suffix": end_of_word_suffix,
    }
    options: Json = {
        "min_frequency": min_frequency,
        "max_token_length": max_token_length,
        "special_tokens": pipeline.names,
    }
    if pipeline.in_bytes:
        _refuse_characters(of_characters, unk_token)
    else:
        _needs_bytes(pipeline, byte_fallback)
        options |= {"unit": "chars", **of_characters}
    words = count_with(pipeline, texts, **counting)
    with reporting(counting.get("progress")) as report, refusing():
        tokens, merges, _, _ = _native._train_bpe(words, vocab_size, options, report)
    model = bpe_model(
        tokens,
        merges[:, :2].tolist(),
        pipeline.names,
        pipeline.in_bytes,
        unk_token=unk_token,
        byte_fallback=byte_fallback,
        continuing_subword_prefix=continuing_subword_prefix or None,
        end_of_word_suffix=end_of_word_suffix or None,
    )
    return pipeline.trained(model, len(tokens))


def wordpiece(
    texts: object,
    vocab_size: int,
    *,
    like: Tokenizer | str = "bert",
    special_tokens: Iterable[str] | None = None,
    digits: str | None = None,
    pre_tokenizer: Steps | None = None,
    min_frequency: int = 0,
    initial_alphabet: Iterable[str] = (),
    limit_alphabet: int | None = 1000,
    unk_token: str = "[UNK]",
    continuing_subword_prefix: str = "##",
    **counting: Unpack[Counting],
) -> Tokenizer:
    """WordPiece: merges as in `bpe`, encoded by longest match; what tokenizers trains.

    The pipeline is one of characters. `unk_token` is among the special tokens.

    Args:
        texts: What to learn from: see `count_words`.
        vocab_size: Tokens in all. Fewer come out where no pair is left to merge.
        like: As in `bpe`.
        special_tokens: The first tokens; `like="bert"` has BERT's five.
        digits: As in `bpe`.
        pre_tokenizer: As in `bpe`.
        min_frequency: As in `bpe`.
        initial_alphabet: As in `bpe`.
        limit_alphabet: As in `bpe`.
        unk_token: What stands for words that cannot be spelled.
        continuing_subword_prefix: Written before tokens that do not begin a word.
        **counting: As in `count_words`.

    Raises:
        InputError: A number or name cannot be, or the pipeline is byte-level.
        UnsupportedFeature: The pipeline of `like` has no form in a `tokenizer.json`.
    """
    pipeline = _pipeline(like, special_tokens, digits, pre_tokenizer, unk_token)
    _needs_characters(pipeline, "wordpiece")
    options = {
        "unit": "chars",
        "min_frequency": min_frequency,
        "special_tokens": pipeline.names,
        "initial_alphabet": list(initial_alphabet),
        "limit_alphabet": limit_alphabet,
        "continuing_subword_prefix": continuing_subword_prefix,
    }
    words = count_with(pipeline, texts, **counting)
    with reporting(counting.get("progress")) as report, refusing():
        tokens, *_ = _native._train_bpe(words, vocab_size, options, report)
    model = wordpiece_model(tokens, pipeline.names, unk_token, continuing_subword_prefix)
    return pipeline.trained(model, len(tokens))


def unigram(
    texts: object,
    vocab_size: int,
    *,
    like: Tokenizer | str = "metaspace",
    special_tokens: Iterable[str] | None = None,
    digits: str | None = None,
    pre_tokenizer: Steps | None = None,
    character_coverage: float = 0.9995,
    initial_alphabet: Iterable[str] = (),
    byte_fallback: bool | None = None,
    unk_token: str = "<unk>",
    max_piece_length: int = 16,
    seed_size: int = 1_000_000,
    shrinking_factor: float = 0.75,
    sub_iterations: int = 2,
    split_by_script: bool = True,
    split_by_number: bool = True,
    split_digits: bool = False,
    space: Literal["prefix", "suffix", "anywhere"] = "prefix",
    exact_size: bool = True,
    **counting: Unpack[Counting],
) -> Tokenizer:
    """Unigram: the pieces under which the words are most likely, as SentencePiece trains them.

    From many frequent strings, pieces that matter least are dropped until `vocab_size` are left;
    encoding takes the most likely segmentation. Kudo 2018, arXiv:1804.10959.

    Args:
        texts: What to learn from: see `count_words`.
        vocab_size: Pieces in all.
        like: As in `bpe`; the pipeline is one of characters. With `"sentencepiece"` scores are
            added up in single precision, as that library does, and `save("x.model")` gives the
            same ids; that of `"metaspace"` takes `exact=False`.
        special_tokens: The first pieces; by default those of the tokenizer `like`.
        digits: As in `bpe`.
        pre_tokenizer: As in `bpe`.
        character_coverage: Part of all characters seen that become pieces, the most frequent first.
        initial_alphabet: Characters that become pieces, seen or not.
        byte_fallback: Whether other characters are spelled `<0xNN>`, not unknown; by default,
            if the pipeline can decode that.
        unk_token: The piece for what no other covers; the first, unless it is a special token.
        max_piece_length: Most characters of a piece.
        seed_size: Most pieces to begin with.
        shrinking_factor: Part of the pieces that a round of pruning keeps.
        sub_iterations: Steps of expectation and maximisation in a round.
        split_by_script: No piece has characters of two scripts.
        split_by_number: Digits count as a script of their own.
        split_digits: Every digit is a piece by itself.
        space: Where U+2581 may be in a piece: as its first character alone, its last, or anywhere.
        exact_size: Whether fewer pieces than `vocab_size` are an error.
        **counting: As in `count_words`.

    Raises:
        InputError: A number or name cannot be, or the pipeline is byte-level.
        VocabularyError: `vocab_size` is below the pieces that must be there or, with `exact_size`,
            above those that the words give.
        UnsupportedFeature: The pipeline of `like` has no form in a `tokenizer.json`; or, with
            `like="sentencepiece"`, a `.model` cannot say what is asked for.
    """
    pipeline = _pipeline(like, special_tokens, digits, pre_tokenizer, unk_token)
    _needs_characters(pipeline, "unigram")
    if byte_fallback is None:
        byte_fallback = pipeline.decodes_bytes
    _needs_bytes(pipeline, byte_fallback)
    words = count_with(pipeline, texts, **counting)
    with reporting(counting.get("progress")) as report, refusing():
        rows = _native._train_unigram(
            words,
            vocab_size,
            exact_size=exact_size,
            character_coverage=character_coverage,
            required_chars="".join(initial_alphabet),
            byte_fallback=byte_fallback,
            special_tokens=pipeline.names,
            unk_token=unk_token,
            max_piece_length=max_piece_length,
            seed_size=seed_size,
            shrinking_factor=shrinking_factor,
            sub_iterations=sub_iterations,
            split_by_script=split_by_script,
            split_by_number=split_by_number,
            split_digits=split_digits,
            space=space,
            num_threads=counting.get("num_threads"),
            progress=report,
        )
    unknown = next(id_ for id_, (_, _, kind) in enumerate(rows) if kind == "unknown")
    model = unigram_model([row[:2] for row in rows], unknown, byte_fallback)
    return pipeline.trained(model, len(rows))


def _pipeline(
    like: Tokenizer | str,
    special_tokens: Iterable[str] | None,
    digits: str | None,
    pre_tokenizer: Steps | None,
    unk_token: str | None,
) -> Pipeline:
    """The pipeline, with the unknown token as the first special one if it is not there."""
    pipeline = Pipeline.like(like, special_tokens, digits, pre_tokenizer)
    return pipeline if unk_token is None else pipeline.with_special(unk_token)


def _needs_characters(pipeline: Pipeline, trainer: str) -> None:
    if pipeline.in_bytes:
        raise InputError(
            f"{trainer} learns from characters, and the pipeline of like= is byte-level: "
            'take one such as "metaspace" or "bert"'
        )


def _needs_bytes(pipeline: Pipeline, byte_fallback: bool) -> None:
    if byte_fallback and not pipeline.decodes_bytes:
        raise InputError(
            "byte_fallback needs a decoder with ByteFallback, which the pipeline of like= lacks; "
            "give an unk_token and byte_fallback=False"
        )


def _refuse_characters(of_characters: dict[str, Any], unk_token: str | None) -> None:
    given = [name for name, value in of_characters.items() if value and value != _PLAIN.get(name)]
    if unk_token is not None:
        given.append("unk_token")
    if given:
        raise InputError(f"{given[0]} is for pipelines of characters; that of like= is byte-level")
