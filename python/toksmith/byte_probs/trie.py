"""The vocabulary as a trie, and what a row of logits says of the bytes of one token.

Start at `TokenTrie`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toksmith import _native
from toksmith._native import InputError
from toksmith.byte_probs.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from toksmith.byte_probs.rows import Bits
    from toksmith.tokenizer import Tokenizer


class TokenTrie:
    """The vocabulary sorted by bytes; tokens that begin alike stand side by side.

    Rows are a language model's logits or log-probabilities of the next token (each is normalised,
    so either will do), one number per id. Sums are over tokens, as they are: which token sequences
    a tokenizer would make plays no part. `ByteState` follows a text across tokens.

    Results are as accurate as the numbers of a row (float64 to 1e-13, others to 1e-6, relative, of
    a probability) however rare what is asked for, and do not depend on the number of threads.

    Args:
        tokenizer: Whose tokens.
        width: Numbers in a row. Not given, rows may be longer than the ids need, as those of models
            with a padded vocabulary are. Ids that are no token count as tokens without bytes.

    Raises:
        UnsupportedFeature: Tokens of this tokenizer do not stand for bytes by themselves.
        VocabularyError: `width` is less than the ids need.

    Reference: Phan et al., "Exact Byte-Level Probabilities from Tokenized Language Models for
    FIM-Tasks and Model Ensembles".
    """

    def __init__(self, tokenizer: Tokenizer, width: int | None = None) -> None:
        if width is not None and (isinstance(width, bool) or not isinstance(width, int)):
            raise InputError(f"width must be an integer, not {type(width).__name__}")
        if width is not None and width < 0:
            raise InputError(f"width must not be negative, but is {width}")
        self._trie = _native._TokenTrie(tokenizer, width)
        self._tokenizer = tokenizer
        self._width = width

    def next_bytes(
        self,
        rows: object,
        prefix: bytes = b"",
        *,
        in_byte_order: bool = False,
        bits: Bits | None = None,
        num_threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Log-probabilities of what comes after `prefix`, given that the token begins with it.

        Before the first byte nothing is given, and the whole row counts: bytes, special tokens, and
        ids without bytes, which have no place in the result. `mass(rows, prefix)` and what this
        gives for a byte add up to the mass of the prefix with that byte.

        Args:
            rows: `(width,)` or `(batch, width)` logits or log-probabilities; numpy or anything with
                `__array__` or `__dlpack__`; float64, float32, float16 or bfloat16. Contiguous ones
                are read in place. Minus infinity is probability zero.
            prefix: Bytes of the token so far.
            in_byte_order: The row's numbers are in the order of `order`, then `special_ids`.
            bits: What rows of uint16 or int16 are the bits of: "float16" or "bfloat16".
            num_threads: Threads for a batch; by default `TOKSMITH_NUM_THREADS`, else one a
                processor.

        Returns:
            `(257 + S,)` for one row or `(batch, 257 + S)`, float64, natural logarithms: the 256
            bytes, the end of the token, the S special tokens in the order of `special_ids`. All
            minus infinity where no token that begins with `prefix` has any probability.

        Raises:
            InputError: Rows of another type, shape or length; a logit that is NaN or plus infinity
                (the message names it); a row of minus infinity alone.
        """
        return self._ask(self._trie.next_bytes, rows, prefix, in_byte_order, bits, num_threads)

    def mass(
        self,
        rows: object,
        prefix: bytes,
        *,
        in_byte_order: bool = False,
        bits: Bits | None = None,
        num_threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Log-probability that the next token begins with `prefix`, or is it.

        Args:
            rows: As for `next_bytes`, and likewise the others.
            prefix: The bytes; empty for all tokens that have bytes.
            in_byte_order: The row's numbers are in the order of `order`, then `special_ids`.
            bits: What rows of uint16 or int16 are the bits of: "float16" or "bfloat16".
            num_threads: Threads for a batch.

        Returns:
            `()` for one row or `(batch,)`, float64, natural logarithms.

        Raises:
            InputError: As `next_bytes`.
        """
        return self._ask(self._trie.mass, rows, prefix, in_byte_order, bits, num_threads)

    @property
    def order(self) -> NDArray[np.uint32]:
        """`(len(self),)` uint32: ids sorted by their bytes, those spelled alike by id."""
        return self._trie.order()

    @property
    def special_ids(self) -> NDArray[np.uint32]:
        """`(S,)` uint32: the special tokens, ascending."""
        return self._trie.special_ids()

    def __len__(self) -> int:
        """Number of tokens that have bytes."""
        return len(self._trie)

    def __repr__(self) -> str:
        return f"TokenTrie({len(self)} tokens, {len(self.special_ids)} special)"

    def __reduce__(self) -> tuple[type[TokenTrie], tuple[Tokenizer, int | None]]:
        return type(self), (self._tokenizer, self._width)

    @staticmethod
    def _ask(
        question: Callable[..., NDArray[np.float64]],
        rows: object,
        prefix: bytes,
        in_byte_order: bool,
        bits: Bits | None,
        num_threads: int | None,
    ) -> NDArray[np.float64]:
        if not isinstance(prefix, bytes):
            raise InputError(f"prefix must be bytes, not {type(prefix).__name__}")
        array, kind, single = read_rows(rows, bits)
        answer = question(array, kind, prefix, in_byte_order, num_threads)
        return answer[0] if single else answer
