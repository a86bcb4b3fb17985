"""How time and memory of training grow with the text: generated text, from 2 MB to 2 GB.

    growth.py                         BPE to 32,000 tokens, a budget of 64 MiB for the count
    growth.py --megabytes 2,20 --budget 16

The text is made while it is read and is nowhere as a whole: words of a Zipf distribution, and
fresh ones as Heaps' law has it, so that distinct words go on growing as they do in the corpora
(20 MB of the English one have 17 n^0.6 distinct words of n). Every size is a process of its own;
what it costs to make the text is subtracted from the time, and nothing from the memory.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator

import numpy as np

from cost import Cost, run, say
from peers import machine
from table import shown

LIMIT = 3600.0
WORDS = 20_000
"""Words that are drawn again and again."""
FACTOR, EXPONENT = 18.0, 0.6
"""Of Heaps' law: so many times n to the power of so much are distinct among n words."""
BLOCK = 20_000
"""Words of a text."""

_START = ["b", "br", "c", "ch", "d", "f", "g", "l", "m", "n", "p", "pr", "s", "st", "t", "th", "w"]
_MIDDLE = ["a", "e", "i", "o", "u", "ea", "ou", "io"]
_END = ["", "", "n", "r", "s", "t", "l", "nd", "ng", "rs"]


def word(rng: random.Random, syllables: int) -> str:
    """A word that nobody knows."""
    return "".join(
        rng.choice(_START) + rng.choice(_MIDDLE) + rng.choice(_END) for _ in range(syllables)
    )


def texts(size: int) -> Iterator[str]:
    """`size` bytes of text; the beginning of a longer one is the same."""
    rng = random.Random(0)
    known = np.array([word(rng, 1 + min(i, 5000) // 2000) for i in range(WORDS)], dtype=object)
    draws = np.random.default_rng(0)
    held, count, fresh = 0, 0, 0
    while held < size:
        count += BLOCK
        # Ranks whose logarithms are uniform: Zipf's law with exponent 1.
        words = known[(WORDS ** draws.random(BLOCK)).astype(np.int64) - 1]
        due = int(FACTOR * count**EXPONENT) - fresh
        fresh += due
        for place in draws.choice(BLOCK, min(due, BLOCK), replace=False).tolist():
            words[place] = word(rng, 4)
        text = " ".join(words.tolist())
        held += len(text)
        yield text


def child(size: int, vocab_size: int, budget: int, idle: bool) -> None:
    """Trains, or only makes the text, and says what came out."""
    from toksmith import train

    if idle:
        say(tokens=sum(len(text) for text in texts(size)) and 0)
        return
    counts = train.count_words(texts(size), "gpt2", memory_budget=budget)
    peak_after_count = peak()
    tok = train.bpe(counts, vocab_size, like="gpt2", special_tokens=[])
    say(tokens=tok.vocab_size, words=len(counts), counted=peak_after_count)


def peak() -> int:
    """Largest resident size so far, in bytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    """Runs what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", default="2,20,200,2000")
    parser.add_argument("--vocab-size", type=int, default=32_000)
    parser.add_argument("--budget", type=int, default=64, help="MiB that the count may hold")
    parser.add_argument("--limit", type=int, default=500, help="MB that the whole may take")
    parser.add_argument("--toksmith-python", default=sys.executable)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--idle", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    budget = options.budget << 20
    if options.child is not None:
        child(options.child, options.vocab_size, budget, options.idle)
        return 0
    print(f"{machine()}; BPE, {options.vocab_size:,} tokens, a budget of {options.budget} MiB\n")
    print("| MB of text | distinct words | CPU s | MB a CPU s | peak MB, count | peak MB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    within = True
    for megabytes in map(int, options.megabytes.split(",")):
        job = ["--child", megabytes * 1_000_000, "--vocab-size", options.vocab_size]
        job += ["--budget", options.budget]
        idle = run(options.toksmith_python, "growth.py", [*job, "--idle"], LIMIT)
        whole = run(options.toksmith_python, "growth.py", job, LIMIT)
        if not isinstance(idle, Cost) or not isinstance(whole, Cost):
            print(f"| {megabytes} | {idle if isinstance(idle, str) else whole} | | | | |")
            within = False
            continue
        cpu, said = whole.beyond(idle).cpu, whole.said
        within &= whole.peak <= options.limit * 1_000_000
        cells = [
            f"{said['words']:,}", shown(cpu), shown(megabytes / cpu),
            shown(said["counted"] / 1e6), shown(whole.peak / 1e6),
        ]  # fmt: skip
        print(f"| {megabytes} | {' | '.join(cells)} |", flush=True)
    print(f"\n{'within' if within else 'NOT within'} {options.limit} MB")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
