"""Damaged and hostile model files, made from small good ones.

`small_files` makes one good file of each format from an embedded vocabulary; `mutants` damages
them: cuts, flipped bytes, extremes in every field, deep nesting, merges in circles. `pipelines`
does the same, more briefly, to tokenizer.json files with every component. Seeded, so a mutant's
name finds it again.
"""

from __future__ import annotations

import copy
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import toksmith as ts
from formats.load_mutants import PATTERN

HASH = 32
ABSURD: tuple[Any, ...] = (None, {"type": "?"})


@dataclass(frozen=True)
class Mutant:
    """A damaged file; `form` is the format of the file it was made from."""

    form: str
    name: str
    data: bytes
    first_special: int = 700

    @property
    def options(self) -> dict[str, Any]:
        """What is said about the file when it is loaded."""
        if self.form != "tiktoken":
            return {}
        return {"pattern": PATTERN, "specials": specials(self.first_special)}


def specials(first: int) -> dict[str, int]:
    """The special tokens of a rank file."""
    return {"<|end|>": first, "<|pad|>": first + 1}


def small_files(tok: ts.Tokenizer, tokens: int = 600) -> dict[str, bytes]:
    """The first tokens of `tok` as a file of each format."""
    import base64

    ranks = b"".join(b"%s %d\n" % (base64.b64encode(tok.token_bytes(i)), i) for i in range(tokens))
    small = ts.Tokenizer.from_bytes(ranks, pattern=PATTERN, specials=specials(700))
    text = small._save("json")
    return {
        "tiktoken": ranks,
        "json": text,
        "toksmith": small.to_bytes(),
        "folder": packed(pair(text) | CONFIGURATIONS),
        "vocab.txt": "\n".join([*VOCAB_TXT, "the", "cat", "##s", "s", "in", "hat"]).encode(),
    }


CONFIGURATIONS = {
    "tokenizer_config.json": json.dumps({
        "bos_token": {"content": "<b>", "lstrip": False, "special": True}, "pad_token": "the",
        "added_tokens_decoder": {"900": {"content": "<x>", "normalized": False}},
        "model_max_length": 512, "chat_template": "{{ messages }}", "add_bos_token": True,
    }).encode(),
    "special_tokens_map.json": b'{"eos_token": "<e>", "additional_special_tokens": ["<y>"]}',
    "generation_config.json": b'{"eos_token_id": [5, 6], "pad_token_id": 7}',
}  # fmt: skip
VOCAB_TXT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def pair(text: bytes) -> dict[str, bytes]:
    """vocab.json and merges.txt of a tokenizer.json."""
    model = json.loads(text)["model"]
    merges = "\n".join(["#version: 0.2", *(" ".join(merge) for merge in model["merges"])])
    return {"vocab.json": json.dumps(model["vocab"]).encode(), "merges.txt": merges.encode()}


def packed(files: dict[str, bytes]) -> bytes:
    """A folder as one piece of bytes."""
    parts = [part for name, data in files.items() for part in (name.encode(), data)]
    return b"TOKSMITH FOLDER\n" + b"".join(len(part).to_bytes(8, "little") + part for part in parts)


def mutants(files: dict[str, bytes], at_random: int) -> list[Mutant]:
    """All mutants made by hand, and some made at random of each format."""
    found = []
    for form, data in files.items():
        made = [*by_hand[form](data), *everywhere(data)]
        for seed in range(at_random):
            name = f"random {seed}"
            mutated = scramble(data, name)
            # Nothing behind the hash of our own format would be tried if it never fitted.
            made.append((name, forge(mutated) if form == "toksmith" and seed % 4 else mutated))
        found += [Mutant(form, name, mutated) for name, mutated in made]
    return found


def pipelines(texts: list[tuple[str, str]], at_random: int) -> list[Mutant]:
    """Mutants of tokenizer.json files, a few of each."""
    found = []
    for name, text in texts:
        data = text.encode()
        made = [(f"cut at {percent}%", data[: len(data) * percent // 100]) for percent in (30, 99)]
        seeds = range(at_random)
        made += [(f"random {seed}", scramble(data, f"{name} {seed}")) for seed in seeds]
        found += [Mutant("json", f"{name}: {change}", mutated) for change, mutated in made]
    return found


def everywhere(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What can happen to any file."""
    for percent in (0, 1, 10, 50, 90, 99):
        yield f"cut at {percent}%", data[: len(data) * percent // 100]
    yield "without its last byte", data[:-1]
    yield "with CR LF", data.replace(b"\n", b"\r\n")
    yield "after a byte order mark", b"\xef\xbb\xbf" + data
    yield "after a NUL", b"\0" + data
    yield "with a NUL after it", data + b"\0"
    yield "twice", data + data
    yield "zeros", bytes(len(data))
    yield "in UTF-16", data.decode("latin-1").encode("utf-16")
    yield "after blank lines", b"\n\n" + data


def scramble(data: bytes, name: str) -> bytes:
    """A few random changes: bytes flipped, removed, repeated, moved."""
    rng = random.Random(name)
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 50))):
        at, length = rng.randrange(len(out)), rng.choice((1, 2, 8, 100))
        match rng.randrange(6):
            case 0:
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = out[at : at + length]
            case 3:
                out[at : at + length] = rng.randbytes(length)
            case 4:
                other = rng.randrange(len(out))
                out[at : at + length] = out[other : other + length]
            case _:
                out[at] = rng.choice(b'0123456789"[]{},:-.e \n')
        if not out:
            break
    return bytes(out)


def forge(data: bytes) -> bytes:
    """A `.toksmith` file whose hash fits whatever it holds."""
    content = data[:-HASH]
    return content + hashlib.sha256(content).digest()


def rank_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Damage to the lines of a rank file."""
    lines = data.splitlines()

    def file(lines: list[bytes]) -> bytes:
        return b"\n".join(lines) + b"\n"

    yield "only single bytes", file(lines[:256])
    yield "a single byte missing", file(lines[1:])
    yield "lines in reverse", file(lines[::-1])
    yield "lines shuffled", file(random.Random(1).sample(lines, len(lines)))
    yield "a line twice", file([*lines, lines[300]])
    yield "a token twice", file([*lines, lines[300].split()[0] + b" 900"])
    for rank in (b"-1", b"1.5", b"1e3", b"", b"0x10", b"4294967295", b"4294967296", b"9" * 40):
        yield f"rank {rank.decode()}", file([*lines, b"YWJjZGVm " + rank])
    yield "a rank far away", file([*lines, b"YWJjZGVm 5000000"])
    yield "a rank with a gap", file([*lines, b"YWJjZGVm 5000"])
    yield "a rank of another token", file([*lines, b"YWJjZGVm 300"])
    yield "a rank of a special token", file([*lines, b"YWJjZGVm 700"])
    yield "Arabic digits", file([*lines, "YWJjZGVm \u0661\u0662".encode()])
    for token in (b"Y", b"YW=j", b"YWI", b"YW I=", b"=", b"====", b"YWJ_", b"YWK="):
        yield f"token {token.decode()}", file([*lines, token + b" 650"])
    yield "a tab between", file([*lines[:-1], lines[-1].replace(b" ", b"\t")])
    yield "two spaces between", file([*lines[:-1], lines[-1].replace(b" ", b"  ")])
    yield "spaces after", file([line + b" " for line in lines])
    yield "a line without a rank", file([*lines, b"YWJjZGVm"])
    yield "a token of 300 kB", file([*lines, b"YWFh" * 100_000 + b" 650"])
    yield "ranks in reverse", file([
        b"%s %d" % (line.split()[0], len(lines) - 1 - i) for i, line in enumerate(lines)
    ])  # fmt: skip
    yield (
        "tokens of random letters",
        file(
            lines[:256] + [b"%s %d" % (token, 256 + i) for i, token in enumerate(random_tokens())]
        ),
    )


def random_tokens() -> list[bytes]:
    """Tokens whose parts may come after them, or not at all."""
    import base64

    rng = random.Random(7)
    tokens = {bytes(rng.choices(b"abc", k=rng.randrange(2, 6))) for _ in range(200)}
    return [base64.b64encode(token) for token in rng.sample(sorted(tokens), len(tokens))]


def native_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Damage behind a hash that fits."""
    content = data[:-HASH]
    for percent in (5, 20, 50, 95):
        yield (
            f"forged cut at {percent}%",
            forge(content[: len(content) * percent // 100] + b"\0" * HASH),
        )
    for at in range(8, 100, 3):
        for value in (0, 0x7F, 0xFF):
            changed = bytearray(data)
            changed[at] = value
            yield f"forged byte {at} = {value}", forge(bytes(changed))
    yield "forged huge counts", forge(data[:10] + b"\xff\xff\xff\xff\x0f" * 20 + bytes(HASH))
    yield "forged, all parts the same", forge(content[:-1200] + bytes(1200) + bytes(HASH))
    yield "forged, more behind it", forge(content + b"\0" + bytes(HASH))


def json_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Damage to each field of a tokenizer.json."""
    good = json.loads(data)

    def changed(*path: str | int, to: object) -> bytes:
        file = copy.deepcopy(good)
        place = file
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to
        return json.dumps(file).encode()

    fields: list[tuple[str | int, ...]] = [
        ("version",), ("truncation",), ("padding",), ("added_tokens",), ("normalizer",),
        ("pre_tokenizer",), ("post_processor",), ("decoder",), ("model",), ("model", "type"),
        ("model", "vocab"), ("model", "merges"), ("model", "dropout"), ("model", "unk_token"),
        ("model", "ignore_merges"), ("model", "merges", 0), ("added_tokens", 0),
        ("added_tokens", 0, "content"), ("added_tokens", 0, "id"),
        ("pre_tokenizer", "pretokenizers"), ("pre_tokenizer", "pretokenizers", 0, "pattern"),
    ]  # fmt: skip
    for path in fields:
        name = ".".join(map(str, path))
        for value in ABSURD:
            yield f"{name} = {value}", changed(*path, to=value)
        deep = changed(*path, to="DEEP").replace(b'"DEEP"', b"[" * 50_000 + b"]" * 50_000)
        yield f"{name} nested deeply", deep
    for value in (-1, 1.5, 2**28, 2**32 - 1, 2**32, 2**64, "5", True, 0):
        yield f"an id of {value}", changed("model", "vocab", "zzz", to=value)
        yield f"an added id of {value}", changed("added_tokens", 0, "id", to=value)
    merges = good["model"]["merges"]
    damaged: dict[str, Any] = {
        "reversed": merges[::-1],
        "twice": merges + merges,
        "twice, reversed": merges + merges[::-1],
        "shuffled": random.Random(3).sample(merges, len(merges)),
        "none": [],
        "as strings": [" ".join(merge) for merge in merges],
        "of one": [["a"]],
        "of three": [["a", "b", "c"]],
        "of nothing": [["", ""]],
        "of unknown tokens": [["zz", "zz"]],
        "unknown product": [["~", "~"]],
    }
    for name, lines in damaged.items():
        yield f"merges {name}", changed("model", "merges", to=lines)
    circle = copy.deepcopy(good)
    circle["model"]["vocab"] |= {"ab": 800, "abc": 801, "bc": 802, "abcabc": 803, "cab": 804}
    circle["model"]["merges"] = [
        ["ab", "cabc"], ["abc", "abc"], ["a", "bc"], ["ab", "c"], ["b", "c"], ["a", "b"],
    ]  # fmt: skip
    yield "merges in a circle", json.dumps(circle).encode()
    circle["model"]["merges"].pop(0)
    yield "merges out of order", json.dumps(circle).encode()
    circle["model"]["ignore_merges"] = True
    yield "merges out of order, ignored", json.dumps(circle).encode()
    yield "a long token", changed("model", "vocab", "a" * 300_000, to=900)
    yield "an empty token", changed("model", "vocab", "", to=900)
    yield "a foreign token", changed("model", "vocab", "a \u4e2d", to=900)
    yield "a foreign space", changed("model", "vocab", " ", to=900)
    yield "no vocabulary", changed("model", "vocab", to={})
    content = good["added_tokens"][0]["content"]
    yield "an added token twice", changed("added_tokens", 1, "content", to=content)
    yield "an empty added token", changed("added_tokens", 0, "content", to="")
    yield "an added token that is a model's", changed("added_tokens", 0, "content", to="the")
    yield "an added token that always matches", changed("added_tokens", 0, "special", to=False)
    yield "a normalized added token", changed("added_tokens", 0, "normalized", to=True)
    yield "an added token that takes spaces", changed("added_tokens", 0, "lstrip", to=True)
    split = ("pre_tokenizer", "pretokenizers", 0)
    for pattern in ("(a+)+$", "(", "a{1000000}", "", "(?<=a+)b", r"\p{Nonsense}", "^a|b$", "x*"):
        yield f"pattern {pattern}", changed(*split, "pattern", to={"Regex": pattern})
    yield "a literal pattern", changed(*split, "pattern", to={"String": "e."})
    for behavior in ("Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous", "Other"):
        yield f"behavior {behavior}", changed(*split, "behavior", to=behavior)
    yield "inverted", changed(*split, "invert", to=True)
    yield "a key twice", data.replace(b'"model":', b'"version":"1.0","model":', 1)
    yield "a token listed twice", data.replace(b'"vocab":{', b'"vocab":{"the":5,', 1)
    yield "an unknown field", data.replace(b'"model":', b'"modell":1,"model":', 1)
    yield "NaN", data.replace(b'"dropout":null', b'"dropout":NaN', 1)
    yield "half a surrogate", data.replace(b'"vocab":{', rb'"vocab":{"\ud800":5,', 1)
    yield "not UTF-8", data.replace(b'"vocab":{', b'"vocab":{"\xff":5,', 1)


def folders(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Folders with a file too few, too many, or of another kind."""
    vocab, merges = {"a": 0, "b": 1, "ab": 2}, b"a b\n"
    good = {"vocab.json": json.dumps(vocab).encode(), "merges.txt": merges} | CONFIGURATIONS
    for name in good:
        yield f"without {name}", packed({n: content for n, content in good.items() if n != name})
        for content in (b"", b"{", b"[]", b"5", b"null", b"\xff", b'{"a":' * 50_000):
            yield f"{name} is {content[:9]!r}", packed(good | {name: content})
    for field in ("bos_token", "added_tokens_decoder", "chat_template", "do_lower_case",
                  "tokenizer_class", "extra_special_tokens", "model_max_length"):  # fmt: skip
        for value in (None, 5, "x", [], [5], {}, {"x": 1}, {"content": ""}, 1e30):
            config = json.dumps({field: value}).encode()
            yield f"{field} = {value}", packed(good | {"tokenizer_config.json": config})
    for eos in (-1, 2**32, [], ["x"], 2**31):
        config = json.dumps({"eos_token_id": eos}).encode()
        yield f"eos_token_id = {eos}", packed(good | {"generation_config.json": config})
    yield "empty", packed({})
    yield "the same file twice", data + packed({"vocab.json": b"{}"})[16:]
    yield "in itself", packed({"tokenizer.json": data})
    yield "deeper in itself", packed({"x.toksmith": packed({"x.toksmith": data})})
    yield "a huge length", data[:16] + b"\xff" * 8 + data[24:]
    yield "two rank files", packed({"a.tiktoken": b"", "b.tiktoken": b""})


def vocab_lists(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Damage to the lines of a vocab.txt."""
    lines = data.split(b"\n")
    yield "lines in reverse", b"\n".join(lines[::-1])
    yield "every line twice", b"\n".join(lines + lines)
    yield "blank lines between", b"\n\n".join(lines)
    yield "without an unknown token", b"\n".join(line for line in lines if line != b"[UNK]")
    yield "without a separator", b"\n".join(line for line in lines if line != b"[SEP]")
    yield "a line of 300 kB", b"\n".join([*lines, b"a" * 300_000])
    yield "spaces after", b" \n".join(lines)
    yield "not UTF-8", data + b"\n\xff\xfe"
    yield "a NUL", data + b"\n\0"


by_hand: dict[str, Callable[[bytes], Iterator[tuple[str, bytes]]]] = {
    "tiktoken": rank_files,
    "json": json_files,
    "toksmith": native_files,
    "folder": folders,
    "vocab.txt": vocab_lists,
}
