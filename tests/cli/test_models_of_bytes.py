"""next-byte draws what a model expects; complete goes on from a prompt, in mid-word too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from testdata import need
from toksmith.byte_probs import ByteLM, Llama2c

PROMPT = "Once upon a ti"


@pytest.fixture(scope="module")
def folder() -> Path:
    return need("stories260k")


@pytest.fixture(scope="module")
def lm(folder: Path) -> ByteLM:
    model = Llama2c.from_file(folder / "checkpoint.bin", folder / "tokenizer.bin")
    assert model.tokenizer is not None
    return ByteLM(model.tokenizer, model)


def test_the_picture_shows_the_distribution(run: Any, folder: Path, lm: ByteLM) -> None:
    found = run("next-byte", "--model", folder, PROMPT)
    assert found.code == 0
    lines = found.out.decode().splitlines()
    assert lines[0].split() == ["canonical"]
    assert lines[1].split()[0] == "'m'"
    probability = float(np.exp(lm.next_byte(PROMPT)[ord("m")]))
    assert float(lines[1].split()[1].rstrip("%")) == pytest.approx(100 * probability, abs=1e-3)
    # From standard input, and from the checkpoint itself, it is the same.
    assert run("next-byte", "--model", folder, stdin=PROMPT.encode()).out == found.out
    assert run("next-byte", "--model", folder / "checkpoint.bin", PROMPT).out == found.out


def test_as_json_with_what_is_not_exact_beside_it(run: Any, folder: Path, lm: ByteLM) -> None:
    found = run("next-byte", "--model", folder, "--compare", "--json", "--top", 3, PROMPT)
    data = json.loads(found.out)
    assert data["prompt"] == PROMPT
    assert len(data["next"]) == 3
    first = data["next"][0]
    assert (first["byte"], first["symbol"]) == (ord("m"), "'m'")
    assert first["canonical"] == pytest.approx(float(np.exp(lm.next_byte(PROMPT)[ord("m")])))
    assert first["canonical"] > 0.9 > 0.1 > first["healed"] > first["naive"]


@pytest.mark.parametrize("target", ["canonical", "joint", "all"])
def test_every_law(run: Any, folder: Path, target: str) -> None:
    found = run("next-byte", "--model", folder, "--target", target, "--json", PROMPT)
    assert json.loads(found.out)["next"][0][target] > 0.9


@pytest.mark.parametrize("how", [[], ["--bytes"]])
def test_complete_goes_on_in_the_middle_of_a_word(run: Any, folder: Path, how: list[str]) -> None:
    options = ["--model", folder, "--temperature", 0, "--stop", ".", *how]
    text = run("complete", *options, PROMPT).out.decode()
    assert text.startswith("Once upon a time, there was a little ")
    assert text.count("\n") == 1
    new = run("complete", *options, "--only-new", PROMPT).out.decode()
    assert PROMPT + new == text
    data = json.loads(run("complete", *options, "--json", PROMPT).out)
    assert data["completion"] + "\n" == new
    assert data["reason"] == "stop"
    assert (data["logprob"] is None) == (not how)


def test_the_same_seed_writes_the_same(run: Any, folder: Path) -> None:
    options = ["complete", "--bytes", "--model", folder, "--max-bytes", 20, "--seed"]
    assert run(*options, 3, PROMPT).out == run(*options, 3, PROMPT).out
    assert run(*options, 3, PROMPT).out != run(*options, 4, PROMPT).out


def test_what_is_no_model_is_refused(run: Any, tmp_path: Path) -> None:
    for arguments, message in [
        (["--model", tmp_path / "none"], "no such file"),
        (["--model", tmp_path], "no model"),
        (["--model", Path(__file__)], "no model"),
    ]:
        found = run("next-byte", *arguments, "x")
        assert found.code == 1
        assert message in found.err
    (tmp_path / "checkpoint.bin").write_bytes(b"\0" * 40)
    found = run("complete", "--bytes", "--model", tmp_path, "x")
    assert found.code == 1
    assert "checkpoint.bin" in found.err


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--prefix", "<none>"], "no special token"), (["--temperature", "-1"], "temperature"),
     (["--top-p", "0"], "top_p"), (["--stop", ""], "stop")],
)  # fmt: skip
def test_options_that_cannot_be_are_refused(
    run: Any, folder: Path, options: list[str], message: str
) -> None:
    found = run("complete", "--model", folder, *options, "x")
    assert found.code in (1, 2)
    assert message in found.err
