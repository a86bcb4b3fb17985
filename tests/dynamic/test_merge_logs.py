"""Logs are plain data, apply to each row by itself, and are refused where they make no sense."""

from __future__ import annotations

import io
import json
import pickle
import random
from typing import Any

import numpy as np
import pytest

import toksmith as ts
from dynamic import oracle_merges as oracle
from toksmith.dynamic import MergeLog, MergeStream, apply, merge_batch
from vocabularies import embedded


def random_rows(draw: random.Random, alphabet: int = 3) -> list[list[int]]:
    return [[draw.randrange(alphabet) for _ in range(draw.randrange(40))] for _ in range(5)]


def test_a_row_does_not_depend_on_its_batch_mates() -> None:
    draw = random.Random(1)
    for _ in range(200):
        log = merge_batch(random_rows(draw), boundary="none", first_id=9).log
        rows = random_rows(draw)
        together = apply(log, rows)
        assert together.batch.tolist() == [apply(log, [row]).batch.tolist()[0] for row in rows]
        assert log.expand(together.batch).tolist() == rows


def test_logs_survive_storage() -> None:
    tok = embedded("gpt2")
    batch = tok.encode_batch(["unbelievable believers believed", "believable"])
    log = merge_batch(batch, tok, merges=10).log
    file = io.BytesIO()
    arrays: dict[str, Any] = log.to_arrays()
    np.savez(file, **arrays)
    file.seek(0)
    copies = [pickle.loads(pickle.dumps(log)), MergeLog.from_json(log.to_json())]
    copies.append(MergeLog.from_arrays(np.load(file)))
    for copy in copies:
        assert copy == log
        assert copy.boundary == "pretoken"
        assert apply(copy, batch, tok).batch == merge_batch(batch, tok, merges=10).batch


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ids": [11, 10]}, ts.VocabularyError),
        ({"left": [1, 11]}, ts.VocabularyError),
        ({"ids": [10, 4294967295]}, ts.VocabularyError),
        ({"first_id": -1}, ts.VocabularyError),
        ({"first_id": 1 << 31}, ts.VocabularyError),
        ({"left": [1]}, ts.InputError),
        ({"left": "ab"}, ts.InputError),
        ({"left": [[1, 2]]}, ts.InputError),
        ({"boundary": "line"}, ts.InputError),
        ({"form": 2}, ts.UnsupportedFeature),
    ],
)
def test_wrong_logs_are_refused(change: dict[str, object], error: type[Exception]) -> None:
    log = merge_batch([[1, 2, 1, 2, 1, 2, 3]], boundary="none", first_id=10, merges=2).log
    good = json.loads(log.to_json())
    MergeLog.from_json(json.dumps(good))
    with pytest.raises(error):
        MergeLog.from_json(json.dumps({**good, **change}))
    for text in ("", "[]", "{", json.dumps({"form": 1})):
        with pytest.raises(ts.ToksmithError):
            MergeLog.from_json(text)


def test_a_stream_is_merging_its_window() -> None:
    draw = random.Random(2)
    for window in (1, 2, 4):
        stream = MergeStream(window, boundary="none", merges=6, first_id=9)
        held: list[Any] = []
        for _ in range(12):
            held = [*held, random_rows(draw)][-window:]
            got = stream.push(held[-1])
            flat = [row for rows in held for row in rows]
            whole = merge_batch(flat, boundary="none", merges=6, first_id=9)
            assert got.log == whole.log
            assert got.batch.tolist() == whole.batch.tolist()[-5:]
            assert got.undo(len(got.log)).batch.tolist() == held[-1]
            counts = oracle.count(flat, [[True] * len(row) for row in flat], True)
            assert stream.count(0, 1) == counts.get((0, 1), 0)
            assert (stream.batches, stream.ids) == (len(held), sum(map(len, flat)))


def test_limits_end_merging() -> None:
    rows = [[0, 1, 2, 3] * 8]
    for target in (0, 5, 16, 31, 100):
        out = merge_batch(rows, boundary="none", target_length=target)
        if len(out.log):
            assert len(out.undo(1).batch.ids) > target
        assert len(out.batch.ids) <= max(target, 1) or target == 100
    for part in (0.0, 0.3, 0.5, 1.0):
        out = merge_batch(rows, boundary="none", reduction=part)
        assert not len(out.log) or len(out.undo(1).batch.ids) > 32 * (1 - part)
    assert merge_batch(rows, boundary="none", min_count=8).log.counts.min() >= 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"merges": -1}, {"merges": 1.5}, {"ties": "last"}, {"counting": "twice"}, {"min_count": -1},
        {"reduction": 2.0}, {"reduction": float("nan")}, {"target_length": -1}, {"identity": "x"},
        {"identity": "bytes"}, {"max_token_bytes": 3}, {"boundary": "pretoken"}, {"boundary": "x"},
        {"texts": ["a"]}, {"mask": [True]}, {"mask": [1, 0, 1]}, {"first_id": 2},
        {"first_id": 1 << 31}, {"first_id": -1}, {"protected": [-1]}, {"tokenizer": "gpt2"},
        {"merges": True}, {"reduction": "a"},
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused(wrong: dict[str, object]) -> None:
    arguments: dict[str, object] = {"boundary": "none", **wrong}
    with pytest.raises(ts.ToksmithError):
        merge_batch([[1, 2, 3]], **arguments)  # type: ignore[arg-type]


def test_what_cannot_be_is_said() -> None:
    tok = embedded("gpt2")
    with pytest.raises(ts.UnsupportedFeature):
        merge_batch([[1, 2]], tok, identity="bytes", counting="non_overlapping")
    with pytest.raises(ts.InputError, match="first_id"):
        merge_batch([[1, 2]], tok, first_id=50_000)
    with pytest.raises(ts.VocabularyError):
        merge_batch([[1, 60_000]], tok)
    with pytest.raises(ts.VocabularyError):
        merge_batch([[1, 1 << 31]], boundary="none")
    log = merge_batch([[1, 2, 1, 2]], boundary="none", first_id=10).log
    with pytest.raises(ts.VocabularyError):
        apply(log, [[1, 10]])
    for index in (slice(1, 2), slice(0, 1, 2), 0):
        with pytest.raises(ts.InputError):
            log[index]  # type: ignore[index]
    batches: list[list[list[int]]] = [[], [[]], [[], [1], []]]
    for rows in batches:
        assert merge_batch(rows, boundary="none").batch.tolist() == rows
    with pytest.raises(ts.InputError):
        MergeStream(0, boundary="none", first_id=1)
    with pytest.raises(ts.InputError):
        MergeStream(2, boundary="none")
