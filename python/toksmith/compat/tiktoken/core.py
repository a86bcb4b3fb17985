"""tiktoken's `Encoding`: each method checks its arguments as tiktoken does and calls the core."""

from __future__ import annotations

import functools
import re
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from toksmith import _native
from toksmith.compat.tiktoken._tiktoken import CoreBPE
from toksmith.tokenizer import _package_data

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Literal, NoReturn, TypeAlias

    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Self

    Allowed: TypeAlias = Literal["all"] | AbstractSet[str]
    Disallowed: TypeAlias = Literal["all"] | Collection[str]

_NONE: frozenset[str] = frozenset()


class Encoding:
    """Text to token ids and back, by ranks, a pattern and special tokens.

        >>> enc = Encoding(
        ...     "bytes",
        ...     pat_str=".",
        ...     mergeable_ranks={bytes([byte]): byte for byte in range(256)},
        ...     special_tokens={"<|end|>": 256},
        ... )
        >>> enc.encode("Hi<|end|>", allowed_special={"<|end|>"})
        [72, 105, 256]

    Args:
        name: What it is called.
        pat_str: The regular expression that cuts text before merging.
        mergeable_ranks: The tokens and their ranks, which are their ids too.
        special_tokens: The special tokens and their ids.
        explicit_n_vocab: How many tokens there must be, if given; the largest id is one less.

    Raises:
        ValueError: The pattern is not a regular expression, or two tokens share a rank.
        UnsupportedFeature: Some single byte has no rank.
        AssertionError: `explicit_n_vocab` does not fit.
    """

    def __init__(
        self,
        name: str,
        *,
        pat_str: str,
        mergeable_ranks: dict[bytes, int],
        special_tokens: dict[str, int],
        explicit_n_vocab: int | None = None,
    ) -> None:
        largest = max(max(mergeable_ranks.values()), max(special_tokens.values(), default=0))
        if explicit_n_vocab:
            count = len(mergeable_ranks) + len(special_tokens)
            if not count == explicit_n_vocab == largest + 1:
                raise AssertionError(
                    f"explicit_n_vocab={explicit_n_vocab}, but there are {count} tokens with ids "
                    f"up to {largest}"
                )
        # Takes the place of the property below.
        self.__dict__["_mergeable_ranks"] = mergeable_ranks
        self._fill(name, CoreBPE(mergeable_ranks, special_tokens, pat_str), special_tokens, pat_str)
        self.max_token_value = largest

    @classmethod
    def _embedded(cls, name: str) -> Self:
        """An encoding that comes with the package."""
        core = CoreBPE._embedded(name, _package_data(f"{_native.embedded_file(name)}.toksmith"))
        encoding = cls.__new__(cls)
        encoding._fill(name, core, core._special_tokens(), core._pattern())
        return encoding

    def _fill(self, name: str, core: CoreBPE, special_tokens: dict[str, int], pat_str: str) -> None:
        self.name = name
        self._pat_str = pat_str
        self._special_tokens = special_tokens
        self._special_token_values = set(special_tokens.values())
        self._core_bpe = core
        self.max_token_value = max(core._max_rank(), *self._special_token_values, 0)

    @functools.cached_property
    def _mergeable_ranks(self) -> dict[bytes, int]:
        """Those of an embedded encoding are made when first asked for."""
        return self._core_bpe._ranks()

    def __repr__(self) -> str:
        return f"<Encoding {self.name!r}>"

    # Text to ids

    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of a text in which special tokens are text.

            >>> tiktoken.get_encoding("gpt2").encode_ordinary("hello world")
            [31373, 995]

        Lone surrogates become U+FFFD.
        """
        try:
            return self._core_bpe.encode_ordinary(text)
        except UnicodeEncodeError:
            return self._core_bpe.encode_ordinary(_without_surrogates(text))

    def encode(
        self,
        text: str,
        *,
        allowed_special: Allowed = _NONE,
        disallowed_special: Disallowed = "all",
    ) -> list[int]:
        """The ids of a text, special tokens in it being refused unless the call says otherwise.

            >>> enc = tiktoken.get_encoding("gpt2")
            >>> enc.encode("<|endoftext|>", allowed_special={"<|endoftext|>"})
            [50256]
            >>> enc.encode("<|endoftext|>", disallowed_special=())
            [27, 91, 437, 1659, 5239, 91, 29]

        Args:
            text: The text; lone surrogates become U+FFFD.
            allowed_special: The special tokens to encode as such: a set of names, or `"all"`.
            disallowed_special: The names that raise if the text has them; by default all special
                tokens that are not allowed.

        Raises:
            ValueError: The text has something that is disallowed.
        """
        allowed = self._checked(text, allowed_special, disallowed_special)
        try:
            return self._core_bpe.encode(text, allowed)
        except UnicodeEncodeError:
            return self._core_bpe.encode(_without_surrogates(text), allowed)

    def encode_to_numpy(
        self,
        text: str,
        *,
        allowed_special: Allowed = _NONE,
        disallowed_special: Disallowed = "all",
    ) -> NDArray[np.uint32]:
        """As `encode`, as uint32 `(n,)`.

            >>> tiktoken.get_encoding("gpt2").encode_to_numpy("hello world")
            array([31373,   995], dtype=uint32)

        Raises:
            ValueError: The text has something that is disallowed, or a lone surrogate.
        """
        allowed = self._checked(text, allowed_special, disallowed_special)
        return self._core_bpe.encode_to_tiktoken_buffer(text, allowed)

    def encode_ordinary_batch(
        self, text: Iterable[str], *, num_threads: int | None = 8
    ) -> list[list[int]]:
        """As `encode_ordinary`, of many texts on at most `num_threads` threads.

        >>> tiktoken.get_encoding("gpt2").encode_ordinary_batch(["hello", "world"])
        [[31373], [6894]]
        """
        return self._batch(list(text), _NONE, _threads(num_threads))

    def encode_batch(
        self,
        text: Iterable[str],
        *,
        num_threads: int | None = 8,
        allowed_special: Allowed = _NONE,
        disallowed_special: Disallowed = "all",
    ) -> list[list[int]]:
        """As `encode`, of many texts on at most `num_threads` threads.

        >>> tiktoken.get_encoding("gpt2").encode_batch(["hello", "world"])
        [[31373], [6894]]
        """
        allowed, disallowed = self._sets(allowed_special, disallowed_special)
        refused = frozenset(disallowed)
        threads, texts = _threads(num_threads), list(text)
        for item in texts:
            self._checked(item, allowed, refused)
        return self._batch(texts, allowed, threads)

    def encode_with_unstable(
        self,
        text: str,
        *,
        allowed_special: Allowed = _NONE,
        disallowed_special: Disallowed = "all",
    ) -> tuple[list[int], list[list[int]]]:
        """The ids that more text would not change, and what the end of the text may become.

            >>> enc = tiktoken.get_encoding("gpt2")
            >>> stable, completions = enc.encode_with_unstable("hello fanta")
            >>> stable
            [31373]
            >>> enc.encode(" fantasy") in completions
            True

        Returns:
            The stable ids, and the sequences that may stand for the rest, sorted.

        Raises:
            ValueError: The text has something that is disallowed, or a lone surrogate.
        """
        allowed = self._checked(text, allowed_special, disallowed_special)
        return self._core_bpe.encode_with_unstable(text, allowed)

    def encode_single_token(self, text_or_bytes: str | bytes) -> int:
        """The id of the token with exactly these bytes, special tokens included.

            >>> tiktoken.get_encoding("gpt2").encode_single_token("hello")
            31373

        Raises:
            KeyError: There is no such token.
        """
        return self._core_bpe.encode_single_token(_utf8(text_or_bytes))

    # Ids to text

    def decode_bytes(self, tokens: Sequence[int]) -> bytes:
        """The bytes of a sequence of ids.

            >>> tiktoken.get_encoding("gpt2").decode_bytes([31373, 995])
            b'hello world'

        Raises:
            KeyError: An id has no token.
            OverflowError: An id is negative, or 2**32 or more.
        """
        return self._core_bpe.decode_bytes(tokens)

    def decode(self, tokens: Sequence[int], errors: str = "replace") -> str:
        """The text of a sequence of ids; `errors` as in `bytes.decode`.

        >>> tiktoken.get_encoding("gpt2").decode([31373, 995])
        'hello world'
        """
        return self._core_bpe.decode_bytes(tokens).decode("utf-8", errors=errors)

    def decode_single_token_bytes(self, token: int) -> bytes:
        """The bytes of one token.

            >>> tiktoken.get_encoding("gpt2").decode_single_token_bytes(995)
            b' world'

        Raises:
            KeyError: The id has no token.
        """
        return self._core_bpe.decode_single_token_bytes(token)

    def decode_tokens_bytes(self, tokens: Iterable[int]) -> list[bytes]:
        """The bytes of each of several tokens.

        >>> tiktoken.get_encoding("gpt2").decode_tokens_bytes([31373, 995])
        [b'hello', b' world']
        """
        return [self.decode_single_token_bytes(token) for token in tokens]

    def decode_with_offsets(self, tokens: Iterable[int]) -> tuple[str, list[int]]:
        """The text of the ids, and the character of it at which each begins.

            >>> tiktoken.get_encoding("gpt2").decode_with_offsets([31373, 995])
            ('hello world', [0, 5])

        A token that begins inside a character has that character's place.

        Raises:
            UnicodeDecodeError: The bytes of the ids are not UTF-8.
        """
        pieces, offsets, characters = self.decode_tokens_bytes(tokens), [], 0
        for piece in pieces:
            inside = bool(piece) and _continues(piece[0])
            offsets.append(max(0, characters - inside))
            characters += sum(not _continues(byte) for byte in piece)
        return b"".join(pieces).decode("utf-8"), offsets

    def decode_batch(
        self,
        batch: Iterable[Sequence[int]],
        *,
        errors: str = "replace",
        num_threads: int | None = 8,
    ) -> list[str]:
        """As `decode`, of many sequences. One thread does it as fast as `num_threads`.

        >>> tiktoken.get_encoding("gpt2").decode_batch([[31373], [995]])
        ['hello', ' world']
        """
        _threads(num_threads)
        return [self.decode(tokens, errors) for tokens in batch]

    def decode_bytes_batch(
        self, batch: Iterable[Sequence[int]], *, num_threads: int | None = 8
    ) -> list[bytes]:
        """As `decode_bytes`, of many sequences. One thread does it as fast as `num_threads`.

        >>> tiktoken.get_encoding("gpt2").decode_bytes_batch([[31373], [995]])
        [b'hello', b' world']
        """
        _threads(num_threads)
        return [self.decode_bytes(tokens) for tokens in batch]

    # What it is made of

    def token_byte_values(self) -> list[bytes]:
        r"""The bytes of all tokens that are not special, sorted.

        >>> tiktoken.get_encoding("gpt2").token_byte_values()[-1]
        b'\xff'
        """
        return self._core_bpe.token_byte_values()

    @property
    def eot_token(self) -> int:
        """The id of `<|endoftext|>`; a `KeyError` if there is none.

        >>> tiktoken.get_encoding("gpt2").eot_token
        50256
        """
        return self._special_tokens["<|endoftext|>"]

    @functools.cached_property
    def special_tokens_set(self) -> set[str]:
        """The names of the special tokens.

        >>> tiktoken.get_encoding("gpt2").special_tokens_set
        {'<|endoftext|>'}
        """
        return set(self._special_tokens)

    def is_special_token(self, token: int) -> bool:
        """Whether an id is that of a special token.

        >>> tiktoken.get_encoding("gpt2").is_special_token(50256)
        True
        """
        if not isinstance(token, int):
            raise AssertionError(f"an id is an int, not {type(token).__name__}")
        return token in self._special_token_values

    @property
    def n_vocab(self) -> int:
        """One more than the largest id; there may be ids without a token.

        >>> tiktoken.get_encoding("gpt2").n_vocab
        50257
        """
        return self.max_token_value + 1

    # Private in tiktoken, used all the same

    def _encode_single_piece(self, text_or_bytes: str | bytes) -> list[int]:
        """The ids of a text taken as one piece, without cutting."""
        return self._core_bpe.encode_single_piece(_utf8(text_or_bytes))

    def _encode_only_native_bpe(self, text: str) -> list[int]:
        """As `encode_ordinary`, but lone surrogates raise.

        In tiktoken it cuts with the package `regex`, whose Unicode may be of a later version.
        """
        return self._core_bpe.encode_ordinary(text)

    def _encode_bytes(self, text: bytes) -> list[int]:
        """The ids of bytes that may end in half a character."""
        return self._core_bpe._encode_bytes(text)

    def __getstate__(self) -> object:
        from toksmith.compat.tiktoken import registry

        if self is registry.ENCODINGS.get(self.name):
            return self.name
        return {
            "name": self.name,
            "pat_str": self._pat_str,
            "mergeable_ranks": self._mergeable_ranks,
            "special_tokens": self._special_tokens,
        }

    def __setstate__(self, value: object) -> None:
        from toksmith.compat.tiktoken import registry

        if isinstance(value, str):
            self.__dict__ = registry.get_encoding(value).__dict__
        else:
            arguments: Any = value
            self.__init__(**arguments)  # type: ignore[misc]  # as unpickling is by definition

    # Arguments

    def _sets(
        self, allowed_special: Allowed, disallowed_special: Disallowed
    ) -> tuple[AbstractSet[str], Collection[str]]:
        """Both arguments with `"all"` spelled out."""
        allowed = self.special_tokens_set if allowed_special == "all" else allowed_special
        if disallowed_special == "all":
            return allowed, self.special_tokens_set - allowed
        return allowed, disallowed_special

    def _checked(
        self, text: str, allowed_special: Allowed, disallowed_special: Disallowed
    ) -> AbstractSet[str]:
        """The names that are allowed; raises if the text has one that is disallowed."""
        if disallowed_special == "all" and isinstance(allowed_special, set | frozenset):
            # What most calls are, without a pattern.
            try:
                found = self._core_bpe._first_disallowed(text, allowed_special)
            except UnicodeEncodeError:
                pass
            else:
                return allowed_special if found is None else raise_disallowed_special_token(found)
        allowed, disallowed = self._sets(allowed_special, disallowed_special)
        if disallowed:
            match = _special_token_regex(frozenset(disallowed)).search(text)
            if match:
                raise_disallowed_special_token(match.group())
        return allowed

    def _batch(self, texts: list[str], allowed: AbstractSet[str], threads: int) -> list[list[int]]:
        if not texts:
            return []
        try:
            return self._core_bpe._encode_batch(texts, allowed, threads)
        except UnicodeEncodeError:
            texts = [_without_surrogates(text) for text in texts]
            return self._core_bpe._encode_batch(texts, allowed, threads)


@functools.lru_cache(maxsize=128)
def _special_token_regex(tokens: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(tokens, key=len, reverse=True)
    return re.compile("|".join(re.escape(token) for token in longest_first))


def raise_disallowed_special_token(token: str) -> NoReturn:
    """Says which special token a text has, and what may be done about it.

    >>> raise_disallowed_special_token("<|x|>")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: the text has the disallowed special token '<|x|>'...
    """
    raise ValueError(
        f"the text has the disallowed special token {token!r}.\n"
        f"To encode it as a special token, allow it: `allowed_special={{{token!r}, ...}}`.\n"
        "To encode it as the text it is, disallow only others: "
        f"`disallowed_special=(enc.special_tokens_set - {{{token!r}}})`.\n"
        "To take all special tokens for text: `disallowed_special=()`."
    )


def _without_surrogates(text: str) -> str:
    """Pairs of surrogates become their character, lone ones U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _utf8(text_or_bytes: str | bytes) -> bytes:
    return text_or_bytes.encode() if isinstance(text_or_bytes, str) else text_or_bytes


def _continues(byte: int) -> bool:
    """Whether a byte is inside a character of UTF-8."""
    return 0x80 <= byte < 0xC0


def _threads(num_threads: int | None) -> int:
    if num_threads is None:
        return 1 << 10
    if num_threads <= 0:
        raise ValueError(f"num_threads must be greater than 0, not {num_threads}")
    return int(num_threads)
