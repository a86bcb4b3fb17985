"""`toksmith encode`: documents in, ids out, in memory bounded by the longest pre-token."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import toksmith
from toksmith.cli.choose import allowed_specials, chosen_tokenizer
from toksmith.cli.documents import Document, Layout, LongDocument, grouped, read_documents
from toksmith.cli.errors import OK, CliError, UsageError
from toksmith.cli.inputs import Source, expand, total_size
from toksmith.cli.progress import Progress
from toksmith.cli.sinks import format_of, open_sink

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from toksmith.tokenizer import Specials

_Result = TypeVar("_Result")


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    form = format_of(args.output, args.format)
    layout = layout_of(args)
    sources = expand(args.files)
    tok = chosen_tokenizer(args)
    allowed = allowed_specials(tok, args.allow_special)
    one = len(sources) == 1 and layout.of(sources[0]) == "text"
    metadata = {"tokenizer": tok.name or "", "digest": tok.digest}

    def encode(texts: list[bytes]) -> toksmith.Batch:
        return tok.encode_batch(texts, allowed, num_threads=args.threads)

    with open_sink(args.output, form, one_document=one, metadata=metadata) as sink:
        for group in groups(args, sources, layout):
            if isinstance(group, LongDocument):
                sink.long(stream_ids(tok, group, allowed))
            else:
                sink.batch(call_on_batch(group, encode))
    return OK


def layout_of(args: argparse.Namespace) -> Layout:
    """How the command line says that files hold documents."""
    kind = args.kind
    if args.field is not None:
        if kind in ("text", "lines"):
            raise UsageError("--field is for JSON lines")
        kind = "jsonl"
    return Layout(kind, args.field or "text", replace=args.errors == "replace")


def groups(
    args: argparse.Namespace, sources: list[Source], layout: Layout
) -> Iterator[list[Document] | LongDocument]:
    """The documents of all sources, with progress."""
    to_stdout = getattr(args, "output", "-") == "-"
    with Progress(total_size(sources), quiet=args.quiet, to_stdout=to_stdout) as progress:
        yield from grouped(
            document
            for source in sources
            for document in read_documents(source, layout, progress.add)
        )


def stream_ids(
    tok: toksmith.Tokenizer, document: LongDocument, allowed: Specials
) -> Iterator[NDArray[np.uint32]]:
    """The ids of a long document, an array a piece; exactly those of encoding it whole."""
    encoder = tok._stream_encoder(allowed)
    try:
        for piece in document.pieces:
            yield encoder.push(piece)
        yield encoder.finish()
    except toksmith.InputError as error:
        raise CliError(f"{document.place}: {error}") from error


def call_on_batch(documents: list[Document], call: Callable[[list[bytes]], _Result]) -> _Result:
    """`call(texts)` of short documents. An error names the file and line of the document."""
    try:
        return call([document.data for document in documents])
    except toksmith.InputError:
        for document in documents:  # one of them alone fails too
            try:
                call([document.data])
            except toksmith.InputError as error:
                raise CliError(f"{document.place}: {error}") from error
        raise
