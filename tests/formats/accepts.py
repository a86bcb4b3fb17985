"""Says of each tokenizer.json whether tokenizers loads it; run by `test_tokenizer_json_structure`.

Texts come as JSON strings, one a line; the answer is a line `True` or `False`. A file may end the
process: then there is no line for it.
"""

from __future__ import annotations

import json
import sys

import tokenizers


def main() -> None:
    """Answers line by line."""
    for line in sys.stdin:
        try:
            tokenizers.Tokenizer.from_str(json.loads(line))
        except KeyboardInterrupt:
            raise
        except BaseException:  # its panics are no exceptions
            print(False, flush=True)
        else:
            print(True, flush=True)


if __name__ == "__main__":
    main()
