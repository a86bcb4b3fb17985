"""A rewritten folder has the new rows, and everything else byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toksmith as ts
from toksmith.transfer.checkpoint import Checkpoint, Recipe, rewrite
from transfer.small_models import (
    from_bytes,
    make,
    read_tensors,
    recipe,
    rows_of,
    tensor,
    tensors_of,
    to_bytes,
    write_tensors,
)

EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("shards", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_recipes_give_the_rows_of_their_definition(
    tmp_path: Path, dtype: str, shards: bool, tied: bool
) -> None:
    old = make(tmp_path / "model", dtype=dtype, shards=shards, tied=tied)
    model = Checkpoint.open(tmp_path / "model")
    first, second = recipe(77, 40, 1), recipe(77, 40, 2)
    head: dict[str, Any] = {} if tied else {"output_rows": second}
    done = rewrite(model, tmp_path / "new", input_rows=first, **head, vocab_size=77)
    assert (done.rows, done.vocab_size, done.tied, done.resumed) == (77, 77, tied, 0)
    new = tensors_of(tmp_path / "new")
    assert list(new) == list(old)
    changed = {EMBEDDING: first} if tied else {EMBEDDING: first, HEAD: second}
    for name, (kind, shape, data) in new.items():
        if name in changed:
            assert (kind, shape) == (old[name][0], [77, 24])
            want = rows_of(changed[name], from_bytes(old[name][2], dtype, 24))
            assert data == to_bytes(want, dtype)
        else:
            assert (kind, shape, data) == old[name]
    for file in (tmp_path / "model").glob("*.safetensors"):
        assert read_tensors(tmp_path / "new" / file.name)[1] == {"format": "pt"}
    if shards:
        before, after = (
            json.loads((tmp_path / name / "model.safetensors.index.json").read_text())
            for name in ("model", "new")
        )
        assert after["weight_map"] == before["weight_map"]
        assert after["metadata"]["total_size"] == sum(len(data) for _, _, data in new.values())
    config = json.loads((tmp_path / "new" / "config.json").read_text())
    assert (config["vocab_size"], config["tie_word_embeddings"]) == (77, tied)
    assert not list(tmp_path.glob(".*"))
    again = Checkpoint.open(tmp_path / "new")
    assert (again.rows, again.tied) == (77, tied)


def test_arrays_and_functions_and_recipes_give_the_same_files(tmp_path: Path) -> None:
    make(tmp_path / "model", rows=40, dim=512, tied=True)
    model = Checkpoint.open(tmp_path / "model")
    made = recipe(20_000, 40)
    rows = rows_of(made, model.read_block(0, 40))
    calls = []

    def function(start: int, stop: int) -> np.ndarray[Any, Any]:
        calls.append((start, stop))
        return rows[start:stop].astype(np.float64)

    want = None
    kinds: tuple[Any, ...] = (made, rows, function)
    for number, given in enumerate(kinds):
        for threads in (1, 2):
            out = tmp_path / f"new {number} {threads}"
            rewrite(model, out, input_rows=given, vocab_size=20_000, num_threads=threads)
            data = (out / "model.safetensors").read_bytes()
            want = want or data
            assert data == want
    # In order, without a gap, and no block of more than 16 MiB.
    assert calls[:3] == [(0, 8192), (8192, 16384), (16384, 20_000)]
    assert len(calls) == 6


def test_rows_without_an_id_are_the_mean_of_the_others(tmp_path: Path) -> None:
    old = make(tmp_path / "model", dtype="float32")
    model = Checkpoint.open(tmp_path / "model")
    made = recipe(70, 40)
    done = rewrite(model, tmp_path / "new", input_rows=made, output_rows=made, vocab_size=70,
                   pad_to_multiple=64)  # fmt: skip
    assert (done.rows, done.vocab_size) == (128, 70)
    new = Checkpoint.open(tmp_path / "new")
    for matrix in (new.input, new.output):
        assert matrix is not None
        want = rows_of(made, from_bytes(old[matrix.name][2], "float32", 24))
        np.testing.assert_array_equal(matrix.read_block(0, 70), want)
        mean = np.broadcast_to(want.mean(axis=0, dtype=np.float64), (58, 24))
        np.testing.assert_allclose(matrix.read_block(70, 128), mean, rtol=1e-6, atol=1e-7)
    # A logit of such a row is never the largest.
    assert new.output is not None
    logits = new.output.read_block(0, 128) @ np.random.default_rng(0).normal(size=(24, 50))
    assert (logits.argmax(axis=0) < 70).all()


def test_copies_and_bias_follow(tmp_path: Path) -> None:
    one, bias = tensor(1, [30, 8], "float32"), tensor(2, [30], "float32")
    (tmp_path / "model").mkdir()
    write_tensors(
        tmp_path / "model" / "model.safetensors",
        {
            "bert.embeddings.word_embeddings.weight": one,
            "cls.predictions.bias": bias,
            "cls.predictions.decoder.bias": bias,
            "cls.predictions.decoder.weight": one,
            "final_logits_bias.weight": tensor(3, [3, 3], "float32"),
        },
    )
    config = {"vocab_size": 30, "tie_word_embeddings": True}
    (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    model = Checkpoint.open(tmp_path / "model")
    made = recipe(50, 30)
    rewrite(model, tmp_path / "new", input_rows=made, vocab_size=50)
    new = tensors_of(tmp_path / "new")
    rows = rows_of(made, from_bytes(one[2], "float32", 8)).tobytes()
    numbers = rows_of(made, from_bytes(bias[2], "float32", 1)).tobytes()
    assert new["bert.embeddings.word_embeddings.weight"] == ("F32", [50, 8], rows)
    assert new["cls.predictions.decoder.weight"] == ("F32", [50, 8], rows)
    assert new["cls.predictions.bias"] == ("F32", [50], numbers)
    assert new["cls.predictions.decoder.bias"] == ("F32", [50], numbers)

    assert model.bias is not None
    assert model.bias.name == "cls.predictions.decoder.bias"
    array = np.arange(400, dtype=np.float32).reshape(50, 8)
    with pytest.raises(ts.InputError, match="bias"):
        rewrite(model, tmp_path / "b", input_rows=array, vocab_size=50)
    rewrite(model, tmp_path / "b", input_rows=array, bias=array[:, 0], vocab_size=50)
    assert tensors_of(tmp_path / "b")["cls.predictions.bias"][2] == array[:, 0].tobytes()


def test_head_and_embedding_are_parted_and_tied_if_asked(tmp_path: Path) -> None:
    make(tmp_path / "tied", tied=True, shards=True)
    make(tmp_path / "parted", tied=False, shards=True)
    made, other = recipe(50, 40, 1), recipe(50, 40, 2)
    tied, parted = (Checkpoint.open(tmp_path / name) for name in ("tied", "parted"))
    with pytest.raises(ts.InputError, match="tied"):
        rewrite(tied, tmp_path / "x", input_rows=made, output_rows=other, vocab_size=50)
    with pytest.raises(ts.InputError, match="output_rows"):
        rewrite(parted, tmp_path / "x", input_rows=made, vocab_size=50)
    rewrite(tied, tmp_path / "a", input_rows=made, output_rows=other, vocab_size=50, tie=False)
    found = Checkpoint.open(tmp_path / "a")
    assert found.config["tie_word_embeddings"] is False
    assert found.output is not None
    assert (found.tied, found.output.name) == (False, HEAD)
    want = to_bytes(rows_of(other, tied.read_block(0, 40)), "bfloat16")
    assert tensors_of(tmp_path / "a")[HEAD][2] == want

    (tmp_path / "odd").mkdir()
    one = {"rows": tensor(1, [40, 24], "bfloat16")}
    write_tensors(tmp_path / "odd" / "model.safetensors", one)
    (tmp_path / "odd" / "config.json").write_text("{}")
    odd = Checkpoint.open(tmp_path / "odd", input="rows")
    with pytest.raises(ts.UnsupportedFeature, match="a head beside rows"):
        rewrite(odd, tmp_path / "x", input_rows=made, output_rows=other, vocab_size=50, tie=False)

    rewrite(parted, tmp_path / "b", input_rows=made, vocab_size=50, tie=True)
    found = Checkpoint.open(tmp_path / "b")
    assert (found.tied, found.config["tie_word_embeddings"]) == (True, True)
    assert HEAD not in tensors_of(tmp_path / "b")
    # The head was all that one of the files had.
    assert len(list((tmp_path / "b").glob("*.safetensors"))) == 2


def test_rows_that_do_not_fit_leave_nothing(tmp_path: Path) -> None:
    make(tmp_path / "model", dtype="float16", tied=True)
    model = Checkpoint.open(tmp_path / "model")
    good = np.zeros((50, 24), np.float32)
    nan, inf, big = good.copy(), good.copy(), good.copy()
    nan[7, 3], inf[49, 0], big[0, 23] = np.nan, -np.inf, 65520
    made = recipe(50, 40)
    far = made._replace(ids=made.ids + np.uint32(39))
    empty = made._replace(indptr=np.where(np.arange(51) == 5, made.indptr[4], made.indptr))
    large = made._replace(weights=made.weights * np.float32(1e9))
    cases: list[tuple[Any, type[ts.ToksmithError], str]] = [
        (nan, ts.InputError, "row 7, number 3 is nan"),
        (inf, ts.InputError, "row 49, number 0 is -inf"),
        (big, ts.InputError, "row 0, number 23 is 65520.0: too large for float16"),
        (lambda start, stop: nan[start:stop], ts.InputError, "row 7"),
        (lambda start, stop: good[start : stop - 1], ts.InputError, "expected"),
        (lambda _start, _stop: "rows", ts.InputError, "no numbers"),
        (good[:, :23], ts.InputError, "shape"),
        (good[:49], ts.VocabularyError, "49 rows, expected 50"),
        (np.array(["a"]), ts.InputError, "must be a recipe"),
        (recipe(49, 40), ts.VocabularyError, "49 rows, expected 50"),
        (far, ts.VocabularyError, "no token has id"),
        (empty, ts.InputError, "row 4 has no source"),
        (large, ts.InputError, "new row 0"),
        (made._replace(ids=made.ids.astype(np.int64)), ts.InputError, "uint32"),
    ]
    for given, kind, message in cases:
        with pytest.raises(kind, match=message):
            rewrite(model, tmp_path / "new", input_rows=given, vocab_size=50)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    wrong: list[dict[str, Any]] = [
        {"vocab_size": 0}, {"vocab_size": 1.5}, {}, {"vocab_size": 50, "pad_to_multiple": 0},
        {"vocab_size": 50, "bias": np.zeros(50)}, {"vocab_size": 50, "tokenizer": "gpt2"},
        {"vocab_size": 50, "roles": {"eos": 1}}, {"vocab_size": 50, "progress": 3},
        {"vocab_size": 50, "special_map": {"a": 1}}, {"vocab_size": 50, "special_map": [1]},
    ]  # fmt: skip
    for options in wrong:
        with pytest.raises(ts.InputError):
            rewrite(model, tmp_path / "new", input_rows=good, **options)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_errors_of_a_function_come_out_as_they_are(tmp_path: Path) -> None:
    make(tmp_path / "model", tied=True)
    model = Checkpoint.open(tmp_path / "model")
    for error in (ZeroDivisionError("mine"), OSError("mine"), ValueError("mine")):

        def function(_start: int, _stop: int, error: Exception = error) -> Recipe:
            raise error

        with pytest.raises(type(error), match="mine"):
            rewrite(model, tmp_path / "new", input_rows=function, vocab_size=50, resume=False)
        assert not (tmp_path / "new").exists()


def test_a_folder_that_is_there_is_replaced_only_if_asked(tmp_path: Path) -> None:
    make(tmp_path / "model", tied=True)
    model = Checkpoint.open(tmp_path / "model")
    out = tmp_path / "new"
    out.mkdir()  # An empty folder is as good as none.
    rewrite(model, out, input_rows=recipe(50, 40), vocab_size=50)
    first = (out / "model.safetensors").read_bytes()
    with pytest.raises(ts.InputError, match="overwrite"):
        rewrite(model, out, input_rows=recipe(60, 40), vocab_size=60)
    assert (out / "model.safetensors").read_bytes() == first
    rewrite(model, out, input_rows=recipe(60, 40), vocab_size=60, overwrite=True)
    assert Checkpoint.open(out).rows == 60
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo").write_text("dear")
    with pytest.raises(ts.InputError, match="no model's folder"):
        rewrite(model, tmp_path / "mine", input_rows=recipe(50, 40), vocab_size=50, overwrite=True)
    for bad in (tmp_path / "model", tmp_path / "model" / "inside", tmp_path, tmp_path / "a" / "b"):
        with pytest.raises(ts.InputError):
            rewrite(model, bad, input_rows=recipe(50, 40), vocab_size=50, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "model", "new"]


def test_other_files_are_copied_but_not_those_of_the_old_model(tmp_path: Path) -> None:
    make(tmp_path / "model", tied=True)
    kept = ["README.md", "modeling_x.py", "1_Pooling/config.json", "2_Dense/model.safetensors"]
    gone = ["pytorch_model.bin", "adapter.gguf", ".gitattributes", "onnx/model.onnx"]
    tokenizer = ["vocab.txt", "merges.txt", "spiece.model", "added_tokens.json", "tokenizer.json"]
    for name in (*kept, *gone, *tokenizer):
        path = tmp_path / "model" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    model = Checkpoint.open(tmp_path / "model")
    done = rewrite(model, tmp_path / "new", input_rows=recipe(50, 40), vocab_size=50)
    new = [path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*")]
    files = {name for name in new if (tmp_path / "new" / name).is_file()}
    assert files == {*kept, *tokenizer, "model.safetensors", "config.json"}
    assert set(done.left_out) == {*gone[:3], "onnx"}
    assert (tmp_path / "new" / "1_Pooling" / "config.json").read_text() == "1_Pooling/config.json"


def test_progress_ends_where_all_is_written(tmp_path: Path) -> None:
    make(tmp_path / "model", shards=True)
    model = Checkpoint.open(tmp_path / "model")
    told: list[tuple[int, int, str]] = []
    done = rewrite(
        model, tmp_path / "new", input_rows=recipe(50, 40), output_rows=recipe(50, 40),
        vocab_size=50, progress=lambda *args: told.append(args),
    )  # fmt: skip
    assert told[-1] == (done.written, done.written, "bytes")
    assert told == sorted(told)
