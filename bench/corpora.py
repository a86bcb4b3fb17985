"""Documents to measure on, and a way never to hand out the same one twice.

Real corpora are read from `../shared/data/corpora` or from `TOKSMITH_TEST_DATA`. Without them,
English is the documentation in the standard library, code its sources, and multilingual text
is drawn from the alphabets of fifteen scripts: good enough to compare libraries on one machine,
not to quote. Documents that spell a special token (`<|`) are left out, since libraries differ,
on purpose, in what they do with it.

Start at `load`; `Slices` is what a measurement takes its text from.
"""

from __future__ import annotations

import ast
import json
import lzma
import os
import random
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

CORPORA = ("english", "code", "multilingual", "short")
DOCUMENT_BYTES = 2000
ENOUGH = 12_000  # documents that a fallback gathers

# First and last letter of a script, and how often it is drawn.
SCRIPTS = [
    ("a", "z", 6), ("à", "ÿ", 2), ("а", "я", 4), ("α", "ω", 2), ("א", "ת", 1), ("ا", "ي", 2),
    ("अ", "ह", 2), ("ก", "ฮ", 1), ("ა", "ჰ", 1), ("ա", "ֆ", 1), ("ぁ", "ん", 2), ("ァ", "ヶ", 1),
    ("一", "鿿", 4), ("가", "힣", 2), ("Ꭰ", "Ᏼ", 1),
]  # fmt: skip


def data_folder() -> Path:
    """Where test data lies; the folder need not exist."""
    root = Path(__file__).resolve().parent.parent
    return Path(os.environ.get("TOKSMITH_TEST_DATA", root.parent / "shared" / "data"))


@cache
def load(name: str) -> list[str]:
    """The documents of a corpus: about 2 KB each, and single lines in `short`.

    Raises:
        KeyError: There is no corpus of that name.
    """
    path = data_folder() / "corpora" / f"{name}.jsonl.xz"
    if path.exists():
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            texts: Iterable[str] = [json.loads(line)["text"] for line in lines]
    else:
        texts = FALLBACKS[name]()
    return [text for text in texts if text and "<|" not in text]


def origin(name: str) -> str:
    """Where `load` takes a corpus from, for the heading of a table."""
    path = data_folder() / "corpora" / f"{name}.jsonl.xz"
    return path.name if path.exists() else "text of this machine"


class Slices:
    """A cursor over a corpus: every slice is text that no earlier slice held."""

    def __init__(self, documents: list[str]) -> None:
        self.documents = documents
        self.at = 0

    def take(self, size: int) -> list[str]:
        """The next documents, until they hold `size` bytes of UTF-8.

        Raises:
            EOFError: The corpus ends before; nothing is handed out twice.
        """
        start, held = self.at, 0
        while held < size:
            if self.at == len(self.documents):
                raise EOFError(f"the corpus is {size - held} bytes short of unseen text")
            held += len(self.documents[self.at].encode())
            self.at += 1
        return self.documents[start : self.at]

    def strings(self, count: int, size: int = 100) -> list[str]:
        """`count` strings of `size` characters, cut from the next documents."""
        cut: list[str] = []
        while len(cut) < count:
            (text,) = self.take(1)
            cut += [text[i : i + size] for i in range(0, len(text) - size + 1, size)]
        return cut[:count]


def documents_of(texts: Iterable[str]) -> Iterator[str]:
    """Cuts texts at line ends into documents of about 2 KB."""
    held: list[str] = []
    size = 0
    for text in texts:
        for line in text.splitlines(keepends=True):
            held.append(line)
            size += len(line)
            if size >= DOCUMENT_BYTES:
                yield "".join(held)
                held, size = [], 0
    yield "".join(held)


def sources() -> Iterator[str]:
    """Python sources on this machine, in a fixed order, then shuffled by a fixed seed."""
    folders = {sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")}
    paths = sorted({path for folder in folders for path in Path(folder).rglob("*.py")})
    random.Random(0).shuffle(paths)
    for path in paths:
        try:
            yield path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue


def code() -> list[str]:
    """The sources themselves."""
    return list(islice(documents_of(sources()), ENOUGH))


def english() -> list[str]:
    """The docstrings of the sources."""

    def docstrings() -> Iterator[str]:
        for source in sources():
            try:
                tree = ast.parse(source)
            except (SyntaxError, ValueError):
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                    yield (ast.get_docstring(node) or "") + "\n"

    return list(islice(documents_of(docstrings()), ENOUGH))


def multilingual() -> list[str]:
    """Made-up words of fifteen scripts, a few common and many rare, in paragraphs of one script."""
    rng = random.Random(0)
    weights = [weight for *_, weight in SCRIPTS]
    words: dict[str, list[str]] = {}
    for first, last, _ in SCRIPTS:
        letters = [chr(c) for c in range(ord(first), ord(last) + 1) if chr(c).isalpha()]
        longest = 3 if len(letters) > 5000 else 9
        words[first] = [
            "".join(rng.choices(letters, k=rng.randint(1, longest))) for _ in range(20_000)
        ]
    documents = []
    for first, *_ in rng.choices(SCRIPTS, weights, k=ENOUGH):
        ranks = [int(20_000 * rng.random() ** 3) for _ in range(180)]
        documents.append(" ".join(words[first][rank] for rank in ranks) + ".")
    return documents


def short() -> list[str]:
    """Lines of 15 to 280 characters."""
    lines = [line for text in english() for line in text.splitlines()]
    return [line for line in lines if 15 <= len(line) <= 280]


FALLBACKS = {"english": english, "code": code, "multilingual": multilingual, "short": short}
