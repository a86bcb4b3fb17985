"""`Tokenizer`: the original's methods over a state of plain data and a tokenizer built from it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from toksmith._native import InputError, ModelError
from toksmith.compat.tokenizers.added_token import AddedToken
from toksmith.compat.tokenizers.component import boolean, count, string
from toksmith.compat.tokenizers.decoders import Decoder
from toksmith.compat.tokenizers.errors import ArgumentError, unsupported, wrong_type
from toksmith.compat.tokenizers.limits import Padding, Truncation
from toksmith.compat.tokenizers.models import Model
from toksmith.compat.tokenizers.normalizers import Normalizer
from toksmith.compat.tokenizers.pre_tokenizers import PreTokenizer
from toksmith.compat.tokenizers.processors import PostProcessor
from toksmith.compat.tokenizers.show import show
from toksmith.compat.tokenizers.state import FAMILIES, State
from toksmith.compat.tokenizers.training import lines_of, texts_of, train
from toksmith.files import write_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from typing_extensions import Self

    from toksmith._native import Encoding, SpelledTokenizer
    from toksmith.compat.tokenizers.trainers import Trainer


class Tokenizer:
    """A pipeline: normalizer, pre-tokenizer, model, post-processor, decoder, and added tokens.

    Special tokens that are written in a text are found there, as in the original, unless
    `encode_special_tokens` is set.
    """

    _state: State
    _encode_special_tokens = False

    def __init__(self, model: Model) -> None:
        """A tokenizer that has a model alone."""
        if not isinstance(model, Model):
            raise wrong_type(model, "Model")
        self._state = State(model)

    @classmethod
    def _of_state(cls, state: State) -> Self:
        made = cls.__new__(cls)
        made._state = state
        return made

    @staticmethod
    def from_file(path: str | os.PathLike[str]) -> Tokenizer:
        """The tokenizer of a `tokenizer.json`.

        Raises:
            InputError: The file cannot be read.
            ModelError: The file is malformed; says where.
            UnsupportedFeature: The file needs something this version does not do.
        """
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                data = file.read()
        except (OSError, ValueError) as error:
            raise InputError(f"{path!r}: {error}") from error
        return Tokenizer._of_state(State.of_bytes(data))

    @staticmethod
    def from_str(json: str) -> Tokenizer:
        """As `from_file`, from the file's content."""
        return Tokenizer._of_state(State.of_bytes(string(json).encode()))

    @staticmethod
    def from_buffer(buffer: bytes) -> Tokenizer:
        """As `from_file`, from the file's content.

        Raises:
            ValueError: The file is malformed; says where.
        """
        if not isinstance(buffer, (bytes, bytearray, memoryview)):
            raise wrong_type(buffer, "bytes")
        try:
            return Tokenizer._of_state(State.of_bytes(bytes(buffer)))
        except ModelError as error:
            why = f"Cannot instantiate Tokenizer from buffer: {error}"
            raise ArgumentError(why) from error

    @staticmethod
    def from_pretrained(
        identifier: str, revision: str = "main", token: str | None = None
    ) -> Tokenizer:
        """The tokenizer of a model hub: from the local cache, else fetched by huggingface_hub.

        Raises:
            UnsupportedFeature: huggingface_hub is not installed.
            InputError: There is no such tokenizer, or it cannot be fetched.
        """
        try:
            from huggingface_hub import hf_hub_download
            from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
        except ImportError:
            unsupported("from_pretrained without huggingface_hub (pip install toksmith[hub])")
        where = (string(identifier), "tokenizer.json")
        try:
            try:
                path = hf_hub_download(*where, revision=revision, local_files_only=True)
            except LocalEntryNotFoundError:
                path = hf_hub_download(*where, revision=revision, token=token)
        except (HfHubHTTPError, OSError, ValueError) as error:
            raise InputError(f"{identifier}: tokenizer.json cannot be had: {error}") from error
        return Tokenizer.from_file(path)

    def save(self, path: str, pretty: bool = True) -> None:
        """Writes the tokenizer as a `tokenizer.json`, whole or not at all."""
        write_whole(path, self.to_str(pretty).encode())

    def to_str(self, pretty: bool = False) -> str:
        """The tokenizer as a `tokenizer.json`; `pretty` with line breaks."""
        data = self._state.json()
        if pretty:
            return json.dumps(json.loads(data), ensure_ascii=False, indent=2)
        return data.decode()

    def __getstate__(self) -> bytes:
        """The tokenizer as JSON bytes."""
        return self._state.json()

    def __setstate__(self, state: bytes) -> None:
        """Takes a tokenizer from JSON bytes."""
        self._state = State.of_bytes(bytes(state))

    def __getnewargs__(self) -> tuple[Model]:
        """As the original's."""
        from toksmith.compat.tokenizers.models import BPE

        return (BPE(),)

    def __reduce__(self) -> tuple[Any, ...]:
        """To data, never to code."""
        return (_restore, (type(self), self.__getstate__()))

    def __repr__(self) -> str:
        """The tokenizer with all of its parts."""
        return show(self._state.shown(), "Tokenizer")

    def __str__(self) -> str:
        """The tokenizer; of long lists the beginning."""
        return show(self._state.shown(), "Tokenizer", short=True)

    # Parts

    @property
    def model(self) -> Model:
        """What makes tokens."""
        return self._state.model

    @model.setter
    def model(self, model: Model) -> None:
        if not isinstance(model, Model):
            raise wrong_type(model, "Model")
        self._state.set_model(model)

    def _set(self, name: str, value: Any) -> None:
        family = FAMILIES[name]
        if value is not None and not isinstance(value, family):
            raise wrong_type(value, family.__name__)
        self._state.set_part(name, value)

    @property
    def normalizer(self) -> Normalizer | None:
        """What is done to text before it is cut."""
        return self._state.part("normalizer")  # type: ignore[no-any-return]

    @normalizer.setter
    def normalizer(self, normalizer: Normalizer | None) -> None:
        self._set("normalizer", normalizer)

    @property
    def pre_tokenizer(self) -> PreTokenizer | None:
        """What cuts text."""
        return self._state.part("pre_tokenizer")  # type: ignore[no-any-return]

    @pre_tokenizer.setter
    def pre_tokenizer(self, pre_tokenizer: PreTokenizer | None) -> None:
        self._set("pre_tokenizer", pre_tokenizer)

    @property
    def post_processor(self) -> PostProcessor | None:
        """What is put around texts."""
        return self._state.part("post_processor")  # type: ignore[no-any-return]

    @post_processor.setter
    def post_processor(self, post_processor: PostProcessor | None) -> None:
        self._set("post_processor", post_processor)

    @property
    def decoder(self) -> Decoder | None:
        """What makes text of tokens."""
        return self._state.part("decoder")  # type: ignore[no-any-return]

    @decoder.setter
    def decoder(self, decoder: Decoder | None) -> None:
        self._set("decoder", decoder)

    @property
    def encode_special_tokens(self) -> bool:
        """Whether special tokens written in a text are text."""
        return self._encode_special_tokens

    @encode_special_tokens.setter
    def encode_special_tokens(self, value: bool) -> None:
        self._encode_special_tokens = boolean(value)

    # Truncation and padding

    @property
    def truncation(self) -> dict[str, Any] | None:
        """The arguments of `enable_truncation`, or None."""
        found = self._state.truncation
        return None if found is None else found._asdict()

    def enable_truncation(
        self,
        max_length: int,
        *,
        stride: int = 0,
        strategy: str = "longest_first",
        direction: str = "right",
    ) -> None:
        """Texts are cut to `max_length` tokens; what is cut off is in `Encoding.overflowing`.

        Raises:
            ValueError: There is no such strategy or direction, or the stride leaves no step.
        """
        found = Truncation.of(max_length, stride, strategy, direction)
        added = self.num_special_tokens_to_add(False)
        length = max_length - added
        if 0 <= length < stride:
            raise ArgumentError(
                f"tokenizer stride set to {stride}, which is greater than or equal to its "
                f"effective max length of {length} (= {max_length} original max length - {added} "
                "added special tokens), "
            )
        self._state.truncation = found

    def no_truncation(self) -> None:
        """Texts are not cut."""
        self._state.truncation = None

    @property
    def padding(self) -> dict[str, Any] | None:
        """The arguments of `enable_padding`, or None."""
        found = self._state.padding
        return None if found is None else found.shown()

    def enable_padding(
        self,
        *,
        direction: str = "right",
        pad_id: int = 0,
        pad_type_id: int = 0,
        pad_token: str = "[PAD]",
        length: int | None = None,
        pad_to_multiple_of: int | None = None,
    ) -> None:
        """Inputs are filled up to `length`, or that of the longest of a batch.

        Raises:
            ValueError: There is no such direction.
        """
        self._state.padding = Padding.of(
            length, direction, pad_to_multiple_of, pad_id, pad_type_id, pad_token
        )

    def no_padding(self) -> None:
        """Inputs are not filled up."""
        self._state.padding = None

    # Encoding

    def _spelled(self) -> SpelledTokenizer:
        """The built tokenizer."""
        return self._state.tokenizer()

    def encode(
        self,
        sequence: Any,
        pair: Any = None,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> Encoding:
        """The encoding of one text or a pair.

        Args:
            sequence: A str, or with `is_pretokenized` a list of words.
            pair: The same of the second text.
            is_pretokenized: Whether texts are lists of words.
            add_special_tokens: Whether the post-processor adds its tokens.

        Raises:
            TypeError: A text is not what it must be.
            InputError: A truncation cannot be done.
        """
        state = self._state
        return state.tokenizer().encode(
            sequence,
            pair,
            is_pretokenized,
            add_special_tokens,
            self._encode_special_tokens,
            state.truncation,
            state.padding,
        )

    def encode_batch(
        self,
        input: Any,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> list[Encoding]:
        """The encodings of many texts or pairs, in parallel, with the GIL released.

        Args:
            input: A list, tuple or array of texts, or of pairs of texts.
            is_pretokenized: Whether texts are lists of words.
            add_special_tokens: Whether the post-processor adds its tokens.

        Raises:
            TypeError: A text is not what it must be.
            InputError: A truncation cannot be done.
        """
        state = self._state
        return state.tokenizer().encode_batch(
            input,
            is_pretokenized,
            add_special_tokens,
            self._encode_special_tokens,
            state.truncation,
            state.padding,
        )

    def encode_batch_fast(
        self,
        input: Any,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> list[Encoding]:
        """As `encode_batch`; offsets, which the original leaves out here, are right."""
        return self.encode_batch(input, is_pretokenized, add_special_tokens)

    async def async_encode(
        self,
        sequence: Any,
        pair: Any = None,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> Encoding:
        """`encode` in a thread."""
        arguments = (sequence, pair, is_pretokenized, add_special_tokens)
        return await asyncio.to_thread(self.encode, *arguments)

    async def async_encode_batch(
        self,
        input: Any,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> list[Encoding]:
        """`encode_batch` in a thread."""
        arguments = (input, is_pretokenized, add_special_tokens)
        return await asyncio.to_thread(self.encode_batch, *arguments)

    async def async_encode_batch_fast(
        self,
        input: Any,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> list[Encoding]:
        """`encode_batch_fast` in a thread."""
        arguments = (input, is_pretokenized, add_special_tokens)
        return await asyncio.to_thread(self.encode_batch_fast, *arguments)

    def post_process(
        self, encoding: Encoding, pair: Encoding | None = None, add_special_tokens: bool = True
    ) -> Encoding:
        """Truncation, post-processor and padding for the encoding of one text or of two."""
        state = self._state
        return state.tokenizer().post_process(
            encoding, pair, add_special_tokens, state.truncation, state.padding
        )

    def num_special_tokens_to_add(self, is_pair: bool) -> int:
        """Number of tokens that the post-processor adds to one text or two."""
        boolean(is_pair)
        if not self._state.has_part("post_processor"):
            return 0
        return self._state.tokenizer().num_special_tokens_to_add(is_pair)

    # Decoding

    def decode(self, ids: Any, skip_special_tokens: bool = True) -> str:
        """The text of ids; those that no token has are passed over."""
        return self._state.tokenizer().decode(ids, skip_special_tokens)

    def decode_batch(self, sequences: Any, skip_special_tokens: bool = True) -> list[str]:
        """The texts of many sequences of ids, in parallel."""
        return self._state.tokenizer().decode_batch(sequences, skip_special_tokens)

    async def async_decode_batch(
        self, sequences: Any, skip_special_tokens: bool = True
    ) -> list[str]:
        """`decode_batch` in a thread."""
        return await asyncio.to_thread(self.decode_batch, sequences, skip_special_tokens)

    # Vocabulary

    def add_tokens(self, tokens: list[str | AddedToken]) -> int:
        """Adds tokens; returns how many were not there just so before."""
        return self._add(tokens, special=False)

    def add_special_tokens(self, tokens: list[str | AddedToken]) -> int:
        """Adds special tokens; returns how many were not there just so before.

        An `AddedToken` given here is made special.
        """
        return self._add(tokens, special=True)

    def _add(self, tokens: list[str | AddedToken], *, special: bool) -> int:
        if not isinstance(tokens, list):
            raise wrong_type(tokens, "list")
        found = []
        for token in tokens:
            if isinstance(token, str):
                found.append(AddedToken(token, special=special))
            elif isinstance(token, AddedToken):
                if special:
                    token.special = True
                found.append(token)
            else:
                raise TypeError("Input must be a List[Union[str, AddedToken]]")
        size, token_to_id, _ = self._state.model_side()
        added = self._state.added.add(found, size, token_to_id)
        self._state.changed()
        return added

    def get_added_tokens_decoder(self) -> dict[int, AddedToken]:
        """The added tokens by id."""
        return dict(sorted(self._state.added.tokens.items()))

    def get_vocab(self, with_added_tokens: bool = True) -> dict[str, int]:
        """All tokens and their ids."""
        vocab = self._state.model_vocab()
        if with_added_tokens:
            vocab.update(self._state.added.ids)
        return vocab

    def get_vocab_size(self, with_added_tokens: bool = True) -> int:
        """Number of tokens."""
        size, token_to_id, _ = self._state.model_side()
        if not with_added_tokens:
            return size
        return size + sum(token_to_id(content) is None for content in self._state.added.ids)

    def token_to_id(self, token: str) -> int | None:
        """The id of a token, or None."""
        found = self._state.added.ids.get(string(token))
        return self._state.model_side()[1](token) if found is None else found

    def id_to_token(self, id: int) -> str | None:
        """The token of an id, or None; of an added one, what the normalizer makes of it."""
        if count(id) >= 2**32:
            raise OverflowError("number too large to fit in target type")
        state = self._state
        found = state.added.tokens.get(id)
        if found is None:
            return state.model_side()[2](id)
        if found.normalized and state.has_part("normalizer"):
            normalized = state.tokenizer().normalized(id)
            return found.content if normalized is None else normalized
        return found.content

    # Training

    def train(self, files: list[str], trainer: Trainer | None = None) -> None:
        """Learns the model's vocabulary from files, line by line; `special_tokens` are added.

        Raises:
            InputError: A file cannot be read, or the trainer is for another model.
            UnsupportedFeature: It is a Unigram that would be trained.
        """
        if not isinstance(files, list):
            raise wrong_type(files, "list")
        self._train(lines_of(files), trainer)

    def train_from_iterator(
        self,
        iterator: Any,
        trainer: Trainer | None = None,
        length: int | None = None,
    ) -> None:
        """As `train`, from texts or lists of texts; `length` changes nothing."""
        self._train(texts_of(iterator), trainer)

    def _train(self, texts: Iterator[str], trainer: Trainer | None) -> None:
        train(self._state, texts, trainer)
        if trainer is not None:
            self.add_special_tokens(trainer.special_tokens)


def _restore(kind: type[Tokenizer], state: bytes) -> Tokenizer:
    """A pickled tokenizer."""
    made = kind.__new__(kind)
    made.__setstate__(state)
    return made
