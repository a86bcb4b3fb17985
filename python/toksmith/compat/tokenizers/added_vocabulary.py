"""The added tokens of a tokenizer: which ids they get, and what they are searched as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toksmith.compat.tokenizers.added_token import AddedToken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# As the core takes them: `(id, content, single_word, lstrip, rstrip, normalized, special)`.
Row = tuple[int, str, bool, bool, bool, bool, bool]


class AddedVocabulary:
    """Added tokens by content and by id.

    Attributes:
        ids: Content to id.
        tokens: Id to token, as added last.
        special: Contents that have been added as special once; they stay special.
        edition: Raised with every change.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        """Takes what the core says of a file's."""
        self.ids: dict[str, int] = {}
        self.tokens: dict[int, AddedToken] = {}
        self.special: set[str] = set()
        self.edition = 0
        self._largest = -1
        for id_, content, single_word, lstrip, rstrip, normalized, special in rows:
            token = AddedToken(content, single_word, lstrip, rstrip, normalized, special)
            self._put(id_, token)

    def _put(self, id_: int, token: AddedToken) -> None:
        self.ids[token.content] = id_
        self.tokens[id_] = token
        self._largest = max(self._largest, id_)
        if token.special:
            self.special.add(token.content)

    def add(
        self,
        tokens: list[AddedToken],
        model_size: int,
        in_model: Callable[[str], int | None],
    ) -> int:
        """Adds tokens; returns how many were neither empty nor there just so before.

        One that the model has takes its id; any other the next one after the largest of an added
        token, or after the model's tokens.
        """
        # Special ones first: whoever is among them is special wherever it stands.
        self.special.update(token.content for token in tokens if token.special and token.content)
        ignored = 0
        for token in tokens:
            content = token.content
            known = self.ids.get(content)
            if not content or (known is not None and self.tokens.get(known) == token):
                ignored += 1
                continue
            if known is None:
                known = in_model(content)
            if known is None:
                known = model_size
                if self._largest >= 0 and (self._largest >= model_size or model_size == 0):
                    known = self._largest + 1
            self._put(known, AddedToken(**token.__getstate__()))
        self.edition += 1
        return len(tokens) - ignored

    def rows(self) -> list[Row]:
        """The tokens in the order of their ids, as the core takes them."""
        return [
            (
                id_,
                token.content,
                token.single_word,
                token.lstrip,
                token.rstrip,
                token.normalized,
                token.content in self.special,
            )
            for id_, token in sorted(self.tokens.items())
        ]

    def json(self) -> list[dict[str, object]]:
        """The tokens as `added_tokens` of a `tokenizer.json`."""
        return [
            {
                "id": id_,
                "content": token.content,
                "single_word": token.single_word,
                "lstrip": token.lstrip,
                "rstrip": token.rstrip,
                "normalized": token.normalized,
                "special": token.special,
            }
            for id_, token in sorted(self.tokens.items())
        ]
