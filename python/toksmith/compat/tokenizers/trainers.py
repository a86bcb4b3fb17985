"""Trainers: constructing one raises UnsupportedFeature, for nothing is trained yet."""

from __future__ import annotations

from typing import Any

from toksmith.compat.tokenizers.errors import unsupported


class Trainer:
    """The base of all trainers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Always UnsupportedFeature."""
        unsupported(f"trainers.{type(self).__name__} (training)")


class BpeTrainer(Trainer):
    """Always UnsupportedFeature."""


class ParityBpeTrainer(Trainer):
    """Always UnsupportedFeature."""


class UnigramTrainer(Trainer):
    """Always UnsupportedFeature."""


class WordLevelTrainer(Trainer):
    """Always UnsupportedFeature."""


class WordPieceTrainer(Trainer):
    """Always UnsupportedFeature."""
