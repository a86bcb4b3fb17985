"""The two ways a command ends early, and the number the shell sees.

Messages start with the place, as compilers write it: `data.jsonl:17: field "text" is missing`.
Errors of the library (`toksmith.ToksmithError`) pass through and count as `ERROR`.
"""

OK = 0
ERROR = 1
USAGE = 2
INTERRUPTED = 130
TERMINATED = 143
BROKEN_PIPE = 141


class CliError(Exception):
    """Something in the input, the output or the tokenizer file is wrong."""

    code = ERROR


class UsageError(CliError):
    """The arguments do not fit together."""

    code = USAGE


class MissingExtraError(CliError):
    """An optional library is not installed."""


def missing_extra(who: str, needs: str, extra: str) -> MissingExtraError:
    """The error for an optional library that is not installed; names the extra."""
    return MissingExtraError(f'{who} needs {needs}: pip install "toksmith[{extra}]"')
