"""Promise: a damaged model file gives a typed error or the right ids, in bounded time and memory.

Right are the ids that the file's own library gives for the same damaged file. Where that library
refuses it, and for `.toksmith`, which only we read, the ids must at least decode to the text.
Everything runs in processes of its own, with limits, in groups; the counts are printed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import toksmith as ts
from formats.mutants import Mutant, everywhere, forge, mutants, scramble, small_files
from formats.mutants import pipelines as pipeline_mutants
from formats.mutants_of_formats import mutants as format_mutants
from formats.pipelines import legacy, pipelines
from testdata import need
from vocabularies import embedded

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs limits of POSIX processes")

GROUP = 40
NO_REFERENCE = ("pipeline", "folder", "gguf", "tekken")
"""Formats that only we read, or whose own library the tests do not install."""
TYPED = {"ModelError", "UnsupportedFeature", "VocabularyError", "InputError"}


def test_300_small_files(tmp_path: Path) -> None:
    files = small_files(embedded("cl100k_base"))
    made = mutants(files, at_random=60)
    assert len(made) >= 300
    check(made, tmp_path)


@pytest.mark.parametrize("form", ["gguf", "tekken", "model", "pair", "vocab.txt", "toksmith"])
def test_300_files_of_each_other_format(form: str, tmp_path: Path) -> None:
    made = format_mutants(form, embedded("cl100k_base"))
    assert len(made) >= 300
    check(made, tmp_path)


def test_pipelines_of_every_component(tmp_path: Path) -> None:
    made = pipeline_mutants([*pipelines(), *legacy()], at_random=2)
    assert len(made) >= 300
    check(made, tmp_path)


def test_native_files_with_a_pipeline(tmp_path: Path) -> None:
    """Those of every pipeline that can be run; the plainest are the ones of the test above."""
    made = []
    for name, text in pipelines():
        try:
            data = ts.Tokenizer.from_bytes(text.encode()).to_bytes()
        except ts.UnsupportedFeature:
            continue
        for seed in range(6):
            change = f"{name}, random {seed}"
            made.append(Mutant("pipeline", change, forge(scramble(data, change))))
    check(made, tmp_path)


@pytest.mark.parametrize(
    ("file", "form"),
    [
        ("vocabs/gpt2/tokenizer.json", "json"),
        ("vocabs/llama3/tokenizer.json", "json"),
        ("vocabs/llama3/tokenizer.model", "tiktoken"),
        ("vocabs/cl100k_base/cl100k_base.tiktoken", "tiktoken"),
    ],
)
def test_large_files(file: str, form: str, tmp_path: Path) -> None:
    data = need(file).read_bytes()
    random_ones = [(f"random {i}", scramble(data, f"{file} {i}")) for i in range(8)]
    made = [*everywhere(data), *random_ones]
    check([Mutant(form, name, mutated, 300_000) for name, mutated in made], tmp_path)


def check(made: Sequence[Mutant], folder: Path) -> None:
    """Loads all mutants with both libraries, counts how they ended, fails on what is wrong."""
    ours, theirs = run("toksmith", made, folder), run("reference", made, folder)
    counts: Counter[str] = Counter()
    wrong = []
    for mutant, our, their in zip(made, ours, theirs, strict=True):
        verdict, fault = judge(mutant, our, their)
        counts[f"{mutant.form}: {verdict}"] += 1
        if fault:
            wrong.append(f"{mutant.form}, {mutant.name}: {fault}")
    print()
    for verdict, count in sorted(counts.items()):
        print(f"{count:5} {verdict}")
    assert not wrong, "\n".join(wrong)


def judge(mutant: Mutant, our: dict[str, Any], their: dict[str, Any]) -> tuple[str, str]:
    """How a mutant ended, and what is wrong with that, if anything."""
    if "died" in our:
        return "died", our["died"]
    if "error" in our:
        kind = our["error"][0]
        if kind in TYPED and "ToksmithError" in our["error"] and our["message"]:
            return kind, ""
        return "untyped error", f"{our['error']}: {our['message']}"
    if "plain" in their:
        same = our["plain"] == their["plain"] and our["special"] == their["special"]
        return "same ids as the file's own library", "" if same else f"{our} but {their}"
    if mutant.form in NO_REFERENCE:
        return "loaded", ""
    if mutant.form == "toksmith":
        return "loaded, ids decode to the text", ""
    return "loaded, the file's own library fails", ""


def run(library: str, made: Sequence[Mutant], folder: Path) -> list[dict[str, Any]]:
    """What `library` makes of each mutant, in groups of a process each."""
    if library == "reference":
        own = (*NO_REFERENCE, "toksmith")
        skipped: dict[str, Any] = {"error": ["no reference"]}
        results = iter(run_all(library, [m for m in made if m.form not in own], folder))
        return [skipped if m.form in own else next(results) for m in made]
    return run_all(library, made, folder)


def run_all(library: str, made: Sequence[Mutant], folder: Path) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    while len(results) < len(made):
        # A process that dies takes only its file with it: the next goes on behind that one.
        group = made[len(results) : len(results) + GROUP]
        results += run_group(library, group, folder)
    return results


def run_group(library: str, group: Sequence[Mutant], folder: Path) -> list[dict[str, Any]]:
    items = []
    for number, mutant in enumerate(group):
        path = folder / f"{number}.bin"
        path.write_bytes(mutant.data)
        items.append({"path": str(path), "form": mutant.form, "options": mutant.options})
    (folder / "list.json").write_text(json.dumps(items))
    script = str(Path(__file__).with_name("load_mutants.py"))
    done = subprocess.run(
        [sys.executable, script, library, str(folder / "list.json")],
        capture_output=True,
        timeout=25 * len(group),
        check=False,
    )
    results: dict[int, dict[str, Any]] = {}
    for line in done.stdout.splitlines():
        outcome = json.loads(line)
        number = outcome.pop("number")
        results[number] = outcome
    if not results:
        raise AssertionError(done.stderr.decode(errors="replace"))
    last = max(results)
    if not results[last]:
        tail = done.stderr.decode(errors="replace")[-500:]
        results[last] = {"died": f"the process ended with {done.returncode}: {tail}"}
    return [results[number] for number in range(last + 1)]
