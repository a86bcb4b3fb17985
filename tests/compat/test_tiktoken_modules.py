"""Promise: the module functions know the same names, read the same files, and need no network."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import tiktoken
import tiktoken.load
import tiktoken.model

import toksmith as ts
import toksmith.compat.tiktoken as compat
from references import EMBEDDED, rank_file
from testdata import need
from tiktoken_pairs import answer, pair

PUBLISHED = "https://openaipublic.blob.core.windows.net/encodings/"
O200K = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")


def test_all_public_names_are_there() -> None:
    for module in ("", ".core", ".load", ".model", ".registry"):
        theirs = vars(__import__(f"tiktoken{module}", fromlist=["x"]))
        ours = vars(__import__(f"toksmith.compat.tiktoken{module}", fromlist=["x"]))
        own = {
            name
            for name, value in theirs.items()
            if not name.startswith("_") and getattr(value, "__module__", "").startswith("tiktoken")
        }
        assert own <= set(ours), f"tiktoken{module}"
    public = {name for name in dir(tiktoken.Encoding) if not name.startswith("__")}
    assert public <= set(dir(compat.Encoding))
    native = {name for name in dir(pair("gpt2")[1]._core_bpe) if not name.startswith("__")}
    assert native <= set(dir(compat.get_encoding("gpt2")._core_bpe))


def test_models() -> None:
    assert tiktoken.model.MODEL_TO_ENCODING == compat.model.MODEL_TO_ENCODING
    assert tiktoken.model.MODEL_PREFIX_TO_ENCODING == compat.model.MODEL_PREFIX_TO_ENCODING
    prefixes = [*tiktoken.model.MODEL_PREFIX_TO_ENCODING]
    for model in [
        *tiktoken.model.MODEL_TO_ENCODING,
        *prefixes,
        *(p + "x" for p in prefixes),
        "",
        "x",
    ]:
        ours, theirs = (
            answer(library.encoding_name_for_model, model) for library in (compat, tiktoken)
        )
        assert ours == theirs, model
    assert compat.encoding_for_model("gpt-4o") is compat.get_encoding("o200k_base")
    with pytest.raises(KeyError, match="nobody's model"):
        compat.encoding_for_model("nobody's model")


def test_encodings() -> None:
    assert compat.list_encoding_names() == tiktoken.list_encoding_names()
    assert set(compat.list_encoding_names()) == set(EMBEDDED)
    assert compat.get_encoding("gpt2") is compat.get_encoding("gpt2")
    for name in ("", "nothing", 5, None):
        ours, theirs = (answer(library.get_encoding, name) for library in (compat, tiktoken))
        assert ours == theirs == ("raises", ValueError)


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_encoding_has_the_parts_of_tiktokens(name: str) -> None:
    ours, theirs = pair(name)
    assert ours.name == name
    assert ours._mergeable_ranks == theirs._mergeable_ranks
    assert ours._special_tokens == theirs._special_tokens
    assert ours._pat_str == theirs._pat_str
    assert ours.token_byte_values() == theirs.token_byte_values()
    assert ours.special_tokens_set == theirs.special_tokens_set
    assert ours.max_token_value == theirs.max_token_value
    assert ours.eot_token == theirs.eot_token
    again = compat.Encoding(**compat.registry.ENCODING_CONSTRUCTORS[name]())  # type: ignore[index]
    text = "Constructed from its parts, it's the same.  <|endoftext|>"
    assert again.encode(text, allowed_special="all") == ours.encode(text, allowed_special="all")


def test_a_plugin_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiktoken_ext").mkdir()
    (tmp_path / "tiktoken_ext" / "mine.py").write_text(
        "ENCODING_CONSTRUCTORS = {'mine': lambda: dict(name='mine', pat_str='.', special_tokens={},"
        " mergeable_ranks={bytes([b]): b for b in range(256)})}"
    )
    import tiktoken_ext

    monkeypatch.setattr(tiktoken_ext, "__path__", [str(tmp_path / "tiktoken_ext")])
    monkeypatch.setattr(compat.registry, "ENCODING_CONSTRUCTORS", None)
    compat.registry._available_plugin_modules.cache_clear()
    try:
        assert compat.list_encoding_names()[-1] == "mine"
        assert compat.get_encoding("mine").encode("Hi") == [72, 105]
    finally:
        compat.registry._available_plugin_modules.cache_clear()
        compat.registry.ENCODINGS.pop("mine", None)


def test_rank_files(tmp_path: Path) -> None:
    file = tmp_path / "ranks.tiktoken"
    for content in (
        b"", b"YQ== 0\n\nYg== 1", b"YQ==\t1\r\nYg==  2\n", b"!! 0\n", b"YQ== x\n", b"YQ== 1 2\n",
        b"YQ 1\n", b"  \n", b"Y!Q== -1\n", b"YQ==\n", rank_file("r50k_base"),
    ):  # fmt: skip
        file.write_bytes(content)
        ours, theirs = (
            answer(load, str(file))
            for load in (compat.load.load_tiktoken_bpe, tiktoken.load.load_tiktoken_bpe)
        )
        assert ours == theirs, content[:40]
    with pytest.raises(FileNotFoundError):
        compat.load.load_tiktoken_bpe(str(tmp_path / "absent"))


def test_a_rank_file_is_written_as_it_was_read(tmp_path: Path) -> None:
    ranks = compat.get_encoding("p50k_base")._mergeable_ranks
    compat.load.dump_tiktoken_bpe(ranks, tmp_path / "again.tiktoken")
    assert (tmp_path / "again.tiktoken").read_bytes() == rank_file("p50k_base")


def test_hashes_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "ranks.tiktoken"
    file.write_bytes(b"YQ== 0\n")
    right = hashlib.sha256(b"YQ== 0\n").hexdigest()
    assert compat.load.load_tiktoken_bpe(file, right) == {b"a": 0}
    assert compat.load.check_hash(b"YQ== 0\n", right)
    with pytest.raises(ValueError, match="SHA-256"):
        compat.load.load_tiktoken_bpe(file, "0" * 64)


def test_published_files_come_with_the_package() -> None:
    ranks = compat.load.load_tiktoken_bpe(f"{PUBLISHED}o200k_base.tiktoken", O200K)
    assert ranks == compat.get_encoding("o200k_base")._mergeable_ranks


@pytest.mark.parametrize(
    "address",
    ["s3://bucket/x", "az://x/y", f"{PUBLISHED}gpt2.tiktoken", f"{PUBLISHED}x.tiktoken",
     "http://example.org/o200k_base.tiktoken"],
)  # fmt: skip
def test_nothing_is_fetched(address: str) -> None:
    for read in (
        compat.load.read_file,
        compat.load.read_file_cached,
        compat.load.load_tiktoken_bpe,
    ):
        with pytest.raises(ts.UnsupportedFeature, match="network"):
            read(address)
    with pytest.raises(ts.UnsupportedFeature):
        compat.load.dump_tiktoken_bpe({}, address)


def test_a_cached_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "https://example.org/ranks.tiktoken"
    (tmp_path / hashlib.sha1(address.encode()).hexdigest()).write_bytes(b"YQ== 0\n")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    assert compat.load.load_tiktoken_bpe(address) == {b"a": 0}
    assert tiktoken.load.load_tiktoken_bpe(address) == {b"a": 0}
    with pytest.raises(ts.UnsupportedFeature):  # it has been damaged, and there is no other
        compat.load.load_tiktoken_bpe(address, "0" * 64)


def test_the_older_pair_of_files(tmp_path: Path) -> None:
    model = json.loads(need("vocabs/gpt2/tokenizer.json").read_text())["model"]
    merges = [" ".join(merge) if isinstance(merge, list) else merge for merge in model["merges"]]
    bpe, encoder = str(tmp_path / "vocab.bpe"), str(tmp_path / "encoder.json")
    Path(bpe).write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    for vocab in (model["vocab"], model["vocab"] | {"x": 7}, {"a": 0}):
        Path(encoder).write_text(json.dumps(vocab))
        for clobber in (False, True):
            ours, theirs = (
                answer(library, bpe, encoder, clobber_one_byte_tokens=clobber)
                for library in (
                    compat.load.data_gym_to_mergeable_bpe_ranks,
                    tiktoken.load.data_gym_to_mergeable_bpe_ranks,
                )
            )
            assert ours == theirs
