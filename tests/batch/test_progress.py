"""Promise: progress is reported to a callable, and drawn only on a terminal."""

from __future__ import annotations

import io
import sys

import pytest

import toksmith as ts
from vocabularies import embedded

TEXTS = ["some text, " * 2_000] * 40
TOTAL = sum(map(len, TEXTS))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("threads", [1, 2])
def test_a_callable_is_told_how_far_it_is(threads: int) -> None:
    calls: list[tuple[int, int, str]] = []
    embedded("cl100k_base").encode_batch(
        TEXTS, num_threads=threads, progress=lambda *call: calls.append(call)
    )
    assert calls[-1] == (TOTAL, TOTAL, "bytes")
    assert [done for done, _, _ in calls] == sorted(done for done, _, _ in calls)
    assert {total for _, total, _ in calls} == {TOTAL}


def test_an_error_in_the_callable_ends_the_batch() -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("from the callable")

    tok = embedded("cl100k_base")
    with pytest.raises(ZeroDivisionError, match="from the callable"):
        tok.encode_batch(TEXTS, progress=fail)
    assert len(tok.encode_batch(TEXTS)) == len(TEXTS)


def test_a_bar_is_drawn_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    tok, file = embedded("cl100k_base"), io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    tok.encode_batch(TEXTS, progress=True)
    assert file.getvalue() == ""

    for tqdm in (sys.modules.get("tqdm"), None):  # installed, if it is, and not installed
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setitem(sys.modules, "tqdm", tqdm)
        tok.encode_batch(TEXTS, progress=True)
        assert "100%" in terminal.getvalue()
        assert "bytes" in terminal.getvalue()
        silent = Terminal()
        monkeypatch.setattr(sys, "stderr", silent)
        tok.encode_batch(TEXTS)
        tok.encode_batch(TEXTS, progress=False)
        assert silent.getvalue() == ""


def test_anything_else_is_an_error() -> None:
    with pytest.raises(ts.InputError, match="progress"):
        embedded("cl100k_base").encode_batch(["a"], progress="yes")  # type: ignore[arg-type]
