"""Token boundaries decided at run time.

- `merge_batch` merges the most frequent neighbours of a batch to new tokens; `apply` does the same
  merges to other rows, each by itself; `MergeStream` keeps counts over a window of batches.
  `MergeResult` has the new rows and where they came from, `MergeLog` the merges.
"""

from toksmith.dynamic.merges import MergeResult, apply, merge_batch
from toksmith.dynamic.merges_log import MergeLog, NewToken, NewTokens
from toksmith.dynamic.merges_stream import MergeStream

__all__ = [
    "MergeLog",
    "MergeResult",
    "MergeStream",
    "NewToken",
    "NewTokens",
    "apply",
    "merge_batch",
]
