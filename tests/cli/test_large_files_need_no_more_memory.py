"""Peak memory does not grow with the file: ten times the text, a few MB more at most.

`TOKSMITH_FULL=1` adds a file of 200 MB under a limit on the address space.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

ALLOWED_GROWTH = 8_000_000
"""Bytes. Buffers double on the way to their bound; a file held in memory would need 18 MB more."""

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
    for name, size in (("small", 2_000_000), ("large", 20_000_000)):
        write_text(folder / f"{name}.txt", size)
        write_text(folder / f"{name}.one_line", size, end=" ")
        write_text(folder / f"{name}.jsonl", size, begin='{"text": "', end='"}\n')
    return folder


@pytest.mark.parametrize("suffix", ["npy", "jsonl", "parquet"])
@pytest.mark.parametrize("layout", ["txt", "one_line", "lines", "jsonl"])
def test_encode(folder: Path, layout: str, suffix: str) -> None:
    def peak(name: str) -> int:
        source = folder / f"{name}.{'txt' if layout == 'lines' else layout}"
        options = ["--lines"] if layout in ("lines", "one_line") else []
        return peak_memory("encode", source, *options, "-o", folder / f"out.{suffix}")

    warm = peak("small")
    assert peak("large") - warm < ALLOWED_GROWTH + bound(layout, suffix)


def bound(layout: str, suffix: str) -> int:
    """What may still fill up after 2 MB: groups of 4 MB of text, Parquet's rows of 16 MB."""
    if suffix == "parquet":
        return 64_000_000
    return 0 if layout == "txt" else 48_000_000


@pytest.mark.parametrize("suffix", ["npy", "jsonl", "parquet"])
def test_decode(folder: Path, suffix: str) -> None:
    def peak(name: str) -> int:
        ids = folder / f"{name}.ids.{suffix}"
        peak_memory("encode", folder / f"{name}.txt", "-o", ids)
        return peak_memory("decode", ids, "-o", folder / "back")

    warm = peak("small")
    assert peak("large") - warm < ALLOWED_GROWTH + bound("lines", suffix)
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
