"""Drawing what follows: temperature and nucleus over any symbols, and the loop over bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from toksmith._native import InputError
from toksmith.byte_probs.checks import whole_number
from toksmith.byte_probs.parts import Special, parted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toksmith.byte_probs.model import ByteModel, TextState

    Reason = Literal["end", "stop", "length"]


@dataclass(frozen=True)
class Generated:
    """What was generated.

    Attributes:
        data: The new bytes, special tokens left out.
        logprob: Natural log of their probability under the model itself, whatever temperature and
            nucleus were; where the text ended, of its end too. NaN in token mode, whose steps are
            not those of bytes.
        reason: Why it ends: the text's own `"end"`, a `"stop"` string, or the `"length"`.
        stop: The stop string.
        specials: The special tokens that the text went on behind, by id, each with the number of
            new bytes before it.
    """

    data: bytes
    logprob: float
    reason: Reason
    stop: bytes | None = None
    specials: tuple[tuple[int, int], ...] = ()

    @property
    def parts(self) -> tuple[bytes | Special, ...]:
        """The new bytes, and the special tokens between them."""
        return parted(self.data, self.specials)

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


class Written:
    """What was written so far behind one prompt."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.specials: list[tuple[int, int]] = []
        self.logprob = 0.0

    def __len__(self) -> int:
        """Bytes and special tokens."""
        return len(self.data) + len(self.specials)

    def special(self, token: int) -> None:
        """Adds a special token behind which the text goes on."""
        self.specials.append((len(self.data), token))

    def cut(self, sampling: Sampling, fresh: int) -> Generated | None:
        """What is left where a stop string ends in the last `fresh` bytes, none across a token."""
        begun = self.specials[-1][0] if self.specials else 0
        stopped = sampling.cut(bytes(self.data[begun:]), fresh)
        return stopped and self.done("stop", begun + stopped[0], stopped[1])

    def done(
        self, reason: Reason, length: int | None = None, stop: bytes | None = None
    ) -> Generated:
        """The end of it, after `length` bytes."""
        data = bytes(self.data[:length])
        return Generated(data, self.logprob, reason, stop, tuple(self.specials))


def generate_bytes(
    model: ByteModel,
    states: Sequence[TextState],
    sampling: Sampling,
    past: Sequence[int] = (),
) -> list[Generated]:
    """Goes on from several states of a model, a symbol each at a time.

    Args:
        model: Of all states.
        states: The texts; they are gone on with.
        sampling: The options.
        past: Symbols above 255 behind which the text goes on.
    """
    generators = [sampling.generator(row) for row in range(len(states))]
    written = [Written() for _ in states]
    done: dict[int, Generated] = {}
    for _ in range(sampling.max_bytes):
        alive = [row for row in range(len(states)) if row not in done]
        if not alive:
            break
        logs = model.next_bytes([states[row] for row in alive])
        for row, log in zip(alive, logs, strict=True):
            symbol, own = sampling.draw(log, generators[row]), written[row]
            own.logprob += float(log[symbol])
            if symbol in past:
                own.special(states[row].push_symbol(symbol))
            elif symbol >= 256:
                done[row] = own.done("end")
            else:
                states[row].push(symbol)
                own.data.append(symbol)
                if stopped := own.cut(sampling, 1):
                    done[row] = stopped
    return [done.get(row) or own.done("length") for row, own in enumerate(written)]
