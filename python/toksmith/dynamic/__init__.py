"""Token boundaries decided at run time.

- `segmentations`: other ways to segment a text: BPE dropout, random splits, fewest tokens, by weight.
"""

from toksmith.dynamic import segmentations

__all__ = ["segmentations"]
