"""Unigram: bits per byte of text not learned from, against sentencepiece's model of equal size.

The bits are those of the best path under the model's own scores, which are log probabilities that
add up to one. Both see the same characters: nothing is normalized, and the sign for a space stands
before each text.
"""

from __future__ import annotations

import io
import json
import math
import os
from itertools import islice
from pathlib import Path

import pytest
import tokenizers

import toksmith as ts
from testdata import FULL, language
from toksmith import train

LANGUAGES = ("eng", "deu", "fra", "rus", "hin", "kor", "zho", "jpn")
SIZE = 4_000
COVERAGE = 0.9995
MAX_LOSS = 0.005


def split(name: str) -> tuple[list[str], list[str]]:
    """Lines to learn from, and every tenth, which is held out."""
    most = 10**9 if FULL else 12_000
    lines = [line for line in islice(language(name), most) if line and "\u2581" not in line]
    return [line for i, line in enumerate(lines) if i % 10], lines[::10]


def bits(scores: dict[str, float], unk: float, rows: list[list[str]]) -> float:
    """Of the pieces; one that has no score costs what an unknown one does."""
    return -sum(scores.get(piece, unk) for row in rows for piece in row) / math.log(2)


def normalized(scores: dict[str, float]) -> dict[str, float]:
    """The scores of pieces such that they are the logarithms of probabilities."""
    total = math.log(sum(math.exp(score) for score in scores.values()))
    return {piece: score - total for piece, score in scores.items()}


def ours(lines: list[str], size: int) -> ts.Tokenizer:
    """With the coverage and the options that sentencepiece has by default."""
    return train.unigram(
        lines, size, like="metaspace", character_coverage=COVERAGE, byte_fallback=False,
        special_tokens=["<unk>", "<s>", "</s>"],
    )  # fmt: skip


def cost_of_ours(tok: ts.Tokenizer, held_out: list[str]) -> tuple[float, int]:
    """Bits and tokens."""
    rows = json.loads(tok._save("json"))["model"]["vocab"]
    scores = normalized(dict(rows[3:]))
    pieces = [piece for piece, _ in rows]
    unk = min(scores.values()) - 10.0
    found = [[pieces[id_] for id_ in tok.encode(line)] for line in held_out]
    return bits(scores, unk, found), sum(map(len, found))


def cost_of_theirs(lines: list[str], held_out: list[str], size: int) -> tuple[float, int]:
    """Bits and tokens of sentencepiece."""
    spm = pytest.importorskip("sentencepiece")
    out = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=out, model_type="unigram", vocab_size=size,
        normalization_rule_name="identity", add_dummy_prefix=True, remove_extra_whitespaces=False,
        character_coverage=COVERAGE, max_sentence_length=1 << 20, num_threads=2, minloglevel=2,
    )  # fmt: skip
    model = spm.SentencePieceProcessor(model_proto=out.getvalue())
    real = range(3, model.get_piece_size())
    scores = normalized({model.id_to_piece(id_): model.get_score(id_) for id_ in real})
    unk = min(scores.values()) - 10.0
    ids = model.encode(held_out)
    found = [[model.id_to_piece(id_) for id_ in row] for row in ids]
    return bits(scores, unk, found), sum(map(len, found))


@pytest.mark.parametrize("name", LANGUAGES)
def test_bits_per_byte(name: str, tmp_path: Path) -> None:
    lines, held_out = split(name)
    tok = ours(lines, SIZE)
    assert tok.vocab_size == SIZE
    size_in_bytes = sum(len(line.encode()) for line in held_out)
    (mine, my_tokens), (theirs, their_tokens) = (
        cost_of_ours(tok, held_out), cost_of_theirs(lines, held_out, SIZE),
    )  # fmt: skip
    said = (
        f"{name}: {len(lines)} lines, bits a byte {mine / size_in_bytes:.4f} against "
        f"{theirs / size_in_bytes:.4f} ({mine / theirs - 1:+.2%}), tokens a byte "
        f"{my_tokens / size_in_bytes:.4f} against {their_tokens / size_in_bytes:.4f} "
        f"({my_tokens / their_tokens - 1:+.2%})"
    )
    if os.environ.get("TOKSMITH_SHOW"):
        print(said)
    assert mine <= theirs * (1 + MAX_LOSS), said
    tok.save(tmp_path / "tokenizer.json")
    there = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for line in held_out:
        assert tok.encode(line) == there.encode(line).ids
