"""tokenizers and our drop-in for it side by side: what the tests of that drop-in share."""

from __future__ import annotations

import json
import random
import warnings
from typing import Any

import tokenizers

import toksmith.compat.tokenizers as ours
from generated import strings
from testdata import need

DATA = ("bert", "gpt2", "mistral_v1", "xlmr_unigram", "qwen")
MODULES: tuple[Any, Any] = (tokenizers, ours)
PIECES = [
    *("low", "newest", " the", "  ", "\n", "hello", "na\u00efve", "e\u0301", "\u65e5\u672c", "\0"),
    *("\U0001f468\u200d\U0001f469", "\u2581", "##er", "<0x41>", "<s>", "</s>", "[CLS]", "[MASK] "),
    *("<mask>", "<|endoftext|>", "\ud55c", "\u1112\u1161", "123", "'s", "!?", "\ufb01", "\ufeff"),
]


def pair_of(content: str) -> tuple[Any, Any]:
    """Both tokenizers of a file, without its truncation and padding."""
    first, second = (module.Tokenizer.from_str(content) for module in MODULES)
    for tokenizer in (first, second):
        tokenizer.no_truncation()
        tokenizer.no_padding()
    return first, second


def pair_of_data(name: str) -> tuple[Any, Any]:
    """Both tokenizers of a vocabulary of the test data."""
    return pair_of(need(f"vocabs/{name}/tokenizer.json").read_text(encoding="utf-8"))


def text(rng: random.Random, most: int = 10) -> str:
    """A text in which all kinds of things meet."""
    if rng.random() < 0.2:
        return next(strings(1, rng.randrange(10_000)))
    return "".join(rng.choice(PIECES) for _ in range(rng.randrange(most)))


def words(rng: random.Random) -> list[str]:
    """A text in words, some of them empty or of several."""
    return [text(rng, 3) for _ in range(rng.randrange(6))]


def columns(encoding: Any) -> dict[str, Any]:
    """All that an encoding says."""
    names = (
        *("ids", "type_ids", "tokens", "offsets", "attention_mask", "special_tokens_mask"),
        *("word_ids", "words", "sequence_ids", "n_sequences"),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = {name: getattr(encoding, name) for name in names}
    found |= {"len": len(encoding), "repr": repr(encoding)}
    return found | {"overflowing": [columns(part) for part in encoding.overflowing]}


def outcome(call: Any, *arguments: Any, **options: Any) -> Any:
    """What a call gives, or that it fails; the library panics for some errors."""
    try:
        return call(*arguments, **options)
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return "an error"


def settings(rng: random.Random, pair: tuple[Any, Any]) -> None:
    """Gives both the same random truncation, padding and treatment of special tokens."""
    cut = {
        "max_length": rng.randrange(1, 14),
        "stride": rng.randrange(3),
        "strategy": rng.choice(["longest_first", "only_first", "only_second"]),
        "direction": rng.choice(["left", "right"]),
    }
    fill = {
        "direction": rng.choice(["left", "right"]),
        "pad_id": rng.randrange(5),
        "pad_type_id": rng.randrange(3),
        "pad_token": "[P]",
        "length": rng.choice([None, 3, 20]),
        "pad_to_multiple_of": rng.choice([None, 8]),
    }
    cuts, fills, as_text = rng.random() < 0.4, rng.random() < 0.4, rng.random() < 0.3
    for tokenizer in pair:
        tokenizer.encode_special_tokens = as_text
        tokenizer.no_truncation()
        tokenizer.no_padding()
        if fills:
            tokenizer.enable_padding(**fill)
    if cuts:
        first, second = (outcome(it.enable_truncation, **cut) for it in pair)
        assert first == second, cut
    assert pair[0].truncation == pair[1].truncation
    assert pair[0].padding == pair[1].padding


def assert_same_vocabulary(pair: tuple[Any, Any]) -> None:
    """Both have the same tokens under the same ids, and say the same of added ones."""
    first, second = pair
    for added in (True, False):
        assert first.get_vocab(added) == second.get_vocab(added)
        assert first.get_vocab_size(added) == second.get_vocab_size(added)
    for id_ in [*range(0, first.get_vocab_size() + 3, 199), *range(300), 10**7]:
        assert first.id_to_token(id_) == second.id_to_token(id_)
    for token in ["a", "\u0120the", "\u2581the", "##er", "<s>", "", "\u00e9", "zzzz", "\n"]:
        assert first.token_to_id(token) == second.token_to_id(token)
    decoders = [repr(sorted(it.get_added_tokens_decoder().items())) for it in pair]
    assert decoders[0] == decoders[1]
    for is_pair in (True, False):
        counts = [it.num_special_tokens_to_add(is_pair) for it in pair]
        assert counts[0] == counts[1]


def assert_same_encodings(pair: tuple[Any, Any], rounds: int, seed: int = 0) -> None:
    """Both encode random texts and pairs, whole or in words, to the same, and decode it so."""
    rng = random.Random(seed)
    for _ in range(rounds):
        settings(rng, pair)
        in_words, add = rng.random() < 0.4, rng.random() < 0.7
        make = words if in_words else text
        options = {"is_pretokenized": in_words, "add_special_tokens": add}
        one, other = make(rng), make(rng) if rng.random() < 0.4 else None
        batch = [
            (make(rng), make(rng)) if rng.random() < 0.3 else make(rng)
            for _ in range(rng.randrange(4))
        ]
        found = [outcome(it.encode, one, other, **options) for it in pair]
        if found[0] == "an error" or found[1] == "an error":
            assert found[0] == found[1], (one, other, options)
            continue
        assert columns(found[0]) == columns(found[1]), (one, other, options)
        rows = [outcome(it.encode_batch, batch, **options) for it in pair]
        shown = [row if row == "an error" else [columns(it) for it in row] for row in rows]
        assert shown[0] == shown[1], (batch, options)
        for skip in (True, False):
            ids = [*found[0].ids, 10**7]
            texts = [it.decode(ids, skip_special_tokens=skip) for it in pair]
            assert texts[0] == texts[1], ids


def same_json(pair: tuple[Any, Any]) -> bool:
    """Whether both write the same file. The library reads numbers less exactly than it might."""
    first, second = (
        json.loads(it.to_str(), parse_float=lambda s: round(float(s), 10)) for it in pair
    )
    return bool(first == second)
