"""Telephone numbers as an operator may see them when the company hides numbers; however they are written."""

import re
import unicodedata
from collections.abc import Iterator, Mapping

import phonenumbers

#: What a browser's address has for a space or a bracket.
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
#: So many of a number's last digits in a row are the number, written without country and area; fewer may be a price.
_LOCAL_DIGITS, _FEWEST_DIGITS = 7, 6


def mask(number: str) -> str:
    """The number as an operator may see it when the company hides numbers: ``+1212•••••00``; five digits hidden at
    the least."""
    return "".join("•" if at in _hidden(len(number)) else character for at, character in enumerate(number))


def _hidden(length: int) -> range:
    """Which of so many characters are hidden."""
    return range(min(5, max(0, length - 7)), length - (2 if length >= 7 else 0))


def mask_fields(fields: Mapping[str, str], number: str, country: str) -> dict[str, str]:
    """Card fields with every telephone number in them masked: the lead's own (E.164), however written, and others."""
    return {title: _mask_within(text, number, country) for title, text in fields.items()}


def _mask_within(text: str, number: str, country: str) -> str:
    masked = text
    for match in phonenumbers.PhoneNumberMatcher(text, country):
        masked = masked.replace(match.raw_string, mask(match.raw_string))
    own = {*_own(text, number), *_own(_ESCAPED.sub("   ", text), number)}
    return "".join("•" if at in own else character for at, character in enumerate(masked))


def _own(text: str, number: str) -> Iterator[int]:
    """Where the number's digits are to be hidden in a text: they stand together, whatever else than letters is between
    them, with country and area or without."""
    digits, fewest = number.removeprefix("+"), _fewest(number)
    run: list[int] = []  # where the digits are that no letter parts
    for at, character in enumerate(text):
        if character.isdecimal():
            run.append(at)
            alike = _alike(text, run, digits)
            if alike >= fewest:
                written = run[-alike:]
                yield from (written[place] for place in _hidden(alike))
        elif character.isalpha():
            run.clear()


def _alike(text: str, run: list[int], digits: str) -> int:
    """How many digits at the run's end are the number's last."""
    count = 0
    for at, digit in zip(reversed(run), reversed(digits), strict=False):
        if str(unicodedata.decimal(text[at])) != digit:
            break
        count += 1
    return count


def _fewest(number: str) -> int:
    """How many of its last digits give a number away: seven, or all it has within its country."""
    try:
        national = len(str(phonenumbers.parse(number).national_number))
    except phonenumbers.NumberParseException:
        return _LOCAL_DIGITS
    return min(_LOCAL_DIGITS, max(_FEWEST_DIGITS, national))
