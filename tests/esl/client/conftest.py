"""One connection, on real sockets, and the switch at its other end that does as the test says."""

import pytest

from fsdialer.esl.client import EslClient
from tests.esl.client.heard import Heard
from tests.esl.scripted import PASSWORD, Switch


@pytest.fixture
def switch():
    switch = Switch()
    yield switch
    switch.stop()


@pytest.fixture
def serving():
    """A switch with a script of the test's own for each connection."""
    switches = []

    def make(serve):
        switches.append(Switch(serve))
        return switches[-1]

    yield make
    for made in switches:
        made.stop()


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def client_of(heard):
    """Makes clients, and ends them."""
    clients = []

    def make(switch, password=PASSWORD, **options):
        options = {"on_event": heard.events.append, "on_closed": heard.closed.append, **options}
        clients.append(EslClient("127.0.0.1", switch.port, password, **options))
        return clients[-1]

    yield make
    for client in clients:
        client.stop(goodbye=False)


@pytest.fixture
def connected(switch, client_of):
    """A client and the switch's end of its connection."""

    def connect(**options):
        client = client_of(switch, **options)
        client.connect()
        return client, switch.line()

    return connect
