"""Token boundaries decided at run time.

- `Hypertokens`: codes for what a sequence has already said, LZW over token ids; whole batches, and
  step by step in generation with masks and rollback (`HyperState`).
- `SlotTable`: which slot of a table of embeddings holds which new token.
- `id_matrix`, `byte_matrix`: new tokens as rectangles of base ids or of bytes.
- `mean_of_parts`, `weighted_mean`, `embed`: embeddings of new tokens from those of their parts.
- `NeighbourIndex`: the best next tokens out of a million, and how many of them it finds.
"""

from toksmith.dynamic.embeddings import embed, mean_of_parts, weighted_mean
from toksmith.dynamic.hypertokens import Definitions, HyperCheckpoint, HyperState, Hypertokens
from toksmith.dynamic.neighbours import NeighbourIndex, Neighbours, Recall
from toksmith.dynamic.slots import Assigned, SlotTable
from toksmith.dynamic.surface import Surface, byte_matrix, id_matrix

__all__ = [
    "Assigned",
    "Definitions",
    "HyperCheckpoint",
    "HyperState",
    "Hypertokens",
    "NeighbourIndex",
    "Neighbours",
    "Recall",
    "SlotTable",
    "Surface",
    "byte_matrix",
    "embed",
    "id_matrix",
    "mean_of_parts",
    "weighted_mean",
]
