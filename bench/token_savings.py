"""Tokens saved by merging what a batch repeats: by language, vocabulary and number of merges.

    token_savings.py [--data FOLDER] [--lines 2000] [--picture FILE.svg]

A batch is the first `--lines` lines of a language, or documents of code of about as many bytes as
the English lines. Merges stay within pre-tokens (they make words of pieces) or may go across words.
At the higher numbers nothing that repeats may be left: the row then says after how many it ended.
"""

from __future__ import annotations

import argparse
import lzma
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from corpora import data_folder, load
from toksmith import Tokenizer, dynamic
from toksmith.train.picture import Curve, picture

MERGES = (100, 500, 2_000, 10_000)
LANGUAGES = ("eng", "deu", "fra", "ell", "rus", "hin", "jpn", "kor", "vie", "zho", "tha")
VOCABULARIES = {
    "cl100k": "cl100k_base",
    "Llama 3": "vocabs/llama3/tokenizer.json",
    "XLM-R": "vocabs/xlmr_unigram/tokenizer.json",
}
BOUNDARIES: dict[Any, str] = {"pretoken": "within pre-tokens", "none": "across words"}


def lines(language: str, most: int) -> list[str]:
    """The first lines of a language."""
    path = data_folder() / "languages" / f"{language}.txt.xz"
    with lzma.open(path, "rt", encoding="utf-8") as text:
        return [line.rstrip("\n") for line in islice(text, most)]


def batches(most: int) -> Iterator[tuple[str, list[str]]]:
    """Texts, by name: languages, and code of the size of the English."""
    for language in LANGUAGES:
        texts = lines(language, most)
        yield language, texts
        if language == "eng":
            left, code = sum(map(len, texts)), []
            for document in load("code"):
                code.append(document)
                left -= len(document)
                if left <= 0:
                    break
            yield "code", code


def main() -> int:
    """Prints a table a boundary, and draws the curves of English if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    root = data_folder()
    tokenizers = {
        name: Tokenizer.from_file(root / path) if "/" in path else Tokenizer.from_pretrained(path)
        for name, path in VOCABULARIES.items()
    }
    curves = []
    for boundary, title in BOUNDARIES.items():
        print(f"\n{title}\n")
        head = " | ".join(f"{count:,}" for count in MERGES)
        print(f"| text | vocabulary | tokens | {head} |\n|---|---|---:|{'---:|' * len(MERGES)}")
        for text, texts in batches(args.lines):
            for name, tok in tokenizers.items():
                batch = tok.encode_batch(texts)
                result = dynamic.merge_batch(
                    batch, tok, texts=texts, merges=MERGES[-1], boundary=boundary, min_count=2
                )
                saved = result.log.saved.astype(np.int64)
                sizes = (len(batch.ids) - np.cumsum(np.r_[0, saved])).tolist()
                cells = []
                for count in MERGES:
                    size = sizes[min(count, len(sizes) - 1)]
                    ended = f" ({len(sizes) - 1:,})" if count >= len(sizes) else ""
                    cells.append(f"{size:,} −{1 - size / sizes[0]:.1%}{ended}")
                print(f"| {text} | {name} | {sizes[0]:,} | {' | '.join(cells)} |", flush=True)
                if text == "eng":
                    x = tuple(range(0, len(sizes), max(1, len(sizes) // 200)))
                    y = tuple(sizes[at] / sizes[0] for at in x)
                    curves.append(Curve(f"{name}, {title}", tuple(map(float, x)), y))
    if args.picture:
        args.picture.write_text(picture(curves, "merges", "tokens, of those before"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
