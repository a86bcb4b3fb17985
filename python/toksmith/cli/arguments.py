"""The command line: every option, its help, and examples. Nothing is done here.

Start at `parser`.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from toksmith import __version__
from toksmith.cli.choose import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Commands = Mapping[str, Callable[[argparse.Namespace], int]]

_ABOUT = "Exact, fast tokenization of files of any size."

_EPILOG = f"""\
examples:
  echo "Hello world" | toksmith encode
  toksmith encode book.txt -o book.npy              one document, ids as a flat array
  toksmith encode 'web/*.jsonl.zst' -o web.parquet  a document a line, field "text"
  toksmith count -t cl100k_base **/*.md
  toksmith decode book.npy > book.txt

Without -t the tokenizer is {DEFAULT}. FILES may be globs, `-` or nothing for standard input;
gzip, zstd and xz are unpacked by content. Memory does not grow with the size of a file, only with
its longest pre-token (a JSON line, and a document under a pattern of your own, must fit in it).

exit codes: 0 done; 1 an error in the input, named by file and line; 2 wrong arguments;
130 interrupted; 141 the reader of the output went away. After an error no partial file is left.
"""

_ENCODE = """\
A text file is one document; a .jsonl or .ndjson file holds one a line; --lines and --field
decide otherwise. Ids come out as
  .jsonl     {"ids":[…]}, a document a line; also what standard output gets
  .npy       uint32, all documents one after the other; for several documents their n + 1
             offsets are in NAME.offsets.npy
  .parquet   columns document (int64) and ids (list of uint32), needs toksmith[arrow];
             a document of over 250,000 ids may go on in the rows that follow
Nothing is added to the ids. Special tokens written in the text are text unless allowed.
Bytes that are not UTF-8 are encoded as they are and decode to themselves.

examples:
  toksmith encode book.txt -o book.npy
  toksmith encode --lines < sentences.txt
  toksmith encode -t llama3/tokenizer.json --field body posts.jsonl.gz -o posts.parquet
  toksmith encode --allow-special '<|endoftext|>' joined.txt
"""

_DECODE = """\
Reads what encode writes, by content: JSON lines, .npy (with its offsets), Parquet, or plain
numbers between white space. Writes the bytes of the text; with --lines a newline after each
document, with -o NAME.jsonl or --format jsonl an object {"text":"…"} a line.

examples:
  toksmith decode book.npy -o book.txt
  toksmith encode --lines < a.txt | toksmith decode --lines
  echo 13225 2375 | toksmith decode
"""

_COUNT = """\
Prints the number of tokens of each file and in total, as wc does.

examples:
  toksmith count src/*.py
  toksmith count --json -t gpt2 corpus.jsonl.zst
"""

_INFO = """\
examples:
  toksmith info                       the embedded tokenizers
  toksmith info o200k_base
  toksmith info my/tokenizer.json --json
"""

_BENCH = """\
Speed is MB of text a second of processor time. "new" empties the caches before each repetition,
"seen" has them filled; real text lies between.

examples:
  toksmith bench book.txt
  toksmith bench -t cl100k_base --limit 50 corpus.jsonl.zst
"""

_TRAIN = """\
FILES are lines of text (the newline is part of the line), JSON lines (field "text"), Parquet or
Arrow (column "text"), plain or packed. The result is written to -o: a tokenizer.json, or what the
suffix says. The same files give the same tokenizer on any number of threads.

examples:
  toksmith train corpus/*.txt -o tokenizer.json --vocab-size 32000
  toksmith train web/*.jsonl.zst -o tokenizer.json --vocab-size 50000 --special '<|endoftext|>' \\
      --digits r2l:3 --memory 2000 --resume counts.bin
  toksmith train unigram de.txt -o tokenizer.json --vocab-size 8000
"""

_MERGE = """\
All documents are one batch: its most frequent neighbouring tokens are merged to new ones, one pair
after the other, as a model with dynamic tokenization would. Printed are the tokens left after so
many merges, and the new tokens that saved most.

examples:
  toksmith merge --lines sentences.txt
  toksmith merge -t llama3/tokenizer.json --field body posts.jsonl.gz --boundary none \\
      --merges 2000 --picture curve.svg --log merges.json
"""

_NEXT_BYTE = """\
The prompt is an argument, or all of standard input. It may end anywhere, inside a word or inside a
character: the probabilities are exact (see --target), not those of the tokens that the prompt
happens to be cut into. MODEL is a folder with checkpoint.bin and tokenizer.bin (llama2.c), a folder
of a transformers model, or a .gguf file; nothing is fetched from a network.

examples:
  toksmith next-byte --model stories260k "Once upon a ti"
  toksmith next-byte --model stories260k --compare "Once upon a ti"
  toksmith next-byte --model gpt2-folder --prefix '<|endoftext|>' --json "The quick bro"
"""

_COMPLETE = """\
Without --bytes the prompt is crossed by bytes and the rest written token by token, as fast as
usual; with --bytes each byte is drawn, and temperature and nucleus are those of bytes.

examples:
  toksmith complete --bytes --model stories260k --temperature 0 "Once upon a ti"
  toksmith complete --model stories260k --seed 7 --stop . "The dog and the ca"
"""


def parser(commands: Commands) -> argparse.ArgumentParser:
    """The parser; `args.run` is the function of the command that was named."""
    top = argparse.ArgumentParser(
        prog="toksmith", description=_ABOUT, epilog=_EPILOG, formatter_class=_Formatter
    )
    top.add_argument("--version", action="version", version=f"toksmith {__version__}")
    subs = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, summary: str, epilog: str) -> argparse.ArgumentParser:
        command = subs.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=epilog,
            formatter_class=_Formatter,
        )
        command.set_defaults(run=commands[name])
        return command

    encode = add("encode", "turn text into ids", _ENCODE)
    _files(encode, "text")
    _tokenizer(encode)
    _layout(encode)
    _allow_special(encode)
    _output(encode, ["jsonl", "npy", "parquet"])
    _threads(encode)

    decode = add("decode", "turn ids back into text", _DECODE)
    _files(decode, "ids")
    _tokenizer(decode)
    group = decode.add_argument_group("documents")
    group.add_argument(
        "--lines",
        action="store_true",
        help="a newline after each document; of plain numbers, each line is a document",
    )
    group.add_argument(
        "--field", metavar="NAME", help="field or column that holds the ids (default: ids)"
    )
    group.add_argument(
        "--skip-special-tokens", action="store_true", help="leave special tokens out of the text"
    )
    _output(decode, ["text", "jsonl"])

    count = add("count", "count the tokens of files", _COUNT)
    _files(count, "text")
    _tokenizer(count)
    _layout(count)
    _allow_special(count)
    _threads(count)
    _json(count)
    _quiet(count)

    info = add("info", "describe a tokenizer, or list the embedded ones", _INFO)
    info.add_argument("name", nargs="?", metavar="NAME_OR_PATH", help="the tokenizer")
    _tokenizer(info)
    _json(info)

    bench = add("bench", "measure speed on your text", _BENCH)
    _files(bench, "text")
    _tokenizer(bench)
    _layout(bench)
    _threads(bench)
    bench.add_argument(
        "--repeat", type=_positive, default=5, metavar="N", help="repetitions (default: 5)"
    )
    bench.add_argument(
        "--limit",
        type=_megabytes,
        default=10.0,
        metavar="MB",
        help="how much of the text to use (default: 10)",
    )
    _json(bench)

    _merging(add("merge", "show what merging the tokens of a batch would save", _MERGE))

    following = add("next-byte", "show what a model expects after a prompt", _NEXT_BYTE)
    _byte_model(following)
    following.add_argument(
        "--top", type=_positive, default=12, metavar="N", help="symbols shown (default: 12)"
    )
    following.add_argument(
        "--compare",
        action="store_true",
        help="naive prompting and one-token healing beside it, which are not exact",
    )
    _json(following)

    _completing(add("complete", "go on from a prompt that may end in mid-word", _COMPLETE))
    _training(add("train", "learn a tokenizer from files", _TRAIN))
    return top


def _merging(command: argparse.ArgumentParser) -> None:
    _files(command, "text")
    _tokenizer(command)
    _layout(command)
    command.add_argument(
        "--merges", type=_positive, default=500, metavar="N", help="at most (default: 500)"
    )
    command.add_argument(
        "--boundary",
        choices=["pretoken", "pretoken_published", "word", "word_hyphen", "sentence", "none"],
        default="pretoken",
        help="what a new token stays within (default: pretoken)",
    )
    command.add_argument(
        "--ties",
        choices=["first_seen", "id"],
        default="first_seen",
        help="which of equally frequent pairs (default: first_seen)",
    )
    command.add_argument(
        "--min-count", type=_positive, default=2, metavar="N", help="of a pair (default: 2)"
    )
    command.add_argument(
        "--max-token-bytes", type=_positive, metavar="N", help="of a new token (default: any)"
    )
    command.add_argument(
        "--top", type=_positive, default=20, metavar="N", help="new tokens shown (default: 20)"
    )
    command.add_argument("--log", metavar="FILE", help="write the merges as JSON")
    command.add_argument("--picture", metavar="FILE", help="draw length against merges, as SVG")
    _json(command)
    _quiet(command)


def _byte_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("prompt", nargs="?", metavar="PROMPT", help="default: standard input")
    command.add_argument("--model", required=True, metavar="MODEL", help="a folder or a .gguf file")
    command.add_argument(
        "-t", "--tokenizer", metavar="NAME_OR_PATH", help="instead of the one beside the model"
    )
    command.add_argument(
        "--prefix",
        action="append",
        metavar="NAME",
        help="a special token before the text (default: the one that begins texts)",
    )
    command.add_argument(
        "--target",
        choices=["canonical", "joint", "all"],
        default="canonical",
        help="which law: over the tokens that the tokenizer gives, the model's own probability of "
        "those, or over all tokenizations (default: canonical)",
    )
    command.add_argument(
        "--beam",
        type=_positive,
        default=64,
        metavar="N",
        help="contexts kept under --target all (default: 64)",
    )


def _completing(command: argparse.ArgumentParser) -> None:
    _byte_model(command)
    command.add_argument("--bytes", action="store_true", help="byte by byte to the end")
    command.add_argument(
        "--max-bytes", type=_positive, default=256, metavar="N", help="new bytes (default: 256)"
    )
    command.add_argument(
        "--temperature",
        type=float,
        default=1.0,
        metavar="T",
        help="0: the most probable (default: 1)",
    )
    command.add_argument(
        "--top-p", type=float, default=1.0, metavar="P", help="nucleus (default: 1, everything)"
    )
    command.add_argument("--stop", action="append", metavar="TEXT", help="ends before this text")
    command.add_argument("--seed", type=int, metavar="N", help="the same seed, the same text")
    command.add_argument("--only-new", action="store_true", help="without the prompt")
    _json(command)


def _training(train: argparse.ArgumentParser) -> None:
    train.add_argument(
        "algorithm",
        nargs="?",
        choices=["bpe", "wordpiece", "unigram", "superword"],
        default="bpe",
        help="how to learn (default: bpe)",
    )
    train.add_argument("files", nargs="+", metavar="FILES", help="files of text, or globs")
    train.add_argument("-o", "--output", required=True, metavar="FILE", help="the tokenizer")
    train.add_argument(
        "--vocab-size", required=True, type=_positive, metavar="N", help="tokens in all"
    )
    group = train.add_argument_group("pipeline")
    group.add_argument(
        "--like",
        metavar="NAME_OR_PATH",
        help="whose pipeline to take: an embedded name, a file, metaspace, sentencepiece or bert",
    )
    group.add_argument(
        "--special", action="append", metavar="NAME", help="a special token; they come first"
    )
    group.add_argument("--digits", metavar="HOW", help="single, l2r:K or r2l:K: digits in groups")
    group = train.add_argument_group("learning")
    group.add_argument("--min-frequency", type=int, metavar="N", help="rarer pairs stay apart")
    group.add_argument("--max-token-length", type=_positive, metavar="N", help="longest token")
    group.add_argument(
        "--character-coverage", type=float, metavar="P", help="part of characters that are tokens"
    )
    group.add_argument(
        "--byte-fallback",
        action=argparse.BooleanOptionalAction,
        help="spell other characters in bytes",
    )
    group.add_argument(
        "--form",
        choices=["stages", "joined"],
        help="superword: in two stages, or whole words joined",
    )
    group.add_argument("--transition", type=_positive, metavar="N", help="superword: first stage")
    group.add_argument("--max-words", type=_positive, metavar="N", help="superword: words a token")
    group = train.add_argument_group("input")
    group.add_argument(
        "--input-format",
        dest="kind",
        choices=["auto", "lines", "text", "jsonl", "parquet", "arrow"],
        default="auto",
        help="what holds a text; auto: by suffix",
    )
    group.add_argument("--field", metavar="NAME", help="field or column of the text")
    group.add_argument(
        "--errors",
        choices=["strict", "replace"],
        default="strict",
        help="what bytes that are no text are: an error, or U+FFFD",
    )
    group.add_argument(
        "--memory",
        type=_megabyte_budget,
        metavar="MB",
        help="most memory of counting; the rest goes to disk",
    )
    group.add_argument(
        "--resume", metavar="FILE", help="save counts here, and go on from them if they are there"
    )
    _threads(train)
    _quiet(train)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the examples as they are written, and options in one column."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)


def _files(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "files", nargs="*", metavar="FILES", help=f"files of {what}, globs, or - (default)"
    )


def _tokenizer(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("tokenizer")
    group.add_argument(
        "-t",
        "--tokenizer",
        metavar="NAME_OR_PATH",
        help=f"embedded name, file or folder (default: {DEFAULT})",
    )
    group.add_argument("--pattern", help="split pattern, for files that hold none (.tiktoken)")
    group.add_argument(
        "--special", action="append", metavar="NAME=ID", help="add a special token to the file's"
    )


def _layout(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("documents")
    kind = group.add_mutually_exclusive_group()
    kind.add_argument(
        "--input-format",
        dest="kind",
        choices=["auto", "text", "lines", "jsonl"],
        default="auto",
        help="text: a file is a document; auto: by suffix",
    )
    kind.add_argument(
        "--lines",
        dest="kind",
        action="store_const",
        const="lines",
        help="each line is a document, without its newline",
    )
    group.add_argument(
        "--field", metavar="NAME", help="field of JSON lines that holds the text (default: text)"
    )
    group.add_argument(
        "--errors",
        choices=["strict", "replace"],
        default="strict",
        help="what a lone surrogate in JSON is: an error, or U+FFFD",
    )


def _allow_special(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--allow-special",
        action="append",
        metavar="all|NAME,…",
        help="special tokens that are found in the text (default: none)",
    )


def _output(command: argparse.ArgumentParser, formats: list[str]) -> None:
    group = command.add_argument_group("output")
    group.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="default: standard output"
    )
    group.add_argument("--format", choices=formats, help="default: by the suffix of FILE")
    _quiet(command)


def _quiet(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-q", "--quiet", action="store_true", help="no progress, even on a terminal"
    )


def _threads(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--threads", type=_positive, metavar="N", help="threads for short documents (default: all)"
    )


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def _megabyte_budget(text: str) -> int:
    return int(_megabytes(text) * 1_000_000)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def _megabytes(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a size in MB")
    return number
