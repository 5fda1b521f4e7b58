"""Several gateways in a running dialer: shared by weight, a spare for when they are full, another when one is dead."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from fsdialer.core.campaigns import Mode
from fsdialer.lab.destinations import MUTE_S
from tests.journey import wait_until

#: Rings until it is over: nobody needs an operator, and a dial a free operator makes ten at once.
RINGS = "408"
BURST = {"mode": Mode.MULTIPLIER, "multiplier": Decimal("10")}


@pytest.fixture
def floor(centre):
    """A centre with gateways `one` and `two`."""

    def floor(*options, **campaign):
        return centre(*options, gateways=("one", "two"), **{**BURST, **campaign})

    return floor


def switch_options(one="channels=50:cps=50", two="channels=50:cps=50"):
    return f"--gateway=one:{one}", f"--gateway=two:{two}"


def gateway(c, name, **settings):
    c.store.setup.save_gateway(replace(c.store.setup.gateway(name), **settings))


def add(c, count, suffix=RINGS):
    return [c.add_lead(f"+1212{300 + n}5{suffix}") for n in range(count)]


def ways(c, leads):
    """Which gateway had how many of the leads' calls, once each has been called."""
    wait_until(lambda: all(c.call_of(lead) for lead in leads), 15, "all to be called")
    return Counter(c.call_of(lead)["gateway"] for lead in leads)


def test_calls_are_shared_by_weight_although_many_are_wanted_at_once(floor):
    c = floor(*switch_options())
    gateway(c, "one", weight=9)
    c.on_line("1001", "1002")
    assert ways(c, add(c, 20)) == {"one": 18, "two": 2}


def test_the_spare_is_not_asked_for_calls_that_the_others_take_a_moment_later(floor):
    """Eight calls at once by a gateway of seven a second: it has taken them soon after the first second."""
    c = floor(*switch_options())
    gateway(c, "one", calls_per_second=7)
    gateway(c, "two", weight=0)
    c.on_line("1001")
    assert ways(c, add(c, 8)) == {"one": 8}


def test_the_spare_has_what_the_others_have_no_channel_for_at_once(floor):
    c = floor(*switch_options())
    gateway(c, "one", channels=3)
    gateway(c, "two", weight=0)
    c.on_line("1001")
    leads = add(c, 10)
    assert ways(c, leads) == {"one": 3, "two": 7}


def test_the_spare_helps_when_calls_have_waited_for_long(floor):
    c = floor(*switch_options())
    gateway(c, "one", calls_per_second=1)
    gateway(c, "two", weight=0)
    c.on_line("1001")
    shares = ways(c, add(c, 10))
    assert shares["one"] >= 2 and shares["two"] >= 4


def test_a_carrier_that_says_nothing_costs_no_attempt_and_the_other_calls_the_customer(floor):
    """Not even 100 Trying comes back: nobody's phone can have rung."""
    c = floor(*switch_options(one="mute"), mode=Mode.PROGRESSIVE, ring_s=20)
    gateway(c, "one", weight=10)
    gateway(c, "two", weight=0)
    c.on_line("1001")
    [lead] = add(c, 1, suffix="200")
    first = wait_until(lambda: c.call_of(lead), what="the first call")
    assert first["gateway"] == "one"
    second = wait_until(lambda: (r := c.call_of(lead)).get("state") == "talking" and r, MUTE_S + 8, "the second call")
    assert (second["gateway"], second["attempt"]) == ("two", "1")
    assert c.store.calls.get(first["uuid"])["detail"] == "the carrier did not answer in time"


def test_a_ceiling_that_is_reached_is_named_and_alerted(floor):
    c = floor(*switch_options())
    c.store.setup.save_company(replace(c.store.setup.company(), max_attempts_per_hour=3))
    c.on_line("1001")
    leads = add(c, 5)
    reason = wait_until(
        lambda: "ceiling" in (said := c.redis.hget(c.store.keys.pace("spring"), "reason") or "") and said,
        what="the reason",
    )
    assert reason.endswith("the ceiling of 3 calls an hour is reached (max_attempts_per_hour)")
    assert sum(bool(c.call_of(lead)) for lead in leads) == 3
    assert [alert.name for alert in c.store.alerts.standing()] == ["calls-per-hour"]
    c.store.setup.save_company(replace(c.store.setup.company(), max_attempts_per_hour=0))
    wait_until(lambda: not c.store.alerts.standing(), what="the alert to be cleared")


def test_one_edited_into_nonsense_keeps_no_other_from_being_looked_at(floor, redis):
    c = floor(*switch_options())
    redis.hset(c.store.keys.gateway("one"), "weight", "heavy")
    redis.delete(c.store.keys.gateway_state("two"))
    wait_until(lambda: "two" in c.store.setup.gateway_states(), 15, "the other to be looked at")
