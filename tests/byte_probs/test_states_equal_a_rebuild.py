"""A state after any pushes, rollbacks, forks, checkpoints and rows is the one of its text, rebuilt.

Which rows it asks for, the next byte, the text's probability and its encoding; and after every byte
at which the text may end its encoding is the encoder's.
"""

from __future__ import annotations

import random
import re
from functools import cache
from itertools import islice

import pytest

import toksmith as ts
from byte_probs import states
from byte_probs.toys import Toy, read, toys
from byte_probs.traces import Subject, run
from testdata import FULL, corpus, need
from toksmith.byte_probs import Target
from vocabularies import embedded

TOYS = {toy.name: toy for toy in toys(9)}
TEXTS = [
    " hello world's end", "fn main() {\n    let x_1 = 12345;\n", "Ist das nicht schön? Übel!\n\n\n",
    "\u4e2d\u6587 \u548c English", "l'\u0153uvre \U0001f469\u200d\U0001f467 \u00e9e\u0301",
    "   \t\r\n  \n a", "HTTPServer2XX'LL don't DON'T", "\u0928\u092e\u0938\u094d\u0924\u0947",
]  # fmt: skip


def whole(text: bytes) -> bool:
    """Whether no character is cut."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def plain(text: bytes) -> bool:
    """Words with one space between them, of characters that are whole and have a token."""
    words = text.split(b" ")
    return whole(text) and all(words) and re.fullmatch(rb"[a-z ]*", text) is not None


def small(toy: Toy, target: Target) -> Subject:
    """A toy, and random strings of its letters."""
    draw = random.Random(7)
    sources = []
    for _ in range(30):
        letters: tuple[bytes, ...] = ()
        while len(letters) < 9:
            letter = draw.choice(toy.letters)
            if toy.may_follow(letters, letter):
                letters += (letter,)
        sources.append(b"".join(letters))
    known = {*toy.alphabet}

    def may_end(text: bytes) -> bool:
        if target == "all" or not known.issuperset(text):
            return False
        if not whole(text):
            return "halves" in toy.name and "pattern" not in toy.name
        letters = text.decode().split()
        return " ".join(letters).encode() == text or b" " not in toy.tokens.lead

    return Subject(
        toy.tokenizer, toy.tokens, states.width(toy.tokens), sources, may_end, target,
        (states.BOS,), longest=9 if target == "all" else 24,
    )  # fmt: skip


@pytest.mark.parametrize("target", ["canonical", "joint", "all"])
@pytest.mark.parametrize("name", TOYS)
def test_of_small_vocabularies(name: str, target: Target) -> None:
    subject = small(TOYS[name], target)
    for seed in range(20 if FULL else 2):
        keep_rows = 2 if seed % 2 else 64
        assert run(subject, seed, 40, keep_rows=keep_rows) == 40


@cache
def real(name: str) -> Subject:
    """A real vocabulary, and real text as it takes it."""
    if name == "cl100k_base":
        tokenizer, kind, lead = embedded(name), "bytes", b""
    else:
        folder, kind, lead = {
            "Llama 3": ("llama3", "bytes", b""),
            "Mistral v1": ("mistral_v1", "sign", b" "),
            "BERT": ("bert", "words", b" "),
            "XLM-R": ("xlmr_unigram", "sign", b" "),
        }[name]
        path = need(f"vocabs/{folder}/tokenizer.json")
        tokenizer = ts.Tokenizer.from_bytes(path.read_bytes())
    texts = TEXTS if name == "cl100k_base" else list(islice(corpus("multilingual"), 40))
    tokens = read(tokenizer, kind, lead)
    sources, may_end = list[bytes](), whole
    for text in texts:
        at = len(text) // 2
        if name in ("BERT", "XLM-R"):
            words = re.findall("[a-z]+", text.lower())
            sources.append(" ".join(words[:12]).encode())
            may_end = plain
        else:
            sources += [text[at : at + 40].encode(), text[:40].encode()]
    sources = [source for source in sources if source]
    return Subject(tokenizer, tokens, states.width(tokens), sources, may_end, "canonical", (1,))


@pytest.mark.parametrize("name", ["cl100k_base", "Llama 3", "Mistral v1", "BERT", "XLM-R"])
def test_of_real_vocabularies(name: str) -> None:
    subject = real(name)
    for seed in range(20 if FULL else 3):
        run(subject, seed, 60, every=4)
