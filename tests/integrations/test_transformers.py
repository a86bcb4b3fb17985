"""Promise: an accelerated tokenizer of transformers does all else, too, as the original does."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toksmith as ts
from integrations.transformers_pairs import FOLDERS, original, outcome, transformers, twin
from toksmith.integrations.transformers import Backend, accelerate, from_transformers

every = pytest.mark.parametrize("name", FOLDERS)
fast = pytest.mark.parametrize("name", [name for name in FOLDERS if not name.startswith("slow")])

TEXT = "Hello, wörld! It's 10 \U0001f600 tokens…"
OTHER = "A second text,  which is a bit longer than the first."
TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{% generation %}{{ m.content }}{{ eos_token }}"
    "{% endgeneration %}{% endfor %}"
)


def agree(name: str, *calls: Any) -> None:
    """That calls give the same of the original and of the twin, or raise the same."""
    for number, call in enumerate(calls):
        right = outcome(lambda call=call: call(original(name)))
        assert outcome(lambda call=call: call(twin(name))) == right, number


@every
def test_decoding(name: str) -> None:
    ids = original(name)(f"{TEXT} Hello , do n't .")["input_ids"]
    agree(
        name,
        lambda tok: tok.decode(ids),
        lambda tok: tok.decode(ids, skip_special_tokens=True),
        lambda tok: tok.decode(ids, clean_up_tokenization_spaces=True),
        lambda tok: tok.decode(np.array(ids)),
        lambda tok: tok.decode(ids[1]),
        lambda tok: tok.decode([ids, ids[:2]]),
        lambda tok: tok.decode([10**9]),
        lambda tok: tok.decode([-1]),
        lambda tok: tok.decode("no ids"),
        lambda tok: tok.batch_decode([ids, ids[:3], []]),
        lambda tok: tok.batch_decode(np.array([ids, ids]), skip_special_tokens=True),
        lambda tok: tok.convert_tokens_to_string(tok.convert_ids_to_tokens(ids)),
    )


@every
def test_vocabulary(name: str) -> None:
    ids = original(name)(TEXT)["input_ids"]
    special = original(name).all_special_tokens[0]
    agree(
        name,
        lambda tok: len(tok.encode(TEXT)),
        lambda tok: tok.tokenize(f"{TEXT} {special}x"),
        lambda tok: tok.tokenize(TEXT, pair=OTHER, add_special_tokens=True),
        lambda tok: tok.convert_ids_to_tokens(ids),
        lambda tok: tok.convert_ids_to_tokens(ids, skip_special_tokens=True),
        lambda tok: tok.convert_ids_to_tokens([0, 10**8]),
        lambda tok: tok.convert_tokens_to_ids(["a", special, "no such token"]),
        lambda tok: (len(tok), tok.vocab_size, tok.get_vocab()),
        lambda tok: (tok.get_added_vocab(), repr(tok.added_tokens_decoder)),
        lambda tok: tok.num_special_tokens_to_add(pair=True),
        lambda tok: tok.get_special_tokens_mask(ids, already_has_special_tokens=True),
        lambda tok: (tok.all_special_ids, tok.special_tokens_map, tok.is_fast),
        lambda tok: tok.pad(tok([TEXT, "a"]), padding=True, return_tensors="np"),
        lambda tok: tok(TEXT, no_such_argument=1),
        lambda tok: tok(TEXT, text_target=OTHER),
        lambda tok: repr(tok),
    )


@every
def test_chat_templates(name: str) -> None:
    pytest.importorskip("jinja2")
    special = original(name).all_special_tokens[0]
    chat = [{"role": "user", "content": TEXT}, {"role": "assistant", "content": f"x{special}y"}]
    options: list[dict[str, Any]] = [
        {"tokenize": False},
        {"tokenize": False, "continue_final_message": True},
        {},
        {"return_dict": True, "sanitize_control_tokens": True},
        {"return_dict": True, "return_assistant_tokens_mask": True},
        {"return_dict": True, "padding": True, "return_tensors": "np"},
    ]
    for given in options:
        agree(
            name,
            lambda tok, o=given: tok.apply_chat_template(chat, chat_template=TEMPLATE, **o),
            lambda tok, o=given: tok.apply_chat_template(
                [chat, chat[:1]], chat_template=TEMPLATE, **o
            ),
        )


# Of the two with a large Unigram model one is enough: it takes seconds.
@pytest.mark.parametrize("name", [name for name in FOLDERS if name != "t5"])
def test_changed_copied_and_saved(name: str, tmp_path: Path) -> None:
    theirs, ours = copy.deepcopy(original(name)), copy.deepcopy(twin(name))
    assert type(ours) is type(theirs)
    assert isinstance(ours, transformers.PreTrainedTokenizerBase)
    kinds: Any = transformers.AddedToken
    for tokenizer in (theirs, ours):
        new = ["<new>", kinds("<Left>", lstrip=True), kinds("<Raw>", normalized=False), "wörld"]
        assert tokenizer.add_tokens(new) == 4 - ("wörld" in original(name).get_vocab())
        # Whether a special token is normalized is not said here.
        symbol = kinds("<Extra>", rstrip=True)
        tokenizer.add_special_tokens({"additional_special_tokens": [symbol, "<PAD>"]})
        assert symbol.special
        tokenizer.add_tokens([])
        tokenizer.chat_template = TEMPLATE
    agreed = [repr(tokenizer.added_tokens_decoder) for tokenizer in (theirs, ours)]
    assert agreed[0] == agreed[1]
    for wrong in ([5], [None]):
        right = outcome(lambda wrong=wrong: theirs.add_tokens(wrong))
        assert outcome(lambda wrong=wrong: ours.add_tokens(wrong)) == right
    text = f"{TEXT} <new>  <left> <Left> <raw> <Raw> <extra> <Extra>  x<pad><PAD>"
    right = theirs(text)["input_ids"]
    assert ours(text)["input_ids"] == right
    for skip in (True, False):
        expected = theirs.decode(right, skip_special_tokens=skip)
        assert ours.decode(right, skip_special_tokens=skip) == expected
    assert pickle.loads(pickle.dumps(ours))(text)["input_ids"] == right
    # The one it was made from has not changed.
    assert "<new>" not in original(name).get_vocab()
    assert "<new>" not in twin(name).get_vocab()
    # What is saved is the same to the byte, with the limits of the last call in it.
    for tokenizer, folder in ((theirs, tmp_path / "theirs"), (ours, tmp_path / "ours")):
        tokenizer([TEXT, "a"], truncation=True, max_length=9, padding=True)
        tokenizer.save_pretrained(folder)
    saved = sorted((tmp_path / "theirs").iterdir())
    assert [file.name for file in saved] == [
        file.name for file in sorted((tmp_path / "ours").iterdir())
    ]
    for file in saved:
        assert content(tmp_path / "ours" / file.name) == content(file)
    # Of special tokens the files do not keep all flags.
    right = type(theirs).from_pretrained(tmp_path / "theirs")(text)["input_ids"]
    again = type(theirs).from_pretrained(tmp_path / "ours")
    assert again(text)["input_ids"] == right
    assert accelerate(again)(text)["input_ids"] == right


def content(file: Path) -> Any:
    """A saved file: its bytes, or if it has scores its data.

    A copy of a tokenizer of tokenizers has other last digits in its scores than the tokenizer.
    """
    data = file.read_bytes()
    if file.name != "tokenizer.json" or b'"Unigram"' not in data:
        return data
    found = json.loads(data)
    vocab = found["model"]["vocab"]
    found["model"]["vocab"] = [(piece, round(score, 9)) for piece, score in vocab]
    return found


@pytest.mark.parametrize("name", ["bert, json", "gpt2", "mistral, json"])
def test_components_of_tokenizers_can_be_set(name: str) -> None:
    from tokenizers import decoders, normalizers, pre_tokenizers

    found = []
    for tokenizer in (copy.deepcopy(original(name)), copy.deepcopy(twin(name))):
        backend = tokenizer.backend_tokenizer
        before = tokenizer(TEXT)["input_ids"]
        outcome(lambda tok=tokenizer: setattr(tok, "add_bos_token", True))
        after = tokenizer(TEXT)["input_ids"]
        backend.normalizer = normalizers.Lowercase()
        backend.pre_tokenizer = pre_tokenizers.Whitespace()
        backend.decoder = decoders.Fuse()
        ids = tokenizer(TEXT)["input_ids"]
        found.append((before, after, ids, tokenizer.decode(ids)))
    assert found[0] == found[1]
    custom = pre_tokenizers.PreTokenizer.custom(object())
    ours = copy.deepcopy(twin(name)).backend_tokenizer
    with pytest.raises(ts.UnsupportedFeature, match="pre_tokenizer"):
        ours.pre_tokenizer = custom


@fast
def test_the_original_stays_as_it_was(name: str) -> None:
    theirs = original(name)
    backend = theirs.backend_tokenizer
    assert type(backend).__module__ == "tokenizers"
    ours = accelerate(theirs)
    assert isinstance(ours.backend_tokenizer, Backend)
    assert theirs.backend_tokenizer is backend
    ours(TEXT, truncation=True, max_length=3)
    theirs(TEXT)
    assert backend.truncation is None
    assert transformers.PreTrainedTokenizerFast.backend_tokenizer.fget(theirs) is backend
    # What has been accelerated can be again.
    assert accelerate(ours)(OTHER)["input_ids"] == theirs(OTHER)["input_ids"]


@every
def test_as_a_native_tokenizer(name: str) -> None:
    for source in (original(name), twin(name)):
        tok = from_transformers(source)
        for text in (TEXT, OTHER):
            right = original(name)(text, add_special_tokens=False)["input_ids"]
            assert tok.encode(text) == right


def test_clip_decodes_with_a_method_that_it_puts_on_its_backend() -> None:
    pieces = ["h", "e", "l", "o</w>", "w</w>", "he", "lo</w>"]
    vocab = {piece: number for number, piece in enumerate(pieces)}
    symbols = {"<|startoftext|>": 7, "<|endoftext|>": 8}
    clip = transformers.CLIPTokenizer(vocab=vocab | symbols, merges=[("h", "e"), ("l", "o</w>")])
    ids = clip("helo w")["input_ids"]
    ours = accelerate(clip)
    assert ours("helo w")["input_ids"] == ids
    assert ours.decode(ids) == clip.decode(ids)
    assert accelerate(ours).decode(ids) == clip.decode(ids)
    clip.backend_tokenizer.encode_batch = None
    with pytest.raises(ts.UnsupportedFeature, match="encode_batch"):
        accelerate(clip)


def test_a_backend_with_a_part_written_in_python_is_refused() -> None:
    from tokenizers.pre_tokenizers import PreTokenizer

    theirs = copy.deepcopy(original("bert, json"))
    theirs.backend_tokenizer.pre_tokenizer = PreTokenizer.custom(object())
    for call in (accelerate, from_transformers):
        with pytest.raises(ts.UnsupportedFeature, match=r"BertTokenizer.*cannot be saved"):
            call(theirs)


def test_mapping_a_dataset_in_two_processes_reuses_its_cache(tmp_path: Path) -> None:
    datasets: Any = pytest.importorskip("datasets")
    from datasets.fingerprint import Hasher

    texts = datasets.Dataset.from_dict({"text": [TEXT, OTHER] * 20})
    texts.save_to_disk(tmp_path / "texts")
    files = []
    for ours in (twin("bert, json"), twin("bert, json"), accelerate(original("bert, json"))):
        data = datasets.load_from_disk(tmp_path / "texts")
        mapped = data.map(Encode(ours), batched=True, num_proc=2)
        files.append([(file["filename"], written(file["filename"])) for file in mapped.cache_files])
        assert mapped[1]["input_ids"] == original("bert, json")(OTHER)["input_ids"]
        assert Hasher.hash(ours) == Hasher.hash(accelerate(original("bert, json")))
    assert len(files[0]) == 2
    assert files[0] == files[1] == files[2]


def written(file: str) -> int:
    """When a file was written."""
    return Path(file).stat().st_mtime_ns


class Encode:
    """A function for `datasets.map`."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def __call__(self, rows: dict[str, list[str]]) -> Any:
        return self.tokenizer(rows["text"])
