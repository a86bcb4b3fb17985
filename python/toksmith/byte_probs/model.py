"""What every model of bytes can do, whatever it is made of: `ByteLM` or an ensemble of several.

A model gives states, and for many states at once the distributions of what follows them; from those
come generation, probabilities and bits per byte. Start at `ByteModel`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toksmith._native import UnsupportedFeature
from toksmith.byte_probs.parts import as_bytes
from toksmith.byte_probs.sampling import Sampling, generate_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from toksmith.byte_probs.sampling import Generated

_CHUNK = 32
"""Bytes whose rows are asked for at once where a text is known."""


@dataclass(frozen=True)
class Score:
    """How well a model predicts text.

    Attributes:
        bits_per_byte: Minus the base-2 logarithm of the probability, by byte: comparable across
            tokenizers. NaN for no bytes.
        n_bytes: Bytes scored.
        logprob: Natural log of the probability.
    """

    bits_per_byte: float
    n_bytes: int
    logprob: float

    @classmethod
    def of(cls, logprob: float, n_bytes: int) -> Score:
        """From a probability and the number of bytes that have it."""
        bits = -logprob / math.log(2) / n_bytes if n_bytes else math.nan
        return cls(bits, n_bytes, logprob)


class TextState(ABC):
    """A text under a model, followed byte by byte; the model's rows are had as they are needed."""

    @property
    @abstractmethod
    def text(self) -> bytes:
        """The bytes pushed."""

    @abstractmethod
    def push(self, data: bytes | int) -> None:
        """Goes on by one byte, or several.

        Raises:
            InputError: The text cannot go on so; the state is as before.
        """

    def push_symbol(self, symbol: int) -> int:
        """Goes on by a symbol of `next_byte` that ends texts, where texts can go on behind one.

        Returns:
            The id of the special token.

        Raises:
            UnsupportedFeature: They cannot.
        """
        raise UnsupportedFeature(f"a text behind symbol {symbol} of {type(self).__name__}")

    @abstractmethod
    def rollback(self, n: int) -> None:
        """Takes back the last `n` bytes."""

    @abstractmethod
    def fork(self) -> TextState:
        """A copy that goes its own way."""

    @abstractmethod
    def next_byte(self) -> NDArray[np.float64]:
        """Natural log-probabilities of what follows: 256 bytes, then what ends the text."""


class ByteModel(ABC):
    """A distribution over texts, by the byte."""

    @abstractmethod
    def state(self, prompt: bytes | str = b"") -> TextState:
        """A text to follow, after a prompt."""

    @abstractmethod
    def next_bytes(self, states: Sequence[TextState]) -> list[NDArray[np.float64]]:
        """`next_byte` of several states of this model, their rows asked for together."""

    @abstractmethod
    def prefetch(self, state: TextState, data: bytes) -> None:
        """Asks at once for the rows that following `data` from here will need, if that helps."""

    def next_byte(self, prompt: bytes | str = b"") -> NDArray[np.float64]:
        """Natural log-probabilities of what follows a prompt, which may end anywhere.

        Returns:
            float64 `[256 + S]`: 256 bytes, then the symbols that end the text: the special tokens
            ascending of a `ByteLM`, one symbol of an ensemble.

        Raises:
            InputError: The prompt has no probability.
        """
        return self.state(prompt).next_byte()

    def logprob(self, data: bytes | str, given: bytes | str = b"", *, end: bool = False) -> float:
        """Natural log of the probability that `data` follows `given`.

        Args:
            data: The bytes.
            given: What stands before them.
            end: Whether the text ends behind them, by whichever special token.
        """
        state, data = self.state(given), as_bytes(data)
        total = 0.0
        for at in range(0, len(data), _CHUNK):
            chunk = data[at : at + _CHUNK]
            self.prefetch(state, chunk)
            for byte in chunk:
                log = float(state.next_byte()[byte])
                total += log
                if log == -math.inf:
                    return total
                state.push(byte)
        return total + end_logprob(state) if end else total

    def score(
        self,
        data: bytes | str | Sequence[bytes | str],
        given: bytes | str = b"",
        *,
        end: bool = False,
    ) -> Score:
        """Bits per byte of one text, or of several together.

        Args:
            data: The text, or texts.
            given: What stands before each; it is not scored.
            end: Whether the end of each text is scored, too; it counts as no byte.
        """
        texts = [data] if isinstance(data, (bytes, str)) else list(data)
        logprob = sum(self.logprob(text, given, end=end) for text in texts)
        return Score.of(logprob, sum(len(as_bytes(text)) for text in texts))

    def generate(
        self,
        prompt: bytes | str = b"",
        max_bytes: int = 256,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        stop: Sequence[bytes | str] = (),
        seed: int | None = None,
    ) -> Generated:
        """Goes on from a prompt, byte by byte, until the text ends.

        Args:
            prompt: The text so far, which may end anywhere.
            max_bytes: At most so many new bytes; the last character may be cut.
            temperature: Of the distribution of each byte, which is not that of tokens: 1 is the
                model's own, 0 takes the most probable byte.
            top_p: Bytes are drawn from the fewest that have this much probability.
            stop: Where one of these appears in what is new, it ends there, without it.
            seed: The same seed gives the same bytes.

        Raises:
            InputError: An option is out of range, or the prompt has no probability.
        """
        sampling = Sampling.checked(max_bytes, temperature, top_p, stop, seed)
        return generate_bytes(self, [self.state(prompt)], sampling)[0]

    def generate_batch(
        self,
        prompts: Iterable[bytes | str],
        max_bytes: int = 256,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        stop: Sequence[bytes | str] = (),
        seed: int | None = None,
    ) -> list[Generated]:
        """`generate` for several prompts, whose rows are asked for together.

        Each has draws of its own: with a seed, the first those it would have alone.
        """
        sampling = Sampling.checked(max_bytes, temperature, top_p, stop, seed)
        return generate_bytes(self, [self.state(prompt) for prompt in prompts], sampling)


def end_logprob(state: TextState) -> float:
    """Natural log of the probability that the text ends here."""
    logs = state.next_byte()[256:].tolist()
    most = max(logs, default=-math.inf)
    if most == -math.inf:
        return most
    return most + math.log(sum(math.exp(log - most) for log in logs))
