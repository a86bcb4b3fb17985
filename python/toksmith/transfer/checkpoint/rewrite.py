"""A model's folder written again with other rows, whole or not at all. Start at `rewrite`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toksmith import _native
from toksmith._native import (
    InputError,
    ModelError,
    ToksmithError,
    UnsupportedFeature,
    VocabularyError,
)
from toksmith.files import as_path, write_whole
from toksmith.progress import reporting
from toksmith.tokenizer import Tokenizer
from toksmith.transfer.checkpoint import names
from toksmith.transfer.checkpoint.config import Change, new_config, new_generation_config
from toksmith.transfer.checkpoint.files import GENERATION, copy_file, other_files
from toksmith.transfer.checkpoint.folder import CONFIG, INDEX, read_json
from toksmith.transfer.checkpoint.journal import SourceError, UnwrittenError, Workspace
from toksmith.transfer.checkpoint.model import Checkpoint, Matrix
from toksmith.transfer.checkpoint.shards import NewFile, NewRows, layout, plan_files
from toksmith.transfer.checkpoint.sources import Recipe, Source, source_of
from toksmith.transfer.checkpoint.tokenizer_files import find_roles, to_json, tokenizer_files

if TYPE_CHECKING:
    from toksmith.progress import Progress
    from toksmith.transfer.checkpoint.sources import Rows


@dataclass(frozen=True)
class Rewritten:
    """What was written.

    Attributes:
        path: The new folder.
        rows: Rows of the new matrices, those that fill up included.
        vocab_size: How many of them have an id.
        tied: Whether head and embedding are one now.
        roles: Ids of special tokens by role, as the configuration says them now.
        written: Bytes of weights.
        resumed: How many of these were there already, from a call that was ended.
        left_out: Files of the old folder that the new one has not.
        notes: Ids of the old configuration that have no new one.
    """

    path: Path
    rows: int
    vocab_size: int
    tied: bool
    roles: dict[str, int]
    written: int
    resumed: int
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


def rewrite(
    checkpoint: Checkpoint,
    out_dir: str | os.PathLike[str],
    *,
    input_rows: Rows,
    output_rows: Rows | None = None,
    bias: Rows | None = None,
    vocab_size: int | None = None,
    pad_to_multiple: int | None = None,
    tie: bool | None = None,
    tokenizer: Tokenizer | None = None,
    roles: Mapping[str, str | int | None] | None = None,
    special_map: Mapping[int, int] | None = None,
    exact_tokenizer: bool = True,
    digest: str | None = None,
    num_threads: int | None = None,
    progress: Progress = None,
    resume: bool = True,
    overwrite: bool = False,
) -> Rewritten:
    """Writes a model's folder again with other rows; all other tensors stay byte for byte.

    Weights are read and written by blocks, so that memory does not grow with the model. The folder
    appears under its name in one step, when all of it is on disk. Until then it grows beside that,
    in `.NAME.toksmith`, from where the same call goes on if it was ended at any moment, to the
    same bytes. An error in what was given leaves nothing behind.

    Args:
        checkpoint: The model.
        out_dir: The new folder; the one that holds it must be there.
        input_rows: The rows of the input embedding: a `Recipe` over its old rows, an array
            `(vocab_size, dim)`, or a function that is called with `(start, stop)`, in order, and
            gives float32 `(stop - start, dim)`.
        output_rows: The rows of the head, where that is not tied; a recipe is over the head's rows.
        bias: The numbers of the bias of the logits, `(vocab_size,)`, if the model has one; by
            default what the recipe of the head (tied: of the embedding) makes of the old ones.
        vocab_size: How many ids there are; by default as many as the tokenizer has.
        pad_to_multiple: Rows are filled up to a multiple of this by rows without an id: the mean of
            the others.
        tie: True drops the head, False writes one; by default it stays as it is.
        tokenizer: The new tokenizer: its files replace the old ones, and its special tokens those
            of the configuration. Without one, files and ids stay.
        roles: Which tokens, by name or id, are `bos`, `eos`, `pad`, `unk`, `sep`, `cls`, `mask`;
            None for a role that nothing has. By default as the tokenizer's file says, else by
            well-known spellings.
        special_map: New ids by old ones, for ids of other meaning in the configuration.
        exact_tokenizer: As `exact` of `Tokenizer.save`.
        digest: What tells functions from other functions: with it a call that was ended can be gone
            on with; a function must then give the same rows again.
        num_threads: Threads that a recipe is computed with; the bytes do not depend on it.
        progress: `True` draws a bar if standard error is a terminal; a callable is called with
            `(done, total, unit)`.
        resume: Whether to go on with what an ended call left; False throws that away.
        overwrite: Whether a model's folder that is there may be replaced.

    Raises:
        InputError: An argument does not fit, a row is not finite, something is at `out_dir`,
            another rewrite is under way there, or a file cannot be written.
        ModelError: The model's files changed, or are damaged.
        VocabularyError: Numbers of rows or ids do not fit together.
        UnsupportedFeature: The head cannot be named, or the tokenizer cannot be saved.
    """
    _check_types(checkpoint, special_map)
    out = as_path(out_dir)
    _check_paths(checkpoint.path, out)
    plan = _Plan.make(
        checkpoint, input_rows, output_rows, bias, vocab_size, pad_to_multiple, tie, tokenizer,
        digest, num_threads,
    )  # fmt: skip
    small, change, found = _small_files(
        checkpoint, plan, tokenizer, roles, special_map or {}, exact_tokenizer
    )
    shards = {shard.path.name for shard in checkpoint._folder.shards}
    copied, left = other_files(checkpoint.path, shards, tokenizer is not None)
    fingerprint = checkpoint._folder.fingerprint()
    key = _digest(plan, small, copied, fingerprint)
    if key is None and resume:
        # What functions gave cannot be told from what others would have given.
        key, resume = os.urandom(32).hex(), _nothing_there(out)
    work = Workspace(out, key or os.urandom(32).hex(), resume, overwrite)
    total = sum(file.size for file in plan.files)
    try:
        with reporting(progress) as report, work.open() as done:
            if not done:
                try:
                    _write(work, plan.files, total, report)
                    for name, data in small.items():
                        write_whole(work.model / name, data)
                    for name in copied:
                        copy_file(checkpoint.path / name, work.model / name)
                    if checkpoint._folder.fingerprint() != fingerprint:
                        raise ModelError(f"{checkpoint.path}: was changed while it was read")
                except UnwrittenError:
                    raise
                except ToksmithError:
                    work.throw_away()
                    raise
                work.place()
    except SourceError as error:
        raise error.__cause__ or error from None
    return Rewritten(
        out, plan.rows, plan.vocab_size, plan.tied, found, total, work.resumed, tuple(left),
        tuple(change.notes),
    )  # fmt: skip


@dataclass(frozen=True)
class _Plan:
    """The new weights."""

    vocab_size: int
    rows: int
    tied: bool
    tie: bool | None
    files: list[NewFile]
    index: dict[str, Any] | None
    sources: list[Source]

    @classmethod
    def make(
        cls,
        checkpoint: Checkpoint,
        input_rows: Rows,
        output_rows: Rows | None,
        bias: Rows | None,
        vocab_size: int | None,
        pad_to_multiple: int | None,
        tie: bool | None,
        tokenizer: Tokenizer | None,
        digest: str | None,
        num_threads: int | None,
    ) -> _Plan:
        count = _count(vocab_size, tokenizer)
        rows = _filled(count, pad_to_multiple)
        tied = checkpoint.tied if tie is None else bool(tie)
        if tied and output_rows is not None:
            raise InputError("output_rows: head and embedding are tied; tie=False parts them")
        if not tied and output_rows is None:
            raise InputError("output_rows: the head is not tied to the embedding, give its rows")

        def new(given: Rows, old: Matrix, what: str) -> NewRows:
            key = None if digest is None else f"{what} {digest}"
            return NewRows(old, source_of(given, old, count, what, key, num_threads), count, rows)

        replaced = _all_of(checkpoint.input, new(input_rows, checkpoint.input, "input_rows"))
        dropped: set[str] = set()
        added = None
        head = checkpoint.output if not checkpoint.tied else None
        if tied and head is not None:
            dropped = {head.name, *head.copies}
        elif output_rows is not None:
            made = new(output_rows, head or checkpoint.input, "output_rows")
            if head is not None:
                replaced |= _all_of(head, made)
            else:
                replaced, added = _parted(checkpoint, replaced, made)
        if checkpoint.bias is not None:
            given = bias if bias is not None else _bias_recipe(input_rows, output_rows)
            replaced |= _all_of(checkpoint.bias, new(given, checkpoint.bias, "bias"))
        elif bias is not None:
            raise InputError("bias: the model has none")
        files, index = plan_files(checkpoint._folder, replaced, dropped, added)
        sources = {id(one.source): one.source for one in replaced.values()}
        changed = tie if tie is not None and tie != checkpoint.tied else None
        return cls(count, rows, tied, changed, files, index, list(sources.values()))


def _write(work: Workspace, files: list[NewFile], total: int, report: Any) -> None:
    done = 0

    def told(size: int) -> None:
        nonlocal done
        done += size
        if report is not None:
            report(done, total, "bytes")

    for file in files:
        work.write(file, told)


def _small_files(
    checkpoint: Checkpoint,
    plan: _Plan,
    tokenizer: Tokenizer | None,
    roles: Mapping[str, str | int | None] | None,
    special_map: Mapping[int, int],
    exact: bool,
) -> tuple[dict[str, bytes], Change, dict[str, int]]:
    """Configurations, the index and the tokenizer's files, by name."""
    if tokenizer is None and roles:
        raise InputError("roles: are those of a tokenizer, but there is no tokenizer=")
    found = None if tokenizer is None else find_roles(tokenizer, roles)
    for what, number in [*(found or {}).items(), *special_map.items()]:
        if not 0 <= number < plan.vocab_size:
            raise VocabularyError(f"{what}: id {number}, but there are {plan.vocab_size} ids")
    change = Change(checkpoint.rows, plan.rows, found, special_map, plan.tie)
    files = {CONFIG: to_json(new_config(checkpoint.config, change))}
    if (checkpoint.path / GENERATION).is_file():
        said = read_json(checkpoint.path / GENERATION)
        files[GENERATION] = to_json(new_generation_config(said, change))
    if plan.index is not None:
        files[INDEX] = to_json(plan.index)
    if tokenizer is not None:
        path = checkpoint.path / "tokenizer_config.json"
        old = read_json(path) if path.is_file() else {}
        files |= tokenizer_files(tokenizer, found or {}, old, exact)
    return files, change, found or {}


def _digest(
    plan: _Plan, small: Mapping[str, bytes], copied: list[str], fingerprint: str
) -> str | None:
    """What tells this call from others; None if it has functions that nothing tells apart."""
    keys = [source.digest for source in plan.sources]
    if None in keys:
        return None
    found = hashlib.sha256(json.dumps([fingerprint, layout(plan.files), keys, copied]).encode())
    for name, data in small.items():
        found.update(name.encode() + hashlib.sha256(data).digest())
    return found.hexdigest()


def _nothing_there(out: Path) -> bool:
    """Refuses to throw away what was not asked to be."""
    if (out.with_name(f".{out.name}.toksmith") / "journal.jsonl").exists():
        raise InputError(
            f"{out}: was begun already, and nothing tells whether by the same functions; pass "
            f"digest= to go on, in both calls, or resume=False to begin anew"
        )
    return True


def _check_types(checkpoint: object, special_map: object) -> None:
    if not isinstance(checkpoint, Checkpoint):
        raise InputError(f"checkpoint must be a Checkpoint, not {type(checkpoint).__name__}")
    pairs = special_map.items() if isinstance(special_map, Mapping) else [(special_map, 0)]
    if special_map is None or all(type(one) is int for pair in pairs for one in pair):
        return
    raise InputError(f"special_map must be new ids by old ones, not {special_map!r}")


def _check_paths(source: Path, out: Path) -> None:
    try:
        old, new = source.resolve(), out.resolve()
    except (OSError, ValueError) as error:
        raise InputError(f"{out}: no path: {error}") from error
    if not out.name:
        raise InputError(f"{out}: names no folder")
    if old == new or old in new.parents or new in old.parents:
        raise InputError(f"{out}: is the model itself, or one of the two is within the other")


def _count(vocab_size: int | None, tokenizer: Tokenizer | None) -> int:
    if tokenizer is not None and not isinstance(tokenizer, Tokenizer):
        kind = type(tokenizer).__name__
        raise InputError(f"tokenizer must be a toksmith.Tokenizer, not {kind}")
    needed = 0 if tokenizer is None else _native._id_limit(tokenizer)
    if vocab_size is None:
        if tokenizer is None:
            raise InputError("vocab_size: give it, or a tokenizer")
        return needed
    if isinstance(vocab_size, bool) or not isinstance(vocab_size, int) or vocab_size <= 0:
        raise InputError(f"vocab_size must be a positive integer, not {vocab_size!r}")
    if vocab_size < needed:
        raise VocabularyError(f"vocab_size is {vocab_size}, but the tokenizer has {needed} ids")
    return vocab_size


def _filled(count: int, multiple: int | None) -> int:
    if multiple is None:
        return count
    if isinstance(multiple, bool) or not isinstance(multiple, int) or multiple <= 0:
        raise InputError(f"pad_to_multiple must be a positive integer, not {multiple!r}")
    return -(-count // multiple) * multiple


def _all_of(old: Matrix, rows: NewRows) -> dict[str, NewRows]:
    return dict.fromkeys((old.name, *old.copies), rows)


def _parted(
    checkpoint: Checkpoint, replaced: dict[str, NewRows], made: NewRows
) -> tuple[dict[str, NewRows], tuple[str, str] | None]:
    """Gives a head that was tied a matrix of its own: its stored copy, or a new tensor."""
    stored = names.matching(checkpoint.input.copies, names.HEADS)
    if stored:
        return replaced | dict.fromkeys(stored, made), None
    name = names.head_of(checkpoint.input.name)
    if name is None:
        raise UnsupportedFeature(f"a head beside {checkpoint.input.name}, of a name not known")
    return replaced | {name: made}, (name, checkpoint.input.name)


def _bias_recipe(input_rows: Rows, output_rows: Rows | None) -> Rows:
    rows = input_rows if output_rows is None else output_rows
    if not all(hasattr(rows, name) for name in Recipe._fields):
        raise InputError("bias: the model has one, give its numbers")
    return rows
