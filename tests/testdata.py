"""Where real vocabularies and text lie, if they are there; a test that needs one asks `need`.

The data is not part of the project: it is looked for in `TOKSMITH_TEST_DATA`, by default in
`../shared/data` beside the project. Absent data skips a test with the file's name, or fails it
where `TOKSMITH_REQUIRE_DATA=1` promises that the data is there.
"""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(
    os.environ.get("TOKSMITH_TEST_DATA", Path(__file__).parent.parent.parent / "shared" / "data")
)
FULL = os.environ.get("TOKSMITH_FULL") == "1"
"""Whether to run the long forms: all of the data, 100,000 generated strings."""

CORPORA = ("english", "code", "multilingual", "short")
_CODES = (
    "chr deu ell eng est eus fra guj hin hye jpn kab kor lav rus swh syr tha ukr vie wol zho zul"
)
LANGUAGES = tuple(_CODES.split())


def need(name: str) -> Path:
    """The path of a file of the test data; skips the test where it is absent."""
    path = ROOT / name
    if not path.exists():
        why = f"needs the test data file {name}"
        if os.environ.get("TOKSMITH_REQUIRE_DATA") == "1":
            pytest.fail(why)
        pytest.skip(why)
    return path


def corpus(name: str) -> Iterator[str]:
    """The documents of one corpus, in order."""
    with lzma.open(need(f"corpora/{name}.jsonl.xz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def language(name: str) -> Iterator[str]:
    """The lines of one language, in order, without their ends."""
    with lzma.open(need(f"languages/{name}.txt.xz"), "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield line.removesuffix("\n")
