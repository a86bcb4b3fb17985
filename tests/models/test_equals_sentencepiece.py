"""Promise: a `.model` file gives the ids, byte spans and decoded text of sentencepiece 0.2.3.

Models of all four types are trained here by the library itself; real ones come from the test data.
`TOKSMITH_FULL=1` runs the long form.
"""

from __future__ import annotations

from itertools import islice

import pytest
import sentencepiece

import families
import shapes
from compare import assert_same
from generated import CONTEXTS, scalars_in
from references import pair_of_model, sentencepiece_pair
from testdata import CORPORA, FULL, LANGUAGES, corpus, language

REAL = ("xlmr_unigram", "mistral_v1")


def test_the_reference_is_the_pinned_one() -> None:
    assert sentencepiece.__version__ == "0.2.3"


@pytest.mark.parametrize("name", families.MODEL_OPTIONS)
def test_small_models(name: str) -> None:
    ours, reference = pair_of_model(families.model_file(name))
    assert_same(ours, reference, families.texts(50_000 if FULL else 150, seed=21))


@pytest.mark.parametrize("name", families.MODEL_OPTIONS)
def test_every_scalar_value_in_small_models(name: str) -> None:
    ours, reference = pair_of_model(families.model_file(name))
    for context in CONTEXTS if FULL else CONTEXTS[1:3]:
        texts = scalars_in(context, block=64, sparse=not FULL)
        assert_same(ours, reference, islice(texts, None, None, 1 if FULL else 101))


@pytest.mark.parametrize("name", families.MODEL_OPTIONS)
def test_adversarial_shapes_in_small_models(name: str) -> None:
    ours, reference = pair_of_model(families.model_file(name))
    sizes = (1, 100, 5_000) if FULL else (1, 60, 400)
    assert_same(ours, reference, [shapes.make(s, n) for s in shapes.SHAPES for n in sizes])


@pytest.mark.parametrize("name", families.MODEL_OPTIONS)
def test_decoding_of_any_ids(name: str) -> None:
    ours, reference = pair_of_model(families.model_file(name))
    for ids in families.random_ids(len(ours), 5_000 if FULL else 100):
        assert ours.decode(ids, skip_special_tokens=True) == reference.decode(ids), ids


@pytest.mark.parametrize("name", REAL)
def test_generated_strings(name: str) -> None:
    ours, reference = sentencepiece_pair(name)
    assert_same(ours, reference, families.texts(100_000 if FULL else 150, seed=22))


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", REAL)
def test_every_scalar_value(name: str, context: str) -> None:
    ours, reference = sentencepiece_pair(name)
    texts = scalars_in(context, block=64, sparse=not FULL)
    assert_same(ours, reference, islice(texts, None, None, 1 if FULL else 101))


@pytest.mark.parametrize("name", REAL)
def test_adversarial_shapes(name: str) -> None:
    ours, reference = sentencepiece_pair(name)
    sizes = (1, 100, 5_000) if FULL else (1, 150)
    assert_same(ours, reference, [shapes.make(s, n) for s in shapes.SHAPES for n in sizes])


@pytest.mark.parametrize("which", CORPORA)
@pytest.mark.parametrize("name", REAL)
def test_corpora(name: str, which: str) -> None:
    ours, reference = sentencepiece_pair(name)
    documents = islice(corpus(which), 0, None if FULL else 1_000, 1 if FULL else 100)
    assert_same(ours, reference, documents)


@pytest.mark.parametrize("name", REAL)
def test_languages(name: str) -> None:
    ours, reference = sentencepiece_pair(name)
    for which in LANGUAGES:
        lines = islice(language(which), 0, None if FULL else 200, 1 if FULL else 40)
        assert_same(ours, reference, lines)
