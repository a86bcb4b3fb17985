"""The compiled half of toksmith: what `rust/toksmith-py` exports, in its order.

Names with a leading underscore are called by `toksmith.tokenizer`, which documents what they mean.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, AnyStr, Literal, TypeAlias, TypedDict, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import Self, disjoint_base

__all__ = [
    "UNICODE_VERSION",
    "CoreBPE",
    "DecodeStream",
    "Encoding",
    "InputError",
    "InternalError",
    "ModelError",
    "SentencePieceCore",
    "SentencePieceNormalizerCore",
    "SpelledTokenizer",
    "StreamDecoder",
    "StreamEncoder",
    "TextCounter",
    "TokenCounter",
    "Tokenizer",
    "ToksmithError",
    "UnsupportedFeature",
    "VocabularyError",
    "WordCounter",
    "WordCounts",
    "_ByteLaw",
    "_ByteState",
    "_Canonical",
    "_Compounds",
    "_EntropyPatcher",
    "_HyperMark",
    "_HyperState",
    "_Hypertokens",
    "_Lexicon",
    "_MergeApplier",
    "_MergeStream",
    "_Segmenter",
    "_SlotTable",
    "_SoftPlan",
    "_SpelledVocabulary",
    "_Spellings",
    "_TensorFile",
    "_TokenGraph",
    "_TokenTrie",
    "__version__",
    "_average",
    "_begin_tensors",
    "_byte_matrix",
    "_causal_broadcast",
    "_check_recipe",
    "_chunk",
    "_dechunk",
    "_entropies",
    "_entropy_patches",
    "_extend_bpe",
    "_fits",
    "_id_limit",
    "_merge_batch",
    "_merge_bytes",
    "_merge_layout",
    "_merge_limit",
    "_merge_published",
    "_narrow",
    "_pooled",
    "_route",
    "_script_names",
    "_script_of",
    "_script_runs",
    "_segment_broadcast",
    "_segment_reduce",
    "_space_patches",
    "_split_patches",
    "_stride_patches",
    "_surface_ids",
    "_text_bytes",
    "_train_bpe",
    "_train_joined",
    "_train_lib",
    "_train_lzw",
    "_train_two_stages",
    "_train_unigram",
    "_transfer_align",
    "_transfer_decompose",
    "_transfer_gather",
    "_truncate",
    "_turns",
    "_unit_spans",
    "_word_patches",
    "decode_tokens",
    "embedded_file",
    "embedded_names",
    "file_padding",
    "file_truncation",
    "json_sections",
    "model_inputs",
    "normalize_text",
    "pre_tokenize_text",
]

# An added token: `(id, content, single_word, lstrip, rstrip, normalized, special)`.
_Added: TypeAlias = tuple[int, str, bool, bool, bool, bool, bool]

__version__: str
UNICODE_VERSION: tuple[int, int]

_Specials: TypeAlias = Literal["all"] | Iterable[str]
_OnBadText: TypeAlias = Literal["strict", "replace"]
_Side: TypeAlias = Literal["right", "left"]
_Strategy: TypeAlias = Literal["longest_first", "only_first", "only_second"]
_Report: TypeAlias = Callable[[int, int, str], object] | None
# Rows `(n, width)`, contiguous; 16-bit numbers by their bits.
_Rows: TypeAlias = NDArray[np.float64] | NDArray[np.float32] | NDArray[np.uint16]

class _CacheInfo(TypedDict):
    bytes: int
    budget_per_thread: int

class ToksmithError(Exception):
    """Everything that toksmith raises on purpose."""

class ModelError(ToksmithError):
    """A tokenizer file is malformed; says what and where."""

class UnsupportedFeature(ToksmithError, NotImplementedError):
    """A file or a call asks for something that this version does not do; names it."""

class VocabularyError(ToksmithError):
    """No token has such an id or name, or vocabularies do not fit together."""

class InputError(ToksmithError):
    """Text or an argument that cannot be processed; says where and why."""

class InternalError(ToksmithError):
    """A bug in toksmith."""

@disjoint_base
class Tokenizer:
    """Text to token ids and back. Immutable; made by the class methods of `toksmith.Tokenizer`."""

    @classmethod
    def _from_bytes(
        cls,
        data: bytes,
        pattern: str | None,
        specials: dict[str, int] | None,
        name: str | None,
    ) -> Self: ...
    @classmethod
    def _from_path(
        cls,
        path: str | os.PathLike[str],
        pattern: str | None,
        specials: dict[str, int] | None,
        name: str | None,
    ) -> Self: ...
    @classmethod
    def _embedded(cls, name: str, data: bytes) -> Self: ...
    def encode(
        self,
        text: str | bytes,
        allowed_special: _Specials = (),
        errors: _OnBadText = "strict",
    ) -> list[int]:
        """The ids of one text. Nothing is added; special tokens in the text are text."""

    def encode_array(
        self,
        text: str | bytes,
        allowed_special: _Specials = (),
        errors: _OnBadText = "strict",
    ) -> NDArray[np.uint32]:
        """The ids of one text as uint32 `(n,)`."""

    def count(
        self,
        text: str | bytes,
        allowed_special: _Specials = (),
        errors: _OnBadText = "strict",
    ) -> int:
        """How many tokens the text has, without building their ids."""

    def encode_sample(
        self,
        text: str | bytes,
        allowed_special: _Specials = (),
        errors: _OnBadText = "strict",
        *,
        alpha: float | None = None,
        nbest_size: int = -1,
        seed: int,
    ) -> list[int]:
        """The ids of one text, drawn at random; the same for the same seed."""

    def encode_nbest(
        self, text: str | bytes, n: int, errors: _OnBadText = "strict"
    ) -> list[tuple[list[int], float]]:
        """The n best segmentations by a SentencePiece unigram model and their scores."""

    @property
    def dropout(self) -> float:
        """The file's own probability of passing over a merge; `encode` passes over none."""

    def decode(
        self,
        ids: ArrayLike,
        skip_special_tokens: bool = False,
        errors: _OnBadText = "replace",
    ) -> str:
        """The text of the ids."""

    def decode_bytes(self, ids: ArrayLike, skip_special_tokens: bool = False) -> bytes:
        """The bytes of the ids."""

    def stream_decoder(self, skip_special_tokens: bool = False) -> StreamDecoder:
        """A decoder that takes ids as they come and never gives half a character."""

    def token_bytes(self, id: int) -> bytes:
        """The bytes of one token."""

    def token_id(self, token: str | bytes) -> int:
        """The id of the token with exactly these bytes; a str stands for its UTF-8."""

    def to_bytes(self) -> bytes:
        """The tokenizer in its own format, which `from_bytes` reads back."""

    @property
    def joins_pre_tokens(self) -> bool:
        """Whether neighbouring pre-tokens that are one token each become one token.

        No file but `.toksmith` can say so; others raise `UnsupportedFeature` in `save`.
        """

    def cache_info(self) -> _CacheInfo:
        """What the caches of this tokenizer hold, and their budget."""

    def clear_cache(self) -> None:
        """Empties the caches. No id ever depends on them."""

    @property
    def vocab_size(self) -> int:
        """Number of tokens without added ones."""

    @property
    def special_ids(self) -> dict[str, int]:
        """Special tokens and their ids, by id."""

    @property
    def bos_id(self) -> int | None:
        """The id that begins a text, if the file says one."""

    @property
    def eos_id(self) -> int | None:
        """The id that ends a text, if the file says one."""

    @property
    def pad_id(self) -> int | None:
        """The id that fills up, if the file says one."""

    @property
    def unk_id(self) -> int | None:
        """The id for what has no other, if the file says one."""

    @property
    def name(self) -> str | None:
        """What the tokenizer is called."""

    @property
    def digest(self) -> str:
        """SHA-256 of what decides ids, in hexadecimal."""

    @property
    def behaviour(self) -> int:
        """The same file and the same number give the same ids for ever."""

    @property
    def patterns(self) -> list[str]:
        """The regular expressions that cut text before merging."""

    def __len__(self) -> int:
        """Number of tokens, added ones included."""

    def __new__(cls, built: object) -> Self: ...
    def _stream_encoder(self, allowed_special: _Specials = ()) -> StreamEncoder: ...
    def _encode_spans(
        self,
        text: str | bytes,
        allowed_special: _Specials = (),
        errors: _OnBadText = "strict",
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]: ...
    def _encode_batch(
        self,
        texts: list[str | bytes],
        allowed_special: _Specials = (),
        errors: _OnBadText = "strict",
        num_threads: int | None = None,
        progress: _Report = None,
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]: ...
    def _encode_flat(
        self,
        data: NDArray[np.uint8],
        offsets: NDArray[np.int64],
        allowed_special: _Specials = (),
        errors: _OnBadText = "strict",
        num_threads: int | None = None,
        progress: _Report = None,
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]: ...
    def _encode_parts(
        self, parts: list[tuple[str | bytes, bool]], control_tokens: Sequence[str] | None
    ) -> NDArray[np.uint32]: ...
    def _count_batch(
        self,
        texts: list[str | bytes],
        allowed_special: _Specials = (),
        errors: _OnBadText = "strict",
        num_threads: int | None = None,
    ) -> NDArray[np.int64]: ...
    def _count_flat(
        self,
        data: NDArray[np.uint8],
        offsets: NDArray[np.int64],
        allowed_special: _Specials = (),
        errors: _OnBadText = "strict",
        num_threads: int | None = None,
    ) -> NDArray[np.int64]: ...
    def _decode_batch(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        skip_special_tokens: bool = False,
        errors: _OnBadText = "replace",
    ) -> list[str]: ...
    def _save(self, format: str, exact: bool = True) -> bytes: ...
    def _joining(self, pairs: Sequence[tuple[int, int]]) -> Self: ...

@final
class StreamDecoder:
    """Decodes ids as they come; made by `Tokenizer.stream_decoder`."""

    def push(self, ids: int | ArrayLike) -> str:
        """The characters that these ids complete."""

    def finish(self) -> str:
        """What is left, incomplete characters included; the decoder starts anew."""

    @property
    def pending_bytes(self) -> bytes:
        """Bytes of a character that is not complete yet."""

@final
class StreamEncoder:
    """Encodes a text that arrives in blocks, with the ids of the whole."""

    def push(self, block: bytes) -> NDArray[np.uint32]:
        """The ids that no further text can change."""

    def finish(self) -> NDArray[np.uint32]:
        """The ids of what is left; the encoder starts anew."""

    @property
    def pending(self) -> int:
        """Number of bytes held back."""

@final
class CoreBPE:
    """What tiktoken's class of this name does; `toksmith.compat.tiktoken` documents it.

    `allowed_special` is a set or a frozenset, as there.
    """

    def __new__(
        cls, encoder: dict[bytes, int], special_tokens_encoder: dict[str, int], pattern: str
    ) -> Self: ...
    @classmethod
    def _embedded(cls, name: str, data: bytes) -> Self: ...
    def _ranks(self) -> dict[bytes, int]: ...
    def _max_rank(self) -> int: ...
    def _special_tokens(self) -> dict[str, int]: ...
    def _pattern(self) -> str: ...
    def _first_disallowed(self, text: str, allowed_special: AbstractSet[str]) -> str | None: ...
    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of a text in which special tokens are text."""

    def encode(self, text: str, allowed_special: AbstractSet[str]) -> list[int]:
        """The ids of a text, special tokens being text unless allowed."""

    def encode_to_tiktoken_buffer(
        self, text: str, allowed_special: AbstractSet[str]
    ) -> NDArray[np.uint32]:
        """As `encode`, as uint32 `(n,)`."""

    def _encode_batch(
        self, texts: list[str], allowed_special: AbstractSet[str], num_threads: int
    ) -> list[list[int]]: ...
    def _encode_bytes(self, bytes: bytes) -> list[int]: ...
    def encode_with_unstable(
        self, text: str, allowed_special: AbstractSet[str]
    ) -> tuple[list[int], list[list[int]]]:
        """The ids that more text would not change, and what the rest may become."""

    def encode_single_token(self, piece: bytes) -> int:
        """The id of the token with exactly these bytes."""

    def encode_single_piece(self, piece: bytes) -> list[int]:
        """The ids of bytes taken as one piece."""

    def decode_bytes(self, tokens: Sequence[int]) -> bytes:
        """The bytes of the ids."""

    def decode_single_token_bytes(self, token: int) -> bytes:
        """The bytes of one token."""

    def token_byte_values(self) -> list[bytes]:
        """The bytes of all tokens that are not special, sorted."""

@final
class SpelledTokenizer:
    """A built `tokenizer.json`, under `toksmith.compat.tokenizers.Tokenizer`; it never changes.

    Truncation is `(max_length, stride, strategy, direction)`, padding `(length, direction,
    pad_to_multiple_of, pad_id, pad_type_id, pad_token)`.
    """

    def __new__(cls, data: bytes, added: list[_Added] | None = None) -> Self: ...
    def with_added(self, added: list[_Added]) -> SpelledTokenizer:
        """The same tokenizer with other added tokens."""

    def encode(
        self,
        sequence: object,
        pair: object,
        is_pretokenized: bool,
        add_special_tokens: bool,
        encode_special_tokens: bool,
        truncation: tuple[int, int, str, str] | None,
        padding: tuple[int | None, str, int | None, int, int, str] | None,
    ) -> Encoding:
        """The encoding of one text or a pair."""

    def encode_batch(
        self,
        input: object,
        is_pretokenized: bool,
        add_special_tokens: bool,
        encode_special_tokens: bool,
        truncation: tuple[int, int, str, str] | None,
        padding: tuple[int | None, str, int | None, int, int, str] | None,
    ) -> list[Encoding]:
        """The encodings of texts or pairs, filled up together; in parallel."""

    def post_process(
        self,
        encoding: Encoding,
        pair: Encoding | None,
        add_special_tokens: bool,
        truncation: tuple[int, int, str, str] | None,
        padding: tuple[int | None, str, int | None, int, int, str] | None,
    ) -> Encoding:
        """Truncation, template and padding for encodings."""

    def decode(self, sequence: Sequence[int], skip: bool) -> str:
        """The text of ids; those that no token has are passed over."""

    def decode_batch(self, sequences: Sequence[Sequence[int]], skip: bool) -> list[str]:
        """The texts of many sequences of ids, in parallel."""

    def added(self) -> list[_Added]:
        """Added tokens in the order of the file."""

    def model_vocab(self) -> dict[str, int]:
        """The model's tokens and their ids."""

    def model_kind(self) -> str:
        """The `type` of the model."""

    def model_size(self) -> int:
        """Number of the model's tokens."""

    def model_token_to_id(self, token: str) -> int | None:
        """The id of a token of the model, or None."""

    def model_id_to_token(self, id: int) -> str | None:
        """The token of the model with an id, or None."""

    def normalized(self, id: int) -> str | None:
        """What the normalizer makes of an added token, if that is something else."""

    def num_special_tokens_to_add(self, is_pair: bool) -> int:
        """Number of tokens that the template adds."""

@final
class DecodeStream:
    """Decodes ids as they arrive, as tokenizers' `DecodeStream` does."""

    def __new__(
        cls, ids: Sequence[int] | None = None, skip_special_tokens: bool = False
    ) -> Self: ...
    def step(self, tokenizer: object, id: int | Sequence[int]) -> str | None:
        """The text that `id`, one id or a list, has made certain, or None."""

    def __copy__(self) -> DecodeStream: ...
    def __deepcopy__(self, _memo: object) -> DecodeStream: ...

@disjoint_base
class Encoding:
    """The tokens of an input and what is known of each; columns are made when asked for."""

    def __new__(cls) -> Self: ...
    @property
    def ids(self) -> list[int]:
        """Token ids."""

    @property
    def type_ids(self) -> list[int]:
        """Which part of the input each token belongs to, as the model is told."""

    @property
    def tokens(self) -> list[str]:
        """The tokens as their file spells them."""

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """`(start, end)` of each token in its text, in characters."""

    @property
    def attention_mask(self) -> list[int]:
        """0 for padding, else 1."""

    @property
    def special_tokens_mask(self) -> list[int]:
        """1 for tokens of the template and padding, else 0."""

    @property
    def word_ids(self) -> list[int | None]:
        """The word of its text that each token is of, or None."""

    @property
    def words(self) -> list[int | None]:
        """Deprecated name of `word_ids`."""

    @property
    def sequence_ids(self) -> list[int | None]:
        """The text each token is of, 0 or 1, or None."""

    @property
    def n_sequences(self) -> int:
        """Number of texts."""

    @property
    def overflowing(self) -> list[Encoding]:
        """What truncation has cut off, as encodings."""

    def word_to_tokens(self, word_index: int, sequence_index: int = 0) -> tuple[int, int] | None:
        """`(first, behind the last)` token of a word of a text, or None."""

    def word_to_chars(self, word_index: int, sequence_index: int = 0) -> tuple[int, int] | None:
        """`(start, end)` of a word in its text, in characters, or None."""

    def token_to_sequence(self, token_index: int) -> int | None:
        """The text a token is of, or None."""

    def token_to_chars(self, token_index: int) -> tuple[int, int] | None:
        """`(start, end)` of a token in its text, in characters, or None."""

    def token_to_word(self, token_index: int) -> int | None:
        """The word of its text that a token is of, or None."""

    def char_to_token(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """The first token that holds a character of a text, or None."""

    def char_to_word(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """The word that holds a character of a text, or None."""

    def set_sequence_id(self, sequence_id: int) -> None:
        """All tokens are those of the text with this number."""

    def pad(
        self,
        length: int,
        direction: str = "right",
        pad_id: int = 0,
        pad_type_id: int = 0,
        pad_token: str = "[PAD]",
    ) -> None:
        """Fills the encoding, and what overflowed of it, up to `length` tokens."""

    def truncate(self, max_length: int, stride: int = 0, direction: str = "right") -> None:
        """Keeps `max_length` tokens; the rest goes to `overflowing`, in parts."""

    @staticmethod
    def merge(encodings: Iterable[Encoding], growing_offsets: bool = True) -> Encoding:
        """The encodings one behind the other."""

    def __len__(self) -> int: ...
    def __getstate__(self) -> bytes: ...
    def __setstate__(self, state: bytes) -> None: ...
    def __reduce__(self) -> tuple[type[Self], tuple[()], bytes]: ...

def json_sections(data: bytes) -> list[tuple[str, bytes]]:
    """The fields of a `tokenizer.json`, each as it stands there."""

def normalize_text(normalizer: str, text: str) -> str:
    """What a normalizer of a `tokenizer.json` makes of a text."""

def pre_tokenize_text(pre_tokenizer: str, text: str) -> list[tuple[str, tuple[int, int]]]:
    """The pieces of a text by a pre-tokenizer of a `tokenizer.json`, with their places."""

def decode_tokens(decoder: str, tokens: list[str]) -> str:
    """The text that a decoder of a `tokenizer.json` makes of tokens."""

@final
class TextCounter:
    """What parts of a text cost that was encoded once; made by `Tokenizer.counter`.

    Parts are encoded by themselves, as `Tokenizer.count` of the part would. Where the tokenizer
    cuts text by a known pattern, only the ends of a part are encoded anew; else all of it.
    """

    def __new__(
        cls, tokenizer: Tokenizer, text: str | bytes, allowed_special: _Specials | None = None
    ) -> Self: ...
    def count(self, start: int | None = 0, end: int | None = None) -> int:
        """Number of tokens of the text from byte `start` to byte `end` of its UTF-8."""

    def count_chars(self, start: int | None = 0, end: int | None = None) -> int:
        """Number of tokens of `text[start:end]`; there are no negative places."""

    def counts(self, spans: NDArray[np.int64]) -> NDArray[np.int64]:
        """As `count`, of many ranges: int64 `(n, 2)` gives int64 `(n,)`."""

    @property
    def text(self) -> str | bytes:
        """The text."""

    def __len__(self) -> int:
        """Number of tokens of the whole text."""

@final
class TokenCounter:
    """Counts the tokens of a text while it is being written; made by `Tokenizer.token_counter`."""

    def __new__(cls, tokenizer: Tokenizer, allowed_special: _Specials | None = None) -> Self: ...
    def append(self, text: str | bytes) -> None:
        """The text goes on with this. Takes time in proportion to what is appended."""

    @property
    def count(self) -> int:
        """Number of tokens so far, exactly that of the text as a whole; counts the last word."""

    def count_with(self, text: str | bytes) -> int:
        """What `count` would be with this appended, which is not."""

    def clear(self) -> None:
        """Starts anew."""

def model_inputs(
    tokenizer: Tokenizer,
    texts: list[str | bytes],
    pairs: list[str | bytes] | None,
    allowed_special: _Specials,
    errors: _OnBadText,
    add_special_tokens: bool,
    truncation: tuple[int, int, _Strategy, _Side] | None,
    padding: tuple[int | None, _Side, int | None, int, int] | None,
    overflow: bool,
    char_spans: bool,
    num_threads: int | None,
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64], NDArray[np.int64] | None]:
    """Flat columns of model inputs; `toksmith.model_inputs` documents them.

    They are: ids, type ids, attention, special tokens, words, sequences, the rows' offsets, the
    sample of each row; then spans and, if asked for, spans in characters.
    """

def file_truncation(tokenizer: Tokenizer) -> tuple[int, int, _Strategy, _Side] | None:
    """The file's truncation: `(max_length, stride, strategy, side)`."""

def file_padding(tokenizer: Tokenizer) -> tuple[int | None, _Side, int | None, int, int] | None:
    """The file's padding: `(length, side, to_multiple_of, pad_id, pad_type_id)`."""

def _fits(
    tokenizer: Tokenizer, text: str | bytes, limit: int, allowed_special: _Specials | None
) -> bool: ...
def _truncate(
    tokenizer: Tokenizer,
    text: AnyStr,
    limit: int,
    left: bool,
    allowed_special: _Specials | None,
) -> AnyStr: ...
def _chunk(
    tokenizer: Tokenizer,
    text: AnyStr,
    limit: int,
    overlap: int,
    sentences: bool,
    allowed_special: _Specials | None,
) -> list[tuple[AnyStr, tuple[int, int], tuple[int, int], int]]: ...

@final
class WordCounts:
    """Distinct words with 64-bit counts, in the order of their bytes. Immutable."""

    @staticmethod
    def from_pairs(
        pairs: Mapping[str | bytes, int]
        | Mapping[str, int]
        | Mapping[bytes, int]
        | Iterable[tuple[str | bytes, int]],
    ) -> WordCounts:
        """A table of given words. A str is its UTF-8.

        Counts of the same word are added and stay at 2**64 - 1; words of no bytes and counts of 0
        are left out. Raises InputError for what is no word or no count.
        """

    @staticmethod
    def load(path: str | os.PathLike[str]) -> WordCounts:
        """Reads what `save` of this class or of `WordCounter` wrote.

        Raises InputError if the file cannot be read or is malformed.
        """

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the table to a file, which is whole or as it was before."""

    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getitem__(self, word: str | bytes, /) -> int:
        """The count of a word; 0 if it is not here."""

    @property
    def total(self) -> int:
        """The sum of all counts."""

    def items(self) -> list[tuple[bytes, int]]:
        """Words with their counts, in order."""

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint64]]:
        """`(data, offsets, counts)`: word `i` is `data[offsets[i]:offsets[i + 1]]`.

        Offsets are `(len + 1,)`, counts `(len,)`.
        """

@final
class WordCounter:
    """Counts the words of texts, as the model of a tokenizer would be given them.

    For a byte-level tokenizer a word is raw bytes; for any other it is normalized text, with the
    pipeline's signs. The result depends neither on threads nor on batches nor on the budget.

    Args:
        tokenizer: Its added tokens, normalizer and pre-tokenizer are used; its vocabulary is not.
        budget: Most bytes of tables in memory; beyond, sorted counts go to files of a temporary
            directory. Neither texts nor the table that `finish` gives are part of it.
        directory: Where that directory is made, instead of where the system has such files.
        num_threads: Most threads to use.
        allowed_special: Special tokens to find in texts and leave out; by default, all. Added
            tokens that are not special are always left out.
        split_signs: Cut words before each U+2581 (behind it, where the pipeline puts it there).
    """

    def __new__(
        cls,
        tokenizer: Tokenizer,
        budget: int | None = None,
        directory: str | os.PathLike[str] | None = None,
        num_threads: int | None = None,
        allowed_special: _Specials = "all",
        split_signs: bool = False,
    ) -> Self: ...
    @staticmethod
    def load(
        path: str | os.PathLike[str],
        tokenizer: Tokenizer,
        budget: int | None = None,
        directory: str | os.PathLike[str] | None = None,
        num_threads: int | None = None,
        allowed_special: _Specials = "all",
        split_signs: bool = False,
    ) -> WordCounter:
        """Goes on from what `save` wrote.

        Raises InputError if the file cannot be read, is malformed, or was made with another
        tokenizer or other rules. Budget, directory and threads may be others than before.
        """

    def add(
        self,
        texts: list[str] | list[bytes] | list[str | bytes],
        weight: int = 1,
        source: int = 0,
        errors: _OnBadText = "strict",
    ) -> None:
        """Counts the words of texts, each `weight` times; the next texts of their source.

        Counts stay at 2**64 - 1. The GIL is released. Raises InputError for what is no text, for
        bytes that are not UTF-8 if the tokenizer is not byte-level, and if files cannot be
        written; after an error inside the count the counter is of no use.
        """

    def add_counts(self, words: WordCounts, weight: int = 1, source: int = 0) -> None:
        """Adds words that were counted elsewhere, as they are, each count times `weight`.

        The table counts as one text of its source.
        """

    @property
    def texts(self) -> list[int]:
        """How many texts of each source were counted."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes all that was counted to a file, which is whole or as it was before."""

    def finish(self, min_count: int = 1) -> WordCounts:
        """The words that were counted at least `min_count` times; ends the counter."""

def embedded_names() -> list[str]:
    """The names of the embedded vocabularies."""

# Tokens, merges `(left, right, token)` as uint32[m, 3], their counts as uint64[m], and how many
# tokens were there before the first merge.
_Merged: TypeAlias = tuple[list[bytes], NDArray[np.uint32], NDArray[np.uint64], int]
_Words: TypeAlias = WordCounts | Mapping[bytes, int] | Sequence[tuple[bytes, int]]

def _train_bpe(
    words: _Words,
    vocab_size: int,
    options: dict[str, Any] | None = None,
    progress: _Report = None,
) -> _Merged: ...
def _extend_bpe(
    tokens: Sequence[bytes],
    merges: Sequence[tuple[int, int, int]],
    words: _Words,
    vocab_size: int,
    options: dict[str, Any] | None = None,
    max_words: int | None = None,
    progress: _Report = None,
) -> _Merged: ...
def _train_two_stages(
    words: _Words,
    units: _Words,
    vocab_size: int,
    transition: int,
    max_words: int | None = None,
    options: dict[str, Any] | None = None,
    progress: _Report = None,
) -> _Merged: ...
def _train_joined(
    units: WordCounts | Sequence[tuple[Sequence[bytes], int]],
    vocab_size: int,
    max_words: int | None = None,
    options: dict[str, Any] | None = None,
    progress: _Report = None,
) -> _Merged: ...
def embedded_file(name: str) -> str | None:
    """Which file of `toksmith/data` holds an embedded vocabulary, without its suffix."""

_Sample: TypeAlias = tuple[int, float, int]
_Rewrite: TypeAlias = tuple[bool, bool, bool, bool]

@final
class SentencePieceCore:
    """Under `toksmith.compat.sentencepiece.SentencePieceProcessor`."""

    def __new__(cls, data: bytes) -> Self: ...
    def __len__(self) -> int: ...
    def file(self) -> bytes: ...
    def specials(self) -> list[int]: ...
    def id_to_piece(self, ids: object) -> Any: ...
    def score(self, ids: object) -> Any: ...
    def is_unknown(self, ids: object) -> Any: ...
    def is_control(self, ids: object) -> Any: ...
    def is_unused(self, ids: object) -> Any: ...
    def is_byte(self, ids: object) -> Any: ...
    def piece_to_id(self, pieces: object) -> Any: ...
    def encode(
        self, text: object, form: str, sample: _Sample | None, rewrite: _Rewrite, as_bytes: bool
    ) -> Any: ...
    def encode_batch(
        self,
        texts: object,
        form: str,
        num_threads: int,
        sample: _Sample | None,
        rewrite: _Rewrite,
        as_bytes: bool,
    ) -> list[Any]: ...
    def nbest(self, text: object, form: str, n: int, rewrite: _Rewrite) -> Any: ...
    def decode_ids(
        self, rows: list[Any], form: str, num_threads: int, as_bytes: bool
    ) -> list[Any]: ...
    def decode_pieces(
        self, rows: list[Any], form: str, num_threads: int, as_bytes: bool
    ) -> list[Any]: ...
    def normalize(self, text: object, places: bool) -> Any: ...

@final
class SentencePieceNormalizerCore:
    """Under `toksmith.compat.sentencepiece.SentencePieceNormalizer`."""

    def __new__(cls, spec: bytes, flags: Sequence[bool | None]) -> Self: ...
    @staticmethod
    def spec_of(model: bytes) -> bytes: ...
    def spec(self) -> bytes: ...
    def model(self) -> bytes: ...
    def normalize(self, text: object, places: bool) -> Any: ...

def _train_unigram(
    words: _Words,
    vocab_size: int,
    *,
    exact_size: bool,
    character_coverage: float,
    required_chars: str,
    byte_fallback: bool,
    special_tokens: Sequence[str],
    unk_token: str | None,
    max_piece_length: int,
    seed_size: int,
    shrinking_factor: float,
    sub_iterations: int,
    split_by_script: bool,
    split_by_number: bool,
    split_digits: bool,
    space: str,
    num_threads: int | None,
    progress: _Report,
) -> list[tuple[str, float, str]]:
    """`(piece, score, kind)` in the order of ids; `kind`: normal, unknown, control or byte."""

def _train_lzw(
    texts: Sequence[bytes],
    vocab_size: int,
    unit: str,
    progress: _Report,
) -> list[bytes]:
    """The entries in order; `unit`: bytes, seen_bytes or chars."""

def _train_lib(
    texts: Sequence[Sequence[str]],
    *,
    documents: int,
    memory_in: float,
    memory_out: float,
    update_rate: float,
    life: int,
    max_length: int,
    max_gap: int,
    lookahead: int,
    max_size: int | None,
    seed: int,
    progress: _Report,
) -> list[str]:
    """The lexicon, the best entries first; a text is a list of sentences."""

@final
class _TokenTrie:
    """Under `toksmith.byte_probs.TokenTrie`."""

    def __new__(cls, tokenizer: Tokenizer, width: int | None) -> Self: ...
    def next_bytes(
        self,
        rows: _Rows,
        kind: str,
        prefix: bytes,
        in_byte_order: bool,
        num_threads: int | None,
    ) -> NDArray[np.float64]:
        """float64 `(rows, 257 + specials)`: log-probabilities of what comes after a prefix."""

    def mass(
        self,
        rows: _Rows,
        kind: str,
        prefix: bytes,
        in_byte_order: bool,
        num_threads: int | None,
    ) -> NDArray[np.float64]:
        """float64 `(rows,)`: log-probability of the tokens that begin with a prefix."""

    def order(self) -> NDArray[np.uint32]:
        """uint32 `(tokens,)`: ids by bytes."""

    def special_ids(self) -> NDArray[np.uint32]:
        """uint32 `(specials,)`: the special ids, ascending."""

    def __len__(self) -> int:
        """Number of tokens."""

def _unit_spans(text: str, unit: str) -> NDArray[np.int64]:
    """Where the items of a text are, in characters `(n, 2)`; unit: char, grapheme or word."""

@final
class _Lexicon:
    """Under `toksmith.pretokenized.Lexicon`."""

    def __new__(
        cls, words: Sequence[str], whole_words: bool = True, leading_space: bool = True
    ) -> Self: ...
    def __call__(self, text: str) -> NDArray[np.int64]:
        """Where words are, in characters: int64 `(n, 2)`."""

@final
class _Compounds:
    """Under `toksmith.pretokenized.Compounds`."""

    def __new__(cls, words: Sequence[tuple[str, int]], ignore_case: bool = True) -> Self: ...
    def __call__(self, text: str) -> NDArray[np.int64]:
        """The text in pieces, in characters: int64 `(n, 2)`."""

@final
class _ByteLaw:
    """A tokenizer under a law of byte probabilities."""

    def __new__(
        cls, tokenizer: Tokenizer, target: str, window: int | None, in_byte_order: bool
    ) -> Self: ...
    @property
    def special_ids(self) -> list[int]: ...
    @property
    def lead_behind_special(self) -> bytes: ...
    @property
    def normalizers(self) -> list[str]: ...
    @property
    def width(self) -> int:
        """Numbers that a row has at least."""

    def state(
        self, given: list[int], beam: int | None, max_contexts: int, keep: int
    ) -> _ByteState: ...

@final
class _ByteState:
    """Under `toksmith.byte_probs.ByteState`."""

    def push(self, byte: int) -> None: ...
    def push_special(self, token: int) -> None: ...
    def rollback(self, count: int) -> None: ...
    def fork(self) -> _ByteState: ...
    @property
    def text(self) -> bytes: ...
    @property
    def specials(self) -> list[tuple[int, int]]: ...
    @property
    def symbols(self) -> int: ...
    @property
    def heads(self) -> int: ...
    def pending(self, total: bool) -> list[tuple[int, list[int], int | None]]: ...
    def feed(
        self,
        ids: list[int],
        rows: NDArray[np.float64] | NDArray[np.float32] | NDArray[np.uint16],
        kind: str,
        threads: int | None,
    ) -> None: ...
    def next_byte(self) -> tuple[NDArray[np.float64], float]: ...
    def logprob(self) -> float: ...
    @property
    def dropped(self) -> float: ...
    def bound(self) -> float: ...
    def dropped_of(self, context: int) -> float | None: ...
    def tokens(self, context: int) -> list[int]: ...
    def covers(self) -> list[tuple[int, int | None, float]]: ...
    def extra(self, context: int, token: int | None) -> bytes: ...
    def encoding(self) -> list[int] | None: ...

@final
class _SpelledVocabulary:
    """A tokenizer's tokens as the bytes that they stand for."""

    def __new__(cls, tokenizer: Tokenizer) -> Self: ...
    @property
    def lead(self) -> bytes:
        """What stands before the bytes of every text."""

    @property
    def special_ids(self) -> list[int]:
        """Special tokens, ascending."""

    @property
    def normalizers(self) -> list[str]:
        """What is done to a text before the model sees it."""

    def tokens(self) -> list[tuple[int, bytes]]:
        """Ids and bytes, in the order of the bytes."""

_RaggedRows: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.int64]]
_ScoredRows: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.float64]]
_Weights: TypeAlias = NDArray[np.float64] | None

@final
class _TokenGraph:
    """Under `toksmith.byte_probs.TokenGraph`."""

    def __new__(cls, vocabulary: _SpelledVocabulary, text: str | bytes) -> Self: ...
    @property
    def text(self) -> bytes: ...
    @property
    def furthest(self) -> int: ...
    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint32]]: ...
    def contains(self, ids: NDArray[np.uint32]) -> bool: ...
    def canonical_edges(self, vocabulary: _SpelledVocabulary, whole: bool) -> NDArray[np.bool_]: ...
    def count(self) -> bytes:
        """Little-endian."""

    def lengths(self, most: int) -> list[bytes]: ...
    def tokenizations(self) -> _RaggedRows: ...
    def best(self, most: int, weights: NDArray[np.float64]) -> _ScoredRows: ...
    def log_total(self, weights: _Weights) -> float: ...
    def marginals(self, weights: _Weights) -> NDArray[np.float64]: ...
    def sample(
        self, draws: int, seed: int, weights: _Weights, num_threads: int | None
    ) -> _ScoredRows: ...

# dynamic: hypertokens, slots, surface
_HyperRows: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.int64]]
_HyperDefinitions: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.int64]]

@final
class _Hypertokens:
    """Under `toksmith.dynamic.Hypertokens`."""

    def __new__(
        cls,
        first_id: int,
        codebook_size: int,
        max_subtokens: int,
        disabled_ids: NDArray[np.uint32],
        eviction: str,
    ) -> Self: ...
    def encode(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        shared: bool,
        num_threads: int | None,
    ) -> _HyperRows: ...
    def decode(
        self,
        codes: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        shared: bool,
        max_ids: int,
        num_threads: int | None,
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
        """Ids, where rows begin, and where the ids of each code do."""

    def state(self) -> _HyperState: ...

@final
class _HyperMark:
    """Where a state was."""

@final
class _HyperState:
    """Under `toksmith.dynamic.HyperState`."""

    def push(self, ids: NDArray[np.uint32]) -> NDArray[np.uint32]: ...
    def push_codes(self, codes: NDArray[np.uint32], max_ids: int) -> _HyperRows: ...
    def flush(self) -> int | None: ...
    @property
    def ids(self) -> int: ...
    @property
    def codes(self) -> int: ...
    @property
    def defined(self) -> int: ...
    def held(self) -> NDArray[np.uint32]: ...
    def definitions(self) -> _HyperDefinitions: ...
    def changes(self) -> _HyperDefinitions: ...
    def definition(self, code: int) -> NDArray[np.uint32] | None: ...
    @property
    def completing(self) -> int | None: ...
    def mask(self, out: NDArray[np.bool_]) -> None: ...
    def bitmask(self, out: NDArray[np.int32]) -> None: ...
    def checkpoint(self) -> _HyperMark: ...
    def restore(self, mark: _HyperMark) -> None: ...
    def rollback(self, ids: int) -> None: ...
    def settle(self) -> None: ...
    def fork(self) -> _HyperState: ...

@final
class _SlotTable:
    """Under `toksmith.dynamic.SlotTable`."""

    def __new__(cls, capacity: int) -> Self: ...
    @staticmethod
    def restore(
        capacity: int,
        slots: list[int],
        ids: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        pinned: int,
    ) -> _SlotTable: ...
    def contents(
        self,
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.int64], int]:
        """Slots in use, pinned ones first; their tokens; how many are pinned."""

    @property
    def capacity(self) -> int: ...
    def __len__(self) -> int:
        """How many are in use."""

    def assign(
        self, ids: NDArray[np.uint32], offsets: NDArray[np.int64]
    ) -> tuple[
        NDArray[np.uint32],
        NDArray[np.bool_],
        NDArray[np.uint32],
        NDArray[np.uint32],
        NDArray[np.int64],
    ]:
        """Slots, which rows are fresh, evicted slots and their tokens."""

    def lookup(self, ids: NDArray[np.uint32], offsets: NDArray[np.int64]) -> NDArray[np.int64]: ...
    def key(self, slot: int) -> NDArray[np.uint32] | None: ...
    def is_pinned(self, slot: int) -> bool: ...
    def pin(self, slots: list[int]) -> None: ...
    def unpin(self, slots: list[int]) -> None: ...
    def discard(self, slots: list[int]) -> None: ...

@final
class _Spellings:
    """The bytes of a tokenizer's tokens, by id."""

    def __new__(cls, tokenizer: Tokenizer) -> Self: ...
    def rows(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        width: int | None,
        pad: int,
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]: ...

def _surface_ids(
    ids: NDArray[np.uint32], offsets: NDArray[np.int64], width: int | None, pad: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]: ...

_Reals: TypeAlias = NDArray[np.float32] | NDArray[np.float64]

def _pooled(
    table: _Reals,
    ids: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    weights: NDArray[np.float64] | None,
    num_threads: int | None,
) -> _Reals: ...

# dynamic: patches, segments, routing

_PatchArrays: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
_Numbers: TypeAlias = NDArray[np.float32] | NDArray[np.float64]

@final
class _EntropyPatcher:
    """Under `toksmith.dynamic.EntropyPatcher`."""

    def __new__(cls, rule: tuple[str, float, float], most: int | None) -> Self: ...
    def push(self, entropies: _Numbers) -> NDArray[np.int64]: ...
    @property
    def seen(self) -> int:
        """Entropies so far."""

    def copy(self) -> Self: ...

def _entropy_patches(
    entropies: _Numbers,
    offsets: NDArray[np.int64],
    rule: tuple[str, float, float],
    most: int | None,
    next: bool,
    num_threads: int | None,
) -> _PatchArrays: ...
def _entropies(logits: _Numbers, num_threads: int | None) -> NDArray[np.float64]: ...
def _space_patches(texts: Any, bos: bool, num_threads: int | None) -> _PatchArrays: ...
def _word_patches(texts: Any, spaces: str, num_threads: int | None) -> _PatchArrays: ...
def _stride_patches(lengths: list[int], stride: int) -> _PatchArrays: ...
def _split_patches(
    offsets: NDArray[np.int64], rows: NDArray[np.int64], most: int
) -> _PatchArrays: ...
def _text_bytes(texts: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]: ...
def _script_runs(
    texts: Any, resolve: bool, num_threads: int | None
) -> tuple[_PatchArrays, NDArray[np.uint8]]: ...
def _script_names() -> list[str]: ...
def _script_of(c: str) -> int: ...
def _segment_reduce(
    values: _Numbers,
    offsets: NDArray[np.int64],
    how: str,
    empty: float,
    num_threads: int | None,
) -> _Numbers: ...
def _segment_broadcast(values: _Numbers, offsets: NDArray[np.int64]) -> _Numbers: ...
def _causal_broadcast(
    values: _Numbers, offsets: NDArray[np.int64], segments: NDArray[np.int64], null: _Numbers
) -> _Numbers: ...
def _byte_matrix(
    text: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    width: int | None,
    overflow: str,
    pad: int,
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int64]]: ...
def _route(queries: _Numbers, keys: _Numbers, offsets: NDArray[np.int64]) -> _Numbers: ...
def _turns(queries: _Numbers, keys: _Numbers) -> _Numbers: ...
def _dechunk(
    values: _Numbers, probs: _Numbers, offsets: NDArray[np.int64], segments: NDArray[np.int64]
) -> _Numbers: ...
def _average(
    averages: _Numbers, values: _Numbers, probs: _Numbers, begins: NDArray[np.bool_]
) -> None: ...

# toksmith.dynamic, merges
_MergeLogArrays: TypeAlias = tuple[
    NDArray[np.uint32],
    NDArray[np.uint32],
    NDArray[np.uint32],
    NDArray[np.uint32],
    NDArray[np.uint32],
]
_MergedArrays: TypeAlias = tuple[
    NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint32], list[NDArray[np.uint32]]
]
_MergeOptions: TypeAlias = tuple[bool, bool, int | None, int, int | None, float | None, int]
_MergeRule: TypeAlias = tuple[int | None, bool, bool]

def _merge_batch(
    ids: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    open: NDArray[np.bool_] | None,
    protected: NDArray[np.uint32],
    tokenizer: Tokenizer | None,
    given: _MergeOptions,
    limits: _MergeRule,
) -> _MergedArrays:
    """Ids, offsets and starts of the merged batch; the columns of its log."""

def _merge_layout(
    tokenizer: Tokenizer,
    ids: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    texts: list[Any] | None,
    boundary: str,
    protected: NDArray[np.uint32],
) -> tuple[NDArray[np.bool_], NDArray[np.int32], NDArray[np.int64]]:
    """Where tokens may merge, the units they begin in, their bytes."""

def _merge_published(tokenizer: Tokenizer, ids: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Where the published rule may let neighbours merge at all."""

def _merge_bytes(
    tokenizer: Tokenizer, ids: NDArray[np.uint32], offsets: NDArray[np.int64]
) -> list[bytes]:
    """The bytes that rows of tokens stand for."""

def _merge_limit(tokenizer: Tokenizer) -> int:
    """One more than the tokenizer's largest id."""

@final
class _MergeApplier:
    """A log, prepared to be applied."""

    def __new__(cls, log: _MergeLogArrays, first_id: int) -> Self: ...
    def apply(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        open: NDArray[np.bool_] | None,
        protected: NDArray[np.uint32],
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint32]]:
        """Ids, offsets and starts after the merges."""

    def made(self) -> NDArray[np.uint32]:
        """The first merge that makes each new token."""

    def expand(self, ids: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The ids that tokens stand for, row after row, and where the rows begin."""

@final
class _MergeStream:
    """A window over a stream of batches."""

    def __new__(cls, window: int) -> Self: ...
    def push(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        open: NDArray[np.bool_] | None,
        protected: NDArray[np.uint32],
        tokenizer: Tokenizer | None,
        given: _MergeOptions,
        limits: _MergeRule,
    ) -> _MergedArrays:
        """As `_merge_batch`, by the counts of the window."""

    def count(self, left: int, right: int) -> int:
        """How often a pair may merge in the window, before any merge."""

    def size(self) -> tuple[int, int]:
        """Batches and ids in the window."""

@final
class _TensorFile:
    """A safetensors file, mapped; under `toksmith.transfer.checkpoint`."""

    def __new__(cls, path: str | os.PathLike[str]) -> Self: ...
    @property
    def tensors(self) -> list[tuple[str, str, list[int], int, int]]:
        """`(name, dtype, shape, start, end)` as they lie; positions are after the header."""

    @property
    def metadata(self) -> list[tuple[str, str]] | None:
        """Free text by name, in order, if the file has any."""

    @property
    def header_bytes(self) -> bytes:
        """The file up to the first tensor."""

    def read_block(self, name: str, start: int, stop: int) -> NDArray[np.float32]:
        """Rows `start` to `stop` of a tensor: float32 `(stop - start, width)`."""

    def read_rows(self, name: str, ids: NDArray[np.uint32]) -> NDArray[np.float32]:
        """The rows of ids: float32 `(len(ids), width)`."""

    def gather(
        self,
        name: str,
        recipe: tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float32]],
        start: int,
        stop: int,
        num_threads: int | None,
    ) -> bytes:
        """The new rows `start` to `stop` of a recipe, as bytes of the tensor's type."""

def _check_recipe(
    recipe: tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float32]], rows: int
) -> int:
    """Refuses a recipe that does not fit `rows` old rows; gives the number of new ones."""

def _begin_tensors(
    tensors: Sequence[tuple[str, str, Sequence[int]]], metadata: Sequence[tuple[str, str]] | None
) -> tuple[bytes, int]:
    """How a file of these tensors begins, and how many bytes follow."""

def _narrow(dtype: str, numbers: NDArray[np.float32]) -> tuple[bytes, int | None]:
    """Numbers as bytes of a type, and the place of the first that is not finite then."""

def _id_limit(tokenizer: Tokenizer) -> int:
    """One more than the largest id."""

# transfer

_TransferRows: TypeAlias = tuple[
    NDArray[np.int64],
    NDArray[np.uint32],
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.uint32],
    NDArray[np.bool_],
]

@final
class _Canonical:
    """Under `toksmith.transfer.Canonical`."""

    def __new__(cls, tokenizer: Tokenizer, rows: int | None, word_start: str) -> Self: ...
    @property
    def limit(self) -> int: ...
    def __len__(self) -> int: ...
    def token(self, id: int) -> bytes: ...
    def arena(self) -> tuple[bytes, NDArray[np.int64]]: ...
    def roles(self) -> NDArray[np.uint8]: ...
    def word_starts(self) -> NDArray[np.bool_]: ...

def _transfer_align(
    source: _Canonical,
    target: _Canonical,
    case_fold: bool,
    ignore_space: bool,
    given: dict[int, int | None],
    method: str,
    num_threads: int | None,
) -> tuple[
    NDArray[np.uint8],
    _TransferRows,
    list[tuple[int, int | None, int]],
    NDArray[np.int64],
    NDArray[np.uint32],
]: ...
def _transfer_decompose(
    source: _Canonical,
    target: _Canonical,
    method: str,
    most: int,
    weights: NDArray[np.float64] | None,
    num_threads: int | None,
) -> _TransferRows: ...
def _transfer_gather(
    embeddings: NDArray[Any],
    kind: str,
    starts: NDArray[np.int64],
    ids: NDArray[np.uint32],
    weights: NDArray[np.float64],
    num_threads: int | None,
) -> NDArray[np.float32]: ...

# What is under dynamic.segmentations.

_TextOptions: TypeAlias = tuple[_Specials, str, int | None]

@final
class _Segmenter:
    """Under `toksmith.dynamic.segmentations`."""

    def __new__(cls, tokenizer: Tokenizer) -> Self: ...
    def bpe_dropout(
        self, texts: list[Any], p: float, seed: int, first_row: int, options: _TextOptions
    ) -> _ScoredRows: ...
    def fewest_tokens(
        self,
        texts: list[Any],
        seed: int | None,
        first_row: int,
        pre_tokens: bool,
        options: _TextOptions,
    ) -> _ScoredRows: ...
    def weighted_samples(
        self,
        texts: list[Any],
        alpha: float,
        seed: int,
        first_row: int,
        weights: _Weights,
        pre_tokens: bool,
        options: _TextOptions,
    ) -> _ScoredRows: ...
    def n_best(
        self, texts: list[Any], n: int, weights: _Weights, pre_tokens: bool, options: _TextOptions
    ) -> _ScoredRows: ...
    def random_splits(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        alpha: float,
        seed: int,
        first_row: int,
        num_threads: int | None,
    ) -> _ScoredRows: ...
    def pairs_of(self, id: int) -> list[tuple[int, int]]: ...

# What is under dynamic.soft.

_Floats: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
_Chosen: TypeAlias = tuple[int, int | None, bool, bool]

@final
class _SoftPlan:
    """Under `toksmith.dynamic.soft`."""

    @staticmethod
    def bipartite(
        metric: _Floats,
        chosen: _Chosen,
        protected: NDArray[np.bool_] | None,
        num_threads: int | None,
    ) -> _SoftPlan: ...
    @staticmethod
    def energy(
        metric: _Floats,
        weighed: tuple[float, float, bool, bool],
        chosen: _Chosen,
        protected: NDArray[np.bool_] | None,
        num_threads: int | None,
    ) -> _SoftPlan: ...
    def merge(
        self, vectors: _Floats, sizes: NDArray[np.float64] | None, num_threads: int | None
    ) -> tuple[_Floats, NDArray[np.float64]]: ...
    @property
    def maps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """`(batch, before)` and `(batch, after)`."""
