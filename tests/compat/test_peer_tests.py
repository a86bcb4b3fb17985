"""Promise: the list of other libraries' tests that are not run is the one that is published."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def script() -> ModuleType:
    """The script is no module of the tests."""
    spec = importlib.util.spec_from_file_location(
        "run_peer_tests", Path(__file__).with_name("run_peer_tests.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Data classes look their module up by name.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "run_peer_tests", module)
        spec.loader.exec_module(module)
    return module


def test_the_published_list_is_complete() -> None:
    peers = script()
    for name, peer in peers.PEERS.items():
        assert peers.unlisted_differences(name, peer) == []


def test_each_library_is_the_pinned_one() -> None:
    pinned = Path(__file__).parents[1].joinpath("requirements.in").read_text(encoding="utf-8")
    for name, peer in script().PEERS.items():
        assert f"{name}=={peer.version}\n" in pinned


def test_our_modules_are_there() -> None:
    for peer in script().PEERS.values():
        assert importlib.import_module(peer.ours)
