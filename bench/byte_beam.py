"""What a beam over all tokenizations costs on the tiny real model: its bound, and how tight.

    byte_beam.py [--texts 3] [--reference 64]

Texts are told by the model; the law is that of all tokenizations. `bound` is what the state says
after so many bytes, an upper limit of the total variation of anything that follows; `distance` is
the total variation of the next byte from that of the reference beam, whose own bound comes first.
A bound of 1 says nothing: what was once dropped is set against a text that grows less probable.
Both are means over texts.
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
from numpy.typing import NDArray

from corpora import data_folder
from toksmith import InputError
from toksmith.byte_probs import ByteLM, Llama2c

LENGTHS = (16, 64, 256)
BEAMS = (2, 4, 8, 16)
Figures = dict[int, tuple[float, NDArray[np.float64]]]
"""By length: the bound, and the next byte's probabilities."""


def story(lm: ByteLM, seed: int) -> bytes:
    """A text of the longest length, told token by token."""
    text, draw = b"", random.Random(seed)
    while len(text) < max(LENGTHS):
        text = lm.generate(b"", max(LENGTHS) + 40, mode="tokens", seed=draw.getrandbits(60)).data
    return text[: max(LENGTHS)]


def follow(lm: ByteLM, text: bytes) -> Figures:
    """Pushes a text, and asks at each length."""
    state = lm.state()
    found: Figures = {}
    for length in LENGTHS:
        try:
            state.push(text[len(state.text) : length])
        except InputError:  # the beam has lost all that goes on so
            found[length] = (1.0, np.zeros(256 + len(lm.special_ids)))
            continue
        state.logprob()  # the rows that the bound needs
        found[length] = (state.inner.bound(), np.exp(state.next_byte()))
    return found


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=3)
    parser.add_argument("--reference", type=int, default=64)
    args = parser.parse_args()
    folder = data_folder() / "stories260k"
    if not folder.exists():
        print("the tiny real model is not there")
        return 1
    llama = Llama2c.from_file(folder / "checkpoint.bin", folder / "tokenizer.bin", cached=256)
    tok = llama.tokenizer
    assert tok is not None
    models = {
        beam: ByteLM(tok, llama, target="all", beam=beam, keep_rows=4096)
        for beam in (*BEAMS, args.reference)
    }
    texts = [story(models[BEAMS[-1]], seed) for seed in range(args.texts)]
    cells = [f"{what}, {length} bytes" for length in LENGTHS for what in ("bound", "distance")]
    print("| beam | " + " | ".join(cells) + " | s a text |")
    print("|---:|" + "---:|" * (len(cells) + 1))
    truth = None
    for beam in (args.reference, *BEAMS):
        began = time.perf_counter()
        found = [follow(models[beam], text) for text in texts]
        spent = (time.perf_counter() - began) / len(texts)
        truth = truth or found
        row = []
        for length in LENGTHS:
            bounds = [one[length][0] for one in found]
            distances = [
                np.abs(one[length][1] - true[length][1]).sum() / 2
                for one, true in zip(found, truth, strict=True)
            ]
            row += [f"{np.mean(bounds):.2g}", f"{np.mean(distances):.2g}"]
        print(f"| {beam} | " + " | ".join(row) + f" | {spent:.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
