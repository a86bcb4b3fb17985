"""Runs other libraries' own tests against the modules of `toksmith.compat`.

    python tests/compat/run_peer_tests.py                     every library below
    python tests/compat/run_peer_tests.py tiktoken            one of them
    python tests/compat/run_peer_tests.py tiktoken --source PATH

The tests ship in a library's source package, which is fetched from pip's index at the pinned
version, unless `--source` gives it (a `.tar.gz`, or a folder of it unpacked). They are copied to a
temporary folder, beside a stub package of the library's name that hands out our module instead,
and run by pytest. What is passed, failed and not applicable is printed; what is not run, and why,
is in the table of `README.md` here, which is compared with the tests not run.

A library is one entry of `PEERS`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Takes the place of the library: its name and those of its modules stand for ours, so that no class
# exists twice.
STUB = """
import importlib, pkgutil, sys

ours = importlib.import_module({ours!r})
for module in pkgutil.walk_packages(getattr(ours, "__path__", ()), {ours!r} + "."):
    name = {peer!r} + module.name.removeprefix({ours!r})
    sys.modules[name] = importlib.import_module(module.name)
sys.modules[{peer!r}] = ours
"""

# Tests of ours never use a network, and neither do these: they run with their own vocabularies or
# with the embedded ones.
CONFTEST = """
import socket

def refuse(*args):
    raise OSError("no network in tests")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


@dataclass(frozen=True)
class Peer:
    """A library whose tests are run.

    Attributes:
        version: The one whose behaviour ours is.
        ours: The module that takes the place of the library's.
        tests: Where its tests lie in its source package.
        not_applicable: Test ids (as pytest prints them, parameters left out), classes or files that
            are not run, each with the reason. `README.md` has the same.
        needs: Further packages the tests import.
        files: Files put beside the tests: name to content.
        conftest: A file here that is a conftest of the tests, too.
    """

    version: str
    ours: str
    tests: str
    not_applicable: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    conftest: str | None = None


# What of tokenizers' tests is not run: file, reason, classes or tests; none means all of the file.
_TOKENIZERS_NOT_RUN: list[tuple[str, str, list[str]]] = [
    (
        "tests/test_benchmarks.py",
        "measures speed, of files it fetches itself",
        [],
    ),
    (
        "tests/bindings/test_trainers.py",
        "trains a Unigram",
        [
            "TestUnigram::test_can_pickle",
            "TestUnigram::test_train_with_special_tokens",
            "TestUnigram::test_cannot_train_different_model",
            "TestUnigram::test_can_modify",
        ],
    ),
    (
        "tests/bindings/test_trainers.py",
        "trains a parity-aware BPE",
        [
            "TestParityBpeTrainer",
        ],
    ),
    (
        "tests/implementations/test_sentencepiece.py",
        "trains a Unigram",
        [
            "TestSentencePieceUnigram",
        ],
    ),
    (
        "tests/documentation/test_tutorial_train_from_iterators.py",
        "imports a package of data sets",
        [],
    ),
    (
        "tests/bindings/test_normalizers.py",
        "a normalizer in Python",
        [
            "TestCustomNormalizer",
        ],
    ),
    (
        "tests/bindings/test_pre_tokenizers.py",
        "a pre-tokenizer in Python",
        [
            "TestCustomPreTokenizer",
        ],
    ),
    (
        "tests/bindings/test_tokenizer.py",
        "asserts that a forked process hangs",
        [
            "TestTokenizer::test_multiprocessing_with_parallelism",
        ],
    ),
    (
        "tests/implementations/test_bert_wordpiece.py",
        "asserts that a forked process hangs",
        [
            "TestBertWordPieceTokenizer::test_multiprocessing_with_parallelism",
        ],
    ),
    (
        "tests/implementations/test_byte_level_bpe.py",
        "asserts that a forked process hangs",
        [
            "TestByteLevelBPE::test_multiprocessing_with_parallelism",
        ],
    ),
    (
        "tests/implementations/test_char_bpe.py",
        "asserts that a forked process hangs",
        [
            "TestCharBPETokenizer::test_multiprocessing_with_parallelism",
        ],
    ),
    (
        "tests/bindings/test_tokenizer.py",
        "needs bert-base-cased from the hub",
        [
            "TestTokenizer::test_from_pretrained",
        ],
    ),
    (
        "tests/bindings/test_tokenizer.py",
        "needs anthony/tokenizers-test from the hub",
        [
            "TestTokenizer::test_from_pretrained_revision",
        ],
    ),
    (
        "tests/bindings/test_tokenizer.py",
        "needs t5-base from the hub",
        [
            "TestTokenizer::test_encode_special_tokens",
        ],
    ),
    (
        "tests/bindings/test_tokenizer.py",
        "needs hf-internal-testing/llama-new-metaspace from the hub",
        [
            "TestTokenizer::test_splitting",
        ],
    ),
    (
        "tests/documentation/test_pipeline.py",
        "needs tokenizer-wiki.json from the hub",
        [
            "TestPipeline::test_pipeline",
        ],
    ),
    (
        "tests/documentation/test_pipeline.py",
        "needs bert-wiki.json from the hub",
        [
            "TestPipeline::test_bert_example",
        ],
    ),
    (
        "tests/documentation/test_quicktour.py",
        "needs tokenizer-wiki.json from the hub",
        [
            "TestQuicktour::test_quicktour",
        ],
    ),
    (
        "tests/implementations/test_char_bpe.py",
        "needs openai-gpt-vocab.json from the hub",
        [
            "TestCharBPETokenizer::test_basic_encode",
            "TestCharBPETokenizer::test_lowercase",
            "TestCharBPETokenizer::test_decoding",
        ],
    ),
    (
        "tests/test_serialization.py",
        "needs albert-base-v1-tokenizer.json from the hub",
        [
            "TestSerialization::test_full_serialization_albert",
            "TestSerialization::test_str_big",
        ],
    ),
    (
        "tests/implementations/test_byte_level_bpe.py",
        "needs the ids of roberta-base-vocab.json from the hub",
        [
            "TestByteLevelBPE::test_basic_encode",
            "TestByteLevelBPE::test_add_prefix_space",
            "TestByteLevelBPE::test_lowerspace",
        ],
    ),
]
TOKENIZERS_NOT_APPLICABLE = {
    "::".join([file, *name]): reason
    for file, reason, names in _TOKENIZERS_NOT_RUN
    for name in ([[name] for name in names] or [[]])
}
_PROCESSOR = "tests/sentencepiece_test.py::TestSentencepieceProcessor::"
_TRAINS = "it trains a model; training is not supported"
_RULES = "it makes a normalizer from rules, which is part of training"
SENTENCEPIECE = {
    "tests/gen_stubs_test.py": "it tests a script in the library's source",
    "tests/numpy_test.py::TestNumpyIntegration::test_numpy_memory_safety": (
        "it asks for a private class under the array"
    ),
    f"{_PROCESSOR}test_convert_to_flatbuffer": "conversion to FlatBuffers is not supported",
    f"{_PROCESSOR}test_decode_batch_with_unstable_len": "it calls private methods of the binding",
    **dict.fromkeys(
        (
            f"{_PROCESSOR}test_{name}"
            for name in (
                "complex_regex_pretokenizer", "inconsistent_pretokenizer", "nbest_timeout",
                "special_tokens_combinations", "train", "train_iterator", "train_kwargs",
                "train_with_pretokenizer", "trainer_with_normalizer",
                "word_model_user_defined_symbol",
            )
        ),
        _TRAINS,
    ),
    **dict.fromkeys(
        (
            f"{_PROCESSOR}test_normalizer_{name}"
            for name in ("map", "normalizer_spec", "rule", "rule_tsv")
        ),
        _RULES,
    ),
}  # fmt: skip

PEERS = {
    "tiktoken": Peer(
        version="0.14.0",
        ours="toksmith.compat.tiktoken",
        tests="tests",
        needs=("hypothesis",),
        conftest="tiktoken_conftest.py",
    ),
    "tokenizers": Peer(
        version="0.23.3",
        ours="toksmith.compat.tokenizers",
        tests="bindings/python/tests",
        not_applicable=TOKENIZERS_NOT_APPLICABLE,
        needs=("huggingface_hub", "tqdm"),
        conftest="tokenizers_conftest.py",
    ),
    "sentencepiece": Peer(
        version="0.2.3",
        ours="toksmith.compat.sentencepiece",
        tests="test",
        needs=("protobuf",),
        not_applicable=SENTENCEPIECE,
    ),
}


@dataclass
class Outcome:
    """How many tests ended how."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def main(arguments: list[str] | None = None) -> int:
    """Runs the tests; 1 if any failed or was left out without being listed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("peers", nargs="*", metavar="LIBRARY", help=f"of {', '.join(PEERS)}")
    parser.add_argument("--source", type=Path, help="the source package; needs one LIBRARY")
    args = parser.parse_args(arguments)
    names = args.peers or list(PEERS)
    unknown = set(names) - set(PEERS)
    if unknown or (args.source and len(names) != 1):
        parser.error(
            f"no tests for {', '.join(unknown)}" if unknown else "--source needs a LIBRARY"
        )
    bad = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            bad += not run(name, PEERS[name], args.source, Path(folder))
    return 1 if bad else 0


def run(name: str, peer: Peer, source: Path | None, work: Path) -> bool:
    """Runs one library's tests and prints what became of them; whether all is well."""
    listed = unlisted_differences(name, peer)
    tests = prepare(name, peer, source or download(name, peer, work), work)
    outcome = run_pytest(tests, peer)
    print(
        f"{name} {peer.version}: {outcome.passed} passed, {len(outcome.failed)} failed, "
        f"{len(peer.not_applicable)} not applicable, {len(outcome.skipped)} skipped by themselves"
    )
    for test in outcome.failed:
        print(f"  failed: {test}")
    for test, reason in peer.not_applicable.items():
        print(f"  not applicable: {test}: {reason}")
    for test in outcome.skipped:
        print(f"  skipped: {test}")
    for problem in listed:
        print(f"  README.md: {problem}")
    return not outcome.failed and outcome.passed > 0 and not listed


def download(name: str, peer: Peer, work: Path) -> Path:
    """The source package, from pip's index; its hash is checked.

    `pip download` would build it to learn its metadata, which takes some of them for ever.
    """
    listing = urllib.request.Request(
        f"{index_url()}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    )
    wanted = f"{name}-{peer.version}.tar.gz"
    with urllib.request.urlopen(listing, timeout=60) as answer:
        base, files = answer.url, json.load(answer)["files"]
    found = next(file for file in files if file["filename"] == wanted)
    with urllib.request.urlopen(urllib.parse.urljoin(base, found["url"]), timeout=600) as answer:
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != found["hashes"]["sha256"]:
        raise SystemExit(f"{wanted} is not what the index says it is")
    (work / wanted).write_bytes(data)
    return work / wanted


def index_url() -> str:
    """The index that pip is set to use."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    from pip._internal.models.index import PyPI

    url = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip() or PyPI.simple_url
    return str(url).rstrip("/")


def prepare(name: str, peer: Peer, source: Path, work: Path) -> Path:
    """A folder with the tests, the stub and a conftest; returns that of the tests."""
    if source.is_file():
        with tarfile.open(source) as archive:
            archive.extractall(work / "source", filter="data")
        source = next((work / "source").iterdir())
    # Some tests look at the name of the folder they run in.
    root = work / "run" / "python"
    shutil.copytree(source / peer.tests, root / "tests")
    stub = root / "stub" / name
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text(STUB.format(ours=peer.ours, peer=name))
    more = (HERE / peer.conftest).read_text(encoding="utf-8") if peer.conftest else ""
    (root / "conftest.py").write_text(more + CONFTEST, encoding="utf-8")
    for file, content in peer.files.items():
        (root / file).write_text(content)
    return root


def run_pytest(root: Path, peer: Peer) -> Outcome:
    """Runs the tests in a process of its own, in which the library's name is ours."""
    report = root / "report.xml"
    deselected = [
        f"--{'ignore' if test.endswith('.py') else 'deselect'}={test}"
        for test in peer.not_applicable
    ]
    paths = [str(root / "stub"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTEST_ADDOPTS": ""}
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"),
            *(f"--junitxml={report}", f"--rootdir={root}", "-c", os.devnull, *deselected, "tests"),
        ],
        cwd=root,
        env=environment,
        check=False,
    )
    outcome = Outcome()
    for case in ET.parse(report).getroot().iter("testcase"):
        test = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failed.append(test)
        elif (skip := case.find("skipped")) is not None:
            outcome.skipped.append(f"{test}: {skip.get('message')}")
        else:
            outcome.passed += 1
    return outcome


def unlisted_differences(name: str, peer: Peer) -> list[str]:
    """Where the table of `README.md` and `PEERS` do not say the same."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| {re.escape(name)} \| `([^`]+)` \| (.+) \|$", text, re.MULTILINE)
    table = dict(rows)
    return [
        f"{test} should be listed with the reason {peer.not_applicable.get(test)!r}"
        for test in sorted(table.keys() | peer.not_applicable.keys())
        if table.get(test) != peer.not_applicable.get(test)
    ]


if __name__ == "__main__":
    sys.exit(main())
