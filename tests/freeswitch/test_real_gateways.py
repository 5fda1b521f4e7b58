"""Several carriers, some of them failing, on a real FreeSWITCH: others take over, and nobody is called twice. The
carriers keep books of every call. Skipped, saying so, where there is no `freeswitch` on PATH."""

import contextlib
import socket
import time

import pytest

from fsdialer.core.campaigns import Gateway, Station
from fsdialer.core.leads import NewLead
from tests.freeswitch.books import Books
from tests.freeswitch.centre import RealCentre
from tests.freeswitch.peer import Peer
from tests.freeswitch.test_real import FREESWITCH, until

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(FREESWITCH is None, reason="no freeswitch on PATH: no carrier failed on a real one"),
]
QUICK = {"ring_s": (0.1, 0.2), "talk_s": (2.5, 3.0)}


@pytest.fixture(scope="module")
def centre(redis_url, tmp_path_factory):
    centre = RealCentre(redis_url, tmp_path_factory.mktemp("gateways"))
    use(centre)
    centre.station(Station.RING)
    yield centre
    centre.stop()


@pytest.fixture
def carrier(centre):
    """Opens a carrier with a gateway of that name."""
    with contextlib.ExitStack() as over:

        def carrier(name, weight=1, **books):
            opened = Books(**{**QUICK, **books})
            over.callback(opened.stop)
            gateway = Gateway("acme", name, host="127.0.0.1", port=opened.port, weight=weight)
            centre.acme.setup.save_gateway(gateway)
            return opened

        yield carrier
        use(centre)


def use(centre, *gateways):
    """Call through these, or through none; the dialer has heard of it."""
    centre.campaign(gateways=gateways)
    pace = centre.acme.keys.pace("spring")
    until(lambda: ("no gateway" in (centre.redis.hget(pace, "reason") or "no gateway")) is not bool(gateways))


def leads(centre, *numbers):
    return centre.acme.leads.add("spring", [NewLead(number) for number in numbers], time.time()).lead_ids


def test_another_carrier_takes_over_from_one_that_fails_and_everybody_is_called_once(centre, carrier):
    bad, good = carrier("bad", weight=10, refuses=503), carrier("good")
    use(centre, "bad", "good")
    numbers = [f"+1212555300{n}" for n in range(5)]
    ids = leads(centre, *numbers)
    until(lambda: all(centre.acme.leads.get(each).state == "done" for each in ids), 60)
    for number, lead in zip(numbers, ids, strict=True):
        record, [served] = centre.acme.leads.get(lead), good.of(number)
        assert (record.disposition, record.attempts) == ("answered", 1)
        assert all(entry.ended < served.asked for entry in bad.of(number)), "one after the other"
    assert len(bad.all()) >= 3, "it was asked, until it was left to rest"
    assert centre.acme.setup.gateway_states()["bad"]["state"] == "failing: NORMAL_TEMPORARY_FAILURE"


def test_a_phone_that_has_rung_is_not_called_again_by_the_next_carrier(centre, carrier):
    carrier("rings", refuses=503, rings_first=True)
    other = carrier("other", weight=0)
    use(centre, "rings", "other")
    [lead] = leads(centre, "+12125553100")
    record = until(lambda: (r := centre.acme.leads.get(lead)).state == "waiting" and r, 20)
    assert (record.disposition, record.attempts) == ("technical", 0)
    assert record.next_at - time.time() > 500 and other.all() == []


def test_a_carrier_that_says_nothing_at_all_costs_no_attempt_and_another_calls(centre, carrier):
    """Not even 100 Trying: the switch gives up by its own timer long before a phone would have been let ring."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        centre.acme.setup.save_gateway(Gateway("acme", "mute", host="127.0.0.1", port=mute.getsockname()[1], weight=10))
        good = carrier("good", weight=0)
        use(centre, "mute", "good")
        ids = leads(centre, "+12125553200", "+12125553201")
        until(lambda: all(centre.acme.leads.get(each).state == "done" for each in ids), 40)
    for number, lead in zip(("+12125553200", "+12125553201"), ids, strict=True):
        record = centre.acme.leads.get(lead)
        assert (record.disposition, record.attempts, len(good.of(number))) == ("answered", 1, 1)


@pytest.mark.parametrize("username", ["acme", ""], ids=["wrong password", "no account"])
def test_a_carrier_that_refuses_our_password_is_said_to_and_rests_while_another_calls(centre, carrier, username):
    """It asks for one, is shown the one there is, and asks again."""
    strict, name = Peer(), f"strict{username}"
    strict.refuses = 407
    centre.acme.accounts.save_gateway_password(name, "wrong")
    proxy = f"127.0.0.1:{strict.port}"
    centre.acme.setup.save_gateway(Gateway("acme", name, proxy=proxy, username=username, ping_s=0, weight=10))
    centre.write()
    centre.esl.api("reloadxml")
    centre.esl.api("sofia profile carrier rescan")
    until(lambda: "Invalid Gateway" not in centre.esl.api(f"sofia status gateway {name}"))
    good = carrier("good", weight=0)
    use(centre, name, "good")
    numbers = [f"+121255534{len(username)}{n}" for n in range(4)]
    ids = leads(centre, *numbers)
    try:
        until(lambda: all(centre.acme.leads.get(each).state == "done" for each in ids), 60)
    finally:
        strict.stop()
    assert any("Proxy-Authorization:" in text for text in strict.requests("INVITE")), "it was shown"
    for number, lead in zip(numbers, ids, strict=True):
        record = centre.acme.leads.get(lead)
        assert (record.disposition, record.attempts, len(good.of(number))) == ("answered", 1, 1)
    assert centre.dialer.said(f"gateway={name} state=failing: ACCOUNT_REFUSED"), "until its rest was over"
