"""Commands about legs that are up, and what comes of their answers."""

import gevent
import pytest

from fsdialer.core.events import JobDone
from fsdialer.engine import leg_commands as module
from fsdialer.engine.leg_commands import LegCommands
from fsdialer.engine.lines import Lines
from fsdialer.engine.tasks import Tasks
from fsdialer.errors import SwitchUnreachable
from fsdialer.esl.link import SwitchAddress

CUSTOMER, LEG = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


class Line:
    """A link as the commands see one: what was sent, what it answers."""

    def __init__(self, name="fs1", up=True):
        self.address = SwitchAddress(name, "127.0.0.1", 8021, "secret")
        self.up, self.breaks = up, False
        self.sent, self.there = [], set()

    def bgapi(self, command, job):
        if self.breaks:
            raise SwitchUnreachable("the connection broke")
        self.sent.append((command, job))

    def ask(self, command):
        if self.breaks:
            raise SwitchUnreachable("the connection broke")
        return "true" if command.split()[-1] in self.there else "false"


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def legs(line, monkeypatch):
    monkeypatch.setattr(module, "KILL_AGAIN_S", 0.001)
    lines, tasks = Lines(), Tasks()
    lines.add(line)
    yield LegCommands(tasks, lines)
    tasks.stop()


def answer(legs, job, ok):
    return legs.on_job(JobDone(job, 0.0, ok, "" if ok else "No such channel!"))


def sent(line, count):
    with gevent.Timeout(5):
        while len(line.sent) < count:
            gevent.sleep(0.001)
    return line.sent


def test_a_refused_bridge_is_told_once(legs, line):
    refused = []
    legs.bridge("fs1", CUSTOMER, LEG, lambda: refused.append(1))
    ((command, job),) = line.sent
    assert command == f"uuid_bridge {CUSTOMER} {LEG}"
    assert answer(legs, job, ok=False) and refused == [1]
    assert not answer(legs, job, ok=False) and refused == [1]


def test_a_bridge_that_is_made_is_not_refused(legs, line):
    refused = []
    legs.bridge("fs1", CUSTOMER, LEG, lambda: refused.append(1))
    assert answer(legs, line.sent[0][1], ok=True) and refused == []


def test_a_bridge_that_cannot_be_sent_is_refused(legs, line):
    refused = []
    line.breaks = True
    legs.bridge("fs1", CUSTOMER, LEG, lambda: refused.append(1))
    assert refused == [1]


def test_a_leg_not_there_yet_is_hung_up_again_until_it_is(legs, line):
    legs.kill("fs1", LEG, "NORMAL_CLEARING", lambda: True)
    answer(legs, line.sent[0][1], ok=False)
    first, second = sent(line, 2)
    assert first[0] == second[0] == f"uuid_kill {LEG} NORMAL_CLEARING"
    assert first[1] != second[1]
    assert answer(legs, second[1], ok=True)


def test_a_leg_nobody_wants_gone_any_more_is_not_hung_up_again(legs, line):
    legs.kill("fs1", LEG, "NORMAL_CLEARING", lambda: False)
    answer(legs, line.sent[0][1], ok=False)
    gevent.sleep(0.01)
    assert len(line.sent) == 1


def test_hanging_up_is_tried_ten_times_at_most(legs, line):
    legs.kill("fs1", LEG, "NORMAL_CLEARING", lambda: True)
    for n in range(1, module.KILL_TRIES + 1):
        answer(legs, sent(line, n)[-1][1], ok=False)
    gevent.sleep(0.01)
    assert len(line.sent) == module.KILL_TRIES


def test_hanging_up_that_could_not_be_sent_is_tried_again(legs, line):
    """An operator who ended a talk must not sit in it because the switch was slow for a moment."""
    line.breaks = True
    legs.kill("fs1", LEG, "NORMAL_CLEARING", lambda: True)
    assert line.sent == []
    line.breaks = False
    assert sent(line, 1)[0][0] == f"uuid_kill {LEG} NORMAL_CLEARING"


def test_hanging_up_that_cannot_be_sent_for_long_is_done_when_the_switch_is_back(legs, line):
    line.breaks = True
    asked = []
    legs.kill("fs1", LEG, "NORMAL_CLEARING", lambda: asked.append(1) or True)
    with gevent.Timeout(5):
        while len(asked) < 3 * module.KILL_TRIES:
            gevent.sleep(0.001)
    line.breaks = False
    assert sent(line, 1)[0][0] == f"uuid_kill {LEG} NORMAL_CLEARING"


def test_hanging_up_that_cannot_be_sent_is_given_up_when_the_call_is_over(legs, line):
    line.breaks = True
    left = [False, True, True]
    legs.kill("fs1", LEG, "NORMAL_CLEARING", lambda: left.pop())
    with gevent.Timeout(5):
        while left:
            gevent.sleep(0.001)
    line.breaks = False
    gevent.sleep(0.01)
    assert line.sent == []


def test_another_commands_answer_is_left_to_others(legs):
    assert not answer(legs, "somebody-elses", ok=False)


@pytest.mark.parametrize(
    ("there", "why"),
    [({CUSTOMER, LEG}, "could not be connected"), ({CUSTOMER}, "was hung up"), ({LEG}, ""), (set(), "")],
)
def test_a_refused_bridge_is_the_phones_fault_only_while_the_customer_is_there(legs, line, there, why):
    line.there = there
    assert legs.why_not_bridged("fs1", CUSTOMER, LEG) == why


def test_a_switch_that_is_down_or_unknown_is_not_to_be_commanded():
    lines = Lines()
    lines.add(Line("down", up=False))
    for name in ("down", "nowhere", ""):
        with pytest.raises(SwitchUnreachable, match="is not connected"):
            lines.of(name)


def test_any_switch_is_one_that_is_up_rather_than_one_of_those_not_wanted():
    lines = Lines()
    for name in ("down", "first", "second"):
        lines.add(Line(name, up=name != "down"))
    assert lines.any().address.name == "first"
    assert lines.any(unless={"first"}).address.name == "second"
    assert lines.any(unless={"first", "second"}).address.name == "first"
    assert Lines().any() is None


def test_no_leg_is_blamed_for_a_bridge_while_its_switch_is_away(legs, line):
    line.up = False
    assert legs.why_not_bridged("fs1", CUSTOMER, LEG) == ""
