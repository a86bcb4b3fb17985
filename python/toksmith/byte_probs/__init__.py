"""Exact byte-level probabilities from a tokenized language model.

- `TokenGraph`: all tokenizations of a text, counted, weighed and drawn; the probability of the text
  over all of them.
- `approximate`: token-level maps between vocabularies and token healing, which are not exact.
"""

from toksmith.byte_probs import approximate
from toksmith.byte_probs.graph import Edges, Scored, TokenGraph
from toksmith.byte_probs.marginal import MarginalEstimate

__all__ = [
    "Edges",
    "MarginalEstimate",
    "Scored",
    "TokenGraph",
    "approximate",
]
