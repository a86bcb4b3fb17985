"""Promise: an accelerated tokenizer of transformers behaves as the one it was made from."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

import toksmith as ts
from integrations.transformers_pairs import FOLDERS, original, outcome, transformers, twin
from toksmith.integrations.transformers import accelerate, from_transformers

every = pytest.mark.parametrize("name", FOLDERS)

TEXT = "Hello, wörld! It's 10 \U0001f600 tokens…"
OTHER = "A second text,  which is a bit longer than the first."


@every
def test_everything_else(name: str) -> None:
    theirs, ours = original(name), twin(name)
    ids = theirs(TEXT)["input_ids"]
    special = theirs.all_special_tokens[0]
    for call in (
        lambda tok: tok.encode(TEXT),
        lambda tok: tok.decode(ids),
        lambda tok: tok.decode(ids, skip_special_tokens=True),
        lambda tok: tok.batch_decode([ids, ids[:3], []]),
        lambda tok: tok.tokenize(f"{TEXT} {special}x"),
        lambda tok: tok(f"a{special} b")["input_ids"],
        lambda tok: tok.convert_ids_to_tokens(ids),
        lambda tok: tok.convert_tokens_to_ids(["a", special, "no such token"]),
        lambda tok: tok.convert_tokens_to_string(tok.convert_ids_to_tokens(ids)),
        lambda tok: (len(tok), tok.vocab_size, tok.get_vocab() == theirs.get_vocab()),
        lambda tok: tok.num_special_tokens_to_add(pair=True),
        lambda tok: (tok.all_special_ids, tok.special_tokens_map),
        lambda tok: tok.decode([10**9]),
        lambda tok: tok(5),
        lambda tok: tok.get_added_vocab(),
    ):
        assert outcome(lambda call=call: call(ours)) == outcome(lambda call=call: call(theirs))
    template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}"
    messages = [{"role": "user", "content": TEXT}]
    pytest.importorskip("jinja2")
    for tokenize in (False, True):
        options = {"chat_template": template, "tokenize": tokenize}
        assert outcome(lambda o=options: ours.apply_chat_template(messages, **o)) == outcome(
            lambda o=options: theirs.apply_chat_template(messages, **o)
        )


@every
def test_changed_copied_and_saved(name: str, tmp_path: Path) -> None:
    theirs, ours = copy.deepcopy(original(name)), copy.deepcopy(twin(name))
    new = ["<new>", transformers.AddedToken("<left>", lstrip=True), "wörld"]
    assert ours.add_tokens(new) == theirs.add_tokens(new)
    symbols = {"additional_special_tokens": ["<extra>"]}
    assert ours.add_special_tokens(symbols) == theirs.add_special_tokens(symbols)
    text = f"{TEXT} <new>  <left> <extra>x"
    right = theirs(text)["input_ids"]
    assert ours(text)["input_ids"] == right
    assert ours.decode(right, skip_special_tokens=True) == theirs.decode(
        right, skip_special_tokens=True
    )
    assert pickle.loads(pickle.dumps(ours))(text)["input_ids"] == right
    # The one it was made from has not changed.
    assert "<new>" not in original(name).get_vocab()
    assert "<new>" not in twin(name).get_vocab()
    ours.save_pretrained(tmp_path)
    again = type(theirs).from_pretrained(tmp_path)
    assert again(text)["input_ids"] == right
    assert accelerate(again)(text)["input_ids"] == right


@every
def test_as_a_native_tokenizer(name: str) -> None:
    tok = from_transformers(original(name))
    for text in (TEXT, OTHER):
        right = original(name)(text, add_special_tokens=False)["input_ids"]
        assert tok.encode(text) == right


def test_mapping_a_dataset_in_two_processes_reuses_its_cache(tmp_path: Path) -> None:
    datasets: Any = pytest.importorskip("datasets")
    from datasets.fingerprint import Hasher

    texts = datasets.Dataset.from_dict({"text": [TEXT, OTHER] * 20})
    texts.save_to_disk(tmp_path / "texts")
    files = []
    for _ in range(2):
        ours = accelerate(original("bert, json"))
        data = datasets.load_from_disk(tmp_path / "texts")
        mapped = data.map(Encode(ours), batched=True, num_proc=2)
        files.append([file["filename"] for file in mapped.cache_files])
        assert mapped[1]["input_ids"] == original("bert, json")(OTHER)["input_ids"]
        assert Hasher.hash(ours) == Hasher.hash(accelerate(original("bert, json")))
    assert files[0] == files[1]


class Encode:
    """A function for `datasets.map`."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def __call__(self, rows: dict[str, list[str]]) -> Any:
        return self.tokenizer(rows["text"], truncation=True, max_length=16)
