"""Promise: `toksmith merge` says what `toksmith.dynamic.merge_batch` does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import toksmith as ts
from toksmith.cli import main
from toksmith.dynamic import MergeLog

LINES = ["the transmogrifier transmogrifies", "a transmogrifier, transmogrified", "", "then"] * 3


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("".join(line + "\n" for line in LINES))
    return path


@pytest.mark.parametrize("boundary", ["pretoken", "none", "sentence"])
def test_the_numbers_are_those_of_the_library(
    boundary: str, text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, picture = tmp_path / "log.json", tmp_path / "curve.svg"
    command = ["merge", "--lines", "-q", "-t", "cl100k_base", "--merges", "5", "--json", str(text)]
    command += ["--boundary", boundary, "--log", str(log), "--picture", str(picture)]
    assert main(command) == 0
    said = json.loads(capsys.readouterr().out)
    tok = ts.Tokenizer.from_pretrained("cl100k_base")
    batch = tok.encode_batch(LINES)
    want = ts.dynamic.merge_batch(
        batch,
        tok,
        texts=LINES,
        merges=5,
        boundary=boundary,  # type: ignore[arg-type]
        min_count=2,
    )
    assert said["documents"] == len(LINES)
    assert said["tokens"] == [len(batch.ids), *(len(batch.ids) - want.log.saved.cumsum()).tolist()]
    assert said["tokens"][-1] == len(want.batch.ids)
    assert [token["base"] for token in said["new_tokens"]] == want.new_tokens.base.tolist()
    assert MergeLog.from_json(log.read_text()) == want.log
    assert picture.read_text().startswith("<svg")


def test_the_table(text: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge", "--lines", "-q", "-t", "cl100k_base", "--top", "1", str(text)]) == 0
    out = capsys.readouterr().out
    assert "12 documents, " in out
    assert out.splitlines()[-1].split()[0] == "1"
    assert main(["merge", "--lines", "-q", "--min-count", "1000", str(text)]) == 0
    assert "new token" not in capsys.readouterr().out


def test_what_cannot_be(text: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge", "-q", str(text), "--log", str(text.parent / "no" / "log.json")]) == 1
    assert "no" in capsys.readouterr().err
    assert main(["merge", "--boundary", "paragraph", str(text)]) == 2
    assert "paragraph" in capsys.readouterr().err
