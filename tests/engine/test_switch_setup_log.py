"""What the log says of switches that are told what is set up: trouble once, and its end."""

import logging
from types import SimpleNamespace

import pytest

from fsdialer.engine import switch_setup
from fsdialer.engine.switch_setup import SwitchSetup
from fsdialer.errors import NotConnected

WEB, FILES = '<domain name="gateways" from="web"/>', '<domain name="gateways"/>'


class Switch:
    """Its gateways come from the web or, while that is away, from its files."""

    def __init__(self):
        self.address, self.up, self.reads, self.failing = SimpleNamespace(name="fs1"), True, WEB, False

    def ask(self, command):
        if self.failing:
            raise NotConnected("fs1 is not connected")
        if command.startswith("xml_locate"):
            return self.reads
        return "true" if command.startswith("module_exists") else ""


@pytest.fixture
def told(caplog, monkeypatch):
    """A switch, and what one more look at it adds to the log."""
    monkeypatch.setattr(switch_setup, "AGAIN_S", 0.0)
    caplog.set_level(logging.INFO)
    switch = Switch()
    setup = SwitchSetup(SimpleNamespace(all=lambda: [switch]), SimpleNamespace(companies=list))
    setup.came_up("fs1")

    def look():
        caplog.clear()
        setup.settle()
        return [record.getMessage().split()[1] for record in caplog.records]

    return switch, setup, look


def test_web_started_beside_the_dialer_is_no_trouble(told):
    switch, _, look = told
    switch.reads = FILES
    assert look() == []
    switch.reads = WEB
    assert look() == []


def test_web_that_stays_away_is_said_once_and_so_is_its_return(told):
    switch, setup, look = told
    switch.reads = FILES
    assert [look() for _ in range(4)] == [[], ["setup=old"], [], []]
    setup.changed()
    assert look() == []
    switch.reads = WEB
    assert look() == ["setup=told"]
    assert look() == []


def test_switch_that_could_not_be_told_is_told_later_and_that_is_said(told):
    switch, _, look = told
    switch.failing = True
    assert look() == ["setup=failed"]
    switch.failing = False
    assert look() == ["setup=told"]
