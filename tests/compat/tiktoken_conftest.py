"""What tiktoken's own tests need: texts made of nothing but what their generator draws.

Hypothesis also draws constants of modules that are installed for editing. toksmith may be, and
names special tokens; a text that spells one is refused by `encode`, here as in tiktoken.
"""

from hypothesis.internal.conjecture import providers

vars(providers)["is_local_module_file"] = lambda _path: False
