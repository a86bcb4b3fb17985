"""Small tokenizers of each kind, with what an enumeration has to know of them. Start at `toys`."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import toksmith as ts
from byte_probs.oracle import Canonical, Tokens, witnesses
from vocabularies import BYTE_ALPHABET

SIGN = "\u2581"
HOLES = 64
"""At most so many ids between others have no token."""
BYTES_OF = {letter: byte for byte, letter in BYTE_ALPHABET.items()}


@dataclass(frozen=True)
class Toy:
    """A tokenizer, and the letters its texts are made of."""

    name: str
    tokenizer: ts.Tokenizer
    tokens: Tokens
    letters: list[bytes]
    others: list[bytes]
    """More letters, that may have to follow a text for its tokens to be as they are."""
    may_follow: Callable[[tuple[bytes, ...], bytes], bool]
    """What texts of the model look like, for a source to give no others."""

    @property
    def alphabet(self) -> list[int]:
        """The bytes of its letters."""
        return sorted({byte for letter in self.letters for byte in letter})

    @property
    def end(self) -> int:
        """The special token that ends texts."""
        return self.tokens.specials[-1]

    def canonical(self, longest: int, ahead: int = 3) -> Canonical:
        """The rules over texts of so many letters."""
        return Canonical.of(self.tokens, witnesses(self.letters, longest, self.others, ahead))


def read(tokenizer: ts.Tokenizer, kind: str, lead: bytes) -> Tokens:
    """What the tokens stand for, by the kind of their spelling: `bytes`, `sign` or `words`."""
    specials = tuple(sorted(tokenizer.special_ids.values()))
    spelled = {}
    for token in range(len(tokenizer) + HOLES):
        if token in specials:
            continue
        try:
            raw = tokenizer.token_bytes(token)
        except ts.VocabularyError:
            continue  # not an id
        if kind == "sign":
            text = raw.decode()
            is_byte = len(text) == 6 and text.startswith("<0x")
            raw = bytes([int(text[3:5], 16)]) if is_byte else text.replace(SIGN, " ").encode()
        elif kind == "words":
            raw = raw[2:] if raw.startswith(b"##") else b" " + raw
        spelled[token] = raw
    return Tokens(tokenizer.encode, spelled, specials, lead)


def _file(
    model: dict[str, Any],
    specials: list[str],
    first: int,
    found: dict[str, int] | None = None,
    **stages: Any,
) -> str:
    """`found`: added tokens that are found in every text, each with its id."""
    added: list[dict[str, Any]] = [
        {"id": first + at, "content": name, "single_word": False, "lstrip": False,
         "rstrip": False, "normalized": False, "special": True}
        for at, name in enumerate(specials)
    ]  # fmt: skip
    added += [
        {"id": token, "content": name, "single_word": False, "lstrip": False,
         "rstrip": False, "normalized": False, "special": False}
        for name, token in (found or {}).items()
    ]  # fmt: skip
    added.sort(key=lambda token: token["id"])
    return json.dumps(
        {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
         "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
         **stages, "model": model}
    )  # fmt: skip


def random_merges(letters: list[str], count: int, longest: int, seed: int) -> list[tuple[str, str]]:
    """Merges of tokens made before, in random order of making."""
    draw, tokens, merges = random.Random(seed), list(letters), list[tuple[str, str]]()
    while len(merges) < count:
        left, right = draw.choice(tokens), draw.choice(tokens)
        if len(left + right) <= longest and (left, right) not in merges:
            merges.append((left, right))
            tokens.append(left + right)
    return merges


def byte_bpe(
    merges: list[tuple[str, str]],
    specials: int = 1,
    use_regex: bool = False,
    ignore_merges: bool = False,
    extra: tuple[str, ...] = (),
    found: tuple[str, ...] = (),
) -> tuple[ts.Tokenizer, Tokens]:
    """Byte-level BPE; letters of merges are those that stand for bytes."""
    vocab = list(dict.fromkeys([*BYTE_ALPHABET.values(), *(a + b for a, b in merges), *extra]))
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False}
    model = {
        "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
        "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
        "ignore_merges": ignore_merges,
        "vocab": {token: at for at, token in enumerate(vocab)}, "merges": [list(m) for m in merges],
    }  # fmt: skip
    names = [f"<|{at}|>" for at in range(specials)]
    ids = {token: at for at, token in enumerate(vocab)}
    added = _ids(found, ids, len(vocab) + specials)
    tokenizer = ts.Tokenizer.from_bytes(
        _file(
            model, names, len(vocab), added,
            pre_tokenizer={**level, "use_regex": use_regex}, decoder={**level, "use_regex": True},
        ).encode()
    )  # fmt: skip
    tokens = read(tokenizer, "bytes", b"")
    if use_regex:
        return tokenizer, tokens
    # Without a pattern any bytes are text; the encoder sets apart what is not UTF-8.

    def of_model(text: bytes) -> list[int]:
        spelled = "".join(BYTE_ALPHABET[byte] for byte in text)
        if ignore_merges and spelled in ids:
            return [ids[spelled]]
        return [ids[piece] for piece in merged(list(spelled), merges)]

    def encode(text: bytes) -> list[int]:
        out: list[int] = []
        for piece, is_added in searched(text, [name.encode() for name in found]):
            out += [added[piece.decode()]] if is_added else of_model(piece)
        return out

    return tokenizer, replace(tokens, encode=encode)


def _ids(found: tuple[str, ...], known: dict[str, int], first: int) -> dict[str, int]:
    """The ids of added tokens: one that the model has keeps its own."""
    fresh = itertools.count(first)
    return {name: known[name] if name in known else next(fresh) for name in found}


def searched(text: bytes, names: list[bytes]) -> Iterator[tuple[bytes, bool]]:
    """A text in pieces, each with whether it is an added token: the leftmost, then the longest."""
    start = at = 0
    while at < len(text):
        longest = max((name for name in names if text.startswith(name, at)), key=len, default=b"")
        if not longest:
            at += 1
            continue
        if start < at:
            yield text[start:at], False
        yield longest, True
        start = at = at + len(longest)
    if start < len(text):
        yield text[start:], False


def merged(pieces: list[str], merges: list[tuple[str, str]]) -> list[str]:
    """BPE as it is defined: the pair of lowest rank, the leftmost of it, until there is none."""
    while True:
        pairs = list(itertools.pairwise(pieces))
        ranked = [(merges.index(pair), at) for at, pair in enumerate(pairs) if pair in merges]
        if not ranked:
            return pieces
        _, at = min(ranked)
        pieces = [*pieces[:at], pieces[at] + pieces[at + 1], *pieces[at + 2 :]]


def char_bpe(
    letters: list[str],
    merges: list[tuple[str, str]],
    prepend: bool,
    specials: int = 1,
    found: tuple[str, ...] = (),
) -> tuple[ts.Tokenizer, Tokens]:
    """Llama's kind: characters, a sign for the space, bytes for what has no token."""
    vocab = [f"<0x{byte:02X}>" for byte in range(256)]
    vocab = list(dict.fromkeys([*vocab, *letters, *(a + b for a, b in merges)]))
    names = ["<unk>", *(f"<s{at}>" for at in range(specials))]
    ids = {token: at for at, token in enumerate([*names, *vocab])}
    model = {
        "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
        "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
        "vocab": ids,
        "merges": [list(m) for m in merges],
    }  # fmt: skip
    first = [{"type": "Prepend", "prepend": SIGN}] if prepend else []
    sign = {"type": "Replace", "pattern": {"String": " "}, "content": SIGN}
    back = {"type": "Replace", "pattern": {"String": SIGN}, "content": " "}
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    rest = [{"type": "ByteFallback"}, {"type": "Fuse"}, *([strip] if prepend else [])]
    tokenizer = ts.Tokenizer.from_bytes(
        _file(
            model, names, 0, _ids(found, ids, len(ids)),
            normalizer={"type": "Sequence", "normalizers": [*first, sign]},
            decoder={"type": "Sequence", "decoders": [back, *rest]},
        ).encode()
    )  # fmt: skip
    return tokenizer, read(tokenizer, "sign", b" " if prepend else b"")


def unigram(
    pieces: list[str],
    seed: int,
    metaspace: bool,
    fallback: bool,
    specials: int = 1,
    found: tuple[str, ...] = (),
    prepend: str = "always",
) -> tuple[ts.Tokenizer, Tokens]:
    """Pieces with random scores."""
    draw = random.Random(seed)
    names = ["<unk>", *(f"<s{at}>" for at in range(specials))]
    vocab: list[list[str | float]] = [[name, 0.0] for name in names]
    vocab += [[piece, -draw.uniform(1, 4) * (1 + 0.6 * len(piece))] for piece in pieces]
    if fallback:
        vocab += [[f"<0x{byte:02X}>", -30.0] for byte in range(256)]
    ids = {str(piece): at for at, (piece, _) in enumerate(vocab)}
    model = {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": fallback}
    space = {"type": "Metaspace", "replacement": SIGN, "prepend_scheme": prepend, "split": True}
    decoders = [space if metaspace else {"type": "Fuse"}]
    if fallback:
        decoders.insert(0, {"type": "ByteFallback"})
    tokenizer = ts.Tokenizer.from_bytes(
        _file(
            model, names, 0, _ids(found, ids, len(vocab)),
            pre_tokenizer=space if metaspace else None,
            decoder={"type": "Sequence", "decoders": decoders},
        ).encode()
    )  # fmt: skip
    return tokenizer, read(tokenizer, "sign", b" " if metaspace else b"")


def wordpiece(words: list[str], specials: int = 1) -> tuple[ts.Tokenizer, Tokens]:
    """Longest match, words between spaces."""
    names = ["[UNK]", *(f"[S{at}]" for at in range(specials))]
    vocab = [*names, *words]
    model = {
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100, "vocab": {token: at for at, token in enumerate(vocab)},
    }  # fmt: skip
    tokenizer = ts.Tokenizer.from_bytes(
        _file(
            model, names, 0,
            pre_tokenizer={"type": "BertPreTokenizer"},
            decoder={"type": "WordPiece", "prefix": "##", "cleanup": False},
        ).encode()
    )  # fmt: skip
    return tokenizer, read(tokenizer, "words", b" ")


def word_level(words: list[str], specials: int = 1) -> tuple[ts.Tokenizer, Tokens]:
    """Whole words between spaces."""
    names = ["[UNK]", *(f"[S{at}]" for at in range(specials))]
    vocab = {token: at for at, token in enumerate([*names, *words])}
    model = {"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocab}
    tokenizer = ts.Tokenizer.from_bytes(
        _file(model, names, 0, pre_tokenizer={"type": "Whitespace"}).encode()
    )
    return tokenizer, read(tokenizer, "words", b" ")


def anything(_text: tuple[bytes, ...], _letter: bytes) -> bool:
    """Every text."""
    return True


def no_space_first(text: tuple[bytes, ...], letter: bytes) -> bool:
    """Texts that do not begin with a space."""
    return bool(text) or letter != b" "


def single_spaces(length: int) -> Callable[[tuple[bytes, ...], bytes], bool]:
    """Words with one space between them, in texts of `length` letters."""

    def may(text: tuple[bytes, ...], letter: bytes) -> bool:
        return letter != b" " or bool(text and text[-1] != b" " and len(text) < length - 1)

    return may


def toys(length: int) -> Iterator[Toy]:
    """One of each kind; texts of a source have `length` letters."""
    ab, abc = [b"a", b"b"], [b"a", b"b", b"c"]
    spaced = [b"a", b"b", b" "]

    def toy(
        name: str,
        made: tuple[ts.Tokenizer, Tokens],
        letters: list[bytes],
        others: list[bytes],
        may_follow: Callable[[tuple[bytes, ...], bytes], bool] = anything,
    ) -> Toy:
        return Toy(name, *made, letters, others, may_follow)

    for seed in range(4):
        yield toy(f"byte BPE {seed}", byte_bpe(random_merges(["a", "b"], 5, 4, seed)), ab, [b"z"])
    yield toy(
        "byte BPE with a token that merges do not make",
        byte_bpe([("a", "b"), ("b", "a"), ("ab", "a")], ignore_merges=True, extra=("bba",)),
        ab, [b"z"],
    )  # fmt: skip
    yield toy("byte BPE, three letters", byte_bpe(random_merges(list("abc"), 8, 3, 9)), abc, [])
    yield toy(
        "byte BPE, halves of characters",
        byte_bpe([("\u00c3", "\u00a9"), ("a", "\u00c3"), ("\u00a9", "a")]),
        [b"a", b"\xc3", b"\xa9"], [],
    )  # fmt: skip
    yield toy(
        "byte BPE behind GPT-2's pattern, halves of characters",
        byte_bpe([("\u00c3", "\u00a9"), ("\u0120", "\u00c3"), ("\u0120", "a"), ("\u00a9", "a")],
                 use_regex=True),
        [b"a", b" ", "\u00e9".encode()], ["\u00e8".encode(), b"!"],
    )  # fmt: skip
    yield toy(
        "byte BPE behind GPT-2's pattern, three specials",
        byte_bpe([("\u0120", "a"), ("a", "b"), ("\u0120", "\u0120"), ("\u0120a", "b")],
                 specials=3, use_regex=True),
        spaced, [b"1", b"!"],
    )  # fmt: skip
    llama = [("a", "b"), (SIGN, "a"), (SIGN + "a", "b"), ("b", "a"), (SIGN, SIGN)]
    yield toy(
        "BPE with byte fallback and a space in front",
        char_bpe(["a", "b", SIGN], llama, prepend=True, specials=2),
        [b"a", b" ", "\u00e9".encode()], [b"b"],
    )  # fmt: skip
    yield toy("BPE of characters", char_bpe(["a", "b", SIGN], llama, prepend=False), ab, [b" "])
    for seed in range(2):
        pieces = ["a", "b", "ab", "ba", "aab", "bb", "aba"]
        yield toy(f"Unigram {seed}", unigram(pieces, seed, metaspace=False, fallback=False), ab, [])
    pieces = [SIGN, "a", "b", SIGN + "a", "ab", SIGN + "ab", "ba", "bb", SIGN + "bb"]
    yield toy(
        "Unigram between spaces", unigram(pieces, 5, metaspace=True, fallback=False, specials=2),
        spaced, [], no_space_first,
    )  # fmt: skip
    yield toy(
        "Unigram with byte fallback",
        unigram(pieces, 6, metaspace=True, fallback=True), [b"a", b" ", "\u00e9".encode()], [b"b"],
        no_space_first,
    )  # fmt: skip
    yield toy(
        "byte BPE, added tokens that begin alike",
        byte_bpe(random_merges(["a", "b"], 5, 4, 1), found=("ab", "abb", "bba")), ab, [b"z"],
    )  # fmt: skip
    yield toy(
        "byte BPE with a token that merges do not make, added tokens",
        byte_bpe([("a", "b"), ("b", "a"), ("ab", "a")], ignore_merges=True, extra=("bba",),
                 found=("aab", "bb")),
        ab, [b"z"],
    )  # fmt: skip
    yield toy(
        "byte BPE behind GPT-2's pattern, added tokens with spaces",
        byte_bpe([("\u0120", "a"), ("a", "b"), ("\u0120", "\u0120"), ("\u0120a", "b")],
                 use_regex=True, found=("  ", "   ", "b a", " bb")),
        spaced, [b"1", b"!"],
    )  # fmt: skip
    yield toy(
        "byte BPE behind GPT-2's pattern, added tokens, halves of characters",
        byte_bpe([("\u00c3", "\u00a9"), ("\u0120", "\u00c3"), ("\u0120", "a"), ("\u00a9", "a")],
                 use_regex=True, found=("\u00e9a", " \u00e9\u00e9")),
        [b"a", b" ", "\u00e9".encode()], ["\u00e8".encode(), b"!"],
    )  # fmt: skip
    yield toy(
        "BPE of characters, added tokens",
        char_bpe(["a", "b", SIGN], llama, prepend=False, found=("ba", "bab", "aa")), ab, [b" "],
    )  # fmt: skip
    few = ["a", "b", "ab", "ba", "aab", "bb", "aba"]
    yield toy(
        "Unigram, added tokens",
        unigram(few, 1, metaspace=False, fallback=False, found=("ab", "bbb", "baa")), ab, [],
    )  # fmt: skip
    words = ["a", "b", "##a", "##b", "ab", "##ab", "##bb", "aba", "bab", "##aab"]
    yield toy("WordPiece", wordpiece(words, specials=2), spaced, [], single_spaces(length))
    yield toy("WordPiece, one word", wordpiece(words), ab, [b" "])
    # All words of a source; where longer texts are enumerated, those that they go on with.
    runs = ["a" * count for count in range(1, 1 + (length if length <= 8 else 3))]
    yield toy(
        "WordLevel", word_level(runs, specials=2), [b"a", b" "], [], single_spaces(length)
    )  # fmt: skip
