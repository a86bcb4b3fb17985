"""A model's folder, read and written again with other rows: no matrix is ever whole in memory.

    >>> from toksmith.transfer.checkpoint import Checkpoint, rewrite
    >>> model = Checkpoint.open("model")                                      # doctest: +SKIP
    >>> model.input.rows, model.input.dim, model.input.dtype, model.tied      # doctest: +SKIP
    (32000, 4096, 'bfloat16', False)
    >>> rewrite(model, "new model", input_rows=rows, output_rows=rows, tokenizer=tok)
    ...                                                                       # doctest: +SKIP

- `model.py`: an open folder; `names.py`: which of its tensors have a row a token.
- `rewrite.py`: the new folder. Where its rows come from is `sources.py`, its files `files.py` and
  `shards.py`, what it says of itself `config.py` and `tokenizer_files.py`.
- `journal.py`: going on after a kill.
"""

from toksmith.transfer.checkpoint.model import Checkpoint, Matrix
from toksmith.transfer.checkpoint.rewrite import Rewritten, rewrite
from toksmith.transfer.checkpoint.sources import Recipe

__all__ = ["Checkpoint", "Matrix", "Recipe", "Rewritten", "rewrite"]
