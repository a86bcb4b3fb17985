"""The language model that `next-byte` and `complete` ask: found by what lies at a path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import toksmith
from toksmith.byte_probs import ByteLM, Llama2c
from toksmith.cli.choose import load_tokenizer
from toksmith.cli.errors import CliError, UsageError, missing_extra

if TYPE_CHECKING:
    import argparse

    Found = tuple[toksmith.Tokenizer, Any]

WHAT = (
    "a folder with checkpoint.bin and tokenizer.bin (llama2.c), a folder of a transformers model "
    "(config.json), or a .gguf file"
)


def chosen_model(args: argparse.Namespace) -> ByteLM:
    """The model of `--model`, under the law of `--target`.

    Raises:
        CliError: There is no such model, or what runs it is not installed.
    """
    path = Path(args.model)
    if not path.exists():
        raise CliError(f"{path}: no such file or folder")
    tokenizer, forward = _found(path, args.tokenizer)
    prefix = [_special(tokenizer, name) for name in args.prefix] if args.prefix else None
    lm = ByteLM(
        tokenizer,
        forward,
        prefix=prefix,
        target=args.target,
        beam=args.beam if args.target == "all" else None,
    )
    if not lm.prefix:
        raise UsageError(
            "the tokenizer has no token that begins texts: name one with --prefix, "
            f"such as --prefix '{next(iter(tokenizer.special_ids), '<|endoftext|>')}'"
        )
    return lm


def _special(tokenizer: toksmith.Tokenizer, name: str) -> int:
    number = tokenizer.special_ids.get(name)
    if number is None:
        raise UsageError(f"the tokenizer has no special token {name!r}")
    return number


def _found(path: Path, tokenizer: str | None) -> Found:
    checkpoint = path / "checkpoint.bin" if path.is_dir() else path
    if checkpoint.suffix == ".bin" and checkpoint.exists():
        beside = None if tokenizer else checkpoint.parent / "tokenizer.bin"
        model = Llama2c.from_file(checkpoint, beside)
        return model.tokenizer or load_tokenizer(str(tokenizer)), model
    if path.suffix == ".gguf":
        return load_tokenizer(tokenizer or str(path)), _gguf(path)
    if (path / "config.json").exists():
        return load_tokenizer(tokenizer or str(path)), _transformers(path)
    raise CliError(f"{path}: no model; it must be {WHAT}")


def _gguf(path: Path) -> Any:
    try:
        from llama_cpp import Llama
    except ImportError:
        raise CliError(".gguf models need llama-cpp-python: pip install llama-cpp-python") from None
    from toksmith.integrations.llama_cpp import LlamaCpp

    return LlamaCpp(Llama(str(path), logits_all=True, verbose=False))


def _transformers(path: Path) -> Any:
    try:
        from transformers import AutoModelForCausalLM
    except ImportError:
        raise missing_extra(str(path), "transformers", "transformers") from None
    from toksmith.integrations.causal_lm import CausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(path, local_files_only=True)
    return CausalLM(model.eval())
