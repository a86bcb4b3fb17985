"""`toksmith complete`: goes on from a prompt, which may end in the middle of a word."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from toksmith.cli.byte_models import chosen_model
from toksmith.cli.errors import OK
from toksmith.cli.next_byte import read_prompt

if TYPE_CHECKING:
    import argparse


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    lm, prompt = chosen_model(args), read_prompt(args)
    found = lm.generate(
        prompt,
        args.max_bytes,
        temperature=args.temperature,
        top_p=args.top_p,
        stop=args.stop or (),
        seed=args.seed,
        mode="bytes" if args.bytes else "tokens",
    )
    if args.json:
        print(
            json.dumps(
                {
                    "prompt": prompt.decode(errors="replace"),
                    "completion": found.text,
                    "reason": found.reason,
                    "logprob": found.logprob if args.bytes else None,
                }
            )
        )
        return OK
    sys.stdout.flush()
    sys.stdout.buffer.write((b"" if args.only_new else prompt) + found.data + b"\n")
    return OK
