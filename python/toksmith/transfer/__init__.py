"""Giving a model another vocabulary: which rows of its embeddings new tokens come from.

- `align`: a rule and weighted sources for every target id, exact about bytes; a `Plan`.
- `canonical`: the bytes and the role of every id of any vocabulary.
- `decompose`: target tokens as source tokens; `surface_forms`: the same as a padded matrix.
- `gather_mean`: rows of new embeddings as weighted sums of old rows.
- `checkpoint`: a model's folder, read and written again with other rows, without ever holding it.

    >>> import toksmith as ts
    >>> source, target = map(ts.Tokenizer.from_pretrained, ("r50k_base", "cl100k_base"))
    >>> plan = ts.transfer.align(source, target)
    >>> plan.exact
    43066
"""

from toksmith.transfer import checkpoint
from toksmith.transfer.canonical import Canonical, Role, WordStart, canonical
from toksmith.transfer.decomposition import Decomposition, Method, decompose
from toksmith.transfer.gather import gather_mean
from toksmith.transfer.plan import How, Plan, Rule, SpecialMatch, align
from toksmith.transfer.surface import SurfaceForms, surface_forms

__all__ = [
    "Canonical",
    "Decomposition",
    "How",
    "Method",
    "Plan",
    "Role",
    "Rule",
    "SpecialMatch",
    "SurfaceForms",
    "WordStart",
    "align",
    "canonical",
    "checkpoint",
    "decompose",
    "gather_mean",
    "surface_forms",
]
