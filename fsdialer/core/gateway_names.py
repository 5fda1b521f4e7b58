"""Whose a gateway's name is. A switch knows a name once: ``sofia/gateway/NAME`` is that one gateway, whoever set it up
and whoever dials. So a gateway without a `host` has its name for its company alone, on the switches it exists on.

Pure: `store.gateway_names` keeps who has which name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fsdialer.core.campaigns import Gateway

#: On every switch.
EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class Holder:
    """A company that has a name, since when (ISO, UTC) and where: `EVERYWHERE`, or switches parted by commas."""

    company: str
    since: str
    places: str


def places(host: str, proxy: str, switches: Iterable[str]) -> str:
    """Where a gateway with these settings has its name; empty for one that is dialled at a host of its own. One with a
    `proxy` is given to every switch that asks."""
    if host:
        return ""
    return EVERYWHERE if proxy else ",".join(sorted(switches)) or EVERYWHERE


def places_of(gateway: Gateway) -> str:
    """The same of a gateway."""
    return places(gateway.host, gateway.proxy, gateway.switches)


def overlap(one: str, other: str) -> bool:
    """Would two gateways of one name be the same on some switch?"""
    if not one or not other:
        return False
    return EVERYWHERE in (one, other) or bool(set(one.split(",")) & set(other.split(",")))


def in_order(holders: Iterable[Holder]) -> list[Holder]:
    """Who had it first comes first."""
    return sorted(holders, key=lambda holder: (holder.since, holder.company))


def may_have(company: str, wanted: str, holders: Sequence[Holder]) -> bool:
    """May the company have the name at `wanted` places? Not where another has it already, unless the company had it
    there before that one did."""
    ordered = in_order(holders)
    mine = next((holder for holder in ordered if holder.company == company), None)
    for other in (holder for holder in ordered if holder.company != company and overlap(wanted, holder.places)):
        if mine is None or not overlap(mine.places, other.places) or ordered.index(other) < ordered.index(mine):
            return False
    return True
