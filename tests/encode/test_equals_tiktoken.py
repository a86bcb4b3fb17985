"""Promise: rank vocabularies give the ids, spans and decoded bytes of tiktoken 0.14.0.

`TOKSMITH_FULL=1` runs the long form: 100,000 generated strings, each scalar value in a text of its
own, every document. `tests/full_exactness.py` prints the same as a table.
"""

from __future__ import annotations

from itertools import islice

import pytest
import tiktoken

import shapes
from compare import assert_same, chunks
from generated import CONTEXTS, scalars_in, strings
from references import EMBEDDED, load_ranks, rank_file, rank_pair
from testdata import CORPORA, FULL, LANGUAGES, corpus, language

ALL = (*EMBEDDED, "llama3", "qwen")
ONE_OF_EACH_PATTERN = ("r50k_base", "cl100k_base", "o200k_base", "llama3", "qwen")


def test_the_reference_is_the_pinned_one() -> None:
    assert tiktoken.__version__ == "0.14.0"


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_ranks_are_the_published_ones(name: str) -> None:
    ours, reference = rank_pair(name)  # compares the hash with tiktoken's own
    encoding = reference.encoding
    assert load_ranks(rank_file(name)) == encoding._mergeable_ranks
    assert ours.special_ids == encoding._special_tokens
    assert ours.vocab_size == len(encoding._mergeable_ranks)


@pytest.mark.parametrize("specials", [False, True], ids=["specials off", "specials on"])
@pytest.mark.parametrize("name", ALL)
def test_generated_strings(name: str, specials: bool) -> None:
    ours, reference = rank_pair(name)
    assert_same(ours, reference, strings(100_000 if FULL else 3_000), specials)


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", ONE_OF_EACH_PATTERN)
def test_every_scalar_value(name: str, context: str) -> None:
    ours, reference = rank_pair(name)
    assert_same(ours, reference, scalars_in(context, sparse=not FULL))


@pytest.mark.parametrize("name", ONE_OF_EACH_PATTERN)
def test_every_scalar_value_in_a_text_of_its_own(name: str) -> None:
    ours, reference = rank_pair(name)
    for context in CONTEXTS if FULL else CONTEXTS[:1]:
        for chunk in chunks(scalars_in(context, block=1, sparse=not FULL), 1 << 16):
            assert ours.encode_batch(chunk).tolist() == reference.ids(chunk)


@pytest.mark.parametrize("shape", shapes.SHAPES)
@pytest.mark.parametrize("name", ONE_OF_EACH_PATTERN)
def test_adversarial_shapes(name: str, shape: str) -> None:
    ours, reference = rank_pair(name)
    sizes = (1, 100, 5_000, 65_536, *([1_000_000] if FULL else []))
    assert_same(ours, reference, [shapes.make(shape, size) for size in sizes])


@pytest.mark.parametrize("which", CORPORA)
@pytest.mark.parametrize("name", ALL)
def test_corpora(name: str, which: str) -> None:
    ours, reference = rank_pair(name)
    assert_same(ours, reference, islice(corpus(which), None, None, 1 if FULL else 100))


@pytest.mark.parametrize("name", ONE_OF_EACH_PATTERN)
def test_languages(name: str) -> None:
    ours, reference = rank_pair(name)
    for which in LANGUAGES:
        assert_same(ours, reference, islice(language(which), None, None, 1 if FULL else 200))


def test_two_special_tokens_may_share_an_id() -> None:
    ours, reference = rank_pair("o200k_harmony")
    for name in ("<|endofprompt|>", "<|reserved_200018|>"):
        text = f"a{name}b"
        encoding = ours.encode_with_spans(text, allowed_special="all")
        assert encoding.ids.tolist() == reference.encoding.encode(text, allowed_special="all")
        assert encoding.spans.tolist() == [[0, 1], [1, 1 + len(name)], [1 + len(name), len(text)]]


def test_a_lone_surrogate_is_replaced_as_tiktoken_replaces_it() -> None:
    ours, reference = rank_pair("cl100k_base")
    for text in ("\ud800", "a\udfffb", "\ud83d\ude00", "x\ud83d", "\ude00\ud83d"):
        want = reference.encoding.encode_ordinary(text)
        assert ours.encode(text, errors="replace") == want
