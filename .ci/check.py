"""Checks that no other tool makes: the README's examples, the skipped tests, the wheel.

`.ci/run` calls each by its name. Standard library only, so that they run in any environment.

    check.py command WORD       print the README's shell command that contains WORD
    check.py examples           run the README's examples and compare their output
    check.py skips REPORT       list the tests a JUnit report says were skipped
    check.py wheel FILE         size and tag of the wheel
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
MAX_WHEEL_BYTES = 8 * 1024 * 1024
# A wheel for one free-threaded version cannot be abi3; every other wheel must be.
WHEEL_TAG = re.compile(r"-(cp310-abi3|cp3\d+-cp3\d+t)-[^-]+\.whl$")
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(language: str) -> list[tuple[int, str]]:
    """The README's fenced blocks of one language, each with the number of its first line."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    fences = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, fence.start(1)) + 1, fence[1]) for fence in fences]


def command(word: str) -> int:
    """Prints the one shell command of the README that contains `word`."""
    lines = [line for _, block in blocks("sh") for line in block.splitlines() if word in line]
    if len(lines) != 1:
        print(f"README.md: {len(lines)} shell commands contain {word!r}, expected 1")
        return 1
    print(lines[0])
    return 0


def examples() -> int:
    """Runs the README's `python` and `console` blocks, each kind in the order written."""
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=LENIENT)
    names: dict[str, object] = {}
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for line, block in blocks("python"):
            test = parser.get_doctest(block, names, "README.md", str(ROOT / "README.md"), line - 1)
            runner.run(test, clear_globs=False)
            names = test.globs
        for line, block in blocks("console"):
            failures += console(line, block)
        os.chdir(ROOT)
    failures += runner.failures
    print(f"README.md: {runner.tries} Python statements and {len(blocks('console'))} sessions run")
    return 1 if failures or not runner.tries else 0


def console(line: int, block: str) -> int:
    """Runs the lines after `$ ` of one block in a shell; the lines after each are its output."""
    checker, failures = doctest.OutputChecker(), 0
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        shell, _, want = step.partition("\n")
        done = subprocess.run(
            ["bash", "-c", shell],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        if not checker.check_output(want, done.stdout, LENIENT):
            print(f"README.md, block at line {line}: $ {shell}\nwant:\n{want}got:\n{done.stdout}")
            failures += 1
    return failures


def skips(report: str) -> int:
    """Lists skipped tests with their reasons; fails if one wanted data that is there."""
    refused = 0
    cases = list(ET.parse(report).getroot().iter("testcase"))
    for case in cases:
        for skip in case.iter("skipped"):
            reason = skip.get("message", "")
            wanted_data = "test data" in reason
            bad = wanted_data and DATA.is_dir()
            refused += bad
            mark = "REFUSED, the data is there" if bad else "skipped"
            print(f"{mark}: {case.get('classname')}::{case.get('name')}: {reason}")
    count = sum(1 for case in cases if case.find("skipped") is not None)
    print(f"{count} of {len(cases)} tests skipped")
    return 1 if refused or not cases else 0


def wheel(file: str) -> int:
    """Fails if the wheel is over its size limit or not for every Python from 3.10."""
    size = Path(file).stat().st_size
    print(f"{Path(file).name}: {size / 2**20:.2f} MiB")
    if size > MAX_WHEEL_BYTES:
        print(f"the wheel is larger than {MAX_WHEEL_BYTES / 2**20:.0f} MiB")
        return 1
    if not WHEEL_TAG.search(file):
        print("the wheel is neither cp310-abi3 nor free-threaded")
        return 1
    return 0


def main(arguments: list[str]) -> int:
    """Runs one check by name."""
    match arguments:
        case ["command", word]:
            return command(word)
        case ["examples"]:
            return examples()
        case ["skips", report]:
            return skips(report)
        case ["wheel", file]:
            return wheel(file)
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
