"""`toksmith bench`: how fast this tokenizer is on your text, on this machine.

Speed is MB of text a second of processor time, the median of the repetitions. "New" empties the
caches before each one, "seen" has them filled; real text lies between. A comparison with other
libraries, run side by side, is `bench/peers.py` in the source tree.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from toksmith.cli.choose import chosen_tokenizer
from toksmith.cli.documents import Document, LongDocument, grouped, read_documents
from toksmith.cli.encode import layout_of
from toksmith.cli.errors import OK, CliError
from toksmith.cli.inputs import expand

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import toksmith


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    texts = _texts(args)
    size = sum(map(len, texts))
    if not size:
        raise CliError("no text to measure with")
    tok = chosen_tokenizer(args)
    rows = [_array(tok, text) for text in texts]
    if b"".join(map(tok.decode_bytes, rows)) != b"".join(texts):
        raise CliError("decoding the ids does not give the text back; this is a bug")

    def batch() -> object:
        return tok.encode_batch(texts, num_threads=args.threads)

    work: dict[str, Callable[[], object]] = {
        "encode, list": lambda: [tok.encode(text) for text in texts],
        "encode, array": lambda: [tok.encode_array(text) for text in texts],
        "encode_batch": batch,
        "count": lambda: [tok.count(text) for text in texts],
    }
    results: dict[str, dict[str, float]] = {}
    for name, call in work.items():
        new = _megabytes_a_second(call, size, args.repeat, before=tok.clear_cache)
        seen = _megabytes_a_second(call, size, args.repeat)
        results[name] = {"new": new, "seen": seen}
    decode = _megabytes_a_second(lambda: [tok.decode_bytes(row) for row in rows], size, args.repeat)
    results["decode_bytes"] = {"seen": decode}
    _print(tok, len(texts), size, sum(map(len, rows)), results, args)
    return OK


def _array(tok: toksmith.Tokenizer, text: bytes) -> Any:
    return tok.encode_array(text)


def _texts(args: argparse.Namespace) -> list[bytes]:
    """Documents of the input, up to `--limit` bytes together."""
    limit = int(args.limit * 1e6)
    texts: list[bytes] = []
    layout = layout_of(args)
    for source in expand(args.files):
        for group in grouped(read_documents(source, layout)):
            documents = group if isinstance(group, list) else [_start_of(group, limit)]
            for document in documents:
                texts.append(document.data[:limit])
                limit -= len(texts[-1])
                if limit <= 0:
                    return texts
    return texts


def _start_of(document: LongDocument, limit: int) -> Document:
    held = b""
    parts = []
    for piece in document.pieces:
        parts.append(piece)
        limit -= len(piece)
        if limit <= 0:
            break
    held = b"".join(parts)
    return Document(document.source, document.line, held)


def _megabytes_a_second(
    call: Callable[[], object],
    size: int,
    repeat: int,
    before: Callable[[], object] | None = None,
) -> float:
    seconds = []
    call()
    for _ in range(repeat):
        if before is not None:
            before()
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return size / 1e6 / max(statistics.median(seconds), 1e-9)


def _print(
    tok: toksmith.Tokenizer,
    documents: int,
    size: int,
    tokens: int,
    results: dict[str, dict[str, float]],
    args: argparse.Namespace,
) -> None:
    if args.json:
        facts = {"tokenizer": tok.name, "documents": documents, "bytes": size, "tokens": tokens}
        print(json.dumps({**facts, "repeat": args.repeat, "mb_per_cpu_second": results}))
        return
    print(
        f"{tok.name}: {documents:,} document{'s' * (documents > 1)}, {size / 1e6:,.2f} MB, "
        f"{tokens:,} tokens ({size / max(tokens, 1):.2f} bytes each)"
    )
    print(f"MB per CPU-second, median of {args.repeat}{'new':>15}{'seen':>10}")
    for name, speeds in results.items():
        new = f"{speeds['new']:,.1f}" if "new" in speeds else ""
        print(f"  {name:<36}{new:>10}{speeds['seen']:>10,.1f}")
