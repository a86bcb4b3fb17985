"""A model's folder says which tensors have a row a token, and gives their rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toksmith as ts
from toksmith.transfer.checkpoint import Checkpoint
from transfer.small_models import from_bytes, make, tensor, write_tensors


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("shards", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_rows_are_those_of_the_file(tmp_path: Path, dtype: str, shards: bool, tied: bool) -> None:
    tensors = make(tmp_path / "model", dtype=dtype, shards=shards, tied=tied)
    model = Checkpoint.open(tmp_path / "model")
    assert (model.rows, model.dim, model.dtype, model.tied) == (40, 24, dtype, tied)
    assert model.input.name == "model.embed_tokens.weight"
    assert model.bias is None
    assert model.output is not None
    assert model.output.name == ("model.embed_tokens.weight" if tied else "lm_head.weight")
    for matrix in (model.input, model.output):
        want = from_bytes(tensors[matrix.name][2], dtype, 24)
        np.testing.assert_array_equal(matrix.read_block(0, 40), want)
        np.testing.assert_array_equal(matrix.read_block(3, 3), want[3:3])
        np.testing.assert_array_equal(matrix.read_rows([39, 0, 7, 7]), want[[39, 0, 7, 7]])
        np.testing.assert_array_equal(np.concatenate(list(matrix.blocks(100))), want)
        assert matrix.read_rows(np.empty(0, np.int64)).shape == (0, 24)
    with pytest.raises(ts.VocabularyError, match="no row 40"):
        model.read_rows([1, 40])
    with pytest.raises(ts.VocabularyError, match="no row -1"):
        model.read_rows([-1])
    with pytest.raises(ts.InputError, match="no such block"):
        model.read_block(5, 41)
    with pytest.raises(ts.InputError, match="integers"):
        model.read_rows([0.5])


NAMES = [
    # architecture, embedding, head, bias, whether the head is the embedding
    ("LlamaForCausalLM", "model.embed_tokens.weight", "lm_head.weight", None, False),
    ("GPT2LMHeadModel", "transformer.wte.weight", None, None, True),
    ("GPT2Model", "wte.weight", None, None, True),
    ("BertForMaskedLM", "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight",
     "cls.predictions.bias", False),
    ("BertForMaskedLM", "bert.embeddings.word_embeddings.weight", None, "cls.predictions.bias",
     True),
    ("BertModel", "embeddings.word_embeddings.weight", None, None, True),
    ("RobertaForMaskedLM", "roberta.embeddings.word_embeddings.weight", None, "lm_head.bias", True),
    ("T5ForConditionalGeneration", "shared.weight", "lm_head.weight", None, False),
    ("GPTNeoXForCausalLM", "gpt_neox.embed_in.weight", "embed_out.weight", None, False),
    ("BloomForCausalLM", "transformer.word_embeddings.weight", None, None, True),
    ("OPTForCausalLM", "model.decoder.embed_tokens.weight", None, None, True),
    ("BartForConditionalGeneration", "model.shared.weight", None, "final_logits_bias", True),
    ("GPTJForCausalLM", "transformer.wte.weight", "lm_head.weight", "lm_head.bias", False),
    ("MambaForCausalLM", "backbone.embeddings.weight", None, None, True),
    ("DistilBertForMaskedLM", "distilbert.embeddings.word_embeddings.weight", None,
     "vocab_projector.bias", True),
    ("Gemma3ForConditionalGeneration", "language_model.model.embed_tokens.weight", None, None,
     True),
]  # fmt: skip


@pytest.mark.parametrize(("architecture", "embedding", "head", "bias", "tied"), NAMES)
def test_tensors_are_found_by_the_names_of_architectures(
    tmp_path: Path, architecture: str, embedding: str, head: str | None, bias: str | None,
    tied: bool,
) -> None:  # fmt: skip
    shape = [1, 30] if bias == "final_logits_bias" else [30]
    tensors = {
        embedding: tensor(1, [30, 8], "float32"),
        "encoder.position_embeddings.weight": tensor(2, [16, 8], "float32"),
        "layers.0.weight": tensor(3, [8, 8], "float32"),
    }
    if head is not None:
        tensors[head] = tensor(4, [30, 8], "float32")
    if bias is not None:
        tensors[bias] = tensor(5, shape, "float32")
    write_tensors(tmp_path / "model.safetensors", tensors)
    size = {"vocab_size": 30, "tie_word_embeddings": tied}
    nested = architecture.startswith("Gemma3")
    config = {"text_config": size} if nested else size
    (tmp_path / "config.json").write_text(json.dumps(config | {"architectures": [architecture]}))
    model = Checkpoint.open(tmp_path)
    assert (model.input.name, model.tied) == (embedding, tied)
    assert model.output is not None
    assert model.output.name == (head if head is not None and not tied else embedding)
    assert (model.bias.name if model.bias else None) == bias
    if model.bias:
        want = from_bytes(tensors[model.bias.name][2], "float32", 1)
        np.testing.assert_array_equal(model.bias.read_block(0, 30), want)


def folder(path: Path, config: dict[str, Any], **tensors: tuple[str, list[int], bytes]) -> Path:
    path.mkdir()
    named = {name.replace("__", "."): one for name, one in tensors.items()}
    write_tensors(path / "model.safetensors", named)
    (path / "config.json").write_text(json.dumps(config))
    return path


def test_stored_copies_are_one_matrix(tmp_path: Path) -> None:
    one = tensor(1, [30, 8], "float16")
    path = folder(
        tmp_path / "t5", {"vocab_size": 30}, shared__weight=one,
        encoder__embed_tokens__weight=one, decoder__embed_tokens__weight=one, lm_head__weight=one,
    )  # fmt: skip
    model = Checkpoint.open(path)
    assert model.tied
    assert {model.input.name, *model.input.copies} == {
        "shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight",
        "lm_head.weight",
    }  # fmt: skip


def test_what_cannot_be_decided_is_listed(tmp_path: Path) -> None:
    one, two = tensor(1, [30, 8], "float32"), tensor(2, [30, 8], "float32")
    unlike = folder(tmp_path / "a", {"vocab_size": 30}, a__embed_tokens__weight=one,
                    b__embed_tokens__weight=two)  # fmt: skip
    with pytest.raises(ts.ModelError, match=r"a\.embed_tokens.*b\.embed_tokens"):
        Checkpoint.open(unlike)
    assert Checkpoint.open(
        unlike, input="a.embed_tokens.weight", keep=["b.embed_tokens.weight"]
    ).tied

    unknown = folder(
        tmp_path / "b", {"vocab_size": 30}, rows=one, other=tensor(3, [9, 8], "float32")
    )
    with pytest.raises(ts.ModelError, match=r"say input=, one of rows \(F32 \[30, 8\]\)"):
        Checkpoint.open(unknown)
    assert Checkpoint.open(unknown, input="rows").dim == 8

    headed = {"vocab_size": 30, "tie_word_embeddings": False, "architectures": ["XForCausalLM"]}
    no_head = folder(tmp_path / "c", headed, embed_tokens__weight=one, strange=two)
    with pytest.raises(ts.ModelError, match=r"say output=.*strange"):
        Checkpoint.open(no_head)
    model = Checkpoint.open(no_head, output="strange")
    assert model.output is not None
    assert (model.output.name, model.tied) == ("strange", False)

    tied = {"vocab_size": 30, "tie_word_embeddings": True}
    both = folder(tmp_path / "d", tied, embed_tokens__weight=one, lm_head__weight=two)
    with pytest.raises(ts.ModelError, match="differ"):
        Checkpoint.open(both)
    assert not Checkpoint.open(both, tied=False).tied
    assert Checkpoint.open(both, tied=True).tied

    third = folder(tmp_path / "e", {"vocab_size": 30}, embed_tokens__weight=one, mystery=two)
    with pytest.raises(ts.UnsupportedFeature, match="mystery"):
        Checkpoint.open(third)
    assert Checkpoint.open(third, keep=["mystery"]).tied
    with pytest.raises(ts.ModelError, match="nothing"):
        Checkpoint.open(third, keep=["nothing"])


def test_configuration_and_rows_must_agree(tmp_path: Path) -> None:
    one = tensor(1, [30, 8], "float32")
    path = folder(tmp_path / "a", {"vocab_size": 31}, embed_tokens__weight=one)
    with pytest.raises(ts.ModelError, match=r"30 rows, but config\.json says vocab_size 31"):
        Checkpoint.open(path)
    for size in ("30", 1.5, -1, True, None):
        (path / "config.json").write_text(json.dumps({"vocab_size": size}))
        with pytest.raises(ts.ModelError, match="vocab_size"):
            Checkpoint.open(path)
    short = tensor(1, [29, 8], "float32")
    path = folder(tmp_path / "b", {"vocab_size": 30}, embed_tokens__weight=one,
                  lm_head__weight=short)  # fmt: skip
    with pytest.raises(ts.ModelError, match="29 rows"):
        Checkpoint.open(path)
