"""A scripted FreeSWITCH, an engine, and links between them."""

import pytest

from fsdialer.esl.link import SwitchAddress, SwitchLink
from tests.esl.freeswitch import FreeSwitch
from tests.esl.link.engine import UNWATCHED, Engine
from tests.esl.scripted import PASSWORD, wait_until


@pytest.fixture
def switch():
    switch = FreeSwitch()
    yield switch
    switch.stop()


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def link_to(engine):
    """Makes links, and ends them."""
    links = []

    def make(switch, timings=UNWATCHED, password=PASSWORD, **options):
        address = SwitchAddress("fs1", "127.0.0.1", switch.port, password)
        links.append(SwitchLink(address, engine.on_event, engine.on_state, timings=timings, **options))
        links[-1].start()
        return links[-1]

    yield make
    for link in links:
        link.stop()


@pytest.fixture
def up(switch, link_to):
    """A link that is up."""

    def make(**options):
        link = link_to(switch, **options)
        wait_until(lambda: link.up, "the link to be up")
        return link

    return make
