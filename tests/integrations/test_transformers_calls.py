"""Promise: an accelerated tokenizer of transformers answers every call as the original does."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from integrations.transformers_pairs import FOLDERS, original, outcome, positions, twin

every = pytest.mark.parametrize("name", FOLDERS)

TEXT = "Hello, wörld! It's 10 \U0001f600 tokens…"
OTHER = "A second text,  which is a bit longer than the first."
WORDS = ["Hello", "wörld", "it's", "\U0001f600"]
# Forty combinations of arguments, each tried with every form of text.
OPTIONS: list[dict[str, Any]] = [
    {},
    {"add_special_tokens": False},
    {"padding": True},
    {"padding": "longest", "padding_side": "left"},
    {"padding": True, "pad_to_multiple_of": 8},
    {"padding": True, "pad_to_multiple_of": 8, "return_special_tokens_mask": True},
    {"padding": "max_length", "max_length": 24},
    {"padding": "max_length", "max_length": 23, "pad_to_multiple_of": 5, "padding_side": "left"},
    {"padding": "max_length", "max_length": 4},
    {"truncation": True, "max_length": 9},
    {"truncation": True, "max_length": 9, "add_special_tokens": False},
    {"truncation": True, "max_length": 2},
    {"truncation": True},
    {"truncation": "only_first", "max_length": 12},
    {"truncation": "only_second", "max_length": 20},
    {"truncation": "longest_first", "max_length": 9, "padding": True},
    {"truncation": "longest_first", "max_length": 10, "padding": "max_length"},
    {"truncation": "do_not_truncate", "max_length": 5},
    {"truncation": "no such strategy", "max_length": 5},
    {"padding": "no such strategy"},
    {"truncation": True, "max_length": 9, "return_overflowing_tokens": True},
    {"truncation": True, "max_length": 9, "stride": 2, "return_overflowing_tokens": True},
    {"truncation": "only_first", "max_length": 8, "return_overflowing_tokens": True},
    {
        "truncation": "only_second",
        "max_length": 20,
        "stride": 3,
        "return_overflowing_tokens": True,
        "return_offsets_mapping": True,
        "padding": "max_length",
    },
    {"truncation": True, "max_length": 9, "stride": 20},
    {"truncation": True, "max_length": 9, "return_offsets_mapping": True, "padding": True},
    {"return_offsets_mapping": True},
    {"return_offsets_mapping": True, "return_special_tokens_mask": True, "padding": True},
    {"add_special_tokens": False, "return_offsets_mapping": True, "padding": True},
    {"return_special_tokens_mask": True},
    {"return_token_type_ids": True},
    {"return_token_type_ids": False, "return_attention_mask": False},
    {"return_length": True},
    {"return_tensors": "np"},
    {"return_tensors": "np", "padding": True},
    {"return_tensors": "np", "padding": True, "return_token_type_ids": True},
    {"return_tensors": "np", "padding": "max_length", "truncation": True, "max_length": 9},
    {"return_tensors": "pt", "padding": True},
    {"split_special_tokens": True},
    {"split_special_tokens": True, "add_special_tokens": False, "return_offsets_mapping": True},
]
assert len(OPTIONS) == 40


def texts(tokenizer: Any) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Every form of text, with special tokens of the tokenizer in it."""
    symbols = tokenizer.all_special_tokens
    text = f"{TEXT} {symbols[0]}x {symbols[-1]}"
    words = [*WORDS, symbols[0]]
    return [
        ((text,), {}),
        ((text, OTHER), {}),
        (([text, OTHER, ""],), {}),
        (([text, OTHER], [OTHER, text]), {}),
        (([(text, OTHER), (OTHER, "")],), {}),
        ((words,), {"is_split_into_words": True}),
        (([words, words[:1]],), {"is_split_into_words": True}),
        ((words, WORDS[:2]), {"is_split_into_words": True}),
    ]


@every
def test_a_call_of_any_arguments(name: str) -> None:
    theirs, ours = original(name), twin(name)
    for given, form in texts(theirs):
        for options in OPTIONS:
            right = outcome(lambda a=given, o=form | options: theirs(*a, **o))
            found = outcome(lambda a=given, o=form | options: ours(*a, **o))
            assert found == right, (given, form, options)


@every
@pytest.mark.parametrize(
    "given", [(), (None,), (5,), ([],), ("a", 5), ([1, 2],), ("",), ("", ""), ([[]],), (["a", 5],)]
)
def test_a_call_of_what_is_no_text(name: str, given: tuple[Any, ...]) -> None:
    right = outcome(lambda: original(name)(*given))
    assert outcome(lambda: twin(name)(*given)) == right


@pytest.mark.parametrize("name", [name for name in FOLDERS if not name.startswith("slow")])
def test_the_methods_of_what_a_call_gives(name: str) -> None:
    theirs, ours = original(name), twin(name)
    for given, form in texts(theirs)[:4] + texts(theirs)[-1:]:
        right, found = theirs(*given, **form), ours(*given, **form)
        assert positions(found) == positions(right)
        assert copy.deepcopy(found).data == right.data


@every
def test_sides_of_a_tokenizer(name: str) -> None:
    theirs, ours = copy.deepcopy(original(name)), copy.deepcopy(twin(name))
    for tokenizer in (theirs, ours):
        tokenizer.truncation_side = tokenizer.padding_side = "left"
    options = {"truncation": True, "padding": "max_length", "max_length": 8, "stride": 1}
    for further in ({}, {"return_overflowing_tokens": True}):
        for given in ((TEXT,), ([TEXT, "a"],)):
            right = outcome(lambda a=given, o=options | further: theirs(*a, **o))
            assert outcome(lambda a=given, o=options | further: ours(*a, **o)) == right
