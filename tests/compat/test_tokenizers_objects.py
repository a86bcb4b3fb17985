"""Promise: tokenizers of `compat.tokenizers` are saved, pickled, copied and shared by threads."""

from __future__ import annotations

import copy
import json
import pickle
import pickletools
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import tokenizers

import toksmith.compat.tokenizers as ours
from compat.hf_pairs import DATA, MODULES, assert_same_encodings, pair_of, pair_of_data, same_json
from formats.pipelines import pipelines

PIPELINES = dict(pipelines())


@pytest.mark.parametrize("name", DATA)
def test_files_are_the_same_in_content(name: str, tmp_path: Path) -> None:
    pair = pair_of_data(name)
    pair[0].enable_padding(length=3)
    pair[1].enable_padding(length=3)
    assert same_json(pair)
    pair[1].save(str(tmp_path / "tokenizer.json"))
    loaded = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert same_json((pair[0], loaded))


@pytest.mark.parametrize("name", PIPELINES)
def test_small_files_are_the_same_text(name: str) -> None:
    first, second = pair_of(PIPELINES[name])
    assert json.loads(first.to_str()) == json.loads(second.to_str())
    # The parts as they are after somebody has looked at them.
    for part in ("normalizer", "pre_tokenizer", "post_processor", "decoder", "model"):
        assert repr(getattr(first, part)) == repr(getattr(second, part))
    assert json.loads(first.to_str()) == json.loads(second.to_str())
    assert repr(first) == repr(second)
    assert str(first) == str(second)


@pytest.mark.parametrize("name", DATA)
def test_pickles_and_copies_are_equal_and_apart(name: str) -> None:
    first, second = pair_of_data(name)
    for again in (pickle.loads(pickle.dumps(second)), copy.deepcopy(second)):
        assert_same_encodings((first, again), 5)
        again.add_tokens(["<only here>"])
        assert second.token_to_id("<only here>") is None


def test_pickles_hold_data_alone() -> None:
    it = ours.Tokenizer(ours.models.BPE())
    names = {arg for op, arg, _ in pickletools.genops(pickle.dumps(it)) if op.name == "GLOBAL"}
    assert not any(str(name).startswith(("os", "builtins")) for name in names)


def test_threads_share_a_tokenizer_that_changes() -> None:
    it = ours.Tokenizer(ours.models.WordLevel({"a": 0, "b": 1}, "a"))
    it.pre_tokenizer = ours.pre_tokenizers.Whitespace()
    stop, wrong = threading.Event(), []

    def encode() -> None:
        while not stop.is_set():
            ids = it.encode("a b").ids
            if ids not in ([0, 1], [0, 0, 1]):
                wrong.append(ids)

    def change() -> None:
        for number in range(60):
            it.post_processor = (
                ours.processors.TemplateProcessing("[X] $A", special_tokens=[("[X]", 0)])
                if number % 2
                else None
            )
            it.normalizer = ours.normalizers.NFC()
        stop.set()

    with ThreadPoolExecutor(4) as pool:
        for future in [*(pool.submit(encode) for _ in range(3)), pool.submit(change)]:
            future.result()
    assert not wrong
    assert it.encode("a b").ids == [0, 0, 1]


IMPLEMENTATIONS: list[Any] = [
    lambda m: m.BertWordPieceTokenizer({"[UNK]": 0, "[SEP]": 1, "[CLS]": 2, "a": 3, "##b": 4}),
    lambda m: m.BertWordPieceTokenizer(),
    lambda m: m.ByteLevelBPETokenizer({"a": 0, "b": 1, "ab": 2}, [("a", "b")], lowercase=True),
    lambda m: m.ByteLevelBPETokenizer(unicode_normalizer="nfkc", trim_offsets=True),
    lambda m: m.CharBPETokenizer({"<unk>": 0, "a": 1, "b</w>": 2, "ab</w>": 3}, [("a", "b</w>")]),
    lambda m: m.CharBPETokenizer(lowercase=True, split_on_whitespace_only=True),
    lambda m: m.SentencePieceBPETokenizer({"<unk>": 0, "\u2581": 1, "a": 2}, [], fuse_unk=True),
    lambda m: m.SentencePieceBPETokenizer(),
    lambda m: m.SentencePieceUnigramTokenizer([("<unk>", 0.0), ("a", -1.0)], "_", False),
    lambda m: m.SentencePieceUnigramTokenizer(),
]


@pytest.mark.parametrize("make", IMPLEMENTATIONS)
def test_ready_made_pipelines_are_the_same(make: Any) -> None:
    first, second = (make(module) for module in MODULES)
    assert json.loads(first.to_str()) == json.loads(second.to_str())
    assert repr(first) == repr(second)


def test_names_are_the_same() -> None:
    for module in ("", ".normalizers", ".pre_tokenizers", ".decoders", ".processors", ".models"):
        theirs = __import__(f"tokenizers{module}", fromlist=["x"])
        mine = __import__(f"toksmith.compat.tokenizers{module}", fromlist=["x"])
        for name, value in vars(theirs).items():
            if isinstance(value, type) and value.__module__.startswith("tokenizers"):
                assert hasattr(mine, name), f"{module}.{name}"
                # Ready-made pipelines hand on what they do not have.
                if name.endswith(("dString", "PETokenizer", "eceTokenizer", "ramTokenizer")):
                    continue
                wanted = {it for it in dir(value) if not it.startswith("_")}
                assert wanted <= set(dir(getattr(mine, name))), name
