"""Predictive pacing and time: clocks that jump, days that are gone on with by another dialer."""

import json
from dataclasses import replace

import pytest

from fsdialer.core.pacing import make
from fsdialer.core.pacing.simulation import Scenario, play

HOUR, DAY = 3600.0, 86400.0
NOON = 20_000 * DAY + 12 * HOUR
SCENE = {
    "operators": {"ready": 1, "talking": 12, "wrapup": 0, "total": 13},
    "ringing": 0,
    "ringing_ages": [],
    "talk_ages": [60.0] * 12,
    "wrapup_ages": [],
    "answered_waiting": 0,
}


def answered(policy, t, count, abandoned=0, first=0):
    for call in range(first, first + count):
        policy.observe({"t": t, "type": "answer", "cause": None, "call": call, "operator": None})
        if call < first + abandoned:
            policy.observe({"t": t, "type": "abandon", "cause": None, "call": call, "operator": None})


def counts(policy):
    return policy.budget.day.answers, policy.budget.day.abandons


@pytest.mark.parametrize("jump", [3 * HOUR, 2 * DAY, 9e10])
def test_one_event_or_one_decision_far_ahead_does_not_end_the_day(jump):
    policy = make("predictive")
    answered(policy, NOON, 100, 3)
    policy.decide({**SCENE, "t": NOON + 1})
    answered(policy, NOON + jump, 1, first=100)
    policy.decide({**SCENE, "t": NOON + 2 + jump})
    answered(policy, NOON + 3, 1, first=101)
    policy.decide({**SCENE, "t": NOON + 3})
    assert counts(policy) == (102, 3)
    assert [*policy.budget.state()["hours"].values()] == [[102, 3]]


def test_a_jump_that_two_decisions_tell_of_is_a_new_day():
    """Nobody decides outside calling hours."""
    policy = make("predictive")
    answered(policy, NOON, 100, 3)
    for t in (NOON + 1, NOON + DAY, NOON + DAY + 1):
        policy.decide({**SCENE, "t": t})
    answered(policy, NOON + DAY + 2, 1, first=100)
    assert counts(policy) == (1, 0)


def test_another_dialer_is_locked_by_the_same_quarter_of_an_hour():
    policy, other = make("predictive"), make("predictive")
    answered(policy, NOON - 4 * HOUR, 2000)
    answered(policy, NOON, 100, 12, first=2000)
    other.restore(json.loads(json.dumps(policy.state())))
    for each in (policy, other):
        each.decide({**SCENE, "t": NOON + 1})
        assert each.last.limit == "half hour"


def test_another_dialer_knows_how_many_are_usually_on_line():
    """Its first decisions after a takeover allow what the one before allowed."""
    policy, other = make("predictive"), make("predictive")
    play(replace(Scenario(), operators=4, hours=1.0), policy, seed=1)
    other.restore(json.loads(json.dumps(policy.state())))
    for each in (policy, other):
        each.decide({**SCENE, "t": HOUR + 1})
    assert other.last.allowed == pytest.approx(policy.last.allowed, rel=0.05)


def test_a_day_without_room_for_one_abandoned_call_is_not_said_to_be_spent():
    policy = make("predictive")
    policy.decide({**SCENE, "t": NOON, "leads": 100})
    assert policy.last.limit == "budget"
    assert "0 % of the abandon budget used" in policy.why and "no room for one more abandoned call" in policy.why


def test_the_first_calls_after_a_night_teach_nothing_wrong():
    """They are placed by a decision whose time is not believed yet, and answered after one whose time is."""

    def tables(first_calls):
        policy = make("predictive")
        policy.decide({**SCENE, "t": NOON})
        policy.decide({**SCENE, "t": NOON + DAY})
        for call in range(first_calls):
            policy.observe({"t": NOON + DAY + 0.1, "type": "originate", "call": call, "operator": None})
        policy.decide({**SCENE, "t": NOON + DAY + 1})
        answered(policy, NOON + DAY + 8, first_calls)
        assert policy.budget.day.answers == first_calls
        return policy.learner.tables([], [], []).answer

    assert tables(20) == pytest.approx(tables(0))


def test_a_lock_of_a_clock_that_was_ahead_ends_in_time():
    policy, other = make("predictive"), make("predictive")
    answered(policy, NOON + DAY, 100, 12)
    other.restore(json.loads(json.dumps(policy.state())))
    other.recount({int((NOON - HOUR) // HOUR): (2000, 0)}, NOON)
    for t, locked in ((NOON + 1, True), (NOON + HOUR, False)):
        other.decide({**SCENE, "t": t})
        assert (other.last.limit == "half hour") == locked
