"""Matches are equal bytes of equal kinds of role, all of them, and every id has a rule."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

import toksmith as ts
from families import FAMILIES, file_of
from testdata import FULL
from transfer.vocabs import REAL, made, real

Role, Rule, How = ts.transfer.Role, ts.transfer.Rule, ts.transfer.How

LOOSE = (Rule.CASE, Rule.SPACE, Rule.CASE_AND_SPACE)
EMPTY = (Rule.UNSPELLED, Rule.NEW, Rule.HOLE, Rule.PADDING)


def check(plan: ts.transfer.Plan) -> None:
    """What holds of every plan, and its exact matches by a plain dictionary of bytes."""
    source, target = plan.source.tolist(), plan.target.tolist()
    source_roles, target_roles = plan.source.role.tolist(), plan.target.role.tolist()
    by_bytes: dict[bytes, list[int]] = {}
    for token, (spelled, role) in enumerate(zip(source, source_roles, strict=True)):
        if role <= Role.ADDED and spelled:
            by_bytes.setdefault(spelled, []).append(token)
    lengths, indptr = np.diff(plan.indptr).tolist(), plan.indptr.tolist()
    ids, spans = plan.ids.tolist(), plan.spans.tolist()
    order = (Role.ORDINARY, Role.ADDED, Role.BYTE)
    assert sum(plan.counts().values()) == len(plan) == len(target)
    for token, (rule, spelled, role) in enumerate(
        zip(plan.rule.tolist(), target, target_roles, strict=True)
    ):
        row = range(indptr[token], indptr[token + 1])
        assert (lengths[token] == 0) == (rule in EMPTY), (token, rule)
        if rule == Rule.EXACT:
            (at,) = row
            assert source[ids[at]] == spelled
            assert role <= Role.ADDED
            same = by_bytes[spelled]
            best = [one for one in same if source_roles[one] == role] or sorted(
                same, key=lambda one: (order.index(Role(source_roles[one])), one)
            )
            assert ids[at] == best[0]
            assert sorted(plan.candidates(token).tolist()) == same
            continue
        assert len(plan.candidates(token)) == 0
        if rule in (Rule.PIECES, Rule.PARTIAL_PIECES):
            covered = 0
            for at in row:
                start, end = spans[at]
                assert source[ids[at]] == spelled[start:end]
                assert start >= covered
                assert rule == Rule.PARTIAL_PIECES or start == covered
                covered = end
            assert (rule == Rule.PIECES) <= (covered == len(spelled))
        if role <= Role.ADDED and rule not in (*LOOSE, Rule.GIVEN):
            assert spelled not in by_bytes
        assert (rule == Rule.HOLE) == (role == Role.HOLE)
        assert (rule == Rule.PADDING) == (role == Role.PADDING)
        assert (rule in (Rule.SPECIAL, Rule.NEW)) == Role(role).is_special
        if rule == Rule.SPECIAL:
            assert Role(source_roles[ids[row[0]]]).is_special
    sums = np.zeros(len(plan))
    np.add.at(sums, np.repeat(np.arange(len(plan)), lengths), plan.weights)
    assert np.allclose(sums[np.array(lengths) > 0], 1.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_generated_pairs(family: str) -> None:
    for other in FAMILIES:
        check(ts.transfer.align(made(family), made(other)))


PAIRS = [name for name in REAL if FULL or not name.startswith("gguf")]
"""In the short form without files that say the same as others."""


@pytest.mark.parametrize(("source", "target"), list(itertools.product(PAIRS, PAIRS)))
def test_no_id_of_a_real_pair_is_unassigned(source: str, target: str) -> None:
    plan = ts.transfer.align(real(source), real(target))
    assert sum(plan.counts().values()) == len(plan)
    lengths = np.diff(plan.indptr)
    empty = np.isin(plan.rule, EMPTY)
    assert ((lengths == 0) == empty).all()
    exact = plan.where(Rule.EXACT)
    from_, to = plan.source.tolist(), plan.target.tolist()
    ids = plan.ids[plan.indptr[exact]].tolist()
    assert [from_[token] for token in ids] == [to[token] for token in exact.tolist()]


@pytest.mark.parametrize(
    ("source", "target", "count"),
    [
        ("mistral", "llama3", 29_110),
        ("mistral model", "llama3", 29_110),
        ("bert", "mistral", 10_965),
        ("bert", "llama3", 19_069),
    ],
)
def test_overlap_of_real_pairs(source: str, target: str, count: int) -> None:
    plan = ts.transfer.align(real(source), real(target))
    check(plan)
    # Mistral has 68 ids more: `<0xNN>` of bytes that are letters of their own.
    assert plan.overlap == count
    assert plan.exact == count + (68 if (source, target) == ("bert", "mistral") else 0)


def test_roles_decide_between_ids_of_equal_bytes() -> None:
    plan = ts.transfer.align(real("mistral"), real("mistral model"))
    # Its own bytes and letters keep their ids, though both are `A`.
    assert (plan.ids[plan.indptr[:-1]] == np.arange(len(plan))).all()
    letter = plan.source.tokenizer.token_id(b"A")
    assert sorted(plan.candidates(letter).tolist()) == sorted([3 + ord("A"), letter])
    back = ts.transfer.align(real("mistral"), real("gpt2"))
    gpt2 = back.target.tokenizer.token_id(b"A")
    assert back.sources(gpt2) == [(letter, 1.0)]


def test_special_tokens_match_by_role_and_are_reported() -> None:
    plan = ts.transfer.align(real("bert"), real("llama3"))
    found = {match.target_name: match for match in plan.specials}
    begin = found["<|begin_of_text|>"]
    assert (begin.source_name, begin.how) == ("[CLS]", How.LIKENESS)
    assert found["<|end_of_text|>"].source_name == "[SEP]"
    assert found["<|reserved_special_token_0|>"].how == How.NONE
    plan = ts.transfer.align(real("mistral"), real("xlmr"))
    found = {match.target_name: match for match in plan.specials}
    assert {name: found[name].how for name in ("<s>", "</s>", "<unk>")} == dict.fromkeys(
        ("<s>", "</s>", "<unk>"), How.NAME
    )
    assert found["<mask>"].source is None
    plan = ts.transfer.align(real("gpt2"), real("mistral"))
    assert {match.target_name: match.source_name for match in plan.specials} == {
        "<unk>": None, "<s>": "<|endoftext|>", "</s>": "<|endoftext|>",
    }  # fmt: skip


def test_the_caller_overrides() -> None:
    source, target = made("trained BPE"), made("trained byte-level BPE")
    word = target.tokenizer.token_id(b" the")
    plan = ts.transfer.align(
        source, target, specials={"<s>": "</s>", "</s>": None, word: 7}
    )  # fmt: skip
    begin, end = target.find("<s>"), target.find("</s>")
    assert plan.sources(begin) == [(source.find("</s>"), 1.0)]
    assert plan.rule[[begin, end, word]].tolist() == [Rule.GIVEN, Rule.NEW, Rule.GIVEN]
    assert plan.sources(word) == [(7, 1.0)]
    assert plan.sources(end) == []
    hows = {match.target: match.how for match in plan.specials}
    assert hows[begin] == hows[end] == How.GIVEN
    with pytest.raises(ts.VocabularyError):
        ts.transfer.align(source, target, specials={"<none>": 1})
    with pytest.raises(ts.InputError):
        ts.transfer.align(source, target, specials={0: 1 << 20})


def small(text: bytes) -> bytes:
    try:
        return "".join(letter.lower() for letter in text.decode()).encode()
    except UnicodeDecodeError:
        return text


def bare(text: bytes) -> bytes:
    return text[text.startswith(b" ") and len(text) > 1 :]


def bare_and_small(text: bytes) -> bytes:
    return small(bare(text))


@pytest.mark.parametrize("family", FAMILIES)
def test_lossy_choices_come_after_exact_matches(family: str) -> None:
    source, target = made(family), made("trained byte-level BPE")
    exact = ts.transfer.align(source, target)
    loose = ts.transfer.align(source, target, case_fold=True, ignore_space=True)
    assert (loose.rule[exact.rule == Rule.EXACT] == Rule.EXACT).all()
    keys: dict[ts.transfer.Rule, Callable[[bytes], bytes]] = {
        Rule.CASE: small,
        Rule.SPACE: bare,
        Rule.CASE_AND_SPACE: bare_and_small,
    }
    texts = [source[one] for one in np.flatnonzero(source.role <= Role.ADDED).tolist()]
    sets = {rule: {key(text) for text in texts if text} for rule, key in keys.items()}
    for token in np.flatnonzero((target.role <= Role.ADDED) & (exact.rule != Rule.EXACT)).tolist():
        hits = [rule for rule in LOOSE if keys[rule](target[token]) in sets[rule]]
        rule = Rule(loose.rule[token])
        assert rule == hits[0] if hits else rule == exact.rule[token]
        if hits:
            ((found, _),) = loose.sources(token)
            assert keys[rule](source[found]) == keys[rule](target[token])


def test_rows() -> None:
    source, target = made("BERT"), made("trained Unigram")
    short = ts.transfer.align(source.tokenizer, target.tokenizer, source_rows=len(source) - 20)
    assert short.ids.max() < len(source) - 20
    check(short)
    long = ts.transfer.align(source.tokenizer, target.tokenizer, target_rows=len(target) + 64)
    assert long.count(Rule.PADDING) == 64
    with pytest.raises(ts.InputError, match="every id needs a row"):
        ts.transfer.align(source.tokenizer, target.tokenizer, target_rows=len(target) - 1)
    with pytest.raises(ts.InputError, match="rows"):
        ts.transfer.align(source, target, source_rows=3)


def test_threads_do_not_matter() -> None:
    one = ts.transfer.align(real("mistral"), real("gpt2"), num_threads=1)
    three = ts.transfer.align(real("mistral"), real("gpt2"), num_threads=3)
    assert (one.rule == three.rule).all()
    assert (one.ids == three.ids).all()
    assert (one.spans == three.spans).all()
    assert (one.weights == three.weights).all()


def test_vocabularies_from_bytes_and_files_are_alike() -> None:
    tok = ts.Tokenizer.from_bytes(file_of("trained BPE"))
    assert ts.transfer.align(tok, tok).exact == (ts.transfer.canonical(tok).role <= 2).sum()
