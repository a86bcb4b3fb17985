"""Threads, batches, budgets and the order of texts change no byte of what is trained."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

import toksmith as ts
from generated import strings
from testdata import FULL, corpus
from toksmith import train
from toksmith.train import inputs

TRAINERS: dict[str, Callable[..., ts.Tokenizer]] = {
    "bpe": lambda texts, **how: train.bpe(texts, 1500, like="gpt2", **how),
    "bpe of characters": lambda texts, **how: train.bpe(
        texts, 3000, like="metaspace", character_coverage=0.99, **how
    ),
    "unigram": lambda texts, **how: train.unigram(texts, 3000, character_coverage=0.99, **how),
    "wordpiece": lambda texts, **how: train.wordpiece(texts, 2500, **how),
}


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Of a corpus, and generated ones, one of them long enough to be cut between threads."""
    most = 2_000 if FULL else 200
    found = [*islice(corpus("multilingual"), most), *strings(300, seed=4)]
    return [*found, "\n".join(islice(corpus("english"), 600))]


@pytest.mark.parametrize("name", TRAINERS)
def test_threads_batches_and_budgets(
    name: str, texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = TRAINERS[name]
    expected = trainer(texts, num_threads=1)._save("json")
    for threads, batch, budget in [
        (2, 8 << 20, None), (8, 8 << 20, None), (1, 3_000, None), (8, 70_001, 1),
        (1, 1 << 40, 1), (2, 1 << 40, 300_000), (2, 1_000_000, 1 << 40),
    ]:  # fmt: skip
        # Batches have no argument of their own: where one ends is a constant.
        monkeypatch.setattr(inputs.batches, "__kwdefaults__", {
            **(inputs.batches.__kwdefaults__ or {}), "batch_bytes": batch,
        })  # fmt: skip
        how = {"num_threads": threads, "memory_budget": budget, "directory": tmp_path}
        found = trainer(iter(texts), **how)._save("json")
        assert found == expected, (threads, batch, budget)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", TRAINERS)
def test_order_and_kind_of_source(name: str, texts: list[str], tmp_path: Path) -> None:
    trainer = TRAINERS[name]
    expected = trainer(texts)._save("json")
    shuffled = random.Random(0).sample(texts, len(texts))
    assert trainer([text.encode() for text in shuffled])._save("json") == expected
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert trainer(path)._save("json") == expected
    assert trainer(path, resume=tmp_path / "counts")._save("json") == expected
    assert trainer(path, resume=tmp_path / "counts", num_threads=8)._save("json") == expected


def test_weights_beyond_32_bits_are_exact() -> None:
    many = 1 << 40
    for first, second in [("ab", "ba"), ("ba", "ab")]:
        weighted = [train.Weighted([first], many), train.Weighted([second], many + 1)]
        tok = train.bpe(weighted, 257, like="gpt2", special_tokens=[])
        assert json.loads(tok._save("json"))["model"]["merges"] == [list(second)]
