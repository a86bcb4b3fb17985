"""Models with different vocabularies as one, exactly: their next bytes combined.

Bytes are what all vocabularies have in common, so that nothing has to be matched or guessed;
token maps that do are in `toksmith.byte_probs.approximate`. What ends a text is one symbol: the
special tokens of each member, added up, whatever they are called.

Start at `Mean`, `Product` or `Contrast`.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from toksmith._native import InputError
from toksmith.byte_probs.model import ByteModel, TextState
from toksmith.byte_probs.parts import as_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Symbols = NDArray[np.float64]

END = 256
"""The symbol of the end of a text."""


class EnsembleState(TextState):
    """A text under every member of an ensemble.

    Attributes:
        model: The ensemble.
        parts: The text under each of its members.
    """

    def __init__(self, model: Ensemble, parts: list[TextState]) -> None:
        self.model = model
        self.parts = parts

    @property
    def text(self) -> bytes:
        """The bytes pushed."""
        return self.parts[0].text

    def push(self, data: bytes | int) -> None:
        """Goes on under every member, or under none.

        Raises:
            InputError: To a member the text cannot go on so.
        """
        data = bytes([data]) if isinstance(data, int) else as_bytes(data)
        known = len(self.text)
        try:
            for part in self.parts:
                part.push(data)
        except BaseException:
            for part in self.parts:
                part.rollback(len(part.text) - known)
            raise

    def rollback(self, n: int) -> None:
        """Takes back the last `n` bytes."""
        for part in self.parts:
            part.rollback(n)

    def fork(self) -> EnsembleState:
        """A copy that goes its own way."""
        return EnsembleState(self.model, [part.fork() for part in self.parts])

    def next_byte(self) -> Symbols:
        """Natural log-probabilities: float64 `[257]`, the bytes and the end."""
        return self.model.next_bytes([self])[0]


class Ensemble(ByteModel):
    """Several models of bytes, whose next bytes are combined.

    Attributes:
        members: The models; each may be an ensemble itself.
    """

    def __init__(self, members: Sequence[ByteModel]) -> None:
        self.members = list(members)
        if not self.members or not all(isinstance(one, ByteModel) for one in self.members):
            raise InputError("members must be at least one ByteLM or ensemble")

    @abstractmethod
    def combine(self, logprobs: Symbols) -> Symbols:
        """One distribution from those of the members: `[members, 257]` to `[257]`."""

    def state(self, prompt: bytes | str = b"") -> EnsembleState:
        """A text to follow, after a prompt."""
        return EnsembleState(self, [member.state(prompt) for member in self.members])

    def next_bytes(self, states: Sequence[TextState]) -> list[Symbols]:
        """`next_byte` of several states, the rows of each member asked for together."""
        parts = [_own(state).parts for state in states]
        found = np.empty((len(states), len(self.members), END + 1))
        for at, member in enumerate(self.members):
            for row, logs in enumerate(member.next_bytes([part[at] for part in parts])):
                found[row, at] = with_one_end(logs)
        return [self.combine(logs) for logs in found]

    def prefetch(self, state: TextState, data: bytes) -> None:
        """Asks at once for the rows that following `data` from here will need."""
        for member, part in zip(self.members, _own(state).parts, strict=True):
            member.prefetch(part, data)


class Mean(Ensemble):
    """The weighted mean of probabilities: as if one of the models were drawn anew at each byte.

    Args:
        members: The models.
        weights: One each, at least 0; they are made to sum to one. By default all the same.

    Raises:
        InputError: There are no members, or weights that cannot be.
    """

    def __init__(
        self, members: Sequence[ByteModel], weights: Sequence[float] | None = None
    ) -> None:
        super().__init__(members)
        given = _weights(weights, len(self.members))
        self.weights = given / given.sum()

    def combine(self, logprobs: Symbols) -> Symbols:
        """One distribution from those of the members."""
        return _log(self.weights @ np.exp(logprobs))


class Product(Ensemble):
    """The product of probabilities to the power of their weights, made to sum to one at each byte.

    Args:
        members: The models.
        weights: One each, at least 0, as they are; by default one over the number of models: the
            geometric mean.

    Raises:
        InputError: There are no members, or weights that cannot be.
    """

    def __init__(
        self, members: Sequence[ByteModel], weights: Sequence[float] | None = None
    ) -> None:
        super().__init__(members)
        count = len(self.members)
        self.weights = _weights([1 / count] * count if weights is None else weights, count)

    def combine(self, logprobs: Symbols) -> Symbols:
        """One distribution from those of the members.

        Raises:
            InputError: No symbol has probability under all of them.
        """
        used = self.weights > 0
        return _normal(self.weights[used] @ _finite(logprobs[used]), logprobs[used])


class Contrast(Ensemble):
    """A model moved by what an expert says and an anti-expert does not, made to sum to one.

    log P = log base + alpha (log expert - log anti), up to a constant (Liu et al. 2021, "DExperts";
    Liu et al. 2024, "Tuning Language Models by Proxy"). A symbol that base or expert rule out stays
    ruled out. With `base` in the expert's place as well it is contrastive decoding.

    Args:
        base: The model that is moved.
        expert: Whose bytes become more probable.
        anti: Whose bytes become less probable.
        alpha: How far, at least 0.
        floor: What the anti-expert gives at least, so that what it rules out is not certain.

    Raises:
        InputError: A number is out of range.
    """

    def __init__(
        self,
        base: ByteModel,
        expert: ByteModel,
        anti: ByteModel,
        alpha: float = 1.0,
        *,
        floor: float = 1e-9,
    ) -> None:
        super().__init__([base, expert, anti])
        if not 0 <= alpha < math.inf:
            raise InputError(f"alpha must be at least 0, not {alpha!r}")
        if not 0 < floor < 1:
            raise InputError(f"floor must be between 0 and 1, not {floor!r}")
        self.alpha, self._floor = float(alpha), math.log(floor)

    def combine(self, logprobs: Symbols) -> Symbols:
        """One distribution from those of the members.

        Raises:
            InputError: No symbol has probability under both base and expert.
        """
        base, expert, anti = logprobs
        if not self.alpha:
            return np.array(base)
        moved = _finite(expert) - np.maximum(anti, self._floor)
        return _normal(_finite(base) + self.alpha * moved, np.stack([base, expert]))


def with_one_end(logprobs: Symbols) -> Symbols:
    """The symbols of a model with all that ends a text as one: float64 `[257]`.

    Where a tokenizer has no special tokens, the end is ruled out.
    """
    ends = np.logaddexp.reduce(logprobs[END:]) if len(logprobs) > END else -np.inf
    return np.append(logprobs[:END], ends)


def _own(state: TextState) -> EnsembleState:
    if not isinstance(state, EnsembleState):
        raise InputError(f"expected a state of an ensemble, not {type(state).__name__}")
    return state


def _weights(weights: Sequence[float] | None, count: int) -> Symbols:
    given = np.ones(count) if weights is None else np.array(weights, np.float64)
    if given.shape != (count,) or not np.isfinite(given).all() or (given < 0).any():
        raise InputError(f"weights must be {count} numbers of at least 0, not {weights!r}")
    if not given.any():
        raise InputError("all weights are 0")
    return given


def _finite(logprobs: Symbols) -> Symbols:
    """Zero where a symbol is ruled out, which `_normal` puts back."""
    return np.where(np.isfinite(logprobs), logprobs, 0.0)


def _normal(logs: Symbols, members: Symbols) -> Symbols:
    """Sums to one over the symbols that no member rules out."""
    out = np.where(np.isfinite(members).all(axis=0), logs, -np.inf)
    if out.max() == -np.inf:
        raise InputError("no symbol has probability under every member")
    normal: Symbols = out - np.logaddexp.reduce(out)
    return normal


def _log(probs: Symbols) -> Symbols:
    with np.errstate(divide="ignore"):
        logs: Symbols = np.log(probs)
    return logs
