"""Promise: added tokens get the ids, and are found as, tokenizers 0.23.3 has it."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

import toksmith.compat.tokenizers as ours
from compat.hf_pairs import (
    DATA,
    MODULES,
    PIECES,
    assert_same_encodings,
    assert_same_vocabulary,
    pair_of_data,
    same_json,
)


def random_token(module: Any, rng: random.Random) -> Any:
    content = rng.choice([*PIECES, "<new>", " new ", "Q", "", "the", "\u0120the"])
    if rng.random() < 0.3:
        return content
    options = {name: rng.random() < 0.3 for name in ("single_word", "lstrip", "rstrip", "special")}
    return module.AddedToken(content, **options)


@pytest.mark.parametrize("name", DATA)
def test_ids_and_return_values(name: str) -> None:
    pair = pair_of_data(name)
    for seed in range(12):
        returned = []
        for module, it in zip(MODULES, pair, strict=True):
            rng = random.Random(seed)
            tokens = [random_token(module, rng) for _ in range(rng.randrange(5))]
            add = it.add_special_tokens if rng.random() < 0.5 else it.add_tokens
            returned.append((add(tokens), [repr(token) for token in tokens]))
        assert returned[0] == returned[1]
    assert_same_vocabulary(pair)
    assert same_json(pair)


@pytest.mark.parametrize("name", DATA)
def test_they_are_found(name: str) -> None:
    pair = pair_of_data(name)
    for module, it in zip(MODULES, pair, strict=True):
        it.add_tokens(["<0x41>", "hello", module.AddedToken("low", single_word=True)])
        it.add_special_tokens([module.AddedToken("!?", lstrip=True, rstrip=True), "123"])
    assert_same_encodings(pair, 40, seed=5)


def test_a_model_alone_numbers_from_zero() -> None:
    pair = [module.Tokenizer(module.models.BPE()) for module in MODULES]
    for module, it in zip(MODULES, pair, strict=True):
        assert it.add_tokens(["a", "a", module.AddedToken("a", lstrip=True), "b"]) == 3
        assert it.add_tokens([module.AddedToken("a", lstrip=True)]) == 0
        assert it.add_special_tokens(["b", module.AddedToken("c")]) == 2
        assert it.add_tokens(["b", module.AddedToken("c")]) == 2
        assert it.encode("ab a").ids == [0, 1, 0]
    assert_same_vocabulary((pair[0], pair[1]))
    assert same_json((pair[0], pair[1]))


def test_they_follow_the_normalizer() -> None:
    pair = [module.Tokenizer(module.models.BPE()) for module in MODULES]
    for module, it in zip(MODULES, pair, strict=True):
        it.decoder = module.decoders.ByteLevel()
        it.add_tokens(["ku\u0107a", module.AddedToken("Za\u010d", normalized=False)])
    for make in (lambda m: m.normalizers.ByteLevel(), lambda _: None):
        found = []
        for module, it in zip(MODULES, pair, strict=True):
            it.normalizer = make(module)
            made = it.encode("ku\u0107a Za\u010d")
            found.append((made.ids, made.offsets, it.decode(made.ids, False)))
        assert found[0] == found[1]


def test_a_hundred_thousand_take_a_second() -> None:
    it = ours.Tokenizer(ours.models.WordLevel({"a": 0}, "a"))
    it.encode("a")
    begun = time.process_time()
    assert it.add_tokens([f"<extra {number}>" for number in range(100_000)]) == 100_000
    assert it.encode("<extra 99999>").ids == [100_000]
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("tokens", ["xyz", ("a",), [1], None])
def test_what_is_no_list_of_tokens_is_a_type_error(tokens: Any) -> None:
    for module in MODULES:
        with pytest.raises(TypeError):
            module.Tokenizer(module.models.BPE()).add_tokens(tokens)


def test_added_tokens_compare_and_show_alike() -> None:
    shown = []
    for module in MODULES:
        tokens = [
            module.AddedToken("<m>"),
            module.AddedToken(),
            module.AddedToken("<m>", special=True),
            module.AddedToken("<m>", special=True, normalized=True, lstrip=True, rstrip=True),
        ]
        equal = [[one == other for other in tokens] for one in tokens]
        states = json.dumps([token.__getstate__() for token in tokens])
        shown.append((repr(tokens), [str(token) for token in tokens], equal, states))
        assert tokens[0] != "<m>"
        with pytest.raises(AttributeError):
            tokens[0].lstrip = True
    assert shown[0] == shown[1]
    with pytest.raises(NotImplementedError, match="foo"):
        ours.AddedToken("a", foo=1)  # type: ignore[call-arg, unused-ignore]
