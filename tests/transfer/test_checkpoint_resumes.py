"""A rewrite that was ended at any moment goes on to the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toksmith as ts
from toksmith.transfer.checkpoint import Checkpoint, journal, rewrite, shards, sources
from transfer.small_models import make, recipe

NEW, DIM = 3000, 64

# Small chunks and blocks, and a pause in each, so that kills meet every step.
_CODE = f"""\
import sys, time
sys.path[:0] = sys.argv[3:]
from toksmith.transfer.checkpoint import Checkpoint, journal, rewrite, shards, sources
from transfer.small_models import recipe
journal.CHUNK = 1 << 14
sources.BLOCK_NUMBERS = 1 << 12
shards.BLOCK = 1 << 12
tell = journal.Workspace._tell
def slow(self, line):
    time.sleep(0.002)
    tell(self, line)
    time.sleep(0.002)
journal.Workspace._tell = slow
print("ready", flush=True)
made = recipe({NEW}, 500)
model = Checkpoint.open(sys.argv[1])
done = rewrite(model, sys.argv[2], input_rows=made, output_rows=made, vocab_size={NEW},
               pad_to_multiple=256)
print(done.resumed, flush=True)
"""


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def start(model: Path, out: Path) -> subprocess.Popen[str]:
    tests = Path(__file__).parent.parent
    paths = [str(tests), str(Path(ts.__file__).parent.parent)]
    return subprocess.Popen(
        [sys.executable, "-c", _CODE, str(model), str(out), *paths],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    make(tmp_path / "model", rows=500, dim=DIM, shards=True)
    (tmp_path / "model" / "LICENSE").write_text("free")
    made = recipe(NEW, 500)
    rewrite(Checkpoint.open(tmp_path / "model"), tmp_path / "whole", input_rows=made,
            output_rows=made, vocab_size=NEW, pad_to_multiple=256)  # fmt: skip
    want = hashes(tmp_path / "whole")

    out, rng = tmp_path / "new", random.Random(7)
    process = start(tmp_path / "model", out)
    assert process.stdout is not None
    process.stdout.readline()
    begun = time.monotonic()
    process.communicate()
    took = time.monotonic() - begun
    assert hashes(out) == want

    kills = resumed = 0
    for round_ in range(20 if os.environ.get("TOKSMITH_FULL") == "1" else 3):
        out = tmp_path / f"new {round_}"
        while not (out.exists() and not out.with_name(f".{out.name}.toksmith").exists()):
            process = start(tmp_path / "model", out)
            assert process.stdout is not None
            process.stdout.readline()
            try:
                told, _ = process.communicate(timeout=rng.uniform(0, took))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                kills += 1
                if out.exists():  # Only the cleaning up was left to do.
                    assert hashes(out) == want
                continue
            assert process.returncode == 0
            resumed += int(told) > 0
            break
        assert hashes(out) == want
        assert not (tmp_path / f".{out.name}.toksmith").exists()
    assert kills
    assert resumed


class EndedError(Exception):
    pass


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "CHUNK", 1 << 12)
    monkeypatch.setattr(sources, "BLOCK_NUMBERS", 1 << 10)
    monkeypatch.setattr(shards, "BLOCK", 1 << 11)


@pytest.mark.usefixtures("small_chunks")
def test_ended_after_each_chunk_and_before_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same without chance: every call of the system that changes a name, and every chunk."""
    make(tmp_path / "model", rows=100, dim=16, shards=True, layers=1)
    model = Checkpoint.open(tmp_path / "model")
    made = recipe(300, 100)
    options: dict[str, Any] = {"input_rows": made, "output_rows": made, "vocab_size": 300}
    rewrite(model, tmp_path / "whole", **options)
    want = hashes(tmp_path / "whole")
    before = hashes(tmp_path / "model")
    left = 0

    def counted(owner: Any, name: str, after: bool) -> None:
        function = getattr(owner, name)

        def ending(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if not after:
                left -= 1
                if left == 0:
                    raise EndedError
            result = function(*args, **kwargs)
            if after:
                left -= 1
                if left == 0:
                    raise EndedError
            return result

        monkeypatch.setattr(owner, name, ending)

    for owner, name in ((journal.Workspace, "_tell"), (journal.Workspace, "_start_journal"),
                        (Path, "rename"), (Path, "unlink"), (Path, "rmdir"), (Path, "mkdir"),
                        (shutil, "rmtree")):  # fmt: skip
        counted(owner, name, after=False)
        counted(owner, name, after=True)
    for overwrite in (False, True):
        for steps in range(1, 200):
            out = tmp_path / f"{overwrite} {steps}"
            if overwrite:
                left = -1
                shutil.copytree(tmp_path / "model", out)
            left = steps
            try:
                rewrite(model, out, **options, overwrite=overwrite)
            except EndedError:
                assert not out.exists() or hashes(out) in (want, before)
                left = -1
                try:
                    rewrite(model, out, **options, overwrite=overwrite)
                except ts.InputError as error:  # It was ended when all was done.
                    assert "exists already" in str(error)  # noqa: PT017
                assert hashes(out) == want, steps
            else:
                assert hashes(out) == want
                assert steps > 20
                break
            finally:
                left = -1
            assert not (tmp_path / f".{out.name}.toksmith").exists()
        else:
            pytest.fail("never came to an end")


def begin(model: Checkpoint, out: Path, chunks: int, **options: Any) -> Path:
    """A rewrite that is ended after some chunks."""
    with pytest.MonkeyPatch.context() as patch:
        tell = journal.Workspace._tell
        told = 0

        def ending(self: journal.Workspace, line: dict[str, Any]) -> None:
            nonlocal told
            told += 1
            if told > chunks:
                raise EndedError
            tell(self, line)

        patch.setattr(journal.Workspace, "_tell", ending)
        with pytest.raises(EndedError):
            rewrite(model, out, **options)
    return out.with_name(f".{out.name}.toksmith")


@pytest.mark.usefixtures("small_chunks")
def test_what_another_call_began_is_refused_until_it_is_thrown_away(tmp_path: Path) -> None:
    make(tmp_path / "model", rows=100, dim=16)
    model = Checkpoint.open(tmp_path / "model")
    one, two = recipe(300, 100, 1), recipe(300, 100, 2)
    work = begin(model, tmp_path / "new", 3, input_rows=one, output_rows=one, vocab_size=300)
    others: list[dict[str, Any]] = [
        {"input_rows": one, "output_rows": two, "vocab_size": 300},
        {"input_rows": one, "output_rows": one, "vocab_size": 300, "pad_to_multiple": 64},
        {"input_rows": one, "output_rows": one, "vocab_size": 300, "special_map": {1: 7}},
    ]
    for options in others[:2]:
        with pytest.raises(ts.InputError, match="resume=False"):
            rewrite(model, tmp_path / "new", **options)
        assert work.exists()
        assert not (tmp_path / "new").exists()
    done = rewrite(model, tmp_path / "new", **others[0], resume=False)
    assert done.resumed == 0
    assert not work.exists()


@pytest.mark.usefixtures("small_chunks")
def test_a_model_that_was_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "model", rows=100, dim=16)
    one = recipe(300, 100)
    options: dict[str, Any] = {"input_rows": one, "output_rows": one, "vocab_size": 300}
    begin(Checkpoint.open(tmp_path / "model"), tmp_path / "new", 3, **options)
    weights = tmp_path / "model" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.unlink()
    weights.write_bytes(data)
    with pytest.raises(ts.InputError, match="resume=False"):
        rewrite(Checkpoint.open(tmp_path / "model"), tmp_path / "new", **options)

    model = Checkpoint.open(tmp_path / "model")

    def touch(start: int, stop: int) -> np.ndarray[Any, Any]:
        os.utime(weights, ns=(1, 1))
        return np.zeros((stop - start, 16), np.float32)

    with pytest.raises(ts.ModelError, match="was changed"):
        rewrite(model, tmp_path / "other", input_rows=touch, output_rows=touch, vocab_size=300)
    assert not (tmp_path / "other").exists()
    assert not (tmp_path / ".other.toksmith").exists()


@pytest.mark.usefixtures("small_chunks")
def test_damage_to_what_was_written_is_found_and_mended(tmp_path: Path) -> None:
    make(tmp_path / "model", rows=100, dim=16, shards=True)
    model = Checkpoint.open(tmp_path / "model")
    one = recipe(300, 100)
    options: dict[str, Any] = {"input_rows": one, "output_rows": one, "vocab_size": 300}
    rewrite(model, tmp_path / "whole", **options)
    want = hashes(tmp_path / "whole")
    rng = random.Random(3)
    for round_ in range(16):
        out = tmp_path / f"new {round_}"
        work = begin(model, out, 5, **options)
        files = sorted((work / "model").glob("*.safetensors"))
        path = rng.choice([*files, work / "journal.jsonl"])
        data = bytearray(path.read_bytes())
        match round_ % 4:
            case 0:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            case 1:
                del data[rng.randrange(len(data)) :]
            case 2:
                data += rng.randbytes(50)
            case _ if path in files:
                data = bytearray()
        path.write_bytes(data)
        if round_ % 5 == 0:
            files[0].unlink()
        try:
            rewrite(model, out, **options)
        except ts.InputError as error:
            # The first line of the journal says what it is of; damaged, it is of something else.
            assert path.name == "journal.jsonl" and "resume=False" in str(error)  # noqa: PT017, PT018
            rewrite(model, out, **options, resume=False)
        assert hashes(out) == want


@pytest.mark.usefixtures("small_chunks")
def test_functions_go_on_only_if_they_are_told_apart(tmp_path: Path) -> None:
    make(tmp_path / "model", rows=100, dim=16, tied=True)
    model = Checkpoint.open(tmp_path / "model")
    rows = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)

    def function(start: int, stop: int) -> np.ndarray[Any, Any]:
        return rows[start:stop]

    options: dict[str, Any] = {"input_rows": function, "vocab_size": 300}
    rewrite(model, tmp_path / "whole", **options)
    begin(model, tmp_path / "new", 2, **options)
    with pytest.raises(ts.InputError, match="digest="):
        rewrite(model, tmp_path / "new", **options)
    rewrite(model, tmp_path / "new", **options, resume=False)

    begin(model, tmp_path / "other", 2, **options, digest="mine, 1")
    with pytest.raises(ts.InputError, match="resume=False"):
        rewrite(model, tmp_path / "other", **options, digest="mine, 2")
    done = rewrite(model, tmp_path / "other", **options, digest="mine, 1")
    assert done.resumed > 0
    assert hashes(tmp_path / "other") == hashes(tmp_path / "new") == hashes(tmp_path / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="locks of Unix")
def test_two_processes_do_not_write_one_folder(tmp_path: Path) -> None:
    make(tmp_path / "model", rows=100, dim=16, tied=True)
    model = Checkpoint.open(tmp_path / "model")
    made = recipe(300, 100)

    def function(start: int, stop: int) -> np.ndarray[Any, Any]:
        with pytest.raises(ts.InputError, match="another process"):
            rewrite(model, tmp_path / "new", input_rows=made, vocab_size=300)
        return np.zeros((stop - start, 16), np.float32)

    rewrite(model, tmp_path / "new", input_rows=function, vocab_size=300)
    assert json.loads((tmp_path / "new" / "config.json").read_text())["vocab_size"] == 300
