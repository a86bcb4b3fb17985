"""Promise: what is trained is a tokenizer like any other: saved, loaded, lossless, with its ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tokenizers

import toksmith as ts
from generated import strings

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = [
    "the quick brown fox jumps over the lazy dog, 1234567 times",
    "  two spaces, a tab\tand lines\nand lines\r\n",
    "Ein süßer Käse über 42 Brötchen; 東京都と京都、한국어 텍스트",
    "def f(x):\n    return x ** 2  # 3.14159\n",
] * 8
TRAINERS: dict[str, Callable[..., ts.Tokenizer]] = {
    "bpe": lambda **more: ts.train.bpe(TEXTS, 400, **more),
    "bpe, gpt2": lambda **more: ts.train.bpe(TEXTS, 400, like="gpt2", **more),
    "bpe, characters": lambda **more: ts.train.bpe(TEXTS, 500, like="metaspace", **more),
    "unigram": lambda **more: ts.train.unigram(TEXTS, 350, **more),
    "superword": lambda **more: ts.train.superword(TEXTS, 500, transition=350, **more),
}


@pytest.mark.parametrize("trainer", TRAINERS)
@pytest.mark.parametrize("digits", [None, "single", "l2r:3", "r2l:3"])
def test_nothing_is_lost_and_tokenizers_agrees(trainer: str, digits: str | None) -> None:
    tok = TRAINERS[trainer](special_tokens=["<s>", "</s>"], digits=digits)
    theirs = tokenizers.Tokenizer.from_str(tok._save("json").decode())
    assert tok.special_ids["<s>"] == tok.token_id(b"<s>")
    for text in [*TEXTS[:4], "", " ", "12", "a1234567890b", "\U0001f600 x", *strings(300)]:
        ids = tok.encode(text)
        assert tok.decode(ids) == text
        assert theirs.encode(text, add_special_tokens=False).ids == tok.encode(
            text, allowed_special="all"
        )


@pytest.mark.parametrize("trainer", TRAINERS)
def test_saved_and_loaded(trainer: str, tmp_path: Path) -> None:
    tok = TRAINERS[trainer]()
    for suffix in ("json", "toksmith"):
        tok.save(tmp_path / f"mine.{suffix}")
        again = ts.Tokenizer.from_file(tmp_path / f"mine.{suffix}")
        assert [again.encode(text) for text in TEXTS] == [tok.encode(text) for text in TEXTS]


def test_r2l_digits_stand_in_thousands() -> None:
    tok = ts.train.bpe(["1 12 123 1234 12345 123456 1234567"] * 3, 300, like="gpt2", digits="r2l:3")
    document = json.loads(tok._save("json"))
    pieces = tokenizers.Tokenizer.from_str(json.dumps(document)).pre_tokenizer.pre_tokenize_str
    numbers = ["1234567", "12", "123456", "1", "12345678901234567890"]
    for number in numbers:
        grouped = f"{int(number):,}".split(",")
        assert [piece for piece, _ in pieces(number)] == grouped


def test_wordpiece_is_a_bert() -> None:
    tok = ts.train.wordpiece(TEXTS, 200)
    assert list(tok.special_ids) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    ids = tok("the quick fox").input_ids
    assert (ids[0], ids[-1]) == (tok.special_ids["[CLS]"], tok.special_ids["[SEP]"])
    assert tok.decode(ids, skip_special_tokens=True) == "the quick fox"


def test_like_takes_template_and_special_tokens() -> None:
    first = ts.train.wordpiece(TEXTS, 200)
    again = ts.train.wordpiece(TEXTS[:4], 180, like=first)
    assert again.special_ids == first.special_ids
    assert again("dog").input_ids[0] == first.special_ids["[CLS]"]
    with pytest.raises(ts.InputError, match=r"\[SEP\]"):
        ts.train.wordpiece(TEXTS, 200, like=first, special_tokens=["[UNK]"])


def test_extension_keeps_ids() -> None:
    small = ts.train.bpe(TEXTS, 300, special_tokens=["<s>"])
    more = ts.train.extend_bpe(small, TEXTS, 60)
    assert len(more) == 360
    for id_ in range(300):
        assert more.token_bytes(id_) == small.token_bytes(id_)
    assert all(more.decode(more.encode(text)) == text for text in TEXTS)
    # Going on gives what would have come at once.
    assert more._save("json") == ts.train.bpe(TEXTS, 360, special_tokens=["<s>"])._save("json")
    embedded = ts.Tokenizer.from_pretrained("gpt2")
    longer = ts.train.extend_bpe(embedded, ["zyxzyx qqqq"] * 9, 2)
    assert longer.special_ids == embedded.special_ids
    assert longer.encode("hello there") == embedded.encode("hello there")
    assert max(longer.encode("zyxzyx qqqq")) >= len(embedded)


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("budget", [None, 1_000, 1 << 20])
def test_the_same_data_gives_the_same_file(threads: int, budget: int | None) -> None:
    for learn, size in ((ts.train.bpe, 400), (ts.train.unigram, 350)):
        want = learn(TEXTS, size)._save("json")
        batches = [iter(TEXTS[:5]), iter(TEXTS[5:])]
        found = learn(batches, size, num_threads=threads, memory_budget=budget)
        assert found._save("json") == want
        words = ts.train.count_words(TEXTS, "cl100k_base" if learn is ts.train.bpe else "metaspace")
        assert learn(words, size)._save("json") == want


def test_counts_are_gone_on_with(tmp_path: Path) -> None:
    counts = tmp_path / "counts.bin"
    want = ts.train.bpe(TEXTS, 400)._save("json")
    assert ts.train.bpe(TEXTS, 400, resume=counts, save_every=100)._save("json") == want
    assert counts.exists()
    assert ts.train.bpe(TEXTS, 400, resume=counts)._save("json") == want
    with pytest.raises(ts.InputError):
        ts.train.bpe(TEXTS, 400, like="gpt2", resume=counts)


def test_weights_beyond_32_bits() -> None:
    rare = ts.train.Weighted({"ab": 1}, 2**40)
    tok = ts.train.bpe([rare, {"cd": 2**33}, {"ef": 2}], 258)
    assert [tok.token_bytes(id_) for id_ in (256, 257)] == [b"ab", b"cd"]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: ts.train.bpe(TEXTS, 10), "256"),
        (lambda: ts.train.bpe(TEXTS, 400, digits="r2l"), "digits"),
        (lambda: ts.train.bpe(TEXTS, 400, num_threads=0), "num_threads"),
        (lambda: ts.train.bpe(TEXTS, 400, like="nothing"), "nothing"),
        (lambda: ts.train.bpe(TEXTS, 400, like=3), "like"),  # type: ignore[arg-type]
        (lambda: ts.train.bpe("a text", 400), "list"),
        (lambda: ts.train.bpe(TEXTS, 400, byte_fallback=True), "byte_fallback"),
        (lambda: ts.train.bpe(TEXTS, 400, special_tokens="<s>"), "special_tokens"),
        (lambda: ts.train.bpe(TEXTS, 400, special_tokens=["a", "a"]), "twice"),
        (lambda: ts.train.unigram(TEXTS, 350, like="gpt2"), "byte-level"),
        (lambda: ts.train.unigram(TEXTS, 100_000), "vocab_size"),
        (lambda: ts.train.unigram(TEXTS, 10), "vocab_size"),
        (lambda: ts.train.superword(iter(TEXTS), 500, transition=400), "twice"),
        (lambda: ts.train.superword(TEXTS, 500, transition=900), "transition"),
        (lambda: ts.train.extend_bpe(ts.train.wordpiece(TEXTS, 200), TEXTS, 5), "WordPiece"),
    ],
)
def test_what_cannot_be_is_said(call: Callable[[], object], match: str) -> None:
    with pytest.raises(ts.ToksmithError, match=match):
        call()


@pytest.mark.parametrize(
    "texts", [[], [""], ["\0" * 1000], ["a" * 100_000], [b"\xff\xfe\x00" * 50]]
)
def test_odd_data_gives_a_tokenizer(texts: list[str | bytes]) -> None:
    tok = ts.train.bpe(texts, 300)
    assert tok.decode(tok.encode("any text")) == "any text"


def test_report_counts(tmp_path: Path) -> None:
    tok = ts.train.bpe(TEXTS, 400)
    found = ts.train.report(tok, TEXTS)
    assert found.tokens == sum(len(tok.encode(text)) for text in TEXTS)
    assert found.bytes == sum(len(text.encode()) for text in TEXTS)
    assert found.curve[0] == (0, found.bytes)
    assert found.curve[-1] == (len(tok) - 256, found.tokens)
    assert not found.unreachable
    found.save_curve(tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").read_text().startswith("<svg")
    with pytest.raises(ts.UnsupportedFeature):
        ts.train.report(ts.train.wordpiece(TEXTS, 200), TEXTS).save_curve(tmp_path / "no.svg")
