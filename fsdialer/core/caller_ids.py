"""Which of a campaign's caller ids a call shows: each in turn, or the one nearest to the number called."""

from collections.abc import Sequence
from functools import lru_cache

import phonenumbers

from fsdialer.core.campaigns import CallerIdChoice


def choose(ids: Sequence[str], by: CallerIdChoice, number: str, turn: int, country: str = "US") -> str:
    """A caller id for a call to `number` (E.164), `turn` counting the campaign's calls; empty when there are none. One
    that begins without + is read as dialled in `country`, and shown as it is.

    Nearest: the longest run of digits in common from the front; among equals, in turn.
    """
    if not ids:
        return ""
    if by is CallerIdChoice.NEAREST:
        common = {each: _in_common(_international(each, country), number) for each in ids}
        ids = [each for each in ids if common[each] == max(common.values())]
    return ids[turn % len(ids)]


@lru_cache(maxsize=1024)
def _international(caller_id: str, country: str) -> str:
    """As E.164; what is no number of the country's stays what it is."""
    try:
        parsed = phonenumbers.parse(caller_id, country)
    except phonenumbers.NumberParseException:
        return caller_id
    if caller_id.startswith("+") or not phonenumbers.is_possible_number(parsed):
        return caller_id
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _in_common(one: str, other: str) -> int:
    one, other = one.lstrip("+"), other.lstrip("+")
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
