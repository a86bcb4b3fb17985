"""Peak memory does not grow with the file: four times the text, the same buffers.

`TOKSMITH_FULL=1` adds a file of 200 MB under a limit on what a process may allocate.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SMALL, LARGE = 10_000_000, 40_000_000
"""Bytes of text. The small one fills every buffer, Parquet's included."""

ALLOWED_GROWTH = 20_000_000
"""Bytes; seen are 4 MB, 15 on a busy machine. The ids alone, held in memory, would be 40 MB."""

# VmHWM, as ru_maxrss of a new process starts from its parent's.
_CODE = """\
import sys
from toksmith.cli import main
code = main(sys.argv[1:])
status = open("/proc/self/status").read()
print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
sys.exit(code)
"""


def write_text(path: Path, size: int, begin: str = "", end: str = "\n") -> None:
    """Sentences of 3,000 words; each line between `begin` and `end`."""
    rng = random.Random(7)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(1, 9))) for _ in range(3000)]
    with path.open("w") as out:
        while out.tell() < size:
            lines = (begin + " ".join(rng.choices(words, k=30)) + "." + end for _ in range(500))
            out.write("".join(lines))


def peak_memory(*arguments: object) -> int:
    """Bytes that the command needed at most."""
    command = [sys.executable, "-c", _CODE, *map(str, arguments)]
    result = subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, check=True)
    return int(result.stderr) * 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text")
    for name, size in (("small", SMALL), ("large", LARGE)):
        write_text(folder / f"{name}.txt", size)
        write_text(folder / f"{name}.one_line", size, end=" ")
        write_text(folder / f"{name}.jsonl", size, begin='{"text": "', end='"}\n')
    return folder


@pytest.mark.parametrize(
    ("kind", "lines", "suffix"),
    [
        ("txt", False, "npy"),
        ("txt", False, "jsonl"),
        ("txt", False, "parquet"),
        ("txt", True, "npy"),
        ("txt", True, "parquet"),
        ("one_line", True, "jsonl"),
        ("jsonl", False, "npy"),
    ],
)
def test_encode(folder: Path, kind: str, lines: bool, suffix: str) -> None:
    options = ["--lines"] if lines else []

    def peak(name: str) -> int:
        source = folder / f"{name}.{kind}"
        return peak_memory("encode", source, *options, "-o", folder / f"out.{suffix}")

    assert peak("large") - peak("small") < ALLOWED_GROWTH


@pytest.mark.parametrize("suffix", ["npy", "jsonl", "parquet"])
def test_decode(folder: Path, suffix: str) -> None:
    def peak(name: str) -> int:
        ids = folder / f"{name}.ids.{suffix}"
        peak_memory("encode", folder / f"{name}.txt", "-o", ids)
        return peak_memory("decode", ids, "-o", folder / "back")

    small, large = peak("small"), peak("large")
    assert large - small < ALLOWED_GROWTH
    assert (folder / "back").read_bytes() == (folder / "large.txt").read_bytes()


@pytest.mark.skipif(os.environ.get("TOKSMITH_FULL") != "1", reason="long: set TOKSMITH_FULL=1")
@pytest.mark.parametrize("layout", [[], ["--lines"]])
def test_a_file_larger_than_the_memory_allowed(tmp_path: Path, layout: list[str]) -> None:
    import resource

    def limit() -> None:
        # Beyond what the libraries reserve; the heap is what the file would have to fit in.
        resource.setrlimit(resource.RLIMIT_DATA, (400_000_000, 400_000_000))

    write_text(tmp_path / "a.txt", 200_000_000)
    assert peak_memory("count", tmp_path / "a.txt") < 200_000_000
    command = [sys.executable, "-m", "toksmith"]
    for arguments in (
        ["encode", *layout, tmp_path / "a.txt", "-o", tmp_path / "a.npy"],
        ["decode", *layout, tmp_path / "a.npy", "-o", tmp_path / "back"],
    ):
        subprocess.run([*command, *map(str, arguments)], preexec_fn=limit, check=True)
    assert (tmp_path / "back").read_bytes() == (tmp_path / "a.txt").read_bytes()
