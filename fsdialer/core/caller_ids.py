"""Which of a campaign's caller ids a call shows: each in turn, or the one nearest to the number called."""

from collections.abc import Sequence

from fsdialer.core.campaigns import CallerIdChoice


def choose(ids: Sequence[str], by: CallerIdChoice, number: str, turn: int) -> str:
    """A caller id for a call to `number` (E.164), `turn` counting the campaign's calls; empty when there are none.

    Nearest: the longest run of digits in common from the front; among equals, in turn.
    """
    if not ids:
        return ""
    if by is CallerIdChoice.NEAREST:
        longest = max(_in_common(each, number) for each in ids)
        ids = [each for each in ids if _in_common(each, number) == longest]
    return ids[turn % len(ids)]


def _in_common(one: str, other: str) -> int:
    one, other = one.lstrip("+"), other.lstrip("+")
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
