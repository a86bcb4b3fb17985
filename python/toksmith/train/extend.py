"""More merges for a BPE that is there already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from toksmith import _native
from toksmith._native import InputError, UnsupportedFeature
from toksmith.byte_alphabet import byte_letters, bytes_of_letters
from toksmith.progress import reporting
from toksmith.tokenizer import Tokenizer
from toksmith.train.counting import count_with
from toksmith.train.letters import new_letters
from toksmith.train.pipeline import Pipeline
from toksmith.train.refusing import refusing

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from toksmith.train.counting import Counting
    from toksmith.train.pipeline import Json


def extend_bpe(
    tokenizer: Tokenizer,
    texts: object,
    n: int,
    *,
    min_frequency: int = 0,
    max_token_length: int | None = None,
    character_coverage: float = 1.0,
    **counting: Unpack[Counting],
) -> Tokenizer:
    """Goes on from the merges of a tokenizer: `n` more tokens, learned from texts.

    Old ids stay, and so does what is merged before; new tokens get the ids behind all others,
    added tokens included. A BPE of characters first gets those of the texts that it lacks, in the
    order of their code points; then merges are learned, of these too. What still has no token
    parts words and is not learned from.

    Args:
        tokenizer: A BPE.
        texts: What to learn from: see `count_words`.
        n: How many tokens to add, new characters included. Fewer come out where no pair is left to
            merge.
        min_frequency: As in `bpe`.
        max_token_length: As in `bpe`.
        character_coverage: Part of all characters of the texts that must have tokens, at least:
            new ones are added, those seen most often first, until it is reached. 0 adds none.
            Byte-level tokenizers have all.
        **counting: As in `count_words`.

    Raises:
        InputError: A number cannot be, or more than `n` characters are new.
        UnsupportedFeature: It is not a BPE, or has no form in a `tokenizer.json`.
    """
    if not isinstance(n, int) or n < 0:
        raise InputError(f"n must be a whole number, 0 or more, not {n!r}")
    if not (isinstance(character_coverage, (int, float)) and 0 <= character_coverage <= 1):
        raise InputError(f"character_coverage must be from 0 to 1, not {character_coverage!r}")
    document: Json = json.loads(tokenizer._save("json"))
    model: Json = document["model"]
    if model["type"] != "BPE":
        raise UnsupportedFeature(f"extending a {model['type']} by merges")
    pipeline = Pipeline.of_document(document)
    vocab: dict[str, int] = model["vocab"]
    added = {token["id"]: token["content"] for token in document["added_tokens"]}
    # Special tokens are in no merge; a place without a token is not filled.
    size = max([*vocab.values(), *added, -1]) + 1
    tokens = [b""] * size
    for spelling, id_ in vocab.items():
        if added.get(id_) != spelling:
            tokens[id_] = _bytes_of(spelling) if pipeline.in_bytes else spelling.encode()
    affix = model["continuing_subword_prefix"] or ""
    merges = []
    for left, right in model["merges"]:
        product = left + right.removeprefix(affix)
        merges.append((vocab[left], vocab[right], vocab[product]))
    options: Json = {"min_frequency": min_frequency, "max_token_length": max_token_length}
    if not pipeline.in_bytes:
        options |= {
            "unit": "chars",
            "byte_fallback": model["byte_fallback"],
            "continuing_subword_prefix": affix,
            "end_of_word_suffix": model["end_of_word_suffix"] or "",
        }
    elif character_coverage != 1:
        raise InputError("character_coverage is for pipelines of characters; this is byte-level")
    words = count_with(pipeline, texts, **counting)
    letters: list[str] = []
    if not pipeline.in_bytes:
        affixes = (affix, model["end_of_word_suffix"] or "")
        letters = new_letters(words, {*vocab, *added.values()}, character_coverage, affixes)
    if len(letters) > n:
        raise InputError(
            f"n is {n}, and the texts have {len(letters)} characters that are no tokens: expected "
            "at least as many, or a lower character_coverage"
        )
    tokens += [letter.encode() for letter in letters]
    with reporting(counting.get("progress")) as report, refusing():
        learned, more, *_ = _native._extend_bpe(
            tokens, merges, words, size + n, options, progress=report
        )
    for id_, content in added.items():
        # An added token keeps an id that is not the next one only by being in the vocabulary.
        vocab.setdefault(content, id_)
    of_bytes = byte_letters()
    spelled = {id_: spelling for spelling, id_ in vocab.items()}
    for id_, token in enumerate(learned[size:], size):
        text = "".join([of_bytes[byte] for byte in token]) if pipeline.in_bytes else token.decode()
        spelled[id_] = text
        vocab[text] = id_
    model["merges"] += [[spelled[left], spelled[right]] for left, right in more[:, :2].tolist()]
    return Tokenizer.from_bytes(json.dumps(document, ensure_ascii=False).encode())


def _bytes_of(spelling: str) -> bytes:
    byte_of = bytes_of_letters()
    return bytes([byte_of[letter] for letter in spelling])
