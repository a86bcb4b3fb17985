"""`toksmith train`: a tokenizer learned from files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toksmith._native import embedded_names
from toksmith.cli.choose import load_tokenizer
from toksmith.cli.errors import OK, UsageError

if TYPE_CHECKING:
    import argparse

    from toksmith import Tokenizer

# The options of a trainer beyond those that all have, by their name there.
_OWN = {
    "bpe": ("min_frequency", "max_token_length", "character_coverage", "byte_fallback"),
    "wordpiece": ("min_frequency",),
    "unigram": ("character_coverage", "byte_fallback"),
    "superword": ("min_frequency", "max_token_length", "transition", "max_words", "form"),
}


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from toksmith import train

    options: dict[str, Any] = {
        "special_tokens": args.special,
        "digits": args.digits,
        "errors": args.errors,
        "num_threads": args.threads,
        "memory_budget": args.memory,
        "resume": args.resume,
        "progress": not args.quiet,
    }
    if args.like is not None:
        options["like"] = _like(args.like)
    every = {name for names in _OWN.values() for name in names}
    for name in sorted(every):
        value = getattr(args, name)
        if value is None:
            continue
        if name not in _OWN[args.algorithm]:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} is not an option of {args.algorithm}")
        options[name] = value
    joined = args.form == "joined"
    if args.algorithm == "superword" and (args.transition is None) != joined:
        raise UsageError(
            "superword needs --transition N, the tokens after which words may merge, "
            "or --form joined, which has no such number"
        )
    if joined and Path(args.output).suffix != ".toksmith":
        raise UsageError(
            "what --form joined learns is saved as .toksmith: other files cannot say it"
        )
    files = train.Files(
        *args.files,
        kind=args.kind,
        **({} if args.field is None else {"field": args.field, "column": args.field}),
    )
    learn = getattr(train, args.algorithm)
    tokenizer: Tokenizer = learn(files, args.vocab_size, **options)
    tokenizer.save(args.output)
    if not args.quiet:
        print(f"{args.output}: {len(tokenizer):,} tokens", file=sys.stderr)
    return OK


def _like(name: str) -> Tokenizer | str:
    """A name that training knows, or the tokenizer in a file."""
    named = name in ("metaspace", "sentencepiece", "bert", *embedded_names())
    return name if named else load_tokenizer(name)
