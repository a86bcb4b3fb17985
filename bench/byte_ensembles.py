"""Two small models with different vocabularies, alone and together, in bits per byte.

    byte_ensembles.py [--corpus english] [--megabytes 3] [--kilobytes 12]

Both are n-gram models of the same text: one of many tokens and short memory, one of few tokens and
a longer one. Weights are chosen on a development split, from a grid, and all figures are of a test
split that neither has seen. `tokens` is the usual figure, of the text's own encoding alone.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from corpora import Slices, load, origin
from ngrams import NGrams
from toksmith import Tokenizer, train
from toksmith.byte_probs import ByteLM, ByteModel, Contrast, Mean, Product

END = "<|endoftext|>"
WEIGHTS = (0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9)


@dataclass
class Member:
    """A model and its tokenizer."""

    name: str
    tokenizer: Tokenizer
    model: NGrams
    lm: ByteLM

    def token_bits(self, texts: Sequence[bytes]) -> float:
        """Bits per byte of the encodings."""
        total = 0.0
        for text in texts:
            ids = (0, *self.tokenizer.encode(text))
            for at in range(1, len(ids)):
                total -= math.log2(self.model.row(ids[max(0, at - self.model.order) : at])[ids[at]])
        return total / sum(map(len, texts))


def member(name: str, texts: Sequence[str], size: int, order: int) -> Member:
    """Learns a vocabulary, then a model."""
    tok = train.bpe(texts, size, like="gpt2", special_tokens=[END])
    documents = ((0, *row.tolist(), 0) for row in tok.encode_batch(texts))
    model = NGrams(documents, len(tok), order)
    return Member(name, tok, model, ByteLM(tok, model, prefix=[0], keep_rows=512))


def bits(model: ByteModel, texts: Sequence[bytes]) -> float:
    """Bits per byte of texts, their ends left out."""
    return model.score(texts).bits_per_byte


def best(
    make: Callable[[float], ByteModel], values: Sequence[float], texts: Sequence[bytes]
) -> tuple[float, float]:
    """The value with the fewest bits, and those."""
    found = [(bits(make(value), texts), value) for value in values]
    return min(found)[1], min(found)[0]


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", default="english")
    parser.add_argument("--megabytes", type=float, default=3.0)
    parser.add_argument("--kilobytes", type=float, default=12.0, help="of each split")
    args = parser.parse_args()
    slices = Slices(load(args.corpus))
    size = int(args.kilobytes * 1000)
    dev, test = (
        [text.encode()[:1000] for text in slices.take(2 * size)][: size // 1000] for _ in range(2)
    )
    texts = slices.take(int(args.megabytes * 1e6))
    few = member("300 tokens, 6-grams", texts, 300, 6)
    many = member("4,000 tokens, trigrams", texts, 4000, 3)
    weak = member("4,000 tokens, unigrams", texts, 4000, 1)
    print(
        f"{origin(args.corpus)}: {sum(map(len, texts)):,} characters learned, "
        f"{sum(map(len, dev)):,} bytes to choose on, {sum(map(len, test)):,} to test\n"
    )
    print("| model | chosen | bits/byte, dev | bits/byte, test | tokens, test | s |")
    print("|---|---:|---:|---:|---:|---:|")
    for one in (few, many, weak):
        began = time.perf_counter()
        row = f"| {one.name} | | {bits(one.lm, dev):.4f} | {bits(one.lm, test):.4f} "
        print(
            f"{row}| {one.token_bits(test):.4f} | {time.perf_counter() - began:.0f} |", flush=True
        )
    pair = [few.lm, many.lm]
    plans: list[tuple[str, Callable[[float], ByteModel], Sequence[float]]] = [
        ("mean, equal weights", lambda w: Mean(pair, [w, 1 - w]), (0.5,)),
        ("mean", lambda w: Mean(pair, [w, 1 - w]), WEIGHTS),
        ("product", lambda w: Product(pair, [w, 1 - w]), WEIGHTS),
        (
            "product, powers summing to 1.2",
            lambda w: Product(pair, [1.2 * w, 1.2 - 1.2 * w]),
            WEIGHTS,
        ),
        (
            "4,000 tokens + alpha (300 tokens - unigrams)",
            lambda alpha: Contrast(many.lm, few.lm, weak.lm, alpha),
            (0.05, 0.1, 0.2, 0.4),
        ),
    ]
    for name, make, values in plans:
        began = time.perf_counter()
        value, on_dev = best(make, values, dev)
        row = f"| {name} | {value:g} | {on_dev:.4f} | {bits(make(value), test):.4f} "
        print(f"{row}| | {time.perf_counter() - began:.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
