"""`toksmith decode`: what `encode` wrote, back to the bytes it read."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING

import toksmith
from toksmith.cli.choose import chosen_tokenizer
from toksmith.cli.errors import OK, CliError
from toksmith.cli.id_files import IdDocument, Wanted, read_ids
from toksmith.cli.inputs import Source, expand, total_size
from toksmith.cli.npy import offsets_path
from toksmith.cli.outputs import Output, open_output
from toksmith.cli.progress import Progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    sources = _without_offsets(expand(args.files))
    tok = chosen_tokenizer(args)
    name = tok.name or "this tokenizer"
    wanted = Wanted(args.field or "ids", args.lines, name, tok.digest)
    as_json = (args.format or _format_of(args.output)) == "jsonl"
    output = open_output(args.output)
    try:
        with Progress(
            total_size(sources), quiet=args.quiet, to_stdout=args.output == "-"
        ) as progress:
            for source in sources:
                for document in read_ids(source, wanted, progress.add):
                    try:
                        _write(tok, document, output, args, as_json=as_json)
                    except (toksmith.VocabularyError, toksmith.InputError) as error:
                        raise CliError(f"{document.place}: {error}") from error
        output.commit()
    except BaseException:
        output.discard()
        raise
    return OK


def _without_offsets(sources: list[Source]) -> list[Source]:
    """`*.npy` also matches the offsets that `encode` puts beside the ids; they are no ids."""
    sides = {offsets_path(source.path) for source in sources if source.path is not None}
    return [source for source in sources if source.path not in sides]


def _format_of(target: str) -> str:
    return "jsonl" if target.endswith((".jsonl", ".ndjson")) else "text"


def _write(
    tok: toksmith.Tokenizer,
    document: IdDocument,
    output: Output,
    args: argparse.Namespace,
    *,
    as_json: bool,
) -> None:
    pieces = (
        tok.decode_bytes(ids, skip_special_tokens=args.skip_special_tokens)
        for ids in document.arrays
    )
    if as_json:
        output.write(b'{"text":"')
        for text in _characters(pieces):
            output.write(json.dumps(text, ensure_ascii=False)[1:-1].encode())
        output.write(b'"}\n')
        return
    for piece in pieces:
        output.write(piece)
    if args.lines:
        output.write(b"\n")


def _characters(pieces: Iterator[bytes]) -> Iterator[str]:
    """Bytes as text, a character never cut; what is not UTF-8 becomes U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)
