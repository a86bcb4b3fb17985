"""What tests of budgets share: tokenizers of each kind, texts, and the naive count of a part."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

import shapes
import toksmith as ts
from generated import strings
from vocabularies import embedded

NAMES = ("gpt2", "cl100k_base", "o200k_base", "own pattern", "always matching")


@cache
def tokenizer(name: str) -> ts.Tokenizer:
    """An embedded vocabulary, one with a pattern that has no scanner, or with added tokens."""
    if name == "own pattern":
        return ts.Tokenizer.from_bytes(
            embedded("gpt2")._save("tiktoken"), pattern=r"\p{L}+|\s+|[^\p{L}\s]", specials={}
        )
    if name == "always matching":
        import json

        definition = json.loads(embedded("gpt2")._save("json"))
        for number, content in enumerate(["<think>", "k> the", " of"]):
            definition["added_tokens"].append(
                {
                    "id": 60_000 + number,
                    "content": content,
                    "single_word": False,
                    "lstrip": False,
                    "rstrip": False,
                    "normalized": False,
                    "special": False,
                }
            )
        return ts.Tokenizer.from_bytes(json.dumps(definition).encode())
    return embedded(name)


def texts(seed: int, count: int = 40) -> Iterator[str]:
    """Texts of up to some thousand characters: generated, of a hostile shape, and mixed."""
    rng = random.Random(seed)
    found = list(strings(200, seed=seed))
    yield ""
    for _ in range(count):
        mixed = "".join(rng.choices([*found, " ", "\n", "<think>", "<think> the of"], k=30))
        shape = shapes.make(rng.choice([*shapes.SHAPES]), rng.choice([10, 200, 3000]), seed)
        yield rng.choice([mixed, shape, mixed[: rng.randrange(60)], shape + mixed])


def blob(text: str, rng: random.Random) -> bytes:
    """The bytes of a text, perhaps with a few that are not UTF-8."""
    data = bytearray(text.encode())
    for _ in range(rng.randrange(4)):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)
