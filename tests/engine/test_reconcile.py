"""A switch that was frozen and wakes may have an originate of ours to read: its customer is nobody else's until then.

The moment between its answering us and its reading what was sent before cannot be met on purpose with a switch, so the
parts around the reconciler are stood in for here; the whole of it runs in `freeswitch/test_real_random_kills.py`.
"""

import json
from functools import partial
from types import SimpleNamespace

import pytest

from fsdialer.core.call_facts import Call, Refer
from fsdialer.core.events import CallLost
from fsdialer.engine.reconcile import ASLEEP_S, UNREAD_S, Reconciler
from fsdialer.engine.registrations import Registrations
from fsdialer.errors import NotFound


class Board:
    """A switchboard with one call, and what it is told of it."""

    def __init__(self, call):
        self.calls, self.told = [call], []

    def of_switch(self, switch):
        return self.calls

    def switches(self):
        return {call.switch for call in self.calls}

    def longest_s(self, uuid):
        return 60.0

    def feed(self, uuid, event):
        self.told.append(event)
        self.calls = []

    def knows(self, leg):
        return True


class Link:
    """A switch that has no channel, and says so while it is `up`."""

    address, up, marks = SimpleNamespace(name="fs1"), True, ()

    def __init__(self):
        self.asked = set()

    def ask(self, command, timeout_s=5.0):
        if command == "show tasks as json":
            return json.dumps({"row_count": len(self.marks), "rows": [{"task_group": mark} for mark in self.marks]})
        self.asked.add(command.split()[0])
        return '{"row_count": 0}' if command.startswith("show") else "false"


@pytest.fixture
def world():
    """The reconciler at second 0, when the switch is back, of a call placed at second -20."""

    def make(**facts):
        call = Call("u-1", "acme", "spring", "1", "+12125550187", "trunk", "fs1", 1, placed_at=-20.0, **facts)
        board, link, now = Board(call), Link(), [0.0]
        lines = SimpleNamespace(of=lambda name: link, up=lambda: [link], all=lambda: [link])
        care, held = SimpleNamespace(look=lambda link, known: None), SimpleNamespace(holds=lambda leg: True)
        mends = Reconciler(None, lines, board, held, care, care, Registrations(), lambda: now[0])

        def sweep_until(second, step=1.0):
            while now[0] < second and not board.told:
                now[0] += step
                mends.sweep(link)
            return board.told

        return mends, link, sweep_until

    return make


def test_a_call_no_word_came_of_is_looked_for_until_the_switch_must_have_read_it(world):
    mends, link, sweep_until = world()
    mends.resync(link)
    assert sweep_until(UNREAD_S - 1) == []
    [lost] = sweep_until(UNREAD_S + 2)
    assert isinstance(lost, CallLost)


def test_a_call_that_had_rung_and_is_gone_is_closed_soon(world):
    mends, link, sweep_until = world(rang_at=-19.0)
    mends.resync(link)
    assert sweep_until(3.0)


@pytest.mark.parametrize("key", ["", "-9"])
def test_a_call_nobody_heard_the_end_of_ended_as_the_switch_remembers(world, key):
    mends, link, sweep_until = world(rang_at=-19.0)
    link.marks = [f"fsdialer-{'key' if key else 'abandoned'}-u-1{key}"]
    mends.resync(link)
    [end] = sweep_until(3.0)
    assert (end.cause, end.opted_out, end.answered_at is not None) == ("NO_PICKUP", bool(key), True)


def test_what_the_switch_remembers_is_still_there_for_the_next_dialer_should_this_one_die_before_it_writes(world):
    mends, link, sweep_until = world(rang_at=-19.0)
    link.marks = ["fsdialer-abandoned-u-2", "fsdialer-abandoned-u-1"]
    mends.resync(link)
    assert sweep_until(3.0)
    assert link.asked == {"uuid_exists", "show"}, "nothing is taken away"


def test_a_talk_nobody_heard_anything_of_was_one_by_what_the_switch_remembers(world):
    """The dialer died between asking for the bridge and hearing of it, and the talk was over before the next came."""
    mends, link, sweep_until = world(answered_at=-10.0, operator="ann", leg="leg-1", bridging=True)
    link.marks = ["fsdialer-talked-u-1"]
    mends.resync(link)
    joined, lost = sweep_until(3.0)
    assert (joined.leg, joined.other, joined.at) == ("u-1", "leg-1", -10.0)
    assert isinstance(lost, CallLost)


def test_who_was_sent_to_the_companys_pbx_meanwhile_ended_so_by_what_the_switch_remembers(world):
    mends, link, sweep_until = world(answered_at=-10.0, operator="ann", leg="leg-1", refer=Refer.SENT)
    link.marks = ["fsdialer-sent-on-u-1-202--recv_bye"]
    mends.resync(link)
    [end] = sweep_until(3.0)
    assert (end.refer, end.refer_result, end.by_far_end) == (202, None, True)


def test_a_talk_nobody_heard_the_end_of_was_no_wait_in_vain(world):
    mends, link, sweep_until = world(answered_at=-10.0, bridged_at=-9.0)
    link.marks = ["fsdialer-abandoned-u-1"]
    mends.resync(link)
    [lost] = sweep_until(3.0)
    assert isinstance(lost, CallLost)


def test_of_a_call_that_another_dialer_has_meanwhile_nothing_is_kept(world):
    """Should it come back, the hang-up of then has its time to be told."""
    mends, link, sweep_until = world(rang_at=-19.0)
    mends.resync(link)
    mends._switchboard.knows = lambda leg: False
    mends.forgotten()
    assert sweep_until(4.0) == []
    assert sweep_until(7.0)


def test_while_the_switch_is_silent_such_a_call_is_held_and_another_is_not(world):
    for facts, closed_after in (({}, ASLEEP_S), ({"rang_at": -19.0}, 120.0)):
        mends, link, sweep_until = world(**facts)
        link.up = False
        assert sweep_until(closed_after - 25) == []
        assert sweep_until(closed_after)


def test_a_call_on_a_switch_that_is_named_no_more_is_closed_when_its_own_limits_have_ended_it(world):
    mends, link, sweep_until = world(answered_at=-10.0, bridged_at=-9.0)
    link.address = SimpleNamespace(name="fs2")  # the call is on fs1
    mends.sweep = lambda link: mends.forgotten()
    assert sweep_until(90.0) == []
    assert isinstance(sweep_until(110.0)[0], CallLost)


LEG = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def sweeps():
    """What is hung up in two sweeps of switches, on the first of which there is the line of an operator, who is in
    `state` (None: nobody knows them)."""

    def make(state, switches=("fs1",), own="", **more):
        killed = []

        def ask(name, command, timeout_s=5.0):
            if command.startswith("show"):
                rows = [{"uuid": LEG}] if name == "fs1" else []
                return json.dumps({"row_count": len(rows), "rows": rows})
            tags = {"variable_fsdialer_company": "acme", "variable_fsdialer_operator": "1009"}
            up = {"Caller-Channel-Answered-Time": "1700000000000000", "Channel-State": "CS_PARK"}
            return json.dumps({"Unique-ID": LEG, **up, **tags, **more}) if command.startswith("uuid_dump") else "true"

        def view(operator):
            if state is None:
                raise NotFound(f"no operator {operator!r}")
            return SimpleNamespace(state=state, leg=own)

        links = {
            name: SimpleNamespace(
                address=SimpleNamespace(name=name),
                up=True,
                ask=partial(ask, name),
                bgapi=lambda command, job: killed.append(command),
            )
            for name in switches
        }
        company = SimpleNamespace(
            calls=SimpleNamespace(live_uuids=list, keep=lambda uuids, now: None), operators=SimpleNamespace(view=view)
        )
        board = SimpleNamespace(of_switch=lambda switch: [], knows=lambda leg: False)
        lines = SimpleNamespace(of=links.__getitem__, up=lambda: list(links.values()))
        care, held = SimpleNamespace(look=lambda link, known: None), SimpleNamespace(holds=lambda leg: False)
        store = SimpleNamespace(company=lambda company_id: company)
        mends = Reconciler(store, lines, board, held, care, care, Registrations(), lambda: 0.0)
        for link in links.values():
            mends.sweep(link)
        assert not killed
        for link in links.values():
            mends.sweep(link)
        return killed

    return make


@pytest.mark.parametrize("switches", [("fs1",), ("fs1", "fs2")])
@pytest.mark.parametrize("state", [None, "off"])
def test_the_line_of_an_operator_nobody_knows_or_who_left_while_no_dialer_ran_is_hung_up(sweeps, state, switches):
    """Redis was started empty, or they were removed: no record leads to the line any more."""
    assert sweeps(state, switches, own=LEG) == [f"uuid_kill {LEG} MANAGER_REQUEST"]


def test_a_line_whose_operator_has_another_is_hung_up(sweeps):
    assert sweeps("available", own="33333333-3333-4333-8333-333333333333") == [f"uuid_kill {LEG} MANAGER_REQUEST"]


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        ("connecting", {"Caller-Channel-Answered-Time": "0", "Channel-State": "CS_CONSUME_MEDIA"}),
        ("on_call", {"Channel-State": "CS_EXCHANGE_MEDIA", "Other-Leg-Unique-ID": "u-1"}),
    ],
)
def test_a_held_phone_that_rings_or_serves_its_last_talk_for_another_dialer_is_left_alone(sweeps, state, facts):
    """Nothing of it is written: not before it is up, nor once it is to be rung anew after the talk."""
    assert sweeps(state, own="", **facts) == []
