"""`toksmith count`: how many tokens, by file and in total, without building what is not needed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from toksmith.cli.choose import allowed_specials, chosen_tokenizer
from toksmith.cli.documents import LongDocument
from toksmith.cli.encode import call_on_batch, groups, layout_of, stream_ids
from toksmith.cli.errors import OK
from toksmith.cli.inputs import expand

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    import toksmith


@dataclass
class Tally:
    """What one file holds. `bytes` are those of its documents, unpacked."""

    file: str
    documents: int = 0
    bytes: int = 0
    tokens: int = 0


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    layout = layout_of(args)
    sources = expand(args.files)
    tok = chosen_tokenizer(args)
    allowed = allowed_specials(tok, args.allow_special)
    tallies = {source: Tally(source.name) for source in sources}

    def count(texts: list[bytes]) -> NDArray[np.int64]:
        return tok.count_batch(texts, allowed, num_threads=args.threads)

    for group in groups(args, sources, layout):
        if isinstance(group, LongDocument):
            tally = tallies[group.source]
            tally.documents += 1
            group.pieces = _measured(group.pieces, tally)
            tally.tokens += sum(map(len, stream_ids(tok, group, allowed)))
        else:
            counts = call_on_batch(group, count).tolist()
            for document, tokens in zip(group, counts, strict=True):
                tally = tallies[document.source]
                tally.documents += 1
                tally.bytes += len(document.data)
                tally.tokens += tokens
    _print(tok, list(tallies.values()), as_json=args.json, alone=not sources[0].path)
    return OK


def _measured(pieces: Iterable[bytes], tally: Tally) -> Iterator[bytes]:
    for piece in pieces:
        tally.bytes += len(piece)
        yield piece


def _print(tok: toksmith.Tokenizer, tallies: list[Tally], *, as_json: bool, alone: bool) -> None:
    total = sum(tally.tokens for tally in tallies)
    if as_json:
        files = [asdict(tally) for tally in tallies]
        print(json.dumps({"tokenizer": tok.name, "tokens": total, "files": files}))
        return
    if alone and len(tallies) == 1:
        print(total)
        return
    width = len(str(total))
    for tally in tallies:
        print(f"{tally.tokens:>{width}}  {tally.file}")
    if len(tallies) > 1:
        print(f"{total:>{width}}  total")
