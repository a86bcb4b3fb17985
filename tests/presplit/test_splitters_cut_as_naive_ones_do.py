"""`Lexicon`, `Words` and `Compounds` against versions of themselves that try everything."""

from __future__ import annotations

import math
import pickle
import time
import unicodedata
from collections import Counter
from itertools import groupby

import hypothesis.strategies as st
import pytest
from hypothesis import given

import testdata
import toksmith as ts
from generated import strings
from toksmith.delimit import delimit
from toksmith.splitters import Compounds, Lexicon, Spans, Splitter, Words, pieces_of

LETTERS = "aab\u00c9\u00e9\u0130 \u4e2d\u03011#-\n\U0001f600"
TEXTS = st.text(st.sampled_from(LETTERS), max_size=14)
WORDS = st.lists(st.text(st.sampled_from(LETTERS), max_size=4), max_size=8)
COUNTS = st.dictionaries(
    st.text(st.sampled_from("abE\u00c9\u00e9\u0130\u4e2d1-"), max_size=4),
    st.integers(0, 50) | st.just(2**64 - 1),
    max_size=10,
)


def in_word(c: str) -> bool:
    return unicodedata.category(c)[0] in "LMN"


def naive_lexicon(words: list[str], whole: bool, space: bool, text: str) -> list[list[int]]:
    found: list[list[int]] = []
    at = last = 0
    while at < len(text):
        ends = [at + len(word) for word in words if word and text.startswith(word, at)]
        if whole:
            ends = [end for end in ends if not inside(text, at) and not inside(text, end)]
        if not ends:
            at += 1
            continue
        found.append([at - (space and at > last and text[at - 1] == " "), max(ends)])
        at = last = max(ends)
    return found


def inside(text: str, at: int) -> bool:
    """Whether a place is inside a run of letters, marks and numbers."""
    return 0 < at < len(text) and in_word(text[at - 1]) and in_word(text[at])


def fold(text: str, ignore_case: bool) -> str:
    lower = [c.lower() if len(c.lower()) == 1 else c for c in text]
    return "".join(lower) if ignore_case else text


def naive_parts(words: dict[str, int], run: str) -> list[str]:
    """The parts of a run; each way to each place, from the definition."""
    total = max(sum(words.values()), 1)
    ways: list[tuple[int, int, int]] = [(0, 0, 0)]  # cost, parts, start of the last
    for end in range(1, len(run) + 1):
        options = []
        for start in range(end):
            part = run[start:end]
            more = (len(part) - 1) * round(math.log(10) * 65536)
            costs = [round(math.log(max(total, 10)) * 65536) + more]
            if words.get(part):
                costs.append(round(math.log(total / words[part]) * 65536))
            options += [(ways[start][0] + cost, ways[start][1] + 1, start) for cost in costs]
        ways.append(min(options))
    parts, end = [], len(run)
    while end:
        start = ways[end][2]
        parts.append(run[start:end])
        end = start
    return parts[::-1]


def naive_compounds(words: dict[str, int], ignore_case: bool, text: str) -> list[str]:
    folded: Counter[str] = Counter()
    for word, count in words.items():
        if word:
            folded[fold(word, ignore_case)] += count
    pieces = [""]
    at = 0
    for is_run, group in groupby(text, in_word):
        size = len("".join(group))
        run = fold(text[at : at + size], ignore_case)
        lengths = [len(part) for part in naive_parts(folded, run)] if is_run else [size]
        for number, length in enumerate(lengths):
            if number:
                pieces.append("")
            pieces[-1] += text[at : at + length]
            at += length
    return [piece for piece in pieces if piece]


@given(words=WORDS, whole=st.booleans(), space=st.booleans(), text=TEXTS)
def test_a_lexicon_finds_the_longest_words(
    words: list[str], whole: bool, space: bool, text: str
) -> None:
    lexicon = Lexicon(words, whole_words=whole, leading_space=space)
    assert lexicon(text).tolist() == naive_lexicon(words, whole, space, text)
    assert "".join(pieces_of(lexicon, text)) == text


@given(words=COUNTS, ignore_case=st.booleans(), text=TEXTS)
def test_compounds_are_cut_where_that_costs_least(
    words: dict[str, int], ignore_case: bool, text: str
) -> None:
    compounds = Compounds(words, ignore_case=ignore_case)
    assert pieces_of(compounds, text) == naive_compounds(words, ignore_case, text)


def test_any_text_comes_back_from_its_pieces() -> None:
    text_words = {word for text in strings(200, seed=1) for word in text.split()}
    lexicon, compounds = Lexicon(text_words), Compounds(dict.fromkeys(text_words, 3))
    for text in ["", " ", "\0", "\u0301", *strings(500, seed=2)]:
        for splitter in (lexicon, compounds):
            assert "".join(pieces_of(splitter, text)) == text
        assert lexicon(text).tolist() == naive_lexicon(list(text_words), True, True, text)


def test_hashtags_are_words() -> None:
    words = {"nsa": 50, "vs": 400, "snowden": 20, "a": 900, "den": 40, "snow": 90, "we": 800}
    assert pieces_of(Compounds(words), "so #NSAvsSnowden!") == ["so #NSA", "vs", "Snowden!"]
    assert pieces_of(Compounds(words, ignore_case=False), "NSAvs") == ["NSA", "vs"]
    assert pieces_of(Compounds({}), "unknown words") == ["unknown words"]


def test_time_is_linear() -> None:
    words = {"a" * length: 1 for length in range(1, 40)}
    for splitter in (Compounds(words), Lexicon([*words, "a" * 60 + "b"], whole_words=False)):
        took = []
        for size in (50_000, 200_000):
            start = time.process_time()
            assert splitter("a" * size).shape[1] == 2
            took.append(time.process_time() - start)
        assert took[1] < 12 * took[0] + 0.2


@given(TEXTS | st.text(), st.booleans())
def test_words_are_the_items_of_delimit(text: str, space: bool) -> None:
    plain = Words(leading_space=False)(text).tolist()
    assert [text[a:b] for a, b in plain] == delimit(text, "word").items
    want, last = list[list[int]](), 0
    for start, end in plain:
        want.append([start - (space and start > last and text[start - 1] == " "), end])
        last = end
    assert Words(leading_space=space)(text).tolist() == want


def test_words_are_those_of_unicode() -> None:
    for line in testdata.need("unicode/WordBreakTest.txt").read_text("utf-8").splitlines():
        marks = line.split("#")[0].split()
        pieces = [""]
        for mark in marks[1:]:
            if mark == "\u00f7":
                pieces.append("")
            elif mark != "\u00d7":
                pieces[-1] += chr(int(mark, 16))
        want = [piece for piece in pieces if any(map(in_word, piece))]
        text = "".join(pieces)
        if "\u200d\u2701" in text:  # The scissors were a pictograph until Unicode 17.
            continue
        assert [text[a:b] for a, b in Words(leading_space=False)(text).tolist()] == want


def test_words_may_have_the_space_before_them() -> None:
    text = "The quick (\u201cbrown\u201d) fox can\u2019t jump 32.3 feet, right?"
    want = ["The", "quick", "brown", "fox", "can\u2019t", "jump", "32.3", "feet", "right"]
    assert [text[a:b] for a, b in Words(leading_space=False)(text).tolist()] == want
    assert pieces_of(Words(), "a  b") == ["a", " ", " b"]
    assert pieces_of(Words(leading_space=False), "a  b") == ["a", "  ", "b"]


@pytest.mark.parametrize("unit", ["a", "\u0301", '\u05d0"', "a.", "1,", "\U0001f468\u200d", " "])
def test_words_take_linear_time(unit: str) -> None:
    def seconds(n: int) -> float:
        text, begun = unit * (n // len(unit)), time.perf_counter()
        Words()(text)
        return time.perf_counter() - begun

    seconds(1000)
    few = min(seconds(40_000) for _ in range(5))
    assert min(seconds(400_000) for _ in range(3)) < 30 * few + 0.05


@pytest.mark.parametrize(
    "splitter", [Lexicon(["a b", "c"]), Words(leading_space=False), Compounds({"a": 3, "B": 2})]
)
def test_splitters_are_pickled(splitter: Splitter) -> None:
    again = pickle.loads(pickle.dumps(splitter))
    assert repr(again) == repr(splitter)
    assert pieces_of(again, "ab a b c") == pieces_of(splitter, "ab a b c")


@pytest.mark.parametrize(
    "spans",
    [[(0, 4)], [(-1, 1)], [(2, 1)], [(0, 2), (1, 3)], [(1, 2), (0, 1)], [(0,)], [("a", "b")], 3,
     [(0, 1.5)]],
)  # fmt: skip
def test_spans_that_cannot_be_are_errors(spans: Spans) -> None:
    with pytest.raises(ts.InputError, match="span"):
        pieces_of(lambda _: spans, "abc")


def test_words_that_cannot_be_are_errors() -> None:
    for words in ("abc", [b"a"], [3], ["\ud800"]):
        with pytest.raises(ts.InputError):
            Lexicon(words)  # type: ignore[arg-type]
    for count in (-1, 2**64, 1.5, "3"):
        with pytest.raises(ts.InputError, match="a count must be"):
            Compounds({"a": count})  # type: ignore[dict-item]
    with pytest.raises(ts.InputError, match="lone surrogate"):
        Lexicon(["a"])("\ud800")
