"""Calling hours in a running dialer: who is called, who waits, and what is said of it."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.journey import TALKS, TALKS_TOO, wait_until

AROUND_NOON = ("08:00-16:00",)


def zone_where_it_is(hour):
    """A time zone in which it is about that hour now."""
    ahead = (hour - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}"


def test_people_are_called_by_their_own_clocks(centre):
    c = centre(calling_hours=AROUND_NOON)
    asleep = c.add_lead(TALKS_TOO, time_zone=zone_where_it_is(0))
    awake = c.add_lead(TALKS, time_zone=zone_where_it_is(12))
    c.on_line("1001")
    c.talking(awake)
    wait_until(lambda: c.lead(asleep).state == "waiting", what="the sleeping lead put off")
    assert not c.call_of(asleep)
    assert 5 * 3600 < c.store.leads.get(asleep).next_at - time.time() < 9 * 3600


def test_longer_hours_are_in_effect_at_once(centre):
    c = centre(calling_hours=AROUND_NOON)
    asleep = c.add_lead(TALKS_TOO, time_zone=zone_where_it_is(0))
    c.add_lead(TALKS, time_zone=zone_where_it_is(12))
    for operator in ("1001", "1002"):
        c.store.operators.go_on_line(operator, "spring", time.time(), via="cli")
    wait_until(lambda: c.lead(asleep).state == "waiting", what="the sleeping lead put off")
    c.store.setup.save_campaign(replace(c.store.setup.campaign("spring"), calling_hours=("00:00-24:00",)))
    c.talking(asleep)


def test_holidays_of_company_and_campaign_are_kept_and_may_be_taken_back(centre):
    c = centre()
    zone = zone_where_it_is(12)
    today = datetime.now(ZoneInfo(zone)).date().isoformat()
    c.store.setup.save_company(replace(c.store.setup.company(), holidays=(today,)))
    c.store.setup.save_campaign(replace(c.store.setup.campaign("spring"), holidays=("2020-01-01",)))
    resting = c.add_lead(TALKS, time_zone=zone)
    c.add_lead(TALKS_TOO, time_zone=zone)
    c.store.operators.go_on_line("1001", "spring", time.time(), via="cli")
    reason = wait_until(
        lambda: "calling hours" in (reason := c.redis.hget(c.store.keys.pace("spring"), "reason") or "") and reason,
        what="the reason",
    )
    assert reason.startswith("outside calling hours until 20") and not c.call_of(resting)
    c.store.setup.save_company(replace(c.store.setup.company(), holidays=()))
    c.talking(resting)


def test_when_nobody_may_be_called_the_decision_says_until_when(centre):
    c = centre(calling_hours=AROUND_NOON)
    c.redis.hset(c.store.keys.company, "time_zone", zone_where_it_is(0))
    lead = c.add_lead(TALKS, time_zone=zone_where_it_is(0))
    c.on_line("1001")
    reason = wait_until(
        lambda: "calling hours" in (reason := c.redis.hget(c.store.keys.pace("spring"), "reason") or "") and reason,
        what="the reason",
    )
    assert reason.startswith("outside calling hours until 20")
    assert not c.call_of(lead)
    assert any(reason in why for why in c.store.leads.why(lead, time.time()))
