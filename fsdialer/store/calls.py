"""Calls in Redis: claimed before they are dialled, kept while they live, closed exactly once."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from redis import Redis

from fsdialer.core.call_facts import Call, Refer
from fsdialer.core.campaigns import Campaign, Gateway
from fsdialer.core.dispositions import Verdict
from fsdialer.core.retry import NextStep
from fsdialer.core.times import epoch, iso
from fsdialer.store.hours import Hours
from fsdialer.store.keys import Keys
from fsdialer.store.scripts import Scripts

#: Seconds a call's record may go without news before the janitor asks the switch about it.
LEASE_S = 30.0

# The facts of a core.call_facts.Call that stand in its hash as instants: attribute → field.
_INSTANTS = {
    "placed_at": "placed",
    "rang_at": "rang",
    "answered_at": "answered",
    "ready_at": "ready",
    "expired_at": "expired",
    "bridged_at": "bridged",
    "machine_at": "machine",
    "beeped_at": "beeped",
    "dismissed_at": "dismissed",
    "wait_until": "wait_until",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A lead to be dialled now under `uuid`; its number is locked, its attempt counted, its call written."""

    uuid: str
    lead: str
    number: str
    attempt: int
    preferred: str
    promised: bool


_HISTORY = ("placed", "answered", "bridged", "ended", "cause", "disposition", "dismissed")


class Calls:
    """The calls of one company."""

    def __init__(self, redis: Redis, keys: Keys, scripts: Scripts, hours: Hours) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = scripts
        self._hours = hours

    def claim(
        self, campaign: Campaign, owner: str, gateway: Gateway, switch: str, uuids: Sequence[str], now: float
    ) -> list[Claim]:
        """Claim up to one due lead for each uuid, within calling hours, the gateway's channels and calls per second."""
        if not uuids:
            return []
        hours = self._hours.now(campaign, now)
        flat = self._scripts.run(
            "claim",
            campaign.id,
            owner,
            now,
            now + LEASE_S,
            campaign.max_attempts,
            gateway.name,
            gateway.channels,
            gateway.calls_per_second,
            switch,
            json.dumps(hours.opens) if hours else "",
            *uuids,
        )
        rows = [flat[i : i + 6] for i in range(0, len(flat), 6)]
        return [Claim(uuid, lead, number, int(n), by, bool(promised)) for uuid, lead, number, n, by, promised in rows]

    def in_the_last_hour(self, now: float) -> int:
        """Calls placed by all campaigns in this minute and the 60 before it: what the company's ceiling counts."""
        counts = self._redis.hgetall(self._keys.attempts)
        return sum(int(count) for minute, count in counts.items() if int(minute) >= now // 60 - 60)

    def no_channel(self, gateway: Gateway) -> bool:
        """Are all of the gateway's channels in use?"""
        return int(self._redis.scard(self._keys.gateway_calls(gateway.name))) >= gateway.channels

    def will_be_recorded(self, uuid: str, path: str) -> None:
        """Before it is dialled: where its recording will be, below the directory of recordings."""
        self._redis.hset(self._keys.call(uuid), "recording", path)

    def save(self, call: Call, owner: str, now: float) -> bool:
        """Write what is known of a live call and renew its lease; False when it has been closed."""
        fields: list[object] = []
        for name, value in _hash_of(call).items():
            fields += [name, value]
        return bool(self._scripts.run("save_call", call.uuid, owner, now + LEASE_S, *fields))

    def keep(self, uuids: Sequence[str], now: float) -> None:
        """Renew the leases of calls the switch has just confirmed."""
        if uuids:
            self._redis.zadd(self._keys.calls, dict.fromkeys(uuids, now + LEASE_S), xx=True)

    def talking(self, uuid: str, owner: str, operator: str, now: float, voice_ms: float) -> bool:
        """Both hear each other, `voice_ms` after the answer; False when already noted."""
        return bool(self._scripts.run("talking", uuid, owner, operator, now, f"{voice_ms:.0f}"))

    def finish(
        self,
        uuid: str,
        owner: str,
        now: float,
        verdict: Verdict,
        step: NextStep,
        wrap_up_s: float,
        cause: str,
        sip_status: int | None,
        ended_at: float | None = None,
    ) -> bool:
        """Close the call: once, whoever comes first; False when it was closed before. `ended_at`: when it was over, if
        that is told later than it was."""
        return bool(
            self._scripts.run(
                "finish",
                uuid,
                owner,
                now,
                verdict.disposition,
                verdict.detail,
                int(verdict.charged),
                step.lead_state,
                "" if step.retry_at is None else f"{step.retry_at:.3f}",
                wrap_up_s,
                cause,
                sip_status or "",
                step.not_by,
                int(verdict.do_not_call),
                "" if ended_at is None else f"{ended_at:.3f}",
            )
        )

    def get(self, uuid: str) -> dict[str, str]:
        """The call's record as it stands; empty when there is none."""
        record: dict[str, str] = self._redis.hgetall(self._keys.call(uuid))
        return record

    def live_uuids(self) -> dict[str, float]:
        """Live calls: uuid → end of lease."""
        return dict(self._redis.zrange(self._keys.calls, 0, -1, withscores=True))

    def live(self) -> list[dict[str, str]]:
        """The records of all live calls."""
        with self._redis.pipeline(transaction=False) as pipe:
            for uuid in self.live_uuids():
                pipe.hgetall(self._keys.call(uuid))
            return [record for record in pipe.execute() if record]

    def ended_since(self, campaign: str, since: float) -> Iterator[dict[str, str]]:
        """Placed, answered, bridged, ended, cause, disposition and dismissed of the campaign's finished calls that are
        still kept (7 days); what did not happen is empty."""
        for page in _pages(self._redis.scan_iter(match=self._keys.call("*"), count=1000), 1000):
            with self._redis.pipeline(transaction=False) as pipe:
                for key in page:
                    pipe.hmget(key, "campaign", *_HISTORY)
                for of, *values in pipe.execute():
                    record = dict(zip(_HISTORY, (value or "" for value in values), strict=True))
                    if of == campaign and record["placed"] and record["ended"] and epoch(record["ended"]) >= since:
                        yield record

    def load(self, company: str, campaign: str) -> list[Call]:
        """The live calls of a campaign, as its new owner adopts them."""
        return [_call_of(company, record) for record in self.live() if record["campaign"] == campaign]


def _pages(items: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while page := list(itertools.islice(rest, size)):
        yield page


def _hash_of(call: Call) -> dict[str, str]:
    """The facts that change during a call; what `claim` wrote stays as it is."""
    fields = {
        "state": str(call.state),
        "operator": call.operator,
        "leg": call.leg,
        "held": "1" if call.held else "",
        "leg_ready": "1" if call.leg_ready else "",
        "bridging": "1" if call.bridging else "",
        "seeking": "1" if call.seeking else "",
        "cancelled": "1" if call.cancelled else "",
        "failed_with": call.failed_with,
        "passed_over": " ".join(call.passed_over),
        "amd": call.amd,
        "spared": "1" if call.spared else "",
        "refer": call.refer,
        "cut_off": "1" if call.cut_off else "",
    }
    for attribute, field in _INSTANTS.items():
        at = getattr(call, attribute)
        if at is not None and attribute not in ("placed_at", "bridged_at"):
            fields[field] = iso(at)
    return fields


def _call_of(company: str, record: dict[str, str]) -> Call:
    instants = {a: epoch(record[f]) if record.get(f) else None for a, f in _INSTANTS.items()}
    return Call(
        uuid=record["uuid"],
        company=company,
        campaign=record["campaign"],
        lead=record["lead"],
        number=record["number"],
        gateway=record["gateway"],
        switch=record["switch"],
        attempt=int(record["attempt"]),
        placed_at=instants["placed_at"] or 0.0,
        preferred=record.get("preferred", ""),
        promised=bool(record.get("promised")),
        # Promised, and not known to the dialer that died: still sought, and `reserve` gives the same one again.
        operator=record.get("operator", "") if record.get("leg") or not record.get("seeking") else "",
        leg=record.get("leg", ""),
        held=bool(record.get("held")),
        leg_ready=bool(record.get("leg_ready")),
        bridging=bool(record.get("bridging")),
        seeking=bool(record.get("seeking")),
        cancelled=bool(record.get("cancelled")),
        failed_with=record.get("failed_with", ""),
        refer=Refer(record.get("refer", "")),
        wait_until=instants["wait_until"],
        passed_over=tuple(record.get("passed_over", "").split()),
        rang_at=instants["rang_at"],
        answered_at=instants["answered_at"],
        ready_at=instants["ready_at"],
        expired_at=instants["expired_at"],
        bridged_at=instants["bridged_at"],
        amd=record.get("amd", ""),
        machine_at=instants["machine_at"],
        beeped_at=instants["beeped_at"],
        spared=bool(record.get("spared")),
        dismissed_at=instants["dismissed_at"],
        cut_off=bool(record.get("cut_off")),
    )
