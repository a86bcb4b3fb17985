"""Adapters give the logits of their library's own call, whatever they have kept."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import toksmith as ts
from byte_probs.random_rows import RandomRows
from toksmith.byte_probs.prefix_runs import runs
from toksmith.integrations.llama_cpp import LlamaCpp


def batches(vocab: int, seed: int = 0) -> Iterator[list[tuple[int, ...]]]:
    """Contexts that go on from each other, as those of byte states do."""
    draw = random.Random(seed)
    base = [draw.randrange(vocab) for _ in range(24)]
    for _ in range(25):
        yield [
            (
                *base[: draw.randrange(1, 25)],
                *(draw.randrange(vocab) for _ in range(draw.randrange(4))),
            )
            for _ in range(draw.randrange(1, 6))
        ]
        if draw.random() < 0.3:
            base[12:] = [draw.randrange(vocab) for _ in range(12)]


def test_no_context_is_read_twice() -> None:
    for contexts in batches(3):
        found = runs(contexts)
        assert sorted(at for run in found for rows in run.rows.values() for at in rows) == list(
            range(len(contexts))
        )
        for run in found:
            for length, rows in run.rows.items():
                assert all(run.tokens[:length] == contexts[at] for at in rows)
            others = [other.tokens for other in found if other is not run]
            assert not any(other[: len(run.tokens)] == run.tokens for other in others)


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_models_of_transformers(name: str) -> None:
    torch = pytest.importorskip("torch", reason="needs torch")
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    from toksmith.integrations.causal_lm import CausalLM

    torch.manual_seed(0)
    if name == "llama":
        config = transformers.LlamaConfig(
            vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
        )  # fmt: skip
        model = transformers.LlamaForCausalLM(config)
    else:
        config = transformers.GPT2Config(
            vocab_size=97, n_embd=32, n_layer=2, n_head=4, n_positions=64,
            bos_token_id=0, eos_token_id=0,
        )  # fmt: skip
        model = transformers.GPT2LMHeadModel(config)
    with pytest.raises(ts.InputError, match="training"):
        CausalLM(model.train())
    model.eval()
    ways = [CausalLM(model), CausalLM(model, cached_tokens=30), CausalLM(model, reuse=False)]
    for contexts in batches(97):
        with torch.inference_mode():
            want = [model(torch.tensor([context])).logits[0, -1] for context in contexts]
        for way in ways:
            torch.testing.assert_close(way(contexts), torch.stack(want), atol=1e-5, rtol=0)
    with pytest.raises(ts.InputError, match="empty"):
        ways[0]([()])


class FakeLlama:
    """What `LlamaCpp` uses of `llama_cpp.Llama`: one sequence, read from where it was cut off."""

    def __init__(self, vocab: int, logits_all: bool = True) -> None:
        self._logits_all = logits_all
        self.rows = RandomRows(vocab)
        self.n_tokens, self.read = 0, 0
        self.input_ids = np.zeros(64, np.intc)
        self.scores = np.zeros((64, vocab), np.float32)

    def n_ctx(self) -> int:
        return 64

    def n_vocab(self) -> int:
        return self.rows.width

    def eval(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            self.input_ids[self.n_tokens] = token
            self.n_tokens += 1
            context = tuple(self.input_ids[: self.n_tokens].tolist())
            self.scores[self.n_tokens - 1] = self.rows.row(context)
            self.read += 1


def test_models_of_llama_cpp() -> None:
    llama: Any = FakeLlama(40)
    model, asked = LlamaCpp(llama), 0
    for contexts in batches(40):
        want = np.array([llama.rows.row(context) for context in contexts], np.float32)
        np.testing.assert_array_equal(model(contexts), want)
        asked += sum(map(len, contexts))
    assert llama.read < asked / 2
    with pytest.raises(ts.InputError, match="logits_all"):
        LlamaCpp(FakeLlama(40, logits_all=False))
    with pytest.raises(ts.InputError, match="Llama"):
        LlamaCpp(object())
    for context in ([], [1] * 65):
        with pytest.raises(ts.InputError, match="context"):
            model([context])
