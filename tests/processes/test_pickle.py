"""Promise: pickles hold data and a digest, never code, and come back equal or not at all."""

from __future__ import annotations

import copy
import io
import pickle
import pickletools
from typing import Any

import pytest

import toksmith as ts
from references import EMBEDDED, json_pair
from vocabularies import embedded

ALLOWED_GLOBALS = {("toksmith.tokenizer", "Tokenizer"), ("toksmith.tokenizer", "_unpickle")}
# How protocol 2, which knows no bytes, writes them.
BYTES_OF_PROTOCOL_2 = ("_codecs", "encode")


class Strict(pickle.Unpickler):
    """Refuses every name but those a tokenizer needs."""

    def find_class(self, module: str, name: str) -> Any:
        assert (module, name) in {*ALLOWED_GLOBALS, BYTES_OF_PROTOCOL_2}, (
            f"the pickle asks for {module}.{name}"
        )
        return super().find_class(module, name)


@pytest.mark.parametrize("name", [*EMBEDDED, "saved/cl100k_base"])
@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_a_pickle_comes_back_equal(name: str, protocol: int) -> None:
    tok = json_pair(name)[0] if "/" in name else embedded(name)
    data = pickle.dumps(tok, protocol)
    back = Strict(io.BytesIO(data)).load()
    assert back == tok
    assert hash(back) == hash(tok)
    assert (back.digest, back.name, back.special_ids) == (tok.digest, tok.name, tok.special_ids)
    text = "Any text, <|endoftext|> \U0001f642\n\n  x"
    assert back.encode(text, allowed_special="all") == tok.encode(text, allowed_special="all")
    assert len(data) < 12_000_000


def test_a_pickle_holds_only_plain_values() -> None:
    data = pickle.dumps(embedded("r50k_base"), 4)
    opcodes = {opcode.name for opcode, _, _ in pickletools.genops(data)}
    assert opcodes <= {
        "PROTO", "FRAME", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "MEMOIZE", "BINGET",
        "STACK_GLOBAL", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "TUPLE1", "TUPLE2", "TUPLE3",
        "MARK", "TUPLE", "REDUCE", "STOP",
    }  # fmt: skip


def test_a_pickle_that_was_changed_is_refused() -> None:
    tok = embedded("r50k_base")
    rebuild, (kind, data, digest) = tok.__reduce__()
    assert rebuild(kind, data, digest) == tok
    with pytest.raises(ts.ModelError, match="digest"):
        rebuild(kind, data, "0" * 64)
    with pytest.raises(ts.ModelError, match="digest"):
        rebuild(kind, embedded("p50k_base").to_bytes(), digest)
    with pytest.raises(ts.ModelError):
        rebuild(kind, data[: len(data) // 2], digest)
    with pytest.raises(ts.ModelError):
        rebuild(kind, b"", digest)
    with pytest.raises(ts.ModelError, match="class"):
        rebuild(dict, data, digest)


def test_copies_are_the_tokenizer_itself() -> None:
    tok = embedded("r50k_base")
    assert copy.copy(tok) is tok
    assert copy.deepcopy([tok])[0] is tok


def test_a_subclass_pickles_as_itself() -> None:
    class Local(ts.Tokenizer):
        """A class that another process cannot import by name, but this one can."""

    globals()["Local"] = Local
    Local.__qualname__ = "Local"
    tok = Local.from_pretrained("r50k_base")
    assert type(tok) is Local
    rebuild, arguments = tok.__reduce__()
    assert type(rebuild(*arguments)) is Local
    assert tok == embedded("r50k_base")
