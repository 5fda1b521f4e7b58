"""Test my phone on a real FreeSWITCH, with phones that are SIP peers. Skipped, saying so, where there is no
`freeswitch` on PATH."""

import dataclasses
import shutil
import time

import pytest

from fsdialer.core.campaigns import Operator, PhoneTestRule, Station
from fsdialer.core.leads import NewLead
from tests.freeswitch.centre import SECRET
from tests.freeswitch.peer import LOUD, SILENCE, Peer
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_real import until

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(shutil.which("freeswitch") is None, reason="no freeswitch on PATH: no phone was tested on one"),
]


@pytest.fixture
def centre(real_centre):
    return real_centre


def words_after_test(centre, then=""):
    """What the operator reads in the end."""
    began = time.time() - 1
    centre.acme.operators.seen("1001", time.time() + 60)
    centre.acme.phone_tests.ask("1001", time.time(), then=then)
    until(lambda: (centre.acme.operators.view("1001").phone_tested_at or 0) > began, 30)
    return centre.acme.operators.view("1001").phone_test


def rule(centre, phone_test):
    centre.acme.setup.save_company(dataclasses.replace(centre.acme.setup.company(), phone_test=phone_test))


def test_a_phone_that_says_nothing_is_told_so_and_may_be_on_the_line_where_that_is_advice(centre):
    rule(centre, PhoneTestRule.REQUIRE)
    centre.phone.messages.clear()
    assert "no audio came from it" in words_after_test(centre, then="spring")
    assert centre.state == "off" and centre.phone.requests("INVITE")
    rule(centre, PhoneTestRule.ADVISE)
    assert "no audio came from it" in words_after_test(centre, then="spring")
    until(lambda: centre.state == "available")
    centre.off_line()


def test_a_phone_that_is_muted_is_told_so(centre):
    centre.phone.talks, centre.phone.says = True, SILENCE
    assert "only silence came from it" in words_after_test(centre)
    centre.phone.says = LOUD


def test_a_phone_that_is_heard_is_well_until_another_is_at_its_address(centre):
    centre.phone.talks = True
    assert "its audio came through" in words_after_test(centre)
    password = centre.acme.accounts.phone("1001", SECRET).password
    caller = Caller(int(centre.values["operators_port"]), "1001", contact=f"sip:again@127.0.0.1:{centre.phone.port}")
    caller.agent = "peer"
    assert caller.register(password) == 200
    until(lambda: "again" in centre.esl.api("sofia_contact 1001@127.0.0.1"))
    assert "its audio came through" in words_after_test(centre), "the same phone, started anew"
    caller.be("1001", f"sip:another@127.0.0.1:{centre.phone.port}")
    caller.agent = "another"
    assert caller.register(password) == 200
    until(lambda: "another@" in centre.esl.api("sofia_contact 1001@127.0.0.1"))
    assert f"the same address (127.0.0.1:{centre.phone.port}) is registered twice" in words_after_test(centre)
    caller.close()
    centre.register()


def test_a_phone_that_forwards_its_calls_is_told_and_no_customer_is_sent_elsewhere(centre):
    """Nobody here knows where to, nor what it costs."""
    centre.phone.refuses, elsewhere = 302, Peer()
    centre.phone.forwards_to = f"sip:9000@127.0.0.1:{elsewhere.port}"
    assert "forwards its calls: switch call forwarding off" in words_after_test(centre)
    centre.acme.operators.go_on_line("1001", "spring", time.time(), via="cli")
    until(lambda: centre.state == "available")
    centre.acme.leads.add("spring", [NewLead("+12125550299")], time.time())
    until(lambda: centre.state == "off")
    assert "forwards its calls" in centre.acme.operators.view("1001").reason
    until(lambda: centre.esl.api("show channels count").split()[0] == "0", 15)
    elsewhere.stop()
    centre.phone.refuses = 0
    assert elsewhere.messages == []


def test_a_phone_that_is_another_operators_too_is_told(centre):
    """One softphone, signed in with two accounts: each customer of the other would ring here."""
    centre.acme.setup.save_operator(Operator("acme", "1002", "Bob", "1002", campaigns=("spring",)))
    centre.write()
    centre.esl.api("reloadxml")
    centre.esl.api("sofia profile operators flush_inbound_reg 1001@127.0.0.1")
    until(lambda: "error/" in centre.esl.api("sofia_contact 1001@127.0.0.1"))
    centre.phone.talks, centre.phone.says = True, LOUD
    password = {who: centre.acme.accounts.phone(who, SECRET).password for who in ("1001", "1002")}
    caller = Caller(int(centre.values["operators_port"]), "1001", contact=f"sip:1001@127.0.0.1:{centre.phone.port}")
    assert caller.register(password["1001"], expires=600) == 200
    caller.be("1002", f"sip:1002@127.0.0.1:{centre.phone.port}")
    assert caller.register(password["1002"], expires=600) == 200
    assert f"(127.0.0.1:{centre.phone.port}) is registered for 1002 too" in words_after_test(centre)
    assert caller.register(password["1002"], expires=0) == 200
    caller.close()
    centre.register()
    assert "its audio came through" in words_after_test(centre)


def test_a_phone_that_is_not_there_is_not_registered(centre):
    centre.acme.setup.save_operator(
        Operator("acme", "1001", "Ann", "1009", station=Station.RING, campaigns=("spring",))
    )
    assert "is not registered" in words_after_test(centre, then="spring")
    assert centre.state == "off"
