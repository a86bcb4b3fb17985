"""Promise: the examples in the documentation of `toksmith.compat` give what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import toksmith.compat
import toksmith.compat.tiktoken

MODULES = [
    "toksmith.compat",
    *(
        module.name
        for module in pkgutil.walk_packages(toksmith.compat.__path__, "toksmith.compat.")
    ),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name.endswith("_pb2"):
        pytest.importorskip("google.protobuf")
    monkeypatch.chdir(tmp_path)
    names = {"tiktoken": toksmith.compat.tiktoken}
    found = doctest.testmod(importlib.import_module(name), extraglobs=names)
    assert not found.failed
