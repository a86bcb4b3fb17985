"""What sentencepiece has beside its classes: the random seed, thread pools, settings."""

from __future__ import annotations

import operator
import os
import random
from typing import NoReturn, SupportsIndex

from toksmith._native import UnsupportedFeature

_MOST_THREADS = 1024
_SEEDS = random.Random()


def next_seed() -> int:
    """The seed of one call that samples."""
    return _SEEDS.getrandbits(64)


def SetRandomGeneratorSeed(seed: SupportsIndex) -> None:  # noqa: N802
    """Makes the samples from here on those of a seed, 0 to 2**32 - 1.

    Raises:
        TypeError: The seed is no integer in range.
    """
    number = operator.index(seed)
    if not 0 <= number < 2**32:
        raise TypeError(f"the seed must be in 0..2**32, not {number}")
    _SEEDS.seed(number)


def SetMinLogLevel(v: SupportsIndex) -> None:  # noqa: N802
    """Accepted, for there is no log to be made shorter."""
    operator.index(v)


def SetNBestTimeout(timeout_ms: SupportsIndex) -> None:  # noqa: N802
    """No limit (0) is what there is.

    Raises:
        UnsupportedFeature: Another limit is asked for.
    """
    if operator.index(timeout_ms) != 0:
        raise UnsupportedFeature("set_nbest_timeout with a limit")


def SetDataDir(data_dir: str) -> None:  # noqa: N802
    """Accepted, for no rules are read from there: a normalizer that needs them raises."""
    if not isinstance(data_dir, str):
        raise TypeError(f"data_dir must be str, not {type(data_dir).__name__}")


def ConvertToFlatbuffer(  # noqa: N802
    model_file: object = None,
    model_proto: object = None,
    serialized_model_proto: object = None,
    output_file: object = None,
    skip_char_bigrams: bool = False,
    treat_null_byte_as_unused: bool = False,
    allow_unsupported_model_type: bool = False,
) -> NoReturn:
    """Not supported.

    Raises:
        UnsupportedFeature: Always.
    """
    del model_file, model_proto, serialized_model_proto, output_file
    del skip_char_bigrams, treat_null_byte_as_unused, allow_unsupported_model_type
    raise UnsupportedFeature("convert_to_flatbuffer")


class ThreadPool:
    """How many threads a call may use; the threads are toksmith's own.

    >>> ThreadPool(8).num_threads()
    8
    """

    def __init__(self, num_threads: SupportsIndex) -> None:
        number = operator.index(num_threads)
        if number < 0:
            number = os.cpu_count() or 1
        self._num_threads = max(1, min(number, _MOST_THREADS))

    def num_threads(self) -> int:
        """The number, at least 1; a negative one stood for that of the processors."""
        return self._num_threads


set_random_generator_seed = SetRandomGeneratorSeed
set_min_log_level = SetMinLogLevel
set_nbest_timeout = SetNBestTimeout
set_data_dir = SetDataDir
convert_to_flatbuffer = ConvertToFlatbuffer
