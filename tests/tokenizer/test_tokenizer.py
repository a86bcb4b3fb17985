"""Promise: a tokenizer never changes, says what it is, and knows its tokens."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import toksmith as ts
from generated import strings
from references import EMBEDDED, tiktoken_reference
from vocabularies import embedded


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_token_is_found_by_its_bytes_and_its_id(name: str) -> None:
    tok, encoding = embedded(name), tiktoken_reference(name).encoding
    for token, number in encoding._mergeable_ranks.items():
        assert tok.token_bytes(number) == token
        assert tok.token_id(token) == number
    for special, number in tok.special_ids.items():
        assert tok.token_bytes(number) in (special.encode(), *_sharing(tok, number))
        assert tok.token_id(special) == number
    assert tok.vocab_size == len(encoding._mergeable_ranks)
    assert len(tok) == tok.vocab_size + len(set(tok.special_ids.values()))


def _sharing(tok: ts.Tokenizer, number: int) -> list[bytes]:
    """The special tokens of one id: o200k_harmony gives one id to two."""
    return [name.encode() for name, other in tok.special_ids.items() if other == number]


def test_lookups_that_fail_say_so() -> None:
    tok = embedded("cl100k_base")
    with pytest.raises(ts.VocabularyError):
        tok.token_id(b"no token has these bytes")
    with pytest.raises(ts.VocabularyError):
        tok.token_id("")


def test_named_ids() -> None:
    tok = embedded("cl100k_base")
    assert tok.eos_id == tok.special_ids["<|endoftext|>"] == 100257
    assert (tok.bos_id, tok.pad_id, tok.unk_id) == (None, None, None)
    assert embedded("o200k_harmony").bos_id == 199998
    assert isinstance(tok.behaviour, int)
    assert len(tok.digest) == 64


def test_equality_is_by_digest() -> None:
    tok = embedded("cl100k_base")
    again = ts.Tokenizer.from_pretrained("cl100k_base")
    assert again == tok
    assert again is not tok
    assert hash(again) == hash(tok)
    assert {tok: 1}[again] == 1
    assert tok != embedded("o200k_base")
    assert tok != "cl100k_base"
    assert len({embedded(name).digest for name in EMBEDDED}) >= len(EMBEDDED) - 1


def test_a_tokenizer_cannot_be_changed() -> None:
    tok: Any = embedded("cl100k_base")
    for attribute in ("name", "digest", "vocab_size", "special_ids", "encode", "anything"):
        with pytest.raises(AttributeError):
            setattr(tok, attribute, None)
    tok.special_ids["<|endoftext|>"] = 0
    assert tok.special_ids["<|endoftext|>"] == 100257
    with pytest.raises((ts.InputError, TypeError), match="from_"):
        ts.Tokenizer("cl100k_base")


def test_caches_have_a_budget_and_can_be_emptied() -> None:
    tok = ts.Tokenizer.from_bytes(embedded("cl100k_base").to_bytes())
    text = " ".join(strings(5_000, seed=9))
    want = [tok.encode(text) for _ in range(3)]
    assert want[0] == want[1] == want[2]
    assert 0 < tok.cache_info()["bytes"] <= tok.cache_info()["budget_per_thread"]
    tok.clear_cache()
    assert tok.cache_info()["bytes"] == 0
    assert tok.encode(text) == want[0]


def test_memory_for_text_never_seen_is_bounded() -> None:
    # Unique-heavy text: a cache without a budget would grow by about a gigabyte a hundred rounds.
    script = """
import random, resource
import toksmith as ts
tok = ts.Tokenizer.from_pretrained("cl100k_base")
rng = random.Random(0)
def rounds(count):
    for _ in range(count):
        text = " ".join("%x" % rng.getrandbits(64) for _ in range(60_000))
        tok.count_batch([text] * 2)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
first = rounds(8)
print(rounds(24) - first)
"""
    pytest.importorskip("resource", reason="measures memory with a POSIX call")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True
    )
    assert int(done.stdout) < 40_000, "kilobytes grown after warm-up"


def test_a_tokenizer_says_what_it_is() -> None:
    tok = embedded("cl100k_base")
    assert repr(tok) == f"Tokenizer(cl100k_base: 100256 tokens, 5 special, digest {tok.digest[:8]})"
    page = tok._repr_html_()
    assert "cl100k_base" in page
    assert "&lt;|endoftext|&gt;" in page
    assert "<|" not in page


def test_nothing_touches_the_network() -> None:
    # Python's own audit events see every socket and every process that anything here makes.
    script = """
import sys
events = []
watched = ("socket.", "urllib.", "subprocess.", "os.exec", "os.system", "os.posix_spawn")
sys.addaudithook(lambda event, _: event.startswith(watched) and events.append(event))
import toksmith as ts
for name in ("gpt2", "cl100k_base"):
    tok = ts.Tokenizer.from_pretrained(name)
    tok.encode_batch(["a b c"] * 100)
try:
    ts.Tokenizer.from_pretrained("owner/model")
except ts.UnsupportedFeature:
    pass
print(events)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_importing_needs_numpy_alone() -> None:
    script = """
import sys
import toksmith
heavy = {"pyarrow", "tqdm", "zstandard", "tiktoken", "tokenizers", "asyncio", "importlib.resources"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_threads_are_bounded_by_the_environment() -> None:
    script = """
import os, threading
import toksmith as ts
tok = ts.Tokenizer.from_pretrained("cl100k_base")
most = 0
def watch(*_):
    global most
    most = max(most, len(os.listdir("/proc/self/task")))
tok.encode_batch(["some words, " * 50_000] * 20, progress=watch)
watch()
print(most)
"""
    if sys.platform != "linux":
        pytest.skip("counts threads in /proc")
    import os

    def threads(limit: str) -> int:
        environment = {**os.environ, "TOKSMITH_NUM_THREADS": limit, "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        )
        return int(done.stdout)

    assert threads("1") == 1
    assert threads("3") <= 4
