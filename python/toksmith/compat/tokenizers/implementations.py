"""Ready-made pipelines under one name each, as the original has them.

>>> from toksmith.compat.tokenizers import CharBPETokenizer
>>> tok = CharBPETokenizer({"<unk>": 0, "a": 1, "b</w>": 2, "ab</w>": 3}, [("a", "b</w>")])
>>> tok.encode("ab").tokens
['ab</w>']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from toksmith.compat.tokenizers import decoders, normalizers, pre_tokenizers, processors
from toksmith.compat.tokenizers.added_token import AddedToken
from toksmith.compat.tokenizers.errors import ArgumentError, unsupported
from toksmith.compat.tokenizers.models import BPE, Unigram, WordPiece
from toksmith.compat.tokenizers.tokenizer import Tokenizer
from toksmith.compat.tokenizers.trainers import BpeTrainer, Trainer, WordPieceTrainer

if TYPE_CHECKING:
    from toksmith._native import Encoding
    from toksmith.compat.tokenizers.models import Model
    from toksmith.compat.tokenizers.normalizers import Normalizer
    from toksmith.compat.tokenizers.pre_tokenizers import PreTokenizer

__all__ = [
    "BaseTokenizer",
    "BertWordPieceTokenizer",
    "ByteLevelBPETokenizer",
    "CharBPETokenizer",
    "SentencePieceBPETokenizer",
    "SentencePieceUnigramTokenizer",
]


class BaseTokenizer:
    """A `Tokenizer` with the settings it was made with; all else is the tokenizer's."""

    def __init__(self, tokenizer: Tokenizer, parameters: dict[str, Any] | None = None) -> None:
        """Wraps a tokenizer."""
        self._tokenizer = tokenizer
        self._parameters = parameters or {}

    def __getattr__(self, name: str) -> Any:
        """What is the tokenizer's."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._tokenizer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets what is the tokenizer's."""
        if isinstance(getattr(Tokenizer, name, None), property):
            setattr(self._tokenizer, name, value)
        else:
            super().__setattr__(name, value)

    def __repr__(self) -> str:
        """Size and settings."""
        settings = ", ".join(f"{name}={value}" for name, value in self._parameters.items())
        return f"Tokenizer(vocabulary_size={self.get_vocab_size()}, {settings})"

    # These differ from the tokenizer's own in what they are called with.

    def num_special_tokens_to_add(self, is_pair: bool) -> int:
        """Number of tokens that the post-processor adds to one text or two."""
        return self._tokenizer.num_special_tokens_to_add(is_pair)

    def enable_padding(
        self,
        direction: str | None = "right",
        pad_to_multiple_of: int | None = None,
        pad_id: int | None = 0,
        pad_type_id: int | None = 0,
        pad_token: str | None = "[PAD]",
        length: int | None = None,
    ) -> None:
        """Inputs are filled up."""
        self._tokenizer.enable_padding(
            direction="right" if direction is None else direction,
            pad_to_multiple_of=pad_to_multiple_of,
            pad_id=pad_id or 0,
            pad_type_id=pad_type_id or 0,
            pad_token="[PAD]" if pad_token is None else pad_token,
            length=length,
        )

    def enable_truncation(
        self, max_length: int, stride: int | None = 0, strategy: str | None = "longest_first"
    ) -> None:
        """Texts are cut."""
        self._tokenizer.enable_truncation(
            max_length, stride=stride or 0, strategy=strategy or "longest_first"
        )

    def encode(
        self,
        sequence: Any,
        pair: Any = None,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> Encoding:
        """The encoding of one text or a pair."""
        if sequence is None:
            raise ArgumentError("encode: `sequence` can't be `None`")
        return self._tokenizer.encode(sequence, pair, is_pretokenized, add_special_tokens)

    def encode_batch(
        self, inputs: Any, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> list[Encoding]:
        """The encodings of many."""
        if inputs is None:
            raise ArgumentError("encode_batch: `inputs` can't be `None`")
        return self._tokenizer.encode_batch(inputs, is_pretokenized, add_special_tokens)

    async def async_encode(
        self,
        sequence: Any,
        pair: Any = None,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> Encoding:
        """`encode` in a thread."""
        if sequence is None:
            raise ArgumentError("encode: `sequence` can't be `None`")
        arguments = (sequence, pair, is_pretokenized, add_special_tokens)
        return await self._tokenizer.async_encode(*arguments)

    async def async_encode_batch(
        self, inputs: Any, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> list[Encoding]:
        """`encode_batch` in a thread."""
        if inputs is None:
            raise ArgumentError("encode_batch: `inputs` can't be `None`")
        arguments = (inputs, is_pretokenized, add_special_tokens)
        return await self._tokenizer.async_encode_batch(*arguments)

    def decode(self, ids: list[int], skip_special_tokens: bool | None = True) -> str:
        """The text of ids."""
        if ids is None:
            raise ArgumentError("None input is not valid. Should be a list of integers.")
        return self._tokenizer.decode(ids, bool(skip_special_tokens))

    def decode_batch(
        self, sequences: list[list[int]], skip_special_tokens: bool | None = True
    ) -> list[str]:
        """The texts of many."""
        if sequences is None:
            raise ArgumentError("None input is not valid. Should be list of list of integers.")
        return self._tokenizer.decode_batch(sequences, bool(skip_special_tokens))

    def normalize(self, sequence: str) -> str:
        """The normalized text."""
        normalizer = self._tokenizer.normalizer
        return sequence if normalizer is None else normalizer.normalize_str(sequence)

    def save_model(self, directory: str, prefix: str | None = None) -> list[str]:
        """Writes the files of the model."""
        return self._tokenizer.model.save(directory, prefix)

    def to_str(self, pretty: bool = False) -> str:
        """The tokenizer as a `tokenizer.json`."""
        return self._tokenizer.to_str(pretty)

    _options: ClassVar[dict[str, Any]] = {}
    """What `train` takes behind its texts, in order, with defaults."""

    def train(self, files: str | list[str], *args: Any, **kwargs: Any) -> None:
        """Learns the vocabulary from files, with the options of the original's method.

        Raises:
            UnsupportedFeature: It is a Unigram, or there is no such option.
        """
        trainer = self._trainer(**self._bound(args, kwargs))
        self._tokenizer.train([files] if isinstance(files, str) else files, trainer=trainer)

    def train_from_iterator(self, iterator: Any, *args: Any, **kwargs: Any) -> None:
        """As `train`, from texts or lists of texts."""
        options = self._bound(args, kwargs, length=None)
        del options["length"]
        self._tokenizer.train_from_iterator(iterator, trainer=self._trainer(**options))

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Options by name."""
        known = {**self._options, **more}
        if len(args) > len(known):
            raise TypeError(f"at most {len(known)} options expected, {len(args)} given")
        given = dict(zip(known, args, strict=False))
        for name in kwargs:
            if name in given:
                raise TypeError(f"got multiple values for argument {name!r}")
            if self._options and name not in known:
                unsupported(f"{type(self).__name__}.train({name}=...)")
        return {**known, **given, **kwargs}

    def _trainer(self, **options: Any) -> Trainer:
        """The trainer with these options."""
        return unsupported(f"{type(self).__name__}.train (training)")


def _with(model: Model, *specials: str | AddedToken) -> Tokenizer:
    """A tokenizer, and those of these special tokens that the model has."""
    tokenizer = Tokenizer(model)
    for token in specials:
        if model.token_to_id(str(token)) is not None:
            tokenizer.add_special_tokens([token])
    return tokenizer


def _all(steps: list[Normalizer]) -> Normalizer | None:
    """Normalizers as one, if there are any."""
    if len(steps) > 1:
        return normalizers.Sequence(steps)
    return steps[0] if steps else None


class BertWordPieceTokenizer(BaseTokenizer):
    """BERT's."""

    _options: ClassVar[dict[str, Any]] = {
        "vocab_size": 30000,
        "min_frequency": 2,
        "limit_alphabet": 1000,
        "initial_alphabet": [],
        "special_tokens": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        "show_progress": True,
        "wordpieces_prefix": "##",
    }

    def _trainer(self, **options: Any) -> Trainer:
        prefix = options.pop("wordpieces_prefix")
        return WordPieceTrainer(continuing_subword_prefix=prefix, **options)

    def __init__(
        self,
        vocab: str | dict[str, int] | None = None,
        unk_token: str | AddedToken = "[UNK]",
        sep_token: str | AddedToken = "[SEP]",
        cls_token: str | AddedToken = "[CLS]",
        pad_token: str | AddedToken = "[PAD]",
        mask_token: str | AddedToken = "[MASK]",
        clean_text: bool = True,
        handle_chinese_chars: bool = True,
        strip_accents: bool | None = None,
        lowercase: bool = True,
        wordpieces_prefix: str = "##",
    ) -> None:
        """A vocabulary, in memory or as a path."""
        model = WordPiece(
            vocab, unk_token=str(unk_token), continuing_subword_prefix=wordpieces_prefix
        )
        tokenizer = _with(model, unk_token, sep_token, cls_token, pad_token, mask_token)
        tokenizer.normalizer = normalizers.BertNormalizer(
            clean_text=clean_text,
            handle_chinese_chars=handle_chinese_chars,
            strip_accents=strip_accents,
            lowercase=lowercase,
        )
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        if vocab is not None:
            ends = []
            for name, token in (("sep", sep_token), ("cls", cls_token)):
                id_ = tokenizer.token_to_id(str(token))
                if id_ is None:
                    raise TypeError(f"{name}_token not found in the vocabulary")
                ends.append((str(token), id_))
            tokenizer.post_processor = processors.BertProcessing(*ends)
        tokenizer.decoder = decoders.WordPiece(prefix=wordpieces_prefix)
        super().__init__(
            tokenizer,
            {
                "model": "BertWordPiece",
                "unk_token": unk_token,
                "sep_token": sep_token,
                "cls_token": cls_token,
                "pad_token": pad_token,
                "mask_token": mask_token,
                "clean_text": clean_text,
                "handle_chinese_chars": handle_chinese_chars,
                "strip_accents": strip_accents,
                "lowercase": lowercase,
                "wordpieces_prefix": wordpieces_prefix,
            },
        )

    @staticmethod
    def from_file(vocab: str, **kwargs: Any) -> BertWordPieceTokenizer:
        """Of a vocab.txt."""
        return BertWordPieceTokenizer(WordPiece.read_file(vocab), **kwargs)


class ByteLevelBPETokenizer(BaseTokenizer):
    """GPT-2's."""

    _options: ClassVar[dict[str, Any]] = {
        "vocab_size": 30000,
        "min_frequency": 2,
        "show_progress": True,
        "special_tokens": [],
    }

    def _trainer(self, **options: Any) -> Trainer:
        return BpeTrainer(initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), **options)

    def __init__(
        self,
        vocab: str | dict[str, int] | None = None,
        merges: str | list[tuple[str, str]] | None = None,
        add_prefix_space: bool = False,
        lowercase: bool = False,
        dropout: float | None = None,
        unicode_normalizer: str | None = None,
        continuing_subword_prefix: str | None = None,
        end_of_word_suffix: str | None = None,
        trim_offsets: bool = False,
    ) -> None:
        """Vocabulary and merges, in memory or as paths."""
        tokenizer = Tokenizer(
            BPE(
                vocab,
                merges,
                dropout=dropout,
                continuing_subword_prefix=continuing_subword_prefix or "",
                end_of_word_suffix=end_of_word_suffix or "",
            )
            if vocab is not None and merges is not None
            else BPE()
        )
        steps: list[Normalizer] = []
        if unicode_normalizer:
            steps.append(normalizers.unicode_normalizer_from_str(unicode_normalizer))
        if lowercase:
            steps.append(normalizers.Lowercase())
        tokenizer.normalizer = _all(steps)
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim_offsets)
        super().__init__(
            tokenizer,
            {
                "model": "ByteLevelBPE",
                "add_prefix_space": add_prefix_space,
                "lowercase": lowercase,
                "dropout": dropout,
                "unicode_normalizer": unicode_normalizer,
                "continuing_subword_prefix": continuing_subword_prefix,
                "end_of_word_suffix": end_of_word_suffix,
                "trim_offsets": trim_offsets,
            },
        )

    @staticmethod
    def from_file(
        vocab_filename: str, merges_filename: str, **kwargs: Any
    ) -> ByteLevelBPETokenizer:
        """Of vocab.json and merges.txt."""
        return ByteLevelBPETokenizer(*BPE.read_file(vocab_filename, merges_filename), **kwargs)


class CharBPETokenizer(BaseTokenizer):
    """OpenAI GPT's: words end in a suffix."""

    _options: ClassVar[dict[str, Any]] = {
        "vocab_size": 30000,
        "min_frequency": 2,
        "special_tokens": ["<unk>"],
        "limit_alphabet": 1000,
        "initial_alphabet": [],
        "suffix": "</w>",
        "show_progress": True,
    }

    def _trainer(self, **options: Any) -> Trainer:
        return BpeTrainer(end_of_word_suffix=options.pop("suffix"), **options)

    def __init__(
        self,
        vocab: str | dict[str, int] | None = None,
        merges: str | list[tuple[str, str]] | None = None,
        unk_token: str | AddedToken = "<unk>",
        suffix: str = "</w>",
        dropout: float | None = None,
        lowercase: bool = False,
        unicode_normalizer: str | None = None,
        bert_normalizer: bool = True,
        split_on_whitespace_only: bool = False,
    ) -> None:
        """Vocabulary and merges, in memory or as paths."""
        tokenizer = _with(
            BPE(
                vocab,
                merges,
                dropout=dropout,
                unk_token=str(unk_token),
                end_of_word_suffix=suffix,
            )
            if vocab is not None and merges is not None
            else BPE(unk_token=str(unk_token), dropout=dropout, end_of_word_suffix=suffix),
            unk_token,
        )
        steps: list[Normalizer] = []
        if unicode_normalizer:
            steps.append(normalizers.unicode_normalizer_from_str(unicode_normalizer))
        if bert_normalizer:
            steps.append(normalizers.BertNormalizer(lowercase=False))
        if lowercase:
            steps.append(normalizers.Lowercase())
        tokenizer.normalizer = _all(steps)
        cut: PreTokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.pre_tokenizer = (
            pre_tokenizers.WhitespaceSplit() if split_on_whitespace_only else cut
        )
        tokenizer.decoder = decoders.BPEDecoder(suffix=suffix)
        super().__init__(
            tokenizer,
            {
                "model": "BPE",
                "unk_token": unk_token,
                "suffix": suffix,
                "dropout": dropout,
                "lowercase": lowercase,
                "unicode_normalizer": unicode_normalizer,
                "bert_normalizer": bert_normalizer,
                "split_on_whitespace_only": split_on_whitespace_only,
            },
        )

    @staticmethod
    def from_file(vocab_filename: str, merges_filename: str, **kwargs: Any) -> CharBPETokenizer:
        """Of vocab.json and merges.txt."""
        return CharBPETokenizer(*BPE.read_file(vocab_filename, merges_filename), **kwargs)


class SentencePieceBPETokenizer(BaseTokenizer):
    """BPE with a sign in place of spaces."""

    _options: ClassVar[dict[str, Any]] = {
        "vocab_size": 30000,
        "min_frequency": 2,
        "special_tokens": ["<unk>"],
        "limit_alphabet": 1000,
        "initial_alphabet": [],
        "show_progress": True,
    }

    def _trainer(self, **options: Any) -> Trainer:
        return BpeTrainer(**options)

    def __init__(
        self,
        vocab: str | dict[str, int] | None = None,
        merges: str | list[tuple[str, str]] | None = None,
        unk_token: str | AddedToken = "<unk>",
        replacement: str = "▁",
        add_prefix_space: bool = True,
        dropout: float | None = None,
        fuse_unk: bool | None = False,
    ) -> None:
        """Vocabulary and merges, in memory or as paths."""
        tokenizer = _with(
            BPE(vocab, merges, dropout=dropout, unk_token=str(unk_token), fuse_unk=fuse_unk),
            unk_token,
        )
        tokenizer.normalizer = normalizers.NFKC()
        scheme = "always" if add_prefix_space else "never"
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement, scheme)
        tokenizer.decoder = decoders.Metaspace(replacement, scheme)
        super().__init__(
            tokenizer,
            {
                "model": "SentencePieceBPE",
                "unk_token": unk_token,
                "replacement": replacement,
                "add_prefix_space": add_prefix_space,
                "dropout": dropout,
            },
        )

    @staticmethod
    def from_file(
        vocab_filename: str, merges_filename: str, **kwargs: Any
    ) -> SentencePieceBPETokenizer:
        """Of vocab.json and merges.txt."""
        return SentencePieceBPETokenizer(*BPE.read_file(vocab_filename, merges_filename), **kwargs)


class SentencePieceUnigramTokenizer(BaseTokenizer):
    """Unigram with a sign in place of spaces."""

    def __init__(
        self,
        vocab: list[tuple[str, float]] | None = None,
        replacement: str = "▁",
        add_prefix_space: bool = True,
    ) -> None:
        """Tokens with logarithms of their probability."""
        tokenizer = Tokenizer(Unigram() if vocab is None else Unigram(vocab))
        from toksmith.compat.tokenizers.regex import Regex

        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
        )
        scheme = "always" if add_prefix_space else "never"
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement, scheme)
        tokenizer.decoder = decoders.Metaspace(replacement, scheme)
        super().__init__(
            tokenizer,
            {
                "model": "SentencePieceUnigram",
                "replacement": replacement,
                "add_prefix_space": add_prefix_space,
            },
        )

    @staticmethod
    def from_spm(filename: str) -> NoReturn:
        """Always UnsupportedFeature: `toksmith.Tokenizer.from_file` reads such files itself."""
        unsupported("SentencePieceUnigramTokenizer.from_spm (use toksmith.Tokenizer.from_file)")
