"""Promise: no argument ends the process or escapes `except Exception`; data errors are typed.

A table of every public call against values of every wrong kind. An argument of the wrong type may
be a `TypeError`, as everywhere in Python; everything else is a `ToksmithError`. A right answer is
fine too, where a value happens to be right.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toksmith as ts
from vocabularies import BYTES, embedded, to_rank_file

HUGE = 1 << 22


class Hostile:
    """An object whose every question fails."""

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError(name)

    def __len__(self) -> int:
        raise ZeroDivisionError

    def __iter__(self) -> Any:
        raise ZeroDivisionError


VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "zero": lambda: 0,
    "minus one": lambda: -1,
    "2**31": lambda: 2**31,
    "2**32 - 1": lambda: 2**32 - 1,
    "2**32": lambda: 2**32,
    "2**64": lambda: 2**64,
    "10**400": lambda: 10**400,
    "a float": lambda: 1.5,
    "nan": lambda: float("nan"),
    "empty str": lambda: "",
    "a str": lambda: "text",
    "NUL": lambda: "\0",
    "a surrogate": lambda: "\ud800",
    "a huge str": lambda: "a" * HUGE,
    "empty bytes": lambda: b"",
    "bytes": lambda: b"\xff\x00",
    "huge bytes": lambda: b" " * HUGE,
    "bytearray": lambda: bytearray(b"abc"),
    "memoryview": lambda: memoryview(b"abc"),
    "empty list": list,
    "list of ids": lambda: [0, 1, 2],
    "list of negative ids": lambda: [-1],
    "list of huge ids": lambda: [2**32 - 1],
    "list of ids beyond 64 bits": lambda: [2**70],
    "list of floats": lambda: [1.0],
    "list of str": lambda: ["a", "b"],
    "list of None": lambda: [None],
    "list of lists": lambda: [[1], [2, 3]],
    "list of bad lists": lambda: [[1], [-2]],
    "list of surrogates": lambda: ["\ud800"],
    "a deep list": lambda: [[[[1]]]],
    "dict": lambda: {"a": 1},
    "bad specials": lambda: {"a": -1},
    "huge specials": lambda: {"a": 2**40},
    "set": lambda: {"a"},
    "uint32 array": lambda: np.zeros(3, np.uint32),
    "big-endian array": lambda: np.zeros(3, ">u4"),
    "strided array": lambda: np.arange(20, dtype=np.uint32)[::2],
    "int64 array": lambda: np.array([-5]),
    "uint64 array": lambda: np.array([2**63], np.uint64),
    "float array": lambda: np.ones(2),
    "2-D array": lambda: np.zeros((2, 2), np.uint32),
    "0-D array": lambda: np.array(1),
    "object array": lambda: np.array([None], object),
    "datetime array": lambda: np.zeros(1, "datetime64[s]"),
    "str array": lambda: np.array(["a"]),
    "a type": lambda: int,
    "a function": lambda: len,
    "a generator": lambda: (i for i in range(3)),
    "an object": object,
    "a hostile object": Hostile,
    "a missing path": lambda: Path("no/such/file"),
    "a path with NUL": lambda: "a\0b",
    "a very long path": lambda: "x" * 5000,
}

TOK = "cl100k_base"
RANKS = to_rank_file({byte: rank for rank, byte in enumerate(BYTES)})
CALLS: dict[str, Callable[[Any], object]] = {
    "encode": lambda v: embedded(TOK).encode(v),
    "encode allowed_special": lambda v: embedded(TOK).encode("a", allowed_special=v),
    "encode errors": lambda v: embedded(TOK).encode("a", errors=v),
    "encode_array": lambda v: embedded(TOK).encode_array(v),
    "count": lambda v: embedded(TOK).count(v),
    "encode_with_spans": lambda v: embedded(TOK).encode_with_spans(v),
    "encode_batch": lambda v: embedded(TOK).encode_batch(v),
    "encode_batch element": lambda v: embedded(TOK).encode_batch(["a", v]),
    "encode_batch allowed_special": lambda v: embedded(TOK).encode_batch(["a"], allowed_special=v),
    "encode_batch errors": lambda v: embedded(TOK).encode_batch(["a"], errors=v),
    "encode_batch num_threads": lambda v: embedded(TOK).encode_batch(["a"], num_threads=v),
    "count_batch": lambda v: embedded(TOK).count_batch(v),
    "count_batch element": lambda v: embedded(TOK).count_batch([v]),
    "encode_parts": lambda v: embedded(TOK).encode_parts(v),
    "encode_parts part": lambda v: embedded(TOK).encode_parts([v]),
    "encode_parts text": lambda v: embedded(TOK).encode_parts([(v, False)]),
    "encode_parts trusted": lambda v: embedded(TOK).encode_parts([("a", v)]),
    "encode_parts control_tokens": lambda v: embedded(TOK).encode_parts([], control_tokens=v),
    "fits": lambda v: embedded(TOK).fits(v, 5),
    "fits n": lambda v: embedded(TOK).fits("a", v),
    "fits allowed_special": lambda v: embedded(TOK).fits("a", 5, allowed_special=v),
    "truncate": lambda v: embedded(TOK).truncate(v, 5),
    "truncate from the left": lambda v: embedded(TOK).truncate(v, 5, side="left"),
    "truncate n": lambda v: embedded(TOK).truncate("a", v),
    "truncate side": lambda v: embedded(TOK).truncate("a", 5, side=v),
    "chunk": lambda v: embedded(TOK).chunk(v, 50),
    "chunk n": lambda v: embedded(TOK).chunk("a", v),
    "chunk overlap": lambda v: embedded(TOK).chunk("a", 5, overlap=v),
    "chunk on": lambda v: embedded(TOK).chunk("a", 5, on=v),
    "counter": lambda v: embedded(TOK).counter(v),
    "counter count": lambda v: embedded(TOK).counter("abc").count(v),
    "counter count_chars": lambda v: embedded(TOK).counter("abc").count_chars(0, v),
    "counter counts": lambda v: embedded(TOK).counter("abc").counts(v),
    "count_spans": lambda v: embedded(TOK).count_spans("abc", v),
    "token_counter": lambda v: embedded(TOK).token_counter(v),
    "token_counter append": lambda v: embedded(TOK).token_counter().append(v),
    "token_counter count_with": lambda v: embedded(TOK).token_counter().count_with(v),
    "decode": lambda v: embedded(TOK).decode(v),
    "decode element": lambda v: embedded(TOK).decode([v]),
    "decode errors": lambda v: embedded(TOK).decode([255], errors=v),
    "decode_bytes": lambda v: embedded(TOK).decode_bytes(v),
    "decode_batch": lambda v: embedded(TOK).decode_batch(v),
    "decode_batch element": lambda v: embedded(TOK).decode_batch([v]),
    "stream push": lambda v: embedded(TOK).stream_decoder().push(v),
    "token_bytes": lambda v: embedded(TOK).token_bytes(v),
    "token_id": lambda v: embedded(TOK).token_id(v),
    "show": lambda v: str(embedded(TOK).show(v)) if not is_huge(v) else None,
    "save path": lambda v: embedded(TOK).save(v),
    "save format": lambda v: embedded(TOK).save("/nonexistent/x", format=v),
    "equality": lambda v: embedded(TOK) == v,
    "constructor": lambda v: ts.Tokenizer(v),
    "from_file": lambda v: ts.Tokenizer.from_file(v),
    "from_bytes": lambda v: ts.Tokenizer.from_bytes(v),
    "from_bytes pattern": lambda v: ts.Tokenizer.from_bytes(RANKS, pattern=v, specials={}),
    "from_bytes specials": lambda v: ts.Tokenizer.from_bytes(RANKS, pattern="a", specials=v),
    "from_bytes name": lambda v: ts.Tokenizer.from_bytes(RANKS, "a", {}, name=v),
    "from_pretrained": lambda v: ts.Tokenizer.from_pretrained(v),
    "Batch ids": lambda v: ts.Batch(v, [0]),
    "Batch offsets": lambda v: ts.Batch([], v),
    "Batch.from_rows": lambda v: ts.Batch.from_rows(v),
    "Batch to_padded": lambda v: ts.Batch.from_rows([[1]]).to_padded(v),
    "Batch to_padded length": lambda v: ts.Batch.from_rows([[1]]).to_padded(0, length=small(v)),
    "Batch to_padded side": lambda v: ts.Batch.from_rows([[1]]).to_padded(0, side=v),
}


def is_huge(value: object) -> bool:
    return isinstance(value, str | bytes) and len(value) == HUGE


def small(value: Any) -> Any:
    """A length that is allowed is allowed to be allocated: keep it small."""
    return 5 if isinstance(value, int) and 2**20 < value < 2**48 else value


@pytest.mark.parametrize("call", CALLS)
def test_every_wrong_value_is_a_typed_error(call: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)  # a value that happens to be a file name writes there
    escaped = []
    for name, value in VALUES.items():
        try:
            CALLS[call](value())
        except (ts.ToksmithError, TypeError) as error:
            if isinstance(error, ts.InternalError):
                escaped.append(f"{name}: {error!r}")
            elif not str(error):
                escaped.append(f"{name}: no message")
        except UnicodeEncodeError:
            # Of a text it is an InputError, tested elsewhere; of a name, like a wrong type.
            if not name.endswith(("a surrogate", "of surrogates")):
                escaped.append(name)
        except ZeroDivisionError:
            if name != "a hostile object":  # its own errors are its own
                escaped.append(name)
        except BaseException as error:
            escaped.append(f"{name}: {type(error).__mro__[:-2]} {str(error)[:200]}")
    assert escaped == []


@pytest.mark.parametrize("bad", [-1, 100_256, 100_277, 2**31, 2**32 - 1, 2**32, 2**40, 2**64])
def test_an_id_without_a_token_is_named(bad: int) -> None:
    tok = embedded(TOK)
    for call in (
        lambda: tok.decode([0, bad]),
        lambda: tok.decode_bytes([0, bad]),
        lambda: tok.decode(np.array([bad]) if bad < 2**63 else [bad]),
        lambda: tok.decode_batch([[0], [bad]]),
        lambda: tok.token_bytes(bad),
        lambda: tok.stream_decoder().push(bad),
    ):
        with pytest.raises(ts.VocabularyError, match=str(bad)):
            call()


def test_the_family_of_errors() -> None:
    for error in (
        ts.ModelError,
        ts.UnsupportedFeature,
        ts.VocabularyError,
        ts.InputError,
        ts.InternalError,
    ):
        assert issubclass(error, ts.ToksmithError)
        assert error.__module__ == "toksmith"
        assert error.__doc__
    assert issubclass(ts.ToksmithError, Exception)
    assert issubclass(ts.UnsupportedFeature, NotImplementedError)


def test_an_argument_that_is_not_known_is_refused() -> None:
    tok: Any = embedded(TOK)
    for call in (tok.encode, tok.encode_batch, tok.decode, tok.count, tok.save):
        with pytest.raises(TypeError):
            call("a", no_such_argument=1)
