"""How fast hypertokens are made and read, beside zip2zip-compression.

    hypertokens.py                                  toksmith alone
    hypertokens.py --peer                           and zip2zip-compression, of the same Python

On the English documents of the test data under the Llama 3 vocabulary (without it, documentation of
this machine under cl100k_base), as one row and as a row a document. zip2zip-compression takes and
gives lists; what it costs to make them is not counted. Codes are compared where both have the
setting. CPU time of one thread, the best of several; its ids before encoding are what counts.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

import toksmith as ts
from corpora import data_folder, load

DOCUMENTS = 4000
SETTINGS = [(2048, 4), (2048, None), (1 << 16, 4)]


def best(work: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Seconds of CPU of the fastest call, and what it gave."""
    spent, result = [], None
    for _ in range(times):
        began = time.process_time()
        result = work()
        spent.append(time.process_time() - began)
    return min(spent), result


def ids_of_documents() -> tuple[ts.Batch, int, str]:
    """Rows of ids, the number of base ids, and whose they are."""
    path = data_folder() / "vocabs" / "llama3" / "tokenizer.model"
    name = "llama3" if path.exists() else "cl100k_base"
    tok = ts.Tokenizer.from_file(path) if path.exists() else ts.Tokenizer.from_pretrained(name)
    return tok.encode_batch(load("english")[:DOCUMENTS]), len(tok), name


def main() -> int:
    """Measures, compares, prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--peer", action="store_true", help="also zip2zip-compression")
    parser.add_argument("--times", type=int, default=7, help="repetitions")
    given = parser.parse_args()
    documents, first, name = ids_of_documents()
    whole = ts.Batch(documents.ids, [0, len(documents.ids)])
    size = len(documents.ids)
    print(f"{size} ids of {len(documents)} documents, {name}; millions of ids a second")
    heads = ("codes/ids", "encode", "decode", "peer encode", "peer decode")
    print(f"{'codebook, subtokens, eviction, rows':<44}" + "".join(f"{h:>13}" for h in heads))
    for codebook, longest in SETTINGS:
        for eviction in ("freeze", "reset", "recency"):
            for label, rows in (("one", whole), ("documents", documents)):
                hyper = ts.dynamic.Hypertokens(first, codebook, longest, eviction=eviction)
                took, codes = best(lambda: hyper.encode_batch(rows, num_threads=1), given.times)  # noqa: B023
                back, ids = best(lambda: hyper.decode_batch(codes, num_threads=1), given.times)  # noqa: B023
                assert ids == rows
                line = f"{codebook}, {longest}, {eviction}, {label}"
                line = f"{line:<44}{len(codes.ids) / size:13.3f}"
                line += f"{size / took / 1e6:13.1f}{size / back / 1e6:13.1f}"
                if given.peer and eviction == "freeze" and longest is not None:
                    line += beside(rows, codes, first, codebook, longest)
                print(line, flush=True)
    return 0


def beside(rows: ts.Batch, codes: ts.Batch, first: int, codebook: int, longest: int) -> str:
    """The same of zip2zip-compression, which must have a longest word."""
    make = import_module("zip2zip_compression").LZWCompressor
    # An id that is its padding counts as disabled: one that no text has.
    peer = make(first, codebook, longest, first - 1, [])
    assert not np.any(rows.ids == first - 1)
    lists = rows.tolist()
    took, theirs = best(lambda: [peer.encode(row)[0] for row in lists], 2)
    assert theirs == codes.tolist()
    back, ids = best(lambda: [peer.decode(row)[0] for row in theirs], 2)
    assert ids == lists
    size = len(rows.ids)
    return f"{size / took / 1e6:13.2f}{size / back / 1e6:13.2f}"


if __name__ == "__main__":
    sys.exit(main())
