"""The limit of an answered customer's wait, on a real FreeSWITCH, with what is ours killed or cut off at the answer.

A SIP peer is the customer, and listens. Skipped, saying so, where there is no `freeswitch` on PATH.
"""

import json
import os
import signal
import time

import pytest

from fsdialer.core.leads import NewLead
from fsdialer.core.times import day
from fsdialer.lab.redis_server import RedisServer
from tests.freeswitch.centre import RealCentre
from tests.freeswitch.peer import Peer
from tests.freeswitch.test_real import FREESWITCH, until

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(FREESWITCH is None, reason="no freeswitch on PATH: no wait was measured for real"),
]
MAX_WAIT_S = 2.0
MESSAGE = "tone_stream://%(1000,0,440)"


@pytest.fixture(scope="module")
def redis_of_its_own(tmp_path_factory):
    """One that may be killed."""
    folder = tmp_path_factory.mktemp("redis")
    server = RedisServer(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def centre(redis_of_its_own, tmp_path_factory):
    centre = RealCentre(redis_of_its_own.url, tmp_path_factory.mktemp("waiting"))
    yield centre
    centre.stop()


class Silent(Peer):
    """A phone that rings, and is never answered."""

    def _heed(self, text, sender):
        if text.startswith("INVITE "):
            self._answer(text, sender, 180)
        else:
            super()._heed(text, sender)


def answered(centre, number):
    """A lead is called and answers at once: the lead, and when (monotonic)."""
    before = len(centre.carrier.requests("INVITE"))
    lead = centre.acme.leads.add("spring", [NewLead(number)], time.time()).lead_ids[0]
    until(lambda: len(centre.carrier.requests("ACK")) and len(centre.carrier.requests("INVITE")) > before, 20)
    return lead, time.monotonic()


def test_whatever_dies_at_the_answer_the_customer_hears_the_message_in_time_and_is_counted_once(
    centre, redis_of_its_own
):
    phone = Silent()
    centre.phone.stop()
    centre.phone = phone
    centre.campaign(max_wait_s=MAX_WAIT_S, message=MESSAGE, operator_ring_s=5.0, max_attempts=1)
    try:
        for at, how in enumerate(("nothing", "dialer killed", "redis killed", "dialer cut off"), 1):
            centre.register()
            centre.station("ring")
            lead, begin = answered(centre, f"+1212555030{at}")
            if how == "dialer killed":
                centre.dialer.kill()
            elif how == "redis killed":
                redis_of_its_own.kill()
            elif how == "dialer cut off":
                os.kill(centre.dialer.child.pid, signal.SIGSTOP)
            heard = centre.carrier.first_sound(MAX_WAIT_S + 3)
            assert heard is not None, how
            print(f"{how}: the message after {heard - begin:.2f} s")
            assert MAX_WAIT_S - 0.3 < heard - begin < MAX_WAIT_S + 0.5, how
            if how == "dialer killed":
                centre.start_dialer()
            elif how == "redis killed":
                redis_of_its_own.start()
            elif how == "dialer cut off":
                os.kill(centre.dialer.child.pid, signal.SIGCONT)
            until(lambda lead=lead: centre.acme.leads.get(lead).disposition == "abandoned", 40)
            assert centre.acme.leads.get(lead).attempts == 1, how
            counts = centre.acme.stats.day("spring", day(time.time()))
            assert (counts["attempts"], counts["abandoned"]) == (at, at), how
            centre.off_line()
    finally:
        if centre.dialer.child.poll() is None:
            os.kill(centre.dialer.child.pid, signal.SIGCONT)
        phone.stop()


def test_who_was_answered_and_gone_while_no_dialer_ran_is_counted_once_and_their_key_heeded(centre):
    """Killed while the phone rings: nothing of the answer is in Redis, and nobody heard of the end."""
    centre.campaign(max_wait_s=1.0, message=MESSAGE, opt_out_key="9", max_attempts=3)
    before = centre.acme.stats.day("spring", day(time.time()))
    for number, key, state in (("+12125550310", "", "waiting"), ("+12125550311", "9", "done")):
        centre.register()
        centre.station("ring")
        with centre.dying_at("INVITE"):
            lead, _ = answered(centre, number)
        assert centre.carrier.first_sound(3) is not None
        if key:
            (row,) = json.loads(centre.esl.api("show channels as json"))["rows"]
            centre.esl.api(f"uuid_recv_dtmf {row['uuid']} {key}")
        until(lambda: centre.esl.api("show channels count").split()[0] == "0")
        centre.start_dialer()
        until(lambda lead=lead: centre.acme.leads.get(lead).disposition == "abandoned", 40)
        record = centre.acme.leads.get(lead)
        assert (record.state, record.attempts) == (state, 1)
        centre.off_line()
    counts = centre.acme.stats.day("spring", day(time.time()))
    assert [int(counts[n]) - int(before.get(n, 0)) for n in ("attempts", "abandoned")] == [2, 2]


def test_a_customer_who_hears_the_message_already_is_not_joined_to_an_operator_by_the_next_dialer(centre):
    """A free operator whose phone is up is there, and customers may wait for longer by now; this one did not."""
    message = "tone_stream://%(15000,0,440)"
    centre.campaign(max_wait_s=1.0, message=message, max_attempts=3)
    before = centre.acme.stats.day("spring", day(time.time()))
    centre.phone = Peer()
    centre.register()
    centre.station("nailed")
    with centre.dying_at("INVITE"):
        lead, _ = answered(centre, "+12125550320")
    uuid = centre.redis.hget(centre.acme.keys.lead(lead), "call")
    assert centre.carrier.first_sound(3) is not None
    centre.campaign(max_wait_s=60.0, message=message, max_attempts=3)
    centre.start_dialer()
    until(lambda: centre.acme.calls.get(uuid).get("answered"), 20)
    assert centre.acme.calls.get(uuid)["state"] == "abandoned" and centre.state == "available"
    assert centre.esl.api(f"uuid_getvar {uuid} bridge_uuid").strip() == "_undef_"
    centre.carrier.within("BYE")
    until(lambda: centre.acme.leads.get(lead).disposition == "abandoned", 20)
    counts = centre.acme.stats.day("spring", day(time.time()))
    assert [int(counts[n]) - int(before.get(n, 0)) for n in ("attempts", "abandoned")] == [1, 1]
    centre.off_line()
    centre.phone.stop()


def test_a_key_that_comes_by_sip_info_is_heeded_like_another(centre):
    centre.phone = Silent()
    centre.register()
    centre.campaign(max_wait_s=1.0, operator_ring_s=5.0, message=MESSAGE, opt_out_key="9", max_attempts=3)
    centre.station("ring")
    lead, _ = answered(centre, "+12125550330")
    assert centre.carrier.first_sound(3) is not None
    info = "Content-Type: application/dtmf-relay\r\n"
    assert centre.carrier.within("INFO", info, "Signal=9\r\nDuration=160\r\n") == 200
    until(lambda: centre.acme.leads.get(lead).disposition == "abandoned", 20)
    assert centre.acme.leads.get(lead).state == "done"
    centre.phone.stop()
