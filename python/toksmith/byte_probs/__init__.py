"""Exact byte-level probabilities from a tokenized language model.

- `ByteState`: a text followed byte by byte under one of three laws; the next byte's distribution.
- `Special`: a special token in a text, behind which it goes on.
- `ByteLM`: any function from token contexts to rows as a model of bytes: next bytes, probabilities,
  generation, filling in the middle. `Llama2c` is such a function, for models of llama2.c.
- `Mean`, `Product`, `Contrast`: ensembles of models with different vocabularies, exactly.
- `cross_entropy`: one model's text under another.
- `estimate`: the probability of a text over all tokenizations, drawn, with its standard error.
- `TokenTrie`: the vocabulary sorted by bytes; what rows of logits say by bytes.
- `TokenGraph`: all tokenizations of a text, counted, weighed and drawn; the probability of the text
  over all of them.
- `approximate`: token-level maps between vocabularies and token healing, which are not exact.
"""

from toksmith.byte_probs import approximate
from toksmith.byte_probs.crossing import CrossEntropy, cross_entropy
from toksmith.byte_probs.ensemble import Contrast, Ensemble, EnsembleState, Mean, Product
from toksmith.byte_probs.estimate import estimate
from toksmith.byte_probs.graph import Edges, Scored, TokenGraph
from toksmith.byte_probs.infilling import Markers
from toksmith.byte_probs.llama2c import Llama2c
from toksmith.byte_probs.lm import ByteLM, LMState
from toksmith.byte_probs.marginal import MarginalEstimate
from toksmith.byte_probs.model import ByteModel, Score, TextState
from toksmith.byte_probs.parts import Part, Parts, Special
from toksmith.byte_probs.sampling import Generated
from toksmith.byte_probs.state import ByteState, Checkpoint, Context, Cover, PendingRows, Target
from toksmith.byte_probs.trie import TokenTrie

__all__ = [
    "ByteLM",
    "ByteModel",
    "ByteState",
    "Checkpoint",
    "Context",
    "Contrast",
    "Cover",
    "CrossEntropy",
    "Edges",
    "Ensemble",
    "EnsembleState",
    "Generated",
    "LMState",
    "Llama2c",
    "MarginalEstimate",
    "Markers",
    "Mean",
    "Part",
    "Parts",
    "PendingRows",
    "Product",
    "Score",
    "Scored",
    "Special",
    "Target",
    "TextState",
    "TokenGraph",
    "TokenTrie",
    "approximate",
    "cross_entropy",
    "estimate",
]
