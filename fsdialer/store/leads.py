"""Leads in Redis: who is to be called, and the two queues they stand in (`due` now, `waiting` for their time)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis import Redis

from fsdialer.core.hours import zones_of
from fsdialer.core.leads import Lead, NewLead
from fsdialer.core.retry import PATIENT_FAILURES
from fsdialer.core.times import epoch
from fsdialer.errors import NotFound
from fsdialer.store.keys import Keys
from fsdialer.store.scripts import Scripts

_FIELD_PREFIX = "card."
#: Titles whose order is remembered.
COLUMNS_KEPT = 500
#: How the detail of a lead begins that waits for its calling hours (`claim.lua`).
ASLEEP = "outside calling hours"


@dataclass(frozen=True, slots=True)
class AddResult:
    """What came of adding leads; `lead_ids` in the order given, None for a duplicate."""

    added: int
    duplicate_numbers: int
    duplicate_ids: int
    lead_ids: list[str | None]


class Leads:
    """The leads of one company."""

    def __init__(self, redis: Redis, keys: Keys, scripts: Scripts) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = scripts

    def add(self, campaign: str, leads: Sequence[NewLead], now: float) -> AddResult:
        """Queue new leads; one whose number or external id the campaign already has is skipped and counted."""
        if not leads:
            return AddResult(0, 0, 0, [])
        home = self._redis.hget(self._keys.company, "time_zone") or ""
        answers = self._scripts.run("add_leads", campaign, now, json.dumps([_fields_of(x, home) for x in leads]))
        numbers, ids = answers.count("number"), answers.count("external_id")
        lead_ids = [None if answer in ("number", "external_id") else answer for answer in answers]
        return AddResult(len(answers) - numbers - ids, numbers, ids, lead_ids)

    def keep_order(self, campaign: str, titles: Sequence[str]) -> None:
        """Cards show their fields in the order of a file's columns; those of files before it behind them."""
        key = self._keys.columns(campaign)
        before = self._redis.lrange(key, 0, -1)
        order = list(dict.fromkeys([*titles, *before]))[:COLUMNS_KEPT]
        if order != before:
            with self._redis.pipeline() as pipe:
                pipe.delete(key)
                pipe.rpush(key, *order)
                pipe.execute()

    def get(self, lead: str) -> Lead:
        """NotFound when there is no such lead."""
        record = self._redis.hgetall(self._keys.lead(lead))
        if not record:
            raise NotFound(f"no lead {lead!r}")
        columns = self._redis.lrange(self._keys.columns(record.get("campaign", "")), 0, -1)
        return _lead_of(lead, record, columns)

    def find(self, campaign: str, number: str) -> str | None:
        """The id of the campaign's lead with this number (E.164)."""
        lead: str | None = self._redis.hget(self._keys.leads(campaign), number)
        return lead

    def release_due(self, campaign: str, now: float, limit: int = 1000) -> int:
        """Move leads whose retry has fallen due to the lead queue; `limit` of them at the most."""
        return int(self._scripts.run("release_due", campaign, now, limit))

    def look_at_hours_again(self, campaign: str, now: float) -> int:
        """Calling hours changed: leads that wait for the old ones fall due now; how many. The claim puts back those
        that still may not be called."""
        waiting = [lead for lead, _ in self._redis.zscan_iter(self._keys.waiting(campaign), count=1000)]
        with self._redis.pipeline(transaction=False) as pipe:
            for lead in waiting:
                pipe.hget(self._keys.lead(lead), "detail")
            asleep = [lead for lead, why in zip(waiting, pipe.execute(), strict=True) if (why or "").startswith(ASLEEP)]
        if asleep:
            self._redis.zadd(self._keys.waiting(campaign), dict.fromkeys(asleep, now), xx=True)
        return len(asleep)

    def next_retries(self, campaign: str, count: int) -> list[tuple[str, float]]:
        """The next leads to be called again, and when."""
        waiting = self._redis.zrange(self._keys.waiting(campaign), 0, count - 1, withscores=True)
        return [(lead, float(at)) for lead, at in waiting]

    def failures(self, lead: str) -> int:
        """How often in a row its calls have failed at no attempt: on our side or the carrier's."""
        return int(self._redis.hget(self._keys.lead(lead), "failures") or 0)

    def due_count(self, campaign: str) -> int:
        """How many stand in the lead queue."""
        return int(self._redis.zcard(self._keys.due(campaign)))

    def next_is_kept_from(self, campaign: str, gateway: str) -> bool:
        """Has the gateway just failed the lead that is next?"""
        first = self._redis.zrange(self._keys.due(campaign), 0, 0)
        return bool(first) and self._redis.hget(self._keys.lead(first[0]), "not_by") == gateway

    def counts(self, campaign: str) -> dict[str, int]:
        """Leads by where they stand: due, waiting, calling, done, total."""
        keys = self._keys
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hlen(keys.leads(campaign))
            pipe.zcard(keys.due(campaign))
            pipe.zcard(keys.waiting(campaign))
            pipe.zrange(keys.calls, 0, -1)
            total, due, waiting, live = pipe.execute()
            for uuid in live:
                pipe.hget(keys.call(uuid), "campaign")
            calling = pipe.execute().count(campaign) if live else 0
        done = max(0, total - due - waiting - calling)
        return {"due": due, "waiting": waiting, "calling": calling, "done": done, "total": total}

    def why(self, lead: str, now: float) -> list[str]:
        """Why this lead is or isn't being called, in sentences an administrator understands."""
        record = self.get(lead)
        sentences = self._why(lead, record, now)
        if self._redis.sismember(self._keys.do_not_call, record.number):
            said = self._redis.hget(self._keys.do_not_call_why, record.number)  # not where it was put there by hand
            known = f" ({said})" if said else ""
            sentences.append(f"Nobody of the company calls this number: it is on the do-not-call list{known}.")
        return sentences

    def _why(self, lead: str, record: Lead, now: float) -> list[str]:
        keys = self._keys
        if record.state == "done":
            return [f"It is done: {record.outcome or record.detail or record.disposition or 'closed'}."]
        if record.state == "calling":
            call = self._redis.hget(keys.lead(lead), "call") or ""
            state = self._redis.hget(keys.call(call), "state") or "unknown"
            return [f"It is being called now (call {call}, {state})."]
        if record.state == "waiting":
            after = f", the last one {record.disposition}" if record.disposition else ""
            note = f" ({record.detail})" if record.detail not in ("", str(record.disposition)) else ""
            left = max(0, round((record.next_at or now) - now))
            when = f"{left} s" if left < 120 else f"{round(left / 60)} min"
            attempts = "1 attempt" if record.attempts == 1 else f"{record.attempts} attempts"
            sentences = [f"It waits after {attempts}{after}{note}: due again in {when}."]
            failures = self.failures(lead)
            if failures > PATIENT_FAILURES:
                often = f"{failures} times in a row"
                sentences.append(f"It has failed on our side or the carrier's {often}: it waits longer each time.")
            return sentences
        return self._why_due(lead, record)

    def _why_due(self, lead: str, record: Lead) -> list[str]:
        keys, campaign = self._keys, record.campaign
        rank = self._redis.zrank(keys.due(campaign), lead)
        reasons = [f"It is due: number {rank + 1} in the queue." if rank is not None else "It is in no queue."]
        if self._redis.hget(keys.company, "active") == "0":
            reasons.append("The company's master switch is off.")
        settings = self._redis.hgetall(keys.settings(campaign))
        if settings.get("mode") == "off":
            reasons.append(f"Campaign {campaign} is off.")
        if self._redis.exists(keys.number(record.number)):
            reasons.append("This number is in another call right now.")
        if not self._redis.scard(keys.online(campaign)):
            reasons.append("No operator is on the line.")
        elif not self._redis.zcard(keys.available(campaign)):
            reasons.append("No operator is free at this moment.")
        if not self._redis.exists(keys.owner(campaign)):
            reasons.append("No dialer runs the campaign: is `fsdialer dial` up?")
        pace = self._redis.hget(keys.pace(campaign), "reason")
        if pace:
            reasons.append(f"Last decision: {pace}.")
        return reasons


def _fields_of(lead: NewLead, home: str) -> dict[str, str]:
    fields = {"number": lead.number, "name": lead.name, "priority": str(lead.priority)}
    zones = lead.time_zone or " ".join(zones_of(lead.number, home))
    if zones:
        fields["zones"] = zones
    if lead.external_id:
        fields["external_id"] = lead.external_id
    return fields | {_FIELD_PREFIX + name: value for name, value in lead.fields.items()}


def card_fields(record: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """What a lead's card shows, each field in the same place on every card: Redis has them in no order."""
    fields = {name.removeprefix(_FIELD_PREFIX): v for name, v in record.items() if name.startswith(_FIELD_PREFIX)}
    place = {title: at for at, title in enumerate(columns)}
    return dict(sorted(fields.items(), key=lambda field: (place.get(field[0], len(place)), field[0])))


def _lead_of(lead: str, record: dict[str, str], columns: Sequence[str]) -> Lead:
    return Lead(
        id=lead,
        campaign=record.get("campaign", ""),
        number=record.get("number", ""),
        name=record.get("name", ""),
        external_id=record.get("external_id", ""),
        priority=int(record.get("priority") or 0),
        fields=card_fields(record, columns),
        state=record.get("state", ""),
        attempts=int(record.get("attempts") or 0),
        disposition=record.get("disposition", ""),
        detail=record.get("detail", ""),
        outcome=record.get("outcome", ""),
        note=record.get("note", ""),
        next_at=epoch(record["next_at"]) if record.get("next_at") else None,
        preferred=record.get("preferred", ""),
    )
