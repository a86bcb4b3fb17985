"""Promise: token boundaries are drawn in colour, and hostile text can neither style nor escape."""

from __future__ import annotations

import re
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabularies import embedded


def test_outside_a_terminal_tokens_are_in_brackets() -> None:
    view = embedded("o200k_base").show("Tokenization, in colour\non a terminal")
    assert str(view) == "[Token][ization][,][ in][ colour][\\n]\n[on][ a][ terminal]"
    assert repr(view) == str(view)
    assert len(view) == 9


def test_on_a_terminal_neighbours_differ_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    view = embedded("o200k_base").show("one two three")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    colours = re.findall(r"\x1b\[30;48;5;(\d+)m", str(view))
    assert len(colours) == 3
    assert all(a != b for a, b in pairwise(colours))
    assert re.sub(r"\x1b\[[0-9;]*m", "", str(view)) == "one two three"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in str(view)


@given(st.text() | st.binary())
def test_what_does_not_print_is_escaped(text: str | bytes) -> None:
    try:
        view = embedded("r50k_base").show(text)
    except UnicodeError:  # pragma: no cover
        raise AssertionError("show raised") from None
    assert all(char.isprintable() or char == "\n" for char in view.to_text())
    bare = re.sub(r"\x1b\[(30;48;5;\d+|0)m", "", view.to_ansi())
    assert all(char.isprintable() or char == "\n" for char in bare)


@given(st.text("<>&\"'/ab \x1b\n\u202e", max_size=30))
def test_a_page_holds_no_markup_of_the_text(text: str) -> None:
    tok = embedded("r50k_base")
    for page in (tok.show(text)._repr_html_(), tok.encode_with_spans(text)._repr_html_()):
        tags = set(re.findall(r"<(/?\w*)", page))
        assert tags <= {"pre", "/pre", "span", "/span"}
        assert "\u202e" not in page
        assert "\x1b" not in page


def test_half_characters_are_shown_as_bytes() -> None:
    view = embedded("r50k_base").show("\U0001f642")
    assert "\\x" in view.to_text()
    assert "\ufffd" not in view.to_text()


def test_special_tokens_and_surrogates_can_be_shown() -> None:
    tok = embedded("cl100k_base")
    assert tok.show("<|endoftext|>", allowed_special="all").ids == [100257]
    assert "\ufffd" in tok.show("\ud800").to_text() or "\\x" in tok.show("\ud800").to_text()
