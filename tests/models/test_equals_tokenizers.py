"""Promise: every kind of tokenizer.json gives the ids, spans and decoded text of tokenizers 0.23.3.

With both settings of `encode_special_tokens`, and decoded with special tokens and without. Real
files come from the test data; the small ones are made here (`families`), each part of the library
alone and in company. `TOKSMITH_FULL=1` runs the long form.
"""

from __future__ import annotations

from functools import cache
from itertools import islice

import pytest

import families
import shapes
from compare import Difference, assert_same, differences
from generated import CONTEXTS, scalars_in, strings
from references import LOSSY, json_pair, pair_of_json
from testdata import CORPORA, FULL, LANGUAGES, corpus, language

specials_off_and_on = pytest.mark.parametrize("specials", [False, True], ids=["off", "on"])


@specials_off_and_on
@pytest.mark.parametrize("name", families.jsons())
def test_ids_and_spans_of_small_tokenizers(name: str, specials: bool) -> None:
    assert not [str(d) for d in found_in(name, specials) if not d.what.startswith("decoded")]


@specials_off_and_on
@pytest.mark.parametrize("name", families.jsons())
def test_decoded_text_of_small_tokenizers(name: str, specials: bool) -> None:
    assert not [str(d) for d in found_in(name, specials) if d.what.startswith("decoded")]


@cache
def found_in(name: str, specials: bool) -> list[Difference]:
    """What differs for one small tokenizer."""
    ours, reference = pair_of_json(families.jsons()[name].encode())
    texts = families.texts(5_000 if FULL else 20, seed=11)
    return list(differences(ours, reference, texts, specials))


@pytest.mark.parametrize("name", families.jsons() if FULL else families.JSON_FAMILIES)
def test_every_scalar_value_in_small_tokenizers(name: str) -> None:
    ours, reference = pair_of_json(families.jsons()[name].encode())
    for context in CONTEXTS if FULL else CONTEXTS[2:3]:
        texts = scalars_in(context, block=64, sparse=not FULL)
        assert_same(ours, reference, islice(texts, None, None, 1 if FULL else 61))


@pytest.mark.parametrize("name", families.JSON_FAMILIES)
def test_adversarial_shapes_in_small_tokenizers(name: str) -> None:
    ours, reference = pair_of_json(families.jsons()[name].encode())
    sizes = (1, 100, 2_000, 20_000) if FULL else (1, 60, 400)
    assert_same(ours, reference, [shapes.make(s, n) for s in shapes.SHAPES for n in sizes])


@specials_off_and_on
@pytest.mark.parametrize("name", LOSSY)
def test_generated_strings(name: str, specials: bool) -> None:
    ours, reference = json_pair(name)
    assert_same(ours, reference, families.texts(100_000 if FULL else 120, seed=12), specials)


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", LOSSY)
def test_every_scalar_value(name: str, context: str) -> None:
    ours, reference = json_pair(name)
    texts = scalars_in(context, block=64, sparse=not FULL)
    assert_same(ours, reference, islice(texts, None, None, 1 if FULL else 101))


@pytest.mark.parametrize("name", LOSSY)
def test_adversarial_shapes(name: str) -> None:
    ours, reference = json_pair(name)
    sizes = (1, 100, 5_000, 20_000) if FULL else (1, 150)
    assert_same(ours, reference, [shapes.make(s, n) for s in shapes.SHAPES for n in sizes])


@pytest.mark.parametrize("which", CORPORA)
@pytest.mark.parametrize("name", LOSSY)
def test_corpora(name: str, which: str) -> None:
    ours, reference = json_pair(name)
    documents = islice(corpus(which), 0, None if FULL else 1_000, 1 if FULL else 100)
    assert_same(ours, reference, documents)


@pytest.mark.parametrize("name", LOSSY)
def test_languages(name: str) -> None:
    ours, reference = json_pair(name)
    for which in LANGUAGES:
        lines = islice(language(which), 0, None if FULL else 200, 1 if FULL else 40)
        assert_same(ours, reference, lines)


@pytest.mark.parametrize("name", families.JSON_FAMILIES)
def test_decoding_of_any_ids(name: str) -> None:
    ours, reference = pair_of_json(families.jsons()[name].encode())
    for ids in families.random_ids(len(ours), 2_000 if FULL else 40):
        decoded = ours.decode(ids), ours.decode(ids, skip_special_tokens=True)
        assert decoded == (reference.decode(ids), reference.tokenizer.decode(ids)), ids


def test_a_text_is_the_same_from_str_and_from_bytes() -> None:
    for name in families.JSON_FAMILIES:
        ours, _ = pair_of_json(families.jsons()[name].encode())
        for text in strings(10, seed=13):
            assert ours.encode(text) == ours.encode(text.encode())
