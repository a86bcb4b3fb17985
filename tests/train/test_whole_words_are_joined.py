"""Joined words: learned and encoded as slow versions say, whatever cuts the text; saved in one way.

The slow training is `oracle_bpe.train`, over lines of words; the slow encoding is here.
"""

from __future__ import annotations

import json
import pickle
import random
import time
from dataclasses import replace
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import regex

import oracle_bpe as oracle
import toksmith as ts
from generated import strings
from testdata import corpus
from toksmith import _native, train
from toksmith.byte_probs import ByteLM
from toksmith.train.counting import count_with
from toksmith.train.pipeline import Pipeline

ALPHABETS = ("ab ", "a b\n", "abc  \n", "aé日🙂 \r\n", "a1. '", "aaab  ")
SPECIAL = "<|x|>"


@lru_cache
def pattern(name: str) -> regex.Pattern[str]:
    (found,) = ts.Tokenizer.from_pretrained(name).patterns
    return regex.compile(found)


def words(text: str, like: str = "gpt2") -> list[bytes]:
    """What the pattern of a vocabulary finds."""
    return [match.group().encode() for match in pattern(like).finditer(text)]


def ends_line(word: bytes) -> bool:
    return b"\n" in word or b"\r" in word


def lines(text: str, like: str = "gpt2") -> list[list[bytes]]:
    """Words, each line with the word that breaks it."""
    found: list[list[bytes]] = [[]]
    for word in words(text, like):
        found[-1].append(word)
        if ends_line(word):
            found.append([])
    return [line for line in found if line]


def encode(
    text: str, tokens: list[bytes], merges: list[tuple[int, int]], like: str = "gpt2"
) -> list[int]:
    """Merges words, then joins whole ones; every time all pairs are looked at."""
    ids = {token: id_ for id_, token in reversed(list(enumerate(tokens))) if token}
    listed = [(left, right, ids[tokens[left] + tokens[right]]) for left, right in merges]
    place = {pair: at for at, pair in reversed(list(enumerate(merges)))}
    out: list[int] = []
    for line in lines(text, like):
        row: list[tuple[int, bool]] = []
        for word in line:
            made = oracle.encode([ids[bytes([byte])] for byte in word], listed)
            row += [(token, len(made) == 1) for token in made]
        while True:
            found = [
                (place[left[0], right[0]], at)
                for at, (left, right) in enumerate(pairwise(row))
                if left[1] and right[1] and (left[0], right[0]) in place
            ]
            if not found:
                break
            _, at = min(found)
            (left, _), (right, _) = row[at : at + 2]
            row[at : at + 2] = [(ids[tokens[left] + tokens[right]], True)]
        out += [token for token, _ in row]
    return out


def draw(rng: random.Random, alphabet: str, most: int = 60) -> str:
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(most)))


def learned(texts: list[str], size: int) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Tokens and merges, counted anew after each."""
    first = [b"", *_native._train_bpe([], 256)[0]]
    ids = {token: id_ for id_, token in enumerate(first)}
    units = [
        ([p for word in line for p in oracle.pieces([ids[bytes([b])] for b in word])], 1)
        for text in texts
        for line in lines(text)
    ]
    made, merges, _ = oracle.train(first, units, size)
    return made, [(left, right) for left, right, _ in merges]


def joined(texts: object, size: int, **how: Any) -> ts.Tokenizer:
    how = {"like": "gpt2", "special_tokens": [SPECIAL], **how}
    return train.superword(texts, size, form="joined", **how)


def parts(tok: ts.Tokenizer) -> list[bytes]:
    return [b"", *(tok.token_bytes(id_) for id_ in range(1, len(tok)))]


@pytest.mark.parametrize("seed", range(80))
def test_learning_and_encoding_are_those_of_the_slow_versions(seed: int) -> None:
    rng = random.Random(seed)
    alphabet = rng.choice(ALPHABETS)
    texts = [draw(rng, alphabet) for _ in range(rng.choice([1, 4, 12]))]
    size = rng.choice([262, 275, 600])
    tok = joined(texts, size)
    tokens, merges = learned(texts, size)
    assert parts(tok) == tokens
    for _ in range(30):
        text = rng.choice([draw(rng, alphabet, 200), "".join(rng.choices(texts, k=3))])
        expected = encode(text, tokens, merges)
        assert tok.encode(text) == expected, text
        assert tok.count(text) == len(expected)
        assert tok.decode(expected) == text
        spanned = tok.encode_with_spans(text.encode())
        assert list(spanned.ids) == expected
        raw = text.encode()
        assert [raw[start:end] for start, end in spanned.spans.tolist()] == [
            tokens[id_] for id_ in expected
        ]


LIKE = "cl100k_base"


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Real text, a long one among them."""
    found = list(islice(corpus("english"), 150))
    return [*found, "\n".join(islice(corpus("english"), 600)), *strings(200, seed=6)]


@pytest.fixture(scope="module")
def english(texts: list[str]) -> ts.Tokenizer:
    """With tokens of several words."""
    return joined(texts, 3000, like=LIKE)


def pairs_of(tok: ts.Tokenizer, texts: list[str]) -> list[tuple[int, int]]:
    pipeline = replace(Pipeline.like(LIKE, [SPECIAL]), joined=True)
    units = count_with(pipeline, texts)
    made = _native._train_joined(units, len(tok), None, {"special_tokens": [SPECIAL]})
    return [tuple(row) for row in made[1][:, :2].tolist()]


def test_real_text_is_encoded_as_the_slow_version_does(
    english: ts.Tokenizer, texts: list[str]
) -> None:
    tokens, merges = parts(english), pairs_of(english, texts)
    assert sum(b" " in token[1:] for token in tokens) > 100
    assert not any(ends_line(token.rstrip()) for token in tokens)
    rows = [text for text in texts if len(text) < 1500]
    for text in rows:
        assert english.encode(text) == encode(text, tokens, merges, LIKE), text


def test_batches_streams_and_copies_give_the_same(
    english: ts.Tokenizer, texts: list[str], tmp_path: Path
) -> None:
    expected = [english.encode(text) for text in texts]
    for threads in (1, 2, 8):
        found = english.encode_batch([*texts, "\n".join(texts)], num_threads=threads)
        assert [list(row) for row in found][: len(texts)] == expected
        assert list(found[len(texts)]) == english.encode("\n".join(texts))
        counts = english.count_batch(texts, num_threads=threads)
        assert counts.tolist() == list(map(len, expected))
    english.save(tmp_path / "joined.toksmith")
    again = ts.Tokenizer.from_file(tmp_path / "joined.toksmith")
    assert again == english == pickle.loads(pickle.dumps(english))
    assert again.joins_pre_tokens
    assert [again.encode(text) for text in texts] == expected
    for block in (1, 7, 4096):
        for text, ids in zip(texts[:40], expected, strict=False):
            encoder, given = english._stream_encoder(), list[int]()
            data = text.encode()
            for at in range(0, len(data), block):
                given += encoder.push(data[at : at + block]).tolist()
            assert [*given, *encoder.finish().tolist()] == ids


def test_a_stream_gives_ids_line_by_line(english: ts.Tokenizer) -> None:
    encoder = english._stream_encoder()
    text = b"this is of the first line\nThis is of the second line, which goes on"
    assert english.decode(encoder.push(text)) == "this is of the first line\n"


def test_special_tokens_and_gaps_stop_joining() -> None:
    tok = joined([f"{word} of the {word}" for word in "abcdefgh"], 300, max_words=2)
    of_the = tok.token_id(" of the")
    assert of_the in tok.encode("x of the y")
    apart = tok.encode(f"x of{SPECIAL} the", allowed_special="all")
    assert [tok.token_bytes(id_) for id_ in apart] == [b"x", b" of", SPECIAL.encode(), b" the"]
    torn = tok.encode(b"x of\xff the")
    assert [tok.token_bytes(id_) for id_ in torn] == [b"x", b" of", b"\xff", b" the"]
    more = joined(["one two\n"] * 9 + [f"two{SPECIAL} one"] * 99, 300)
    assert not any(b"two one" in token for token in parts(more))


def test_learning_does_not_depend_on_how(texts: list[str], tmp_path: Path) -> None:
    assert joined(texts, 600, num_threads=1) == joined(iter(texts), 600, num_threads=8)
    some = texts[:20]
    expected = joined(some, 600)
    for threads, budget in [(8, 1), (1, 1), (2, 100_000)]:
        found = joined(
            iter(some), 600, num_threads=threads, memory_budget=budget, directory=tmp_path
        )
        assert found == expected
    assert not list(tmp_path.iterdir())
    for _ in range(2):
        assert joined(some, 600, resume=tmp_path / "counts") == expected
    other = Pipeline.like("gpt2", [SPECIAL])
    with pytest.raises(ts.InputError, match="counted with"):
        count_with(other, some, resume=tmp_path / "counts")


def test_two_stages_resume(texts: list[str], tmp_path: Path) -> None:
    how: dict[str, Any] = {"transition": 300, "like": "gpt2", "special_tokens": []}
    expected = train.superword(texts[:20], 350, **how)
    for _ in range(2):
        found = train.superword(texts[:20], 350, resume=tmp_path / "counts", **how)
        assert found == expected
    assert {path.name for path in tmp_path.iterdir()} == {"counts", "counts.lines"}


def test_what_it_cannot_do_is_refused_by_name(english: ts.Tokenizer, tmp_path: Path) -> None:
    for suffix in ("json", "tiktoken", "model"):
        with pytest.raises(ts.UnsupportedFeature, match="joined pre-tokens"):
            english.save(tmp_path / f"tokenizer.{suffix}")
        assert not list(tmp_path.iterdir())
    with pytest.raises(ts.UnsupportedFeature, match="joined pre-tokens"):
        english.encode_sample("of the", alpha=0.5, seed=0)
    with pytest.raises(ts.UnsupportedFeature, match="joined pre-tokens"):
        ByteLM(english, lambda rows: np.zeros((len(rows), len(english))))
    with pytest.raises(ts.UnsupportedFeature, match="joined pre-tokens"):
        train.bpe(["a"], 300, like=english)
    with pytest.raises(ts.UnsupportedFeature, match="joined pre-tokens"):
        joined(["a"], 300, like=_with_prefix_space())
    with pytest.raises(ts.UnsupportedFeature, match="splitter"):
        joined(["a"], 300, splitter=lambda text: [(0, len(text))])
    with pytest.raises(ts.InputError, match="counted already"):
        joined({"a": 3}, 300)
    with pytest.raises(ts.InputError, match="counted already"):
        joined([train.Weighted({"a": 3}, 2)], 300)
    with pytest.raises(ts.InputError, match="transition"):
        joined(["a"], 300, transition=280)
    with pytest.raises(ts.InputError, match="transition"):
        train.superword(["a"], 300)
    with pytest.raises(ts.InputError, match="form"):
        train.superword(["a"], 300, form="other")  # type: ignore[arg-type]


def _with_prefix_space() -> ts.Tokenizer:
    plain = train.bpe(["a b"], 258, like="gpt2", special_tokens=[])
    document = json.loads(plain._save("json"))
    document["pre_tokenizer"] = {
        "type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True,
    }  # fmt: skip
    return ts.Tokenizer.from_bytes(json.dumps(document).encode())


@pytest.mark.parametrize("line", ["of the " * 100_000, "a" * 400_000, "a b" * 200_000])
def test_long_lines_take_no_longer_than_their_length(line: str) -> None:
    tok = joined(["of the of the of the of the a b a b"] * 3, 290)
    begun = time.process_time()
    ids = tok.encode(line)
    assert tok.decode(ids) == line
    assert time.process_time() - begun < 5
