"""On real vocabularies a context is accepted if and only if some text's encoding begins with it.

Texts of the corpora, cut at any byte: of the true encoding each prefix is a context of the state;
and of contexts with a token that runs past the cut, drawn from all that the state accepts, each has
a text whose encoding begins so, found among some endings.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice, product

import numpy as np
import pytest

import toksmith as ts
from byte_probs import states
from byte_probs.toys import read
from testdata import CORPORA, FULL, corpus, need
from toksmith.byte_probs import ByteState
from vocabularies import embedded

CUTS = 400 if FULL else 30
"""Texts a vocabulary, each cut once."""
COVERS = 40 if FULL else 25
"""Accepted contexts of one cut that are looked at."""
ENDINGS = [
    "", "a", "s", "S", "Z", "z", "e", "t", "'", "'s", "'T", " ", "  ", " a", "  a", "   ", "\n",
    "\n\n", "\na", " \n", "\r", "\r\n", "\t", "\ta", "1", "12", "123", "1234", "!", ".", "/", "-",
    "=", "(", "_", "\u00e9", "\u00c9a", "\u0301", "\u4e2d", "\u3042", "\ud55c", "\u2014", "\u3000",
    "\u00a0a", "\u00b2", "\U0001f600", "Aa", "aB", "x!", "1a", "?\n",
]  # fmt: skip
LEADS = {1: range(0x80, 0xC0), 2: (0x80, 0x81, 0x8C, 0x98, 0x9F, 0xA0, 0xB8, 0xBF)}


def _file(name: str) -> Callable[[], ts.Tokenizer]:
    return lambda: ts.Tokenizer.from_bytes(need(f"vocabs/{name}/tokenizer.json").read_bytes())


VOCABULARIES: dict[str, Callable[[], ts.Tokenizer]] = {
    "GPT-2": lambda: embedded("gpt2"),
    "cl100k_base": lambda: embedded("cl100k_base"),
    "o200k_base": lambda: embedded("o200k_base"),
    "Llama 3": _file("llama3"),
    "Qwen": _file("qwen"),
}


def completed(text: bytes) -> Iterator[bytes]:
    """The text, its last character made whole in several ways if it is not."""
    for back in range(1, min(4, len(text)) + 1):
        first = text[-back]
        if first < 0x80:
            break
        if first >= 0xC0:
            missing = (2 if first < 0xE0 else 3 if first < 0xF0 else 4) - back
            if missing > 0:
                some = LEADS[1] if missing == 1 else LEADS[2]
                for more in product(some, repeat=missing):
                    whole = text + bytes(more)
                    try:
                        whole[-missing - back :].decode()
                    except UnicodeDecodeError:
                        continue
                    yield whole
                return
            break
    yield text


def witness(tokenizer: ts.Tokenizer, text: bytes, context: list[int]) -> str | None:
    """A text that begins so and is encoded so."""
    for whole in completed(text):
        for ending in ENDINGS:
            found = whole.decode() + ending
            if tokenizer.encode(found)[: len(context)] == context:
                return found
    return None


def cut_texts() -> Iterator[tuple[str, int]]:
    """Beginnings anywhere in real documents, with a number of bytes known of each."""
    draw = random.Random(11)
    documents = [text for name in CORPORA for text in islice(corpus(name), 120) if len(text) > 80]
    for _ in range(CUTS):
        document = draw.choice(documents)
        at = draw.randrange(len(document) - 60)
        text = document[at : at + 60]
        yield text, draw.randint(1, min(28, len(text.encode()) - 1))


@pytest.mark.parametrize("name", VOCABULARIES)
def test_accepted_contexts_are_beginnings_of_encodings(name: str) -> None:
    need("corpora/english.jsonl.xz")
    tokenizer = VOCABULARIES[name]()
    tokens = read(tokenizer, "bytes", b"")
    width = states.width(tokens)
    draw = random.Random(3)
    looked, without = 0, list[tuple[bytes, list[bytes]]]()
    for text, cut in cut_texts():
        known = text.encode()[:cut]
        state = ByteState(tokenizer, threads=1)
        state.push(known)
        contexts = {one.tokens for one in state.pending(total=True)}
        ids, end = tokenizer.encode(text), 0
        for at, token in enumerate(ids):
            if end > cut:
                break
            assert tuple(ids[:at]) in contexts, (known, [tokens.spelled[one] for one in ids[:at]])
            end += len(tokens.spelled[token])
        waiting = state.pending()
        state.feed_many(waiting, np.zeros((len(waiting), width)))
        covers = state.covers()
        known_cover = tuple(
            token for at, token in enumerate(ids) if len(tokens.join(ids[:at])) < cut
        )
        assert known_cover in {cover.tokens for cover in covers}
        for cover in draw.sample(covers, min(COVERS, len(covers))):
            looked += 1
            spelled = tokens.join(cover.tokens)
            assert spelled == known + cover.extra
            if witness(tokenizer, spelled, list(cover.tokens)) is None:
                without.append((known, [tokens.spelled[one] for one in cover.tokens]))
    print(f"{name}: {looked} covers, {len(without)} without a witness found")
    assert not without
    assert looked > 5 * CUTS
