"""Simulated switches in this very process, on real sockets, and lines to them."""

import gevent
import pytest

from fsdialer.lab.exchange import Exchange
from fsdialer.lab.people import People
from fsdialer.lab.places import Gateway
from fsdialer.lab.switch import SimulatedSwitch
from tests.lab.line import PASSWORD, Line

EVERYTHING = (
    "CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_ANSWER CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_PARK "
    "CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HANGUP_COMPLETE PLAYBACK_START PLAYBACK_STOP RECORD_START RECORD_STOP "
    "BACKGROUND_JOB"
)


@pytest.fixture(autouse=True)
def no_greenlet_fails(monkeypatch):
    """A greenlet of the switch that dies of an error fails the test that killed it."""
    failures = []
    monkeypatch.setattr(
        gevent.get_hub(), "print_exception", lambda context, kind, error, trace: failures.append((context, error))
    )
    yield
    assert failures == []


@pytest.fixture
def start():
    """Starts a switch with quick people: its exchange, and a function that opens a line to it, told of everything."""
    over = []

    def start(*gateways, people=None, heartbeat_s=60.0, **options):
        options.setdefault("unusual", 0.0)
        places = [Gateway.parse(text) for text in gateways or ("trunk",)]
        exchange = Exchange(people or People(False, 1, scale=0.1), places, **options)
        switch = SimulatedSwitch(exchange, PASSWORD, "127.0.0.1", 0, heartbeat_s)
        address = switch.start()
        over.append(switch.stop)

        def dial_in(events=f"event plain {EVERYTHING}", password=PASSWORD):
            line = Line(address)
            over.insert(0, line.close)
            if password is not None:
                line.ask(f"auth {password}")
            if events:
                line.ask(events)
            return line

        return exchange, dial_in

    yield start
    for end in over:
        end()


@pytest.fixture
def line(start):
    """A line to an ordinary switch."""
    return start()[1]()
