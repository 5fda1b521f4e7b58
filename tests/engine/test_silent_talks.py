"""When a desk phone that sends no sound is dead, and when it is only silent. The clock and the switch are stood in for;
the whole of it: `test_journey_phones.py`, and on a real switch `freeswitch/test_real_phones.py`."""

from types import SimpleNamespace

import pytest

from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Station
from fsdialer.engine.silent_talks import SILENT_TALK_S, SilentTalks

LEG = "22222222-2222-4222-8222-222222222222"


class Link:
    """A switch that counts packets, and keeps what it was told."""

    address = SimpleNamespace(name="fs1")

    def __init__(self):
        self.packets, self.sent = 0, []

    def ask(self, command):
        return str(self.packets) if command.startswith("uuid_getvar") else "+OK:\n"

    def bgapi(self, command, job):
        self.sent.append(command)


class World:
    """A talk with operator 1001, looked at every five seconds."""

    def __init__(self, **view):
        self.now, self.link, self.ids, self.off = 0.0, Link(), frozenset({"first"}), []
        facts = {"operator": "1001", "leg": LEG, "bridged_at": 1.0}
        call = Call("u-1", "acme", "spring", "1", "+12125550187", "trunk", "fs1", 1, placed_at=0.0, **facts)
        phone = {"id": "1001", "extension": "1001", "dial": "", "in_browser": False, "switch": ""}
        phone |= {"station": Station.RING, **view}
        operators = SimpleNamespace(
            view=lambda operator: SimpleNamespace(**phone),
            gone=lambda operator, now, reason: self.off.append(reason),
        )
        store = SimpleNamespace(company=lambda company: SimpleNamespace(operators=operators))
        board = SimpleNamespace(of_switch=lambda switch: [call], knows=lambda leg: True)
        self._talks = SilentTalks(store, board, lambda: self.now)

    def passes(self, seconds, sends):
        """Time in which the phone sends, or does not."""
        end = self.now + seconds
        while self.now < end:
            self.link.packets += 250 if sends else 0
            self._talks.look(self.link, SimpleNamespace(ids=lambda extension: self.ids))
            self.now += 5


def test_a_phone_that_is_silent_and_registered_is_left_alone():
    """Muted, on hold, or sending nothing while nobody speaks."""
    world = World()
    world.passes(10, sends=True)
    world.passes(300, sends=False)
    assert world.link.sent == [] and world.off == []


def test_a_phone_that_was_never_heard_is_asked_once_whether_it_knows_the_call():
    """It may have been started anew before anybody looked."""
    world = World()
    world.passes(300, sends=False)
    assert world.link.sent == [f"uuid_media_reneg {LEG}"] and world.off == []


@pytest.mark.parametrize("ids", [frozenset(), frozenset({"another"})])
def test_a_phone_that_sends_is_left_alone_whatever_becomes_of_its_registration(ids):
    world = World()
    world.passes(10, sends=True)
    world.ids = ids
    world.passes(300, sends=True)
    assert world.link.sent == [] and world.off == []


def test_a_phone_that_is_silent_and_registered_no_more_has_died():
    world = World()
    world.passes(10, sends=True)
    world.ids = frozenset()
    world.passes(SILENT_TALK_S - 5, sends=False)
    assert world.link.sent == []
    world.passes(10, sends=False)
    assert world.link.sent[0] == f"uuid_kill {LEG} MEDIA_TIMEOUT"
    assert "was cut off" in world.off[0]


def test_silence_counts_from_when_it_began_not_from_when_the_registration_ran_out():
    world = World()
    world.passes(10, sends=True)
    world.passes(30, sends=False)
    world.ids = frozenset()
    world.passes(5, sends=False)
    assert world.link.sent


def test_a_silent_phone_that_registered_anew_is_asked_once_whether_it_knows_the_call():
    world = World()
    world.passes(10, sends=True)
    world.ids = frozenset({"first", "another"})
    world.passes(120, sends=False)
    assert world.link.sent == [f"uuid_media_reneg {LEG}"] and world.off == []


@pytest.mark.parametrize("view", [{"dial": "sofia/gateway/pbx/1001"}, {"in_browser": True}, {"switch": "fs2"}])
def test_phones_that_are_not_registered_here_are_not_watched(view):
    world = World(**view)
    world.ids = frozenset()
    world.passes(60, sends=False)
    assert world.link.sent == [] and world.off == []
