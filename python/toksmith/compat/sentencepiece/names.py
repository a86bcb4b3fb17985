"""sentencepiece's methods have two names each: `EncodeAsIds` and `encode_as_ids`."""

from __future__ import annotations

import re
from typing import TypeVar

C = TypeVar("C", bound=type)


def in_both_spellings(cls: C) -> C:
    """Gives a class every method it has in CamelCase in snake_case, too."""
    for name, method in list(vars(cls).items()):
        if name[0].isupper():
            words = re.findall("NBest|[A-Z][a-z]*", name)
            setattr(cls, "_".join(words).lower(), method)
    return cls
