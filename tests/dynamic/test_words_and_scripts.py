"""Words are those of UAX 29, scripts those of Unicode, on every scalar value."""

from __future__ import annotations

import itertools
import unicodedata

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

import testdata
import toksmith as ts
from toksmith import dynamic

SCALARS = [chr(c) for c in itertools.chain(range(0xD800), range(0xE000, 0x110000))]
MIXED = st.text(st.sampled_from("ab 1.,\u0301\u0431\u05d0\u3042\u30a2\u4e00\u0378\U0001f600\n"))


def test_words_are_those_of_the_test_file_of_unicode() -> None:
    lines = testdata.need("unicode/WordBreakTest.txt").read_text("utf-8").splitlines()
    texts, wanted = list[str](), list[list[str]]()
    for line in lines:
        marks = line.split("#")[0].split()
        pieces = [""]
        for mark in marks[1:]:
            if mark == "\u00f7":
                pieces.append("")
            elif mark != "\u00d7":
                pieces[-1] += chr(int(mark, 16))
        # The file is that of Unicode 14, the rules are those of 17, where the scissors are no
        # pictograph any more, so that a joiner does not hold them.
        if marks and "\u200d\u2701" not in "".join(pieces):
            texts.append("".join(pieces))
            wanted.append([piece for piece in pieces if piece])
    found = dynamic.word_patches(texts).pieces(texts)
    assert [[piece.decode() for piece in row] for row in found] == wanted
    assert len(texts) > 1800


@given(st.lists(st.text() | MIXED))
def test_white_space_goes_where_it_is_told(texts: list[str]) -> None:
    own = [[p.decode() for p in row] for row in dynamic.word_patches(texts).pieces(texts)]
    following, previous = list[list[str]](), list[list[str]]()
    for row in own:
        next_, before, open_ = list[str](), list[str](), False
        for piece in row:
            if open_:
                next_[-1] += piece
            else:
                next_.append(piece)
            open_ = is_space(piece)
            if is_space(piece) and before:
                before[-1] += piece
            else:
                before.append(piece)
        following.append(next_)
        previous.append(before)
    for spaces, want in (("next", following), ("previous", previous)):
        patches = dynamic.word_patches(texts, spaces=spaces, num_threads=2)  # type: ignore[arg-type]
        assert [[p.decode() for p in row] for row in patches.pieces(texts)] == want


def is_space(piece: str) -> bool:
    return regex.fullmatch(r"\p{White_Space}+", piece) is not None


def test_scripts_are_those_of_a_second_table() -> None:
    tables = pytest.importorskip("fontTools.unicodedata", reason="needs fonttools")
    table = tables.Scripts
    source = open(table.__file__, encoding="utf-8").read()  # noqa: PTH123, SIM115
    major, minor = dynamic.UNICODE_VERSION
    assert f"Scripts-{major}.{minor}." in source, "a table of another version of Unicode"
    names = {code: name.replace("_", "").lower() for code, name in table.NAMES.items()}
    ours = dynamic.script_names()
    found = dynamic.scripts(SCALARS)
    assert len(found.codes) == len(SCALARS)
    for c, code in zip(SCALARS, found.codes.tolist(), strict=True):
        assert ours[code].replace("_", "").lower() == names[tables.script(c)], hex(ord(c))


def test_scripts_are_those_of_regex_but_for_newer_characters() -> None:
    """Regex knows Unicode 17: there may be scripts where there were none, and no other change."""
    names, codes = dynamic.script_names(), dynamic.scripts(SCALARS).codes
    everything = "".join(SCALARS)
    for code, name in enumerate(names[1:], 1):
        theirs = np.zeros(len(SCALARS), bool)
        for match in regex.finditer(rf"\p{{Script={name}}}+", everything):
            theirs[match.start() : match.end()] = True
        ours = codes == code
        assert not (ours & ~theirs).any(), name
        assert (codes[theirs & ~ours] == 0).all(), name
        for c in np.flatnonzero(theirs & ~ours):
            assert unicodedata.category(SCALARS[c]) in ("Cn", "So", "Lo") or code == 1


def naive_runs(text: str, resolve: bool) -> list[str]:
    """The script of each character."""
    scripts = [dynamic.script_of(c) for c in text]
    if resolve:
        definite = [s for s in scripts if s not in ("Common", "Inherited", "Unknown")]
        last = definite[0] if definite else "Common"
        for i, script in enumerate(scripts):
            if script in ("Common", "Inherited"):
                scripts[i] = last
            elif script != "Unknown":
                last = script
    return scripts


@given(st.lists(st.text() | MIXED), st.booleans())
def test_runs_are_of_one_script(texts: list[str], resolve: bool) -> None:
    found = dynamic.scripts(texts, resolve=resolve, num_threads=2)
    names = dynamic.script_names()
    flat = [
        s for t in texts for c, s in zip(t, naive_runs(t, resolve), strict=True) for _ in c.encode()
    ]
    assert [names[code] for code in found.of_bytes.tolist()] == flat
    for i in range(len(texts)):
        codes = found.codes[found.patches.rows[i] : found.patches.rows[i + 1]]
        assert (codes[1:] != codes[:-1]).all()
    if texts:
        counts = found.bytes_by_script()
        assert counts.sum(1).tolist() == [len(text.encode()) for text in texts]
        assert counts.sum() == len(flat)


def test_bytes_that_are_no_text_are_of_no_script() -> None:
    runs = dynamic.scripts([b"a\xe2\x82", b"\xe2\x82\xac", b"\xff"])
    assert runs.names == ["Latin", "Unknown", "Common", "Unknown"]
    assert runs.patches.lengths.tolist() == [1, 2, 3, 1]


def test_bytes_are_routed_by_script() -> None:
    runs = dynamic.scripts(["ab \u0431", "1", ""], resolve=True)
    routes = {"Latin": 0, "Cyrillic": 1}
    assert runs.route(routes, 7).tolist() == [0, 0, 0, 1, 1, 7]
    assert runs.route(routes, 7, whole_rows=True).tolist() == [0, 7, 7]
    assert runs.dominant() == ["Latin", "Common", "Unknown"]
    assert dynamic.scripts("1\u0431 22222").dominant() == ["Cyrillic"]
    with pytest.raises(ts.InputError, match="Common"):
        runs.route(routes)
    with pytest.raises(ts.InputError, match="no script has the name"):
        runs.route({"Elvish": 1}, 0)
    with pytest.raises(ts.InputError, match="at least 0"):
        runs.route({"Latin": -1}, 0)


def test_boundaries_are_bytes_over_bytes_a_word() -> None:
    sizes = dynamic.bytes_per_word(["ab abc, \u0431\u0431 \u4e00\u4e00"])
    assert sizes == {"Latin": 4.0, "Cyrillic": 5.0, "Han": 3.0}
    runs = dynamic.scripts(["abcd", "ab\u0431", ""])
    assert runs.target_boundaries({"Latin": 4, "Cyrillic": 5}).tolist() == [1.0, 0.5 + 0.4, 0.0]
    assert runs.target_boundaries({"Latin": 4}, 1).tolist() == [1.0, 2.5, 0.0]
    with pytest.raises(ts.InputError, match="Cyrillic"):
        runs.target_boundaries({"Latin": 4})
    with pytest.raises(ts.InputError, match="above 0"):
        runs.target_boundaries({"Latin": 0}, 1)


def test_the_script_of_a_character() -> None:
    assert [dynamic.script_of(c) for c in "a1\u0301\u0378"] == [
        "Latin",
        "Common",
        "Inherited",
        "Unknown",
    ]
    for bad in ("", "ab", "\ud800"):
        with pytest.raises(ts.InputError):
            dynamic.script_of(bad)
