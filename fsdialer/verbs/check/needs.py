"""What the running campaigns ask of a switch: pure arithmetic over what is set up and who is on the line."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fsdialer.core.campaigns import BROWSER_STATIONS, Amd, Campaign, Gateway, Mode, Operator

#: How many customers predictive pacing may have on the way for one operator when nothing limits it.
PREDICTIVE_CALLS = 4.0


@dataclass(frozen=True, slots=True)
class Needs:
    """At the busiest moment: customers' calls, operators' phones, calls begun in a second; phones in browsers, whether
    anything is recorded, what listens for answering machines, and sound files: path and what for."""

    calls: int = 0
    phones: int = 0
    calls_per_second: int = 0
    browsers: int = 0
    records: bool = False
    detectors: frozenset[str] = frozenset()
    sounds: frozenset[tuple[str, str]] = frozenset()

    @property
    def sessions(self) -> int:
        """Channels at once."""
        return self.calls + self.phones

    @property
    def sessions_per_second(self) -> int:
        """Channels begun in a second: every answered call may ring a phone."""
        return 2 * self.calls_per_second if self.phones else self.calls_per_second

    def __add__(self, other: "Needs") -> "Needs":
        """Of several companies."""
        return Needs(
            self.calls + other.calls,
            self.phones + other.phones,
            self.calls_per_second + other.calls_per_second,
            self.browsers + other.browsers,
            self.records or other.records,
            self.detectors | other.detectors,
            self.sounds | other.sounds,
        )


def of_company(campaigns: Iterable[Campaign], gateways: Iterable[Gateway], operators: Iterable[Operator]) -> Needs:
    """Of the campaigns that are not off, should every operator of theirs get on the line.

    Customers: no more than the gateways have channels for, and no more than pacing places for so many operators.
    """
    running = [campaign for campaign in campaigns if campaign.mode is not Mode.OFF]
    used = {name for campaign in running for name in campaign.gateways}
    ways = [gateway for gateway in gateways if gateway.name in used]
    names = {campaign.id for campaign in running}
    seats = [operator for operator in operators if names.intersection(operator.campaigns)]
    paced = sum(
        math.ceil(_calls_each(campaign) * sum(campaign.id in operator.campaigns for operator in seats))
        for campaign in running
    )
    return Needs(
        calls=min(paced, sum(way.channels for way in ways)),
        phones=len(seats),
        calls_per_second=sum(way.calls_per_second for way in ways),
        browsers=sum(operator.station in BROWSER_STATIONS and not operator.dial for operator in seats),
        records=any(campaign.record for campaign in running),
        detectors=frozenset(campaign.amd.value for campaign in running if campaign.amd is not Amd.OFF),
        sounds=frozenset(sound for campaign in running for sound in _sounds(campaign)),
    )


def _sounds(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """The files its calls play; not what FreeSWITCH generates, nor our words for that."""
    heard = {
        "message": campaign.message,
        "amd_message": campaign.machine_message if campaign.amd is not Amd.OFF else "",
        "record_notice": campaign.record_notice if campaign.record else "",
        "held_sound": campaign.held_sound,
    }
    for setting, sound in heard.items():
        if sound and "://" not in sound and sound not in ("none", "tone", "silence"):
            yield sound, f"{setting} of campaign {campaign.company}/{campaign.id}"


def _calls_each(campaign: Campaign) -> float:
    if campaign.mode is Mode.PROGRESSIVE:
        return 1.0
    multiplier = float(campaign.multiplier)
    return multiplier if campaign.mode is Mode.MULTIPLIER or multiplier > 1 else PREDICTIVE_CALLS
