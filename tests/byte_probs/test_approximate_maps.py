"""Token-level maps and healing give what is worked out by hand; they are approximate by nature."""

from __future__ import annotations

import numpy as np
import pytest
import tokenizers
from numpy.typing import NDArray
from tokenizers import models

import toksmith as ts
from toksmith.byte_probs.approximate import END, TokenHealing, TopKUnion, UnionVocabulary
from vocabularies import embedded

UNK = "<unk>"


def unigram(*pieces: str) -> ts.Tokenizer:
    """A special token, id 0, and pieces with ids from 1."""
    scores = [(UNK, -20.0), *((piece, -1.0 - len(piece) / 10) for piece in pieces)]
    tok = tokenizers.Tokenizer(models.Unigram(scores, unk_id=0, byte_fallback=True))
    tok.add_special_tokens([UNK])
    return ts.Tokenizer.from_bytes(tok.to_str().encode())


def logs(*probs: float) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = np.log(probs)
    return found


ONE, OTHER = unigram("a", "b", "ab"), unigram("a", "b", "abb")
ROW_ONE, ROW_OTHER = logs(0.1, 0.2, 0.3, 0.4), logs(0.1, 0.5, 0.2, 0.2)
SYMBOLS = [b"a", b"ab", b"abb", b"b", UNK]


def test_a_union_gives_nothing_to_what_a_model_lacks() -> None:
    union = UnionVocabulary([ONE, OTHER])
    assert union.symbols == SYMBOLS
    one, other = union.map([ROW_ONE], 0), union.map([ROW_OTHER], 1)
    np.testing.assert_allclose(np.exp(one), [[0.2, 0.4, 0, 0.3, 0.1]])
    np.testing.assert_allclose(np.exp(other), [[0.5, 0, 0.2, 0.2, 0.1]])
    mean = union.mean([[ROW_ONE], [ROW_OTHER]])
    np.testing.assert_allclose(np.exp(mean), [[0.35, 0.2, 0.1, 0.25, 0.1]])
    mean = union.mean([[ROW_ONE], [ROW_OTHER]], weights=[3, 1])
    np.testing.assert_allclose(np.exp(mean), [[0.275, 0.3, 0.05, 0.275, 0.1]])


def test_a_union_gives_the_first_token_of_what_a_model_lacks() -> None:
    union = UnionVocabulary([ONE, OTHER], missing="first")
    # "abb" is ab, b for the one; "ab" is a, b for the other.
    one, other = union.map([ROW_ONE], 0), union.map([ROW_OTHER], 1)
    np.testing.assert_allclose(np.exp(one), np.array([[0.2, 0.4, 0.4, 0.3, 0.1]]) / 1.4)
    np.testing.assert_allclose(np.exp(other), np.array([[0.5, 0.5, 0.2, 0.2, 0.1]]) / 1.5)


def test_tokens_that_are_spelled_alike_are_one_symbol() -> None:
    twice = unigram("a", "<0x61>", "b")
    union = UnionVocabulary([twice])
    assert union.symbols == [b"a", b"b", UNK]
    # Logits: any constant added; beyond the vocabulary: left out.
    row = [*(logs(0.1, 0.2, 0.3, 0.4) + 7), 7.0]
    np.testing.assert_allclose(np.exp(union.map([row, row])), [[0.5, 0.4, 0.1]] * 2)


def test_end_tokens_are_the_same_whatever_they_are_called() -> None:
    gpt2, o200k = embedded("gpt2"), embedded("o200k_base")
    assert gpt2.eos_id is not None
    union = UnionVocabulary([gpt2, o200k])
    assert END in union.symbols
    row = np.full((1, len(gpt2)), -np.inf)
    row[0, gpt2.eos_id] = 0
    assert union.symbols[int(union.map(row).argmax())] == END
    assert len(union) > 200_000
    assert set(union.symbols) >= {gpt2.token_bytes(1000), o200k.token_bytes(150_000)}


def test_of_vocabularies_with_a_sign_for_the_space_the_bytes_count() -> None:
    marked = tokenizers.Tokenizer(models.Unigram([(UNK, -20.0), ("\u2581a", -1.0), ("a", -1.0)], 0))
    marked.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    marked.add_special_tokens([UNK])
    tok = ts.Tokenizer.from_bytes(marked.to_str().encode())
    union = UnionVocabulary([tok, unigram(" a", "a")])
    assert union.symbols == [b" a", b"a", UNK]


def test_the_likeliest_are_scaled_over_their_union() -> None:
    found = TopKUnion([ONE, OTHER], k=1).mean([ROW_ONE, ROW_OTHER])
    assert found.symbols == [b"ab", b"a"]
    # The one: ab 0.4, a 0.2. The other: a 0.5, and ab begins with its a, 0.5.
    np.testing.assert_allclose(np.exp(found.logprobs), [7 / 12, 5 / 12])
    found = TopKUnion([ONE, OTHER], k=1).mean([ROW_ONE, ROW_OTHER], weights=[0, 1])
    np.testing.assert_allclose(np.exp(found.logprobs), [1 / 2, 1 / 2])
    found = TopKUnion([ONE, OTHER], k=2).mean([ROW_ONE, ROW_OTHER])
    # Of equal ones the lower id is among the likeliest: b, not abb.
    assert sorted(found.symbols) == [b"a", b"ab", b"b"]
    one, other = np.array([0.2, 0.4, 0.3]) / 0.9, np.array([0.5, 0.5, 0.2]) / 1.2
    order = [[b"a", b"ab", b"b"].index(bytes(s)) for s in found.symbols if isinstance(s, bytes)]
    np.testing.assert_allclose(np.exp(found.logprobs), ((one + other) / 2)[order])
    assert (np.diff(found.logprobs) <= 0).all()


def test_all_of_the_vocabulary_among_the_likeliest_is_the_union() -> None:
    found = TopKUnion([ONE, OTHER], k=100).mean([ROW_ONE, ROW_OTHER])
    union = UnionVocabulary([ONE, OTHER], missing="first")
    mean = dict(zip(union.symbols, union.mean([[ROW_ONE], [ROW_OTHER]])[0], strict=True))
    np.testing.assert_allclose(found.logprobs, [mean[symbol] for symbol in found.symbols])


HEALED = unigram("a", "b", "ab", "aba", "abb", "bb")
A, B, AB, BB = 1, 2, 3, 6
ROWS = {
    (): (0.05, 0.2, 0.1, 0.3, 0.15, 0.1, 0.1),
    (AB,): (0.1, 0.3, 0.2, 0.1, 0.1, 0.1, 0.1),
    (A,): (0.1, 0.25, 0.15, 0.2, 0.1, 0.1, 0.1),
    (A, B): (0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.0),
}


def forward(contexts: list[list[int]]) -> list[NDArray[np.float64]]:
    return [logs(*ROWS[tuple(context)]) for context in contexts]


def picked(logprobs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probabilities of a, b and the special token; all others are zero."""
    assert logprobs.shape == (257,)
    assert np.exp(logprobs).sum() == pytest.approx(1)
    probs: NDArray[np.float64] = np.exp(logprobs[[ord("a"), ord("b"), 256]])
    assert probs.sum() == pytest.approx(1)
    return probs


def test_no_token_taken_back_is_naive_prompting() -> None:
    probs = picked(TokenHealing(HEALED, tokens=0).next_bytes(forward, "ab"))
    np.testing.assert_allclose(probs, [0.6, 0.3, 0.1])


def test_the_token_taken_back_is_begun_again_by_the_next() -> None:
    probs = picked(TokenHealing(HEALED).next_bytes(forward, "ab"))
    # ab, aba and abb may follow; after ab itself, any token.
    due = np.array([0.15 + 0.3 * 0.6, 0.1 + 0.3 * 0.3, 0.3 * 0.1]) / 0.55
    np.testing.assert_allclose(probs, due)
    np.testing.assert_allclose(
        picked(TokenHealing(HEALED, tokens=5).next_bytes(forward, "ab")), due
    )


def test_aligned_tokens_may_be_shorter() -> None:
    probs = picked(TokenHealing(HEALED, rule="align").next_bytes(forward, "ab"))
    # A fourth choice is a, then b or bb; each step is scaled by itself.
    then_b, then_bb = 0.15 / 0.25, 0.1 / 0.25
    after = np.array([0.6, 0.2, 0.2])
    due = np.array([0.15, 0.1, 0]) + 0.3 * np.array([0.6, 0.3, 0.1])
    due = due + 0.2 * (then_b * after + then_bb * np.array([0, 1, 0]))
    np.testing.assert_allclose(probs, due / 0.75)


def test_contexts_begin_with_the_prefix() -> None:
    seen = []

    def watched(contexts: list[list[int]]) -> list[NDArray[np.float64]]:
        seen.append(contexts)
        return forward([context[2:] for context in contexts])

    probs = TokenHealing(HEALED, prefix=[0, 7]).next_bytes(watched, b"ab")
    assert seen == [[[0, 7]], [[0, 7, AB]]]
    np.testing.assert_array_equal(probs, TokenHealing(HEALED).next_bytes(forward, "ab"))


@pytest.mark.parametrize("prompt", ["", " hel", "def fo", "x = 東"])
def test_a_real_vocabulary_gives_the_sum_over_all_its_tokens(prompt: str) -> None:
    tok = embedded("gpt2")
    row = np.log(np.random.default_rng(1).dirichlet(np.ones(len(tok))))
    probs = np.exp(TokenHealing(tok).next_bytes(lambda contexts: [row] * len(contexts), prompt))
    ids, mass = tok.encode(prompt), np.exp(row)
    last = tok.token_bytes(ids[-1]) if ids else b""
    due = np.zeros(257)
    nexts = np.zeros(257)
    for number in range(len(tok)):
        if number == tok.eos_id:
            nexts[256] += mass[number]
            continue
        token = tok.token_bytes(number)
        nexts[token[0]] += mass[number]
        if token.startswith(last) and len(token) > len(last):
            due[token[len(last)]] += mass[number]
    due = due + mass[ids[-1]] * nexts if ids else nexts
    np.testing.assert_allclose(probs, due / due.sum(), rtol=1e-12)


def test_what_cannot_be_is_a_typed_error() -> None:
    union, top = UnionVocabulary([ONE, OTHER]), TopKUnion([ONE, OTHER])
    nothing = [[-np.inf] * 4]
    heal = TokenHealing(HEALED)
    for ask in (
        lambda: UnionVocabulary([]),
        lambda: UnionVocabulary([ONE], missing="second"),  # type: ignore[arg-type]
        lambda: union.map(ROW_ONE),
        lambda: union.map([[0.0]]),
        lambda: union.map(nothing),
        lambda: union.map([[np.nan] * 4]),
        lambda: union.map([[np.inf] * 4]),
        lambda: union.map([ROW_ONE], 2),
        lambda: union.mean([[ROW_ONE]]),
        lambda: union.mean([[ROW_ONE], [ROW_OTHER] * 2]),
        lambda: union.mean([[ROW_ONE], [ROW_OTHER]], weights=[1]),
        lambda: union.mean([[ROW_ONE], [ROW_OTHER]], weights=[1, -1]),
        lambda: union.mean([[ROW_ONE], [ROW_OTHER]], weights=[0, 0]),
        lambda: TopKUnion([ONE], k=0),
        lambda: top.mean([ROW_ONE, [ROW_OTHER]]),
        lambda: TokenHealing(HEALED, tokens=-1),
        lambda: TokenHealing(HEALED, rule="guess"),  # type: ignore[arg-type]
        lambda: TokenHealing(HEALED, max_contexts=1).next_bytes(forward, "ab"),
        lambda: heal.next_bytes(lambda _: [ROW_ONE], "ab"),
        lambda: heal.next_bytes(lambda _: [logs(*ROWS[()])] * 2, "ab"),
        lambda: heal.next_bytes(lambda _: [logs(0.5, 0.5, 0, 0, 0, 0, 0)], "ab"),
        lambda: TokenHealing(unigram("a", "b"), tokens=2).next_bytes(
            lambda _: [logs(0.2, 0.4, 0.4)], "ab"
        ),
    ):
        with pytest.raises(ts.InputError):
            ask()
