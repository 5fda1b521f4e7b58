"""A campaign's pacing taken over by another dialer."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fsdialer.core.campaigns import Company, Mode, Window
from fsdialer.engine.pacer import Pacer
from tests.store.conftest import NOW, add_leads


def test_calls_taken_over_are_counted_once_whatever_happens_to_them_next(acme, campaign, trunk, owner):
    add_leads(acme, 2)
    acme.calls.claim(campaign, owner, trunk, "fs1", ["waiting", "ringing"], NOW)
    calls = {call.uuid: call for call in acme.calls.load("acme", "spring")}
    answered = dataclasses.replace(calls["waiting"], answered_at=NOW + 5)
    assert acme.calls.save(answered, owner, NOW + 5)

    pacer = Pacer(acme, "spring", lambda: NOW + 6)
    pacer.use(dataclasses.replace(campaign, mode=Mode.PREDICTIVE, multiplier=Decimal(1)), Company("acme"))
    budget = pacer._policy.budget
    assert budget.day.answers == 1

    def told(kind, call):
        pacer.observe([{"t": NOW + 6.5, "type": kind, "cause": None, "call": call, "operator": "ann"}])

    told("connect", "waiting")
    assert budget.day.answers == 1, "its answer was counted before the takeover"
    told("answer", "ringing")
    told("connect", "ringing")
    assert budget.day.answers == 2


def predictive(campaign):
    return dataclasses.replace(campaign, mode=Mode.PREDICTIVE, multiplier=Decimal(1))


def test_figures_of_an_earlier_decision_are_not_shown_with_another_reason(acme, campaign):
    pacer = Pacer(acme, "spring", lambda: NOW)
    pacer.use(predictive(campaign), Company("acme"))
    state = pacer.state([])
    pacer.say(state, 0, 0, pacer.decide(state)[1])
    assert acme.pacing.last("spring")["limit"] == "nobody"
    pacer.say(state, 0, 0, "the company's master switch is off")
    last = acme.pacing.last("spring")
    assert last["reason"] == "the company's master switch is off" and "limit" not in last and "chance" not in last


@pytest.mark.parametrize(
    ("days_ago", "locks"),
    [(0, set(Window)), (1, {Window.HOURS_24, Window.DAYS_30, Window.MONTH}), (4, {Window.DAYS_30, Window.MONTH}),
     (20, {Window.DAYS_30, Window.MONTH}), (25, {Window.DAYS_30}), (33, set())],
)  # fmt: skip
def test_each_window_counts_its_own_time_from_counters_that_outlive_every_dialer(acme, campaign, days_ago, locks):
    """At NOW it is 23 November, 02:13 UTC; the calls were at 12:00, four hours ago at 01:00 when today."""
    then = datetime.fromtimestamp(NOW, UTC) - timedelta(days=days_ago)
    hour = "01" if days_ago == 0 else "12"
    acme.redis.hset(acme.keys.stats("spring", then.date().isoformat()), f"{hour}.answers", 1000)
    acme.redis.hset(acme.keys.stats("spring", then.date().isoformat()), f"{hour}.abandoned", 80)
    for window in Window:
        pacer = Pacer(acme, "spring", lambda: NOW)
        pacer.use(predictive(campaign), Company("acme", abandon_window=window))
        state = {**pacer.state([]), "operators": {"ready": 3, "talking": 0, "wrapup": 0, "total": 3}, "leads": 100_000}
        assert pacer.decide(state)[0] >= 3, "progressive at least"
        assert (pacer._policy.last.limit in ("budget", "hard limit")) == (window in locks), window


@pytest.mark.parametrize(
    ("abandoned", "allowed"),
    [(20, "all"), (45, "less"), (60, "progressive")],
    ids=["below the soft limit", "between the two", "at the hard limit"],
)
def test_a_company_sets_where_its_window_slows_pacing_and_where_it_stops_it(acme, campaign, abandoned, allowed):
    """Shares of 2, 4.5 and 6 % of yesterday's answers; the target is 3 %."""
    yesterday = (datetime.fromtimestamp(NOW, UTC) - timedelta(days=1)).date().isoformat()
    acme.redis.hset(acme.keys.stats("spring", yesterday), "12.answers", 1000)
    acme.redis.hset(acme.keys.stats("spring", yesterday), "12.abandoned", abandoned)

    def decided(**limits):
        pacer = Pacer(acme, "spring", lambda: NOW)
        limits = {name: Decimal(limit) for name, limit in limits.items()}
        pacer.use(predictive(campaign), Company("acme", abandon_window=Window.DAYS_30, **limits))
        state = {**pacer.state([]), "operators": {"ready": 3, "talking": 9, "wrapup": 0, "total": 12}}
        state |= {"talk_ages": [60.0] * 9, "leads": 100_000}
        pacer.decide(state)
        return pacer._policy.last

    free = decided(abandon_soft_limit="0.1", abandon_hard_limit="0.1")
    limited = decided(abandon_soft_limit="0.04", abandon_hard_limit="0.05")
    assert free.allowed > 0
    if allowed == "progressive":
        assert limited.limit == "hard limit" and limited.allowed == 0
    else:
        assert (0 < limited.allowed < free.allowed) if allowed == "less" else limited.allowed == free.allowed


def test_a_limit_that_is_not_set_stands_where_the_target_does(acme, campaign):
    """As docs/pacing.md and the page say."""

    def limits(**set_by_hand):
        pacer = Pacer(acme, "spring", lambda: NOW)
        limits = {f"abandon_{name}_limit": Decimal(limit) for name, limit in set_by_hand.items()}
        pacer.use(predictive(campaign), Company("acme", abandon_window=Window.MONTH, **limits))
        budget = pacer._policy.budget
        return budget.soft, budget.hard

    assert limits() == (0.03, 0.03)
    assert limits(hard="0.05") == (0.03, 0.05)
    assert limits(hard="0.02") == (0.02, 0.02)
    assert limits(soft="0.02") == (0.02, 0.03)
    assert limits(soft="0.04") == (0.03, 0.03)
