"""Damaged and hostile files raise typed errors and leave nothing; what is taken, safetensors takes.

What the package safetensors refuses is refused, and what is taken has the tensors that it finds.
"""

from __future__ import annotations

import json
import random
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import toksmith as ts
from toksmith import _native
from toksmith.transfer.checkpoint import Checkpoint, rewrite
from transfer.small_models import make, recipe, tensor, write_tensors

TYPED = (ts.ModelError, ts.InputError, ts.UnsupportedFeature)


def open_file(path: Path) -> dict[str, Any] | None:
    """The tensors that our reader finds; None if it refuses the file."""
    try:
        file = _native._TensorFile(path)
    except TYPED:
        return None
    data = path.read_bytes()[len(file.header_bytes) :]
    return {
        name: (dtype, shape, data[start:end]) for name, dtype, shape, start, end in file.tensors
    }


def by_package(data: bytes) -> dict[str, Any] | None:
    """The same by the package."""
    safetensors = pytest.importorskip("safetensors")
    try:
        found = safetensors.deserialize(data)
    except safetensors.SafetensorError:
        return None
    return {name: (one["dtype"], one["shape"], bytes(one["data"])) for name, one in found}


def good() -> tuple[dict[str, Any], bytes]:
    """A header and the bytes after it."""
    tensors = {
        "embed_tokens.weight": tensor(1, [6, 4], "bfloat16"), "norm": tensor(2, [4], "float32"),
        "empty": ("I64", [0, 3], b""), "scalar": ("F64", [], bytes(8)),
        "caf\u00e9 \U0001f600": ("U8", [3], b"abc"), "four": ("F4", [2], b"x"),
    }  # fmt: skip
    header: dict[str, Any] = {"__metadata__": {"format": "pt", "a": "\u00fc"}}
    at = 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    return header, b"".join(data for _, _, data in tensors.values())


def file_of(header: object, body: bytes) -> bytes:
    text = json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<Q", len(text)) + text + body


def changed(rng: random.Random) -> bytes:
    """A file with a field of its header set to something else, or bytes of it changed."""
    header, body = good()
    values = [
        -1, 0, 1, 3, 7, 8, 2**31, 2**53, 2**63, 2**64 - 1, 2**64, 1.0, 1e300, None, True, "1", "",
        "F32", "BF16", "f32", "F128", [], [1], [0, 8], [8, 0], [2**64 - 1, 2**64 - 1], {}, {"a": 1},
    ]  # fmt: skip
    kind = rng.randrange(8)
    names = [name for name in header if name != "__metadata__"]
    one = header[rng.choice(names)]
    if kind == 0:
        one[rng.choice(["dtype", "shape", "data_offsets", "more"])] = rng.choice(values)
    elif kind == 1 and one["shape"]:
        one["shape"][rng.randrange(len(one["shape"]))] = rng.choice(values)
    elif kind == 2:
        one["data_offsets"][rng.randrange(2)] = rng.choice(values)
    elif kind == 3:
        del one[rng.choice(list(one))]
    elif kind == 4:
        header[rng.choice(list(header))] = rng.choice(values)
    data = bytearray(file_of(header, body))
    end = 8 + struct.unpack("<Q", data[:8])[0]
    if kind >= 5:
        for _ in range(rng.choice((1, 1, 2, 5))):
            at = rng.randrange(end)
            match rng.randrange(4):
                case 0:
                    data[at] ^= 1 << rng.randrange(8)
                case 1:
                    data[at] = rng.choice(b'0123456789"[]{},:-.eE \n\xff\xc3')
                case 2:
                    data[at : at + rng.randrange(9)] = data[at : at + 4]
                case _:
                    del data[at : at + rng.choice((1, 2, 30))]
        if kind == 7:  # So that what is behind the length is read, not the length alone.
            data[:8] = struct.pack("<Q", max(0, len(data) - 8 - len(body)))
    return bytes(data)


def test_300_changed_headers_are_refused_or_read_as_the_package_reads_them(tmp_path: Path) -> None:
    rng, seen = random.Random(1), Counter[str]()
    path = tmp_path / "a.safetensors"
    for _ in range(300):
        data = changed(rng)
        path.write_bytes(data)
        ours, theirs = open_file(path), by_package(data)
        if ours is not None:
            assert ours == theirs
            seen["taken"] += 1
        elif theirs is not None:
            # A name that stands there twice is all that only we refuse.
            pairs = json.loads(data[8:][: struct.unpack("<Q", data[:8])[0]], object_pairs_hook=list)
            names = [
                [name for name, _ in pairs],
                *(
                    [name for name, _ in one]
                    for _, one in pairs
                    if isinstance(one, list) and all(isinstance(x, tuple) for x in one)
                ),
            ]
            assert any(len(set(some)) < len(some) for some in names)
            seen["twice"] += 1
        else:
            seen["refused"] += 1
    assert seen["taken"] > 10
    assert seen["refused"] > 100


def test_files_cut_anywhere_are_refused(tmp_path: Path) -> None:
    data = file_of(*good())
    path = tmp_path / "a.safetensors"
    path.write_bytes(data)
    assert open_file(path) == by_package(data) is not None
    for size in range(len(data)):
        path.write_bytes(data[:size])
        assert open_file(path) is None, size
    path.write_bytes(data + b"x")
    assert open_file(path) is None


def test_every_type_of_the_package_is_copied_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    names = (
        "BOOL F4 F6_E2M3 F6_E3M2 U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ I16 U16 "
        "F16 BF16 I32 U32 F32 F64 I64 U64 C64 C128 F128 U1 bf16"
    )
    taken = 0
    for name in names.split():
        for size in (*range(1, 10), 16, 32, 64, 128):
            header = {"a": {"dtype": name, "shape": [8], "data_offsets": [0, size]}}
            data = file_of(header, bytes(size))
            path.write_bytes(data)
            ours = open_file(path)
            assert ours == by_package(data)
            taken += ours is not None
    assert taken == 22


@pytest.mark.parametrize("shards", [False, True])
def test_damaged_models_raise_typed_errors_and_leave_nothing(tmp_path: Path, shards: bool) -> None:
    """Each file of a folder cut, emptied, changed, gone: opening or rewriting fails typed."""
    make(tmp_path / "model", shards=shards)
    files = sorted((tmp_path / "model").iterdir())
    whole = {file: file.read_bytes() for file in files}
    rng, made = random.Random(2), recipe(50, 40)
    refused = fine = 0
    for file in files:
        for round_ in range(30):
            data = bytearray(whole[file])
            match round_ % 5:
                case 0:
                    del data[rng.randrange(len(data)) :]
                case 1:
                    data[rng.randrange(min(len(data), 300))] ^= 1 << rng.randrange(8)
                case 2:
                    data = bytearray(rng.randbytes(rng.randrange(200)))
                case 3:
                    at = rng.randrange(len(data))
                    data[at:at] = rng.randbytes(3)
                case _:
                    data[rng.randrange(8)] = rng.randrange(256)
            file.write_bytes(data)
            if round_ == 29:
                file.unlink()
            try:
                model = Checkpoint.open(tmp_path / "model")
                rewrite(model, tmp_path / "new", input_rows=made,
                        output_rows=None if model.tied else made, vocab_size=50)  # fmt: skip
            except (*TYPED, ts.VocabularyError):
                refused += 1
                assert [path.name for path in tmp_path.iterdir()] == ["model"]
            else:
                fine += 1
                for path in (tmp_path / "new").iterdir():
                    path.unlink()
                (tmp_path / "new").rmdir()
            file.write_bytes(whole[file])
    assert refused > 3 * fine


def test_an_index_must_name_what_is_there(tmp_path: Path) -> None:
    make(tmp_path / "model", shards=True)
    path = tmp_path / "model" / "model.safetensors.index.json"
    whole = json.loads(path.read_text())
    weight_map = whole["weight_map"]
    first, last = "model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"
    outside = tmp_path / "outside.safetensors"
    outside.write_bytes((tmp_path / "model" / last).read_bytes())
    without = {name: file for name, file in weight_map.items() if name != "lm_head.weight"}
    cases: list[Any] = [
        [], {}, {"weight_map": {}}, {"weight_map": []}, {"weight_map": {"a": 1}},
        {"weight_map": weight_map | {"lm_head.weight": first}},
        {"weight_map": weight_map | {"more": first}},
        {"weight_map": weight_map | {"lm_head.weight": "nowhere.safetensors"}},
        {"weight_map": without | {"model.norm.weight": last}},
        {"weight_map": without | {"lm_head": last}},
    ]  # fmt: skip
    for name in ("../outside.safetensors", str(outside), "a\\b", "..", ".", "", "a\0b"):
        cases.append({"weight_map": weight_map | {"lm_head.weight": name}})  # noqa: PERF401
    for case in cases:
        path.write_text(json.dumps(case))
        with pytest.raises(TYPED):
            Checkpoint.open(tmp_path / "model")
    path.write_text(json.dumps(whole))
    Checkpoint.open(tmp_path / "model")
    copy = tmp_path / "model" / "model-00002-of-00003.safetensors"
    copy.write_bytes((tmp_path / "model" / first).read_bytes())
    with pytest.raises(ts.ModelError, match="as has"):
        Checkpoint.open(tmp_path / "model")
    copy.unlink()
    with pytest.raises(ts.InputError, match="model-00002"):
        Checkpoint.open(tmp_path / "model")


def test_other_formats_and_types_are_named(tmp_path: Path) -> None:
    with pytest.raises(ts.InputError, match="no such folder"):
        Checkpoint.open(tmp_path / "nowhere")
    with pytest.raises(ts.InputError, match="no such folder"):
        Checkpoint.open("a\0b")
    with pytest.raises(ts.InputError, match="holds neither"):
        Checkpoint.open(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ts.UnsupportedFeature, match=r"pytorch_model\.bin"):
        Checkpoint.open(tmp_path)
    for dtype, size in (("F8_E4M3", 1), ("I8", 1), ("F64", 8)):
        one = (dtype, [5, 4], bytes(20 * size))
        write_tensors(tmp_path / "model.safetensors", {"embed_tokens.weight": one})
        (tmp_path / "config.json").write_text("{}")
        with pytest.raises(ts.UnsupportedFeature, match=f"embed_tokens.weight is {dtype}"):
            Checkpoint.open(tmp_path)
    deep = '{"a": ' * 500 + "1" + "}" * 500
    for text in (deep, "", "[]", "{", "\xff", "[" * 100_000, "NaN"):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(ts.ModelError, match=r"config\.json"):
            Checkpoint.open(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(ts.InputError, match=r"config\.json"):
        Checkpoint.open(tmp_path)


def test_numbers_of_old_rows_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    data = bytearray(tensor(1, [40, 8], "bfloat16")[2])
    data[5 * 16 : 5 * 16 + 2] = b"\xc0\x7f"
    one = ("BF16", [40, 8], bytes(data))
    write_tensors(tmp_path / "model" / "model.safetensors", {"embed_tokens.weight": one})
    (tmp_path / "model" / "config.json").write_text('{"vocab_size": 40}')
    model = Checkpoint.open(tmp_path / "model")
    made = recipe(50, 40)
    good_rows = made._replace(ids=made.ids % 5)
    rewrite(model, tmp_path / "new", input_rows=good_rows, vocab_size=50)
    bad = good_rows._replace(ids=good_rows.ids + (good_rows.ids == 4))
    with pytest.raises(ts.InputError, match=r"NaN at number 0: of old rows .*5"):
        rewrite(model, tmp_path / "bad", input_rows=bad, vocab_size=50)
    assert not (tmp_path / "bad").exists()
