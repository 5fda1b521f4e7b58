"""The table of moves in `core.operators` and the scripts that make them say the same."""

from dataclasses import replace

import pytest

from fsdialer.core.campaigns import Station
from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.operators import ASKS, MOVES, WITH_A_CUSTOMER, Ask, OperatorState
from fsdialer.core.retry import NextStep
from fsdialer.errors import Refused
from tests.store.conftest import NOW, add_leads

TALKED = Verdict(Disposition.ANSWERED, charged=True, final=True, detail="talked")


@pytest.fixture
def bring(acme, owner, campaign, trunk):
    """Bring ann to a state, the way the dialer and she herself do."""

    def to(state):
        ann = acme.operators
        if state is OperatorState.OFF:
            return
        if state is OperatorState.CONNECTING:
            acme.setup.save_operator(replace(acme.setup.operator("ann"), station=Station.NAILED))
        ann.go_on_line("ann", "spring", NOW)
        if state is OperatorState.PAUSED:
            ann.pause("ann", "Break", NOW)
        if state in (OperatorState.RESERVED, OperatorState.ON_CALL, OperatorState.WRAP_UP):
            add_leads(acme, 1)
            acme.calls.claim(campaign, owner, trunk, "fs1", ["u1"], NOW)
            ann.reserve("u1", owner, "", [], NOW)
        if state in (OperatorState.ON_CALL, OperatorState.WRAP_UP):
            acme.calls.talking("u1", owner, "ann", NOW, 90.0)
        if state is OperatorState.WRAP_UP:
            acme.calls.finish("u1", owner, NOW + 5, TALKED, NextStep(None, "done", ""), 15, "NORMAL_CLEARING", None)
        assert ann.view("ann").state == state

    return to


def ask(acme, what):
    operators = acme.operators
    match what:
        case Ask.ON:
            operators.go_on_line("ann", "spring", NOW + 6)
        case Ask.OFF:
            operators.leave_line("ann", NOW + 6)
        case Ask.PAUSE:
            operators.pause("ann", "Lunch", NOW + 6)
        case Ask.READY:
            operators.ready("ann", NOW + 6)


@pytest.mark.parametrize("what", Ask)
@pytest.mark.parametrize("state", OperatorState)
def test_what_may_be_asked_for_is_not_refused_and_moves_as_the_table_says(acme, bring, state, what):
    bring(state)
    try:
        ask(acme, what)
    except Refused:
        assert what not in ASKS[state]
        assert what in (Ask.PAUSE, Ask.READY)
        return
    view = acme.operators.view("ann")
    assert view.state == state or view.state in MOVES[state]
    if what in ASKS[state] and state not in WITH_A_CUSTOMER:
        assert view.state != state
    if what not in ASKS[state]:
        assert view.state == state


@pytest.mark.parametrize("state", sorted(WITH_A_CUSTOMER))
def test_with_a_customer_leaving_and_pausing_wait_as_a_wish_that_ready_takes_back(acme, bring, state):
    bring(state)
    for what, wish in ((Ask.OFF, "off"), (Ask.PAUSE, "paused"), (Ask.READY, "")):
        ask(acme, what)
        assert (acme.operators.view("ann").state, acme.operators.view("ann").wish) == (state, wish)


@pytest.mark.parametrize("state", [state for state in OperatorState if state != OperatorState.OFF])
def test_from_every_state_there_is_a_way_off_the_line(state):
    assert OperatorState.OFF in MOVES[state]
