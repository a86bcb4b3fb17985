"""Rank files: reading, writing, and the older pair of files that GPT-2 came in.

Start at `load_tiktoken_bpe`. Files are local. An address on the network stands for what tiktoken
would have of it without one: a file in its cache, or a rank file that comes with the package.
"""

from __future__ import annotations

import os

from toksmith._native import UnsupportedFeature
from toksmith.byte_alphabet import bytes_of_letters

_PUBLISHED = "https://openaipublic.blob.core.windows.net/encodings/"


def read_file(blobpath: str | os.PathLike[str]) -> bytes:
    r"""The content of a local file, or of a published rank file that comes with the package.

        >>> url = "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"
        >>> read_file(url)[:7]
        b'IQ== 0\n'

    Raises:
        OSError: The file cannot be read.
        UnsupportedFeature: The path is an address on a network.
    """
    blobpath = os.fspath(blobpath)
    if "://" not in blobpath:
        with open(blobpath, "rb") as file:  # noqa: PTH123  # importing pathlib takes milliseconds
            return file.read()
    embedded = _embedded(blobpath)
    if embedded is None:
        raise UnsupportedFeature(
            f"reading {blobpath}: nothing is fetched from a network; give the path of a local copy"
        )
    return embedded


def check_hash(data: bytes, expected_hash: str) -> bool:
    """Whether the SHA-256 of some bytes is this one, in hexadecimal.

    >>> check_hash(b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    True
    """
    import hashlib

    return hashlib.sha256(data).hexdigest() == expected_hash


def read_file_cached(blobpath: str | os.PathLike[str], expected_hash: str | None = None) -> bytes:
    """As `read_file`; for an address, tiktoken's cache is looked into first.

    The cache is the folder `TIKTOKEN_CACHE_DIR`, else `DATA_GYM_CACHE_DIR`, else `data-gym-cache`
    in the temporary folder; an empty name means none. It is read and never written.

    Raises:
        ValueError: The content has another hash than expected.
        OSError, UnsupportedFeature: As for `read_file`.
    """
    blobpath = os.fspath(blobpath)
    cached = _cached(blobpath) if "://" in blobpath else None
    # A damaged copy in the cache is passed over.
    if cached is not None and (expected_hash is None or check_hash(cached, expected_hash)):
        return cached
    data = read_file(blobpath)
    if expected_hash is not None and not check_hash(data, expected_hash):
        raise ValueError(f"{blobpath}: the SHA-256 of the content is not {expected_hash}")
    return data


def load_tiktoken_bpe(
    tiktoken_bpe_file: str | os.PathLike[str], expected_hash: str | None = None
) -> dict[bytes, int]:
    """The tokens of a rank file and their ranks.

        >>> dump_tiktoken_bpe({b"a": 0, b"b": 1}, "ab.tiktoken")
        >>> load_tiktoken_bpe("ab.tiktoken")
        {b'a': 0, b'b': 1}

    Raises:
        ValueError: A line is not base64, a space and a number; or the hash is another one.
        OSError, UnsupportedFeature: As for `read_file`.
    """
    import base64

    ranks = {}
    for line in read_file_cached(tiktoken_bpe_file, expected_hash).splitlines():
        if line:
            try:
                token, rank = line.split()
                ranks[base64.b64decode(token)] = int(rank)
            except ValueError as error:
                raise ValueError(f"{tiktoken_bpe_file}: cannot parse line {line!r}") from error
    return ranks


def dump_tiktoken_bpe(
    bpe_ranks: dict[bytes, int], tiktoken_bpe_file: str | os.PathLike[str]
) -> None:
    r"""Writes tokens and their ranks as a rank file, lowest rank first.

        >>> dump_tiktoken_bpe({b"b": 1, b"a": 0}, "ab.tiktoken")
        >>> read_file("ab.tiktoken")
        b'YQ== 0\nYg== 1\n'

    Raises:
        OSError: The file cannot be written.
        UnsupportedFeature: The path is an address on a network.
    """
    import base64

    path = os.fspath(tiktoken_bpe_file)
    if "://" in path:
        raise UnsupportedFeature(f"writing {path}: only local files are written")
    lines = [
        base64.b64encode(token) + b" %d\n" % rank
        for token, rank in sorted(bpe_ranks.items(), key=lambda item: item[1])
    ]
    with open(path, "wb") as file:  # noqa: PTH123
        file.writelines(lines)


def data_gym_to_mergeable_bpe_ranks(
    vocab_bpe_file: str | os.PathLike[str],
    encoder_json_file: str | os.PathLike[str],
    vocab_bpe_hash: str | None = None,
    encoder_json_hash: str | None = None,
    clobber_one_byte_tokens: bool = False,
) -> dict[bytes, int]:
    """The ranks of a vocabulary that comes as `vocab.bpe` and `encoder.json`, as GPT-2's does.

        >>> ranks = data_gym_to_mergeable_bpe_ranks("vocab.bpe", "encoder.json")  # doctest: +SKIP

    Args:
        vocab_bpe_file: One merge a line, after a line with the version.
        encoder_json_file: The id of every token; must be what the merges say.
        vocab_bpe_hash: The SHA-256 of the first file, if it shall be checked.
        encoder_json_hash: That of the second.
        clobber_one_byte_tokens: Take the ids of single bytes from the second file.

    Raises:
        AssertionError: The files disagree.
        OSError, ValueError, UnsupportedFeature: As for `read_file_cached`.
    """
    import json

    byte_of = bytes_of_letters()

    def spelled(text: str) -> bytes:
        return bytes(byte_of[letter] for letter in text)

    ranks = {bytes([byte]): rank for rank, byte in enumerate(byte_of.values())}
    merges = read_file_cached(vocab_bpe_file, vocab_bpe_hash).decode().split("\n")[1:-1]
    for rank, merge in enumerate(merges, start=len(ranks)):
        left, right = merge.split()
        ranks[spelled(left) + spelled(right)] = rank
    encoder = json.loads(read_file_cached(encoder_json_file, encoder_json_hash))
    ids = {spelled(token): number for token, number in encoder.items()}
    for special in (b"<|endoftext|>", b"<|startoftext|>"):
        ids.pop(special, None)
    if clobber_one_byte_tokens:
        ranks.update((token, number) for token, number in ids.items() if len(token) == 1)
    if ranks != ids:
        raise AssertionError(f"{vocab_bpe_file} and {encoder_json_file} do not fit together")
    return ranks


def _cached(address: str) -> bytes | None:
    import hashlib
    import tempfile

    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    if folder is None:
        folder = os.path.join(tempfile.gettempdir(), "data-gym-cache")  # noqa: PTH118
    if not folder:
        return None
    name = hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    try:
        with open(os.path.join(folder, name), "rb") as file:  # noqa: PTH118, PTH123
            return file.read()
    except OSError:
        return None


def _embedded(address: str) -> bytes | None:
    from toksmith import _native
    from toksmith.tokenizer import Tokenizer

    name = address.removeprefix(_PUBLISHED).removesuffix(".tiktoken")
    # Names that share a file are published under one of them.
    files = {_native.embedded_file(known) for known in _native.embedded_names()} | {"r50k_base"}
    if f"{_PUBLISHED}{name}.tiktoken" != address or name not in files:
        return None
    return Tokenizer.from_pretrained(name)._save("tiktoken")
