"""The alert of a switch that is away: said once, and gone when the switch is back, whoever said it."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from fsdialer.core.campaigns import Company
from fsdialer.engine import switches
from fsdialer.engine.lines import Lines
from fsdialer.errors import SwitchTimeout, SwitchUnreachable
from fsdialer.esl.link import SwitchAddress
from fsdialer.store import CompanyStore, Store


@dataclass
class Link:
    """A switch that says nothing of itself."""

    address: SwitchAddress = SwitchAddress("fs1", "127.0.0.1", 8021, "secret")
    up: bool = True
    state: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(reason="connection refused"))

    answers: bool = False
    most: str = "1000"

    def ask(self, command):
        if not self.answers:
            raise SwitchTimeout("no answer")
        return "127.0.0.1:5070" if "switches_address" in command else f"+OK {self.most}"


@pytest.fixture
def acme(redis, monkeypatch):
    monkeypatch.setattr(switches, "AWAY_S", 0.0)
    acme = CompanyStore(redis, "acme")
    acme.setup.save_company(Company("acme"))
    return acme


def dialer(acme, link):
    lines = Lines()
    lines.add(link)
    return switches.Switches(lines, Store(acme.redis), lambda: 1000.0)


def away(acme):
    """A dialer whose switch is away, as its administrators were told."""
    link = Link(up=False)
    one = dialer(acme, link)
    one.went_down(link, "connection refused", gone=True)
    one.alert([acme])
    one.alert([acme])
    [alert] = acme.alerts.standing()
    assert alert.name == "switch-fs1" and alert.count == 1
    return one, link


def test_a_switch_that_is_back_has_its_alert_cleared(acme):
    one, link = away(acme)
    link.up = True
    one.came_up(link)
    one.alert([acme])
    assert acme.alerts.standing() == []


def test_a_dialer_clears_the_alert_of_the_one_before_it(acme):
    """The dialer that said so was started anew with the switch."""
    away(acme)
    dialer(acme, Link()).alert([acme])
    assert acme.alerts.standing() == []


def test_a_switch_that_is_away_again_is_said_again(acme):
    one, link = away(acme)
    link.up = True
    one.came_up(link)
    one.alert([acme])
    link.up = False
    one.went_down(link, "connection refused", gone=True)
    one.alert([acme])
    assert [alert.name for alert in acme.alerts.standing()] == ["switch-fs1"]


def test_a_switch_with_an_address_for_a_name_has_its_alert_too(acme):
    link = Link(SwitchAddress("::1", "::1", 8021, "secret"), up=False)
    one = dialer(acme, link)
    one.went_down(link, "connection refused", gone=True)
    one.alert([acme])
    assert [alert.name for alert in acme.alerts.standing()] == ["switch-__1"]


def test_a_switch_that_did_not_say_where_the_others_reach_it_is_asked_again(acme):
    link = Link()
    one = dialer(acme, link)
    one.came_up(link)
    with pytest.raises(SwitchUnreachable):
        one.trunk("fs1")
    link.answers = True
    one.ask_again(link)
    assert one.trunk("fs1") == "127.0.0.1:5070"


def test_limits_that_are_changed_while_the_switch_runs_are_kept_to(acme, monkeypatch):
    link = Link(answers=True)
    one = dialer(acme, link)
    one.came_up(link)
    link.most = "40"
    one.ask_again(link)
    assert Store(acme.redis).switches.views()[0].room.most == 500, "not every few seconds"
    monkeypatch.setattr(switches, "LIMITS_S", 0.0)
    one.ask_again(link)
    assert Store(acme.redis).switches.views()[0].room.most == 20


def test_a_switch_that_goes_away_while_it_is_asked_is_not_said_to_be_up(acme):
    link = Link()
    one = dialer(acme, link)
    one.came_up(link)
    link.up = False
    one.went_down(link, "connection refused", gone=True)
    one.ask_again(link)  # it was on its way to it
    assert not Store(acme.redis).switches.views()[0].up


def test_calls_of_a_switch_that_is_away_or_named_no_more_are_for_no_operator(acme):
    one, link = away(acme)
    assert one.is_away("fs1") and one.is_away("taken off the list")
    link.up = True
    one.came_up(link)
    assert not one.is_away("fs1")
