"""Learning vocabularies: from texts or counted words to a tokenizer.

    >>> import toksmith as ts
    >>> tok = ts.train.bpe(["low lower lowest", "new newer newest"], vocab_size=270)
    >>> [tok.decode([id]) for id in tok.encode("lowest newest")]
    ['lo', 'west', ' newest']

The same data gives the same tokenizer, on any number of threads. Trainers: `bpe`, `wordpiece`,
`unigram`, `superword`, and of running text `lzw` and `lib`; `extend_bpe` goes on from a tokenizer.
What they learn from can be counted apart, with `count_words`; `report` says how well it does.
"""

from toksmith._native import WordCounts
from toksmith.train.counting import count_words
from toksmith.train.extend import extend_bpe
from toksmith.train.files import Files
from toksmith.train.inputs import Weighted
from toksmith.train.lexicons import lib, lzw
from toksmith.train.report import Report, report
from toksmith.train.superwords import superword
from toksmith.train.trainers import bpe, unigram, wordpiece

__all__ = [
    "Files",
    "Report",
    "Weighted",
    "WordCounts",
    "bpe",
    "count_words",
    "extend_bpe",
    "lib",
    "lzw",
    "report",
    "superword",
    "unigram",
    "wordpiece",
]
