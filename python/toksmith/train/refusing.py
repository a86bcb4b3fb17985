"""Arguments that the extension cannot even hold are an `InputError`, as all others are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from toksmith._native import InputError


@contextmanager
def refusing() -> Iterator[None]:
    """Around a call of the extension; what a callable raises in it is left as it is.

    Raises:
        InputError: A number is negative, too large or none, or a name is no text.
    """
    try:
        yield
    except (OverflowError, TypeError, ValueError) as error:
        place = error.__traceback__ and error.__traceback__.tb_next
        if place is not None and place.tb_next is not None:
            raise
        notes = " ".join(getattr(error, "__notes__", ()))
        raise InputError(f"an argument cannot be: {error} {notes}".rstrip()) from None
