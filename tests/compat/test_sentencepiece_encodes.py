"""Promise: encoding through `compat.sentencepiece` gives what sentencepiece does, in any form."""

from __future__ import annotations

import pickle
from itertools import product
from typing import Any

import numpy as np
import pytest

import families
import toksmith
import toksmith.compat.sentencepiece
from compat.sentencepiece_pairs import BYTES, MODELS, REAL, TEXTS, assert_alike, pair
from generated import CONTEXTS, scalars_in

ours: Any = toksmith.compat.sentencepiece

FORMS = (int, str, bytes, "serialized_proto", "offset_mapping")
every_model = pytest.mark.parametrize("name", MODELS + REAL)


@every_model
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_every_form(name: str, form: Any) -> None:
    for text in [*TEXTS, *BYTES, *families.texts(60, seed=71)]:
        assert_alike(name, lambda sp, text=text: sp.encode(text, out_type=form), text)
    texts = [text for text in TEXTS if isinstance(text, str)]
    for threads in (1, 2, -1):
        assert_alike(name, lambda sp, n=threads: sp.encode(texts, num_threads=n, out_type=form))
        assert_alike(name, lambda sp, n=threads: sp.encode(BYTES, num_threads=n, out_type=form))


@every_model
def test_offsets_of_every_scalar_value(name: str) -> None:
    for text in list(scalars_in(CONTEXTS[1], block=64, sparse=True))[::53]:
        for form in ("offset_mapping", "serialized_proto"):
            assert_alike(
                name, lambda sp, text=text, form=form: sp.encode(text, out_type=form), text
            )


@every_model
def test_offsets_in_bytes_or_characters(name: str) -> None:
    for text, flag in product([*TEXTS, *BYTES], (True, False)):
        assert_alike(
            name,
            lambda sp, text=text, flag=flag: sp.encode(
                text, out_type="offset_mapping", return_bytes=flag
            ),
            text,
        )


@every_model
@pytest.mark.parametrize("options", list(product((False, True), repeat=4)), ids=str)
def test_symbols_order_and_unknown(name: str, options: tuple[bool, bool, bool, bool]) -> None:
    names = ("add_bos", "add_eos", "reverse", "emit_unk_piece")
    chosen = dict(zip(names, options, strict=True))
    for form, text in product(FORMS, ("a \u263a\U0010ffff b", "", ["x", "\u263a y"], [])):
        assert_alike(
            name,
            lambda sp, form=form, text=text: sp.encode(text, out_type=form, **chosen),
            (form, text),
        )


@every_model
def test_arrays(name: str) -> None:
    mine, theirs = pair(name)
    found, right = mine.encode("the x", out_type="numpy"), theirs.encode("the x", out_type="numpy")
    assert (found.dtype, found.flags.writeable) == (right.dtype, right.flags.writeable)
    np.testing.assert_array_equal(found, right)
    rows = mine.encode(["a", ""], out_type="numpy")
    assert [row.tolist() for row in rows] == theirs.encode(["a", ""])


@every_model
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_best_few(name: str, form: Any) -> None:
    for text, n in product(
        ("", "the hello", "a  b\u263a\u263a", b"a\xff", ["the", "a b"]), (0, 1, 2, 7, 513)
    ):
        assert_alike(
            name,
            lambda sp, text=text, n=n: sp.nbest_encode(text, nbest_size=n, out_type=form),
            (text, n),
        )
    assert_alike(
        name, lambda sp: sp.nbest_encode_as_pieces("the hello", 3, add_bos=True, reverse=True)
    )


@every_model
def test_normalizing(name: str) -> None:
    for text in [*TEXTS, *BYTES, *families.texts(60, seed=72)]:
        assert_alike(name, lambda sp, text=text: sp.normalize(text), text)
        assert_alike(name, lambda sp, text=text: sp.normalize(text, with_offsets=True), text)
    assert_alike(name, lambda sp: sp.normalize(["a ", b"\xff"], with_offsets=True))


@pytest.mark.parametrize("name", MODELS)
def test_parallel_encoding_is_encoding(name: str) -> None:
    mine, _ = pair(name)
    for text, form in product(families.texts(10, seed=73), (int, str, bytes, "serialized_proto")):
        right = mine.encode(text, out_type=form)
        assert mine.parallel_encode(text, chunk_len=3, out_type=form) == right


def test_messages_of_protobuf() -> None:
    pytest.importorskip("google.protobuf")
    from toksmith.compat.sentencepiece import sentencepiece_model_pb2, sentencepiece_pb2

    mine, _ = pair("unigram")
    found = mine.encode("the \u263a", out_type="proto")
    assert isinstance(found, sentencepiece_pb2.SentencePieceText)
    assert found.SerializeToString() == mine.encode("the \u263a", out_type="serialized_proto")
    assert [piece.piece for piece in found.pieces] == mine.encode("the \u263a", out_type=str)
    best = mine.nbest_encode("the", nbest_size=3, out_type="proto")
    assert [[piece.id for piece in path.pieces] for path in best.nbests] == mine.nbest_encode(
        "the", nbest_size=3
    )
    model = sentencepiece_model_pb2.ModelProto.FromString(mine.serialized_model_proto())
    assert len(model.pieces) == len(mine)
    assert model.trainer_spec.model_type == 1
    assert ours.SentencePieceProcessor(model_proto=model).encode("the") == mine.encode("the")


def test_pickling_keeps_options() -> None:
    data = families.model_file("bpe")
    mine = ours.SentencePieceProcessor(model_proto=data, out_type=str, add_eos=True)
    again = pickle.loads(pickle.dumps(mine))
    assert (
        again.encode("the x")
        == mine.encode("the x")
        == [*mine.encode("the x", add_eos=False), "</s>"]
    )
    assert again.serialized_model_proto() == data


def test_what_is_not_there_says_so() -> None:
    mine, _ = pair("unigram")
    with pytest.raises(toksmith.UnsupportedFeature, match="training"):
        ours.SentencePieceTrainer.train(input="x", model_prefix="y", vocab_size=10)
    with pytest.raises(toksmith.UnsupportedFeature, match="flatbuffer"):
        ours.convert_to_flatbuffer(model_file="x")
    with pytest.raises(toksmith.UnsupportedFeature, match="timeout"):
        ours.set_nbest_timeout(5)
    for argument in ({"rule_name": "nfkc"}, {"rule_tsv": "x"}, {"norm_map": [("a", "b")]}):
        with pytest.raises(toksmith.UnsupportedFeature, match=next(iter(argument))):
            ours.SentencePieceNormalizer(**argument)
    assert not hasattr(mine, "set_encode_extra_options")
