"""The package sentencepiece 0.2.3, on toksmith: change the import and nothing else.

    >>> import toksmith.compat.sentencepiece as spm
    >>> sp = spm.SentencePieceProcessor(model_file="mine.model")  # doctest: +SKIP
    >>> sp.encode("Hello world", out_type=str)  # doctest: +SKIP
    ['▁Hello', '▁world']

Names, defaults, results and exceptions are the package's; names it no longer has (such as
`set_encode_extra_options`) are not here either. Differences:

- Samples have the package's distributions, not its random numbers. After
  `set_random_generator_seed` they are the same again, on any number of threads.
- `parallel_encode` gives what `encode` gives, always; the package's pieces can depend on
  `chunk_len` where sums of scores are nearly equal.
- What this version does not do raises `toksmith.UnsupportedFeature`, which is a `RuntimeError`:
  training, normalizers from rules other than `identity`, conversion to FlatBuffers, a time limit
  for n-best search.
- Nothing is ever logged, so `set_min_log_level` has nothing to do.

`return_type="proto"` needs protobuf: `pip install toksmith[sentencepiece]`.
"""

from toksmith.compat.sentencepiece.globals import (
    ConvertToFlatbuffer,
    SetDataDir,
    SetMinLogLevel,
    SetNBestTimeout,
    SetRandomGeneratorSeed,
    ThreadPool,
    convert_to_flatbuffer,
    set_data_dir,
    set_min_log_level,
    set_nbest_timeout,
    set_random_generator_seed,
)
from toksmith.compat.sentencepiece.normalizer import SentencePieceNormalizer
from toksmith.compat.sentencepiece.processor import SentencePieceProcessor
from toksmith.compat.sentencepiece.trainer import SentencePieceTrainer

__version__ = "0.2.3"

__all__ = [
    "ConvertToFlatbuffer",
    "SentencePieceNormalizer",
    "SentencePieceProcessor",
    "SentencePieceTrainer",
    "SetDataDir",
    "SetMinLogLevel",
    "SetNBestTimeout",
    "SetRandomGeneratorSeed",
    "ThreadPool",
    "__version__",
    "convert_to_flatbuffer",
    "set_data_dir",
    "set_min_log_level",
    "set_nbest_timeout",
    "set_random_generator_seed",
]
