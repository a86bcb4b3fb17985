"""Promise: a tekken.json gives the ids, the tokens and the text that mistral-common gives.

mistral-common is no dependency of the tests: where it is absent, fixed ids are compared.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import toksmith as ts
from testdata import need

FILE = "vocabs/tekken/tekken.json"
PARTS = [
    *"abcAZ019 .,'\n\t\r/éßſ中文한국어\u0301\u200d🙂\0\u2581", "  ", "\n\n", "'s", "'LL",
    "<s>", "[INST]", "hello", " World", "नमस्ते", "👩\u200d👩\u200d👧",
]  # fmt: skip


@pytest.fixture(scope="module")
def tok() -> ts.Tokenizer:
    return ts.Tokenizer.from_file(need(FILE))


def strings(count: int) -> list[str]:
    rng = random.Random(0)
    return ["", *("".join(rng.choices(PARTS, k=rng.randrange(1, 30))) for _ in range(count))]


def test_ids_decoded_text_and_special_tokens_equal_mistral_common(tok: ts.Tokenizer) -> None:
    tekken = pytest.importorskip("mistral_common.tokens.tokenizers.tekken")
    reference = tekken.Tekkenizer.from_file(need(FILE))
    keep = tekken.SpecialTokenPolicy.KEEP
    assert len(tok) == reference.n_words
    assert set(tok.special_ids.values()) == reference.special_ids
    named = (tok.bos_id, tok.eos_id, tok.pad_id, tok.unk_id)
    assert named == (reference.bos_id, reference.eos_id, reference.pad_id, reference.unk_id)
    for token in range(len(tok)):
        assert tok.token_bytes(token) == reference.id_to_byte_piece(token, keep)
    for text in strings(1000):
        ids = tok.encode(text)
        assert ids == reference.encode(text, bos=False, eos=False), text
        assert tok.decode(ids) == reference.decode(ids)
    ids = [1, 1050, 3, 1100, 4, 2]
    assert tok.decode(ids) == reference.decode(ids, keep)
    assert tok.decode(ids, skip_special_tokens=True) == reference.decode(ids)


def test_ordinary_ids_come_after_1000_special_ones(tok: ts.Tokenizer) -> None:
    assert tok.encode("Hello, world! <s>") == [22177, 1044, 4304, 1033, 1534, 1115, 1062]
    assert tok.encode("[INST]hi[/INST]", allowed_special="all")[0] == 3
    assert (tok.bos_id, tok.eos_id, tok.unk_id, tok.pad_id) == (1, 2, 0, 11)
    assert tok.token_id(b"<SPECIAL_999>") == 999
    assert (tok.vocab_size, len(tok)) == (130_072, 131_072)


def test_saved_files_give_the_same_ids(tok: ts.Tokenizer, tmp_path: Path) -> None:
    for name in ("tok.toksmith", "tokenizer.json", "tok.tiktoken"):
        tok.save(tmp_path / name)
        pattern = tok.patterns[0] if name.endswith(".tiktoken") else None
        again = ts.Tokenizer.from_file(tmp_path / name, pattern=pattern)
        for text in strings(200):
            assert again.encode(text) == tok.encode(text), (name, text)
