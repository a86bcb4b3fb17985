"""How wrong a prompt's own tokens are: naive prompting and token healing beside the exact law.

    byte_prompts.py [--prompts N]

First on sources whose every probability is known, through small tokenizers of each kind; then, if
the test data is there, on the tiny real model, with prompts cut at every byte of their last word.
`off` is the largest error of any next-byte probability, `TV` the mean total variation, `same` how
often the most probable byte is the right one.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from byte_probs import states
from byte_probs.prompts import healed, naive
from byte_probs.sources import Markov, induced
from byte_probs.toys import toys
from corpora import data_folder
from toksmith.byte_probs import ByteLM, Llama2c
from toksmith.byte_probs.approximate import TokenHealing

LENGTH = 6
Symbols = NDArray[np.float64]
WAYS = ("naive", "healed", "exact")


class Errors:
    """What each way was off by."""

    def __init__(self) -> None:
        self.found: dict[str, list[tuple[float, float, bool]]] = {way: [] for way in WAYS}

    def add(self, way: str, probs: Symbols, truth: Symbols) -> None:
        """Notes one prompt."""
        gap = np.abs(probs - truth)
        same = truth[int(probs.argmax())] >= truth.max() - 1e-9
        self.found[way].append((float(gap.max()), float(gap.sum() / 2), bool(same)))

    def cells(self) -> list[str]:
        """Of each way, three figures."""
        out = []
        for way in WAYS:
            off, distance, same = (
                np.array(column) for column in zip(*self.found[way], strict=True)
            )
            out += [f"{off.max():.2g}", f"{distance.mean():.2g}", f"{same.mean():.0%}"]
        return out


def heading(first: str) -> None:
    """The two lines a table begins with."""
    cells = [f"{way} {figure}" for way in WAYS for figure in ("off", "TV", "same")]
    print(f"| {first} | prompts | " + " | ".join(cells) + " |")
    print("|---|---:|" + "---:|" * len(cells))


def row(name: str, count: int, cells: Iterable[str]) -> None:
    """One line of a table."""
    print(f"| {name} | {count} | " + " | ".join(cells) + " |", flush=True)


def known_sources(limit: int) -> None:
    """Prompts of sources of six letters, `limit` each, whole texts left out."""
    heading("tokenizer")
    for toy in toys(LENGTH):
        source = Markov(toy.letters, 2, LENGTH, 1, toy.may_follow)
        model, width = induced(source, toy.tokens, toy.end), states.width(toy.tokens)
        whole = {b"".join(text) for text in source.texts()}
        cuts = sorted({text[:at] for text in whole for at in range(len(text))})
        errors = Errors()
        chosen = random.Random(1).sample(cuts, min(limit, len(cuts)))
        for prompt in chosen:
            truth = np.array(source.following(prompt))
            errors.add("naive", naive(toy.tokens, model, prompt), truth)
            errors.add("healed", healed(toy.tokens, model, prompt), truth)
            state = states.make(toy, "canonical")
            state.push(prompt)
            found = states.with_one_end(states.symbols(state, model, width))
            errors.add("exact", found, truth)
        row(toy.name, len(chosen), errors.cells())


def real_model(count: int) -> None:
    """Prompts cut inside their last word, and behind it."""
    from byte_probs.stories import BOS, prompts

    folder = data_folder() / "stories260k"
    if not folder.exists():
        print("\nthe tiny real model is not there")
        return
    llama = Llama2c.from_file(folder / "checkpoint.bin", folder / "tokenizer.bin")
    tok = llama.tokenizer
    assert tok is not None
    lm = ByteLM(tok, llama, prefix=[BOS], keep_rows=1024)
    ways = {
        "naive": TokenHealing(tok, 0, prefix=[BOS]),
        "healed": TokenHealing(tok, 1, prefix=[BOS]),
    }
    print()
    heading("stories260k, prompts cut")
    errors = {"inside the last word": Errors(), "behind it": Errors()}
    for prompt in prompts(tok, llama, count, seed=1):
        before, _, word = prompt.rpartition(" ")
        for cut in range(1, len(word) + 1):
            part = f"{before} {word[:cut]}"
            truth = np.exp(lm.next_byte(part))
            place = errors["behind it" if cut == len(word) else "inside the last word"]
            place.add("exact", truth, truth)
            for name, way in ways.items():
                place.add(name, np.exp(way.next_bytes(llama, part)), truth)
    for name, one in errors.items():
        row(name, len(one.found["exact"]), one.cells())


def main() -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--prompts", type=int, default=100)
    args = parser.parse_args()
    known_sources(args.prompts)
    real_model(args.prompts)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
