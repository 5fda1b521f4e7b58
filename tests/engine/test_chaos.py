"""Two dialers, and Redis itself, are killed at random under load: nobody is called twice, and the books agree."""

import random
import time

import pytest

from fsdialer.core.campaigns import RetryDelays
from fsdialer.core.times import epoch
from fsdialer.lab.redis_server import RedisServer
from tests.journey import Centre, wait_until

#: None that talks for ever: three of those would hold every operator and leave nothing to fail.
FATES = ("202", "202", "202", "201", "486", "408", "480")
LEADS, MAX_ATTEMPTS = 60, 2


@pytest.fixture
def redis_server(tmp_path):
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def centre(redis_server, tmp_path):
    soon = RetryDelays(missed=0.03, unavailable=0.03, busy=0.02, technical=0.02)
    centre = Centre(
        redis_server.url,
        tmp_path,
        "--gateway=trunk:channels=50:cps=50",
        ring_s=2,
        wrap_up_s=0.2,
        max_talk_s=30,
        max_attempts=MAX_ATTEMPTS,
        retry_min=soon,
    )
    yield centre
    centre.stop()


def test_dialers_and_redis_killed_at_random_call_nobody_twice_and_the_books_agree(centre, redis_server):
    c, dice = centre, random.Random(7)
    c.on_line("1001", "1002", "1003")
    numbers = [f"+1{area}5550{dice.choice(FATES)}" for area in range(201, 201 + LEADS)]
    leads = [c.add_lead(number) for number in numbers]
    c.start_dialer("d2")
    for fault in ("dialer", "redis", "dialer", "redis"):
        time.sleep(dice.uniform(0.5, 2.0))  # the rhythm of the faults, not a wait for anything
        if fault == "redis":
            redis_server.kill()
            time.sleep(dice.uniform(0.2, 1.0))
            redis_server.start()
        else:
            owner = c.store.ownership.owner("spring").split("#")[0]
            [d for d in c.dialers if f"dialer-{owner}-" in d.log.name][-1].kill()
            c.start_dialer(owner)
    before = c.today()["attempts"]
    wait_until(lambda: c.today()["attempts"] > before, 15, "calls to go on")
    for operator in ("1001", "1002", "1003"):
        c.store.operators.leave_line(operator, time.time())
    for channel in c.channels() - c.held_phones():
        c.switch.api(f"uuid_kill {channel}")
    wait_until(lambda: not c.store.calls.live_uuids(), 30, "every call to be closed")
    c.audit()
    assert_the_books_agree(c, leads)


def test_talk_that_ends_while_redis_is_away_is_no_longer_for_it(centre, redis_server):
    centre.on_line("1001")
    call = centre.talking(centre.add_lead("+12125550200"))
    redis_server.kill()
    hung_up = time.time()
    centre.switch.api(f"uuid_kill {call['uuid']}")
    time.sleep(3)  # how long Redis is away
    redis_server.start()
    record = wait_until(lambda: (r := centre.store.calls.get(call["uuid"])).get("ended") and r, 20)
    assert abs(epoch(record["ended"]) - hung_up) < 1
    assert abs(float(record["talk_s"]) - (hung_up - epoch(record["bridged"]))) < 1


def assert_the_books_agree(centre, leads):
    keys, redis, today = centre.store.keys, centre.redis, centre.today()
    due, waiting = set(redis.zrange(keys.due("spring"), 0, -1)), set(redis.zrange(keys.waiting("spring"), 0, -1))
    for lead in leads:
        state = centre.lead(lead).state
        where = [name for name, queue in (("due", due), ("waiting", waiting)) if lead in queue]
        assert where == {"new": ["due"], "due": ["due"], "waiting": ["waiting"], "done": []}[state], (lead, state)
        assert centre.lead(lead).attempts <= MAX_ATTEMPTS
    endings = ("answered", "missed", "unavailable", "busy", "technical", "abandoned", "dead", "cancelled")
    assert today["attempts"] == sum(today.get(name, 0) for name in endings)
    assert today["answers"] == today.get("answered", 0) + today.get("abandoned", 0)
    dialled = centre.switch.counts()["attempts_per_number"]
    written = {c["uuid"] for c in map(centre.store.calls.get, call_ids(centre))}
    assert len(written) == today["attempts"]
    assert sum(dialled.values()) <= today["attempts"], "nothing was dialled that was not written first"
    assert today["attempts"] - sum(dialled.values()) <= today.get("technical", 0), "what was not dialled was no attempt"


def call_ids(centre):
    prefix = centre.store.keys.call("")
    return [key.removeprefix(prefix) for key in centre.redis.scan_iter(f"{prefix}*")]
