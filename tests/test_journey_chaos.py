"""Everything fails at once, and still: no customer called twice at a time, none lost, none left without an end.

The faults are drawn by a seed; the invariants are those of a call centre, read from Redis and from the switch.
"""

import random
import time

import pytest

from fsdialer.core.campaigns import RetryDelays
from tests.journey import Centre, wait_until

#: What customers do, by the last three digits of their number, as often as they stand here.
FATES = ("200", "200", "202", "201", "486", "408", "480", "603", "404", "503")
LEADS, SECONDS = 60, 10.0


@pytest.fixture
def centre(redis_url, redis, tmp_path):
    """Two gateways, three operators, sixty leads; calls fail fast and come again fast."""
    soon = RetryDelays(missed=0.03, unavailable=0.03, busy=0.02, technical=0.02)
    centre = Centre(
        redis_url,
        tmp_path,
        "--gateway=trunk:channels=30:cps=30",
        "--gateway=spare:channels=30:cps=30",
        gateways=("trunk", "spare"),
        ring_s=2,
        wrap_up_s=0.2,
        max_talk_s=30,
        max_attempts=3,
        retry_min=soon,
    )
    yield centre
    centre.stop()


def fate(centre, command):
    """Ask the switch, again if our own line to it was cut by an earlier fault."""

    def asked():
        try:
            centre.switch.api(f"lab {command}")
        except OSError:
            return False
        return True

    wait_until(asked, what=command)


def cut(centre, dice):
    fate(centre, "cut")


def stall(centre, dice):
    fate(centre, "stall 1")


def restart_switch(centre, dice):
    fate(centre, "restart")


def kill_dialer(centre, dice):
    centre.dialer.kill()
    centre.start_dialer()


def gateway_down_and_up(centre, dice):
    name = dice.choice(("trunk", "spare"))
    fate(centre, f"gateway {name} down")
    time.sleep(dice.uniform(0.1, 0.5))
    fate(centre, f"gateway {name} up")


def phone_fails(centre, dice):
    extension = dice.choice(("1001", "1002", "1003"))
    fate(centre, f"phone {extension} {dice.choice(('reject', 'noanswer', 'unregistered'))}")
    time.sleep(dice.uniform(0.1, 0.5))
    fate(centre, f"phone {extension} auto")


def phone_hangs_up(centre, dice):
    fate(centre, f"phone {dice.choice(('1001', '1002', '1003'))} hangup")


SMALL = (cut, stall, gateway_down_and_up, phone_fails, phone_hangs_up)
LARGE = (restart_switch, kill_dialer)


def everybody_back(centre):
    """Operators who were taken off the line get on it again, as people do."""
    for view in centre.store.operators.views():
        if view.state == "off":
            centre.store.operators.go_on_line(view.id, "spring", time.time(), via="cli")


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_fails_no_call_is_doubled_lost_or_left_open(centre, seed):
    dice = random.Random(seed)
    numbers = [f"+1{area}5550{dice.choice(FATES)}" for area in range(201, 201 + LEADS)]
    centre.on_line("1001", "1002", "1003")
    leads = [centre.add_lead(number) for number in numbers]
    for large in LARGE:
        until = time.monotonic() + SECONDS / 2
        while time.monotonic() < until:
            time.sleep(dice.uniform(0.1, 0.8))  # the rhythm of the faults, not a wait for anything
            dice.choice(SMALL)(centre, dice)
            everybody_back(centre)
        large(centre, dice)
    wait_until(lambda: centre.today().get("bridges", 0) >= 3, 20, "three talks in spite of everything")
    for operator in ("1001", "1002", "1003"):
        centre.store.operators.leave_line(operator, time.time())
    for channel in centre.channels() - centre.held_phones():
        centre.switch.api(f"uuid_kill {channel}")
    wait_until(lambda: not centre.store.calls.live_uuids(), 30, "every call to be closed")
    centre.audit()
    assert_every_lead_is_in_one_place(centre, leads)
    assert_every_answer_has_one_end(centre)


def assert_every_lead_is_in_one_place(centre, leads):
    keys, redis = centre.store.keys, centre.redis
    due, waiting = set(redis.zrange(keys.due("spring"), 0, -1)), set(redis.zrange(keys.waiting("spring"), 0, -1))
    assert due & waiting == set()
    for lead in leads:
        record = centre.lead(lead)
        where = {"new": lead in due, "due": lead in due, "waiting": lead in waiting, "done": lead not in due | waiting}
        assert where.get(record.state), f"lead {lead} says {record.state}: {where}"
        assert record.attempts <= 3


def assert_every_answer_has_one_end(centre):
    today = centre.today()
    assert today["answers"] == today.get("answered", 0) + today.get("abandoned", 0)
    ended = sum(today.get(name, 0) for name in ("answered", "missed", "unavailable", "busy", "technical", "abandoned"))
    assert today["attempts"] == ended + today.get("dead", 0) + today.get("cancelled", 0)
