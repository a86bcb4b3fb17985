"""`SentencePieceTrainer`: there by name, so that its absence is told and not guessed."""

from __future__ import annotations

from typing import NoReturn

from toksmith._native import UnsupportedFeature
from toksmith.compat.sentencepiece.names import in_both_spellings


@in_both_spellings
class SentencePieceTrainer:
    """Training is not supported; models that sentencepiece has trained are."""

    @staticmethod
    def Train(  # noqa: N802
        arg: object = None, logstream: object = None, **kwargs: object
    ) -> NoReturn:
        """Not supported.

        Raises:
            UnsupportedFeature: Always.
        """
        del arg, logstream, kwargs
        raise UnsupportedFeature("training with SentencePieceTrainer")
