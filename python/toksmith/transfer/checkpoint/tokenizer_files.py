"""The new tokenizer's files, and which of the old ones must not stay beside them.

A folder with files of two tokenizers is read differently by different programs, so all files of
the old one go. Start at `tokenizer_files`.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from toksmith._native import InputError, UnsupportedFeature, VocabularyError
from toksmith.tokenizer import Tokenizer
from toksmith.transfer.checkpoint.config import ROLES

STALE = (
    "tokenizer*.json", "tokenizer*.model", "special_tokens_map.json", "added_tokens.json",
    "vocab.txt", "vocab.json", "vocab.bpe", "encoder.json", "merges.txt", "*.model", "*.spm",
    "*.tiktoken", "*.toksmith", "tekken.json", "chat_template*", "tokenization_*.py",
    "dict.txt", "normalizer.json",
)  # fmt: skip
"""Names of files that belong to a tokenizer."""

_SPELLINGS = {
    "bos": ("<s>", "<bos>", "<|begin_of_text|>",
            "<\uff5cbegin\u2581of\u2581sentence\uff5c>",
            "<|startoftext|>", "[BOS]", "<|endoftext|>"),
    "eos": ("</s>", "<eos>", "<|end_of_text|>",
            "<\uff5cend\u2581of\u2581sentence\uff5c>", "[EOS]", "<|endoftext|>"),
    "pad": ("<pad>", "[PAD]", "<|pad|>", "<|padding|>",
            "<\uff5c\u2581pad\u2581\uff5c>", "<|finetune_right_pad_id|>"),
    "unk": ("<unk>", "[UNK]", "<|unk|>"),
    "sep": ("[SEP]", "<sep>"),
    "cls": ("[CLS]", "<cls>"),
    "mask": ("[MASK]", "<mask>"),
}  # fmt: skip


def is_stale(name: str) -> bool:
    """Whether a file of this name belongs to a tokenizer."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in STALE)


def find_roles(tokenizer: Tokenizer, said: Mapping[str, str | int | None] | None) -> dict[str, int]:
    """Ids by role: what the caller says, else the tokenizer's file, else well-known spellings.

    Args:
        tokenizer: The new tokenizer.
        said: Tokens, as names or ids, by role; None for a role that nothing has.

    Raises:
        InputError: There is no such role.
        VocabularyError: There is no such token.
    """
    said = dict(said or {})
    for role in said:
        if role not in ROLES:
            raise InputError(f"roles: {role!r} is none of {', '.join(ROLES)}")
    special = tokenizer.special_ids
    found: dict[str, int] = {}
    for role in ROLES:
        if role in said:
            number = _said_id(tokenizer, said[role])
        else:
            number = getattr(tokenizer, f"{role}_id", None)
            if number is None:
                number = next((special[s] for s in _SPELLINGS[role] if s in special), None)
        if number is not None:
            found[role] = number
    return found


def tokenizer_files(
    tokenizer: Tokenizer, roles: Mapping[str, int], old: Mapping[str, Any], exact: bool
) -> dict[str, bytes]:
    """`tokenizer.json` and what transformers reads beside it, by name.

    Args:
        tokenizer: The new tokenizer.
        roles: Ids by role.
        old: What the old `tokenizer_config.json` says; of it stays what is not about tokens.
        exact: As of `Tokenizer.save`.

    Raises:
        UnsupportedFeature: A `tokenizer.json` cannot say what the tokenizer does.
    """
    try:
        data = tokenizer._save("json", exact)
    except UnsupportedFeature as error:
        more = "; exact_tokenizer=False allows what is nearest" if exact else ""
        raise UnsupportedFeature(f"tokenizer.json: {error}{more}") from None
    names = {number: name for name, number in tokenizer.special_ids.items()}
    tokens = {
        f"{role}_token": names.get(number) or tokenizer.token_bytes(number).decode(errors="replace")
        for role, number in roles.items()
    }  # fmt: skip
    # The class that takes the file as it is; those of families build parts of it anew.
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
    }
    for key in ("model_max_length", "padding_side", "truncation_side", "model_input_names"):
        if key in old:
            config[key] = old[key]
    return {
        "tokenizer.json": data,
        "tokenizer_config.json": to_json({**config, **tokens}),
        "special_tokens_map.json": to_json(tokens),
    }


def to_json(value: Mapping[str, Any]) -> bytes:
    """A JSON file as transformers writes it."""
    return (json.dumps(value, indent=2) + "\n").encode()


def _said_id(tokenizer: Tokenizer, token: str | int | None) -> int | None:
    if token is None:
        return None
    if isinstance(token, str):
        return tokenizer.token_id(token)
    if isinstance(token, bool) or not isinstance(token, int):
        raise InputError(f"roles: expected the name of a token or its id, not {token!r}")
    try:
        tokenizer.token_bytes(token)
    except VocabularyError as error:
        raise VocabularyError(f"roles: {error}") from None
    return token
