"""Recordings in Redis: which calls' are to be looked at, what was found, who heard them, and when they go.

The files are `fsdialer.recordings`' case. An entry outlives its call's record, and goes with its file.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import LockError

from fsdialer.core.times import epoch, iso
from fsdialer.store.keys import Keys

#: Entries read at a time.
PAGE = 500
#: Seconds one worker may take over a recording before another takes it up.
LOOK_S = 600
#: A player asks for a file in parts: within so many seconds they are one hearing.
HEARING_S = 600
#: The last so many times anything was played.
PLAYED_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Recording:
    """`path` is below the directory of recordings; `finding` a `core.recordings.Finding`; seconds, epoch seconds."""

    call: str
    campaign: str
    lead: str
    number: str
    operator: str
    answered: float
    call_s: float
    talk_s: float
    disposition: str
    outcome: str
    path: str
    finding: str
    seconds: float
    size: int
    heard: int = 0
    heard_last: str = ""


class Recordings:
    """The recordings of one company."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    @contextlib.contextmanager
    def looking(self, call: str) -> Iterator[bool]:
        """True for one worker at a time; it has ten minutes for this recording."""
        lock = self._redis.lock(self._keys.recording_lock(call), timeout=LOOK_S, blocking=False)
        mine = bool(lock.acquire())
        try:
            yield mine
        finally:
            if mine:
                with contextlib.suppress(LockError):  # it took longer than that: somebody else's by now
                    lock.release()

    # -- after the call ------------------------------------------------------------------------------------
    def unverified(self, until: float, count: int, skip: int = 0) -> list[tuple[str, float]]:
        """Calls that ended before `until` (epoch s) and whose recording nobody looked at yet; oldest first, without the
        first `skip`."""
        found = self._redis.zrangebyscore(
            self._keys.recordings_unverified, "-inf", until, start=skip, num=count, withscores=True
        )
        return [(call, float(ended)) for call, ended in found]

    def unverified_count(self) -> int:
        """How many of them there are."""
        count: int = self._redis.zcard(self._keys.recordings_unverified)
        return count

    def drop_unverified(self, call: str) -> None:
        """There is nothing to look at any more."""
        self._redis.zrem(self._keys.recordings_unverified, call)

    def save(self, recording: Recording, keep_days: int) -> None:
        """What was found; the call needs no more looking at. Said again it replaces the first."""
        keys, fields = self._keys, _hash_of(recording)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(keys.recording(recording.call), mapping=fields)
            pipe.zadd(keys.recordings, {recording.call: recording.answered})
            pipe.zadd(keys.campaign_recordings(recording.campaign), {recording.call: recording.answered})
            pipe.hset(keys.recordings_keep, recording.campaign, keep_days)
            pipe.zrem(keys.recordings_unverified, recording.call)
            pipe.execute()

    # -- searching -----------------------------------------------------------------------------------------
    def get(self, call: str) -> Recording | None:
        """The recording of a call; None when there is none, or none any more."""
        record = self._redis.hgetall(self._keys.recording(call))
        return _recording_of(record) if record.get("path") else None

    def newest(self, since: float, until: float) -> Iterator[Recording]:
        """Those answered from `since` up to, not including, `until` (epoch s), newest first, read page by page."""
        start = 0
        while True:
            calls = self._redis.zrevrangebyscore(self._keys.recordings, f"({until}", since, start=start, num=PAGE)
            with self._redis.pipeline(transaction=False) as pipe:
                for call in calls:
                    pipe.hgetall(self._keys.recording(call))
                for record in pipe.execute():
                    if record.get("path"):
                        yield _recording_of(record)
            if len(calls) < PAGE:
                return
            start += PAGE

    # -- hearing -------------------------------------------------------------------------------------------
    def heard(self, call: str, by: str, how: str, address: str, now: float) -> bool:
        """Somebody plays it, takes it away or removes it (`how`: play, download, remove); False when this is still
        the hearing that was written down."""
        if not self._redis.set(self._keys.recording_heard(call, by, how), "1", nx=True, ex=HEARING_S):
            return False
        key = self._keys.recording(call)
        with self._redis.pipeline(transaction=True) as pipe:
            if how != "remove":
                pipe.hincrby(key, "heard", 1)
                pipe.hset(key, "heard_last", f"{by}, {iso(now)}")
            entry = {"at": iso(now), "call": call, "by": by, "how": how, "address": address}
            pipe.xadd(self._keys.recordings_played, entry, maxlen=PLAYED_KEPT, approximate=True)
            pipe.execute()
        return True

    def played(self, count: int) -> list[dict[str, str]]:
        """Who heard what, newest first: at, call, by, how, address."""
        return [fields for _, fields in self._redis.xrevrange(self._keys.recordings_played, count=count)]

    # -- the end -------------------------------------------------------------------------------------------
    def keeping_times(self) -> dict[str, int]:
        """Campaign → days, as they stood when its last recording was saved or cleared."""
        return {campaign: int(days) for campaign, days in self._redis.hgetall(self._keys.recordings_keep).items()}

    def set_keeping_time(self, campaign: str, days: int) -> None:
        """Remember it, for the day the campaign is gone."""
        self._redis.hset(self._keys.recordings_keep, campaign, days)

    def past(self, campaign: str, before: float, count: int, skip: int = 0) -> list[Recording | str]:
        """The campaign's recordings answered before then, oldest first, without the first `skip`; an entry that is
        broken as its call's id."""
        calls = self._redis.zrangebyscore(
            self._keys.campaign_recordings(campaign), "-inf", f"({before}", start=skip, num=count
        )
        return [self.get(call) or call for call in calls]

    def remove(self, call: str, campaign: str) -> None:
        """Forget it; its file is gone."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(self._keys.recordings, call)
            pipe.zrem(self._keys.campaign_recordings(campaign), call)
            pipe.delete(self._keys.recording(call))
            pipe.execute()


def _hash_of(recording: Recording) -> dict[str, str]:
    return {
        "call": recording.call,
        "campaign": recording.campaign,
        "lead": recording.lead,
        "number": recording.number,
        "operator": recording.operator,
        "answered": iso(recording.answered),
        "call_s": f"{recording.call_s:.3f}",
        "talk_s": f"{recording.talk_s:.3f}",
        "disposition": recording.disposition,
        "outcome": recording.outcome,
        "path": recording.path,
        "finding": recording.finding,
        "seconds": f"{recording.seconds:.3f}",
        "size": str(recording.size),
    }


def _recording_of(record: Mapping[str, str]) -> Recording:
    return Recording(
        call=record.get("call", ""),
        campaign=record.get("campaign", ""),
        lead=record.get("lead", ""),
        number=record.get("number", ""),
        operator=record.get("operator", ""),
        answered=epoch(record["answered"]) if record.get("answered") else 0.0,
        call_s=float(record.get("call_s") or 0),
        talk_s=float(record.get("talk_s") or 0),
        disposition=record.get("disposition", ""),
        outcome=record.get("outcome", ""),
        path=record["path"],
        finding=record.get("finding", ""),
        seconds=float(record.get("seconds") or 0),
        size=int(record.get("size") or 0),
        heard=int(record.get("heard") or 0),
        heard_last=record.get("heard_last", ""),
    )
