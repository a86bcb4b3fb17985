"""bench prints speeds of what it checked; how fast it is, is for bench/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("layout", [[], ["--lines"]])
def test_speeds(run: Any, tmp_path: Path, layout: list[str]) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"some text to measure with, \xff\n" * 100)
    out = json.loads(run("bench", "--json", "--repeat", "2", *layout, path).out)
    assert out["documents"] == (100 if layout else 1)
    speeds = out["mb_per_cpu_second"]
    assert set(speeds) == {
        "encode, list", "encode, array", "encode_batch", "count", "decode_bytes"
    }  # fmt: skip
    assert all(speed > 0 for row in speeds.values() for speed in row.values())
    assert "MB per CPU-second" in run("bench", "--repeat", "1", path).out.decode()


def test_the_limit(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"0123456789" * 300_000)
    options = ("--json", "--repeat", "1", "--limit", "0.002")
    assert json.loads(run("bench", *options, path).out)["bytes"] == 2000


def test_nothing_to_measure(run: Any) -> None:
    assert run("bench", stdin=b"").code == 1
