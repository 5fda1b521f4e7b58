"""What is ours: Redis, RQ, dialers, the set-up, the directory of recordings."""

import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from redis import Redis
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError

from fsdialer.core.campaigns import Mode
from fsdialer.core.recordings import TOO_LITTLE_B
from fsdialer.errors import FsdialerError
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore
from fsdialer.store import keys as names
from fsdialer.store.clock import redis_time
from fsdialer.verbs.check.finding import Finding, clock, fail, judge, ok, warn

#: What a recording takes: two channels of 16 bits, 8,000 times a second (bytes an hour).
WAV_BYTES_PER_HOUR = 32_000 * 3600
#: Free space of the recordings' disk: under `TOO_LITTLE_B` nothing more may be recorded soon, under this it is time.
LITTLE_B = 10_000_000_000
#: The same of files (inodes): each call is one, and a disk may have room and take none.
TOO_FEW_FILES, FEW_FILES = 1_000, 20_000

#: After a CONFIG SET. Never by the file alone: started with an append-only file for the first time, Redis begins empty.
_KEEP = "then CONFIG REWRITE"


def look_at_redis(redis: Redis) -> Iterator[Finding]:
    """Does it take anything, does it forget, does it survive, what time is it there."""
    yield _writes(redis)
    yield from _health(redis)
    try:
        policy = redis.config_get("maxmemory-policy").get("maxmemory-policy", "?")
        saves = redis.config_get("save").get("save", "")
    except RedisError as error:  # some hosted ones hide their configuration
        yield warn(f"Redis configuration: {error}", "make sure of maxmemory-policy noeviction, appendonly yes")
    else:
        mend = f"CONFIG SET maxmemory-policy noeviction, {_KEEP}: an evicted key is a lead or a call forgotten"
        yield judge(policy == "noeviction", f"Redis eviction policy: {policy}", mend)
        logged = bool(redis.info("persistence").get("aof_enabled"))
        kept = "append-only file" if logged else f"snapshots only ({saves})" if saves else "none"
        mend = f"CONFIG SET appendonly yes while it runs, {_KEEP}: a crash must not lose who has been called"
        yield judge(logged, f"Redis persistence: {kept}", mend)
    yield clock("Redis", redis_ahead_s(redis))


def _writes(redis: Redis) -> Finding:
    """Tried: a Redis that refuses every write answers everything else, and no call is placed."""
    key = names.check(uuid.uuid4().hex)
    try:
        redis.set(key, "1", ex=10)
        redis.delete(key)
    except RedisError as error:
        return fail(f"Redis takes nothing: {error}", _mend_of_writing(error))
    return ok("Redis takes what is written")


def _mend_of_writing(error: RedisError) -> str:
    if isinstance(error, OutOfMemoryError):
        return "its maxmemory is reached: CONFIG SET maxmemory to more, or find what fills it (redis-cli --bigkeys)"
    if isinstance(error, ReadOnlyError):
        return "it is a replica: name its master in FSDIALER_REDIS_URL, or make it one (REPLICAOF NO ONE)"
    if "MISCONF" in str(error):
        return "its last save to disk failed: see its log; room on the disk, rights on its directory"
    return "see its log, and the rights of its user (ACL)"


def _health(redis: Redis) -> Iterator[Finding]:
    """What it says of its own state."""
    said = redis.info()
    role = said.get("role", "master")
    if role != "master":
        yield fail(
            f"Redis is a {role}: it follows {said.get('master_host', '?')}", "name its master in FSDIALER_REDIS_URL"
        )
    for what, field in (
        ("save to disk", "rdb_last_bgsave_status"),
        ("write to its append-only file", "aof_last_write_status"),
    ):
        if said.get(field, "ok") != "ok":
            yield fail(
                f"Redis: its last {what} failed ({field})", "see its log; room on the disk, rights on its directory"
            )


def redis_ahead_s(redis: Redis) -> float:
    """How far its clock is ahead of ours."""
    return redis_time(redis) - time.time()


def look_at_rq(settings: Settings) -> Iterator[Finding]:
    """Are there workers? One that was killed stays in RQ's list; its own key goes a minute after its last word."""
    from rq import worker_registration

    from fsdialer import jobs

    queue = jobs.queue(settings)
    try:
        listed = worker_registration.get_keys(queue=queue)
        workers = sum(bool(queue.connection.exists(key)) for key in listed)
    except RedisError as error:
        yield fail(f"RQ's Redis: {error}", "start it, or set FSDIALER_RQ_REDIS_URL")
        return
    mend = "start one: fsdialer worker (meanwhile the dialer releases retries)"
    yield judge(workers > 0, f"RQ workers: {workers}", mend)


def look_at_dialers(alive: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """Is there one, and does each reach its switches? It has a password and addresses of its own."""
    yield judge(bool(alive), f"dialers running: {', '.join(alive) or 'none'}", "start one: fsdialer dial")
    for dialer, facts in alive.items():
        if ahead_s := facts.get("ahead_s"):
            yield clock(f"dialer {dialer} to that of Redis", float(ahead_s))
        links = dict(link.rsplit("=", 1) for link in facts.get("switches", "").split() if "=" in link)
        for switch in (name for name, state in links.items() if state != "up"):
            mend = "its log says why: start the switch, or set FSDIALER_SWITCHES of the dialer and start it again"
            yield fail(f"dialer {dialer} does not reach switch {switch}", mend)


def look_at_setup(companies: list[CompanyStore]) -> Iterator[Finding]:
    """Can each campaign call?"""
    for company in companies:
        try:
            setup = company.setup.whole()
        except FsdialerError as error:
            mend = "mend it with HSET or fsdialer apply; nothing more of this company was looked at"
            yield fail(f"settings of {company.id}: {error}", mend)
            continue
        for campaign in setup.campaigns:
            where = f"campaign {company.id}/{campaign.id}"
            for name, values in (("gateways", campaign.gateways), ("caller ids", campaign.caller_ids)):
                what = f"{where}: {name} {', '.join(values) or 'none'}"
                mend = f"set {name.replace(' ', '_')}"
                idle = campaign.mode is Mode.OFF and not values
                yield warn(what, f"{mend} before it is switched on") if idle else judge(bool(values), what, mend)
            hours = ", ".join(campaign.calling_hours)
            holidays = sorted({*setup.company.holidays, *campaign.holidays})
            closed = f", not on {', '.join(holidays)}" if holidays else ""
            mend = 'set calling_hours, like ["mon-fri 09:00-20:00"]: without, people are called at night too'
            if hours:
                yield ok(f"{where}: calling hours {hours}{closed}")
            elif campaign.mode is not Mode.OFF:
                yield warn(f"{where}: calls at any hour{closed}", mend)


def readable(company: CompanyStore) -> bool:
    """Are all its settings? If not, that was said, and says enough."""
    try:
        company.setup.whole()
    except FsdialerError:
        return False
    return True


def look_at_recordings(settings: Settings, wanted: bool) -> Iterator[Finding]:
    """Is there a directory, may we write into it, and how long will it last? `wanted`: some campaign records."""
    if not settings.recordings:
        if wanted:
            mend = "set FSDIALER_RECORDINGS, one path for switch, worker and web; such campaigns do not call until then"
            yield fail("recordings: a campaign records, and there is no directory for it", mend)
        return
    path = Path(settings.recordings)
    if not path.is_dir():
        yield fail(f"recordings: {path} is not there", "make it, or mount it: the same path for switch, worker and web")
        return
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield fail(
            f"recordings: {path} may not be written by this user", "give worker, web and switch a group of their own"
        )
        return
    yield space(path, shutil.disk_usage(path).free)
    disk = os.statvfs(path)
    if disk.f_files:  # some file systems have no such limit
        yield from files(path, disk.f_favail)


def space(path: Path, free_b: int) -> Finding:
    """Is it enough?"""
    what = f"recordings: {free_b / 1e9:.1f} GB free in {path}, {free_b / WAV_BYTES_PER_HOUR:.0f} hours of talk as wav"
    mend = "clear the disk, keep recordings for fewer days, or as ogg, which takes a tenth"
    if free_b < TOO_LITTLE_B:
        return fail(what, mend)
    return warn(what, mend) if free_b < LITTLE_B else ok(what)


def files(path: Path, left: int) -> Iterator[Finding]:
    """May as many still be made? Nothing is said while there is no end in sight."""
    what = f"recordings: {path} takes {left} files more: its file system has no inodes for others"
    mend = "see df -i: what has filled it with files? keep recordings for fewer days, or make a larger file system"
    if left < FEW_FILES:
        yield fail(what, mend) if left < TOO_FEW_FILES else warn(what, mend)
