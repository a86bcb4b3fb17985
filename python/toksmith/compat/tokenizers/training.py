"""Training a tokenizer in place: its own normalizer and pre-tokenizer cut words, a trainer learns.

Start at `train`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toksmith import _native
from toksmith._native import InputError
from toksmith.compat.tokenizers.errors import unsupported, wrong_type
from toksmith.compat.tokenizers.models import BPE, Model, WordLevel, WordPiece
from toksmith.compat.tokenizers.trainers import (
    BpeTrainer,
    Trainer,
    WordLevelTrainer,
    WordPieceTrainer,
)
from toksmith.progress import reporting
from toksmith.train.counting import count_with
from toksmith.train.models import bpe_model, wordpiece_model
from toksmith.train.pipeline import Pipeline
from toksmith.train.refusing import refusing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from toksmith._native import WordCounts
    from toksmith.compat.tokenizers.state import State
    from toksmith.tokenizer import Tokenizer

_TRAINED: dict[type[Trainer], type[Model]] = {
    BpeTrainer: BPE,
    WordPieceTrainer: WordPiece,
    WordLevelTrainer: WordLevel,
}

_NEVER = 2**64 - 1
_MOST = 2**31
"""More tokens than are ever learned."""
_SMALL = 0x110000 * 4 + 2**20
"""No alphabet has more tokens."""


@dataclass(frozen=True)
class _AsGiven(Pipeline):
    """A pipeline whose words are all that the model is given, bytes as their letters."""

    @property
    def signs_are_words(self) -> bool:
        return False

    def words_of(self) -> Tokenizer:
        return self.around({"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"}, 1)


def trainer_of(model: Model) -> Trainer:
    """The trainer with the original's defaults for a model.

    Raises:
        UnsupportedFeature: It is a Unigram.
    """
    for kind, trained in _TRAINED.items():
        if isinstance(model, trained):
            return kind()
    return unsupported(f"a trainer for models.{type(model).__name__} (training)")


def lines_of(files: Iterable[str]) -> Iterator[str]:
    """The lines of files, with their ends.

    Raises:
        InputError: A file cannot be read, or is not UTF-8.
    """
    for path in files:
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                for line in file:
                    yield line.decode()
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: {error}") from error


def texts_of(iterator: Any) -> Iterator[str]:
    """The texts of an iterator of texts, or of batches of them."""
    for item in iterator:
        if isinstance(item, str):
            yield item
            continue
        for text in item:
            if not isinstance(text, str):
                raise wrong_type(text, "str")
            yield text


def train(state: State, texts: Iterator[str], trainer: Trainer | None) -> None:
    """Gives the model of a state the vocabulary that a trainer learns from texts.

    Raises:
        InputError: The trainer is for another model, or an option cannot be.
        UnsupportedFeature: The model is a Unigram, or a component has no JSON.
    """
    model = state.model
    trainer = trainer_of(model) if trainer is None else trainer
    if not isinstance(trainer, Trainer):
        raise wrong_type(trainer, "Trainer")
    trained = _TRAINED[type(trainer)]
    if not isinstance(model, trained):
        raise InputError(f"{type(trainer).__name__} can only train a {trained.__name__}")
    parts = [json.loads(state._part_json(name)) for name in ("normalizer", "pre_tokenizer")]
    progress = bool(trainer.show_progress)
    words = count_with(_AsGiven(*parts), texts, progress=progress)
    model._set_json(model._parsed() | _learned(trainer, words, progress))
    model._changed()


def _learned(trainer: Trainer, words: WordCounts, progress: bool) -> dict[str, Any]:
    """The fields of the model that change."""
    names = list(dict.fromkeys(str(token) for token in trainer.special_tokens))
    if isinstance(trainer, WordLevelTrainer):
        return {"vocab": _most_frequent(trainer, words)}
    prefix = trainer._fields["continuing_subword_prefix"]
    suffix = trainer._fields["end_of_word_suffix"]
    options = {
        "unit": "chars",
        "min_frequency": trainer._fields["min_frequency"],
        "max_token_length": trainer._fields.get("max_token_length"),
        "special_tokens": names,
        "initial_alphabet": trainer._fields["initial_alphabet"],
        "limit_alphabet": trainer._fields["limit_alphabet"],
        "continuing_subword_prefix": prefix or "",
        "end_of_word_suffix": suffix or "",
    }
    size = trainer.vocab_size
    # What nothing is merged of is the alphabet, which is there whatever the size.
    alone = {**options, "min_frequency": _NEVER}
    if size <= _SMALL:
        size = max(size, len(_native._train_bpe(words, _MOST, alone, None)[0]))
    with reporting(progress) as report, refusing():
        tokens, merges, _, _ = _native._train_bpe(words, min(size, _MOST), options, report)
    if isinstance(trainer, WordPieceTrainer):
        made = wordpiece_model(tokens, names, "", prefix or "")
        kept = {"vocab": made["vocab"]}
        return kept if prefix is None else {**kept, "continuing_subword_prefix": prefix}
    made = bpe_model(tokens, merges[:, :2].tolist(), names, in_bytes=False)
    return {
        "continuing_subword_prefix": prefix,
        "end_of_word_suffix": suffix,
        "vocab": made["vocab"],
        "merges": made["merges"],
    }


def _most_frequent(trainer: WordLevelTrainer, words: WordCounts) -> dict[str, int]:
    """Special tokens, then words, the most frequent first, equal ones in order."""
    counted = ((word.decode(), count) for word, count in words.items())
    seen = [row for row in counted if row[1] >= trainer.min_frequency]
    seen.sort(key=lambda row: (-row[1], row[0]))
    listed = [*(str(token) for token in trainer.special_tokens), *(word for word, _ in seen)]
    # Of tokens listed twice the last counts.
    vocab = {token: id_ for id_, token in enumerate(listed[: trainer.vocab_size])}
    return dict(sorted(vocab.items(), key=lambda row: row[1]))
