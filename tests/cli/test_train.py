"""Promise: `toksmith train` writes what `toksmith.train` gives, and says what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

import toksmith as ts
from toksmith.cli import main

TEXT = "the quick brown fox\njumps over 1234567 dogs\n" * 20


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    return path


def test_the_file_is_that_of_the_library(text: Path, tmp_path: Path) -> None:
    out, counts = tmp_path / "tokenizer.json", tmp_path / "counts.bin"
    command = ["train", str(text), "-o", str(out), "--vocab-size", "300", "--special", "<s>"]
    command += ["--digits", "r2l:3", "--resume", str(counts), "-q"]
    assert main(command) == 0
    lines = TEXT.splitlines(keepends=True)
    want = ts.train.bpe(lines, 300, special_tokens=["<s>"], digits="r2l:3")
    assert out.read_bytes() == want._save("json")
    assert main(command) == 0
    assert out.read_bytes() == want._save("json")


@pytest.mark.parametrize(
    "options", [["unigram"], ["wordpiece"], ["superword", "--transition", "290"]]
)
def test_every_algorithm(options: list[str], text: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.json"
    algorithm, *more = options
    size = {"unigram": "290", "wordpiece": "60", "superword": "320"}[algorithm]
    command = ["train", algorithm, str(text), "-o", str(out), "--vocab-size", size, "-q", *more]
    code = main(command)
    assert code == 0
    assert ts.Tokenizer.from_file(out).encode("the dogs")


def test_joined_words(text: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.toksmith"
    command = ["train", "superword", str(text), "-o", str(out), "--form", "joined", "-q"]
    assert main([*command, "--vocab-size", "320"]) == 0
    assert ts.Tokenizer.from_file(out).joins_pre_tokens


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["wordpiece", "--transition", "9"], 2, "--transition is not an option of wordpiece"),
        (["superword"], 2, "--transition"),
        (["superword", "--form", "joined", "--transition", "9"], 2, "--form joined"),
        (["superword", "--form", "joined"], 2, ".toksmith"),
        (["--like", "nothing"], 1, "nothing"),
        (["--digits", "r2l"], 1, "digits"),
    ],
)
def test_what_cannot_be(
    options: list[str],
    code: int,
    message: str,
    text: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    algorithm = options[:1] if not options[0].startswith("-") else []
    command = ["train", *algorithm, str(text), "-o", str(tmp_path / "t.json"), "--vocab-size"]
    assert main([*command, "300", *options[len(algorithm) :]]) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "t.json").exists()
