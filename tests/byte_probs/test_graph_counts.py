"""The graph has all tokenizations of a text and no others."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice

import pytest

import testdata
import toksmith as ts
from byte_probs.graph_oracle import VOCABULARIES, count, texts, tokenizations, unigram
from toksmith.byte_probs import TokenGraph
from vocabularies import embedded

KINDS = pytest.mark.parametrize("name", VOCABULARIES)


@KINDS
def test_short_texts_have_the_tokenizations_that_brute_force_finds(name: str) -> None:
    tok, tokens = unigram(name)
    for text in texts(12 if name != "spelled twice" else 9):
        graph, expected = TokenGraph(tok, text), tokenizations(tokens, text)
        assert graph.count() == len(expected)
        lengths = Counter(map(len, expected))
        assert graph.lengths() == dict(sorted(lengths.items()))
        if len(text) <= 7:
            assert [tuple(row) for row in graph.tokenizations().tolist()] == expected
            assert all(graph.count(length) == lengths[length] for length in range(9))
        assert (graph.furthest == len(text)) >= bool(expected)


@KINDS
def test_edges_are_the_tokens_at_offsets_that_can_be_reached(name: str) -> None:
    tok, tokens = unigram(name)
    for text in texts(8):
        graph = TokenGraph(tok, text)
        reached = {0} | {
            len(b"".join(tokens[number] for number in ids))
            for end in range(len(text))
            for ids in tokenizations(tokens, text[: end + 1])
        }
        edges = list(zip(*(array.tolist() for array in graph.edges()), strict=True))
        assert edges == sorted(
            (at, at + len(spelling), number)
            for at in reached
            for number, spelling in tokens.items()
            if text.startswith(spelling, at)
        )
        assert graph.furthest == max(reached)


@pytest.mark.parametrize("name", ["cl100k_base", "o200k_base"])
def test_a_thousand_bytes_have_as_many_as_python_counts(name: str) -> None:
    tok = embedded(name)
    text = ("The graph of a text, " * 40 + "Straße 東京 \U0001f600 " * 20).encode()[:1000]
    pieces = {text[at : at + size] for at in range(1000) for size in range(1, 129)}
    special = set(tok.special_ids.values())
    spelled = {number: tok.token_bytes(number) for number in range(tok.vocab_size)}
    tokens = {
        number: spelling
        for number, spelling in spelled.items()
        if spelling in pieces and number not in special
    }
    graph = TokenGraph(tok, text)
    assert graph.count() == count(tokens, text) > 2**500
    lengths = graph.lengths()
    assert sum(lengths.values()) == graph.count()
    assert lengths[max(lengths)] == 1
    assert max(lengths) == 1000
    assert graph.count(length=400) == lengths[400]


def test_numbers_of_many_limbs_carry() -> None:
    tok, _ = unigram("spelled twice")
    # Each a is one of two tokens.
    assert TokenGraph(tok, "a" * 3000).count() == 2**3000
    assert TokenGraph(tok, "a" * 200).lengths() == {200: 2**200}
    tok, _ = unigram("runs")
    graph = TokenGraph(tok, "a" * 300)
    ways = [1, 1, 2, 3]
    for end in range(4, 301):
        ways.append(ways[end - 1] + ways[end - 2] + ways[end - 4])
    assert graph.count() == ways[300]
    assert sum(graph.lengths().values()) == ways[300]


def test_what_stands_in_front_of_a_text_is_part_of_it() -> None:
    graph = TokenGraph(*_word_piece("hello"))
    assert (graph.lead, graph.text) == (b" ", b" hello")
    # " hel" + "lo", " he" + "l" + "lo", " he" + "llo".
    assert graph.count() == 3
    assert graph.canonical() in graph
    empty = TokenGraph(*_word_piece(""))
    assert (empty.lead, empty.text, empty.count(), empty.canonical()) == (b"", b"", 1, [])


def _word_piece(text: str) -> tuple[ts.Tokenizer, str]:
    import tokenizers
    from tokenizers import models, pre_tokenizers

    pieces = ["[UNK]", "hel", "he", "##l", "##lo", "##llo", "hello world"]
    model = models.WordPiece({piece: at for at, piece in enumerate(pieces)}, unk_token="[UNK]")
    tok = tokenizers.Tokenizer(model)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.add_special_tokens(["[UNK]"])
    return ts.Tokenizer.from_bytes(tok.to_str().encode()), text


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base"])
def test_the_encoding_of_a_text_is_one_of_its_tokenizations(name: str) -> None:
    tok, draw = embedded(name), random.Random(1)
    for _ in range(50):
        letters = [draw.choice("ab \n'é東\U0001f600<|>\0") for _ in range(draw.randrange(30))]
        text = "".join(letters)
        graph = TokenGraph(tok, text)
        assert graph.canonical() == tok.encode(text)
        assert graph.is_canonical(tok.encode(text))
        assert tok.encode(text) in graph
        assert list(text.encode()) == [] or not graph.is_canonical([])
        spelled = [tok.token_id(bytes([byte])) for byte in text.encode()]
        assert spelled in graph
        assert graph.is_canonical(spelled) == (spelled == tok.encode(text))


@pytest.mark.parametrize(
    "file", ["mistral_v1/tokenizer.model", "llama3/tokenizer.json", "qwen/tokenizer.json",
             "tekken/tekken.json", "xlmr_unigram/tokenizer.json"],
)  # fmt: skip
def test_the_encoding_of_real_text_is_one_of_its_tokenizations(file: str) -> None:
    tok = ts.Tokenizer.from_file(testdata.need(f"vocabs/{file}"))
    seen = 0
    for language in ("eng", "rus", "jpn", "kor"):
        for line in islice(testdata.language(language), 40):
            graph, ids = TokenGraph(tok, line), tok.encode(line)
            # XLM-R normalizes; what it makes of a text is a text of its own.
            if graph.normalizers and tok.decode(ids) != line:
                continue
            assert graph.is_canonical(ids)
            seen += graph.count() > 1
    assert seen > 50


def test_a_text_that_cannot_be_spelled_has_none_and_says_how_far_tokens_reach() -> None:
    tok, _ = unigram("with holes")
    graph = TokenGraph(tok, "abbaxab")
    assert graph.count() == 0
    assert graph.lengths() == {}
    assert graph.furthest == 4
    assert graph.log_total() == -float("inf")
    assert len(graph.tokenizations()) == 0
    for ask in (
        lambda: graph.sample(1, 0),
        lambda: graph.best(1, [0.0] * 10),
        graph.marginals,
        lambda: graph.marginal_logprob(lambda batch: [0.0] * len(batch), 1, 0),
    ):
        with pytest.raises(ts.InputError, match="byte 4 of 7"):
            ask()
    with pytest.raises(ts.InputError, match="no tokenization"):
        graph.canonical()


def test_arguments_out_of_range_are_typed_errors() -> None:
    tok, _ = unigram("runs")
    graph = TokenGraph(tok, b"aabb")
    for ask in (
        lambda: graph.count(-1),
        lambda: graph.count(1.5),  # type: ignore[arg-type]
        lambda: graph.sample(-1, 0),
        lambda: graph.sample(1, -1),
        lambda: graph.sample(1, 2**64),
        lambda: graph.sample(1, 0, [0.0]),
        lambda: graph.sample(1, 0, [[0.0]]),
        lambda: graph.sample(1, 0, [float("nan")] * 10),
        lambda: graph.sample(1, 0, [-float("inf")] * 10),
        lambda: graph.best(1, [1e300] * 10),
        lambda: graph.best(1, "abc"),
        lambda: graph.tokenizations(1),
        lambda: TokenGraph(tok, "\ud800"),
        lambda: TokenGraph(tok, 5),  # type: ignore[arg-type]
        lambda: TokenGraph("tok", "a"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ts.InputError):
            ask()
    with pytest.raises(ts.InputError, match="about 2"):
        TokenGraph(tok, "a" * 1000).tokenizations()
    with pytest.raises(ts.InputError, match="2 GiB"):
        TokenGraph(tok, "a" * 100_000).lengths()
    assert TokenGraph(tok, "").count() == 1
    assert TokenGraph(tok, "").sample(2, 0).batch.tolist() == [[], []]
