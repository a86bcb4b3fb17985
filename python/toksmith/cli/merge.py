"""`toksmith merge`: what merging a batch's most frequent neighbours would save."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith.cli.choose import chosen_tokenizer
from toksmith.cli.documents import LongDocument
from toksmith.cli.encode import groups, layout_of
from toksmith.cli.errors import OK, CliError
from toksmith.cli.inputs import expand

if TYPE_CHECKING:
    import argparse

    from toksmith.dynamic import MergeResult


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from toksmith import dynamic

    layout = layout_of(args)
    sources = expand(args.files)
    tok = chosen_tokenizer(args)
    texts: list[bytes] = []
    for group in groups(args, sources, layout):
        if isinstance(group, LongDocument):
            texts.append(b"".join(group.pieces))
        else:
            texts += [document.data for document in group]
    batch = tok.encode_batch(texts)
    result = dynamic.merge_batch(
        batch,
        tok,
        texts=None if args.boundary == "none" else texts,
        merges=args.merges,
        boundary=args.boundary,
        ties=args.ties,
        min_count=args.min_count,
        max_token_bytes=args.max_token_bytes,
    )
    lengths = len(batch.ids) - np.cumsum(np.r_[0, result.log.saved.astype(np.int64)])
    if args.log:
        _write(args.log, result.log.to_json() + "\n")
    if args.picture:
        _write(args.picture, _drawn(lengths))
    if args.json:
        print(json.dumps(_as_json(tok.name, len(texts), result, lengths)))
    else:
        _print(len(texts), result, lengths, args.top)
    return OK


def _steps(most: int) -> list[int]:
    """0, then 1, 2, 5, 10, 20 ..., and the last."""
    steps = [0]
    unit = 1
    while unit <= most:
        steps += [unit * digit for digit in (1, 2, 5) if unit * digit <= most]
        unit *= 10
    return steps if steps[-1] == most else [*steps, most]


def _print(documents: int, result: MergeResult, lengths: Any, top: int) -> None:
    print(f"{documents:,} documents, {lengths[0]:,} tokens\n")
    print(f"{'merges':>10} {'tokens':>14} {'saved':>7}")
    for step in _steps(len(result.log)):
        saved = 1 - lengths[step] / max(1, lengths[0])
        print(f"{step:>10,} {lengths[step]:>14,} {saved:>7.1%}")
    order = np.argsort(-result.log.saved.astype(np.int64), kind="stable")[:top]
    if not len(order):
        return
    print(f"\n{'merge':>10} {'saved':>14}  new token")
    for merge in order.tolist():
        # No merge makes a token that was there already unless asked to: a merge is a new token.
        token = result.new_tokens[merge]
        shown = token.base if token.bytes is None else token.bytes.decode("utf-8", "replace")
        print(f"{merge + 1:>10,} {result.log.saved[merge]:>14,}  {shown!r}")


def _as_json(name: str | None, documents: int, result: MergeResult, lengths: Any) -> dict[str, Any]:
    tokens = [
        {
            "id": token.id,
            "parts": list(token.parts),
            "base": token.base,
            "text": None if token.bytes is None else token.bytes.decode("utf-8", "replace"),
            "count": count,
            "saved": saved,
        }
        for token, count, saved in zip(
            result.new_tokens, result.log.counts.tolist(), result.log.saved.tolist(), strict=True
        )
    ]
    return {
        "tokenizer": name,
        "documents": documents,
        "boundary": result.boundary,
        "tokens": lengths.tolist(),
        "new_tokens": tokens,
    }


def _drawn(lengths: Any) -> str:
    from toksmith.train.picture import Curve, picture

    at = np.unique(np.linspace(0, len(lengths) - 1, 200).astype(np.int64))
    curve = Curve("", tuple(map(float, at)), tuple(map(float, lengths[at])))
    return picture([curve], "merges", "tokens")


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"{path}: {error.strerror}") from None
