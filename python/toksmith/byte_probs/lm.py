"""A tokenized language model as a model of bytes. Start at `ByteLM`."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from toksmith._native import InputError
from toksmith.byte_probs.checks import whole_number
from toksmith.byte_probs.infilling import Markers, framed
from toksmith.byte_probs.model import ByteModel, Score, TextState, end_logprob
from toksmith.byte_probs.parts import Special, as_bytes, as_parts, special_set
from toksmith.byte_probs.sampling import Sampling, generate_bytes
from toksmith.byte_probs.state import ByteState, PendingRows
from toksmith.byte_probs.token_mode import generate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from toksmith.byte_probs.infilling import Layout
    from toksmith.byte_probs.parts import Parts
    from toksmith.byte_probs.sampling import Generated
    from toksmith.byte_probs.state import Target
    from toksmith.tokenizer import Tokenizer

    Forward = Callable[[list[tuple[int, ...]]], ArrayLike]
    Mode = Literal["bytes", "tokens"]

_CHUNK = 32


class _Limits(TypedDict, total=False):
    """What bounds the contexts of a state; see `ByteState`."""

    beam: int | None
    window: int | None
    max_contexts: int


class LMState(TextState):
    """A text under a `ByteLM`: a `ByteState` that gets its rows by itself.

    Attributes:
        model: Whose rows.
        inner: The state; its `finish()` leads back to tokens.
    """

    def __init__(self, model: ByteLM, inner: ByteState) -> None:
        self.model = model
        self.inner = inner

    @property
    def text(self) -> bytes:
        """The bytes pushed, special tokens left out."""
        return self.inner.text

    @property
    def parts(self) -> tuple[bytes | Special, ...]:
        """What was pushed: bytes, and the special tokens (by id) between them."""
        return self.inner.parts

    def push(self, data: Parts | int) -> None:
        """As `ByteState.push` and `push_special`; under a beam rows are had on the way.

        Args:
            data: A byte, a text, or texts and the special tokens between them.
        """
        known = len(self.inner)
        try:
            for part in [bytes([data])] if isinstance(data, int) else as_parts(data):
                if isinstance(part, Special):
                    self.inner.push_special(part)
                else:
                    self._push(part)
        except BaseException:
            self.inner.rollback(len(self.inner) - known)
            raise

    def push_symbol(self, symbol: int) -> int:
        """Goes on by the special token of a symbol of `next_byte`; its id."""
        token = self.inner.special_ids[symbol - 256]
        self.inner.push_special(token)
        return token

    def _push(self, data: bytes) -> None:
        for byte in data:
            try:
                self.inner.push(byte)
            except PendingRows:
                self.model.feed([self.inner], total=True)
                self.inner.push(byte)

    def rollback(self, n: int) -> None:
        """As `ByteState.rollback`."""
        self.inner.rollback(n)

    def fork(self) -> LMState:
        """As `ByteState.fork`."""
        return LMState(self.model, self.inner.fork())

    def next_byte(self) -> NDArray[np.float64]:
        """As `ByteState.next_byte`: float64 `[256 + S]`."""
        self.model.feed([self.inner])
        return self.inner.next_byte()

    def logprob(self) -> float:
        """Natural log of the probability of the text so far."""
        self.model.feed([self.inner], total=True)
        return self.inner.logprob()


class ByteLM(ByteModel):
    """A tokenized language model, read as one over bytes.

    The model is any function from token contexts to rows. Rows are asked for in batches, as many
    as a step needs at once, and the last ones are kept, so that texts that share a beginning cost
    little. A context is mostly an earlier one and a token more: a function that keeps its keys and
    values by context finds them there (`toksmith.integrations.causal_lm` and `Llama2c` do).

    Args:
        tokenizer: Whose tokens.
        forward: From a list of contexts (tuples of ids) to rows `[contexts, vocab]`: logits or
            log-probabilities of the token after each, of any type that `ByteState.feed` takes.
        prefix: Ids that stand before every text; by default the tokenizer's `bos_id`, if it has
            one. If there are none, `forward` is asked for the row of the empty context.
        target: Which law; see `ByteState`.
        beam: Under `"all"`, the most contexts kept.
        window: Under `"all"`, the bytes before which tokenizations are canonical; see `ByteState`.
        max_contexts: As in `ByteState`.
        max_batch: The most contexts in one call of `forward`.
        keep_rows: Rows that are kept, of the contexts asked for last.

    Attributes:
        tokenizer: As given, like `forward`, `prefix` and `target`.

    Raises:
        UnsupportedFeature: The tokenizer's encodings cannot be followed; the message says why.
        InputError: An argument is out of range.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        forward: Forward,
        *,
        prefix: Sequence[int] | None = None,
        target: Target = "canonical",
        beam: int | None = None,
        window: int | None = None,
        max_contexts: int = 1 << 16,
        max_batch: int = 64,
        keep_rows: int = 256,
    ) -> None:
        self.tokenizer = tokenizer
        self.forward = forward
        self.target: Target = target
        if prefix is None:
            prefix = [] if tokenizer.bos_id is None else [tokenizer.bos_id]
        self.prefix = tuple(prefix)
        self._limits: _Limits = {"beam": beam, "window": window, "max_contexts": max_contexts}
        self._max_batch = whole_number(max_batch, "max_batch", 1)
        self._keep = whole_number(keep_rows, "keep_rows", 0)
        self._rows: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._begin(None, None)  # says now what cannot be done

    def _begin(self, target: Target | None, prefix: Sequence[int] | None) -> ByteState:
        target = target or self.target
        prefix = self.prefix if prefix is None else prefix
        return ByteState(self.tokenizer, target, prefix=prefix, **self._limits_under(target))

    def _limits_under(self, target: Target) -> _Limits:
        """What bounds the contexts of a law: beam and window are of the model's own."""
        own = target == self.target
        return self._limits if own else {"max_contexts": self._limits["max_contexts"]}

    @property
    def special_ids(self) -> tuple[int, ...]:
        """The special tokens, ascending: symbols 256, 257, and so on of `next_byte`."""
        return self._begin(None, None).special_ids

    @property
    def lead_behind_special(self) -> bytes:
        """What the tokenizer puts before a text behind a special token: a space, or nothing."""
        return self._begin(None, None).lead_behind_special

    def state(
        self,
        prompt: Parts = b"",
        *,
        target: Target | None = None,
        prefix: Sequence[int] | None = None,
    ) -> LMState:
        """A text to follow, after a prompt.

        Args:
            prompt: The text so far; or texts and the special tokens between them, such as
                `[Special("<|user|>"), b"Hi", Special("<|end|>"), b"Hel"]`.
            target: Another law than the model's own.
            prefix: Other ids before the text than the model's own.

        Raises:
            InputError: No token sequence that the law allows covers the prompt.
        """
        state = LMState(self, self._begin(target, prefix))
        state.push(prompt)
        return state

    def feed(self, states: Sequence[ByteState], *, total: bool = False) -> None:
        """Gives states the rows that they ask for, those of all states together.

        Args:
            states: Of this model's tokenizer.
            total: Whether for `logprob()`; see `ByteState.pending`.

        Raises:
            InputError: `forward` does not give a row for each context, or one of a wrong kind.
        """
        while True:
            asked = [(state, state.pending(total=total)) for state in states]
            asked = [(state, contexts) for state, contexts in asked if contexts]
            if not asked:
                return
            rows = self.rows([one.tokens for _, contexts in asked for one in contexts])
            for state, contexts in asked:
                state.feed_many(contexts, [rows[context.tokens] for context in contexts])

    def rows(self, contexts: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], Any]:
        """The rows of contexts, kept or had from the model.

        Raises:
            InputError: The model does not give a row for each.
        """
        found = {}
        for tokens in contexts:
            if tokens in self._rows:
                self._rows.move_to_end(tokens)
                found[tokens] = self._rows[tokens]
        wanted = [tokens for tokens in dict.fromkeys(contexts) if tokens not in found]
        for at in range(0, len(wanted), self._max_batch):
            part = wanted[at : at + self._max_batch]
            rows: Any = self.forward(list(part))
            if len(rows) != len(part):
                raise InputError(f"forward gave {len(rows)} rows for {len(part)} contexts")
            found.update(zip(part, rows, strict=True))
        for tokens in wanted if self._keep else ():
            self._rows[tokens] = found[tokens]
        while len(self._rows) > self._keep:
            self._rows.popitem(last=False)
        return found

    def next_bytes(self, states: Sequence[TextState]) -> list[NDArray[np.float64]]:
        """`next_byte` of several states of this model, their rows asked for together."""
        inner = [_own(state).inner for state in states]
        self.feed(inner)
        return [state.next_byte() for state in inner]

    def prefetch(self, state: TextState, data: bytes) -> None:
        """Asks at once for the rows that following `data` from here will need."""
        if self._limits.get("beam") is not None:
            return
        ahead = _own(state).inner.fork()
        wanted: dict[tuple[int, ...], None] = {}
        for byte in data:
            wanted |= dict.fromkeys(context.tokens for context in ahead.pending())
            try:
                ahead.push(byte)
            except InputError:
                break
        self.rows(list(wanted)[: self._keep])

    def logprob(self, data: Parts, given: Parts = b"", *, end: bool = False) -> float:
        """Natural log of the probability that `data` follows `given`.

        Under `"joint"` it is the ratio of two sub-probabilities.

        Args:
            data: The bytes; or texts and the special tokens between them.
            given: What stands before them, likewise.
            end: Whether the text ends behind them, by whichever special token.

        Returns:
            Minus infinity where the law has no token sequence for it.

        Raises:
            InputError: `given` has no probability.
        """
        state = self.state()
        before = self._pushed(state, given)
        if before == -math.inf:
            raise InputError("what is given has probability zero")
        try:
            after = self._pushed(state, data)
        except InputError as error:
            if "cannot follow" in str(error):
                return -math.inf
            raise
        if end and after > -math.inf:
            after += end_logprob(state)
        return after - before

    def _pushed(self, state: LMState, data: Parts) -> float:
        """Log-probability of the text with `data` behind it; rows are read as it goes."""
        logprob = state.logprob()
        for part in as_parts(data):
            length = 1 if isinstance(part, Special) else len(part)
            for at in range(0, length, _CHUNK):
                state.push(part if isinstance(part, Special) else part[at : at + _CHUNK])
                logprob = state.logprob()
                if logprob == -math.inf:
                    return logprob
        return logprob

    def score(
        self,
        data: bytes | str | Sequence[bytes | str],
        given: bytes | str = b"",
        *,
        end: bool = False,
        target: Target | None = None,
    ) -> Score:
        """Bits per byte of one text, or of several together: comparable across tokenizers.

        Args:
            data: The text, or texts.
            given: What stands before each; it is not scored.
            end: Whether the end of each text is scored, too; it counts as no byte.
            target: Another law than the model's own. Under `"joint"` the probabilities of all texts
                sum to less than one, so that bits are too many.
        """
        if target in (None, self.target):
            return super().score(data, given, end=end)
        return self.under(target).score(data, given, end=end)

    def under(self, target: Target) -> ByteLM:
        """The same model under another law; what is asked of it is kept apart."""
        return ByteLM(
            self.tokenizer,
            self.forward,
            prefix=self.prefix,
            target=target,
            max_batch=self._max_batch,
            keep_rows=self._keep,
            **self._limits_under(target),
        )

    def generate(
        self,
        prompt: Parts = b"",
        max_bytes: int = 256,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        stop: Sequence[bytes | str] = (),
        seed: int | None = None,
        mode: Mode = "bytes",
        past_specials: bool | Iterable[int | str | Special] = False,
    ) -> Generated:
        """Goes on from a prompt until the text ends.

        Args:
            prompt: As in `state`.
            max_bytes: As in `ByteModel.generate`.
            temperature: As in `ByteModel.generate`; in token mode that of tokens.
            top_p: As in `ByteModel.generate`; in token mode that of tokens.
            stop: As in `ByteModel.generate`.
            seed: As in `ByteModel.generate`.
            mode: `"bytes"`, or `"tokens"`: the first byte is drawn as in byte mode, then a cover of
                the text with it (at temperature 0, the most probable one), which may run past it;
                from there on tokens are drawn from the model's own rows, one row each. As fast as
                ordinary generation, and not restricted to what the tokenizer would produce.
            past_specials: Special tokens behind which the text goes on, by id or name, or True for
                all; by default it ends at any. Each counts as one of `max_bytes`; no stop string
                reaches across one.

        Raises:
            InputError: An option is out of range, or the prompt has no probability.
            VocabularyError: There is no special token of a name.
            UnsupportedFeature: A text cannot go on behind one of them: `ByteState.push_special`.
        """
        sampling = Sampling.checked(max_bytes, temperature, top_p, stop, seed)
        return self._generate([self.state(prompt)], sampling, mode, past_specials)[0]

    def generate_batch(
        self,
        prompts: Iterable[Parts],
        max_bytes: int = 256,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        stop: Sequence[bytes | str] = (),
        seed: int | None = None,
        mode: Mode = "bytes",
        past_specials: bool | Iterable[int | str | Special] = False,
    ) -> list[Generated]:
        """`generate` for several prompts, whose rows are asked for together.

        Each has draws of its own: with a seed, the first those it would have alone.
        """
        sampling = Sampling.checked(max_bytes, temperature, top_p, stop, seed)
        states = [self.state(prompt) for prompt in prompts]
        return self._generate(states, sampling, mode, past_specials)

    def _generate(
        self,
        states: Sequence[LMState],
        sampling: Sampling,
        mode: Mode,
        past_specials: bool | Iterable[int | str | Special] = False,
    ) -> list[Generated]:
        ids = special_set(self.tokenizer, past_specials)
        past = [at for at, token in enumerate(self.special_ids, 256) if token in ids]
        if mode == "bytes":
            return generate_bytes(self, states, sampling, past)
        if mode != "tokens":
            raise InputError(f'mode must be "bytes" or "tokens", not {mode!r}')
        return generate_tokens(self, states, sampling, past)

    def fill_in_the_middle(
        self,
        prefix: bytes | str,
        suffix: bytes | str,
        max_bytes: int = 256,
        *,
        layout: Layout = "spm",
        markers: Markers | None = None,
        temperature: float = 1.0,
        top_p: float = 1.0,
        stop: Sequence[bytes | str] = (),
        seed: int | None = None,
        mode: Mode = "bytes",
    ) -> Generated:
        """Writes what stands between two texts, with the markers the model was trained on.

        Which joins are corrected depends on the layout. In `"spm"` (suffix, prefix, middle) the
        prefix stands right before the middle: it is a prompt like any other, the first token of
        the middle may begin inside it, and a cut within a word does no harm. In `"psm"` (prefix,
        suffix, middle) a marker closes the prefix: no token crosses a marker, so that the prefix
        keeps its own encoding and the cut stays as the model was trained to see it. The join of
        middle and suffix is never corrected: the suffix was read first.

        Args:
            prefix: The text before.
            suffix: The text behind.
            max_bytes: As in `generate`; so are the options below.
            layout: `"spm"` or `"psm"`: what the model was trained on.
            markers: Its markers; by default those found in the tokenizer by name.
            temperature: As in `generate`.
            top_p: As in `generate`.
            stop: As in `generate`.
            seed: As in `generate`.
            mode: As in `generate`.

        Raises:
            VocabularyError: The tokenizer has no known markers.
            InputError: An option is out of range, or the layout needs a marker that is not there.
        """
        sampling = Sampling.checked(max_bytes, temperature, top_p, stop, seed)
        ids, prompt = framed(
            self.tokenizer,
            markers or Markers.of(self.tokenizer),
            as_bytes(prefix),
            as_bytes(suffix),
            layout,
        )
        state = self.state(prompt, prefix=[*self.prefix, *ids])
        return self._generate([state], sampling, mode)[0]


def _own(state: TextState) -> LMState:
    if not isinstance(state, LMState):
        raise InputError(f"expected a state of a ByteLM, not {type(state).__name__}")
    return state
