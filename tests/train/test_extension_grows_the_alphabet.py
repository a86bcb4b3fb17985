"""`extend_bpe` of a BPE of characters: new characters become tokens, and are merged."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import toksmith as ts
from toksmith.train.letters import new_letters

LATIN = ["low lower lowest", "new newer newest"] * 4
GREEK = ["\u03b1\u03b2\u03b3 \u03b1\u03b2\u03b3 \u03b1\u03b2 low", "\u03b1\u03b2\u03b4"] * 5


def model(tok: ts.Tokenizer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tok._save("json"))["model"]
    return found


@pytest.mark.parametrize("unk_token", [None, "<unk>"])
def test_new_characters_are_tokens_and_merge(unk_token: str | None) -> None:
    tok = ts.train.bpe(LATIN, 300, like="metaspace", unk_token=unk_token)
    more = ts.train.extend_bpe(tok, GREEK, 6)
    assert len(more) == len(tok) + 6
    spelled = sorted(model(more)["vocab"], key=model(more)["vocab"].get)
    assert spelled[: len(tok)] == sorted(model(tok)["vocab"], key=model(tok)["vocab"].get)
    assert spelled[len(tok) :][:4] == ["\u03b1", "\u03b2", "\u03b3", "\u03b4"]
    assert spelled[len(tok) :][4:] == ["\u2581\u03b1", "\u2581\u03b1\u03b2"]
    for text in [*LATIN, *GREEK]:
        assert more.decode(more.encode(text)) == text
    for text in LATIN:
        assert more.encode(text) == tok.encode(text)


def test_coverage_leaves_rare_characters_out() -> None:
    tok = ts.train.bpe(LATIN, 300, like="metaspace")
    same = ts.train.extend_bpe(tok, GREEK, 3, character_coverage=0)
    assert "\u03b1" not in model(same)["vocab"]
    some = ts.train.extend_bpe(tok, [*GREEK, "\u03c9"], 5, character_coverage=0.97)
    assert "\u03b1" in model(some)["vocab"]
    assert "\u03c9" not in model(some)["vocab"]


def test_more_characters_than_asked_for_are_an_error() -> None:
    tok = ts.train.bpe(LATIN, 300, like="metaspace")
    with pytest.raises(ts.InputError, match="4 characters"):
        ts.train.extend_bpe(tok, GREEK, 3)
    for coverage in (-0.1, 1.1, "1", None, float("nan")):
        with pytest.raises(ts.InputError, match="character_coverage"):
            ts.train.extend_bpe(tok, GREEK, 9, character_coverage=coverage)  # type: ignore[arg-type]
    with pytest.raises(ts.InputError, match="byte-level"):
        ts.train.extend_bpe(ts.train.bpe(LATIN, 270), GREEK, 9, character_coverage=0.5)


@pytest.mark.parametrize(("prefix", "suffix"), [("##", ""), ("", "</w>"), ("##", "</w>")])
def test_affixes_are_kept(prefix: str, suffix: str) -> None:
    tok = ts.train.bpe(
        LATIN, 60, like="metaspace", unk_token="<unk>",
        continuing_subword_prefix=prefix, end_of_word_suffix=suffix,
    )  # fmt: skip
    more = ts.train.extend_bpe(tok, GREEK, 20)
    unk = more.token_id("<unk>")
    assert unk in tok.encode(GREEK[0])
    for text in GREEK:
        assert unk not in more.encode(text)
        assert len(more.encode(text)) < len(tok.encode(text)) + 1


def naive(
    words: dict[str, int], known: set[str], coverage: float, affixes: tuple[str, str]
) -> list[str]:
    seen: dict[str, int] = {}
    forms: dict[str, set[int]] = {}
    for word, count in words.items():
        for at, letter in enumerate(word):
            seen[letter] = seen.get(letter, 0) + count
            forms.setdefault(letter, set()).add((at > 0) + 2 * (at == len(word) - 1))
    covered = sum(count for letter, count in seen.items() if letter in known)
    chosen = []
    for letter in sorted(seen, key=lambda letter: (-seen[letter], letter)):
        if coverage == 0 or (coverage < 1 and covered >= coverage * sum(seen.values())):
            break
        if letter not in known:
            chosen.append(letter)
            covered += seen[letter]
    found: dict[str, None] = {}
    for letter in sorted(chosen):
        found[letter] = None
        for form in sorted(forms[letter]):
            spelling = (affixes[0] if form & 1 else "") + letter + (affixes[1] if form & 2 else "")
            if spelling not in known:
                found[spelling] = None
    return list(found)


@pytest.mark.parametrize("affixes", [("", ""), ("##", ""), ("", "</w>"), ("#", "!")])
def test_letters_are_those_of_a_loop_over_words(affixes: tuple[str, str]) -> None:
    draw = np.random.default_rng(4)
    letters = list("abcxyz\u00e9\u4e2d\U0001f468\u0301#!\0")
    for coverage in (0.0, 0.5, 0.9, 0.99, 1.0):
        for _ in range(50):
            words = {
                "".join(draw.choice(letters, draw.integers(1, 6))): int(draw.integers(1, 2**62))
                for _ in range(draw.integers(0, 9))
            }
            known = set(draw.choice(letters, 5).tolist())
            counted = ts.train.WordCounts.from_pairs(words)
            assert new_letters(counted, known, coverage, affixes) == naive(
                words, known, coverage, affixes
            )
