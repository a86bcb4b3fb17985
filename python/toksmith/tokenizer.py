"""The tokenizer as Python sees it: names people know over the compiled core.

What is called once a text (`encode`, `count`, `decode`, ...) is inherited from the core as it is,
because a Python frame would cost as much as the work. Here is what is called once a file or once a
batch, and needs Python's help: paths, arrays, pickling, display. Start at `Tokenizer`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith import _native
from toksmith._native import InputError, ModelError, UnsupportedFeature, VocabularyError
from toksmith.batch import Batch
from toksmith.budget import Budgets
from toksmith.encoding import Encoding
from toksmith.files import as_path, find_model, write_whole
from toksmith.inputs import to_texts
from toksmith.model_inputs import (
    Inputs,
    Padding,
    Truncation,
    file_padding,
    file_truncation,
    make_inputs,
)
from toksmith.progress import reporting
from toksmith.show import TokenView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal, TypeAlias

    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

    from toksmith.progress import Progress

    Specials: TypeAlias = Literal["all"] | Iterable[str]
    OnBadText: TypeAlias = Literal["strict", "replace"]

# By suffix; a name that ends otherwise needs `format=`.
_FORMATS = {
    ".json": "json",
    ".model": "model",
    ".tiktoken": "tiktoken",
    ".toksmith": "toksmith",
}
_MAX_ID = 2**32 - 1


class Tokenizer(Budgets):
    """Text to token ids and back, exactly as the library that made the vocabulary does it.

    Made by `from_pretrained`, `from_file` or `from_bytes`; never changes afterwards, so that it can
    be shared by threads, pickled and forked.

        >>> tok = Tokenizer.from_pretrained("cl100k_base")
        >>> tok.encode("Hello, world!")
        [9906, 11, 1917, 0]
    """

    __slots__ = ()

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        pattern: str | None = None,
        specials: dict[str, int] | None = None,
        name: str | None = None,
    ) -> Self:
        """Reads a tokenizer file, or a folder that holds one; the format is found by content.

        Args:
            path: `tokenizer.json`, a tiktoken rank file (also Llama's `tokenizer.model` in that
                form), a SentencePiece `.model`, `tekken.json`, a GGUF file, `vocab.txt` or a
                `.toksmith` file. Nothing is ever fetched from a network.
            pattern: How a rank file splits text: a regular expression, or the name of a known
                vocabulary. Known files need none.
            specials: The special tokens of a rank file, with their ids.
            name: What the tokenizer shall be called.

        Raises:
            InputError: The file cannot be read, or an argument does not suit it.
            ModelError: The file is malformed; says where.
            UnsupportedFeature: The file needs something this version does not do.
        """
        file, data = find_model(path)
        try:
            if data is not None:
                return cls.from_bytes(data, pattern, specials, name)
            return cls._from_path(file, pattern, _checked_specials(specials), name)
        except (ModelError, UnsupportedFeature, VocabularyError, InputError) as error:
            raise type(error)(f"{file}: {error}") from None

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        pattern: str | None = None,
        specials: dict[str, int] | None = None,
        name: str | None = None,
    ) -> Self:
        """As `from_file`, from the file's content."""
        return cls._from_bytes(data, pattern, _checked_specials(specials), name)

    @classmethod
    def from_pretrained(cls, name: str) -> Self:
        """A vocabulary that comes with the package; never touches a network.

        Args:
            name: `r50k_base` (or `gpt2`), `p50k_base`, `p50k_edit`, `cl100k_base`, `o200k_base` or
                `o200k_harmony`.

        Raises:
            VocabularyError: There is no such vocabulary in the package.
            UnsupportedFeature: The name is one of a model hub.
        """
        if not isinstance(name, str):
            raise InputError(f"a name must be a str, not {type(name).__name__}")
        stem = _native.embedded_file(name)
        if stem is None:
            known = ", ".join(_native.embedded_names())
            if "/" in name:
                raise UnsupportedFeature(
                    f"names of a model hub, such as {name!r}: download the model's tokenizer.json "
                    f"and use from_file; embedded are {known}"
                )
            raise VocabularyError(f"no embedded vocabulary is called {name!r}; there are {known}")
        return cls._embedded(name, _package_data(f"{stem}.toksmith"))

    def __call__(
        self,
        texts: str | bytes | Iterable[str | bytes] | ArrayLike,
        pairs: str | bytes | Iterable[str | bytes] | ArrayLike | None = None,
        truncation: bool | Truncation | None = None,
        padding: bool | Padding | None = None,
        return_tensors: Literal["np"] | None = None,
        add_special_tokens: bool = True,
        return_overflowing_tokens: bool = False,
        return_token_type_ids: bool | None = None,
        return_char_spans: bool = False,
        allowed_special: Specials = (),
        errors: OnBadText = "strict",
        num_threads: int | None = None,
    ) -> Inputs:
        """What a model takes: ids with the file's special tokens around them, masks, one length.

            >>> tok = Tokenizer.from_pretrained("cl100k_base")
            >>> out = tok(["Hello, world!", "Hi"], padding=Padding(pad_id=0), return_tensors="np")
            >>> out.input_ids.tolist()
            [[9906, 11, 1917, 0], [13347, 0, 0, 0]]
            >>> out["attention_mask"].tolist()
            [[1, 1, 1, 1], [1, 0, 0, 0]]

        Equal to tokenizers 0.23.3, but that nothing is cut or filled up that the call does not ask
        for, and that special tokens written in a text are text unless allowed.

        Args:
            texts: One text, or several as in `encode_batch`.
            pairs: The second texts of pairs, as many.
            truncation: A `Truncation`; `True` takes the file's own; by default nothing is cut.
            padding: A `Padding`; `True` takes the file's own, or that of the longest input; by
                default nothing is filled up.
            return_tensors: `"np"` for int64 arrays; by default there are lists.
            add_special_tokens: Whether the file's template puts its special tokens there.
            return_overflowing_tokens: Whether what was cut off comes as further rows.
            return_token_type_ids: Whether type ids are among what models take; by default if there
                are pairs. They are in `Inputs.token_type_ids` in any case.
            return_char_spans: Whether there are spans in characters too.
            allowed_special: As in `encode`.
            errors: As in `encode`.
            num_threads: As in `encode_batch`.

        Raises:
            InputError: A text or an option cannot be used: a stride that leaves no step, a text too
                short for a strategy, arrays without padding, no token to fill up with.
            UnsupportedFeature: `return_tensors` names another library.
        """
        return make_inputs(
            self,
            texts,
            pairs,
            truncation=truncation,
            padding=padding,
            return_tensors=return_tensors,
            add_special_tokens=add_special_tokens,
            return_overflowing_tokens=return_overflowing_tokens,
            return_token_type_ids=return_token_type_ids,
            return_char_spans=return_char_spans,
            allowed_special=allowed_special,
            errors=errors,
            num_threads=_checked_threads(num_threads),
        )

    @property
    def truncation(self) -> Truncation | None:
        """How the file says that texts are cut: what `tok(..., truncation=True)` does."""
        return file_truncation(self)

    @property
    def padding(self) -> Padding | None:
        """How the file says that inputs are filled up: what `tok(..., padding=True)` does."""
        return file_padding(self)

    def encode_with_spans(
        self, text: str | bytes, allowed_special: Specials = (), errors: OnBadText = "strict"
    ) -> Encoding:
        """The ids of one text, and where each token lies in it.

        Args, Raises: as `encode`.
        """
        return Encoding(self, *self._encode_spans(text, allowed_special, errors))

    def encode_batch(
        self,
        texts: Iterable[str | bytes] | ArrayLike,
        allowed_special: Specials = (),
        errors: OnBadText = "strict",
        num_threads: int | None = None,
        progress: Progress = None,
    ) -> Batch:
        """The ids of many texts, in parallel, with the GIL released.

        Args:
            texts: A list of str or bytes, an array of strings, or anything that speaks Arrow's C
                interface (read in place).
            allowed_special: As in `encode`.
            errors: As in `encode`.
            num_threads: At most so many; by default all that the process may use, or
                `TOKSMITH_NUM_THREADS`.
            progress: `True` draws a bar if standard error is a terminal; a callable is called with
                `(done, total, unit)`.

        Raises:
            InputError: A text is null, neither str nor bytes, or not well-formed; names the row.
        """
        data, num_threads = to_texts(texts), _checked_threads(num_threads)
        with reporting(progress) as report:
            if isinstance(data, list):
                found = self._encode_batch(data, allowed_special, errors, num_threads, report)
            else:
                found = self._encode_flat(*data, allowed_special, errors, num_threads, report)
        return Batch._of(*found)

    def encode_parts(
        self,
        parts: Iterable[tuple[str | bytes, bool]],
        control_tokens: Iterable[str] | None = None,
    ) -> NDArray[np.uint32]:
        """The ids of a text put together from parts, some of which are not trusted.

        Special tokens are recognised in trusted parts. In an untrusted part no special id and no
        control token ever appears, nor does one form across its edges: no merge crosses a part.

        Args:
            parts: `(text, trusted)`, in order.
            control_tokens: Added tokens that untrusted text must not spell although their file does
                not mark them special; by default the likes of `<think>` and `<tool_call>`.

        Returns:
            uint32 `(n,)`.

        Raises:
            InputError: A part is not `(text, trusted)`.
            VocabularyError: `control_tokens` names no token.
        """
        names = None if control_tokens is None else _names(control_tokens, "control_tokens")
        return self._encode_parts(_checked_parts(parts), names)

    def count_batch(
        self,
        texts: Iterable[str | bytes] | ArrayLike,
        allowed_special: Specials = (),
        errors: OnBadText = "strict",
        num_threads: int | None = None,
    ) -> NDArray[np.int64]:
        """How many tokens each text has, without building their ids: int64 `(rows,)`.

        Args, Raises: as `encode_batch`.
        """
        data, num_threads = to_texts(texts), _checked_threads(num_threads)
        if isinstance(data, list):
            return self._count_batch(data, allowed_special, errors, num_threads)
        return self._count_flat(*data, allowed_special, errors, num_threads)

    def decode_batch(
        self,
        batch: Batch | Iterable[ArrayLike],
        skip_special_tokens: bool = False,
        errors: OnBadText = "replace",
    ) -> list[str]:
        """The text of each row.

        Args:
            batch: A `Batch`, or one sequence of ids a row.
            skip_special_tokens: Leave out special tokens.
            errors: What to do with bytes that are not UTF-8: `"replace"` or `"strict"`.

        Raises:
            VocabularyError: No token has such an id.
            InputError: A row is not a sequence of integers, or not UTF-8 under `"strict"`.
        """
        if not isinstance(batch, Batch):
            batch = Batch.from_rows(_items(batch, "batch"))
        return self._decode_batch(batch.ids, batch.offsets, skip_special_tokens, errors)

    def save(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002
        exact: bool = True,
    ) -> None:
        """Writes the tokenizer to a file, whole or not at all.

        Args:
            path: Where; its suffix says the format.
            format: `"json"` (a `tokenizer.json`), `"model"` (SentencePiece's), `"tiktoken"` (ranks
                alone) or `"toksmith"` (loads fastest); needed where the suffix is none of these.
            exact: By default the file gives the same ids for every text, or is refused. `False`
                allows what converters do with a SentencePiece model in a `tokenizer.json`: its
                table of replacements is applied grapheme by grapheme, the scores of a unigram
                are added in double precision, and special pieces spelled in text are found
                there, so that a few texts have other ids. The other way, it allows a unigram
                of a `tokenizer.json` to become a SentencePiece model, and added tokens its
                user-defined pieces.

        Raises:
            InputError: No format can be told, or the file cannot be written.
            UnsupportedFeature: The format cannot say what this tokenizer does.
        """
        if format is None:
            suffix = as_path(path).suffix
            format = _FORMATS.get(suffix)  # noqa: A001
            if format is None:
                known = ", ".join(_FORMATS)
                raise InputError(
                    f"{path}: suffix {suffix!r} names no format ({known}); say format="
                )
        elif not (isinstance(format, str) and format in _FORMATS.values()):
            known = ", ".join(map(repr, _FORMATS.values()))
            raise InputError(f"format must be one of {known}, not {format!r}")
        write_whole(path, self._save(format, bool(exact)))

    def show(self, text: str | bytes, allowed_special: Specials = ()) -> TokenView:
        """The text with its token boundaries in colour: print it, or let a notebook show it."""
        encoding = self.encode_with_spans(text, allowed_special, "replace")
        return TokenView(encoding.tokens, encoding.ids.tolist())

    def __eq__(self, other: object) -> bool:
        """Whether the other gives the same ids for every text."""
        if not isinstance(other, _native.Tokenizer):
            return NotImplemented
        return self is other or self.digest == other.digest

    def __hash__(self) -> int:
        """Equal tokenizers hash equally."""
        return hash(self.digest)

    def __reduce__(self) -> tuple[Callable[..., Tokenizer], tuple[type[Tokenizer], bytes, str]]:
        """Pickles to the tokenizer's own file format and a digest, never to code."""
        return (_unpickle, (type(self), self.to_bytes(), self.digest))

    def __copy__(self) -> Self:
        """Itself: it never changes."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Itself: it never changes."""
        return self

    def __repr__(self) -> str:
        """Name, sizes and the beginning of the digest."""
        return (
            f"Tokenizer({self.name or 'unnamed'}: {self.vocab_size} tokens, "
            f"{len(self.special_ids)} special, digest {self.digest[:8]})"
        )

    def _repr_html_(self) -> str:
        import html

        rows = {
            "name": self.name or "unnamed",
            "tokens": self.vocab_size,
            "with added tokens": len(self),
            "special": ", ".join(list(self.special_ids)[:8]) or "none",
            "digest": self.digest,
        }
        cells = "".join(
            f"<tr><th>{name}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in rows.items()
        )
        return f"<table>{cells}</table>"


def _unpickle(cls: type[Tokenizer], data: bytes, digest: str) -> Tokenizer:
    """What `Tokenizer.__reduce__` comes back through; refuses what is not what was pickled."""
    if not (isinstance(cls, type) and issubclass(cls, Tokenizer)):
        raise ModelError(f"a pickled tokenizer names {cls!r}, which is not a tokenizer class")
    tokenizer = cls.from_bytes(data)
    if tokenizer.digest != digest:
        raise ModelError(
            f"a pickled tokenizer came back with digest {tokenizer.digest}, expected {digest}"
        )
    return tokenizer


def _package_data(file: str) -> bytes:
    # Through the package's loader: works from a zip, without the cost of importlib.resources.
    loader: Any = __spec__.loader if __spec__ else None
    folder = os.path.dirname(__file__)  # noqa: PTH120  # importing pathlib takes milliseconds
    data: bytes = loader.get_data(f"{folder}{os.sep}data{os.sep}{file}")
    return data


def _checked_specials(specials: object) -> dict[str, int] | None:
    if specials is None:
        return None
    if not isinstance(specials, dict):
        raise InputError(f"specials must be a dict of names to ids, not {type(specials).__name__}")
    for name, number in specials.items():
        if not isinstance(name, str) or not isinstance(number, int):
            raise InputError(f"specials must be names with integer ids, found {name!r}: {number!r}")
        if not 0 <= number <= _MAX_ID:
            raise VocabularyError(f"specials: {name!r} has id {number}; ids are 0 to 2**32 - 1")
    return specials


def _checked_parts(parts: Iterable[tuple[str | bytes, bool]]) -> list[tuple[str | bytes, bool]]:
    found = _items(parts, "parts")
    for number, part in enumerate(found):
        # Exactly a bool: a truthy value by mistake would let untrusted text speak with authority.
        if not (isinstance(part, tuple) and len(part) == 2 and isinstance(part[1], bool)):
            raise InputError(f"part {number} must be (text, trusted), a pair of text and bool")
    return found


def _checked_threads(num_threads: int | None) -> int | None:
    if num_threads is None or (isinstance(num_threads, int) and 0 < num_threads <= _MAX_ID):
        return num_threads
    raise InputError(f"num_threads must be a positive integer or None, not {num_threads!r}")


def _names(values: Iterable[str], what: str) -> list[str]:
    if isinstance(values, str):
        raise InputError(f"{what} must be several names, found one str; put it in a list")
    return _items(values, what)


def _items(values: Iterable[Any], what: str) -> list[Any]:
    try:
        return list(values)
    except TypeError:
        raise InputError(f"{what}: expected a sequence, not {type(values).__name__}") from None
