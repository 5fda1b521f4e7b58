"""Where an operator's phone is, when it is registered with two switches: one that moves leaves a registration behind
that lasts for minutes."""

from types import SimpleNamespace

import pytest

from fsdialer.engine.homes import Homes
from fsdialer.engine.lines import Lines
from fsdialer.engine.registrations import Registrations

ROW = (
    "<registration><call-id>{0}</call-id><user>1001@pbx</user>"
    "<contact>&quot;&quot; &lt;sip:1001@10.0.0.9;fs_path={1}&gt;</contact></registration>"
)


class Link:
    """A switch that says under which Call-ID 1001 is registered with it, if at all."""

    def __init__(self, name):
        self.address, self.up, self.call_id, self.way = SimpleNamespace(name=name, domain="pbx"), True, "", "a"

    def ask(self, command, timeout_s=5.0):
        if command.startswith("sofia_contact"):
            at = f"sofia/operators/sip:1001@10.0.0.9;fs_path={self.way}"
            return at if self.call_id else "error/user_not_registered"
        return f"<profile>{ROW.format(self.call_id, self.way) if self.call_id else ''}</profile>"


class World:
    """Two switches, and 1001 as the store has them."""

    def __init__(self):
        self.one, self.two = Link("fs1"), Link("fs2")
        lines = Lines()
        lines.add(self.one)
        lines.add(self.two)
        self.homes = Homes(lines, Registrations(), lambda: 0.0)
        self.state, self.switch = "available", ""
        self.company = SimpleNamespace(id="acme", whereabouts=SimpleNamespace(found_on=self._found_on))

    def _found_on(self, operator, switch, now):
        self.switch = switch

    def look(self):
        """Where the phone is, after a sweep."""
        for link in (self.one, self.two):
            self.homes.look(link)
        facts = {"id": "1001", "extension": "1001", "dial": "", "station": "ring", "leg": "", "home": "", "held": False}
        now = {"campaign": "spring", "state": self.state, "switch": self.switch, "unreachable": "", "in_browser": False}
        self.homes.settle(self.company, [SimpleNamespace(**facts, **now)])
        return self.switch


@pytest.fixture
def world():
    return World()


def test_a_phone_that_moves_is_found_where_it_came_last(world):
    world.two.call_id = "a"
    assert world.look() == "fs2"
    world.one.call_id = "b"
    assert world.look() == "fs1", "fs2 has not forgotten it yet"
    assert world.look() == "fs1"
    world.two.call_id = "c"  # back again
    assert world.look() == "fs2"
    world.two.up = False
    assert world.look() == "fs1"


def test_a_phone_that_was_there_twice_before_us_stays_where_it_was(world):
    world.one.call_id = world.two.call_id = "a"
    world.switch = "fs2"
    assert world.look() == "fs2"


def test_a_switch_that_is_being_shut_down_and_still_answers_is_away_until_it_is_another(world):
    world.one.call_id = "a"
    world.look()
    view = SimpleNamespace(extension="1001", dial="", station="ring", leg="", home="", switch="fs1")
    world.homes.leaving("fs1")
    assert "switch fs1 does not answer" in world.homes.trouble(view)
    world.homes.look(world.one)
    assert world.homes.trouble(view), "its answer says nothing"
    world.homes.restarted("fs1")
    assert world.homes.trouble(view) == ""


def test_where_a_talk_goes_on_stays_written_down_until_it_is_over(world):
    world.one.call_id = "a"
    assert world.look() == "fs1"
    world.state, world.one.call_id, world.two.call_id = "on_call", "", "a"
    assert world.look() == "fs1", "should fs2 die, this talk does not"
    world.state = "wrap_up"
    assert world.look() == "fs2"


AWAY = "The phone in your page is not connected. You are free again by yourself when it is."


class Page:
    """1001's page, and what its operator is told."""

    def __init__(self, *links):
        lines = Lines()
        for link in links:
            lines.add(link)
        self.homes, self.told = Homes(lines, Registrations(), lambda: 0.0), []
        self.view = SimpleNamespace(
            id="1001",
            extension="1001",
            dial="",
            station="webrtc",
            leg="",
            home="",
            held=False,
            campaign="spring",
            state="available",
            switch="fs1",
            unreachable="",
            in_browser=True,
        )
        told = {"unreachable": self._unreachable, "reachable": self._reachable, "found_on": lambda *_: None}
        self._company = SimpleNamespace(id="acme", whereabouts=SimpleNamespace(**told))

    def _unreachable(self, operator, words, now):
        self.view.unreachable = words

    def _reachable(self, operator, now):
        self.view.unreachable = ""

    def settled(self):
        self.homes.settle(self._company, [self.view])
        return self.view.unreachable


def test_page_whose_connection_ended_is_away_before_the_next_sweep_and_back_as_soon_as_it_is():
    link = Link("fs1")
    page, link.call_id = Page(link), "a"
    assert page.settled() == ""
    page.homes.look(link)
    page.homes.gone("fs1", "1001")
    assert page.settled() == "", "the switch has not crossed it out yet"
    link.call_id = ""
    assert page.settled() == AWAY
    link.call_id = "b"
    assert page.settled() == ""


ANEW = "was started anew: your phone is connecting"


@pytest.mark.parametrize("faster", [False, True], ids=["the dialer comes first", "the page comes first"])
def test_page_is_back_on_a_switch_started_anew_as_soon_as_it_has_connected_to_it(faster):
    link = Link("fs1")
    page, link.call_id = Page(link), "a"
    page.settled()
    if faster:
        link.way = "b"
    page.homes.restarted("fs1")
    page.homes.look(link)
    assert (page.settled() == "") is faster
    assert faster or ANEW in page.settled()
    link.way = "b"
    assert page.settled() == ""


def test_page_that_connected_again_just_before_the_switch_was_started_anew_is_not_taken_for_back():
    link = Link("fs1")
    page, link.call_id = Page(link), "a"
    page.settled()
    page.homes.look(link)
    link.way = "b"
    page.homes.gone("fs1", "1001")  # its connection of before
    page.homes.restarted("fs1")
    assert ANEW in page.settled(), "the registration that the switch has kept"
    link.way = "c"
    assert page.settled() == ""


def test_page_that_is_connected_to_none_of_several_switches_is_away():
    page = Page(Link("fs1"), Link("fs2"))
    assert page.settled() == AWAY


class Stock:
    """A switch whose phones register with a profile of another name, and 1002 alone is there."""

    up = True

    def __init__(self, name):
        self.address = SimpleNamespace(name=name, domain="pbx")

    def ask(self, command, timeout_s=5.0):
        if command.startswith("sofia_contact"):
            return "sofia/internal/sip:1002@10.0.0.9" if "1002" in command else "error/user_not_registered"
        return f"<profile>{ROW.format('a', '').replace('1001', '1002')}</profile>" if "internal" in command else ""


def test_a_phone_that_is_nowhere_keeps_no_other_from_being_found():
    lines = Lines()
    lines.add(Link("fs1"))
    lines.add(Stock("fs2"))
    homes = Homes(lines, Registrations(), lambda: 0.0)
    facts = {"dial": "", "station": "ring", "leg": "", "home": "", "switch": ""}
    found = [homes.find(SimpleNamespace(extension=extension, **facts)) for extension in ("1001", "1002")]
    assert found == ["", "fs2"]
