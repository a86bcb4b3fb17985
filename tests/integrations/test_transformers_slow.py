"""Promise: a slow tokenizer is accelerated exactly, or refused with its name and the reason."""

from __future__ import annotations

import copy
import json
import pickle
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import toksmith as ts
from integrations.transformers_pairs import original, outcome, plain, transformers
from testdata import need
from toksmith.compat.sentencepiece import SentencePieceProcessor
from toksmith.integrations.slow_tokenizers import PROBES, RARE
from toksmith.integrations.transformers import accelerate, from_transformers

MISTRAL, XLMR = "vocabs/mistral_v1/tokenizer.model", "vocabs/xlmr_unigram/tokenizer.model"
TEXTS = [*PROBES, *RARE, "<s>a</s> b <unk>", "\u2581 \u2581a", "<0x41>\U0001f600"]


def made(kind: str, folder: Path) -> Any:
    """A tokenizer whose class has a SentencePiece model, or two, and perhaps ids of its own."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "\u2581hello", "\u2581world", "\u2581a", "e"]
    vocab = folder / "vocab.json"
    vocab.write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    listed = folder / "dict.txt"
    listed.write_text("".join(f"{piece} 1\n" for piece in pieces[4:]), encoding="utf-8")
    files: dict[str, tuple[Any, ...]] = {
        "BartphoTokenizer": (need(XLMR), listed),
        "M2M100Tokenizer": (vocab, need(MISTRAL)),
        "MarianTokenizer": (need(MISTRAL), need(XLMR), vocab),
        "Speech2TextTokenizer": (vocab, need(MISTRAL)),
    }
    return getattr(transformers, kind)(*map(str, files.get(kind, (need(XLMR),))))


def legacy_bert(**options: Any) -> Any:
    """BERT's tokenizer written in Python."""
    from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

    kind: Any = BertTokenizerLegacy
    return kind(str(need("vocabs/bert/vocab.txt")), **options)


@pytest.mark.parametrize(
    ("kind", "native"),
    [
        ("BartphoTokenizer", "'<mask>' is not piece"),
        ("BertGenerationTokenizer", "'<::::>' is not piece"),
        ("GPTSw3Tokenizer", "'<|endoftext|>' is not piece"),
        ("M2M100Tokenizer", "'<s>' is not piece"),
        ("MarianTokenizer", "2 SentencePiece models"),
        ("PLBartTokenizer", "gives"),
        ("SiglipTokenizer", "gives"),
        ("Speech2TextTokenizer", "'<s>' is not piece"),
        ("SpeechT5Tokenizer", ""),
    ],
)
@pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")
def test_on_sentencepiece(kind: str, native: str, tmp_path: Path) -> None:
    theirs = made(kind, tmp_path)
    ours = accelerate(theirs)
    assert type(ours) is type(theirs)
    assert any(isinstance(value, SentencePieceProcessor) for value in vars(ours).values())
    assert not any(isinstance(value, SentencePieceProcessor) for value in vars(theirs).values())
    copied, pickled = copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))
    for text in TEXTS:
        for call in (
            lambda tok, text=text: tok(text)["input_ids"],
            lambda tok, text=text: tok.tokenize(text),
            lambda tok, text=text: tok.decode(tok(text)["input_ids"], skip_special_tokens=True),
        ):
            right = outcome(lambda call=call: call(theirs))
            for each in (ours, copied, pickled):
                assert outcome(lambda call=call, each=each: call(each)) == right
    # Ids that are not those of the model are never taken for them.
    if native:
        with pytest.raises(ts.UnsupportedFeature, match=rf"{kind}.*{re.escape(native)}"):
            from_transformers(theirs)
    else:
        tok = from_transformers(theirs)
        for text in PROBES + RARE:
            assert tok.encode(text) == theirs(text, add_special_tokens=False)["input_ids"]


def test_sampling_is_kept() -> None:
    options = {"enable_sampling": True, "alpha": 0.1, "nbest_size": -1}
    kind = type(original("slow, sentencepiece"))
    theirs = kind(vocab_file=str(need(MISTRAL)), unk_token="<unk>", sp_model_kwargs=options)
    ours = accelerate(theirs)
    found = {tuple(ours("hello world abcdef")["input_ids"]) for _ in range(100)}
    assert len(found) > 1
    assert {ours.decode(list(ids)) for ids in found} == {"hello world abcdef"}
    with pytest.raises(ts.UnsupportedFeature, match="enable_sampling"):
        from_transformers(theirs)


def test_conversion_that_differs_in_rare_characters_is_refused_unless_that_is_said() -> None:
    theirs = legacy_bert()
    theirs.add_tokens(["wörld", transformers.AddedToken("<left>", lstrip=True)])
    theirs.padding_side = "left"
    for call in (accelerate, from_transformers):
        with pytest.raises(ts.UnsupportedFeature, match=r"BertTokenizerLegacy.*input_ids"):
            call(theirs)
    ours = accelerate(theirs, exact=False)
    assert ours.is_fast
    assert isinstance(ours, transformers.PreTrainedTokenizerBase)
    texts = [*PROBES, "Hello wörld", "a  <left>wörlds [MASK]"]
    for options in (
        {},
        {"add_special_tokens": False},
        {"padding": True},
        {"padding": "max_length", "max_length": 20, "truncation": True, "return_tensors": "np"},
        {"return_special_tokens_mask": True},
    ):
        right, found = theirs(texts, **options), ours(texts, **options)
        assert {key: plain(value) for key, value in found.items()} == {
            key: plain(value) for key, value in right.items()
        }
    ids = ours(texts)["input_ids"]
    assert ours.batch_decode(ids) == theirs.batch_decode(ids)
    assert len(ours) == len(theirs)
    assert ours.special_tokens_map == theirs.special_tokens_map
    native = from_transformers(theirs, exact=False)
    assert native.encode(texts[-2]) == theirs(texts[-2], add_special_tokens=False)["input_ids"]


def test_what_a_conversion_leaves_out_is_seen() -> None:
    for call in (accelerate, from_transformers):
        with pytest.raises(ts.UnsupportedFeature, match=r"BertTokenizerLegacy.*input_ids"):
            call(legacy_bert(never_split=["isn't"]), exact=False)


@pytest.mark.parametrize("kind", ["ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer"])
def test_what_has_no_conversion_is_named(kind: str) -> None:
    slow = getattr(transformers, kind)()
    for call in (accelerate, from_transformers):
        with pytest.raises(ts.UnsupportedFeature, match=kind):
            call(slow)


@pytest.mark.parametrize("given", [None, "gpt2", len])
def test_what_is_no_tokenizer_of_transformers_is_named(given: Any) -> None:
    for call in (accelerate, from_transformers):
        with pytest.raises(ts.UnsupportedFeature, match=type(given).__name__):
            call(given)


def test_without_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    for call in (accelerate, from_transformers):
        with pytest.raises(ImportError, match=r"toksmith\[transformers\]"):
            call("")
