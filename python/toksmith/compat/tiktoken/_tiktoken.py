"""The compiled class under `Encoding`, where tiktoken has it.

>>> import toksmith.compat.tiktoken as tiktoken
>>> tiktoken.get_encoding("gpt2")._core_bpe.encode_ordinary("hello world")
[31373, 995]
"""

from toksmith._native import CoreBPE

__all__ = ["CoreBPE"]
