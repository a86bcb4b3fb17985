"""Promise: the comparison by columns finds what differs in any one text, and names that text.

Wrong answers are planted in a column of right ones, at every place of a chunk that counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import families
import toksmith as ts
from columns import Column, column, in_characters, joined, span_column, unequal
from generated import strings
from references import pair_of_json

TEXTS = ["", "a b", "\u00e9\u4e2d", "", "\U0001f600 x"]
ROWS: list[list[int]] = [[], [1, 2], [3], [], [4, 5, 6]]
SPANS: list[list[tuple[int, int]]] = [[], [(0, 1), (1, 3)], [(0, 2)], [], [(0, 1), (1, 2), (2, 3)]]


def test_equal_columns_have_no_difference() -> None:
    right: dict[str, Any] = {
        "ids": column(ROWS), "spans": span_column(SPANS), "text": list(map(str, ROWS)),
    }  # fmt: skip
    ours: dict[str, Any] = {
        "ids": joined([np.array(row, np.uint32) for row in ROWS]),
        "spans": span_column(SPANS), "text": list(map(str, ROWS)), "more": [],
    }  # fmt: skip
    assert unequal(TEXTS, ours, right) == {}


@pytest.mark.parametrize("number", [1, 2, 4])
@pytest.mark.parametrize("bug", ["another id", "an id less", "an id more"])
def test_a_wrong_row_is_found_where_it_is(number: int, bug: str) -> None:
    wrong = [list(row) for row in ROWS]
    if bug == "another id":
        wrong[number][0] += 1
    elif bug == "an id less":
        wrong[number].pop()
    else:
        wrong[number].append(9)
    found = unequal(TEXTS, {"ids": column(wrong)}, {"ids": column(ROWS)})
    assert list(found) == [number]
    assert found[number][1:] == (TEXTS[number], wrong[number], ROWS[number])


def test_the_same_ids_in_other_rows_are_found() -> None:
    wrong = [[1], [2], [3], [], [4, 5, 6]]
    assert list(unequal(TEXTS, {"ids": column(wrong)}, {"ids": column(ROWS)})) == [0, 1]


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_wrong_span_or_text_is_found(number: int) -> None:
    spans = [list(row) for row in SPANS]
    spans[number][-1] = (spans[number][-1][0], spans[number][-1][1] + 1)
    assert list(unequal(TEXTS, {"s": span_column(spans)}, {"s": span_column(SPANS)})) == [number]
    decoded = [text + "!" * (at == number) for at, text in enumerate(TEXTS)]
    assert list(unequal(TEXTS, {"t": decoded}, {"t": TEXTS})) == [number]


@pytest.mark.parametrize("name", families.JSON_FAMILIES)
def test_byte_spans_hold_the_characters_of_character_spans(name: str) -> None:
    ours, _ = pair_of_json(families.jsons()[name].encode())
    texts = [*families.SEAMS, *strings(300, seed=31)]
    rows = [ours.encode_with_spans(text) for text in texts]
    found = in_characters(texts, joined([row.spans for row in rows]))
    right = joined([row.char_spans for row in rows])
    assert unequal(texts, {"spans": found}, {"spans": right}) == {}


def test_spans_inside_a_character_are_that_character() -> None:
    texts = ["", "a\u4e2d", "\u00e9"]
    spans = Column(np.array([[0, 1], [1, 2], [2, 4], [4, 4], [0, 2]]), np.array([0, 0, 4, 5]))
    assert in_characters(texts, spans).values.tolist() == [[0, 1], [1, 2], [1, 2], [2, 2], [0, 1]]


def test_a_batch_of_ours_is_a_column() -> None:
    ours = ts.Tokenizer.from_pretrained("gpt2")
    batch = ours.encode_batch(TEXTS)
    wanted = {"ids": column([ours.encode(text) for text in TEXTS])}
    assert unequal(TEXTS, {"ids": Column(batch.ids.astype(np.int64), batch.offsets)}, wanted) == {}
