"""Training: the file that tokenizers would write, byte for byte.

Its own ids of characters with affixes differ from run to run where there are several, so affixes
are compared where each character stands in few forms.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import tokenizers as theirs

import testdata
import toksmith.compat.tokenizers as ours
from generated import strings
from toksmith import InputError

TEXTS = [*strings(150, seed=11), "the quick brown fox jumps over the lazy dog", "a a b [X] <s>", ""]
Make = Callable[[Any], Any]


def pipeline(lib: Any, name: str) -> Any:
    """A tokenizer without a vocabulary, and what cuts its words."""
    kind, how = name.split()
    model = {
        "bpe": lambda: lib.models.BPE(unk_token="<unk>"),
        "wordpiece": lambda: lib.models.WordPiece(unk_token="[UNK]"),
        "wordlevel": lambda: lib.models.WordLevel(unk_token="[UNK]"),
    }[kind]()
    tok = lib.Tokenizer(model)
    if how == "bytes":
        tok.pre_tokenizer = lib.pre_tokenizers.ByteLevel(add_prefix_space=True)
    elif how == "bert":
        tok.normalizer = lib.normalizers.BertNormalizer()
        tok.pre_tokenizer = lib.pre_tokenizers.BertPreTokenizer()
    elif how == "sign":
        tok.pre_tokenizer = lib.pre_tokenizers.Metaspace()
    elif how == "nfd":
        tok.normalizer = lib.normalizers.Sequence([lib.normalizers.NFD(), lib.normalizers.Strip()])
        tok.pre_tokenizer = lib.pre_tokenizers.Whitespace()
    return tok


def trainer(lib: Any, name: str, **options: Any) -> Any:
    kind = {"bpe": "Bpe", "wordpiece": "WordPiece", "wordlevel": "WordLevel"}[name.split()[0]]
    if kind == "WordPiece":
        options.setdefault("continuing_subword_prefix", "")
    options = {name: made(lib) if callable(made) else made for name, made in options.items()}
    return getattr(lib.trainers, f"{kind}Trainer")(show_progress=False, **options)


def both(name: str, texts: Any, **options: Any) -> tuple[str, str]:
    files = []
    for lib in (ours, theirs):
        tok = pipeline(lib, name)
        tok.train_from_iterator(iter(texts), trainer(lib, name, **options))
        files.append(tok.to_str())
    return files[0], files[1]


SPECIAL: list[Any] = [
    {},
    {"special_tokens": ["[UNK]", "<s>", "[X]", "a", "[X]"], "vocab_size": 120},
    {
        "special_tokens": lambda lib: [
            "<unk>",
            lib.AddedToken("<m>", lstrip=True, normalized=True),
        ],
        "min_frequency": 3,
    },
]
LETTERS: list[Any] = [
    {"initial_alphabet": ["z\u00e9", "\u4e2d", ""], "vocab_size": 300},
]


@pytest.mark.parametrize("options", SPECIAL, ids=["none", "some", "flags"])
@pytest.mark.parametrize("how", ["whole", "bytes", "bert", "sign", "nfd"])
@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "wordlevel"])
def test_the_file_is_the_same(kind: str, how: str, options: dict[str, Any]) -> None:
    found, expected = both(f"{kind} {how}", TEXTS, **{"vocab_size": 400, **options})
    assert found == expected


@pytest.mark.parametrize("how", ["bytes", "bert", "sign"])
@pytest.mark.parametrize("kind", ["bpe", "wordpiece"])
@pytest.mark.parametrize("options", LETTERS)
def test_alphabets_are_the_same(kind: str, how: str, options: dict[str, Any]) -> None:
    found, expected = both(f"{kind} {how}", TEXTS, **options)
    assert found == expected


@pytest.mark.parametrize("most", [1, 2, 4, 7])
def test_lengths_are_the_same(most: int) -> None:
    for how in ("bytes", "sign"):
        found, expected = both(f"bpe {how}", TEXTS, vocab_size=500, max_token_length=most)
        assert found == expected


@pytest.mark.parametrize("affix", ["continuing_subword_prefix", "end_of_word_suffix"])
def test_affixes_are_the_same(affix: str) -> None:
    # Each character stands in one form but for its plain one: ids are those of the characters.
    draw = random.Random(3)
    words = ["".join(draw.choices("abc", k=3)) for _ in range(60)]
    for lib_options in ({affix: "@@"},):
        files = []
        for lib in (ours, theirs):
            tok = lib.Tokenizer(lib.models.BPE())
            tok.pre_tokenizer = lib.pre_tokenizers.Whitespace()
            options = {"initial_alphabet": ["a", "b", "c"], **lib_options}
            tok.train_from_iterator([" ".join(words)], trainer(lib, "bpe x", **options))
            files.append((tok.get_vocab_size(), getattr(tok.model, affix), tok.model.unk_token))
        assert files[0] == files[1]


@pytest.mark.parametrize("name", ["english", "code", "multilingual"])
@pytest.mark.parametrize("how", ["bpe bytes", "wordpiece bert", "wordlevel nfd"])
def test_the_file_is_the_same_on_corpora(how: str, name: str) -> None:
    texts = [text[:5000] for text in islice(testdata.corpus(name), 200)]
    found, expected = both(how, texts, vocab_size=3000)
    assert found == expected


def test_files_are_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_bytes("one two\r\n\r\nthree \u2028 one\none".encode())
    files = []
    for lib in (ours, theirs):
        tok = lib.Tokenizer(lib.models.BPE())
        tok.train([str(path), str(path)], lib.trainers.BpeTrainer(show_progress=False))
        files.append(tok.to_str())
    assert files[0] == files[1]
    with pytest.raises(InputError):
        ours.Tokenizer(ours.models.BPE()).train([str(tmp_path / "none")])


def test_batches_defaults_and_training_again() -> None:
    files = []
    for lib in (ours, theirs):
        model = lib.models.WordLevel()
        tok = lib.Tokenizer(model)
        tok.train_from_iterator([["a b", "c"], ("d",), "ef"], length=3)
        first = tok.to_str()
        tok.train_from_iterator(iter(["x"]), lib.trainers.WordLevelTrainer(special_tokens=["[S]"]))
        assert tok.encode("x").ids == [1]
        assert model.token_to_id("x") == 1
        files.append((first, tok.to_str()))
        assert type(model.get_trainer()).__name__ == "WordLevelTrainer"
        assert type(lib.models.BPE().get_trainer()).__name__ == "BpeTrainer"
        assert type(lib.models.WordPiece().get_trainer()).__name__ == "WordPieceTrainer"
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"vocab_size": -1}, OverflowError),
        ({"vocab_size": "x"}, TypeError),
        ({"special_tokens": [3]}, TypeError),
        ({"special_tokens": "ab"}, TypeError),
        ({"special_tokens": None}, TypeError),
        ({"min_frequency": 1.5}, TypeError),
        ({"limit_alphabet": -1}, OverflowError),
        ({"initial_alphabet": "xyz"}, TypeError),
    ],
)
def test_options_are_checked_as_there(given: dict[str, Any], error: type[Exception]) -> None:
    for lib in (ours, theirs):
        with pytest.raises(error):
            lib.trainers.BpeTrainer(**given)


def test_texts_and_trainers_are_checked_as_there() -> None:
    for lib in (ours, theirs):
        tok = lib.Tokenizer(lib.models.BPE())
        for wrong in ([1], [["a", ["b"]]], [b"x"], 3, [None]):
            with pytest.raises(TypeError):
                tok.train_from_iterator(wrong)
        with pytest.raises(Exception, match="WordPieceTrainer can only train a WordPiece"):
            tok.train_from_iterator(["a"], lib.trainers.WordPieceTrainer())


def test_options_are_those_of_the_original() -> None:
    for name in ("BpeTrainer", "WordPieceTrainer", "WordLevelTrainer"):
        first, second = getattr(ours.trainers, name)(), getattr(theirs.trainers, name)()
        for option in first._defaults:
            assert getattr(first, option) == getattr(second, option), option
        first.vocab_size = second.vocab_size = 7
        first.special_tokens = ["[A]", ours.AddedToken("[B]", lstrip=True)]
        second.special_tokens = ["[A]", theirs.AddedToken("[B]", lstrip=True)]
        assert first.__getstate__() == second.__getstate__()
        again = pickle.loads(pickle.dumps(first))
        assert again.__getstate__() == second.__getstate__()
        assert again.vocab_size == 7
        assert list(map(repr, again.special_tokens)) == list(map(repr, second.special_tokens))


@pytest.mark.parametrize(
    "name",
    ["ByteLevelBPETokenizer", "BertWordPieceTokenizer", "SentencePieceBPETokenizer"],
)
def test_ready_made_pipelines_train(name: str) -> None:
    files = []
    for lib in (ours, theirs):
        tok = getattr(lib, name)()
        options = {"wordpieces_prefix": ""} if name.startswith("Bert") else {}
        tok.train_from_iterator(TEXTS, 400, min_frequency=1, show_progress=False, **options)
        files.append(tok.to_str())
    assert files[0] == files[1]
