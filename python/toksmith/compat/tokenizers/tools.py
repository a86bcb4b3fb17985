"""What the original draws in notebooks; `toksmith.Tokenizer.show` does that here."""

from __future__ import annotations

from typing import Any

from toksmith.compat.tokenizers.errors import unsupported


class Annotation:
    """A label on a range of a text."""

    def __init__(self, start: int, end: int, label: str) -> None:
        """The range in characters."""
        self.start = start
        self.end = end
        self.label = label


class EncodingVisualizer:
    """Always UnsupportedFeature."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Always UnsupportedFeature."""
        unsupported("tools.EncodingVisualizer (use toksmith.Tokenizer.show)")
