"""Whether a campaign's people may be called now: its calling hours, and the time zones its leads are in.

A lead's zones stand in its hash as `zones` (parted by spaces, empty: unknown), each kind once in the campaign's set.
"""

import math
from dataclasses import dataclass

from redis import Redis

from fsdialer.core.campaigns import Campaign
from fsdialer.core.hours import CallingHours, Outlook
from fsdialer.errors import InvalidSetting
from fsdialer.store.keys import Keys

#: What was reckoned for zones stands for so long (seconds), or until it opens or closes.
RECKONED_S = 60.0
#: Zones in none of which it opens within a week are looked at again after a day.
NEVER_S = 86400.0


@dataclass(frozen=True, slots=True)
class OpenNow:
    """At one moment: `opens` has, for each kind of zones, when a call may be placed there, 0 for now. `closes_in` and
    `day_ends_in`: seconds until calling ends everywhere, next and for the day; infinite while nothing is open."""

    opens: dict[str, float]
    closes_in: float
    day_ends_in: float

    @property
    def next_opening(self) -> float:
        """When the first of them opens, epoch seconds; 0: one is open now."""
        return min(self.opens.values())


class Hours:
    """The calling hours of a company's campaigns."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._reckoned: dict[tuple[str, ...], tuple[float, float, Outlook]] = {}

    def now(self, campaign: Campaign, now: float) -> OpenNow | None:
        """None for a campaign without calling hours and holidays: it may call at any time."""
        if not campaign.calling_hours and not campaign.holidays:
            return None
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hget(self._keys.company, "time_zone")
            pipe.smembers(self._keys.zones(campaign.id))
            home, kinds = pipe.execute()
        outlooks = {kind: self._outlook(campaign, kind or home or "UTC", now) for kind in kinds | {""}}
        is_open = [o for o in outlooks.values() if o.opens == now]
        return OpenNow(
            {kind: _opening(outlook, now) for kind, outlook in outlooks.items()},
            max((o.closes - now for o in is_open), default=math.inf),
            max((o.day_ends - now for o in is_open), default=math.inf),
        )

    def _outlook(self, campaign: Campaign, zones: str, now: float) -> Outlook:
        key = (*campaign.calling_hours, *campaign.holidays, str(campaign.ring_s), zones)
        since, until, outlook = self._reckoned.get(key, (math.inf, 0.0, None))
        if outlook is None or not since <= now < until:
            outlook = _reckon(campaign, zones, now)
            until = now + RECKONED_S
            if outlook.opens is not None:
                until = min(until, outlook.opens if outlook.opens > now else outlook.closes - campaign.ring_s)
            if len(self._reckoned) > 10_000:
                self._reckoned.clear()
            self._reckoned[key] = (now, until, outlook)
        if outlook.opens is not None and outlook.opens <= now:
            return Outlook(now, outlook.closes, outlook.day_ends)
        return outlook


def _reckon(campaign: Campaign, zones: str, now: float) -> Outlook:
    try:
        return CallingHours(campaign.calling_hours, campaign.holidays).outlook(now, zones.split(), campaign.ring_s)
    except InvalidSetting:  # an edited lead: where nobody can say what time it is, it is never time to call
        return Outlook(None, math.inf, math.inf)


def _opening(outlook: Outlook, now: float) -> float:
    if outlook.opens is None:
        return now + NEVER_S
    return outlook.opens if outlook.opens > now else 0.0
