"""Predictive pacing: what it may never do, what it makes of odd events, what it learns and keeps."""

import json
import math
import random
from dataclasses import replace
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsdialer.core.pacing import make
from fsdialer.core.pacing.simulation import Scenario, play
from tests.core.told_the_end import ToldTheEnd

DAY = Scenario(operators=20, hours=1.5)


def state(ready=0, ringing=(), talking=(), wrapping=(), waiting=0, t=1000.0, **more):
    return {
        "t": t,
        "operators": {
            "ready": ready,
            "talking": len(talking),
            "wrapup": len(wrapping),
            "total": ready + len(talking) + len(wrapping),
        },
        "ringing": len(ringing),
        "ringing_ages": list(ringing),
        "talk_ages": list(talking),
        "wrapup_ages": list(wrapping),
        "answered_waiting": waiting,
        **more,
    }


def event(kind, t=0.0, call=None, operator=None):
    return {"t": t, "type": kind, "cause": None, "call": call, "operator": operator}


class Recorded:
    """Passes everything on and keeps it; `twist` may change what is told."""

    def __init__(self, policy, twist=lambda event: [event]):
        self.policy, self.twist, self.events, self.states, self.calls = policy, twist, [], [], []

    def observe(self, event):
        for told in self.twist(event):
            self.events.append(told)
            self.policy.observe(told)

    def decide(self, state):
        self.states.append(state)
        self.calls.append(self.policy.decide(state))
        return self.calls[-1]


@pytest.fixture(scope="module")
def a_days_events():
    recorded = Recorded(make("predictive"))
    play(DAY, recorded, seed=3)
    return recorded.events


def taught(events, **settings):
    policy = make("predictive", **settings)
    for told in events:
        policy.observe(told)
    return policy


ages = st.lists(st.floats(0, 60), max_size=40)
states = st.builds(
    state, st.integers(0, 30), ages, st.lists(st.floats(0, 900), max_size=60), ages, st.integers(0, 5), st.just(6000.0)
)


# --- What it may never do


@given(states)
@settings(max_examples=80, deadline=None)
def test_never_negative_and_never_for_nobody(given_state):
    calls = make("predictive").decide(given_state)
    assert isinstance(calls, int) and calls >= 0
    if given_state["operators"]["total"] == 0:
        assert calls == 0


@given(states, st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_one_more_free_operator_never_means_fewer_calls(a_days_events, given_state, more):
    operators = {**given_state["operators"]}
    operators["ready"] += more
    operators["total"] += more
    for events in ((), a_days_events[-300:]):
        fewer, calls = (taught(events).decide(s) for s in (given_state, {**given_state, "operators": operators}))
        assert calls >= fewer


@given(states, st.sampled_from([(0.005, 0.01), (0.01, 0.03), (0.03, 0.05)]))
@settings(max_examples=20, deadline=None)
def test_a_lower_target_never_means_more_calls(a_days_events, given_state, targets):
    lower, higher = (taught(a_days_events[-600:], target_abandon=target).decide(given_state) for target in targets)
    assert lower <= higher


@given(states, st.integers(0, 20), st.integers(0, 20))
@settings(max_examples=40, deadline=None)
def test_leads_and_lines_left_are_not_exceeded(given_state, leads, lines):
    assert make("predictive").decide({**given_state, "leads": leads, "lines": lines}) <= min(leads, lines)


@given(states, st.sampled_from(["1", "1.5", "2"]))
@settings(max_examples=40, deadline=None)
def test_multiplier_set_by_hand_caps_calls_in_flight(given_state, multiplier):
    calls = make("predictive", max_multiplier=multiplier).decide(given_state)
    operators = given_state["operators"]
    most = float(multiplier) * (operators["ready"] + operators["talking"] + operators["wrapup"])
    in_flight = given_state["ringing"] + given_state["answered_waiting"]
    assert calls == 0 or calls + in_flight <= max(1, most)


def test_multiplier_one_with_nobody_about_to_be_free_is_progressive():
    assert make("predictive", max_multiplier="1").decide(state(4, ringing=[2.0])) == 3


def test_no_call_when_calling_hours_are_about_to_close():
    assert make("predictive").decide(state(4, closes_in=20.0)) == 0
    assert make("predictive").decide(state(4, closes_in=600.0)) >= 4


def test_operators_about_to_leave_are_not_dialled_for():
    busy = {"talking": [200.0] * 40, "wrapping": [float(age) for age in range(2, 42)]}
    staying, leaving = make("predictive"), make("predictive")
    assert leaving.decide(state(2, **busy, leaving=80)) < staying.decide(state(2, **busy))


def test_when_the_budget_is_spent_it_is_progressive_until_the_rate_has_recovered():
    policy = make("predictive")
    for call in range(100):
        policy.observe(event("answer", 1.0, call=call))
        if call < 14:
            policy.observe(event("abandon", 2.0, call=call))
    assert policy.decide(state(8, ringing=[1.0], t=3.0)) == 7
    assert policy.last.limit == "budget"
    for call in range(100, 1000):
        policy.observe(event("answer", 4000.0, call=call))
    assert policy.decide(state(8, ringing=[1.0], t=4001.0)) > 7


@pytest.mark.parametrize("known", [{"closes_in": 240.0}, {"leads": 20}])
def test_a_day_above_its_target_is_not_made_good_by_answers_that_will_not_come(known):
    """While hours of calling and a long list are left it may be."""
    for more, limit in (({}, "risk"), (known, "budget")):
        policy = make("predictive")
        for call in range(2000):
            policy.observe(event("answer", 4.0 * call, call=call))
            if call % 32 == 0:
                policy.observe(event("abandon", 4.0 * call + 2, call=call))
        policy.decide(state(1, ringing=[5.0] * 8, talking=[60.0] * 12, t=8000.0, **more))
        assert policy.last.limit == limit


# --- What it makes of odd observations


def test_what_is_told_twice_counts_once():
    policy = make("predictive")
    for kind in ("originate", "answer", "answer", "abandon", "abandon", "answer", "originate"):
        policy.observe(event(kind, 5.0, call="a"))
    assert (policy.budget.day.answers, policy.budget.day.abandons) == (1, 1)


def test_a_connect_or_an_abandon_whose_answer_was_lost_counts_as_an_answer():
    policy = make("predictive")
    policy.observe(event("connect", 5.0, call="a", operator="o"))
    policy.observe(event("abandon", 5.0, call="b"))
    assert (policy.budget.day.answers, policy.budget.day.abandons) == (2, 1)


def test_a_machine_found_out_after_its_answer_is_no_answer():
    policy = make("predictive")
    for kind in ("originate", "answer", "machine"):
        policy.observe(event(kind, 5.0, call="a"))
    assert policy.budget.day.answers == 0


def test_a_machine_nobody_was_free_for_is_neither_an_answer_nor_abandoned():
    policy = make("predictive")
    for kind in ("originate", "answer", "abandon", "machine", "machine"):
        policy.observe(event(kind, 5.0, call="a"))
    assert (policy.budget.day.answers, policy.budget.day.abandons) == (0, 0)


absurd = st.one_of(st.none(), st.floats(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "t": absurd,
                "type": st.sampled_from(
                    ["originate", "answer", "machine", "fail", "connect", "abandon", "talk_end", "ready", "logout", "x"]
                ),
                "call": absurd,
                "operator": absurd,
            }
        ),
        max_size=30,
    ),
    states,
)
@settings(max_examples=60, deadline=None)
def test_absurd_observations_do_no_harm(events, given_state):
    policy = make("predictive")
    for told in events:
        policy.observe(told)
    assert 0 <= policy.decide(given_state) <= 20 * given_state["operators"]["total"]
    assert policy.why


@pytest.mark.parametrize("refused_after_s", [0.3, 6.0, 25.0])
def test_a_trunk_that_was_down_is_not_flooded_once_it_connects_again(a_days_events, refused_after_s):
    policy = taught(a_days_events)
    before = policy.decide(state(ready=20, t=5400.0))
    for n in range(20_000):
        t = 5400.0 + n / 20
        policy.observe(event("originate", t, f"down-{n}"))
        policy.observe(event("fail", t + refused_after_s, f"down-{n}"))
    assert 0.9 * before <= policy.decide(state(ready=20, t=6450.0)) <= 1.75 * before


@given(st.fixed_dictionaries({}, optional={"t": absurd, "ringing": absurd, "answered_waiting": absurd}))
@settings(max_examples=40, deadline=None)
def test_absurd_states_do_no_harm(part):
    policy = make("predictive")
    assert policy.decide({**part}) == 0
    assert policy.decide({**state(3), **part}) >= 0
    assert policy.decide({**state(3), "ringing_ages": [math.nan, -5.0, math.inf], "talk_ages": None}) >= 0


@pytest.mark.parametrize("twist", ["doubled", "a tenth lost", "late", "all lost"])
def test_events_doubled_lost_or_late_keep_it_near_the_limit(twist):
    dice, held = random.Random(1), []

    def twisted(told):
        if twist == "doubled":
            return [told, told]
        if twist == "a tenth lost":
            return [] if dice.random() < 0.1 else [told]
        if twist == "all lost":
            return []
        held.append(told)
        return [held.pop(dice.randrange(len(held)))] if len(held) > 6 else []

    policy = ToldTheEnd(Recorded(make("predictive"), twisted), 3)
    report = play(replace(DAY, operators=10, hours=3), policy, seed=2)
    assert report.abandon_rate <= {"a tenth lost": 0.036, "all lost": 0.06}.get(twist, 0.032)


# --- What it learns, keeps and says


def test_the_same_day_gives_the_same_decisions():
    days = [Recorded(make("predictive")) for _ in range(2)]
    for day in days:
        play(replace(DAY, hours=0.5), day, seed=5)
    assert days[0].calls == days[1].calls


def test_another_dialer_goes_on_with_what_was_learned(a_days_events):
    policy, other = taught(a_days_events), make("predictive")
    other.restore(json.loads(json.dumps(policy.state())))
    for ready in (0, 1, 5):
        seen = state(ready, [3.0, 9.0], [50.0] * 14, [4.0, 9.0], t=6000.0)
        assert other.decide(seen) == policy.decide(seen)


@pytest.mark.parametrize("broken", [{}, {"learner": {}, "budget": {}}, {"learner": None}, {"learner": {"levels": 3}}])
def test_a_broken_state_is_refused_and_changes_nothing(a_days_events, broken):
    policy = taught(a_days_events[:500])
    before = policy.state()
    with pytest.raises(ValueError, match="no state"):
        policy.restore(broken)
    assert policy.state() == before


def test_each_decision_explains_itself():
    policy = make("predictive")
    assert policy.why == "no decision yet"
    calls = policy.decide(state(2, [3.0], [60.0] * 5, [5.0]))
    record = policy.last.record()
    assert record["calls"] == calls and record["ready"] == 2 and record["limit"] == "risk"
    assert 0 <= record["chance"] <= 1 and record["freed"] > 0 and record["answers"] > 0
    assert json.loads(json.dumps(record)) == record
    assert f"{calls} calls, one more would be too risky" in policy.why
    policy.decide(state(0))
    assert policy.why == "nobody is on line"


def test_what_it_keeps_is_bounded_over_a_month():
    policy = make("predictive", window="month")
    for number in range(60_000):
        t = number * 43.0
        policy.observe(event("originate", t, call=number))
        policy.observe(event("connect", t, call=number, operator=f"o{number}"))
    assert len(policy._calls) <= 20_000 and len(policy.learner._placed) <= 20_000
    assert len(policy.learner._talking) <= 20_000 and len(policy.budget.state()["hours"]) < 800


def test_a_decision_for_a_thousand_operators_costs_about_a_millisecond():
    policy, dice = make("predictive"), random.Random(1)
    seen = state(
        12,
        [dice.uniform(0, 25) for _ in range(3000)],
        [dice.expovariate(1 / 120) for _ in range(880)],
        [dice.uniform(0, 20) for _ in range(108)],
    )
    policy.decide(seen)
    times = []
    for step in range(40):
        begun = process_time()
        policy.decide({**seen, "t": 1000.0 + step / 10})
        times.append(process_time() - begun)
    # The median, with room for a busy machine: bench/pacing.py measures it.
    assert sorted(times)[20] < 0.004
