"""Canonical edges are the tokens of encodings of texts that begin like this one."""

from __future__ import annotations

import numpy as np
import pytest

import toksmith as ts
from byte_probs.graph_oracle import texts
from toksmith.byte_probs import TokenGraph
from vocabularies import embedded, to_tokenizer_json

Edge = tuple[int, int, int]


def marked(graph: TokenGraph, whole: bool = False) -> set[Edge]:
    mask = graph.canonical_edges(whole)
    assert mask.dtype == bool
    starts, ends, ids = graph.edges()
    return set(zip(starts[mask].tolist(), ends[mask].tolist(), ids[mask].tolist(), strict=True))


def encoded(tok: ts.Tokenizer, text: bytes) -> list[Edge]:
    edges, at = [], 0
    for number in tok.encode(text):
        start, at = at, at + len(tok.token_bytes(number))
        edges.append((start, at, number))
    return edges


def test_without_a_pattern_they_are_the_encodings_of_all_beginnings() -> None:
    merges = [(b"a", b"b"), (b"b", b"a"), (b"ab", b"a"), (b"b", b"b"), (b"ab", b"ab")]
    words = [bytes([byte]) for byte in range(256)] + [left + right for left, right in merges]
    vocab = {word: at for at, word in enumerate(words)}
    ranks = {pair: at for at, pair in enumerate(merges)}
    tok = ts.Tokenizer.from_bytes(to_tokenizer_json(vocab, ranks).encode())
    for text in texts(9):
        graph = TokenGraph(tok, text)
        beginnings = [encoded(tok, text[:end]) for end in range(1, len(text) + 1)]
        assert marked(graph) == {edge for edges in beginnings for edge in edges}
        assert marked(graph, whole=True) == set(encoded(tok, text))


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base"])
@pytest.mark.parametrize(
    "text", ["I don't  know", "x = 1234567\n\n  y", "Straße 東京 \U0001f600", " tokenizations"]
)
def test_behind_a_pattern_they_hold_the_encodings_of_longer_texts(name: str, text: str) -> None:
    tok = embedded(name)
    data = text.encode()
    graph = TokenGraph(tok, text)
    found, whole = marked(graph), marked(graph, whole=True)
    assert whole <= found
    assert set(encoded(tok, data)) <= whole
    seen: set[Edge] = set()
    more = ["", " ", "  ", "\n", "a", "s", "'s", "1", "12", "ing", "ization", ".", "\n\n\n", " x"]
    for end in range(len(text) + 1):
        for tail in more:
            edges = encoded(tok, (text[:end] + tail).encode())
            seen.update(edge for edge in edges if edge[1] <= len(text[:end].encode()))
    assert seen <= found
    # Far fewer than match, and each is what an encoder would make somewhere.
    assert len(found) < len(graph.edges().ids) / 1.5
    reach = np.zeros(len(data) + 1, bool)
    reach[[0, *(end for _, end, _ in found)]] = True
    assert all(reach[start] for start, _, _ in found)


def test_a_tokenizer_that_cannot_be_followed_says_why() -> None:
    import tokenizers
    from tokenizers import AddedToken, models

    tok = tokenizers.Tokenizer(models.BPE({"a": 0, "b": 1}, []))
    tok.add_tokens([AddedToken("ab", rstrip=True)])
    graph = TokenGraph(ts.Tokenizer.from_bytes(tok.to_str().encode()), "ab")
    for _ in range(2):
        with pytest.raises(ts.UnsupportedFeature, match="added token"):
            graph.canonical_edges()
