"""Promise: a tokenizer of any family is the same after saving, pickling and loading.

And every way to encode with it gives the same ids, whatever the number of threads.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import tokenizers

import families
import toksmith as ts

every_family = pytest.mark.parametrize("family", families.FAMILIES)


def loaded(family: str) -> ts.Tokenizer:
    return ts.Tokenizer.from_bytes(families.file_of(family))


def assert_alike(again: ts.Tokenizer, tok: ts.Tokenizer) -> None:
    """Same digest, ids, spans and decoded text."""
    assert again == tok
    assert (again.special_ids, len(again)) == (tok.special_ids, len(tok))
    for text in families.texts(15, seed=31):
        for allowed in ((), "all"):
            found = again.encode_with_spans(text, allowed_special=allowed)
            right = tok.encode_with_spans(text, allowed_special=allowed)
            assert found.ids.tolist() == right.ids.tolist(), text
            assert found.spans.tolist() == right.spans.tolist(), text
            assert again.decode(found.ids) == tok.decode(right.ids), text


@every_family
def test_own_format(family: str, tmp_path: Path) -> None:
    tok = loaded(family)
    data = tok.to_bytes()
    assert ts.Tokenizer.from_bytes(data).to_bytes() == data
    assert_alike(ts.Tokenizer.from_bytes(data), tok)
    tok.save(tmp_path / "saved.toksmith")
    assert_alike(ts.Tokenizer.from_file(tmp_path / "saved.toksmith"), tok)


@every_family
def test_pickle(family: str) -> None:
    tok = loaded(family)
    assert_alike(pickle.loads(pickle.dumps(tok)), tok)


@every_family
def test_tokenizer_json(family: str, tmp_path: Path) -> None:
    tok = loaded(family)
    file = tmp_path / "tokenizer.json"
    try:
        tok.save(file)
    except ts.UnsupportedFeature as error:
        pytest.skip(f"{family}: {error}")
    assert_alike(ts.Tokenizer.from_file(file), tok)
    theirs = tokenizers.Tokenizer.from_file(str(file))
    theirs.encode_special_tokens = True
    for text in families.texts(40, seed=32):
        ids = tok.encode(text)
        assert theirs.encode(text, add_special_tokens=False).ids == ids, text
        assert theirs.decode(ids, skip_special_tokens=False) == tok.decode(ids), text


@every_family
def test_every_way_to_encode_gives_the_same_ids(family: str) -> None:
    tok = loaded(family)
    texts = families.texts(40, seed=33)
    rows = [tok.encode(text) for text in texts]
    for threads in (1, 2):
        assert tok.encode_batch(texts, num_threads=threads).tolist() == rows
        counts = tok.count_batch(texts, num_threads=threads)
        assert counts.tolist() == [len(row) for row in rows]
    for text, row in zip(texts, rows, strict=True):
        assert tok.encode_array(text).tolist() == row, text
        assert tok.count(text) == len(row), text
        assert tok.encode_with_spans(text).ids.tolist() == row, text


@pytest.mark.parametrize("size", [1, 3, 64])
@every_family
def test_a_text_in_blocks_gives_the_ids_of_the_whole(family: str, size: int) -> None:
    tok = loaded(family)
    for text in families.texts(25, seed=34):
        encoder, data, ids = tok._stream_encoder(), text.encode(), []
        for start in range(0, len(data), size):
            ids += encoder.push(data[start : start + size]).tolist()
        assert ids + encoder.finish().tolist() == tok.encode(text), text
        assert encoder.pending == 0
