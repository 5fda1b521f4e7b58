"""Calling hours in Redis: nobody is claimed outside of them, and nobody is hidden or lost by it."""

import dataclasses
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from fsdialer.core.leads import NewLead
from fsdialer.core.times import epoch, iso
from tests.store.conftest import NOW

NEW_YORK, LOS_ANGELES, NOWHERE = "+12125550100", "+13105550100", "+15550100000"
HOURS = ("mon-fri 09:00-20:00",)


def at(text, zone="America/New_York"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


#: A Monday; three hours earlier in Los Angeles.
NINE, NOON, EVENING = (at(f"2026-11-30T{clock}") for clock in ("09:00:00", "12:00:00", "21:00:00"))


@pytest.fixture
def spring(acme):
    acme.setup.save_company(dataclasses.replace(acme.setup.company(), time_zone="Europe/Paris"))
    acme.setup.save_campaign(dataclasses.replace(acme.setup.campaign("spring"), calling_hours=HOURS, ring_s=25))
    return acme.setup.campaign("spring")


@pytest.fixture
def claim(acme, spring, trunk, owner):
    def claim(*uuids, now):
        return [c.number for c in acme.calls.claim(spring, owner, trunk, "fs1", uuids, now)]

    return claim


def add(acme, *numbers, **more):
    return acme.leads.add("spring", [NewLead(number, **more) for number in numbers], NOW).lead_ids


def test_only_people_whose_clock_allows_it_are_claimed_and_the_others_hide_nobody(acme, claim):
    west, east = add(acme, LOS_ANGELES, NEW_YORK)
    assert claim("u1", "u2", now=NINE) == [NEW_YORK]
    lead = acme.leads.get(west)
    assert (lead.state, lead.attempts, lead.next_at) == ("waiting", 0, NINE + 3 * 3600)
    assert "outside calling hours in America/Los_Angeles" in acme.leads.why(west, NINE)[0]
    assert acme.leads.get(east).state == "calling"


def test_whoever_was_put_off_is_due_when_their_hours_open_and_still_counts_as_new(acme, claim):
    (west,) = add(acme, LOS_ANGELES)
    assert claim("u1", now=NINE) == []
    assert acme.leads.release_due("spring", NINE + 3 * 3600 - 1) == 0
    assert acme.leads.release_due("spring", NINE + 3 * 3600) == 1
    assert acme.redis.zscore(acme.keys.due("spring"), west) < 100 * 1e13, "behind every retry"
    assert claim("u2", now=NINE + 3 * 3600) == [LOS_ANGELES]


def test_who_waits_for_hours_that_were_changed_is_looked_at_again_and_nobody_else(acme, claim):
    west, retry = add(acme, LOS_ANGELES, "+13105550101")
    claim("u1", "u2", now=NINE)
    acme.redis.hset(acme.keys.lead(retry), "detail", "busy")
    assert acme.leads.look_at_hours_again("spring", NINE) == 1
    assert acme.leads.release_due("spring", NINE) == 1
    assert acme.leads.get(west).state == "due"
    assert acme.leads.get(retry).state == "waiting"


def test_a_leads_own_time_zone_goes_before_its_numbers(acme, claim):
    add(acme, NEW_YORK, time_zone="America/Los_Angeles")
    assert claim("u1", now=NINE) == []


def test_a_number_that_does_not_say_is_taken_to_be_where_the_company_is(acme, claim):
    add(acme, NOWHERE)
    assert claim("u1", now=at("2026-11-30T08:59:00", "Europe/Paris")) == []
    acme.leads.release_due("spring", NINE)
    assert claim("u2", now=at("2026-11-30T09:00:30", "Europe/Paris")) == [NOWHERE]


def test_nobody_is_called_whose_phone_would_still_ring_when_the_hours_end(acme, claim):
    add(acme, NEW_YORK)
    assert claim("u1", now=at("2026-11-30T19:59:40")) == []


def test_a_zone_the_claim_had_not_heard_of_waits_for_the_next_one(acme, claim):
    (lead,) = add(acme, NEW_YORK)
    acme.redis.hset(acme.keys.lead(lead), "zones", "America/Denver")
    assert claim("u1", now=NOON) == []
    acme.leads.release_due("spring", NOON + 1)
    assert claim("u2", now=NOON + 1) == [NEW_YORK]


def test_a_zone_edited_into_nonsense_is_never_called_and_stops_nobody_else(acme, claim):
    wrong, right = add(acme, LOS_ANGELES, NEW_YORK)
    acme.redis.hset(acme.keys.lead(wrong), "zones", "Mars/Olympus")
    acme.redis.sadd(acme.keys.zones("spring"), "Mars/Olympus")
    assert claim("u1", "u2", now=NOON) == [NEW_YORK]
    assert acme.leads.get(wrong).next_at == NOON + 86400


def test_nobody_is_claimed_on_a_holiday_and_they_wait_until_it_is_over(acme, spring, trunk, owner):
    (lead,) = add(acme, NEW_YORK)
    christmas = dataclasses.replace(spring, calling_hours=(), holidays=("2026-11-30",))
    assert acme.calls.claim(christmas, owner, trunk, "fs1", ["u1"], NOON) == []
    assert acme.leads.get(lead).next_at == at("2026-12-01T00:00:00")
    assert "outside calling hours in America/New_York" in acme.leads.why(lead, NOON)[0]


def test_without_calling_hours_the_clock_does_not_matter(acme, campaign, owner, trunk):
    add(acme, NEW_YORK)
    assert len(acme.calls.claim(campaign, owner, trunk, "fs1", ["u1"], EVENING)) == 1
    assert acme.hours.now(campaign, EVENING) is None


def test_how_long_calling_goes_on_is_known(acme, spring):
    add(acme, NEW_YORK, LOS_ANGELES)
    now = acme.hours.now(spring, NOON)
    assert now.next_opening == 0
    # New York closes at 20:00 there, Los Angeles three hours later; Paris has closed.
    assert now.closes_in == now.day_ends_in == 11 * 3600


def test_when_everybody_sleeps_the_next_opening_is_known(acme, spring):
    add(acme, LOS_ANGELES)
    late = at("2026-11-30T21:00:00", "America/Los_Angeles")
    assert iso(acme.hours.now(spring, late).next_opening) == "2026-12-01T08:00:00.000Z"  # Paris


def test_what_was_reckoned_does_not_outlive_the_hours(acme, spring, claim):
    add(acme, NEW_YORK)
    opens = epoch("2026-11-30T14:00:00.000Z")
    assert acme.hours.now(spring, opens - 1).opens["America/New_York"] == opens
    assert acme.hours.now(spring, opens).opens["America/New_York"] == 0
    closes = at("2026-11-30T20:00:00")
    assert acme.hours.now(spring, closes - 26).opens["America/New_York"] == 0
    assert acme.hours.now(spring, closes - 24).opens["America/New_York"] > closes
