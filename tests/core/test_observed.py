"""What a pacing policy is told of calls and operators."""

from dataclasses import replace

from fsdialer.core.call_facts import Call
from fsdialer.core.calls import advance
from fsdialer.core.events import (
    LegAnswered,
    LegHungUp,
    LegsBridged,
    MachineHeard,
    MachineSaid,
    OperatorReserved,
    WaitExpired,
)
from fsdialer.core.pacing.observed import found_a_machine, of_call, of_operator, placed, under_way

CALL = Call("c1", "acme", "spring", "7", "+12025550100", "trunk", "fs1", 1, placed_at=100.0)


def told(*events, call=CALL):
    """Everything a policy is told while these events happen: (type, t, operator, cause)."""
    seen = []
    for event in events:
        after, effects = advance(call, event)
        seen += of_call(call, after, effects, event.at)
        call = after
    return [(o["type"], o["t"], o["operator"], o["cause"]) for o in seen]


ANSWER = LegAnswered("c1", 105.0)
BRIDGE = (OperatorReserved("ann", "leg", True, 105.0), LegsBridged("c1", "leg", 105.2))


def test_a_placed_call_is_an_originate():
    assert placed(CALL) == {"t": 100.0, "type": "originate", "cause": None, "call": "c1", "operator": None}


def test_a_talk_is_answer_connect_and_talk_end():
    assert told(ANSWER, *BRIDGE, LegHungUp("c1", 165.0, "NORMAL_CLEARING")) == [
        ("answer", 105.0, None, None),
        ("connect", 105.2, "ann", None),
        ("talk_end", 165.0, "ann", None),
    ]


def test_a_call_nobody_answers_fails_with_its_cause():
    assert told(LegHungUp("c1", 125.0, "NO_ANSWER")) == [("fail", 125.0, None, "NO_ANSWER")]


def test_a_wait_that_is_over_is_one_abandon_however_the_call_ends_then():
    seen = told(ANSWER, WaitExpired("c1", 107.0), LegHungUp("c1", 107.1, "NO_PICKUP"))
    assert seen == [("answer", 105.0, None, None), ("abandon", 107.0, None, None)]


def test_a_customer_who_hangs_up_first_is_an_abandon():
    seen = told(ANSWER, LegHungUp("c1", 106.0, "NORMAL_CLEARING"))
    assert seen == [("answer", 105.0, None, None), ("abandon", 106.0, None, None)]


def test_a_machine_is_told_when_an_operator_says_so():
    assert found_a_machine("c1", 200.0) == {
        "t": 200.0,
        "type": "machine",
        "cause": None,
        "call": "c1",
        "operator": None,
    }


GREETING, BEEP = MachineHeard("c1", 106.6, beep=False), MachineHeard("c1", 108.0, beep=True)
ENDS = LegHungUp("c1", 125.0, "NORMAL_CLEARING")


def test_a_machine_sent_away_is_an_answer_taken_back_and_no_abandon():
    assert told(ANSWER, GREETING, BEEP, ENDS) == [("answer", 105.0, None, None), ("machine", 106.6, None, None)]


def test_a_beep_after_the_wait_takes_the_abandon_back():
    seen = told(ANSWER, WaitExpired("c1", 107.0), BEEP, ENDS)
    assert [kind for kind, *_ in seen] == ["answer", "abandon", "machine"]


def test_a_machine_heard_in_a_talk_says_nothing_until_the_operator_does():
    assert [kind for kind, *_ in told(ANSWER, *BRIDGE, BEEP, ENDS)] == ["answer", "connect", "talk_end"]


def test_a_talk_ends_when_the_operator_says_machine_and_not_with_the_message():
    seen = told(ANSWER, *BRIDGE, MachineSaid("ann", 110.0), ENDS)
    assert seen[2:] == [("talk_end", 110.0, "ann", None)]


def test_nothing_is_told_twice():
    answered = replace(CALL, answered_at=105.0)
    assert told(ANSWER, call=answered) == []


def test_operators_log_in_get_ready_and_log_out():
    def kinds(was_on_line, state):
        return [o["type"] for o in of_operator("ann", was_on_line, state, 100.0)]

    assert kinds(False, "connecting") == ["login"]
    assert kinds(False, "available") == ["login", "ready"]
    assert kinds(True, "available") == ["ready"]
    assert kinds(True, "wrap_up") == []
    assert kinds(True, "off") == ["logout"]
    assert kinds(False, "off") == []


def test_a_call_another_dialer_placed_is_told_as_far_as_it_has_come():
    answered = replace(CALL, answered_at=105.0)
    talking = replace(answered, bridged_at=105.2, operator="ann")
    assert [o["type"] for o in under_way(CALL)] == ["originate"]
    assert [o["type"] for o in under_way(answered)] == ["answer"], "when it was placed has been learned already"
    assert [(o["type"], o["operator"]) for o in under_way(talking)] == [("answer", None), ("connect", "ann")]
