"""Files for tokenizers' own tests, which they would fetch from a model hub.

Copied beside those tests by `run_peer_tests.py`. A file is made of the test data where that has one
of the same kind for which the tests' expectations hold; a test that needs another one is skipped
with its name.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

VOCABS = Path(os.environ.get("TOKSMITH_TEST_DATA", "/nonexistent")) / "vocabs"
FOLDER = Path(tempfile.mkdtemp())


def model_of(vocabulary: str) -> Any:
    return json.loads((VOCABS / vocabulary / "tokenizer.json").read_text(encoding="utf-8"))["model"]


def vocab_json() -> str:
    return json.dumps(model_of("gpt2")["vocab"])


def merges_txt() -> str:
    pairs = model_of("gpt2")["merges"]
    lines = [pair if isinstance(pair, str) else " ".join(pair) for pair in pairs]
    return "#version: 0.2\n" + "".join(f"{line}\n" for line in lines)


# RoBERTa's vocabulary has GPT-2's tokens under other ids, which no test looks at.
MADE = {"roberta-base-vocab.json": vocab_json, "roberta-base-merges.txt": merges_txt}
THERE = {
    "bert-base-uncased-vocab.txt": "bert/vocab.txt",
    ("gpt2", "tokenizer.json"): "gpt2/tokenizer.json",
    # These tests compare one way of encoding with another.
    ("hf-internal-testing/gpt-oss-20b", "tokenizer.json"): "llama3/tokenizer.json",
    ("hf-internal-testing/Llama-3.1-8B-Instruct", "tokenizer.json"): "llama3/tokenizer.json",
}


def hf_hub_download(repo_id: str, filename: str, **options: object) -> str:
    """A file of the test data in place of one of the hub's."""
    wanted: Any = filename if filename in MADE or filename in THERE else (repo_id, filename)
    if options.get("revision") not in {None, "main"} or not VOCABS.is_dir():
        wanted = None
    if wanted in THERE:
        return str(VOCABS / THERE[wanted])
    if wanted in MADE:
        path = FOLDER / filename
        path.write_text(MADE[wanted](), encoding="utf-8")
        return str(path)
    pytest.skip(f"needs {repo_id}/{filename}")
    return ""


huggingface_hub.hf_hub_download = hf_hub_download  # type: ignore[assignment]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs tests that are coroutines."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True
