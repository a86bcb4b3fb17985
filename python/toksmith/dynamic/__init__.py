"""Token boundaries decided at run time.

- `Patches`: rows cut into patches. `space_patches`, `word_patches`, `stride_patches`,
  `entropy_patches` make them; `EntropyPatcher` follows one row as it comes.
- `scripts`: the Unicode script of every byte; routing and target rates by script.
- `segment_reduce`, `segment_broadcast`: vectors of positions to vectors of segments, and back.
- `pack`, `unpack`: what a mask keeps, moved together and put back.
- `byte_words`: words as rows of bytes.
- `route`, `dechunk`: boundaries where vectors turn, and the way back; `Router` and `Dechunker` do
  the same step by step.
"""

from toksmith.dynamic.byte_words import ByteWords, byte_words
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

__all__ = [
    "BLT_THRESHOLD",
    "UNICODE_VERSION",
    "ByteWords",
    "Dechunker",
    "EntropyPatcher",
    "Packed",
    "Patches",
    "Router",
    "Routing",
    "ScriptRuns",
    "byte_words",
    "bytes_per_word",
    "dechunk",
    "entropies",
    "entropy_patches",
    "pack",
    "route",
    "script_names",
    "script_of",
    "scripts",
    "segment_broadcast",
    "segment_reduce",
    "space_patches",
    "stride_patches",
    "unpack",
    "word_patches",
]
