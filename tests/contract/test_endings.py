"""How a customer's call ends, and what we hear of it: the same of both switches."""

import pytest

from tests.contract.talk import Talk, customer

#: By suffix: the job's answer, then what happened to the leg.
REFUSED = {
    "404": ("UNALLOCATED_NUMBER", ["customer is gone: UNALLOCATED_NUMBER, sip 404, by the far end"]),
    "480": ("NO_USER_RESPONSE", ["customer is gone: NO_USER_RESPONSE, sip 480, by the far end"]),
    "486": ("USER_BUSY", ["customer is gone: USER_BUSY, sip 486, by the far end"]),
    "503": ("NORMAL_TEMPORARY_FAILURE", ["customer is gone: NORMAL_TEMPORARY_FAILURE, sip 503, by the far end"]),
    "603": ("CALL_REJECTED", ["customer rings", "customer is gone: CALL_REJECTED, sip 603, had rung, by the far end"]),
    "207": ("USER_BUSY", ["customer rings", "customer is gone: USER_BUSY, sip 486, had rung, by the far end"]),
    "205": (
        "UNALLOCATED_NUMBER",
        ["customer rings", "customer is gone: UNALLOCATED_NUMBER, sip 404, had rung, by the far end"],
    ),
    "403": ("CALL_REJECTED", ["customer is gone: CALL_REJECTED, sip 403, by the far end"]),
    "410": ("NUMBER_CHANGED", ["customer is gone: NUMBER_CHANGED, sip 410, by the far end"]),
    "484": ("INVALID_NUMBER_FORMAT", ["customer is gone: INVALID_NUMBER_FORMAT, sip 484, by the far end"]),
    "488": ("INCOMPATIBLE_DESTINATION", ["customer is gone: INCOMPATIBLE_DESTINATION, sip 488, by the far end"]),
    "500": ("NORMAL_TEMPORARY_FAILURE", ["customer is gone: NORMAL_TEMPORARY_FAILURE, sip 500, by the far end"]),
    "502": ("NETWORK_OUT_OF_ORDER", ["customer is gone: NETWORK_OUT_OF_ORDER, sip 502, by the far end"]),
    "504": ("RECOVERY_ON_TIMER_EXPIRE", ["customer is gone: RECOVERY_ON_TIMER_EXPIRE, sip 504, by the far end"]),
    "600": ("USER_BUSY", ["customer is gone: USER_BUSY, sip 600, by the far end"]),
    "604": ("NO_ROUTE_DESTINATION", ["customer is gone: NO_ROUTE_DESTINATION, sip 604, by the far end"]),
}
#: The carrier answers 302.
ELSEWHERE = "208"
#: Those who answer: what happened until they may be bridged.
ANSWERED = {
    "200": ["customer rings", "customer answers", "customer may be bridged"],
    "203": ["customer answers", "customer may be bridged"],
    "204": ["customer rings", "customer answers", "customer may be bridged"],
    "206": ["customer rings", "customer answers", "customer may be bridged"],
}


@pytest.fixture(scope="module")
def called(side):
    """Everybody called at once: the conversation, and the leg by suffix."""
    talk = Talk(side.address, side.password)
    legs = {suffix: talk.call(customer(suffix)) for suffix in (*REFUSED, ELSEWHERE, *ANSWERED)}
    yield talk, legs
    talk.close()


@pytest.mark.parametrize("suffix", REFUSED)
def test_who_refuses_is_gone_with_a_cause_and_the_carriers_own_status(called, suffix):
    talk, legs = called
    cause, story = REFUSED[suffix]
    assert talk.result(legs[suffix]) == f"-ERR {cause}\n"
    end = talk.ending(legs[suffix])
    assert talk.story(customer=legs[suffix]) == story
    status = story[-1].split("sip ")[1][:3]
    assert end.get("variable_sip_term_status") == end.get("variable_sip_invite_failure_status") == status
    assert end.get("variable_proto_specific_hangup_cause") == f"sip:{status}"
    assert end.get("variable_hangup_cause") == cause
    assert end.get("variable_sip_hangup_disposition") == "recv_refuse"
    assert end.get("variable_fsdialer_lead") == "17"


def test_a_carrier_that_sends_a_call_elsewhere_has_it_called_nowhere(called):
    """It could name any address; as it is not followed, the switch gives the call up itself."""
    talk, legs = called
    assert talk.result(legs[ELSEWHERE]) == "-ERR REQUESTED_CHAN_UNAVAIL\n"
    assert talk.ending(legs[ELSEWHERE]).get("variable_sip_hangup_disposition") == "send_cancel"
    assert talk.story(customer=legs[ELSEWHERE]) == ["customer is gone: REQUESTED_CHAN_UNAVAIL, sip 487"]


@pytest.mark.parametrize("suffix", ANSWERED)
def test_who_answers_may_be_bridged_once_the_waiting_room_runs(called, suffix):
    talk, legs = called
    leg = talk.ready(legs[suffix])
    assert talk.result(leg) == f"+OK {leg}\n"
    assert talk.story(customer=leg) == ANSWERED[suffix]
