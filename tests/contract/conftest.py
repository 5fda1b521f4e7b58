"""One switch of each kind for the session; a conversation with it for each test."""

import pytest

from tests.contract.sides import MISSING, Real, Simulated
from tests.contract.talk import Talk

WHY = f"no {', '.join(MISSING)} on PATH: the simulated switch was not held against a real one"


@pytest.fixture(scope="session")
def sides(tmp_path_factory, redis_url):
    """Starts a side when it is first asked for."""
    started, failed = {}, {}

    def side(name):
        if name in failed:  # it is not tried again for every test
            raise failed[name]
        if name not in started:
            folder = tmp_path_factory.mktemp(name)
            try:
                started[name] = Simulated(folder) if name == "simulated" else Real(folder, redis_url)
            except BaseException as error:
                failed[name] = error
                raise
        return started[name]

    yield side
    for each in started.values():
        each.stop()


@pytest.fixture(
    scope="session",
    params=[
        "simulated",
        pytest.param("real", marks=[pytest.mark.freeswitch, pytest.mark.skipif(bool(MISSING), reason=WHY)]),
    ],
)
def side(request, sides):
    return sides(request.param)


@pytest.fixture
def talk(side):
    side.renew()
    conversation = Talk(side.address, side.password)
    yield conversation
    conversation.close()
