"""Promise: a call gives what tokenizers 0.23.3 calls an `Encoding`, field by field.

Small tokenizers of every kind, and one real one, on random texts and pairs with random settings of
truncation and padding; what the library refuses is refused here too.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
import tokenizers
from tokenizers import AddedToken, normalizers, processors
from tokenizers import pre_tokenizers as pre

import toksmith as ts
from formats.pipelines import build, byte_level, pipelines, unigram, word_level, word_piece
from generated import strings
from testdata import need

ROUNDS = 40 if os.environ.get("TOKSMITH_FULL") != "1" else 1000
WORDS = ["low", "lower", "newest", " the", "  cat", "hello", "[CLS]", "[MASK]", " \u4e2d", "\u00e9"]
FIELDS = ("input_ids", "token_type_ids", "attention_mask", "special_tokens_mask", "char_spans",
            "word_ids", "sequence_ids")  # fmt: skip


def known() -> dict[str, tokenizers.Tokenizer]:
    """The usual families, each with its own template and tokens."""
    bert = normalizers.BertNormalizer()
    wrap = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    template = processors.TemplateProcessing(
        "[CLS] $A [SEP]",
        "[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    space = pre.Metaspace()
    llama = pre.Sequence([pre.Digits(), pre.ByteLevel(add_prefix_space=False)])
    found = {
        "bert": build(word_piece(), bert, pre.BertPreTokenizer(), wrap, None, 9),
        "bert by template": build(word_piece(), bert, pre.BertPreTokenizer(), template, None, 9),
        "unigram": build(unigram(), normalizers.NFKC(), space, template, None, 9),
        "unigram, trimmed": build(unigram(), None, space, processors.ByteLevel(), None, 9),
        "words": build(word_level(), None, pre.Whitespace(), None, None, 9),
        "bytes alone": build(byte_level(), None, pre.ByteLevel(add_prefix_space=False)),
        "bytes, cut twice": build(byte_level(), None, llama, processors.ByteLevel(), None, 9),
        "bytes, rewritten": build(
            byte_level(), normalizers.NFC(), pre.ByteLevel(add_prefix_space=False), wrap, None, 9
        ),
        "bytes by letters": build(
            byte_level(), normalizers.ByteLevel(), pre.Split(" ", "isolated"), template, None, 9
        ),
    }
    for prefix in (False, True):
        for trim in (False, True):
            roberta = processors.RobertaProcessing(("</s>", 3), ("<s>", 2), trim, prefix)
            stage = pre.ByteLevel(add_prefix_space=prefix)
            name = f"roberta, prefix {prefix}, trim {trim}"
            found[name] = build(byte_level(), None, stage, roberta, None, 9)
            found[name].add_tokens([AddedToken("\u0120x "), AddedToken("\n\n", normalized=False)])
            both = processors.Sequence([processors.ByteLevel(trim, prefix), template])
            found[f"{name}, sequence"] = build(byte_level(), None, stage, both, None, 3)
    return found


ALL = known() | {
    f"every part: {name}": tokenizers.Tokenizer.from_str(text) for name, text in pipelines()
}


def text(rng: random.Random, odd: list[str]) -> str:
    """Some words of the vocabularies and some that are in none."""
    size = rng.choice((0, 1, 2, 5, 12))
    return "".join(
        rng.choice(odd) if rng.random() < 0.3 else rng.choice(WORDS) + rng.choice(("", " "))
        for _ in range(size)
    )


def padded(rng: random.Random) -> ts.Padding | None:
    """Some padding or none."""
    if rng.random() < 0.5:
        return None
    side: Any = rng.choice(("left", "right"))
    length, multiple = rng.choice((None, 3, 9, 30)), rng.choice((None, 4))
    return ts.Padding(length, side, multiple, 1, rng.choice((0, 3)))


def truncated(rng: random.Random) -> ts.Truncation | None:
    """Some truncation or none."""
    if rng.random() < 0.25:
        return None
    strategy: Any = rng.choice(("longest_first", "only_first", "only_second"))
    side: Any = rng.choice(("left", "right"))
    return ts.Truncation(rng.choice((4, 5, 6, 8, 12)), rng.choice((0, 0, 1, 2, 5)), strategy, side)


def answers(
    theirs: tokenizers.Tokenizer,
    samples: list[Any],
    special: bool,
    truncation: ts.Truncation | None,
    padding: ts.Padding | None,
) -> list[tokenizers.Encoding]:
    """What the library makes of texts or pairs with our settings."""
    theirs.no_truncation()
    theirs.no_padding()
    if truncation is not None:
        theirs.enable_truncation(
            truncation.max_length,
            stride=truncation.stride,
            strategy=truncation.strategy,
            direction=truncation.side,
        )
    if padding is not None:
        theirs.enable_padding(
            direction=padding.side,
            pad_id=1,
            pad_type_id=padding.pad_type_id,
            pad_token="[UNK]",
            length=padding.length,
            pad_to_multiple_of=padding.to_multiple_of,
        )
    if len(samples) > 1:
        found: list[tokenizers.Encoding] = theirs.encode_batch(samples, add_special_tokens=special)
        return found
    text, pair = samples[0] if isinstance(samples[0], tuple) else (samples[0], None)
    return [theirs.encode(text, pair, add_special_tokens=special)]


def rows_of(encodings: list[tokenizers.Encoding]) -> list[tuple[Any, ...]]:
    rows = [row for encoding in encodings for row in (encoding, *encoding.overflowing)]
    return [
        (row.ids, row.type_ids, row.attention_mask, row.special_tokens_mask, row.offsets,
         row.word_ids, row.sequence_ids)
        for row in rows
    ]  # fmt: skip


def columns_of(out: ts.Inputs) -> list[tuple[Any, ...]]:
    return list(zip(*(getattr(out, name) for name in FIELDS), strict=True))


def compare(name: str, ours: ts.Tokenizer, theirs: tokenizers.Tokenizer, rounds: int) -> int:
    """Goes through random calls; gives the number that were compared."""
    rng = random.Random(name)
    odd = [*strings(40, seed=len(name)), " ", "\u3000", "\u2581"]
    compared = 0
    for _ in range(rounds):
        count = rng.choice((1, 1, 2, 5))
        texts = [text(rng, odd) for _ in range(count)]
        pairs = [text(rng, odd) for _ in range(count)] if rng.random() < 0.5 else None
        special, found = rng.random() < 0.7, rng.random() < 0.5
        theirs.encode_special_tokens = not found
        truncation, padding = truncated(rng), padded(rng)
        options: Any = {
            "truncation": truncation,
            "padding": padding,
            "add_special_tokens": special,
            "return_overflowing_tokens": True,
            "return_char_spans": True,
            "allowed_special": "all" if found else (),
        }
        batch = texts if pairs is None else list(zip(texts, pairs, strict=True))
        try:
            want = answers(theirs, batch, special, truncation, padding)
        except Exception:
            with pytest.raises(ts.ToksmithError):
                ours(texts, pairs, **options)
            continue
        except BaseException:  # a panic: what it should have given nobody knows
            continue
        got = ours(texts, pairs, **options)
        assert columns_of(got) == rows_of(want), (name, texts, pairs, options)
        samples = [at for at, it in enumerate(want) for _ in range(1 + len(it.overflowing))]
        assert got.overflow_to_sample_mapping == samples
        # Parts of pairs without a template do not say which text they are of.
        for row, chars in enumerate(got.char_spans if truncation is None else []):
            check_bytes(got, row, chars, texts, pairs)
        compared += 1
    return compared


def check_bytes(
    got: ts.Inputs, row: int, chars: Any, texts: list[str], pairs: list[str] | None
) -> None:
    """Byte spans are within their characters and not wider."""
    sample = got.overflow_to_sample_mapping[row]
    columns: Any = got
    for span, (start, end), of in zip(
        columns.spans[row], chars, columns.sequence_ids[row], strict=True
    ):
        if of is None or start >= end:
            continue
        source = texts if of == 0 or pairs is None else pairs
        before, inside = (source[sample][part] for part in (slice(start), slice(start, end)))
        first = len(before.encode())
        assert first <= span[0] <= span[1] <= first + len(inside.encode())


@pytest.mark.parametrize("name", list(ALL))
def test_every_field_is_equal(name: str) -> None:
    theirs = ALL[name]
    try:
        ours = ts.Tokenizer.from_bytes(theirs.to_str().encode())
    except ts.UnsupportedFeature as error:
        pytest.skip(f"{name}: {error}")
    compare(name, ours, theirs, ROUNDS // 8 if name.startswith("every part") else ROUNDS)


def test_every_field_is_equal_for_bert() -> None:
    path = need("vocabs/bert/tokenizer.json")
    theirs = tokenizers.Tokenizer.from_file(str(path))
    assert compare("bert of data", ts.Tokenizer.from_file(path), theirs, ROUNDS) > ROUNDS // 2


def test_the_file_s_own_settings_are_taken_when_asked_for() -> None:
    theirs = known()["bert"]
    theirs.enable_truncation(6, stride=1)
    theirs.enable_padding(length=9, pad_id=4, pad_token="[MASK]", direction="left")
    ours = ts.Tokenizer.from_bytes(theirs.to_str().encode())
    assert ours.truncation == ts.Truncation(6, 1)
    assert ours.padding == ts.Padding(9, "left", None, 4)
    want = theirs.encode("low lower lowest newest hello")
    got = ours("low lower lowest newest hello", truncation=True, padding=True)
    assert got.input_ids == want.ids
    untouched = ours("low lower lowest newest hello")
    assert len(untouched.input_ids) > sum(want.attention_mask)
