"""A new vocabulary for a model that was trained with another, and good rows for it.

`checkpoint` reads a model's folder and writes it again with other rows, without ever holding it.
"""

from toksmith.transfer import checkpoint

__all__ = ["checkpoint"]
