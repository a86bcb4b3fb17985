"""Promise: ids pushed in any portions give the text of decoding them at once, in every family."""

from __future__ import annotations

import random

import pytest

import families
import oracles
import toksmith as ts
from testdata import FULL


@pytest.mark.parametrize("skip", [False, True], ids=["special tokens kept", "left out"])
@pytest.mark.parametrize("family", families.FAMILIES)
def test_any_portions_give_the_whole(family: str, skip: bool) -> None:
    tok = ts.Tokenizer.from_bytes(families.file_of(family))
    rng = random.Random(51)
    decoder = tok.stream_decoder(skip_special_tokens=skip)
    rows = [*families.random_ids(len(tok), 3_000 if FULL else 60)]
    rows += [tok.encode(text, allowed_special="all") for text in families.texts(30, seed=52)]
    for ids in rows:
        whole = tok.decode(ids, skip_special_tokens=skip)
        for largest in (1, 5):
            sizes = [rng.randint(0 if largest > 1 else 1, largest) for _ in ids]
            found = "".join(decoder.push(run) for run in oracles.cut_at(ids, sizes))
            assert found + decoder.finish() == whole, ids
