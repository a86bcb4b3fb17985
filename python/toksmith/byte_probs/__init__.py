"""Exact byte-level probabilities from a tokenized language model.

- `ByteState`: a text followed byte by byte under one of three laws; the next byte's distribution.
- `TokenGraph`: all tokenizations of a text, counted, weighed and drawn; the probability of the text
  over all of them.
- `approximate`: token-level maps between vocabularies and token healing, which are not exact.
"""

from toksmith.byte_probs import approximate
from toksmith.byte_probs.graph import Edges, Scored, TokenGraph
from toksmith.byte_probs.marginal import MarginalEstimate
from toksmith.byte_probs.state import ByteState, Checkpoint, Context, Cover, PendingRows, Target

__all__ = [
    "ByteState",
    "Checkpoint",
    "Context",
    "Cover",
    "Edges",
    "MarginalEstimate",
    "PendingRows",
    "Scored",
    "Target",
    "TokenGraph",
    "approximate",
]
