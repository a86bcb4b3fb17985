"""Loads files one by one and prints what came of each, as JSON lines; run by the test beside it.

`python load_mutants.py toksmith|reference LIST`: LIST is a JSON file of `{path, form, options}`.
A line with the number alone comes before each file, so that the parent knows which one killed us.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

# The pattern of the files that were damaged; see `mutants.py`.
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
MEMORY = 3 << 30
SECONDS = 20
TEXTS = [
    "",
    "The cat's in the hat, and 12345 others aren't.",
    "  spaces \n\n and\tlines  ",
    "na\u00efve \u4e2d\u6587 \U0001f642 e\u0301",
    "abcabcab cabbc aabbcc the the",
    "<|end|> in text<|pad|>",
    "\0\x7f\xad",
]


def toksmith(data: bytes, form: str, options: dict[str, Any]) -> dict[str, Any]:
    """What toksmith makes of a file."""
    import toksmith as ts

    tok = ts.Tokenizer.from_bytes(data, **options)
    rows = [tok.encode(text) for text in TEXTS]
    if form == "model":
        # The library itself never finds a special token in text.
        return {"plain": rows, "special": rows}
    if form == "toksmith":
        # Whatever it was forged into, ids decode to the text, unless the pattern leaves gaps.
        decoded = [tok.decode_bytes(row).decode(errors="replace") for row in rows]
        kept = decoded == TEXTS if tok.patterns == [PATTERN] else all(map(within, decoded, TEXTS))
        assert kept, f"{TEXTS} became {decoded}"
    return {"plain": rows, "special": [tok.encode(text, allowed_special="all") for text in TEXTS]}


def within(part: str, text: str) -> bool:
    """Whether `part` is `text` with some characters left out."""
    rest = iter(text)
    return all(character in rest for character in part)


def reference(data: bytes, form: str, options: dict[str, Any]) -> dict[str, Any]:
    """What the file's own library makes of it."""
    if form == "json":
        import tokenizers

        tok = tokenizers.Tokenizer.from_str(data.decode())
        tok.no_truncation()
        tok.no_padding()
        special = [tok.encode(text, add_special_tokens=False).ids for text in TEXTS]
        tok.encode_special_tokens = True
        plain = [tok.encode(text, add_special_tokens=False).ids for text in TEXTS]
        return {"plain": plain, "special": special}
    if form == "vocab.txt":
        return bert(data)
    if form == "model":
        import sentencepiece

        processor = sentencepiece.SentencePieceProcessor(model_proto=data)
        ids = [processor.encode(text) for text in TEXTS]
        return {"plain": ids, "special": ids}
    if form == "pair":
        return gpt2(data)
    import base64

    import tiktoken

    lines = (line.split() for line in data.splitlines() if line)
    ranks = {base64.b64decode(token, validate=True): int(rank) for token, rank in lines}
    encoding = tiktoken.Encoding(
        "mutant",
        pat_str=options["pattern"],
        mergeable_ranks=ranks,
        special_tokens=options["specials"],
    )
    return {
        "plain": [encoding.encode_ordinary(text) for text in TEXTS],
        "special": [encoding.encode(text, allowed_special="all") for text in TEXTS],
    }


def gpt2(data: bytes) -> dict[str, Any]:
    """A vocab.json with a merges.txt, packed, as the library's own class for them reads them."""
    import tokenizers

    parts, rest = [], data[len(b"TOKSMITH FOLDER\n") :]
    while rest:
        length = int.from_bytes(rest[:8], "little")
        parts.append(rest[8 : 8 + length])
        rest = rest[8 + length :]
    files = {name.decode(): content for name, content in zip(parts[::2], parts[1::2], strict=True)}
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("vocab.json", "merges.txt")]
        for path in paths:
            Path(path).write_bytes(files[Path(path).name])
        tok = tokenizers.Tokenizer(tokenizers.models.BPE.from_file(*paths))
    tok.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.add_special_tokens(["<|endoftext|>"])
    special = [tok.encode(text, add_special_tokens=False).ids for text in TEXTS]
    tok.encode_special_tokens = True
    plain = [tok.encode(text, add_special_tokens=False).ids for text in TEXTS]
    return {"plain": plain, "special": special}


def bert(data: bytes) -> dict[str, Any]:
    """A vocab.txt as the library's own class for it reads it."""
    import tokenizers

    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        vocab = tokenizers.models.WordPiece.read_file(file.name)
    tok = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocab, unk_token="[UNK]"))
    tok.normalizer = tokenizers.normalizers.BertNormalizer()
    tok.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    names = ["[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"]
    tok.add_special_tokens([tokenizers.AddedToken(name, normalized=False) for name in names])
    special = [tok.encode(text, add_special_tokens=False).ids for text in TEXTS]
    tok.encode_special_tokens = True
    plain = [tok.encode(text, add_special_tokens=False).ids for text in TEXTS]
    return {"plain": plain, "special": special}


def main() -> None:
    """Loads the listed files."""
    load = {"toksmith": toksmith, "reference": reference}[sys.argv[1]]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number, item in enumerate(json.loads(Path(sys.argv[2]).read_text())):
        print(json.dumps({"number": number}), flush=True)
        # The default action ends the process even inside compiled code.
        signal.alarm(SECONDS)
        try:
            outcome = load(Path(item["path"]).read_bytes(), item["form"], item["options"])
        except BaseException as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            outcome = {"error": kinds, "message": str(error)[:300]}
        print(json.dumps({"number": number, **outcome}), flush=True)
        signal.alarm(0)


if __name__ == "__main__":
    main()
