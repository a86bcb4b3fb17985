"""Drawing what follows: temperature and nucleus over any symbols, and the loop over bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from toksmith._native import InputError
from toksmith.byte_probs.checks import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toksmith.byte_probs.model import ByteModel, TextState

    Reason = Literal["end", "stop", "length"]


@dataclass(frozen=True)
class Generated:
    """What was generated.

    Attributes:
        data: The new bytes.
        logprob: Natural log of their probability under the model itself, whatever temperature and
            nucleus were; where the text ended, of its end too. NaN in token mode, whose steps are
            not those of bytes.
        reason: Why it ends: the text's own `"end"`, a `"stop"` string, or the `"length"`.
        stop: The stop string.
    """

    data: bytes
    logprob: float
    reason: Reason
    stop: bytes | None = None

    @property
    def text(self) -> str:
        """As text; what is not UTF-8 becomes U+FFFD."""
        return self.data.decode(errors="replace")


@dataclass(frozen=True)
class Sampling:
    """The options of generation."""

    max_bytes: int
    temperature: float
    top_p: float
    stop: tuple[bytes, ...]
    seed: int | None

    @classmethod
    def checked(
        cls,
        max_bytes: int,
        temperature: float,
        top_p: float,
        stop: Sequence[bytes | str],
        seed: int | None,
    ) -> Sampling:
        """As they are given.

        Raises:
            InputError: One is out of range.
        """
        if not (isinstance(temperature, (int, float)) and 0 <= temperature < math.inf):
            raise InputError(f"temperature must be at least 0, not {temperature!r}")
        if not (isinstance(top_p, (int, float)) and 0 < top_p <= 1):
            raise InputError(f"top_p must be above 0 and at most 1, not {top_p!r}")
        if isinstance(stop, (str, bytes)):
            raise InputError("stop must be a sequence of strings, such as (b'.',)")
        stops = tuple(one.encode() if isinstance(one, str) else bytes(one) for one in stop)
        if not all(stops):
            raise InputError("a stop string is empty")
        chosen = None if seed is None else whole_number(seed, "seed", 0, 1 << 63)
        return cls(
            whole_number(max_bytes, "max_bytes"), float(temperature), float(top_p), stops, chosen
        )

    def generator(self, row: int) -> np.random.Generator:
        """The source of draws of one of several prompts."""
        return np.random.default_rng(None if self.seed is None else [self.seed, row])

    def draw(self, logprobs: NDArray[np.float64], generator: np.random.Generator) -> int:
        """One symbol.

        Args:
            logprobs: Natural logs of what each has, up to a factor; not all are minus infinity.
            generator: The source of draws.
        """
        if not self.temperature:
            return int(np.argmax(logprobs))
        logs = (logprobs - logprobs.max()) / self.temperature
        probs = np.exp(logs - logs.max())
        order = np.argsort(-probs, kind="stable")
        sums = np.cumsum(probs[order])
        kept = int(np.searchsorted(sums, self.top_p * sums[-1] * (1 - 1e-12))) + 1
        kept = min(kept, int(np.count_nonzero(probs)))
        at = int(np.searchsorted(sums[:kept], generator.random() * sums[kept - 1], side="right"))
        return int(order[min(at, kept - 1)])

    def cut(self, data: bytes, fresh: int) -> tuple[int, bytes] | None:
        """Where a stop string begins that ends in the last `fresh` bytes, and which it is."""
        found = [
            (at, one)
            for one in self.stop
            if (at := data.find(one, max(len(data) - fresh - len(one) + 1, 0))) >= 0
        ]
        return min(found, key=lambda pair: (pair[0], -len(pair[1]))) if found else None


def generate_bytes(
    model: ByteModel, states: Sequence[TextState], sampling: Sampling
) -> list[Generated]:
    """Goes on from several states of a model, a byte each at a time."""
    generators = [sampling.generator(row) for row in range(len(states))]
    data = [bytearray() for _ in states]
    logprobs = [0.0] * len(states)
    done: dict[int, Generated] = {}
    for _ in range(sampling.max_bytes):
        alive = [row for row in range(len(states)) if row not in done]
        if not alive:
            break
        logs = model.next_bytes([states[row] for row in alive])
        for row, log in zip(alive, logs, strict=True):
            symbol = sampling.draw(log, generators[row])
            logprobs[row] += float(log[symbol])
            if symbol >= 256:
                done[row] = Generated(bytes(data[row]), logprobs[row], "end")
                continue
            states[row].push(symbol)
            data[row].append(symbol)
            if stopped := sampling.cut(bytes(data[row]), 1):
                at, one = stopped
                done[row] = Generated(bytes(data[row][:at]), logprobs[row], "stop", one)
    for row, found in enumerate(data):
        done.setdefault(row, Generated(bytes(found), logprobs[row], "length"))
    return [done[row] for row in range(len(states))]
