"""Promise: texts come as lists, numpy or Arrow arrays, with the same ids; the rest is an error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import toksmith as ts
from vocabularies import embedded

TEXTS = ["one", "", "two \U0001f642 words", "\u00e9" * 50, "x", "a longer text, " * 20]


def want() -> list[list[int]]:
    return [embedded("cl100k_base").encode(text) for text in TEXTS]


ENCODED = [text.encode() for text in TEXTS]
FORMS: dict[str, Callable[[], Any]] = {
    "list": lambda: TEXTS,
    "tuple": lambda: tuple(TEXTS),
    "generator": lambda: (text for text in TEXTS),
    "list of bytes": lambda: ENCODED,
    "mixed list": lambda: [t if i % 2 else t.encode() for i, t in enumerate(TEXTS)],
    "numpy U": lambda: np.array(TEXTS),
    "numpy S": lambda: np.array(ENCODED),
    "numpy object": lambda: np.array(TEXTS, dtype=object),
    "numpy strided": lambda: np.repeat(np.array(TEXTS, dtype=object), 3)[::3],
    "Arrow string": lambda: pa.array(TEXTS),
    "Arrow large_string": lambda: pa.array(TEXTS, pa.large_string()),
    "Arrow binary": lambda: pa.array(ENCODED),
    "Arrow large_binary": lambda: pa.array(ENCODED, pa.large_binary()),
    "Arrow string_view": lambda: pa.array(TEXTS, pa.string_view()),
    "Arrow dictionary": lambda: pa.array(TEXTS).dictionary_encode(),
    "Arrow chunks": lambda: pa.chunked_array([TEXTS[:2], [], TEXTS[2:]]),
    "Arrow one chunk": lambda: pa.chunked_array([TEXTS]),
    "Arrow slice": lambda: pa.array(["before", *TEXTS, "after"])[1:-1],
    "Arrow slices": lambda: pa.chunked_array([pa.array(["no", *TEXTS[:3]])[1:], TEXTS[3:]]),
    "only the C interface": lambda: CInterface(pa.array(TEXTS)),
    "only __array__": lambda: ArrayInterface(np.array(TEXTS)),
}


class CInterface:
    """What another Arrow library looks like to us."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return self._array.__arrow_c_array__(requested_schema)


class ArrayInterface:
    """What a data frame's column looks like to us."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        return self._array


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_ids(form: str) -> None:
    tok = embedded("cl100k_base")
    assert tok.encode_batch(FORMS[form]()).tolist() == want()
    assert tok.encode_batch(FORMS[form](), num_threads=1).tolist() == want()
    assert tok.count_batch(FORMS[form]()).tolist() == list(map(len, want()))
    assert tok.encode_batch(FORMS[form](), allowed_special="all").tolist() == want()


@pytest.mark.skipif(not hasattr(np, "dtypes") or not hasattr(np.dtypes, "StringDType"),
                    reason="numpy before 2.0 has no StringDType")  # fmt: skip
def test_numpy_strings_of_variable_width() -> None:
    tok = embedded("cl100k_base")
    assert tok.encode_batch(np.array(TEXTS, np.dtypes.StringDType())).tolist() == want()


@pytest.mark.parametrize(
    "empty",
    [[], (), np.array([], dtype=object), np.array([], "U1"), pa.array([], pa.string()),
     pa.chunked_array([], pa.string())],
)  # fmt: skip
def test_no_texts_give_no_rows(empty: Any) -> None:
    tok = embedded("cl100k_base")
    batch = tok.encode_batch(empty)
    assert (len(batch), len(batch.ids), batch.offsets.tolist()) == (0, 0, [0])
    assert tok.count_batch(empty).tolist() == []


@pytest.mark.parametrize("one", ["text", b"text", bytearray(b"text"), memoryview(b"text")])
def test_one_text_is_not_a_batch(one: Any) -> None:
    for call in (embedded("cl100k_base").encode_batch, embedded("cl100k_base").count_batch):
        with pytest.raises(ts.InputError, match="put it in a list"):
            call(one)


@pytest.mark.parametrize(
    "wrong",
    [None, 3, 2.5, {"a": 1}, {"a"}, frozenset("a"), object(), np.array("a"), np.array([["a"]]),
     np.array([1, 2]), pa.array([1, 2]), pa.array([[1]]), pa.array([["a"]])],
)  # fmt: skip
def test_what_is_no_list_of_texts_is_an_error(wrong: Any) -> None:
    for call in (embedded("cl100k_base").encode_batch, embedded("cl100k_base").count_batch):
        with pytest.raises(ts.InputError):
            call(wrong)


@pytest.mark.parametrize("wrong", [None, 3, 2.5, ["a"], object(), float("nan")])
def test_an_element_that_is_no_text_is_named_by_its_row(wrong: Any) -> None:
    tok = embedded("cl100k_base")
    with pytest.raises(ts.InputError, match="row 2"):
        tok.encode_batch(["a", "b", wrong])
    with pytest.raises(ts.InputError, match="row 1"):
        tok.count_batch(np.array(["a", wrong, "b"], dtype=object))


@pytest.mark.parametrize(
    "array",
    [pa.array(["a", "b", None]), pa.chunked_array([["a"], ["b", None]]),
     pa.array(["x", "a", "b", None])[1:], pa.array(["a", "b", None]).dictionary_encode(),
     pa.array([None, b"", None], pa.binary())[1:].take(pa.array([0, 0, 1]))],
)  # fmt: skip
def test_a_null_is_named_by_its_row(array: Any) -> None:
    with pytest.raises(ts.InputError, match="row 2 is null"):
        embedded("cl100k_base").encode_batch(array)


def test_arrow_text_is_not_copied() -> None:
    from toksmith.arrow import to_flat

    array = pa.array(["skip", "some text", "more"])[1:]
    data, offsets = to_flat(array)
    assert data.ctypes.data == array.buffers()[2].address + 4
    assert offsets.tolist() == [0, 9, 13]


def test_a_missing_pyarrow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    batch = ts.Batch.from_rows([[1]])
    with pytest.raises(ts.UnsupportedFeature, match=r"toksmith\[arrow\]"):
        batch.to_arrow()


@pytest.mark.parametrize("threads", [0, -1, 2**40, 1.5, "2"])
def test_a_number_of_threads_is_checked(threads: Any) -> None:
    tok = embedded("cl100k_base")
    for call in (tok.encode_batch, tok.count_batch):
        with pytest.raises(ts.InputError, match="num_threads"):
            call(["a"], num_threads=threads)
