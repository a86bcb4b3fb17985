"""On a real model: behind a prompt cut anywhere in a word, the law is that of all its covers.

What follows naive prompting or a healed token is another distribution, and often the wrong word.
"""

from __future__ import annotations

import numpy as np

from byte_probs.plain_llama import PlainLlama
from byte_probs.stories import BOS, Enumeration, model, prompts
from testdata import FULL, need
from toksmith.byte_probs import ByteLM
from toksmith.byte_probs.approximate import TokenHealing

PROMPTS = 500 if FULL else 40


def test_what_follows_is_the_sum_over_all_covers() -> None:
    tok, llama = model()
    lm = ByteLM(tok, llama, prefix=[BOS], keep_rows=4096)
    law = Enumeration(tok, lambda context: llama([context])[0])
    ways = {
        "naive": TokenHealing(tok, 0, prefix=[BOS]),
        "healed": TokenHealing(tok, 1, prefix=[BOS]),
    }
    off: dict[str, list[float]] = {"exact": [], "naive": [], "healed": []}
    for prompt in prompts(tok, llama, PROMPTS, seed=1):
        before, _, word = prompt.rpartition(" ")
        for cut in range(1, len(word) + 1):
            part = f"{before} {word[:cut]}"
            want = law.next_byte(before, f" {word[:cut]}")
            found = np.exp(lm.next_byte(part))
            np.testing.assert_allclose(found, want, atol=1e-6, err_msg=part)
            off["exact"].append(float(np.abs(found - want).max()))
            for name, way in ways.items():
                other = np.exp(way.next_bytes(llama, part))
                off[name].append(float(np.abs(other - want).sum() / 2))
    assert max(off["exact"]) < 1e-9
    # Total variation, on average over all cuts, ends of words included.
    assert np.mean(off["naive"]) > 0.1
    assert np.mean(off["healed"]) > 0.02
    print({name: (float(np.mean(one)), max(one)) for name, one in off.items()})


def test_the_same_from_a_plain_implementation_of_the_model() -> None:
    tok, llama = model()
    plain = PlainLlama(need("stories260k/checkpoint.bin"))
    law = Enumeration(tok, lambda context: plain.logits(list(context))[-1])
    lm = ByteLM(tok, llama, prefix=[BOS])
    for before, word in (("Once upon", "a"), ("Once upon a", "ti"), ("The little", "gi")):
        found = np.exp(lm.next_byte(f"{before} {word}"))
        np.testing.assert_allclose(found, law.next_byte(before, f" {word}"), atol=1e-9)
