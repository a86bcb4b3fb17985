"""`toksmith info`: what a tokenizer is; without a name, which ones are embedded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from toksmith._native import embedded_names
from toksmith.cli.choose import DEFAULT, load_tokenizer
from toksmith.cli.errors import OK, UsageError

if TYPE_CHECKING:
    import argparse

    import toksmith


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    if args.name and args.tokenizer:
        raise UsageError("name one tokenizer")
    name = args.name or args.tokenizer
    if name is None:
        _list(as_json=args.json)
        return OK
    facts = _facts(load_tokenizer(name, args.pattern, args.special), name)
    if args.json:
        print(json.dumps(facts))
        return OK
    specials, patterns = facts.pop("specials"), facts.pop("patterns")
    width = max(map(len, facts))
    for fact, value in facts.items():
        shown = "not given" if value is None else f"{value:,}" if fact in _COUNTS else value
        print(f"{fact.replace('_', ' '):<{width}}  {shown}")
    for pattern in patterns:
        print(f"{'pattern':<{width}}  {pattern}")
    print(f"special tokens: {len(specials) or 'none'}")
    for special, number in sorted(specials.items(), key=lambda item: item[1]):
        print(f"{number:>{width}}  {special}")
    return OK


_COUNTS = ("vocab_size", "with_added")


def _facts(tok: toksmith.Tokenizer, source: str) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": tok.name,
        "source": "embedded" if source in embedded_names() else source,
        "vocab_size": tok.vocab_size,
        "with_added": len(tok),
        "patterns": tok.patterns,
        "digest": tok.digest,
        "behaviour": tok.behaviour,
        "specials": dict(tok.special_ids),
    }
    return facts


def _list(*, as_json: bool) -> None:
    found = {name: len(load_tokenizer(name)) for name in embedded_names()}
    if as_json:
        print(json.dumps({"embedded": found, "default": DEFAULT}))
        return
    print("embedded tokenizers, and their ids")
    for name, count in found.items():
        print(f"  {name:<14}{count:>9,}{'  (default)' if name == DEFAULT else ''}")
    print("toksmith info NAME_OR_PATH says more about one")
