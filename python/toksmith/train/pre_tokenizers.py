r"""Parts of a `tokenizer.json` that cut text, as the plain dictionaries that the file holds.

They mean the same to the library tokenizers, and here they are run without a regular expression.

    >>> from toksmith.train.pre_tokenizers import digits
    >>> digits("r2l:3")["pattern"]
    {'Regex': '\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))'}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from toksmith._native import InputError

Steps: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""One part that cuts text, or several."""

_BEHAVIORS = {
    "isolated": "Isolated",
    "contiguous": "Contiguous",
    "merged_with_previous": "MergedWithPrevious",
    "merged_with_next": "MergedWithNext",
}
# Of Unicode 16, but for those of Japanese, which are one.
_SCRIPTS = """
    Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak
    Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian
    Caucasian_Albanian Chakma Cham Cherokee Chorasmian Coptic Cuneiform Cypriot Cypro_Minoan
    Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs Elbasan Elymaic
    Ethiopic Garay Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi
    Gurung_Khema Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Imperial_Aramaic
    Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Kawi Kayah_Li Kharoshthi
    Khitan_Small_Script Khmer Khojki Khudawadi Kirat_Rai Lao Latin Lepcha Limbu Linear_A Linear_B
    Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi
    Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi
    Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu
    Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Ol_Onal Old_Hungarian Old_Italic Old_North_Arabian
    Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage Osmanya
    Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan
    Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese
    Sunuwar Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa
    Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Todhri Toto Tulu_Tigalari Ugaritic Vai
    Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square
"""
_JAPANESE = r"\p{Han}\p{Hiragana}\p{Katakana}\x{30FC}\x{FF70}"
_GROUPS = re.compile(r"(l2r|r2l):([1-9][0-9]?)")


def digits(how: str) -> dict[str, Any]:
    r"""The pre-tokenizer that makes pieces of digits, and of what lies between them.

    No piece is lost or changed, and each run of digits is cut by itself. Digits are the numbers of
    Unicode, `\p{N}`. As the first of a `Sequence` it decides where numbers are cut, whatever the
    others say of them (but for cutting them further).

    Args:
        how: "single": each digit is a piece. "l2r:k": groups of k from the left, 123 456 7.
            "r2l:k": groups of k from the right, 1 234 567, so that digits of the same place are
            at the same place of their tokens. `k` is from 1 to 99.

    Raises:
        InputError: `how` is none of these.
    """
    if how == "single":
        return {"type": "Digits", "individual_digits": True}
    match = _GROUPS.fullmatch(how) if isinstance(how, str) else None
    if match is None:
        raise InputError(
            f'digits must be "single", "l2r:k" or "r2l:k" with k from 1 to 99, not {how!r}'
        )
    side, size = match.groups()
    pattern = rf"\p{{N}}{{1,{size}}}"
    if side == "r2l":
        # Behind it are whole groups and then no digit.
        pattern += rf"(?=(?:\p{{N}}{{{size}}})*(?!\p{{N}}))"
    return _split({"Regex": pattern}, "isolated")


def scripts() -> dict[str, Any]:
    r"""The pre-tokenizer that cuts where the Unicode script changes, and nowhere else.

    What is of no script of its own (punctuation, digits, spaces) stays between letters of the same
    script, and goes with those behind it where they are of another; marks stay with their letter.
    Han, Hiragana and Katakana are one script. Runs of characters that Unicode 16 gives no script
    are pieces of their own.

        >>> from toksmith._native import pre_tokenize_text
        >>> import json
        >>> [piece for piece, _ in pre_tokenize_text(json.dumps(scripts()), "a b \u0431, \u0433!")]
        ['a b', ' \u0431, \u0433', '!']

    The `UnicodeScripts` of the format is not this: it cuts before and behind each punctuation, and
    drops spaces that begin a text.
    """
    sets = [_JAPANESE, *(rf"\p{{{name}}}" for name in _SCRIPTS.split())]
    none = r"[\p{Common}\p{Inherited}]"
    runs = (rf"(?:{none}*[{each}][{each}\p{{Inherited}}]*)+" for each in sets)
    return _split({"Regex": "|".join([*runs, none + "+"])}, "isolated")


def punctuation(behavior: str = "isolated") -> dict[str, Any]:
    """The pre-tokenizer that cuts at punctuation: of ASCII, and the categories P of Unicode.

    Args:
        behavior: "isolated": each sign is a piece. "contiguous": each run of them.
            "merged_with_previous", "merged_with_next": it ends, or begins, a piece.

    Raises:
        InputError: `behavior` is none of these.
    """
    return {"type": "Punctuation", "behavior": _behavior(behavior)}


def delimiter(text: str, behavior: str = "isolated") -> dict[str, Any]:
    """The pre-tokenizer that cuts at a string, which stays there.

    Args:
        text: The string, not empty.
        behavior: As for `punctuation`.

    Raises:
        InputError: `behavior` is none of these, or `text` is no string or empty.
    """
    if not isinstance(text, str) or not text:
        raise InputError(f"a delimiter must be a string that is not empty, not {text!r}")
    return _split({"String": text}, behavior)


def _split(pattern: dict[str, str], behavior: str) -> dict[str, Any]:
    named = _behavior(behavior)
    return {"type": "Split", "pattern": pattern, "behavior": named, "invert": False}


def _behavior(name: str) -> str:
    if name == "removed":
        raise InputError('behavior "removed" would drop text')
    found = _BEHAVIORS.get(name) if isinstance(name, str) else None
    if found is None:
        raise InputError(f"behavior must be one of {', '.join(_BEHAVIORS)}, not {name!r}")
    return found
