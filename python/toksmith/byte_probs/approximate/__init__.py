"""Cheap ways that models share vocabularies or go on from a cut word, none of them exact.

They are what is commonly done, here for comparison: the exact laws over bytes need no union of
vocabularies and no healing. What each loses stands at its class.

- `UnionVocabulary`: rows of several models over the union of their tokens.
- `TopKUnion`: the same over the likeliest tokens of each alone.
- `TokenHealing`: the last tokens of a prompt are taken back and found again; none taken back is
  naive prompting.
"""

from toksmith.byte_probs.approximate.healing import TokenHealing
from toksmith.byte_probs.approximate.symbols import END, Symbol
from toksmith.byte_probs.approximate.unions import TopK, TopKUnion, UnionVocabulary

__all__ = ["END", "Symbol", "TokenHealing", "TopK", "TopKUnion", "UnionVocabulary"]
