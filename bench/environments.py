"""Environments that hold the peers: making them, and finding what is installed where.

tokenizers 0.23 and 1.0 share a name, so they need two. Start at `setup` and `find`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from libraries import LIBRARIES
from process import Installed

ENVIRONMENTS = {
    "main": [
        "numpy",
        "tokenizers==0.23.3",
        "tiktoken==0.14.0",
        "sentencepiece==0.2.3",
        "gigatoken",
        "fastokens",
        "splintr-rs",
        "tokie",
        "rs-bpe",
    ],
    "tokenizers-1": ["numpy", "tokenizers==1.0.0rc3"],
}

# Versions without importing: an import could take seconds or print.
ASK = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for package in sys.argv[1:]:
    try:
        found[package] = version(package)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def setup(folder: Path) -> None:
    """Makes the environments in `folder`, or brings them up to date."""
    for name, packages in ENVIRONMENTS.items():
        venv.create(folder / name, with_pip=True)
        python = folder / name / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", "-U", *packages], check=True)
        print(f"{folder / name}: {versions(str(python))}")


def versions(python: str) -> dict[str, str]:
    """Package -> version, of the packages in `LIBRARIES` that an interpreter has."""
    packages = sorted({package for package, _, _ in LIBRARIES.values()})
    done = subprocess.run([python, "-c", ASK, *packages], capture_output=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def find(peers: Path | None, toksmith_python: str) -> tuple[list[Installed], list[str]]:
    """The libraries that can be run, in table order, and the names of those that cannot.

    Looks in the interpreter of toksmith, in this one, and in every environment below `peers`;
    the first that has a library is the one it runs in.
    """
    pythons = [toksmith_python, sys.executable]
    if peers is not None:
        pythons += map(str, sorted(peers.glob("*/bin/python")))
    having = {python: versions(python) for python in dict.fromkeys(pythons)}
    found = [choose(name, having) for name in LIBRARIES]
    missing = [name for name, one in zip(LIBRARIES, found, strict=True) if one is None]
    return [one for one in found if one is not None], missing


def choose(name: str, having: dict[str, dict[str, str]]) -> Installed | None:
    """The first interpreter that has a library, in the version it stands for."""
    package, major, _ = LIBRARIES[name]
    for python, packages in having.items():
        if package in packages and packages[package].startswith(major):
            return Installed(name, packages[package], python)
    return None


def describe(libraries: Sequence[Installed]) -> str:
    """Names and versions in one line."""
    return ", ".join(f"{one.name.rstrip(' 01')} {one.version}" for one in libraries)
