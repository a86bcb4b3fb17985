"""`toksmith next-byte`: what a model thinks comes after a prompt, byte by byte, as a picture."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith.byte_probs.approximate import TokenHealing
from toksmith.cli.byte_models import chosen_model
from toksmith.cli.errors import OK, CliError

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from toksmith.byte_probs import ByteLM

_WIDTH = 40


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    lm, prompt = chosen_model(args), read_prompt(args)
    columns = {args.target: np.exp(lm.next_byte(prompt))}
    if args.compare:
        columns |= _others(lm, prompt)
    exact = columns[args.target]
    order = np.argsort(-exact, kind="stable")[: args.top]
    shown = [symbol for symbol in order.tolist() if exact[symbol] > 0]
    names = _names(lm)
    if args.json:
        rows: list[dict[str, Any]] = [
            {
                "byte": symbol if symbol < 256 else None,
                "symbol": names[symbol],
                **{column: float(probs[symbol]) for column, probs in columns.items()},
            }
            for symbol in shown
        ]
        print(json.dumps({"prompt": prompt.decode(errors="replace"), "next": rows}))
        return OK
    width = max((len(names[symbol]) for symbol in shown), default=0)
    print(f"{'':{width}}  " + "  ".join(f"{column:>9}" for column in columns))
    for symbol in shown:
        numbers = "  ".join(f"{probs[symbol]:9.3%}" for probs in columns.values())
        print(f"{names[symbol]:>{width}}  {numbers}  {_bar(float(exact[symbol]))}".rstrip())
    rest = 1 - float(exact[shown].sum())
    if rest > 5e-6:
        print(f"{'rest':>{width}}  {rest:9.3%}")
    return OK


def read_prompt(args: argparse.Namespace) -> bytes:
    """The prompt given, or what standard input has. A newline at its end belongs to it."""
    if args.prompt is None:
        return sys.stdin.buffer.read()
    try:
        prompt: bytes = args.prompt.encode(errors="surrogateescape")
    except UnicodeEncodeError as error:
        raise CliError(f"the prompt has a lone surrogate at character {error.start}") from None
    return prompt


def _others(lm: ByteLM, prompt: bytes) -> dict[str, NDArray[np.float64]]:
    """What naive prompting and token healing say: not exact."""
    found = {}
    for name, back in (("naive", 0), ("healed", 1)):
        healing = TokenHealing(lm.tokenizer, back, prefix=lm.prefix)
        rows = lambda contexts: lm.forward([tuple(one) for one in contexts])  # noqa: E731
        found[name] = np.exp(healing.next_bytes(rows, prompt))
    return found


def _names(lm: ByteLM) -> list[str]:
    """How each symbol is shown."""
    letters = [repr(chr(byte)) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in range(256)]
    letters[0x09], letters[0x0A], letters[0x0D] = r"'\t'", r"'\n'", r"'\r'"
    by_id = {number: name for name, number in lm.tokenizer.special_ids.items()}
    return [*letters, *(by_id.get(number, f"id {number}") for number in lm.special_ids)]


def _bar(probability: float) -> str:
    """A bar in eighths of a character; in plain characters where the terminal has no others."""
    try:
        "\u2588".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "#" * round(probability * _WIDTH)
    eighths = round(probability * _WIDTH * 8)
    part = chr(0x2590 - eighths % 8) if eighths % 8 else ""
    return "\u2588" * (eighths // 8) + part
