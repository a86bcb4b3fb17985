"""Promise: a tokenizer.json gives the ids and character offsets of tokenizers 0.23.3.

With both settings of `encode_special_tokens`: special tokens in text are text (ours by default), or
are recognised (`allowed_special="all"`). Files: those of the test data, and what `save` writes for
the embedded vocabularies. `TOKSMITH_FULL=1` runs the long form.
"""

from __future__ import annotations

from itertools import islice

import pytest
import tokenizers

import shapes
from compare import assert_same
from generated import CONTEXTS, scalars_in, strings
from references import json_pair, rank_pair
from testdata import CORPORA, FULL, LANGUAGES, corpus, language

SAVED = ("saved/r50k_base", "saved/cl100k_base", "saved/o200k_base")
ALL = ("gpt2", "llama3", "qwen", *SAVED)
# The long-standing library is slow where a text has no boundary; its own time is what limits these.
QUICK_SHAPE_SIZES = (1, 100, 5_000)


def test_the_reference_is_the_pinned_one() -> None:
    assert tokenizers.__version__ == "0.23.3"


@pytest.mark.parametrize("specials", [False, True], ids=["specials off", "specials on"])
@pytest.mark.parametrize("name", ALL)
def test_generated_strings(name: str, specials: bool) -> None:
    ours, reference = json_pair(name)
    assert_same(ours, reference, strings(100_000 if FULL else 2_000, seed=1), specials)


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", ["gpt2", "llama3", "qwen"] if FULL else ["saved/r50k_base"])
def test_every_scalar_value(name: str, context: str) -> None:
    ours, reference = json_pair(name)
    assert_same(ours, reference, scalars_in(context, sparse=not FULL))


@pytest.mark.parametrize("shape", shapes.SHAPES)
@pytest.mark.parametrize("name", ALL)
def test_adversarial_shapes(name: str, shape: str) -> None:
    ours, reference = json_pair(name)
    sizes = (*QUICK_SHAPE_SIZES, *([65_536] if FULL else []))
    assert_same(ours, reference, [shapes.make(shape, size) for size in sizes])


@pytest.mark.parametrize("which", CORPORA)
@pytest.mark.parametrize("name", ["gpt2", "llama3", "qwen"])
def test_corpora(name: str, which: str) -> None:
    ours, reference = json_pair(name)
    assert_same(ours, reference, islice(corpus(which), None, None, 1 if FULL else 200))


@pytest.mark.parametrize("name", ["gpt2", "llama3", "qwen"])
def test_languages(name: str) -> None:
    ours, reference = json_pair(name)
    for which in LANGUAGES:
        assert_same(ours, reference, islice(language(which), None, None, 1 if FULL else 400))


@pytest.mark.parametrize("name", ["llama3", "qwen"])
def test_a_rank_file_and_its_tokenizer_json_give_the_same_ids(name: str) -> None:
    by_list, by_rank = json_pair(name)[0], rank_pair(name)[0]
    texts = list(strings(5_000, seed=2))
    assert by_list.encode_batch(texts) == by_rank.encode_batch(texts)
