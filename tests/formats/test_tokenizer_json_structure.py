"""Promise: a tokenizer.json is accepted where tokenizers accepts it, and refused where it refuses.

Thousands of files that are JSON, but each with something taken away, replaced, or given twice. What
the library accepts may be unsupported here, which is said with the feature's name; nothing is
malformed that it accepts, and nothing is accepted that it refuses.
"""

from __future__ import annotations

import json
import random
from collections import Counter

import tokenizers

import toksmith as ts
from formats.pipelines import legacy, pipelines
from formats.structure import damaged
from testdata import FULL


def smaller(text: str) -> str:
    """The same pipeline with a vocabulary of a few tokens, so that every field gets its turn."""
    file = json.loads(text)
    model = file["model"]
    if isinstance(model["vocab"], list):
        model["vocab"] = model["vocab"][:6]
        return json.dumps(file)
    few = list(model["vocab"])[:6]
    model["vocab"] = {token: id_ for id_, token in enumerate(few)}
    if "merges" in model:
        prefix = model.get("continuing_subword_prefix") or ""
        as_strings = model["merges"] and isinstance(model["merges"][0], str)
        model["vocab"][few[4] + few[5]] = 6
        model["merges"] = [f"{few[4]} {few[5]}"] if as_strings else [[few[4], few[5]]]
        if prefix:
            model["merges"] = []
    return json.dumps(file)


def test_what_is_accepted() -> None:
    texts = [smaller(text) for _, text in (*pipelines(), *legacy())]
    made = sorted({(file, name) for text in texts for name, file in damaged(text)})
    chosen = random.Random(5).sample(made, len(made) if FULL else 3000)
    counts: Counter[str] = Counter()
    wrong = []
    for file, name in chosen:
        theirs = "refuse"
        try:
            tokenizers.Tokenizer.from_str(file)
            theirs = "accept"
        except BaseException as error:
            assert "Panic" in type(error).__name__ or isinstance(error, Exception)
        ours = "accept"
        try:
            ts.Tokenizer.from_bytes(file.encode())
        except ts.UnsupportedFeature:
            ours = "name a feature"
        except ts.ModelError:
            ours = "refuse"
        counts[f"they {theirs}, we {ours}"] += 1
        if ours not in (theirs, "name a feature"):
            wrong.append(f"{name}: they {theirs}, we {ours}: {file[:1000]}")
    print(counts)
    assert not wrong, "\n".join(wrong[:20])
