"""The letters that stand for bytes in byte-level files: bytes that can be seen as themselves."""

from __future__ import annotations

from functools import cache


@cache
def byte_letters() -> tuple[str, ...]:
    """The letter of each byte, by byte: the unseen ones are letters from U+0100 on."""
    letters, unseen = [], 0
    for byte in range(256):
        seen = chr(byte).isprintable() and byte != 0x20
        letters.append(chr(byte) if seen else chr(256 + unseen))
        unseen += not seen
    return tuple(letters)


@cache
def bytes_of_letters() -> dict[str, int]:
    """The byte each letter stands for, in the order of ranks: bytes that can be seen first."""
    letters = byte_letters()
    order = sorted(range(256), key=lambda byte: (letters[byte] != chr(byte), byte))
    return {letters[byte]: byte for byte in order}
