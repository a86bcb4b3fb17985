"""BPE and WordPiece give the vocabulary and merges of tokenizers on the same words.

Forms with an affix get their ids there in the order of a hash table, so that ties between them
are not settled: here they are given as special tokens, whose order is.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
import regex
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

import testdata
from toksmith import _native

ALPHABETS = ("a", "ab", "abcdefgh", "aé日🙂b", "ab<>0x41")
GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def theirs(words: dict[str, int], trainer: Any, model: Any) -> tuple[list[str], list[list[str]]]:
    """Tokens in the order of ids, and merges."""
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.train_from_iterator(
        [" ".join([word] * count) for word, count in words.items()], trainer
    )
    model = json.loads(tokenizer.to_str())["model"]
    return sorted(model["vocab"], key=model["vocab"].__getitem__), model.get("merges", [])


def draw(rng: random.Random) -> tuple[dict[str, int], dict[str, Any]]:
    """Words, and options that both have."""
    alphabet = rng.choice(ALPHABETS)
    words = {
        "".join(rng.choice(alphabet) for _ in range(rng.choice([1, 2, 3, 5, 8, 20]))): rng.choice(
            [1, 1, 2, 3, 7]
        )
        for _ in range(rng.choice([1, 3, 10, 40]))
    }
    options = {
        "min_frequency": rng.choice([0, 0, 1, 2, 5]),
        "special_tokens": rng.sample(
            ["<s>", "ab", "a", "aba", "é", "[UNK]"], rng.choice([0, 1, 4])
        ),
        "initial_alphabet": rng.sample("xyzab", rng.choice([0, 0, 2])),
    }
    if rng.random() < 0.5:
        options["max_token_length"] = rng.choice([1, 2, 3, 4, 6])
    return words, options


def with_forms(
    words: dict[str, int], options: dict[str, Any], prefix: str, suffix: str, rng: random.Random
) -> None:
    """Settles the ids of all forms with an affix."""
    forms = {
        (prefix if at else "") + char + (suffix if at == len(word) - 1 else "")
        for word in words
        for at, char in enumerate(word)
    }
    special = [*options["special_tokens"], *rng.sample(sorted(forms), len(forms))]
    plain = {char for word in words for char in word}
    options["special_tokens"] = list(
        dict.fromkeys(token for token in special if token not in plain)
    )


@pytest.mark.parametrize("seed", range(300))
def test_bpe(seed: int) -> None:
    rng = random.Random(seed)
    words, options = draw(rng)
    prefix, suffix = rng.choice(["", "", "##", "@"]), rng.choice(["", "", "</w>"])
    if prefix or suffix:
        with_forms(words, options, prefix, suffix, rng)
    affixes = {"continuing_subword_prefix": prefix, "end_of_word_suffix": suffix}
    given: dict[str, Any] = {name: affix for name, affix in affixes.items() if affix}
    size = rng.choice([60, 300, 1000])
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, **options, **given)
    vocab, merges = theirs(words, trainer, models.BPE())
    ours = [(word.encode(), count) for word, count in words.items()]
    tokens, rows, _, _ = _native._train_bpe(ours, size, {"unit": "chars", **options, **affixes})
    assert [token.decode() for token in tokens] == vocab
    assert [[vocab[left], vocab[right]] for left, right, _ in rows.tolist()] == merges


@pytest.mark.parametrize("seed", range(100))
def test_wordpiece(seed: int) -> None:
    rng = random.Random(seed)
    words, options = draw(rng)
    options.pop("max_token_length", None)
    with_forms(words, options, "##", "", rng)
    trainer = trainers.WordPieceTrainer(vocab_size=300, show_progress=False, **options)
    vocab, _ = theirs(words, trainer, models.WordPiece(unk_token="[UNK]"))
    ours = [(word.encode(), count) for word, count in words.items()]
    options = {"unit": "chars", "continuing_subword_prefix": "##", **options}
    tokens, _, _, _ = _native._train_bpe(ours, 300, options)
    assert [token.decode() for token in tokens] == vocab


@pytest.mark.parametrize("seed", range(50))
def test_a_limited_alphabet(seed: int) -> None:
    rng = random.Random(seed)
    words = {"".join(rng.sample("abcdefgh", 8)): 1, "aab": 1, "bcbb": 16, "cddd": 64, "ege": 256}
    seen: Counter[str] = Counter()
    for word, count in words.items():
        for char in word:
            seen[char] += count
    order = [count for _, count in seen.most_common()]
    # Where no two characters are seen equally often, it is settled which are left out.
    limits = [n for n in range(1, len(order)) if order[n - 1] > order[n]]
    limit = rng.choice(limits)
    trainer = trainers.BpeTrainer(vocab_size=100, show_progress=False, limit_alphabet=limit)
    vocab, merges = theirs(words, trainer, models.BPE())
    ours = [(word.encode(), count) for word, count in words.items()]
    tokens, rows, _, _ = _native._train_bpe(ours, 100, {"unit": "chars", "limit_alphabet": limit})
    assert [token.decode() for token in tokens] == vocab
    assert [[vocab[left], vocab[right]] for left, right, _ in rows.tolist()] == merges


@pytest.mark.parametrize(
    ("name", "size"), [("english", 8000), ("code", 4000), ("multilingual", 4000)]
)
def test_bytes_of_real_text(name: str, size: int) -> None:
    texts = [text for text, _ in zip(testdata.corpus(name), range(500), strict=False)]
    words = Counter(word for text in texts for word in regex.findall(GPT2, text))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    vocab = sorted(model["vocab"], key=model["vocab"].__getitem__)
    ours = [(word.encode(), count) for word, count in words.items()]
    tokens, rows, _, initial = _native._train_bpe(ours, size, {"special_tokens": special})
    assert (initial, len(tokens)) == (257, len(vocab))
    assert [[vocab[left], vocab[right]] for left, right, _ in rows.tolist()] == model["merges"]
    letter = dict(zip(tokens[1:257], vocab[1:257], strict=True))
    shown = ["".join(letter[bytes([byte])] for byte in token) for token in tokens[1:]]
    assert shown == vocab[1:]
