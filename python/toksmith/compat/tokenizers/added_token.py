"""Tokens that are found in text before everything else."""

from __future__ import annotations

from typing import Any

from toksmith.compat.tokenizers.component import boolean, string
from toksmith.compat.tokenizers.errors import unsupported

_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


class AddedToken:
    """A token for `Tokenizer.add_tokens`.

    Args:
        content: Its text.
        single_word: Found only where no letter or digit touches it.
        lstrip: Takes the white space before it.
        rstrip: Takes the white space after it.
        normalized: Searched in normalized text; by default if it is not special.
        special: Left out of decoded text by default.
    """

    def __init__(
        self,
        content: str | None = None,
        single_word: bool = False,
        lstrip: bool = False,
        rstrip: bool = False,
        normalized: bool | None = None,
        special: bool = False,
        **kwargs: Any,
    ) -> None:
        """See the class."""
        for name in kwargs:
            unsupported(f"AddedToken({name}=...)")
        self._content = "" if content is None else string(content)
        self._single_word: bool = boolean(single_word)
        self._lstrip: bool = boolean(lstrip)
        self._rstrip: bool = boolean(rstrip)
        self._normalized: bool | None = None if normalized is None else boolean(normalized)
        self._special: bool = boolean(special)

    @property
    def content(self) -> str:
        """The text."""
        return self._content

    @content.setter
    def content(self, content: str) -> None:
        self._content = string(content)

    @property
    def single_word(self) -> bool:
        """Found only where no letter or digit touches it."""
        return self._single_word

    @property
    def lstrip(self) -> bool:
        """Takes the white space before it."""
        return self._lstrip

    @property
    def rstrip(self) -> bool:
        """Takes the white space after it."""
        return self._rstrip

    @property
    def normalized(self) -> bool:
        """Searched in normalized text."""
        return not self._special if self._normalized is None else self._normalized

    @property
    def special(self) -> bool:
        """Left out of decoded text by default."""
        return self._special

    @special.setter
    def special(self, special: bool) -> None:
        self._special = boolean(special)

    def _key(self) -> tuple[Any, ...]:
        return (self._content, *(getattr(self, name) for name in _FLAGS))

    def __eq__(self, other: object) -> bool:
        """Alike in everything."""
        return isinstance(other, AddedToken) and self._key() == other._key()

    def __hash__(self) -> int:
        """Of the content alone, as in the original."""
        return hash(self._content)

    def __str__(self) -> str:
        """The content."""
        return self._content

    def __repr__(self) -> str:
        """The token with its flags."""
        return (
            f'AddedToken("{self._content}", rstrip={self._rstrip}, lstrip={self._lstrip}, '
            f"single_word={self._single_word}, normalized={self.normalized}, "
            f"special={self._special})"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Content and flags."""
        return {"content": self._content, **{name: getattr(self, name) for name in _FLAGS}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Takes content and flags."""
        self.__init__(**state)  # type: ignore[misc]

    def __copy__(self) -> AddedToken:
        """A copy."""
        return AddedToken(**self.__getstate__())
