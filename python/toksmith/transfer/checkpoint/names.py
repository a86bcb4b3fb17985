"""Which tensors have a row a token: by the names that architectures give them.

A name counts from a dot on: `model.decoder.embed_tokens.weight` is `embed_tokens.weight`. Start at
`matching`.
"""

from __future__ import annotations

from collections.abc import Iterable

INPUTS = (
    "embed_tokens.weight", "wte.weight", "shared.weight", "word_embeddings.weight",
    "embed_in.weight", "tok_embeddings.weight", "word_embedding.weight",
    "transformer.embeddings.weight", "backbone.embeddings.weight", "backbone.embedding.weight",
)  # fmt: skip
"""The input embedding; the earlier, the more it is the one that others are copies of."""

HEADS = (
    "lm_head.weight", "embed_out.weight", "predictions.decoder.weight", "lm_head.decoder.weight",
    "generator_lm_head.weight", "vocab_projector.weight", "pred_layer.proj.weight",
    "shared_head.head.weight", "=proj_out.weight", "=output.weight", "=decoder.weight",
    "=head.weight",
)  # fmt: skip
"""The output head; after `=` the whole name."""

BIASES = (
    "predictions.decoder.bias", "lm_head.decoder.bias", "lm_head.bias", "predictions.bias",
    "generator_lm_head.bias", "vocab_projector.bias", "pred_layer.proj.bias", "final_logits_bias",
    "=decoder.bias",
)  # fmt: skip
"""What is added to the logits."""

_HEAD_OF = (
    ("bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"),
    ("roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight"),
    ("distilbert.embeddings.word_embeddings.weight", "vocab_projector.weight"),
    ("embed_in.weight", "embed_out.weight"),
    ("embed_tokens.weight", "lm_head.weight"),
    ("wte.weight", "lm_head.weight"),
    ("shared.weight", "lm_head.weight"),
    ("transformer.word_embeddings.weight", "lm_head.weight"),
    ("backbone.embeddings.weight", "lm_head.weight"),
)

_HEADED = ("ForCausalLM", "LMHeadModel", "ForMaskedLM", "ForConditionalGeneration")


def matching(names: Iterable[str], known: tuple[str, ...]) -> list[str]:
    """The names that are among the known ones, best first."""
    found = [(_rank(name, known), name) for name in names]
    return [name for rank, name in sorted(found) if rank < len(known)]


def is_idle(bias: str, used: str) -> bool:
    """Whether a bias is of a head that has one of its own, which is what is added then.

    BERT and RoBERTa store both; only where head and embedding are tied are they the same numbers.
    """
    return used.endswith(".decoder.bias") and bias == used.removesuffix(".decoder.bias") + ".bias"


def head_of(embedding: str) -> str | None:
    """What the head is called where it gets a matrix of its own."""
    return next((head for name, head in _HEAD_OF if _ends(embedding, name)), None)


def has_head(architectures: object) -> bool:
    """Whether a configuration's architectures give logits of tokens."""
    if not isinstance(architectures, list):
        return False
    return any(isinstance(name, str) and name.endswith(_HEADED) for name in architectures)


def _rank(name: str, known: tuple[str, ...]) -> int:
    for rank, end in enumerate(known):
        if name == end[1:] if end.startswith("=") else _ends(name, end):
            return rank
    return len(known)


def _ends(name: str, end: str) -> bool:
    return name == end or name.endswith("." + end)
