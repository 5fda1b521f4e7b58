"""Calls that never become a leg, and commands a switch does not take: word for word the same of both switches."""

import uuid

import pytest

from fsdialer.esl import commands
from tests.contract.talk import customer

NOBODY = "00000000-0000-4000-8000-000000000000"


# -- no leg --------------------------------------------------------------------------------------------------------
def test_a_gateway_nobody_knows_is_said_at_once_and_there_is_no_leg(talk):
    person = talk.call(customer("200"), gateway="nowhere")
    assert talk.result(person) == "-ERR INVALID_GATEWAY\n"
    assert talk.story(customer=person) == []


def test_a_gateway_that_is_down_is_said_at_once_and_there_is_no_leg(talk):
    talk.until("the gateway to be down", lambda: "DOWN" in talk.api(commands.gateway_status("down")))
    person = talk.call(customer("200"), gateway="down")
    assert talk.result(person) == "-ERR GATEWAY_DOWN\n"
    assert talk.story(customer=person) == []


def test_a_carrier_that_is_not_there_ends_the_leg_as_a_trouble_of_its_own(talk):
    person = talk.call(customer("200"), gateway="dead")
    assert talk.result(person) == "-ERR NORMAL_TEMPORARY_FAILURE\n"
    assert talk.gone(person).sip_status == 503
    assert talk.story(customer=person) == ["customer is gone: NORMAL_TEMPORARY_FAILURE, sip 503, by the far end"]


def test_the_same_leg_twice_is_refused_and_the_first_call_goes_on(talk):
    person = talk.ready(talk.call(customer("200")))
    way = f"sofia/gateway/trunk/{customer('200')}"
    again = commands.originate_customer(
        call=person, destination=way, ring_s=10, caller_id="+12125550100", wait_s=9, tags={"lead": "17"}
    )
    assert talk.result(talk.job(again, str(uuid.uuid4()))) == "-ERR DESTINATION_OUT_OF_ORDER\n"
    assert talk.exists(person)


@pytest.mark.parametrize(
    ("rest", "answer"),
    [
        ("sofia/gateway/trunk &park()", "-ERR INVALID_URL\n"),
        ("nosuch/1 &park()", "-ERR CHAN_NOT_IMPLEMENTED\n"),
        ("error/USER_BUSY &park()", "-ERR USER_BUSY\n"),
        ("loopback/12125550100/operators &park()", "-ERR CALL_REJECTED\n"),
        ("loopback/9196/nosuch &park()", "-ERR NO_ROUTE_DESTINATION\n"),
    ],
)
def test_an_originate_to_nowhere_names_its_cause(talk, rest, answer):
    assert talk.result(talk.job(f"originate {rest}")) == answer


# -- commands ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (f"uuid_exists {NOBODY}", "false"),
        (f"uuid_kill {NOBODY} NORMAL_CLEARING", "-ERR No such channel!\n"),
        (f"uuid_getvar {NOBODY} a", "-ERR No such channel!\n"),
        (f"uuid_setvar {NOBODY} a b", "-ERR No such channel!\n"),
        (f"uuid_dump {NOBODY} json", "-ERR No such channel!\n"),
        (f"uuid_bridge {NOBODY} {NOBODY}", "-ERR Invalid uuid\n"),
        (f"uuid_broadcast {NOBODY} silence_stream://100 aleg", "-ERR invalid uuid\n"),
        (f"sched_hangup +10 {NOBODY}", "-ERR No such channel!\n"),
        (f"uuid_transfer {NOBODY} park inline", "-ERR No such channel!\n"),
        (f"uuid_recv_dtmf {NOBODY} 1", "-ERR Cannot locate session!\n"),
        (f"uuid_break {NOBODY} all", "-ERR No such channel!\n"),
        (f"uuid_set_media_stats {NOBODY}", f"-ERR No such channel {NOBODY}!\n"),
        (f"uuid_media_reneg {NOBODY}", "-ERR Operation Failed\n"),
        (f"uuid_deflect {NOBODY} sip:a@b", f"-ERR No such channel {NOBODY}!\n"),
        (f"uuid_record {NOBODY} stop all", "-ERR Cannot locate session!\n"),
        ("uuid_break", "-USAGE: <uuid> [all]\n"),
        ("uuid_kill", "-USAGE: <uuid> [cause]\n"),
        ("uuid_bridge", "-USAGE: <uuid> <other_uuid>\n"),
        ("uuid_getvar", "-USAGE: <uuid> <var>\n"),
        ("uuid_dump", "-USAGE: <uuid> [format]\n"),
        ("nosuch a b", "-ERR nosuch Command not found!\n"),
        ("sofia status gateway nowhere", "Invalid Gateway!\n"),
        ("sofia status profile nowhere", "Invalid Profile!\n"),
        ("sofia_contact 9999@127.0.0.1", "error/user_not_registered"),
        ("module_exists mod_sofia", "true"),
        ("module_exists mod_nosuch", "false"),
        ("acl 127.0.0.1 loopback.auto", "true"),
        ("acl 203.0.113.1 loopback.auto", "false"),
        ("show channels as json", '{"row_count": 0}\n'),
        ("show channels count", "\n0 total.\n"),
    ],
)
def test_answers_are_the_same_word_for_word(talk, command, answer):
    talk.until("the refused calls of other tests to be gone", lambda: not talk.listed())
    assert talk.api(command) == answer


@pytest.mark.parametrize("command", ["nosuch", "filter", "event", "bgapi", "sendmsg"])
def test_what_is_no_command_of_the_event_socket_is_refused_and_the_connection_stays(talk, command):
    said = talk.client.send(command).get("Reply-Text")
    assert said.startswith("-ERR")
    assert talk.exists(NOBODY) is False


def test_a_wrong_password_is_refused(side):
    from fsdialer.errors import SwitchRefusedUs
    from fsdialer.esl.client import EslClient

    client = EslClient(*side.address, f"x{side.password}")
    with pytest.raises(SwitchRefusedUs):
        client.connect()
