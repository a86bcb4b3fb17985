"""A text followed byte by byte, through the contexts of tokens that it may be.

Source: Phan et al., "Exact Byte-Level Probabilities from Tokenized Language Models for FIM-Tasks
and Model Ensembles" (the Byte-Token Representation Lemma).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toksmith import _native
from toksmith._native import InputError, UnsupportedFeature, _ByteLaw, _ByteState
from toksmith.byte_probs.checks import whole_number
from toksmith.byte_probs.parts import Special, parted, special_id
from toksmith.byte_probs.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

Target = Literal["canonical", "joint", "all"]


class PendingRows(InputError):  # noqa: N818 - it is a request, not a failure
    """A question that needs rows which have not been fed.

    Attributes:
        contexts: The contexts whose rows are needed.
    """

    contexts: list[Context]

    def __init__(self, contexts: list[Context]) -> None:
        super().__init__(
            f"the rows of {len(contexts)} contexts have not been fed; see ByteState.pending()"
        )
        self.contexts = contexts


@dataclass(frozen=True, slots=True)
class Context:
    """A token sequence whose next-token row is needed.

    Attributes:
        key: Its number in its state; stays the same until what made it is taken back.
        tokens: Its tokens, those given before the text first.
        parent: The key of the context without its last token; None if there is none.
        shared: How many of its tokens its parent has: what a key-value cache of the parent holds.
    """

    key: int
    tokens: tuple[int, ...]
    parent: int | None
    shared: int


@dataclass(frozen=True, slots=True)
class Cover:
    """Tokens that cover a text, of which the last may run past its end.

    Attributes:
        tokens: The tokens, those given before the text first.
        extra: The bytes by which they run past the text.
        logprob: Natural log of their probability given the text.
    """

    tokens: tuple[int, ...]
    extra: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state as it was; for `ByteState.restore`."""

    _state: _ByteState


@lru_cache(maxsize=8)
def _law(
    tokenizer: _native.Tokenizer, target: str, window: int | None, in_byte_order: bool
) -> _ByteLaw:
    return _ByteLaw(tokenizer, target, window, in_byte_order)


class ByteState:
    """A text under a law, followed byte by byte.

    Three laws, by `target`:

    - `"canonical"`: each row is restricted to the tokens t for which context + t is a prefix of the
      encoding of some text (a special token: where the context is exactly the encoding so far) and
      renormalised. It sums to one, obeys the chain rule, generates what the tokenizer would give.
    - `"joint"`: the model's own probability, summed over the canonical covers of the text (the
      published sum). Less than one in all; next bytes are its ratios, normalised, and `missing`
      says what they lacked.
    - `"all"`: summed over every tokenization. `beam` keeps the most probable contexts; `dropped`
      and `bound()` say what that costs.

    Text that stands before a special token is closed by it as by its end, and another text begins
    behind it, whose own bytes may spell a special token without being one. Added tokens that are
    not special are tokens with bytes, found wherever the tokenizer finds them.

    Texts are byte strings; where a pattern cuts text, UTF-8. With a normalizer they are normalised
    texts (`normalizers` names it); a sign for the space counts as the space, and the space that
    some models put before every text is not part of it.

    Rows come from outside: `pending()` says for which contexts, `feed` takes them.

        >>> import numpy as np, toksmith as ts
        >>> tok = ts.Tokenizer.from_pretrained("cl100k_base")
        >>> state = ts.byte_probs.ByteState(tok)
        >>> state.push(b" hel")
        >>> for context in state.pending():
        ...     state.feed(context, np.zeros(state.width))
        >>> float(np.exp(state.next_byte()).sum().round(9))
        1.0

    Args:
        tokenizer: Whose tokens.
        target: The law.
        prefix: Ids that stand before the text, such as the one that begins every sequence.
        beam: Under `"all"`, the most contexts kept.
        window: Under `"all"`, only tokenizations that are canonical up to their last boundary
            before the last `window` bytes: exact over these, refused above `max_contexts`.
        max_contexts: The most contexts without a beam; more is an error.
        keep_rows: Bytes and special tokens that can be taken back without asking for rows again.
        in_byte_order: Whether rows are in the order of `TokenTrie.order`, then special tokens.
        threads: Rows read at once by `feed_many`; by default the number of processors.

    Raises:
        UnsupportedFeature: The tokenizer's encodings cannot be followed; the message says why.
        InputError: An argument is out of range.
    """

    def __init__(
        self,
        tokenizer: _native.Tokenizer,
        target: Target = "canonical",
        *,
        prefix: Sequence[int] = (),
        beam: int | None = None,
        window: int | None = None,
        max_contexts: int = 1 << 16,
        keep_rows: int = 64,
        in_byte_order: bool = False,
        threads: int | None = None,
    ) -> None:
        if not isinstance(tokenizer, _native.Tokenizer):
            raise InputError(f"expected a Tokenizer, not {type(tokenizer).__name__}")
        if beam is not None and target != "all":
            raise UnsupportedFeature(f"a beam under the law {target!r}: it needs few contexts")
        if window is not None and target != "all":
            raise UnsupportedFeature(f"a window under the law {target!r}: it is canonical all over")
        if window is not None and beam is not None:
            raise UnsupportedFeature("a beam and a window at once")
        width = None if window is None else whole_number(window, "window", 1)
        self._target: Target = target
        self._law = _law(tokenizer, target, width, bool(in_byte_order))
        self._prefix = tuple(whole_number(one, "prefix", 0, 1 << 32) for one in prefix)
        limit = None if beam is None else whole_number(beam, "beam", 1)
        most = whole_number(max_contexts, "max_contexts", 1)
        keep = whole_number(keep_rows, "keep_rows", 0)
        self._threads = None if threads is None else whole_number(threads, "threads", 1)
        self._tokenizer = tokenizer
        self._state = self._law.state(list(self._prefix), limit, most, keep)

    @property
    def tokenizer(self) -> _native.Tokenizer:
        """Whose tokens."""
        return self._tokenizer

    @property
    def target(self) -> Target:
        """The law."""
        return self._target

    @property
    def special_ids(self) -> tuple[int, ...]:
        """The special tokens, ascending: symbols 256, 257, and so on."""
        return tuple(self._law.special_ids)

    @property
    def lead_behind_special(self) -> bytes:
        """What the tokenizer puts before a text behind a special token: a space, or nothing."""
        return self._law.lead_behind_special

    @property
    def normalizers(self) -> tuple[str, ...]:
        """What the tokenizer does to a text first; the law is over what comes out of it."""
        return tuple(self._law.normalizers)

    @property
    def width(self) -> int:
        """How many numbers a row has at least: one for each id."""
        return self._law.width

    @property
    def text(self) -> bytes:
        """The bytes pushed, special tokens left out."""
        return self._state.text

    @property
    def parts(self) -> tuple[bytes | Special, ...]:
        """What was pushed: bytes, and the special tokens (by id) between them."""
        return parted(self._state.text, self._state.specials)

    @property
    def prefix(self) -> tuple[int, ...]:
        """The ids that stand before the text."""
        return self._prefix

    def __len__(self) -> int:
        """Bytes and special tokens pushed."""
        return self._state.symbols

    @property
    def contexts(self) -> int:
        """Number of contexts that are alive."""
        return self._state.heads

    def push(self, data: int | bytes) -> None:
        """Goes on by one byte, or several.

        Raises:
            InputError: No token sequence that the law allows goes on so; the state is as before.
            PendingRows: Under a beam, rows are missing.
        """
        if isinstance(data, (bytes, bytearray, memoryview)):
            known = len(self)
            try:
                for byte in bytes(data):
                    self._push(byte)
            except BaseException:
                self._state.rollback(len(self) - known)
                raise
        else:
            self._push(whole_number(data, "byte", 0, 256))

    def _push(self, byte: int) -> None:
        try:
            self._state.push(byte)
        except InputError as error:
            self._explain(error)
            raise

    def push_special(self, token: int | str | Special) -> None:
        """Goes on by a special token, which closes the text before it; another begins behind it.

        Args:
            token: Its id or name.

        Raises:
            InputError: It is no special token, or the text cannot end here: inside a character, or
                where no tokens are exactly its encoding. The state is as before.
            VocabularyError: There is no special token of that name.
            UnsupportedFeature: The tokenizer drops white space around it (`lstrip`, `rstrip`), or
                finds it only between words (`single_word`).
        """
        self._state.push_special(special_id(self._tokenizer, token))

    def _explain(self, error: InputError, total: bool = False) -> None:
        """Raises `PendingRows` in place of an error that comes from missing rows."""
        if "has not been fed" in str(error):
            raise PendingRows(self.pending(total=total)) from None

    def rollback(self, n: int) -> None:
        """Takes back the last `n` bytes; a special token counts as one.

        Raises:
            InputError: There are fewer.
        """
        self._state.rollback(whole_number(n, "n", 0))

    def fork(self) -> ByteState:
        """A copy that goes its own way; rows are shared."""
        other = object.__new__(ByteState)
        other.__dict__.update(self.__dict__)
        other._state = self._state.fork()
        return other

    def checkpoint(self) -> Checkpoint:
        """The state as it is now."""
        return Checkpoint(self._state.fork())

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes back to a checkpoint of this state, with the rows it had then."""
        self._state = checkpoint._state.fork()

    def pending(self, *, total: bool = False) -> list[Context]:
        """The contexts whose rows are needed, parents before children.

        Args:
            total: Whether for `logprob()` too, which asks for all contexts since the beginning.
        """
        given = len(self._prefix)
        return [
            Context(
                key, tuple(tokens), parent, max(len(tokens) - 1, given) if parent is not None else 0
            )
            for key, tokens, parent in self._state.pending(total)
        ]

    def feed(self, context: Context | int, row: Any) -> None:
        """Takes the logits or log-probabilities of the token after a context.

        Args:
            context: One of `pending()`, or its key.
            row: float64, float32, float16 or bfloat16 `[vocab]`, or longer: numpy, `__array__` or
                DLPack. It is normalised.

        Raises:
            InputError: The row has the wrong length or a NaN, or gives nothing allowed any
                probability.
        """
        self.feed_many([context], [row])

    def feed_many(self, contexts: Sequence[Context | int], rows: Any) -> None:
        """`feed` for several contexts: rows `[n, vocab]`, or a sequence of rows."""
        keys = [context.key if isinstance(context, Context) else context for context in contexts]
        if not keys:
            return
        if isinstance(rows, (list, tuple)):
            read = [read_rows(row) for row in rows]
            kinds = {row.kind for row in read}
            widths = {row.array.shape[1] for row in read}
            if len(kinds) > 1 or len(widths) > 1:
                raise InputError(f"rows of one type and length: found {kinds} and {widths}")
            array, kind = np.concatenate([row.array for row in read]), read[0].kind
        else:
            array, kind, _ = read_rows(rows)
        self._state.feed(keys, array, kind, self._threads)

    def next_byte(self) -> NDArray[np.float64]:
        """Natural log-probabilities of what follows: float64 `[256 + S]`, bytes, then specials.

        Raises:
            PendingRows: Rows are missing.
            InputError: The text has probability zero.
        """
        try:
            return self._state.next_byte()[0]
        except InputError as error:
            self._explain(error)
            raise

    @property
    def missing(self) -> float:
        """What the ratios of `next_byte()` lacked of one before they were normalised."""
        try:
            return self._state.next_byte()[1]
        except InputError as error:
            self._explain(error)
            raise

    def logprob(self) -> float:
        """Natural log of the probability of the text so far.

        Raises:
            PendingRows: Rows are missing; `pending(total=True)` says which.
        """
        try:
            return self._state.logprob()
        except InputError as error:
            self._explain(error, total=True)
            raise

    @property
    def dropped(self) -> float:
        """Natural log of the probability that a beam has dropped; minus infinity without one."""
        return self._state.dropped

    def bound(self) -> float:
        """How far any distribution given the text may be off, in total variation, for the beam.

        With the probability Z kept and D dropped it is D / (Z + D): a tokenization once dropped
        never gains probability.
        """
        try:
            return self._state.bound()
        except InputError as error:
            self._explain(error, total=True)
            raise

    def dropped_by_row(self, contexts: Iterable[Context | int]) -> list[float | None]:
        """The share of each fed row that the law does not allow; None where a row is not kept."""
        keys = (context.key if isinstance(context, Context) else context for context in contexts)
        return [self._state.dropped_of(key) for key in keys]

    def encoding(self) -> list[int] | None:
        """The tokens of the text if it may end here, the prefix not counted; else None.

        Special tokens that were pushed stand between them.
        """
        return self._state.encoding()

    def covers(self, most: int | None = None) -> list[Cover]:
        """The token sequences that cover the text, most probable first.

        Raises:
            PendingRows: Rows are missing.
        """
        try:
            found = self._state.covers()
        except InputError as error:
            self._explain(error)
            raise
        covers = []
        for context, last, logprob in found[:most]:
            tokens = self._state.tokens(context)
            if last is not None:
                tokens.append(last)
            extra = self._state.extra(context, last)
            covers.append(Cover(tuple(tokens), extra, logprob))
        return covers

    def finish(self, seed: int | None = None) -> Cover:
        """Back to ordinary tokens: the most probable cover, or with a seed a random one.

        Its tokens are a context from which the model goes on token by token; `extra` is what they
        say beyond the text.
        """
        covers = self.covers(1) if seed is None else self.covers()
        if not covers:
            raise InputError("no token sequence covers the text")
        if seed is None:
            return covers[0]
        weights = np.exp([cover.logprob for cover in covers])
        draw = np.random.default_rng(whole_number(seed, "seed", 0, 1 << 63)).random()
        at = int(np.searchsorted(np.cumsum(weights), draw * weights.sum(), side="right"))
        return covers[min(at, len(covers) - 1)]
