"""Token boundaries decided at run time.

- `segmentations`: other ways to segment: BPE dropout, random splits, fewest tokens, by weight.
- `soft`: similar vectors of a sequence merged into one, and put back.
"""

from toksmith.dynamic import segmentations, soft

__all__ = ["segmentations", "soft"]
