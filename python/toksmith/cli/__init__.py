"""The command `toksmith`: text to ids and back, training, and what models say of bytes.

`main` runs one command and returns its exit code: everything that ends a command early is turned
into a message and a number here, in one place. Each command is a module of its name; `arguments`
holds the options, `inputs` and `documents` the way in, `sinks` and `outputs` the way out.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import toksmith
from toksmith.cli import bench, count, decode, encode, info, train
from toksmith.cli.arguments import parser
from toksmith.cli.errors import BROKEN_PIPE, ERROR, INTERRUPTED, TERMINATED, CliError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from types import FrameType

__all__ = ["main"]


def _merge(args: argparse.Namespace) -> int:
    from toksmith.cli import merge

    return merge.run(args)


def _next_byte(args: argparse.Namespace) -> int:
    # Imported here: other commands do without models.
    from toksmith.cli import next_byte

    return next_byte.run(args)


def _complete(args: argparse.Namespace) -> int:
    from toksmith.cli import complete

    return complete.run(args)


_COMMANDS = {
    "encode": encode.run,
    "decode": decode.run,
    "count": count.run,
    "info": info.run,
    "bench": bench.run,
    "train": train.run,
    "merge": _merge,
    "next-byte": _next_byte,
    "complete": _complete,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `toksmith ARGV…` and returns the exit code; never raises for bad input."""
    _print_what_the_terminal_lacks()
    try:
        args = parser(_COMMANDS).parse_args(argv)
    except SystemExit as stop:  # --help, or wrong arguments; the message is out already
        return stop.code if isinstance(stop.code, int) else ERROR
    try:
        with _stoppable():
            code: int = args.run(args)
            sys.stdout.flush()
            return code
    except CliError as error:
        return _complain(str(error), error.code)
    except toksmith.ToksmithError as error:
        return _complain(str(error), ERROR)
    except MemoryError:
        return _complain("out of memory", ERROR)
    except BrokenPipeError:
        # Python flushes again at exit and would complain: give it a place to write to.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _complain(f"{place}{error.strerror or error}", ERROR)
    except KeyboardInterrupt:
        return INTERRUPTED
    except _Terminated:
        return TERMINATED


def _complain(message: str, code: int) -> int:
    print(f"toksmith: error: {message}", file=sys.stderr)
    return code


def _print_what_the_terminal_lacks() -> None:
    """Escapes characters that the terminal's encoding has not, instead of failing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


class _Terminated(BaseException):
    """SIGTERM: passes through like Ctrl-C, so that temporary files are removed."""


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
