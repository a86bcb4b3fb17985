"""Codes and codebooks are those of zip2zip-compression, where that is installed.

Its padding id counts as disabled, whether it is named as such or not; its codebooks of generation
(`CodebookManager`) are compared on codes that its own encoder writes.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from testdata import FULL, corpus, need
from toksmith import Tokenizer
from toksmith.dynamic import Hypertokens

peer: Any = pytest.importorskip("zip2zip_compression")


def both(first: int, size: int, longest: int, disabled: list[int], pad: int) -> tuple[Any, Any]:
    theirs = peer.LZWCompressor(first, size, longest, pad, disabled)
    return theirs, Hypertokens(first, size, longest, disabled_ids=[*disabled, pad])


def test_on_random_ids() -> None:
    rng = random.Random(0)
    for _ in range(100_000 if FULL else 5_000):
        alphabet = rng.randint(2, 5)
        disabled = [token for token in range(alphabet) if not rng.randrange(6)]
        size, longest = rng.choice([0, 1, 2, 5, 1000]), rng.choice([1, 2, 3, 4, 8, 100])
        pad = rng.randrange(alphabet + 2)
        theirs, ours = both(alphabet + 2, size, longest, disabled, pad)
        ids = [rng.randrange(alphabet) for _ in range(rng.randrange(80))]
        codes, _, book = theirs.encode(ids)
        assert ours.encode(ids).tolist() == codes
        assert ours.decode(codes).tolist() == ids == theirs.decode(codes)[0]
        state = ours.state(codes)
        assert state.definitions().to_dict() == {k: tuple(v) for k, v in book.to_dict().items()}


def test_on_real_ids() -> None:
    tokenizer = Tokenizer.from_file(need("vocabs/llama3/tokenizer.model"))
    first = len(tokenizer)
    theirs, ours = both(first, 2048, 4, [], first - 1)
    for name in ("english", "code", "multilingual"):
        texts = [text for _, text in zip(range(200), corpus(name), strict=False)]
        ids = tokenizer.encode_batch(texts).ids
        assert ours.encode(ids).tolist() == theirs.encode(ids.tolist())[0]


def test_codebooks_grow_alike_in_generation() -> None:
    rng = random.Random(1)
    for _ in range(300):
        longest = rng.choice([2, 3, 4, 100])
        ours = Hypertokens(7, 50, longest, disabled_ids=[6])
        manager = peer.CodebookManager(peer.CompressionConfig(7, 50, longest, 6, []))
        ids = [rng.randrange(3) for _ in range(60)]
        state = ours.state()
        for code in ours.encode(ids).tolist():
            manager.update_codebooks([[code]])
            state.push_codes(code)
            (book,) = manager.get_codebooks()
            theirs = {key: tuple(word) for key, word in book.to_dict().items()}
            assert state.definitions().to_dict() == theirs
