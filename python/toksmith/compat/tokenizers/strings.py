"""Texts on their way through a pipeline, which the original shows to components in Python.

There are none here, so these classes cannot be made.
"""

from __future__ import annotations

from typing import Any

from toksmith.compat.tokenizers.errors import unsupported


class NormalizedString:
    """Always UnsupportedFeature."""

    def __init__(self, sequence: Any) -> None:
        """Always UnsupportedFeature."""
        unsupported("NormalizedString (use Normalizer.normalize_str)")


class PreTokenizedString:
    """Always UnsupportedFeature."""

    def __init__(self, sequence: Any) -> None:
        """Always UnsupportedFeature."""
        unsupported("PreTokenizedString (use PreTokenizer.pre_tokenize_str)")
