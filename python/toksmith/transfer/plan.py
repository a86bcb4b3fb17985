"""A rule and weighted sources for every target id. Start at `align`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toksmith._native import InputError, _transfer_align
from toksmith.byte_probs.checks import thread_limit, whole_number
from toksmith.transfer.canonical import Canonical, WordStart
from toksmith.transfer.decomposition import Decomposition, Method, as_canonical

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toksmith.tokenizer import Tokenizer


class Rule(IntEnum):
    """Where the row of a target id comes from."""

    EXACT = 0
    """The source token of the same bytes."""
    SPECIAL = 1
    """The source's special token of the same name, role or kind of role."""
    GIVEN = 2
    """The source id that the caller named."""
    CASE = 3
    """A source token that differs in large and small letters alone; only with `case_fold`."""
    SPACE = 4
    """A source token that differs in the space in front alone; only with `ignore_space`."""
    CASE_AND_SPACE = 5
    """A source token that differs in both; only with both."""
    PIECES = 6
    """Source tokens that spell all of it."""
    PARTIAL_PIECES = 7
    """Source tokens that spell some of it; no token spells the rest."""
    UNSPELLED = 8
    """Text that no source token spells any part of: no sources."""
    NEW = 9
    """A special token without a partner, or what the caller wants new: no sources."""
    HOLE = 10
    """No token has this id: no sources."""
    PADDING = 11
    """A row beyond the tokenizer: no sources."""


class How(IntEnum):
    """How a special token found its partner."""

    NONE = 0
    """It has none."""
    GIVEN = 1
    """The caller said so."""
    NAME = 2
    """Both have one name."""
    ROLE = 3
    """Both have one role: bos, eos, pad, unk, mask, sep or cls."""
    LIKENESS = 4
    """Bos and cls, or eos and sep; or `<|endoftext|>`, which stands between texts, for a bos."""


class SpecialMatch(NamedTuple):
    """What became of one special target token."""

    target: int
    """Its id."""
    target_name: str
    """Its name."""
    source: int | None
    """The source id, if there is one."""
    source_name: str | None
    """Its name."""
    how: How
    """How it was found."""


@dataclass(frozen=True, repr=False)
class Plan:
    """For every target id a rule, and source ids with weights.

    Row `i` is `ids[indptr[i]:indptr[i + 1]]` with `weights[indptr[i]:indptr[i + 1]]`, which sum to
    one; it is empty for the rules that say "no sources".
    """

    rule: NDArray[np.uint8]
    """The `Rule` of each target id: `(target rows,)`."""
    pieces: Decomposition
    """The rows with the spans of the target's bytes."""
    specials: list[SpecialMatch]
    """The special tokens of the target, by id."""
    candidate_indptr: NDArray[np.int64]
    """Where the candidates of each target id begin: `(target rows + 1,)`."""
    candidate_ids: NDArray[np.uint32]
    """All source ids of the same bytes as each exact match, that which was taken among them."""

    @property
    def source(self) -> Canonical:
        """The vocabulary rows come from."""
        return self.pieces.source

    @property
    def target(self) -> Canonical:
        """The vocabulary rows are for."""
        return self.pieces.target

    @property
    def indptr(self) -> NDArray[np.int64]:
        """Where rows begin: `(target rows + 1,)`."""
        return self.pieces.indptr

    @property
    def ids(self) -> NDArray[np.uint32]:
        """Source ids: `(m,)`."""
        return self.pieces.ids

    @property
    def weights(self) -> NDArray[np.float64]:
        """Their weights: `(m,)`."""
        return self.pieces.weights

    @property
    def spans(self) -> NDArray[np.int64]:
        """Which bytes of the target token each spells: `(m, 2)`; of special tokens none."""
        return self.pieces.spans

    @property
    def exact(self) -> int:
        """How many target ids have a source token of the same bytes."""
        return self.count(Rule.EXACT)

    @property
    def overlap(self) -> int:
        """How many different bytes those are: `exact`, but ids of equal bytes count once.

        A vocabulary with `A` and `<0x41>` has two ids for one text.
        """
        return len({self.target[token] for token in self.where(Rule.EXACT).tolist()})

    def __len__(self) -> int:
        """Number of target rows."""
        return len(self.rule)

    def count(self, rule: Rule) -> int:
        """How many target ids have a rule."""
        return int(np.count_nonzero(self.rule == rule))

    def counts(self) -> dict[Rule, int]:
        """How many target ids each rule has, without zeroes; the sum is `len(plan)`."""
        found = np.bincount(self.rule, minlength=len(Rule)).tolist()
        return {rule: found[rule] for rule in Rule if found[rule]}

    def where(self, *rules: Rule) -> NDArray[np.int64]:
        """The target ids that have one of these rules, ascending."""
        return np.flatnonzero(np.isin(self.rule, rules))

    def sources(self, target_id: int) -> list[tuple[int, float]]:
        """The source ids of a target id, with their weights."""
        row = whole_number(target_id, "id", limit=len(self))
        part = slice(self.indptr[row], self.indptr[row + 1])
        return list(zip(self.ids[part].tolist(), self.weights[part].tolist(), strict=True))

    def candidates(self, target_id: int) -> NDArray[np.uint32]:
        """All source ids of the same bytes, the preferred role first; empty if none is exact."""
        row = whole_number(target_id, "id", limit=len(self))
        return self.candidate_ids[self.candidate_indptr[row] : self.candidate_indptr[row + 1]]

    def __repr__(self) -> str:
        """The number of ids by rule."""
        counts = ", ".join(f"{count} {rule.name.lower()}" for rule, count in self.counts().items())
        return f"Plan({len(self)} rows: {counts})"


def align(
    source: Tokenizer | Canonical,
    target: Tokenizer | Canonical,
    *,
    source_rows: int | None = None,
    target_rows: int | None = None,
    case_fold: bool = False,
    ignore_space: bool = False,
    word_start: WordStart = "space",
    specials: Mapping[str | int, str | int | None] | None = None,
    method: Method = "model",
    num_threads: int | None = None,
) -> Plan:
    """Finds for every target id the source ids that its row comes from.

        >>> import toksmith as ts
        >>> source, target = map(ts.Tokenizer.from_pretrained, ("r50k_base", "cl100k_base"))
        >>> plan = ts.transfer.align(source, target)
        >>> plan.rule[9906], plan.sources(9906)
        (np.uint8(0), [(15496, 1.0)])

    Text is equal where its bytes are, however the files spell them (`canonical`). Of several source
    ids of the same bytes that of the same role counts (`<0x41>` for `<0x41>`, though there is `A`),
    else an ordinary one before an added one before a byte, and of those the lowest id; all are in
    `candidates`. A special token is matched by name, then by role, then by kind of role: see `How`;
    it never matches text. What has no equal is decomposed, its pieces weighing the same.

    Args:
        source: A tokenizer, or its `canonical` vocabulary.
        target: A tokenizer, or its `canonical` vocabulary.
        source_rows: Rows of the source's embeddings. Ids beyond them are not used.
        target_rows: Rows that the target's embeddings shall have; those beyond the tokenizer are
            `Rule.PADDING`.
        case_fold: After exact matches, take text for equal whose letters are, made small one by
            one. Lossy, for uncased sources; accents are kept.
        ignore_space: After exact matches, take text for equal that differs in one space in front.
            Lossy: a word is not the inside of a word.
        word_start: What bare pieces of WordPiece are as bytes; see `canonical`.
        specials: From target tokens to source tokens, by id or by name; None for a target token
            whose row shall be new. They win over everything.
        method: How what has no equal is cut; see `decompose`. `"best"` is not among them.
        num_threads: At most so many; the result does not depend on it.

    Raises:
        InputError: An argument is out of range, or a target id has no row.
        VocabularyError: A name in `specials` is none.
    """
    from_ = as_canonical(source, source_rows, word_start)
    to = as_canonical(target, target_rows, word_start)
    if method == "best":
        raise InputError('method="best" gives several ways a token: use decompose')
    threads = thread_limit(num_threads)
    given = {
        to.find(token): None if found is None else from_.find(found)
        for token, found in (specials or {}).items()
    }
    rule, rows, found, starts, candidates = _transfer_align(
        from_._core, to._core, bool(case_fold), bool(ignore_space), given, method, threads
    )
    matches = [
        SpecialMatch(
            to_id,
            to[to_id].decode(errors="replace"),
            from_id,
            None if from_id is None else from_[from_id].decode(errors="replace"),
            How(how),
        )
        for to_id, from_id, how in found
    ]
    pieces = Decomposition(*rows, source=from_, target=to)
    return Plan(rule, pieces, matches, starts, candidates)
