"""What the end of a held line says of its switch. All but the lines themselves is stood in for; the whole of it:
`test_journey_phones.py`, and on real switches `freeswitch/test_real_switches.py`."""

from types import SimpleNamespace

import pytest

from fsdialer.core.events import LegHungUp
from fsdialer.engine.held_lines import HeldLine, HeldLines
from fsdialer.engine.operator_phones import OperatorPhones

LEG = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def ended():
    """Which switches are taken to be shut down after a held line ended so."""

    def ended(cause, by_far_end):
        left = []
        view = SimpleNamespace(id="1001", leg=LEG, in_browser=False, state="on_call")
        operators = SimpleNamespace(view=lambda operator: view, phone_lost=lambda operator, now: None)
        tasks = SimpleNamespace(spawn=lambda name, work, *args: work(*args))
        lines = HeldLines(tasks, None, SimpleNamespace(leaving=left.append), None, None, lambda: 0.0)
        company = SimpleNamespace(id="acme", operators=operators)
        lines._held[LEG] = HeldLine(company, "1001", "fs1", ("nailed", "1001", ""), up=True)
        lines.on_event(LegHungUp(LEG, 0.0, cause, by_far_end=by_far_end))
        return left

    return ended


def test_a_switch_that_ends_a_line_because_it_is_shut_down_is_leaving(ended):
    assert ended("SYSTEM_SHUTDOWN", by_far_end=False) == ["fs1"]
    assert ended("NORMAL_CLEARING", by_far_end=False) == []


def test_a_phone_that_gives_a_shutdown_as_its_reason_to_hang_up_takes_no_switch_away(ended):
    """FreeSWITCH takes the number in a BYE's Reason for the cause: a PBX that is shut down may say it too."""
    assert ended("SYSTEM_SHUTDOWN", by_far_end=True) == []


def test_the_line_of_an_operator_who_left_while_it_was_being_adopted_is_dropped():
    """When the news of it came the line was not held yet; the next look at the operators finds it."""
    view, sent = SimpleNamespace(id="1001", leg=LEG, state="available", station="nailed", extension="1001", dial=""), []
    link = SimpleNamespace(
        up=True, address=SimpleNamespace(name="fs1"), bgapi=lambda command, job: sent.append(command)
    )
    nothing = SimpleNamespace(forget=lambda who: None, forget_family=lambda company, operator: None)
    lines = SimpleNamespace(of=lambda switch: link, all=lambda: [link])
    held = HeldLines(None, lines, SimpleNamespace(), nothing, nothing, lambda: 0.0)
    company = SimpleNamespace(id="acme", operators=SimpleNamespace(view=lambda operator: view))

    def leaves_meanwhile(command):
        if command.startswith("uuid_dump"):
            return "{}"
        view.state = "off"
        held.let_go(company, "1001")
        return "true"

    link.ask = leaves_meanwhile
    view.held = True
    held.adopt(company, view)
    assert held.holds(LEG)
    held.follow(company, [view])
    assert not held.holds(LEG) and sent == [f"uuid_kill {LEG} NORMAL_CLEARING"]


@pytest.mark.parametrize(
    ("leg", "up", "kept"), [(LEG, True, True), ("", False, True), ("", True, False), ("another", True, False)]
)
def test_news_that_an_operator_left_does_not_end_the_line_they_have_had_since(leg, up, kept):
    """News may be late: they are on the line again, and have a new line, or it is being rung; the former one goes."""
    link = SimpleNamespace(bgapi=lambda command, job: None)
    nothing = SimpleNamespace(forget=lambda who: None, forget_family=lambda company, operator: None)
    held = HeldLines(None, SimpleNamespace(of=lambda switch: link), SimpleNamespace(), nothing, nothing, lambda: 0.0)
    view = SimpleNamespace(
        id="1001", campaign="spring", leg=leg, state="available", station="nailed", extension="1001", dial="", held=True
    )
    operators = SimpleNamespace(view=lambda operator: view, phone_lost=lambda operator, now: None)
    company = SimpleNamespace(id="acme", operators=operators)
    held._held[LEG] = HeldLine(company, "1001", "fs1", ("nailed", "1001", ""), up=up)
    OperatorPhones(held, lambda company: {}, lambda: 0.0).moved(company, "1001", "off")
    assert held.holds(LEG) == kept
    view.state = "off"
    OperatorPhones(held, lambda company: {}, lambda: 0.0).moved(company, "1001", "off")
    assert not held.holds(LEG)
