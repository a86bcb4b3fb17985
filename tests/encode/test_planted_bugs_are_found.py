"""Promise: the comparison with a reference sees a bug: one merge skipped, one class wrong.

Each bug is planted in our tokenizer by changing what it is built from, and the same function that
the exactness tests use must find it in the same texts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import shapes
import toksmith as ts
from compare import differences
from full_json import Json
from generated import CONTEXTS, FAMILY_PIECES, scalars_in, strings
from references import (
    LLAMA3_PATTERN,
    embedded_ranks,
    json_pair,
    rank_pair,
    tiktoken_from_ranks,
)
from vocabularies import embedded, to_rank_file

PATTERN = LLAMA3_PATTERN  # a pattern in the syntax that every engine shares


def texts() -> Iterator[str]:
    yield from strings(3_000)
    yield from scalars_in(CONTEXTS[1], sparse=True)
    yield shapes.make("english", 20_000)
    yield shapes.make("random digits", 20_000)
    # Words that are no tokens, which are all that a merge shows in where whole words are taken.
    yield shapes.make("random letters", 20_000)
    yield " tqzx thqqx trrrrq"


def found(ranks: dict[bytes, int], pattern: str) -> int:
    """How many texts differ from tiktoken over the right ranks and pattern."""
    ours = ts.Tokenizer.from_bytes(to_rank_file(ranks), pattern=pattern, specials={})
    reference = tiktoken_from_ranks(embedded_ranks("cl100k_base"), PATTERN, {})
    return sum(1 for _ in differences(ours, reference, texts()))


def test_without_a_bug_nothing_is_found() -> None:
    assert found(embedded_ranks("cl100k_base"), PATTERN) == 0


@pytest.mark.parametrize("rarity", ["most common", "second most common", "seen once"])
def test_a_merge_that_is_skipped_is_found(rarity: str) -> None:
    ranks = embedded_ranks("cl100k_base")
    reference = tiktoken_from_ranks(ranks, PATTERN, {})
    answers = reference.answers(list(texts()), specials=False)
    seen = Counter(token for answer in answers for token in answer.ids).most_common()
    merged = [(token, count) for token, count in seen if len(reference.token(token)) > 1]
    assert merged[-1][1] == 1
    place = {"most common": 0, "second most common": 1, "seen once": -1}[rarity]
    skipped = reference.token(merged[place][0])
    # Its id stays taken, by bytes that never come up, so that no other rank moves.
    ours = {b"\xff\xfe\xfd\xfc\xfb" if token == skipped else token: ranks[token] for token in ranks}
    assert found(ours, PATTERN) > 0


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"\p{L}+", r"[\p{L}\p{M}]+"),
        (r"\p{N}{1,3}", r"\d{1,3}"),
        (r"\p{N}{1,3}", r"\p{N}{1,2}"),
        (r"[\r\n]*|", r"[\n]*|"),
        (r"(?i:'s", r"(?:'s"),
        (r"\s+(?!\S)|", ""),
        (r"[^\s\p{L}\p{N}]+", r"[^\s\p{L}\p{Nd}]+"),
    ],
)
def test_a_class_that_is_wrong_is_found(right: str, wrong: str) -> None:
    assert right in PATTERN
    assert found(embedded_ranks("cl100k_base"), PATTERN.replace(right, wrong)) > 0


def swap(merges: list[list[str]], first: list[str], second: list[str]) -> None:
    a, b = merges.index(first), merges.index(second)
    merges[a], merges[b] = second, first


JSON_BUGS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a merge skipped": lambda file: file["model"]["merges"].pop(0),
    "two merges swapped": lambda file: swap(file["model"]["merges"], ["r", "e"], ["e", "r"]),
    "a special token not special": lambda file: file["added_tokens"][0].update(special=False),
}


@pytest.mark.parametrize("bug", JSON_BUGS)
def test_a_bug_in_a_tokenizer_json_is_found(bug: str) -> None:
    _, reference = json_pair("saved/r50k_base")
    file = json.loads(embedded("r50k_base")._save("json"))
    JSON_BUGS[bug](file)
    try:
        ours = ts.Tokenizer.from_bytes(json.dumps(file).encode())
    except ts.ToksmithError:
        return  # found before any text was
    assert any(True for _ in differences(ours, reference, texts()))


def test_a_wrong_span_and_a_wrong_decoded_byte_are_found() -> None:
    ours, reference = rank_pair("r50k_base")

    class Off:
        def answers(self, texts_: list[str], specials: bool) -> list[Any]:
            answers = reference.answers(texts_, specials)
            for answer in answers:
                assert answer.byte_spans is not None
                answer.byte_spans[-1] += 1
            return answers

    assert next(differences(ours, Off(), ["a text"])).what == "spans"  # type: ignore[arg-type]


BERT_BUGS: dict[str, Callable[[dict[str, Any]], object]] = {
    "none": lambda file: file.copy(),
    "accents kept": lambda file: file["normalizer"].update(strip_accents=False),
    "no clean-up": lambda file: file["decoder"].update(cleanup=False),
    "a type id": lambda file: file["post_processor"]["single"][2]["SpecialToken"].update(type_id=1),
    "no template": lambda file: file.update(post_processor=None),
    "a special token not special": lambda file: file["added_tokens"][4].update(special=False),
    "longer words": lambda file: file["model"].update(max_input_chars_per_word=101),
}


@pytest.mark.parametrize("bug", BERT_BUGS)
def test_a_bug_is_found_by_the_long_comparison(bug: str) -> None:
    pair = Json("bert")
    file = json.loads(pair.reference.to_str())
    BERT_BUGS[bug](file)
    pair.ours = ts.Tokenizer.from_bytes(json.dumps(file).encode())
    texts = list(strings(1_500, more=FAMILY_PIECES))
    found = list(pair.differences(texts, "every setting"))
    assert bool(found) == (bug != "none"), found
    assert all(difference.text in texts for difference in found)
