"""Models of llama2.c give the logits of a plain implementation, and English."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import numpy as np
import pytest

import toksmith as ts
from byte_probs.plain_llama import PlainLlama
from testdata import need
from toksmith.byte_probs import Llama2c

START = "Once upon a time, there was a"


@pytest.fixture(scope="module")
def model() -> Llama2c:
    folder = need("stories260k")
    return Llama2c.from_file(folder / "checkpoint.bin", folder / "tokenizer.bin")


def tokenizer(model: Llama2c) -> ts.Tokenizer:
    assert model.tokenizer is not None
    return model.tokenizer


def test_logits_are_those_of_a_plain_implementation(model: Llama2c) -> None:
    tokens = [1, *tokenizer(model).encode(START + " little girl")]
    want = PlainLlama(need("stories260k/checkpoint.bin")).logits(tokens)
    found = model([tokens[: at + 1] for at in range(len(tokens))])
    np.testing.assert_allclose(found, want, atol=2e-4)
    exact = Llama2c.from_file(need("stories260k/checkpoint.bin"), dtype="float64")
    np.testing.assert_allclose(exact([tokens[:9], tokens]), want[[8, -1]], atol=1e-11)


def test_what_is_kept_changes_nothing(model: Llama2c) -> None:
    """Contexts in any order and company, with a cache of any size."""
    draw = random.Random(0)
    folder = need("stories260k")
    plain = Llama2c.from_file(folder / "checkpoint.bin", cached=0)
    others = [model, Llama2c.from_file(folder / "checkpoint.bin", cached=2)]
    base = [1, *(draw.randrange(3, 512) for _ in range(30))]
    for _ in range(20):
        contexts = [
            (
                *base[: draw.randrange(1, 31)],
                *(draw.randrange(3, 512) for _ in range(draw.randrange(3))),
            )
            for _ in range(draw.randrange(1, 6))
        ]
        want = np.concatenate([plain([context]) for context in contexts])
        for other in others:
            np.testing.assert_allclose(other(contexts), want, atol=1e-4)


def test_it_tells_stories(model: Llama2c) -> None:
    tok = tokenizer(model)
    tokens = [1, *tok.encode(START)]
    for _ in range(60):
        tokens.append(int(model([tokens])[0].argmax()))
    text = tok.decode(tokens[1:])
    assert text.startswith(START)
    assert "She loved to play" in text
    assert np.mean([word.strip(".,").isalpha() for word in text.split()]) > 0.9


def test_the_tokenizer_is_the_files_own(model: Llama2c) -> None:
    tok = tokenizer(model)
    assert (len(tok), tok.bos_id, tok.eos_id) == (512, 1, 2)
    for text in ("Once upon a time", "  two  spaces", "caf\u00e9 \u4e2d \U0001f642\n", "a", " "):
        assert tok.decode(tok.encode(text)) == text
    pieces = [tok.token_bytes(number).decode() for number in tok.encode("Once upon a time")]
    assert "".join(pieces).replace("\u2581", " ") == " Once upon a time"


def small(tmp_path: Path, tied: bool, version: int = 0) -> Path:
    """A random model of version 0 or 1."""
    dim, hidden, layers, heads, kv, vocab, longest = 8, 12, 2, 2, 1, 11, 16
    draw = np.random.default_rng(5)
    norms = [(layers, dim), (layers, dim), (dim,)]
    square, keys = (layers, dim, dim), (layers, kv * dim // heads, dim)
    feed = [(layers, hidden, dim), (layers, dim, hidden), (layers, hidden, dim)]
    parts = {
        "e": draw.normal(size=(vocab, dim)), "a": draw.normal(size=norms[0]),
        "q": draw.normal(size=square), "k": draw.normal(size=keys), "v": draw.normal(size=keys),
        "o": draw.normal(size=square), "f": draw.normal(size=norms[1]),
        "1": draw.normal(size=feed[0]), "2": draw.normal(size=feed[1]),
        "3": draw.normal(size=feed[2]), "n": draw.normal(size=norms[2]),
        "h": draw.normal(size=(vocab, dim)),
    }  # fmt: skip
    table = np.zeros(longest * dim // heads)
    order = "eaqkvof123n" if version == 0 else "afneqkvo123"
    data = [parts[name] for name in order]
    if version == 0:
        header = struct.pack(
            "<7i", dim, hidden, layers, heads, kv, vocab if tied else -vocab, longest
        )
        data.append(table)
    else:
        header = struct.pack(
            "<Ii7iB", 0x616B3432, 1, dim, hidden, layers, heads, kv, vocab, longest, tied
        )
        header = header.ljust(256, b"\0")
    if not tied:
        data.append(parts["h"])
    path = tmp_path / f"{version}{tied}.bin"
    path.write_bytes(header + b"".join(part.astype("<f4").tobytes() for part in data))
    return path


def test_versions_and_weights_of_the_output(tmp_path: Path) -> None:
    contexts = [(1, 2, 3), (1, 2), (5, 10, 4, 4)]
    for tied in (True, False):
        old = Llama2c.from_file(small(tmp_path, tied))(contexts)
        new = Llama2c.from_file(small(tmp_path, tied, version=1))(contexts)
        np.testing.assert_array_equal(old, new)
    tied_rows = Llama2c.from_file(small(tmp_path, tied=True))([(1, 2, 3)])
    want = PlainLlama(small(tmp_path, tied=True)).logits([1, 2, 3])[-1]
    np.testing.assert_allclose(tied_rows[0], want, atol=1e-3)


def test_broken_files_are_refused(tmp_path: Path) -> None:
    whole = small(tmp_path, tied=True).read_bytes()
    for cut in (0, 10, 27, 28, 400, len(whole) - 300):
        (tmp_path / "cut.bin").write_bytes(whole[:cut])
        with pytest.raises(ts.ModelError, match=r"cut\.bin"):
            Llama2c.from_file(tmp_path / "cut.bin")
    for at in range(7):
        broken = bytearray(whole)
        broken[4 * at : 4 * at + 4] = struct.pack("<i", 0 if at == 5 else -3)
        (tmp_path / "broken.bin").write_bytes(broken)
        with pytest.raises(ts.ModelError):
            Llama2c.from_file(tmp_path / "broken.bin")
    (tmp_path / "q8.bin").write_bytes(struct.pack("<Ii", 0x616B3432, 2) + bytes(300))
    with pytest.raises(ts.UnsupportedFeature, match="version 2"):
        Llama2c.from_file(tmp_path / "q8.bin")
    with pytest.raises(ts.InputError):
        Llama2c.from_file(tmp_path / "none.bin")
    (tmp_path / "tok.bin").write_bytes(b"\7\0\0\0" + struct.pack("<fi", 0, 5) + b"<un")
    with pytest.raises(ts.ModelError, match=r"tok\.bin"):
        Llama2c.from_file(small(tmp_path, tied=True), tmp_path / "tok.bin")


def test_contexts_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    model = Llama2c.from_file(small(tmp_path, tied=True))
    for context in ([], [11], [-1], [1] * 17):
        with pytest.raises(ts.InputError, match="context"):
            model([context])
