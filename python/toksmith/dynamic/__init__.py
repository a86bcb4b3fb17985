"""Token boundaries decided at run time.

- `merge_batch` merges the most frequent neighbours of a batch to new tokens; `apply` does the same
  merges to other rows, each by itself; `MergeStream` keeps counts over a window of batches.
  `MergeResult` has the new rows and where they came from, `MergeLog` the merges.
- `Hypertokens`: codes for what a sequence has already said, LZW over token ids; whole batches, and
  step by step in generation with masks and rollback (`HyperState`).
- `SlotTable`: which slot of a table of embeddings holds which new token.
- `id_matrix`, `byte_matrix`: new tokens as rectangles of base ids or of bytes.
- `mean_of_parts`, `weighted_mean`, `embed`: embeddings of new tokens from those of their parts.
- `NeighbourIndex`: the best next tokens out of a million, and how many of them it finds.
- `Patches`: rows cut into patches. `space_patches`, `word_patches`, `stride_patches`,
  `entropy_patches` make them; `EntropyPatcher` follows one row as it comes.
- `scripts`: the Unicode script of every byte; routing and target rates by script.
- `segment_reduce`, `segment_broadcast`: vectors of positions to vectors of segments, and back.
- `pack`, `unpack`: what a mask keeps, moved together and put back.
- `byte_words`: words as rows of bytes.
- `route`, `dechunk`: boundaries where vectors turn, and the way back; `Router` and `Dechunker` do
  the same step by step.
- `segmentations`: other ways to segment: BPE dropout, random splits, fewest tokens, by weight.
- `soft`: similar vectors of a sequence merged into one, and put back.
"""

from toksmith.dynamic import segmentations, soft
from toksmith.dynamic.byte_words import ByteWords, byte_words
from toksmith.dynamic.embeddings import embed, mean_of_parts, weighted_mean
from toksmith.dynamic.hypertokens import Definitions, HyperCheckpoint, HyperState, Hypertokens
from toksmith.dynamic.merges import MergeResult, apply, merge_batch
from toksmith.dynamic.merges_log import MergeLog, NewToken, NewTokens
from toksmith.dynamic.merges_stream import MergeStream
from toksmith.dynamic.neighbours import NeighbourIndex, Neighbours, Recall
from toksmith.dynamic.packing import Packed, pack, unpack
from toksmith.dynamic.patches import (
    BLT_THRESHOLD,
    EntropyPatcher,
    Patches,
    entropies,
    entropy_patches,
    space_patches,
    stride_patches,
    word_patches,
)
from toksmith.dynamic.routing import Dechunker, Router, Routing, dechunk, route
from toksmith.dynamic.scripts import (
    UNICODE_VERSION,
    ScriptRuns,
    bytes_per_word,
    script_names,
    script_of,
    scripts,
)
from toksmith.dynamic.segments import segment_broadcast, segment_reduce
from toksmith.dynamic.slots import Assigned, SlotTable
from toksmith.dynamic.surface import Surface, byte_matrix, id_matrix

__all__ = [
    "BLT_THRESHOLD",
    "UNICODE_VERSION",
    "Assigned",
    "ByteWords",
    "Dechunker",
    "Definitions",
    "EntropyPatcher",
    "HyperCheckpoint",
    "HyperState",
    "Hypertokens",
    "MergeLog",
    "MergeResult",
    "MergeStream",
    "NeighbourIndex",
    "Neighbours",
    "NewToken",
    "NewTokens",
    "Packed",
    "Patches",
    "Recall",
    "Router",
    "Routing",
    "ScriptRuns",
    "SlotTable",
    "Surface",
    "apply",
    "byte_matrix",
    "byte_words",
    "bytes_per_word",
    "dechunk",
    "embed",
    "entropies",
    "entropy_patches",
    "id_matrix",
    "mean_of_parts",
    "merge_batch",
    "pack",
    "route",
    "script_names",
    "script_of",
    "scripts",
    "segment_broadcast",
    "segment_reduce",
    "segmentations",
    "soft",
    "space_patches",
    "stride_patches",
    "unpack",
    "weighted_mean",
    "word_patches",
]
