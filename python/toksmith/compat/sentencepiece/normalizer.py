"""`SentencePieceNormalizer`: what a model does to text before it cuts it, by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toksmith._native import SentencePieceNormalizerCore, UnsupportedFeature
from toksmith.compat.sentencepiece.names import in_both_spellings


@in_both_spellings
class SentencePieceNormalizer:
    """The normalizer of a model, of a `NormalizerSpec`, or the rule `identity`."""

    def __init__(
        self,
        model_file: str | None = None,
        model_proto: Any = None,
        normalizer_spec: Any = None,
        rule_tsv: str | None = None,
        rule_name: str | None = None,
        norm_map: Any = None,
        add_dummy_prefix: bool | None = None,
        escape_whitespaces: bool | None = None,
        remove_extra_whitespaces: bool | None = None,
    ) -> None:
        flags = (add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces)
        if model_file:
            spec = SentencePieceNormalizerCore.spec_of(read_file(model_file))
        elif model_proto:
            spec = SentencePieceNormalizerCore.spec_of(serialized(model_proto))
        elif normalizer_spec:
            spec = serialized(normalizer_spec)
        elif rule_tsv:
            raise UnsupportedFeature("SentencePieceNormalizer from rule_tsv")
        elif rule_name:
            if rule_name != "identity":
                raise UnsupportedFeature(f"SentencePieceNormalizer from rule_name {rule_name!r}")
            spec = b"\n\x08identity"
        elif norm_map:
            raise UnsupportedFeature("SentencePieceNormalizer from norm_map")
        else:
            raise ValueError("no model is specified")
        self._normalizer = SentencePieceNormalizerCore(
            spec, [None if flag is None else bool(flag) for flag in flags]
        )

    def Normalize(self, input: Any, with_offsets: bool | None = None) -> Any:  # noqa: A002, N802
        """The text as normalized; with `with_offsets`, a pair with a place for each character.

        Places of str are characters, those of bytes are bytes; there is one more, for the end.
        A list gives a list.
        """
        return normalized(self._normalizer.normalize, input, with_offsets)

    def Decompile(self) -> list[tuple[str, str]]:  # noqa: N802
        """Not supported.

        Raises:
            UnsupportedFeature: Always.
        """
        raise UnsupportedFeature("SentencePieceNormalizer.decompile")

    def serialized_model_proto(self) -> bytes:
        """A serialized `ModelProto` with this normalizer."""
        return self._normalizer.model()

    def serialized_normalizer_spec(self) -> bytes:
        """The serialized `NormalizerSpec`."""
        return self._normalizer.spec()

    def __getstate__(self) -> bytes:
        return self.serialized_model_proto()

    def __setstate__(self, serialized_model_proto: bytes) -> None:
        spec = SentencePieceNormalizerCore.spec_of(serialized_model_proto)
        self._normalizer = SentencePieceNormalizerCore(spec, [None, None, None])


def normalized(normalize: Any, given: Any, with_offsets: bool | None) -> Any:
    """One text, or each of a list."""
    if isinstance(given, list):
        return [normalize(text, bool(with_offsets)) for text in given]
    return normalize(given, bool(with_offsets))


def serialized(message: Any) -> bytes:
    """Bytes, or a message of protobuf as bytes.

    Raises:
        TypeError: It is neither.
    """
    if hasattr(message, "SerializeToString"):
        message = message.SerializeToString()
    if not isinstance(message, bytes):
        raise TypeError(f"a serialized message must be bytes, not {type(message).__name__}")
    return message


def read_file(name: str) -> bytes:
    """The content of a file.

    Raises:
        RuntimeError: It cannot be read.
    """
    if not isinstance(name, str | bytes):
        raise TypeError(f"a file name must be str, not {type(name).__name__}")
    try:
        return Path(name if isinstance(name, str) else name.decode()).read_bytes()
    except OSError as error:
        raise RuntimeError(f'NOT_FOUND: "{name!s}": {error.strerror}') from None
