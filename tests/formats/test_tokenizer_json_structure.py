"""Promise: a tokenizer.json is accepted where tokenizers accepts it, and refused where it refuses.

Thousands of files that are JSON, but each with something taken away, replaced, or given twice. What
the library accepts may be unsupported here, which is said with the feature's name; nothing is
malformed that it accepts, and nothing is accepted that it refuses.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

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


def accepted(files: list[str]) -> list[bool]:
    """Whether the library loads each file. One that ends its process is refused, too."""
    script = str(Path(__file__).with_name("accepts.py"))
    answers: list[bool] = []
    while len(answers) < len(files):
        lines = "".join(json.dumps(file) + "\n" for file in files[len(answers) :])
        done = subprocess.run(
            [sys.executable, script], input=lines.encode(), capture_output=True, check=False
        )
        answers += [line == b"True" for line in done.stdout.splitlines()]
        if done.returncode != 0:
            answers.append(False)
    return answers


def test_what_is_accepted() -> None:
    texts = [smaller(text) for _, text in (*pipelines(), *legacy())]
    made = sorted({(file, name) for text in texts for name, file in damaged(text)})
    chosen = random.Random(5).sample(made, len(made) if FULL else 3000)
    counts: Counter[str] = Counter()
    wrong = []
    answers = accepted([file for file, _ in chosen])
    for (file, name), answer in zip(chosen, answers, strict=True):
        theirs = "accept" if answer else "refuse"
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
