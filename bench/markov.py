"""How close tokens come to a source's entropy: LZW and BPE on a two-state Markov source.

    markov.py [--switch P] [--symbols N] [--picture FILE.svg]

The source stays in its state or switches with probability P. Each dictionary, learned from one
text, encodes another; a symbol's cost is the cross-entropy of single tokens in nats, which falls
towards the entropy of the source as the dictionary grows (Rajaraman et al. 2024, arXiv:2404.08335).
"""

from __future__ import annotations

import argparse
import math
import random
from collections import Counter
from pathlib import Path

from toksmith import Tokenizer, train
from toksmith.train.picture import Curve, picture

SIZES = (2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
BYTES = 256


def source(switch: float, symbols: int, seed: int) -> str:
    """A text of the source's states."""
    draw = random.Random(seed)
    state, text = 0, []
    for _ in range(symbols):
        state ^= draw.random() < switch
        text.append("ab"[state])
    return "".join(text)


def cost(tokenizer: Tokenizer, text: str) -> float:
    """Nats a symbol."""
    counts = Counter(tokenizer.encode(text))
    total = sum(counts.values())
    return -sum(count * math.log(count / total) for count in counts.values()) / len(text)


def main() -> int:
    """Prints the table, and draws it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--switch", type=float, default=0.1)
    parser.add_argument("--symbols", type=int, default=200_000)
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    learn, held = (source(args.switch, args.symbols, seed) for seed in (1, 2))
    p = args.switch
    entropy = -(p * math.log(p) + (1 - p) * math.log(1 - p))
    costs: dict[str, list[float]] = {"LZW": [], "BPE": []}
    print(f"entropy {entropy:.4f} nats a symbol\n\n| entries | LZW | BPE |\n|---:|---:|---:|")
    for size in SIZES:
        # Of the 256 bytes two are ever used; LZW has an unknown token as well.
        costs["LZW"].append(cost(train.lzw([learn], BYTES - 2 + size + 1), held))
        costs["BPE"].append(cost(train.bpe([learn], BYTES - 2 + size, like="gpt2"), held))
        print(f"| {size:,} | {costs['LZW'][-1]:.4f} | {costs['BPE'][-1]:.4f} |")
    if args.picture:
        sizes = tuple(math.log10(size) for size in SIZES)
        curves = [Curve(name, sizes, tuple(values)) for name, values in costs.items()]
        curves.append(Curve("entropy", sizes, (entropy,) * len(SIZES)))
        args.picture.write_text(picture(curves, "entries, log10", "nats a symbol"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
