"""Models of llama-cpp-python as functions from contexts to rows, for `toksmith.byte_probs`.

    >>> from llama_cpp import Llama                                       # doctest: +SKIP
    >>> llama = Llama("model.gguf", logits_all=True)                      # doctest: +SKIP
    >>> tok = ts.Tokenizer.from_file("model.gguf")                        # doctest: +SKIP
    >>> lm = ts.byte_probs.ByteLM(tok, LlamaCpp(llama))                   # doctest: +SKIP

llama.cpp keeps the keys and values of one sequence. Contexts are read in the order of their tokens,
so that each takes back only what it does not share with the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith._native import InputError
from toksmith.byte_probs.prefix_runs import common, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class LlamaCpp:
    """A `llama_cpp.Llama`, from contexts to logits.

    Args:
        llama: The model, made with `logits_all=True`: else it does not give its logits.

    Raises:
        InputError: That is no `llama_cpp.Llama`, or one without `logits_all`.
    """

    def __init__(self, llama: Any) -> None:
        for name in ("eval", "n_tokens", "n_ctx", "n_vocab", "scores", "input_ids"):
            if not hasattr(llama, name):
                raise InputError(
                    f"expected a llama_cpp.Llama, not {type(llama).__name__}: it has no {name}"
                )
        self._llama = llama
        # Where that is kept has changed; older versions have it among the parameters.
        params = getattr(llama, "context_params", None)
        if not getattr(llama, "_logits_all", getattr(params, "logits_all", False)):
            raise InputError("the Llama must be made with logits_all=True")

    def __call__(self, contexts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The logits of the token after each context.

        Args:
            contexts: Ids, at least one each.

        Returns:
            float32 `(contexts, vocab)`.

        Raises:
            InputError: A context is empty, or longer than the model's.
        """
        limit = int(self._llama.n_ctx())
        for context in contexts:
            if not 0 < len(context) <= limit:
                raise InputError(
                    f"a context of {len(context)} tokens: this model reads 1 to {limit}"
                )
        out = np.empty((len(contexts), int(self._llama.n_vocab())), np.float32)
        for run in runs(contexts):
            self._read(run.tokens)
            for length, places in run.rows.items():
                out[places] = self._llama.scores[length - 1]
        return out

    def _read(self, tokens: tuple[int, ...]) -> None:
        """Reads what the model's sequence lacks of these tokens."""
        llama = self._llama
        held = [int(token) for token in llama.input_ids[: llama.n_tokens]]
        shared = common(tokens, held)
        if shared < len(tokens):
            llama.n_tokens = shared  # `eval` drops what is behind
            llama.eval(list(tokens[shared:]))
