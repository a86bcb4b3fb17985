"""What a folder says of its vocabulary after a rewrite, and that transformers loads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import families
import toksmith as ts
from toksmith.transfer.checkpoint import Checkpoint, rewrite
from transfer.small_models import make, recipe

TEXTS = ["Hello world", "caf\u00e9 \u4e2d\u6587  x", "", "<s> a</s>", "it's 1234 \U0001f600"]


def tokenizer(name: str = "trained byte-level BPE") -> ts.Tokenizer:
    """Of some 500 tokens; it has <unk>, <s> and </s>."""
    return ts.Tokenizer.from_bytes(families.jsons()[name].encode())


def rewritten(
    path: Path, tok: ts.Tokenizer | None, config: dict[str, Any] | None = None, **options: Any
) -> tuple[dict[str, Any], Any]:
    """The configuration after a rewrite, and what was told."""
    if not (path / "model").exists():
        make(path / "model", tied=True, config=config)
    model = Checkpoint.open(path / "model")
    size = options.pop("vocab_size", None) or len(tok or "")
    done = rewrite(model, path / "new", input_rows=recipe(size, 40), tokenizer=tok,
                   vocab_size=size, overwrite=True, **options)  # fmt: skip
    return json.loads((path / "new" / "config.json").read_text()), done


def test_ids_of_roles_are_those_of_the_new_tokenizer(tmp_path: Path) -> None:
    tok = tokenizer()
    special = tok.special_ids
    config = {"pad_token_id": 0, "unk_token_id": 3, "decoder_start_token_id": 2,
              "image_token_id": 9, "eos_token_id": [2, 5], "hidden_size": 24}  # fmt: skip
    found, done = rewritten(tmp_path, tok, config)
    assert found["vocab_size"] == len(tok)
    assert found["bos_token_id"] == special["<s>"] == done.roles["bos"]
    assert found["eos_token_id"] == special["</s>"]
    assert found["unk_token_id"] == special["<unk>"]
    assert (found["pad_token_id"], found["image_token_id"]) == (None, None)
    assert [note.split(": ")[1].split()[0] for note in done.notes] == [
        "pad_token_id", "decoder_start_token_id", "image_token_id"
    ]  # fmt: skip
    found, done = rewritten(
        tmp_path, tok, roles={"pad": "<unk>", "unk": None, "eos": 7},
        special_map={9: 11, 2: special["</s>"]},
    )  # fmt: skip
    assert (found["pad_token_id"], found["image_token_id"]) == (special["<unk>"], 11)
    assert (found["unk_token_id"], found["eos_token_id"]) == (None, 7)
    assert found["decoder_start_token_id"] == special["</s>"]
    wrong: tuple[dict[str, Any], ...] = ({"cook": 1}, {"eos": 1.5}, {"eos": True})
    for roles in wrong:
        with pytest.raises(ts.InputError, match="roles"):
            rewritten(tmp_path, tok, roles=roles)
    wrong = ({"eos": "nothing"}, {"eos": 10**6})
    for roles in wrong:
        with pytest.raises(ts.VocabularyError):
            rewritten(tmp_path, tok, roles=roles)
    with pytest.raises(ts.VocabularyError, match="tokenizer has"):
        rewritten(tmp_path, tok, vocab_size=len(tok) - 1)


def test_an_id_that_another_key_shares_follows_it(tmp_path: Path) -> None:
    config = {"decoder_start_token_id": 1, "forced_eos_token_id": 2}
    found, done = rewritten(tmp_path, tokenizer(), config, roles={"bos": 7, "eos": 9})
    assert found["decoder_start_token_id"] == found["bos_token_id"] == 7
    assert found["forced_eos_token_id"] == found["eos_token_id"] == 9
    assert done.notes == ()


def test_parts_about_text_and_generation_follow(tmp_path: Path) -> None:
    make(tmp_path / "model", tied=True, config={
        "text_config": {"vocab_size": 40, "eos_token_id": 2}, "vision_config": {"vocab_size": 9},
    })  # fmt: skip
    generation = {"eos_token_id": [2, 3], "bos_token_id": 1, "temperature": 0.6,
                  "suppress_tokens": [5, 6], "begin_suppress_tokens": [1, 2]}  # fmt: skip
    (tmp_path / "model" / "generation_config.json").write_text(json.dumps(generation))
    tok = tokenizer()
    found, done = rewritten(tmp_path, tok)
    assert found["text_config"]["vocab_size"] == len(tok)
    assert found["text_config"]["eos_token_id"] == tok.special_ids["</s>"]
    assert found["vision_config"] == {"vocab_size": 9}
    said = json.loads((tmp_path / "new" / "generation_config.json").read_text())
    assert (said["eos_token_id"], said["temperature"]) == (tok.special_ids["</s>"], 0.6)
    assert said["suppress_tokens"] is None
    assert any("suppress_tokens was [5, 6]" in note for note in done.notes)


def test_without_a_tokenizer_ids_stay_but_must_be_rows(tmp_path: Path) -> None:
    found, _ = rewritten(tmp_path, None, {"eos_token_id": 39}, vocab_size=50)
    assert (found["vocab_size"], found["eos_token_id"]) == (50, 39)
    with pytest.raises(ts.VocabularyError, match="eos_token_id is 39"):
        rewritten(tmp_path, None, vocab_size=39)


def test_no_file_of_the_old_tokenizer_stays(tmp_path: Path) -> None:
    make(tmp_path / "model", tied=True)
    stale = ["tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "vocab.txt",
             "vocab.json", "merges.txt", "added_tokens.json", "chat_template.jinja", "source.spm",
             "special_tokens_map.json", "tokenizer.json"]  # fmt: skip
    for name in stale:
        (tmp_path / "model" / name).write_text("old")
    said = {"model_max_length": 77, "bos_token": "old", "chat_template": "old", "legacy": True}
    (tmp_path / "model" / "tokenizer_config.json").write_text(json.dumps(said))
    tok = tokenizer()
    _, done = rewritten(tmp_path, tok)
    assert {*stale, "tokenizer_config.json"} == set(done.left_out)
    new = {path.name: path for path in (tmp_path / "new").iterdir()}
    assert set(new) == {"config.json", "model.safetensors", "tokenizer.json",
                        "tokenizer_config.json", "special_tokens_map.json"}  # fmt: skip
    assert b"old" not in b"".join(path.read_bytes() for path in new.values())
    assert ts.Tokenizer.from_file(tmp_path / "new" / "tokenizer.json") == tok
    assert Checkpoint.open(tmp_path / "new").padding(tok) == 0
    with pytest.raises(ts.VocabularyError, match="40 rows"):
        Checkpoint.open(tmp_path / "model").padding(tok)
    config = json.loads(new["tokenizer_config.json"].read_text())
    assert (config["model_max_length"], config["bos_token"]) == (77, "<s>")


@pytest.mark.parametrize("name", [
    "trained byte-level BPE", "trained BPE", "trained Unigram", "trained WordPiece", "llama",
])  # fmt: skip
@pytest.mark.parametrize("model_type", ["llama", "gpt2", "bert", "t5"])
def test_transformers_reads_the_tokenizer(tmp_path: Path, name: str, model_type: str) -> None:
    transformers = pytest.importorskip("transformers")
    tok = tokenizer(name)
    rewritten(tmp_path, tok, {"model_type": model_type})
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "new")
    for text in TEXTS:
        want = tok.encode(text, allowed_special="all")
        assert theirs.encode(text, add_special_tokens=False) == want
    assert transformers.AutoConfig.from_pretrained(tmp_path / "new").vocab_size == len(tok)
    if "</s>" in tok.special_ids:
        assert theirs.eos_token_id == tok.special_ids["</s>"]


def _llama(transformers: Any, tied: bool) -> Any:
    config = transformers.LlamaConfig(
        vocab_size=40, hidden_size=24, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=2, tie_word_embeddings=tied,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config)


def _gpt2(transformers: Any, tied: bool) -> Any:
    config = transformers.GPT2Config(
        vocab_size=40, n_embd=24, n_layer=2, n_head=2, n_positions=64, bos_token_id=39,
        eos_token_id=39, tie_word_embeddings=tied,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config)


def _bert(transformers: Any, tied: bool) -> Any:
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=24, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=48, max_position_embeddings=64, tie_word_embeddings=tied,
    )  # fmt: skip
    model = transformers.BertForMaskedLM(config)
    model.cls.predictions.bias.data.normal_()
    return model


def _t5(transformers: Any, _tied: bool) -> Any:
    config = transformers.T5Config(
        vocab_size=40, d_model=24, d_kv=12, d_ff=48, num_layers=1, num_heads=2,
        decoder_start_token_id=0,
    )  # fmt: skip
    return transformers.T5ForConditionalGeneration(config)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("build", [_llama, _gpt2, _bert, _t5])
@pytest.mark.parametrize("shards", [False, True])
def test_a_model_of_transformers_computes_as_before(
    tmp_path: Path, build: Callable[[Any, bool], Any], tied: bool, dtype: str, shards: bool
) -> None:
    """Old rows in another order: logits are the old ones in that order."""
    torch = pytest.importorskip("torch", reason="needs torch")
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    torch.manual_seed(0)
    tied = tied or build is _t5  # transformers 5 ties T5 always.
    model = build(transformers, tied).to(getattr(torch, dtype)).eval()
    size = "20KB" if shards else "1GB"
    model.save_pretrained(tmp_path / "model", max_shard_size=size)
    checkpoint = Checkpoint.open(tmp_path / "model")
    assert (checkpoint.tied, checkpoint.dtype) == (tied, dtype)

    tok = tokenizer()
    count = len(tok)
    order = np.random.default_rng(0).integers(0, 40, count)
    copies = (np.arange(count + 1), order.astype(np.uint32), np.ones(count, np.float32))
    made = recipe(count, 40)._replace(indptr=copies[0], ids=copies[1], weights=copies[2])
    head = {} if tied else {"output_rows": made}
    rewrite(checkpoint, tmp_path / "new", input_rows=made, tokenizer=tok, pad_to_multiple=64,
            roles={"pad": "<unk>"}, **head)  # type: ignore[arg-type]  # fmt: skip
    new, info = type(model).from_pretrained(
        tmp_path / "new", output_loading_info=True, dtype=getattr(torch, dtype)
    )
    assert not any(info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    ids = torch.tensor([tok.encode("Hello world, it is late")])
    old_ids = torch.tensor(order)[ids]
    more = {"decoder_input_ids": ids} if new.config.is_encoder_decoder else {}
    old_more = {"decoder_input_ids": old_ids} if more else {}
    with torch.no_grad():
        got = new.eval()(input_ids=ids, **more).logits[0, :, :count]
        want = model(input_ids=old_ids, **old_more).logits[0][:, torch.tensor(order)]
    assert torch.allclose(got, want, atol=1e-5 if dtype == "float32" else 0.05)
    assert new.get_input_embeddings().weight.shape[0] == -(-count // 64) * 64
    if new.can_generate():
        new.generate(ids, max_new_tokens=3, do_sample=False)
