"""`SentencePieceProcessor`: text to ids or pieces and back.

Each call resolves its arguments here, then the core does the work in one call, with the GIL
released. In which form a result comes is one of `_FORMS`. Start at `Encode` and `Decode`.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from toksmith._native import SentencePieceCore
from toksmith.compat.sentencepiece.globals import ThreadPool, next_seed
from toksmith.compat.sentencepiece.names import in_both_spellings
from toksmith.compat.sentencepiece.normalizer import normalized, read_file, serialized

# What the package calls a form, and the core.
_FORMS: dict[Any, str] = {
    int: "ids", str: "str", bytes: "bytes", "proto": "proto", "serialized_proto": "proto",
    "numpy": "array", "offset_mapping": "offsets",
}  # fmt: skip
_MAX_INT = 2**31 - 1


@in_both_spellings
class SentencePieceProcessor:
    """A model. Options given here are what calls use that do not say otherwise.

    Args:
        model_file: A `.model` file.
        model_proto: Its content, or a `ModelProto`.
        out_type: Another name of `return_type`.
        add_bos: Whether results begin with the beginning of a sentence.
        add_eos: Whether they end with its end.
        reverse: Whether they are in reverse order.
        emit_unk_piece: Whether unknown parts come as the piece of the unknown.
        enable_sampling: Whether segmentations are drawn at random.
        nbest_size: Of how many best ones; -1: of all. Not for BPE.
        alpha: How much scores count; for BPE, the probability of passing over a merge.
        num_threads: Of calls with several texts; -1: as many as there are.
        return_type: `int`, `str`, `bytes`, `"numpy"` (int32), `"offset_mapping"` (a dict),
            `"serialized_proto"` or `"proto"` (needs protobuf).

    Raises:
        RuntimeError: The file cannot be read, or is no model.
        ValueError: Arguments exclude each other, or there is no such type.
    """

    def __init__(
        self,
        model_file: Any = None,
        model_proto: Any = None,
        out_type: Any = None,
        add_bos: bool = False,
        add_eos: bool = False,
        reverse: bool = False,
        emit_unk_piece: bool = False,
        enable_sampling: bool = False,
        nbest_size: int = -1,
        alpha: float = 0.1,
        num_threads: int = -1,
        return_type: Any = None,
    ) -> None:
        self._core: SentencePieceCore | None = None
        self._return_type = self._form(return_type, out_type, int)
        self._add_bos = add_bos
        self._add_eos = add_eos
        self._reverse = reverse
        self._emit_unk_piece = emit_unk_piece
        self._enable_sampling = enable_sampling
        self._nbest_size = nbest_size
        self._alpha = alpha
        self._num_threads = num_threads
        if model_file or model_proto:
            self.Load(model_file=model_file, model_proto=model_proto)

    # Loading

    @classmethod
    def from_file(cls, model_file: str, **kwargs: Any) -> Any:
        """A processor of a file; other arguments as of the class."""
        processor = cls._without_model("from_file", kwargs)
        processor.LoadFromFile(model_file)
        return processor

    @classmethod
    def from_proto(cls, model_proto: Any, **kwargs: Any) -> Any:
        """A processor of a file's content; other arguments as of the class."""
        processor = cls._without_model("from_proto", kwargs)
        processor.LoadFromSerializedProto(model_proto)
        return processor

    @classmethod
    def _without_model(cls, method: str, kwargs: dict[str, Any]) -> Any:
        if not kwargs.keys().isdisjoint(("model_file", "model_proto")):
            raise ValueError(f"{method} has the model as its first argument alone")
        return cls(**kwargs)

    def Load(self, model_file: Any = None, model_proto: Any = None) -> bool:  # noqa: N802
        """Loads a model in place of the one there is; True."""
        if model_file and model_proto:
            raise ValueError("model_file and model_proto must be exclusive.")
        if model_proto:
            return self.LoadFromSerializedProto(model_proto)
        if model_file:
            return self.LoadFromFile(model_file)
        raise ValueError("Either model_file or model_proto must be specified.")

    def LoadFromFile(self, filename: str) -> bool:  # noqa: N802
        """As `Load`, of a file."""
        self._core = SentencePieceCore(read_file(filename))
        return True

    def LoadFromSerializedProto(self, serialized_proto: Any) -> bool:  # noqa: N802
        """As `Load`, of a file's content or a `ModelProto`."""
        self._core = SentencePieceCore(serialized(serialized_proto))
        return True

    def serialized_model_proto(self) -> bytes:
        """The content of the file."""
        return b"" if self._core is None else self._core.file()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_core"]
        state["model_proto"] = self.serialized_model_proto()
        return state

    def __setstate__(self, state: Any) -> None:
        state = dict(state) if isinstance(state, dict) else {"model_proto": state}
        SentencePieceProcessor.__init__(self)
        self.LoadFromSerializedProto(state.pop("model_proto"))
        self.__dict__.update(state)

    # Text to pieces

    def Encode(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        add_bos: bool | None = None,
        add_eos: bool | None = None,
        reverse: bool | None = None,
        emit_unk_piece: bool | None = None,
        enable_sampling: bool | None = None,
        nbest_size: int | None = None,
        alpha: float | None = None,
        num_threads: int | None = None,
        thread_pool: ThreadPool | None = None,
        return_type: Any = None,
        out_type: Any = None,
        return_bytes: bool | None = None,
    ) -> Any:
        """The pieces of a text, or of each of a list of texts. Arguments as of the class.

        Args:
            input: str or bytes, or a list of them.
            add_bos: As of the class, like the others.
            add_eos: "
            reverse: "
            emit_unk_piece: "
            enable_sampling: "
            nbest_size: "
            alpha: "
            num_threads: "
            thread_pool: Says how many threads, in place of `num_threads`.
            return_type: "
            out_type: "
            return_bytes: Whether an `"offset_mapping"` is in bytes; by default if the text is.

        Raises:
            TypeError: The input is no text.
            RuntimeError: There is no model, or it cannot be sampled from, or a proto is to have
                what it cannot (`add_bos` and the like).
            ValueError: Arguments do not fit; the model has no such symbol.
        """
        kind = self._form(return_type, out_type)
        if return_bytes is not None and kind != "offset_mapping":
            raise ValueError("return_bytes is only supported when return_type='offset_mapping'")
        enable_sampling = _first(enable_sampling, self._enable_sampling)
        nbest_size, alpha = _first(nbest_size, self._nbest_size), _first(alpha, self._alpha)
        if enable_sampling is True and (nbest_size in (None, 0, 1) or alpha is None):
            raise ValueError(
                "sampling needs alpha, and an nbest_size of 2 or more, or of -1 (from all)"
            )
        threads = self._threads(num_threads)
        rewrite = self._rewrite(kind, add_bos, add_eos, reverse, emit_unk_piece)
        sample = (nbest_size, alpha, next_seed()) if _flag(enable_sampling) else None
        core, form = self._model(), _FORMS[kind]
        if not isinstance(input, list):
            self._check(rewrite, kind)
            in_bytes = bool(_first(return_bytes, isinstance(input, bytes)))
            return _given(kind, core.encode(input, form, sample, rewrite, in_bytes))
        if input:
            self._check(rewrite, kind)
        in_bytes = bool(_first(return_bytes, bool(input) and isinstance(input[0], bytes)))
        threads = _pooled(threads, thread_pool)
        rows = core.encode_batch(input, form, threads, sample, rewrite, in_bytes)
        return [_given(kind, row) for row in rows] if kind in ("proto", "numpy") else rows

    def EncodeAsPieces(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `Encode`: str."""
        return self.Encode(input=input, return_type=str, **kwargs)

    def EncodeAsIds(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `Encode`: int."""
        return self.Encode(input=input, return_type=int, **kwargs)

    def EncodeAsNumpy(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `Encode`: int32 arrays."""
        return self.Encode(input=input, return_type="numpy", **kwargs)

    def EncodeAsProto(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `Encode`: `SentencePieceText`."""
        return self.Encode(input=input, return_type="proto", **kwargs)

    def EncodeAsOffsetMapping(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `Encode`: a dict of `ids`, `pieces` and `offsets`."""
        return self.Encode(input=input, return_type="offset_mapping", **kwargs)

    def _sampled(
        self, text: Any, nbest_size: Any, alpha: Any, kind: Any, kwargs: dict[str, Any]
    ) -> Any:
        return self.Encode(
            input=text, nbest_size=nbest_size, alpha=alpha, return_type=kind,
            enable_sampling=True, **kwargs,
        )  # fmt: skip

    def SampleEncodeAsPieces(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        nbest_size: int | None = None,
        alpha: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `Encode` with sampling: str."""
        return self._sampled(input, nbest_size, alpha, str, kwargs)

    def SampleEncodeAsIds(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        nbest_size: int | None = None,
        alpha: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `Encode` with sampling: int."""
        return self._sampled(input, nbest_size, alpha, int, kwargs)

    def SampleEncodeAsNumpy(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        nbest_size: int | None = None,
        alpha: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `Encode` with sampling: int32 arrays."""
        return self._sampled(input, nbest_size, alpha, "numpy", kwargs)

    def SampleEncodeAsProto(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        nbest_size: int | None = None,
        alpha: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `Encode` with sampling: `SentencePieceText`."""
        return self._sampled(input, nbest_size, alpha, "proto", kwargs)

    def NBestEncode(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        add_bos: bool | None = None,
        add_eos: bool | None = None,
        reverse: bool | None = None,
        emit_unk_piece: bool | None = None,
        nbest_size: int | None = None,
        return_type: Any = None,
        out_type: Any = None,
    ) -> Any:
        """The best segmentations of a text, or of each of a list, best first.

        A list of what `Encode` would give, or an `NBestSentencePieceText`. Arguments as of the
        class; `nbest_size` below 1 is 1.

        Raises:
            RuntimeError: The model is no unigram, or `nbest_size` is above 512.
            ValueError: The type is one that there are no n-best results of.
        """
        kind = self._form(return_type, out_type)
        rewrite = self._rewrite(kind, add_bos, add_eos, reverse, emit_unk_piece)
        count = max(_first(nbest_size, self._nbest_size), 1)
        core = self._model()

        def one(text: Any) -> Any:
            if kind == "offset_mapping":
                raise ValueError(f"unknown return_type={kind}")
            self._check(rewrite, kind)
            found = core.nbest(text, _FORMS[kind], count, rewrite)
            if kind == "numpy":
                return [_given(kind, row) for row in found]
            return _nbest_proto(found) if kind == "proto" else found

        return [one(text) for text in input] if isinstance(input, list) else one(input)

    def NBestEncodeAsPieces(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        nbest_size: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `NBestEncode`: str."""
        return self.NBestEncode(input=input, nbest_size=nbest_size, return_type=str, **kwargs)

    def NBestEncodeAsIds(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        nbest_size: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `NBestEncode`: int."""
        return self.NBestEncode(input=input, nbest_size=nbest_size, return_type=int, **kwargs)

    def NBestEncodeAsNumpy(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        nbest_size: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `NBestEncode`: int32 arrays."""
        return self.NBestEncode(input=input, nbest_size=nbest_size, return_type="numpy", **kwargs)

    def NBestEncodeAsProto(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        nbest_size: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `NBestEncode`: `NBestSentencePieceText`."""
        return self.NBestEncode(input=input, nbest_size=nbest_size, return_type="proto", **kwargs)

    def ParallelEncode(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        add_bos: bool | None = None,
        add_eos: bool | None = None,
        reverse: bool | None = None,
        emit_unk_piece: bool | None = None,
        chunk_len: int | None = None,
        num_threads: int | None = None,
        thread_pool: ThreadPool | None = None,
        return_type: Any = None,
        out_type: Any = None,
    ) -> Any:
        """What `Encode` gives without sampling. `chunk_len` must be positive, and has no effect."""
        kind = self._form(return_type, out_type)
        self._threads(num_threads)
        if not (isinstance(chunk_len, int) and chunk_len > 0):
            raise ValueError("chunk_len must be positive.")
        if kind == "offset_mapping":
            raise ValueError(f"unknown return_type={kind}")
        return self.Encode(
            input, add_bos, add_eos, reverse, emit_unk_piece, False,
            num_threads=num_threads, thread_pool=thread_pool, return_type=kind,
        )  # fmt: skip

    def ParallelEncodeAsPieces(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `ParallelEncode`: str."""
        return self.ParallelEncode(input=input, return_type=str, **kwargs)

    def ParallelEncodeAsIds(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `ParallelEncode`: int."""
        return self.ParallelEncode(input=input, return_type=int, **kwargs)

    def ParallelEncodeAsNumpy(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `ParallelEncode`: int32 arrays."""
        return self.ParallelEncode(input=input, return_type="numpy", **kwargs)

    def ParallelEncodeAsProto(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `ParallelEncode`: `SentencePieceText`."""
        return self.ParallelEncode(input=input, return_type="proto", **kwargs)

    # Pieces to text

    def Decode(  # noqa: N802
        self,
        input: Any,  # noqa: A002
        return_type: Any = None,
        out_type: Any = None,
        num_threads: int | None = None,
        thread_pool: ThreadPool | None = None,
        return_bytes: bool | None = None,
    ) -> Any:
        """The text of ids or pieces, or of each row of several.

        Args:
            input: An id or a piece, a sequence of them, or a sequence of sequences. Arrays of
                integers are taken, too.
            return_type: `str`, `bytes`, `"offset_mapping"`, `"serialized_proto"` or `"proto"`.
            out_type: Another name of `return_type`.
            num_threads: As of the class.
            thread_pool: As of `Encode`.
            return_bytes: Whether an `"offset_mapping"` is in bytes.

        Raises:
            IndexError: No piece has such an id.
            TypeError: The input is neither ids nor pieces.
            ValueError: There is no such type of a text.
        """
        kind = self._form(return_type, out_type, str)
        if return_bytes is not None and kind != "offset_mapping":
            raise ValueError("return_bytes is only supported when return_type='offset_mapping'")
        threads = _pooled(self._threads(num_threads), thread_pool)
        rows, batch, pieces = _rows(input)
        if kind in (int, "numpy"):
            raise ValueError(f"unknown return_type={kind} or input type")
        if not pieces:
            rows = [_ids(row) for row in rows]
        core = self._model() if pieces or not any(map(len, rows)) else self._loaded()
        decode = core.decode_pieces if pieces else core.decode_ids
        found = decode(rows, _FORMS[kind], threads, bool(return_bytes))
        if kind == "proto":
            found = [_given(kind, row) for row in found]
        return found if batch else found[0]

    def DecodePieces(self, input: Any, return_type: Any = None, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `Decode`."""
        return self.Decode(input=input, return_type=return_type, **kwargs)

    def DecodeIds(self, input: Any, return_type: Any = None, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `Decode`."""
        return self.Decode(input=input, return_type=return_type, **kwargs)

    def DecodePiecesAsProto(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `Decode`: `SentencePieceText`."""
        return self.Decode(input=input, return_type="proto", **kwargs)

    def DecodeIdsAsProto(self, input: Any, **kwargs: Any) -> Any:  # noqa: A002, N802
        """As `Decode`: `SentencePieceText`."""
        return self.Decode(input=input, return_type="proto", **kwargs)

    def Normalize(self, input: Any, with_offsets: bool | None = None) -> Any:  # noqa: A002, N802
        """What the model sees of a text; as `SentencePieceNormalizer.Normalize`."""
        return normalized(self._model().normalize, input, with_offsets)

    # The vocabulary

    def GetPieceSize(self) -> int:  # noqa: N802
        """Number of pieces."""
        return 0 if self._core is None else len(self._core)

    def PieceToId(self, piece: Any) -> Any:  # noqa: N802
        """The id of a piece, that of the unknown if there is none; of a list, those of each."""
        if self._core is None:
            return [0] * len(piece) if isinstance(piece, list | tuple) else 0
        return self._core.piece_to_id(piece)

    def IdToPiece(self, id: Any) -> Any:  # noqa: A002, N802
        """The piece of an id; of several, those of each. `IndexError` if there is none."""
        return self._loaded().id_to_piece(_ids(id))

    def GetScore(self, id: Any) -> Any:  # noqa: A002, N802
        """The score of an id, or of each of several."""
        return self._loaded().score(_ids(id))

    def IsUnknown(self, id: Any) -> Any:  # noqa: A002, N802
        """Whether an id, or each of several, is the unknown."""
        return self._loaded().is_unknown(_ids(id))

    def IsControl(self, id: Any) -> Any:  # noqa: A002, N802
        """Whether an id, or each of several, is a control symbol."""
        return self._loaded().is_control(_ids(id))

    def IsUnused(self, id: Any) -> Any:  # noqa: A002, N802
        """Whether an id, or each of several, is not used."""
        return self._loaded().is_unused(_ids(id))

    def IsByte(self, id: Any) -> Any:  # noqa: A002, N802
        """Whether an id, or each of several, is a byte."""
        return self._loaded().is_byte(_ids(id))

    def _special(self, which: int) -> int:
        return -1 if self._core is None else self._core.specials()[which]

    def unk_id(self) -> int:
        """The id of the unknown; -1 if there is none, as for the next ones."""
        return self._special(0)

    def bos_id(self) -> int:
        """The id of the beginning of a sentence."""
        return self._special(1)

    def eos_id(self) -> int:
        """The id of the end of a sentence."""
        return self._special(2)

    def pad_id(self) -> int:
        """The id of padding."""
        return self._special(3)

    piece_size = GetPieceSize
    vocab_size = GetPieceSize

    def __len__(self) -> int:
        return self.GetPieceSize()

    def __getitem__(self, piece: Any) -> Any:
        return self.PieceToId(piece)

    # Arguments

    def _model(self) -> SentencePieceCore:
        if self._core is None:
            raise RuntimeError("INTERNAL: Model is not initialized.")
        return self._core

    def _loaded(self) -> SentencePieceCore:
        """As `_model`, for questions about ids: without a model no id is in range."""
        if self._core is None:
            raise IndexError("OUT_OF_RANGE: piece id is out of range.")
        return self._core

    def _form(self, return_type: Any, out_type: Any, default: Any = None) -> Any:
        """What a call is to return, by one of its two names."""
        if out_type is not None:
            if return_type is not None:
                raise ValueError("return_type and out_type are one argument; give return_type")
            return_type = out_type
        if return_type is None:
            return_type = self._return_type if default is None else default
        if return_type == "immutable_proto":
            raise ValueError("immutable_proto is no longer supported; use return_type='proto'")
        if not (isinstance(return_type, type | str) and return_type in _FORMS):
            raise ValueError(f"return_type is {return_type}; it must be one of {[*_FORMS]}")
        return return_type

    def _threads(self, num_threads: int | None) -> int:
        threads = _first(num_threads, self._num_threads)
        if not isinstance(threads, int):
            raise TypeError("num_threads must be int")
        return threads

    def _rewrite(
        self, kind: Any, bos: Any, eos: Any, reverse: Any, unk: Any
    ) -> tuple[bool, bool, bool, bool]:
        """What is done to pieces after they are found."""
        flags = (
            _flag(_first(bos, self._add_bos)),
            _flag(_first(eos, self._add_eos)),
            _flag(_first(reverse, self._reverse)),
            _flag(_first(unk, self._emit_unk_piece)),
        )
        if any(flags) and kind in ("proto", "serialized_proto", "offset_mapping"):
            raise RuntimeError(
                "UNIMPLEMENTED: add_bos, add_eos, reverse and emit_unk_piece with a proto"
            )
        return flags

    def _check(self, rewrite: tuple[bool, bool, bool, bool], kind: Any) -> None:
        """Refuses symbols that the model does not have."""
        bos, eos, _, unk = rewrite
        wanted = [(bos, 1, "BOS"), (eos, 2, "EOS"), (unk and kind in (str, bytes), 0, "UNK")]
        for asked, which, name in wanted:
            if asked and self._special(which) == -1:
                raise ValueError(f"INVALID_ARGUMENT: {name} is not defined in this model.")


SentencePieceProcessor.Tokenize = SentencePieceProcessor.Encode  # type: ignore[attr-defined]
SentencePieceProcessor.Detokenize = SentencePieceProcessor.Decode  # type: ignore[attr-defined]
SentencePieceProcessor.tokenize = SentencePieceProcessor.Encode  # type: ignore[attr-defined]
SentencePieceProcessor.detokenize = SentencePieceProcessor.Decode  # type: ignore[attr-defined]


def _first(given: Any, default: Any) -> Any:
    return default if given is None else given


def _flag(value: Any) -> bool:
    """What can be true or false, but is no collection."""
    if isinstance(value, bool | int | float | np.generic) or value is None:
        return bool(value)
    raise TypeError(f"a flag must be bool, not {type(value).__name__}")


def _pooled(threads: int, pool: ThreadPool | None) -> int:
    if pool is None:
        return threads
    if not isinstance(pool, ThreadPool):
        # The package has the same class of error for what is none.
        raise RuntimeError(f"thread_pool must be a ThreadPool, not {type(pool).__name__}")
    return pool.num_threads()


def _given(kind: Any, value: Any) -> Any:
    """A result of the core as the caller wants it."""
    if kind == "numpy":
        value.flags.writeable = False
    elif kind == "proto":
        from toksmith.compat.sentencepiece.sentencepiece_pb2 import SentencePieceText

        return SentencePieceText.FromString(value)
    return value


def _nbest_proto(value: bytes) -> Any:
    from toksmith.compat.sentencepiece.sentencepiece_pb2 import NBestSentencePieceText

    return NBestSentencePieceText.FromString(value)


def _is_row(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes)


def _rows(given: Any) -> tuple[list[Any], bool, bool]:
    """The rows of what is to be decoded, whether there may be several, and whether of pieces."""
    if given is None or (isinstance(given, str | bytes) and not given):
        given = []
    if not _is_row(given):
        given = [given]
    if isinstance(given, np.ndarray):
        if given.ndim > 1:
            return list(given), True, False
        return [given], False, False
    size = len(given)
    if size and _is_row(given[0]):
        rows = [given[place] for place in range(size)]
        first: Any = next((row for row in rows if _is_row(row) and len(row)), [])
        pieces = _of_pieces(first)
        return rows, True, pieces
    return [given], False, _of_pieces(given)


def _of_pieces(row: Any) -> bool:
    if not len(row) or hasattr(row, "dtype"):
        return False
    return isinstance(row[0], str | bytes)


def _ids(given: Any) -> Any:
    """One id or several as they are; what is a buffer as int64, cut to what an id can be."""
    if isinstance(given, str | bytes | bytearray | list | tuple | int):
        return given
    try:
        array = np.asarray(memoryview(given))
    except (TypeError, ValueError):
        return given
    if array.ndim == 0:
        return given
    if array.dtype.kind not in "iu":
        _refuse("an array of integers", array.dtype)
    if array.ndim != 1:
        _refuse("one dimension", array.ndim)
    limit = min(_MAX_INT, np.iinfo(array.dtype).max)
    return np.minimum(array, array.dtype.type(limit)).astype(np.int64)


def _refuse(expected: str, found: object) -> NoReturn:
    raise TypeError(f"expected {expected}, not {found}")
