"""Which phones on held lines are asked whether they are still there, and when. The clock and the switch are stood in
for; the whole of it: `test_journey_phones.py`, and on a real switch `freeswitch/test_real_phones.py`."""

from types import SimpleNamespace

import pytest

from fsdialer.engine.line_care import ASK_AGAIN_S, ASK_S, LineCare
from fsdialer.errors import NotFound

LEG = "22222222-2222-4222-8222-222222222222"
LOOK_S = 5.0


class World:
    """Operator 1001 on an idle line, looked at every five seconds."""

    def __init__(self):
        self.now, self.asked, self.ids, self.leg, self.answer = 0.0, [], frozenset({"first"}), LEG, ""
        view = SimpleNamespace(id="1001", extension="1001", dial="", in_browser=False, leg="", state="available")
        self.view, operators = view, SimpleNamespace(view=lambda operator: view)
        company = SimpleNamespace(id="acme", operators=operators)
        line = SimpleNamespace(company=company, operator="1001", up=True, outdated=False, on_hold=False)
        self._held = SimpleNamespace(on=lambda switch: [(self.leg, line)], holds=lambda leg: leg == self.leg)
        self._link = SimpleNamespace(address=SimpleNamespace(name="fs1"), ask=lambda command: "true", bgapi=self._bgapi)
        self._care = LineCare(self._held, lambda: self.now)

    def _bgapi(self, command, job):
        self.asked.append(self.now)
        if self.answer:
            self.now += 0.2
            self._held.on_lost(self.leg, self.answer)
            self.leg = f"{self.leg[:-4]}{len(self.asked):04}"  # rung again

    def passes(self, seconds):
        """How often the phone was asked meanwhile."""
        before, end = len(self.asked), self.now + seconds
        while self.now < end:
            self._care.look(self._link, SimpleNamespace(ids=lambda extension: self.ids))
            self.now += LOOK_S
        return len(self.asked) - before


@pytest.fixture
def world():
    return World()


def test_a_phone_that_is_well_is_asked_now_and_then(world):
    assert world.passes(10 * (ASK_S + LOOK_S)) in (10, 11)


def test_a_phone_that_refuses_to_be_asked_loses_one_line_and_no_more(world):
    world.answer = "NORMAL_TEMPORARY_FAILURE"
    assert world.passes(1000) == 1


def test_a_phone_that_refused_is_asked_when_it_registers_under_another_call_id(world):
    world.answer = "NORMAL_TEMPORARY_FAILURE"
    world.passes(1000)
    world.answer, world.ids = "", frozenset({"second"})
    world.leg = LEG
    assert world.passes(10 * (ASK_S + LOOK_S)) >= 10


def test_a_phone_with_a_destination_of_its_own_that_refused_is_asked_again_after_a_while(world):
    """It may only have been started anew: no registration tells."""
    world.view.dial, world.answer = "sofia/gateway/pbx/1001", "NORMAL_TEMPORARY_FAILURE"
    assert world.passes(ASK_AGAIN_S) == 1
    world.answer = ""
    assert world.passes(10 * (ASK_S + LOOK_S)) >= 8


def test_a_phone_that_was_started_anew_is_asked_on(world):
    """It has lost its line because it knew nothing of it."""
    world.passes(10)
    world.answer, world.ids = "NORMAL_TEMPORARY_FAILURE", frozenset({"second"})
    assert world.passes(10) == 1
    world.answer = ""
    assert world.passes(10 * (ASK_S + LOOK_S)) >= 9


def test_a_line_that_its_operator_hangs_up_says_nothing_of_the_phone(world):
    world.answer = "NORMAL_CLEARING"
    assert world.passes(1000) > 10


@pytest.mark.parametrize(("flow", "on"), [("sendrecv", False), ("sendonly", True)])
def test_a_line_that_was_on_hold_is_looked_at_for_what_no_event_tells(flow, on):
    """The end of a talk on hold takes the switch's mark of it off, and then the phone's own goes without a word."""
    told, view = [], SimpleNamespace(state="connecting", leg="u-2")
    company = SimpleNamespace(operators=SimpleNamespace(view=lambda operator: view))
    line = SimpleNamespace(company=company, operator="1001", up=True, outdated=False, on_hold=True)
    held = SimpleNamespace(
        on=lambda switch: [("u-1", line)], holds=lambda leg: True, put_on_hold=lambda leg, on: told.append((leg, on))
    )
    dump = f'{{"Channel-Call-State":"ACTIVE","variable_remote_audio_media_flow":"{flow}"}}'
    link = SimpleNamespace(
        address=SimpleNamespace(name="fs1"), ask=lambda command: "true" if "exists" in command else dump
    )
    LineCare(held, lambda: 0.0).look(link, SimpleNamespace())
    assert told == [("u-1", on)]


def nobody(operator):
    raise NotFound(f"no operator {operator!r}")


def test_a_line_of_an_operator_nobody_knows_keeps_no_other_from_being_looked_at():
    """Redis was started empty, and the switch still has the line."""
    company = SimpleNamespace(operators=SimpleNamespace(view=nobody))
    lines = [(leg, SimpleNamespace(company=company, operator="1001", up=True, on_hold=False)) for leg in ("u-1", "u-2")]
    held = SimpleNamespace(on=lambda switch: lines, holds=lambda leg: True)
    asked = []
    link = SimpleNamespace(
        address=SimpleNamespace(name="fs1"), ask=lambda command: asked.append(command.split()[-1]) or "true"
    )
    LineCare(held, lambda: 0.0).look(link, SimpleNamespace())
    assert asked == ["u-1", "u-2"]
