"""What is measured: each part of the comparison as a few requests to a group of workers.

A part yields `Row`s: one measure on one text, with every repetition of every library and the
number of documents whose ids differ from the reference's. Text is new to the process in every
repetition unless the row says "seen before". Start at `PARTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from zlib import crc32

from adversarial import SHAPES, make
from corpora import Slices, load
from process import Answer, Group, Installed, Reply
from vocabs import Vocab

# The reference is tiktoken; where it has no such vocabulary, tokenizers.
REFERENCES = ("tiktoken", "tokenizers 0")
MB = 1_000_000


@dataclass
class Cell:
    """One library in one row."""

    values: list[float] = field(default_factory=list)
    differing: int = 0  # documents whose ids are not the reference's
    failure: str | None = None


@dataclass
class Row:
    """One measure on one text."""

    measure: str
    text: str
    unit: str
    lower_is_better: bool
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Plan:
    """What to run, and how much of it."""

    libraries: Sequence[Installed]
    vocab: Vocab
    corpora: Sequence[str]
    repetitions: int = 5
    batch_bytes: int = MB
    list_bytes: int = MB // 2
    long_bytes: int = 10 * MB
    strings: int = 2000
    adversarial_bytes: int = MB
    adversarial_limit: float = 20.0

    def group(self, threads: int = 1) -> Group:
        """Workers that have seen nothing."""
        return Group(self.libraries, self.vocab, threads)

    def scaled(self, most: float) -> Plan:
        """The same on less text: at most this fraction, and no more than the corpora hold."""
        long_need = 1.05 * (self.batch_bytes + 2 * self.long_bytes)
        short_need = 1.05 * self.batch_bytes * (self.repetitions + 1)
        room = [
            size_of(load(name)) / (short_need if name == "short" else long_need)
            for name in self.corpora
        ]
        fraction = min(most, *room)
        return replace(
            self,
            batch_bytes=int(fraction * self.batch_bytes),
            list_bytes=int(fraction * self.list_bytes),
            long_bytes=int(fraction * self.long_bytes),
            strings=int(fraction * self.strings),
            adversarial_bytes=int(min(most, 1.0) * self.adversarial_bytes),
        )

    @property
    def ordinary(self) -> list[str]:
        """The corpora of whole documents."""
        return [name for name in self.corpora if name != "short"]


def size_of(texts: Sequence[str]) -> int:
    """Bytes of UTF-8."""
    return sum(len(text.encode()) for text in texts)


def collect(
    cells: dict[str, Cell],
    replies: dict[str, Reply],
    value: Callable[[Answer], float],
    expected: list[int] | None = None,
) -> None:
    """Adds one repetition: a value a library, checked against `expected` or the reference."""
    for name in REFERENCES:
        reference = replies.get(name)
        if expected is None and isinstance(reference, Answer):
            expected = reference.checks
    for name, reply in replies.items():
        cell = cells.setdefault(name, Cell())
        if isinstance(reply, str):
            cell.failure = reply
            continue
        cell.values.append(value(reply))
        if expected is not None:
            cell.differing += sum(a != b for a, b in zip(reply.checks, expected, strict=True))


def rates(group: Group, operation: str, slices: Sequence[list[str]]) -> dict[str, Cell]:
    """MB of text per CPU-second, a repetition a slice."""
    cells: dict[str, Cell] = {}
    for texts in slices:
        size = size_of(texts) / MB
        collect(cells, group.ask(operation, texts), lambda answer: size / answer.cpu)  # noqa: B023
    return cells


def speed(measure: str, text: str, cells: dict[str, Cell], unit: str = "MB per CPU-s") -> Row:
    """A row where more is better."""
    return Row(measure, text, unit, lower_is_better=False, cells=cells)


def cost(measure: str, text: str, cells: dict[str, Cell], unit: str) -> Row:
    """A row where less is better."""
    return Row(measure, text, unit, lower_is_better=True, cells=cells)


def encode(plan: Plan) -> Iterator[Row]:
    """Array output of 1 MB batches; list output of a call a document; each new, then again."""
    for corpus in plan.corpora:
        text = Slices(load(corpus))
        with plan.group() as group:
            first = [text.take(plan.batch_bytes)]
            yield speed("array, first batch", corpus, rates(group, "array", first))
            fresh = [text.take(plan.batch_bytes) for _ in range(plan.repetitions)]
            yield speed("array", corpus, rates(group, "array", fresh))
            yield speed("array, seen before", corpus, rates(group, "array", fresh))
        with plan.group() as group:
            text = Slices(load(corpus))
            group.ask("array", text.take(plan.batch_bytes))
            group.ask("list", text.take(plan.list_bytes))
            fresh = [text.take(plan.list_bytes) for _ in range(plan.repetitions)]
            yield speed("list", corpus, rates(group, "list", fresh))
            yield speed("list, seen before", corpus, rates(group, "list", fresh))


def long(plan: Plan) -> Iterator[Row]:
    """One text of 10 MB, array output; a process sees at most two, so that each is new to it."""
    for corpus in plan.ordinary:
        cells: dict[str, Cell] = {}
        for start in range(0, plan.repetitions, 2):
            text = Slices(load(corpus))
            with plan.group() as group:
                group.ask("array", text.take(plan.batch_bytes))
                for _ in range(start, min(start + 2, plan.repetitions)):
                    document = ["\n\n".join(text.take(plan.long_bytes))]
                    size = size_of(document) / MB
                    replies = group.ask("one", document, limit=60)
                    collect(cells, replies, lambda answer: size / answer.cpu)  # noqa: B023
        yield speed(f"one text of {plan.long_bytes / MB:.2g} MB, array", corpus, cells)


def latency(plan: Plan) -> Iterator[Row]:
    """A call a string of 100 characters, list output, in a process that is warm."""
    for corpus in plan.ordinary:
        text, cells = Slices(load(corpus)), dict[str, Cell]()
        with plan.group() as group:
            group.ask("array", text.take(plan.batch_bytes))
            group.ask("latency", text.strings(plan.strings))
            for _ in range(plan.repetitions):
                strings = text.strings(plan.strings)
                collect(
                    cells,
                    group.ask("latency", strings),
                    lambda answer: answer.cpu / plan.strings * 1e6,
                )
        yield cost("a call of 100 characters, list", corpus, cells, "µs")


def decode(plan: Plan) -> Iterator[Row]:
    """Ids of documents back to strings, from lists and from arrays."""
    for corpus in plan.ordinary:
        text = Slices(load(corpus))
        from_lists: dict[str, Cell] = {}
        from_arrays: dict[str, Cell] = {}
        with plan.group() as group:
            for repetition in range(plan.repetitions + 1):
                texts = text.take(plan.batch_bytes)
                name = REFERENCES[0 if plan.vocab.ranks else 1]
                reference = group.ask("array", texts, ids_of=name).get(name)
                if not isinstance(reference, Answer):
                    return
                size, expected = size_of(texts) / MB, [crc32(text.encode()) for text in texts]
                for operation, cells in ("decode", from_lists), ("decode array", from_arrays):
                    replies = group.ask(operation, reference.ids)
                    if repetition > 0:
                        collect(cells, replies, lambda answer: size / answer.cpu, expected)  # noqa: B023
        yield speed("decode, from lists", corpus, from_lists)
        yield speed("decode, from arrays", corpus, from_arrays)


def loading(plan: Plan) -> Iterator[Row]:
    """From after `import numpy` to the first ids: import, read, build, encode twelve bytes."""
    cells: dict[str, Cell] = {}
    for _ in range(plan.repetitions):
        with plan.group() as group:
            replies = {name: worker.loading for name, worker in group.workers.items()}
            collect(cells, replies, lambda answer: answer.cpu * 1e3)
    yield cost("load and first call", "", cells, "CPU ms")


def memory(plan: Plan) -> Iterator[Row]:
    """Growth of the peak resident size: by loading, and after ten batches. One run."""
    corpus = plan.ordinary[0]
    text = Slices(load(corpus))
    loaded: dict[str, Cell] = {}
    used: dict[str, Cell] = {}
    with plan.group() as group:
        replies = {name: worker.loading for name, worker in group.workers.items()}
        collect(loaded, replies, lambda answer: answer.peak / MB)
        for _ in range(10):
            replies = group.ask("array", text.take(plan.batch_bytes))
        collect(used, replies, lambda answer: answer.peak / MB)
    yield cost("peak memory, loaded", "", loaded, "MB")
    yield cost("peak memory, ten batches", corpus, used, "MB")


def threads(plan: Plan) -> Iterator[Row]:
    """Array output of 1 MB batches with two threads: per CPU-second, and by the clock."""
    for corpus in plan.corpora:
        text = Slices(load(corpus))
        busy: dict[str, Cell] = {}
        elapsed: dict[str, Cell] = {}
        with plan.group(threads=2) as group:
            group.ask("array", text.take(plan.batch_bytes))
            for _ in range(plan.repetitions):
                texts = text.take(plan.batch_bytes)
                size = size_of(texts) / MB
                replies = group.ask("array", texts)
                collect(busy, replies, lambda answer: size / answer.cpu)  # noqa: B023
                collect(elapsed, replies, lambda answer: size / answer.wall)  # noqa: B023
        yield speed("array, 2 threads", corpus, busy)
        yield speed("array, 2 threads, by the clock", corpus, elapsed, "MB/s")


def adversarial(plan: Plan) -> Iterator[Row]:
    """One call on a text without boundaries, in a warm process; once, with a time limit."""
    for shape in list(SHAPES)[:10]:
        text, cells = make(shape, plan.adversarial_bytes), dict[str, Cell]()
        with plan.group() as group:
            group.ask("array", Slices(load(plan.ordinary[0])).take(plan.batch_bytes // 4))
            collect(
                cells,
                group.ask("one", [text], limit=plan.adversarial_limit),
                lambda answer: answer.cpu * 1e3,
            )
        yield cost(f"one call of {plan.adversarial_bytes / MB:.2g} MB", shape, cells, "CPU ms")


PARTS: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "encode": encode,
    "long": long,
    "latency": latency,
    "decode": decode,
    "load": loading,
    "memory": memory,
    "threads": threads,
    "adversarial": adversarial,
}
