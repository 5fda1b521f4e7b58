"""Counters of a day, and the picture of a moment that the wallboard, `status` and the metrics show."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from redis import Redis

from fsdialer.core.campaigns import Campaign
from fsdialer.core.hours import local_midnight
from fsdialer.core.times import day, epoch, epoch_or_none
from fsdialer.store.keys import Keys

#: A campaign's target of abandoned calls when it names none.
USUAL_TARGET = float(Campaign("any", "any").target_abandon)


class Stats:
    """The figures of one company."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def day(self, campaign: str, on: str) -> dict[str, int]:
        """Counters of a UTC day (``2026-11-23``): attempts, answers, bridges, each disposition; ``14.busy`` by hour."""
        return {k: int(v) for k, v in self._redis.hgetall(self._keys.stats(campaign, on)).items()}

    def today(self, campaign: str, now: float) -> dict[str, int]:
        """Counters of the company's own day so far: since midnight of its time zone, or the UTC hour that holds it."""
        counts = since_midnight(self._redis, self._keys, partial(self._keys.stats, campaign), now)
        return {name: int(count) for name, count in counts.items()}

    def voice_ms(self, campaign: str) -> dict[str, float | None]:
        """Answer-to-voice time of the last 1,000 talks: p50 and p99 in ms, None before the first."""
        times = sorted(float(ms) for ms in self._redis.lrange(self._keys.voice_ms(campaign), 0, -1))
        return {"p50": percentile(times, 50), "p99": percentile(times, 99)}

    def snapshot(self, campaign: str, now: float) -> dict[str, Any]:
        """Everything about a campaign at this moment, as plain JSON."""
        return self.snapshots([campaign], now)[0]

    def snapshots(self, campaigns: Iterable[str], now: float) -> list[dict[str, Any]]:
        """The same of several; operators and calls are looked at once."""
        keys = self._keys
        with self._redis.pipeline(transaction=False) as pipe:
            operators, uuids = self._redis.smembers(keys.operators), self._redis.zrange(keys.calls, 0, -1)
            for operator in operators:
                pipe.hmget(keys.operator(operator), "campaign", "state")
            for uuid in uuids:
                pipe.hmget(keys.call(uuid), "campaign", "state")
            found = pipe.execute() if operators or uuids else []
        states, calls = found[: len(operators)], found[len(operators) :]
        on_line: dict[str, Counter[str]] = defaultdict(Counter)
        in_flight: dict[str, Counter[str]] = defaultdict(Counter)
        for campaign, state in states:
            if state and state != "off":
                on_line[campaign][state] += 1
        for campaign, state in calls:
            in_flight[campaign][state] += 1
        return [self._snapshot(each, now, on_line[each], in_flight[each]) for each in campaigns]

    def _snapshot(self, campaign: str, now: float, by_state: Counter[str], in_flight: Counter[str]) -> dict[str, Any]:
        keys = self._keys
        today = self.today(campaign, now)
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hlen(keys.leads(campaign))
            pipe.zcard(keys.due(campaign))
            pipe.zcard(keys.waiting(campaign))
            pipe.zrange(keys.waiting(campaign), 0, 4, withscores=True)
            pipe.hgetall(keys.pace(campaign))
            pipe.get(keys.owner(campaign))
            pipe.hmget(keys.settings(campaign), "mode", "target_abandon")
            total, due, waiting, retries, pace, owner, (mode, target) = pipe.execute()
        calling = sum(in_flight.values())
        return {
            "campaign": campaign,
            "mode": mode or "",
            "at": now,
            "owner": owner or "",
            "operators": dict(by_state),
            "calls": dict(in_flight),
            "leads": {
                "total": total,
                "due": due,
                "waiting": waiting,
                "calling": calling,
                "done": max(0, total - due - waiting - calling),
            },
            "today": today,
            "abandon_rate": abandon_rate(today),
            "target_abandon": _share(target),
            "voice_ms": self.voice_ms(campaign),
            "pace": pace,
            "next_retries": [{"lead": lead, "at": at} for lead, at in retries],
        }

    def mean_wrap_ups_s(self, operators: Iterable[str], since: float, now: float) -> list[float]:
        """The mean wrap-up (seconds) of each of these operators and UTC day with calls, since then."""
        days = sorted({day(since + n * 86400) for n in range(int((now - since) // 86400) + 1)} | {day(now)})
        with self._redis.pipeline(transaction=False) as pipe:
            for operator in operators:
                for on in days:
                    pipe.hmget(self._keys.operator_stats(operator, on), "wrap_up_s", "calls")
            figures = pipe.execute()
        return [float(wrap_up or 0) / float(calls) for wrap_up, calls in figures if calls and float(calls) > 0]

    def utilisation(self, now: float, campaign: str) -> float | None:
        """Talk and wrap-up time over time on the line, today, of the campaign's operators; None before anyone was."""
        keys = self._keys
        busy, total, midnight = 0.0, 0.0, _midnight_hour(self._redis, keys, now)
        for operator in self._redis.smembers(keys.operators):
            state, began, at = self._redis.hmget(keys.operator(operator), "state", "since", "campaign")
            if at != campaign:
                continue
            figures = _since(midnight, self._redis, partial(keys.operator_stats, operator), now)
            seconds = {k: v for k, v in figures.items() if k.endswith("_s")}
            if state and state != "off":
                age = max(0.0, now - (epoch_or_none(began) or now))
                seconds[f"{state}_s"] = seconds.get(f"{state}_s", 0.0) + age
            busy += seconds.get("on_call_s", 0.0) + seconds.get("wrap_up_s", 0.0)
            total += sum(seconds.values())
        return busy / total if total else None


def since_midnight(redis: Redis, keys: Keys, key_of: Callable[[str], str], now: float) -> dict[str, float]:
    """Counters, kept by UTC day (under `key_of` it) and hour, of the company's own day so far."""
    return _since(_midnight_hour(redis, keys, now), redis, key_of, now)


def _midnight_hour(redis: Redis, keys: Keys, now: float) -> float:
    """When the company's own day began: the hour since 1970 that holds midnight of its time zone."""
    return local_midnight(redis.hget(keys.company, "time_zone") or "UTC", now) // 3600


def _since(hour: float, redis: Redis, key_of: Callable[[str], str], now: float) -> dict[str, float]:
    """Counters, kept by UTC day (under `key_of` it) and hour, from that `_midnight_hour` on."""
    counts: dict[str, float] = defaultdict(float)
    for on in sorted({day(hour * 3600), day(now)}):
        for name, count in redis.hgetall(key_of(on)).items():
            at, dot, counter = name.partition(".")
            by_hour = bool(dot) and at.isdigit()
            if hour % 24 == 0 and not by_hour:
                counts[name] += float(count)
            elif hour % 24 and by_hour and epoch(f"{on}T{at}:00:00Z") // 3600 >= hour:
                counts[counter] += float(count)
    return dict(counts)


def abandon_rate(counts: dict[str, int]) -> float:
    """Abandoned ÷ answered by people: the law's formula. What an operator, or a detector before one had the call, took
    for a machine is no answer."""
    answers = counts.get("answers", 0) - counts.get("outcome.machine", 0) - counts.get("machine", 0)
    return counts.get("abandoned", 0) / answers if answers > 0 else 0.0


def _share(text: str | None) -> float:
    """A target as somebody set it; the usual one where that is no number, for the picture must not go out for it."""
    try:
        share = float(text or "")
    except ValueError:
        return USUAL_TARGET
    return share if 0 <= share <= 1 else USUAL_TARGET


def percentile(ordered: list[float], percent: float) -> float | None:
    """Nearest-rank percentile of an ordered list; None when it is empty."""
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]
