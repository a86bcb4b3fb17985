"""One training in a process of its own: `trainers.py LIBRARY MODEL VOCAB_SIZE FILE [--idle]`.

FILE is a list of texts as JSON. With `--idle` everything is done but the training: what is left
is the cost of starting, imports and the texts. Prints how many tokens came out. Imports nothing but
the library and `cost.py`, so that any environment can run it. Start at `TRAINERS`.

Each library is called by the fastest way its users have to train from texts in memory;
sentencepiece, which has lines and no other texts, reads a file of them.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from cost import say

Training = Callable[[], int]
Prepare = Callable[[list[str], int, Path], Training]

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def toksmith_bpe(texts: list[str], size: int, _: Path) -> Training:
    """All cores; the pipeline of GPT-2."""
    train = import_module("toksmith.train")
    return lambda: int(train.bpe(texts, size, like="gpt2", special_tokens=[]).vocab_size)


def toksmith_unigram(texts: list[str], size: int, _: Path) -> Training:
    """All cores; the pipeline of SentencePiece, without byte fallback, as there."""
    train = import_module("toksmith.train")
    return lambda: int(train.unigram(texts, size, byte_fallback=False).vocab_size)


def rustbpe(texts: list[str], size: int, _: Path) -> Training:
    """All cores."""
    tokenizer = import_module("rustbpe").Tokenizer()

    def training() -> int:
        tokenizer.train_from_iterator(iter(texts), size, pattern=GPT2)
        return int(tokenizer.vocab_size)

    return training


def gigatoken(texts: list[str], size: int, _: Path) -> Training:
    """All cores; the split of GPT-2 is its own. It takes one buffer."""
    module = import_module("gigatoken")
    data = "\n".join(texts).encode()
    return lambda: len(module.train_bpe(data, size, [])[0])


def bpeasy(texts: list[str], size: int, _: Path) -> Training:
    """All cores."""
    module = import_module("bpeasy")
    return lambda: len(module.train_bpe(iter(texts), GPT2, 128, size))


def tokenizers_bpe(texts: list[str], size: int, _: Path) -> Training:
    """All cores."""
    tk = import_module("tokenizers")
    tokenizer = tk.Tokenizer(tk.models.BPE())
    tokenizer.pre_tokenizer = tk.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tk.pre_tokenizers.ByteLevel.alphabet()
    trainer = tk.trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, show_progress=False, special_tokens=[]
    )

    def training() -> int:
        tokenizer.train_from_iterator(texts, trainer)
        return int(tokenizer.get_vocab_size())

    return training


def tokenizers_unigram(texts: list[str], size: int, _: Path) -> Training:
    """All cores."""
    tk = import_module("tokenizers")
    tokenizer = tk.Tokenizer(tk.models.Unigram())
    tokenizer.pre_tokenizer = tk.pre_tokenizers.Metaspace()
    trainer = tk.trainers.UnigramTrainer(
        vocab_size=size, show_progress=False, special_tokens=["<unk>"], unk_token="<unk>"
    )

    def training() -> int:
        tokenizer.train_from_iterator(texts, trainer)
        return int(tokenizer.get_vocab_size())

    return training


def sentencepiece(model: str) -> Prepare:
    """Both models; its own split. Two threads, no text left out, nothing normalized."""

    def prepare(_: list[str], size: int, path: Path) -> Training:
        module = import_module("sentencepiece")
        lines = path.with_suffix(".lines")
        out = io.BytesIO()

        def training() -> int:
            module.SentencePieceTrainer.train(
                input=str(lines),
                model_writer=out,
                model_type=model,
                vocab_size=size,
                num_threads=2,
                normalization_rule_name="identity",
                remove_extra_whitespaces=False,
                max_sentence_length=1 << 20,
                minloglevel=2,
            )
            loaded = module.SentencePieceProcessor(model_proto=out.getvalue())
            return int(loaded.get_piece_size())

        return training

    return prepare


TRAINERS: dict[str, tuple[str, dict[str, Prepare]]] = {
    "toksmith": ("toksmith", {"bpe": toksmith_bpe, "unigram": toksmith_unigram}),
    "rustbpe": ("rustbpe", {"bpe": rustbpe}),
    "gigatoken": ("gigatoken", {"bpe": gigatoken}),
    "bpeasy": ("bpeasy", {"bpe": bpeasy}),
    "tokenizers": ("tokenizers", {"bpe": tokenizers_bpe, "unigram": tokenizers_unigram}),
    "sentencepiece": (
        "sentencepiece",
        {"bpe": sentencepiece("bpe"), "unigram": sentencepiece("unigram")},
    ),
}
"""Library -> its package, and model -> what prepares a training."""


def main() -> None:
    """Trains once and says what came out."""
    library, model, size, file = sys.argv[1:5]
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    training = TRAINERS[library][1][model](texts, int(size), Path(file))
    say(tokens=0 if "--idle" in sys.argv else training())


if __name__ == "__main__":
    main()
