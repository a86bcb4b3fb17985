"""info prints the facts of a tokenizer, and lists the embedded ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import toksmith as ts


def test_the_embedded_are_listed(run: Any) -> None:
    out = run("info").out.decode()
    names = ("r50k_base", "gpt2", "p50k_base", "p50k_edit", "cl100k_base", "o200k_harmony")
    assert all(name in out for name in names)
    assert next(line for line in out.splitlines() if "(default)" in line).split()[0] == "o200k_base"
    listed = json.loads(run("info", "--json").out)
    assert set(listed["embedded"]) == {*names, "o200k_base"}
    assert listed["default"] == "o200k_base"


@pytest.mark.parametrize("option", [[], ["-t"]])
def test_facts(run: Any, tok: ts.Tokenizer, option: list[str]) -> None:
    facts = json.loads(run("info", *option, "cl100k_base", "--json").out)
    assert facts["name"] == "cl100k_base"
    assert facts["source"] == "embedded"
    assert facts["vocab_size"] == tok.vocab_size
    assert facts["with_added"] == len(tok)
    assert facts["digest"] == tok.digest
    assert facts["behaviour"] == tok.behaviour
    assert facts["patterns"] == tok.patterns
    assert facts["specials"] == tok.special_ids


def test_facts_for_people(run: Any, tok: ts.Tokenizer) -> None:
    out = run("info", "cl100k_base").out.decode()
    assert tok.digest in out
    assert f"{tok.vocab_size:,}" in out
    assert all(f"{number}  {name}" in out for name, number in tok.special_ids.items())


def test_a_file(run: Any, tmp_path: Path, tok: ts.Tokenizer) -> None:
    path = tmp_path / "mine.toksmith"
    tok.save(path)
    facts = json.loads(run("info", path, "--json").out)
    assert facts["source"] == str(path)
    assert facts["digest"] == tok.digest
