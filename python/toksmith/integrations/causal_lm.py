"""Causal models of transformers as functions from contexts to rows, for `toksmith.byte_probs`.

    >>> from toksmith.integrations.causal_lm import CausalLM             # doctest: +SKIP
    >>> lm = ts.byte_probs.ByteLM(tokenizer, CausalLM(model))            # doctest: +SKIP

Contexts of a byte state go on from each other, so keys and values are kept by context: a context
costs the tokens that no kept one has, and what a batch has in common is read once.

Written for transformers 5; it needs the extra `toksmith[transformers]`, and torch.
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from toksmith._native import InputError, UnsupportedFeature
from toksmith.byte_probs.checks import whole_number
from toksmith.byte_probs.prefix_runs import Run, closest, common, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    # Of each layer the keys and values of one sequence: `(heads, tokens, head)`.
    Layers = list[tuple[Any, Any]]

_WORTH_READING_FIRST = 8
"""Tokens that several sequences have in common, from which on they are read before the rest."""


class CausalLM:
    """A causal language model of transformers, from contexts to logits.

    Args:
        model: A model such as `AutoModelForCausalLM` gives, in evaluation mode, on any device.
        reuse: Whether keys and values are kept. Not for models whose state is another one than keys
            and values (recurrent layers).
        cached_tokens: Tokens whose keys and values are kept at most, over all contexts.

    Raises:
        UnsupportedFeature: `reuse` with a model that cannot say where its keys belong.
        InputError: There is no torch, or the model is being trained.
    """

    def __init__(self, model: Any, *, reuse: bool = True, cached_tokens: int = 16_384) -> None:
        try:
            import torch
        except ImportError as error:
            raise InputError("models of transformers need torch, which is not installed") from error
        self._torch: Any = torch
        if getattr(model, "training", False):
            raise InputError("the model is in training mode: call model.eval() first")
        self._model = model
        self._accepts = set(inspect.signature(model.forward).parameters)
        # The name has changed within version 5.
        names = [name for name in ("cache", "past_key_values") if name in self._accepts]
        self._name = names[0] if names else ""
        if reuse and not (names and "position_ids" in self._accepts):
            raise UnsupportedFeature(
                f"keys and values of a {type(model).__name__}, which takes no positions; "
                "say reuse=False"
            )
        if reuse and getattr(model, "_is_stateful", False):
            raise UnsupportedFeature(
                f"keys and values of a {type(model).__name__}, which has recurrent layers; "
                "say reuse=False"
            )
        self._reuse = reuse
        self._most = whole_number(cached_tokens, "cached_tokens", 0)
        self._cache: OrderedDict[tuple[int, ...], Layers] = OrderedDict()

    def __call__(self, contexts: Sequence[Sequence[int]]) -> Any:
        """The logits of the token after each context.

        Args:
            contexts: Ids, at least one each.

        Returns:
            A torch tensor `(contexts, vocab)` in main memory, of the model's own type.

        Raises:
            InputError: A context is empty: the model needs a token to begin with.
        """
        if not all(contexts):
            raise InputError("an empty context: the model needs a token to begin with, see prefix=")
        rows: list[Any] = [None] * len(contexts)
        with self._torch.inference_mode():
            asked = runs(contexts)
            if self._reuse:
                self._read_common(asked)
            self._read(asked, rows)
        return self._torch.stack(rows)

    def _read_common(self, asked: list[Run]) -> None:
        """Reads what all sequences begin with, if that is much and not kept."""
        if len(asked) < 2:
            return
        # They are sorted: what the first and last share, all share.
        shared = common(asked[0].tokens, asked[-1].tokens)
        known = closest(asked[0].tokens[:shared], self._cache)[1]
        if shared - known >= _WORTH_READING_FIRST:
            self._read([Run(asked[0].tokens[:shared])], [])

    def _read(self, asked: list[Run], rows: list[Any]) -> None:
        """One forward pass over several sequences; writes rows and keeps keys and values."""
        torch = self._torch
        kept = [self._kept(run) for run in asked]
        starts = [start for _, start in kept]
        fresh = [len(run.tokens) - start for run, start in zip(asked, starts, strict=True)]
        past, width, device = max(starts), max(fresh), self._model.device
        ids = torch.zeros((len(asked), width), dtype=torch.long)
        mask = torch.zeros((len(asked), past + width), dtype=torch.long)
        for at, (run, start) in enumerate(zip(asked, starts, strict=True)):
            ids[at, : fresh[at]] = torch.tensor(run.tokens[start:])
            # Keys stand to the left of the new tokens, with padding on both sides.
            mask[at, past - start : past + fresh[at]] = 1
        positions = torch.tensor(starts)[:, None] + torch.arange(width)
        # Rows wanted, as places behind the start; the same places are asked of every sequence.
        places = sorted(
            {
                length - 1 - start
                for run, start in zip(asked, starts, strict=True)
                for length in run.rows
            }
        )
        options: dict[str, Any] = {"attention_mask": mask.to(device), "use_cache": self._reuse}
        if "position_ids" in self._accepts:
            options["position_ids"] = positions.to(device)
        keeps = "logits_to_keep" in self._accepts
        if keeps:
            options["logits_to_keep"] = torch.tensor(places or [0], device=device)
        if self._reuse:
            cache = options[self._name] = self._past([layers for layers, _ in kept], starts)
        out = self._model(input_ids=ids.to(device), **options)
        logits = out.logits.detach().cpu()
        for at, (run, start) in enumerate(zip(asked, starts, strict=True)):
            for length, wanted in run.rows.items():
                place = length - 1 - start
                for row in wanted:
                    rows[row] = logits[at, places.index(place) if keeps else place]
        if self._reuse:
            for at, (run, start) in enumerate(zip(asked, starts, strict=True)):
                self._keep(run.tokens, cache, at, past - start)

    def _kept(self, run: Run) -> tuple[Layers | None, int]:
        """Keys and values of the closest kept context, and how many of its tokens can be used."""
        if not self._reuse:
            return None, 0
        tokens, shared = closest(run.tokens, self._cache)
        start = min(shared, min(run.rows, default=len(run.tokens)) - 1)
        if tokens is None or not start:
            return None, 0
        self._cache.move_to_end(tokens)
        return self._cache[tokens], start

    def _past(self, kept: list[Layers | None], starts: list[int]) -> Any:
        """The kept keys and values as one cache of transformers, padded on the left."""
        from transformers import DynamicCache

        cache = DynamicCache()
        some = next((layers for layers in kept if layers is not None), None)
        past = max(starts)
        for layer in range(len(some) if some is not None else 0):
            halves = []
            for half in (0, 1):
                like = some[layer][half]  # type: ignore[index]
                whole = like.new_zeros((len(kept), like.shape[0], past, like.shape[2]))
                for at, (layers, start) in enumerate(zip(kept, starts, strict=True)):
                    if layers is not None and start:
                        whole[at, :, past - start :] = layers[layer][half][:, :start]
                halves.append(whole)
            cache.update(halves[0], halves[1], layer)
        return cache

    def _keep(self, tokens: tuple[int, ...], cache: Any, at: int, padding: int) -> None:
        """Keeps the keys and values of a sequence, and drops the oldest over the limit."""
        end = padding + len(tokens)
        layers = [
            (layer.keys[at, :, padding:end].clone(), layer.values[at, :, padding:end].clone())
            for layer in cache.layers
        ]
        for other in [other for other in self._cache if other == tokens[: len(other)]]:
            del self._cache[other]  # the new one has all of it
        self._cache[tokens] = layers
        while self._cache and sum(map(len, self._cache)) > self._most:
            self._cache.popitem(last=False)
