"""From `--tokenizer`, `--pattern` and `--special` to a tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import toksmith
from toksmith._native import embedded_names
from toksmith.cli.errors import CliError, UsageError

if TYPE_CHECKING:
    import argparse

    from toksmith.tokenizer import Specials

DEFAULT = "o200k_base"


def load_tokenizer(
    name: str, pattern: str | None = None, specials: list[str] | None = None
) -> toksmith.Tokenizer:
    """The embedded tokenizer of that name, else the one in that file or folder.

    `specials` are `NAME=ID`. Raises UsageError for options that an embedded tokenizer settles
    itself, CliError or a ToksmithError, both with the name, for what cannot be loaded.
    """
    embedded = embedded_names()
    if name in embedded:
        if pattern is not None or specials:
            raise UsageError(f"--pattern and --special are for files; {name} brings its own")
        return toksmith.Tokenizer.from_pretrained(name)
    if not Path(name).exists():
        raise CliError(f"no tokenizer is called {name}, and no file: {', '.join(embedded)}")
    given = dict(map(_special, specials)) if specials else None
    return toksmith.Tokenizer.from_file(name, pattern=pattern, specials=given)


def _special(argument: str) -> tuple[str, int]:
    name, equals, number = argument.rpartition("=")
    if not (name and equals and number.isascii() and number.isdigit()):
        raise UsageError(f"--special {argument}: expected NAME=ID, as in '<|pad|>=100277'")
    return name, int(number)


def allowed_specials(tok: toksmith.Tokenizer, arguments: list[str] | None) -> Specials:
    """What `--allow-special` allows: `"all"`, or names that this tokenizer has."""
    names = {name for argument in arguments or () for name in _split(tok, argument)}
    if "all" in names and "all" not in tok.special_ids:
        return "all"
    for name in sorted(names - set(tok.special_ids)):
        has = ", ".join(tok.special_ids) or "none"
        raise UsageError(
            f"--allow-special: {name} is not a special token; this tokenizer has {has}"
        )
    return names


def _split(tok: toksmith.Tokenizer, argument: str) -> list[str]:
    # A name that holds a comma is taken whole.
    return [argument] if argument in tok.special_ids else argument.split(",")


def chosen_tokenizer(args: argparse.Namespace) -> toksmith.Tokenizer:
    """`load_tokenizer` with the options of a command line."""
    return load_tokenizer(args.tokenizer or DEFAULT, args.pattern, args.special)
