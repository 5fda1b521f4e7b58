"""What the network said, and what it means for the lead."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.dispositions import LABELS, Disposition, classify

CAPTURES = Path(__file__).parent.parent / "captures"
OURS = (Disposition.TECHNICAL, False, False)


def come_to(cause, sip_status=None, rang=False):
    verdict = classify(cause, sip_status, rang)
    return verdict.disposition, verdict.charged, verdict.final


def last_hangup(capture):
    """Cause, SIP status and whether it rang, of the customer's hang-up in a recorded conversation."""
    lines = map(json.loads, (CAPTURES / f"{capture}.jsonl").read_text().splitlines())
    text = "".join(line["data"] for line in lines if line["dir"] == "server")
    event = text.split("Event-Name: CHANNEL_HANGUP_COMPLETE\n")[1].split("\n\n")[0]
    headers = dict(line.split(": ", 1) for line in event.splitlines() if ": " in line)
    status = headers.get("variable_sip_invite_failure_status")
    rang = headers["Caller-Channel-Progress-Time"] != "0"
    return headers["Hangup-Cause"], int(status) if status else None, rang


@pytest.mark.parametrize(
    ("capture", "disposition", "charged", "final"),
    [
        ("customer-busy", Disposition.BUSY, True, False),
        ("customer-no-answer", Disposition.MISSED, True, False),
        ("customer-unavailable-480", Disposition.UNAVAILABLE, True, False),
        ("customer-declines-603", Disposition.UNAVAILABLE, True, False),
        ("customer-unallocated-404", Disposition.DEAD, True, True),
        ("carrier-503", *OURS),
        ("gateway-refused", *OURS),
    ],
)
def test_what_a_real_switch_reported(capture, disposition, charged, final):
    assert come_to(*last_hangup(capture)) == (disposition, charged, final)


@pytest.mark.parametrize(("status", "cause"), [(480, "NO_USER_RESPONSE"), (408, "RECOVERY_ON_TIMER_EXPIRE")])
def test_480_and_408_are_missed_if_it_rang_and_unavailable_if_not(status, cause):
    assert come_to(cause, status, rang=True)[0] is Disposition.MISSED
    assert come_to(cause, status, rang=False)[0] is Disposition.UNAVAILABLE


@pytest.mark.parametrize("status", [404, 410, 484, 485, 604])
def test_a_number_that_does_not_exist_ends_the_lead(status):
    assert come_to("NORMAL_UNSPECIFIED", status) == (Disposition.DEAD, True, True)


@pytest.mark.parametrize(
    "cause", ["UNALLOCATED_NUMBER", "NO_ROUTE_DESTINATION", "NUMBER_CHANGED", "INVALID_NUMBER_FORMAT"]
)
def test_a_dead_numbers_cause_alone_ends_the_lead(cause):
    assert come_to(cause) == (Disposition.DEAD, True, True)


def test_who_does_not_want_our_calls_is_not_called_again():
    assert classify("UNWANTED", 607, rang=True).do_not_call
    assert come_to("UNWANTED", 607) == (Disposition.UNAVAILABLE, True, True)


@pytest.mark.parametrize("status", [401, 402, 403, 407, 421, 428, 436, 438, 500, 502, 503, 608])
def test_a_fault_of_ours_or_the_carriers_costs_the_lead_nothing(status):
    assert come_to("CALL_REJECTED", status) == OURS


@pytest.mark.parametrize(
    "cause",
    [
        "GATEWAY_DOWN",
        "INVALID_GATEWAY",
        "DESTINATION_OUT_OF_ORDER",
        "NORMAL_CIRCUIT_CONGESTION",
        "SYSTEM_SHUTDOWN",
        "LOST",
        "NOT_PLACED",
    ],
)
def test_a_fault_of_the_switch_costs_the_lead_nothing(cause):
    assert come_to(cause) == OURS


def test_status_is_believed_before_a_contradicting_cause():
    """A carrier's `Reason: Q.850` header may overwrite the cause."""
    assert come_to("NO_ANSWER", 404)[0] is Disposition.DEAD
    assert come_to("USER_BUSY", 503) == OURS
    assert come_to("UNALLOCATED_NUMBER", 500) == OURS


def test_a_fault_keeps_the_words_of_its_cause():
    assert classify("NORMAL_CIRCUIT_CONGESTION", 503, False).detail == "the carrier's lines are full"
    assert classify("USER_BUSY", 503, False).detail == "the carrier answered 503"
    assert "an extension of SIP" in classify("INTERWORKING", 421, False).detail


def test_a_carrier_that_never_answers_is_a_fault_but_one_that_rang_is_a_missed_call():
    assert come_to("RECOVERY_ON_TIMER_EXPIRE", None, rang=False) == OURS
    assert come_to("RECOVERY_ON_TIMER_EXPIRE", 504, rang=False) == OURS
    assert come_to("RECOVERY_ON_TIMER_EXPIRE", 504, rang=True)[0] is Disposition.MISSED


def test_a_phone_that_rang_while_no_dialer_ran_was_called():
    assert come_to("LOST", None, rang=False) == OURS
    assert come_to("LOST", None, rang=True)[0] is Disposition.MISSED


def test_our_own_ring_limit_is_a_missed_call_even_when_the_carrier_never_said_it_rang():
    assert come_to("NO_ANSWER", 487, rang=False)[0] is Disposition.MISSED
    assert come_to("NO_ANSWER", None, rang=False)[0] is Disposition.MISSED


def test_a_call_that_the_carrier_sends_elsewhere_is_its_fault_and_says_so():
    """The switch does not follow, and ends it itself: 487."""
    assert come_to("REQUESTED_CHAN_UNAVAIL", 487, rang=False) == OURS
    assert classify("REQUESTED_CHAN_UNAVAIL", 487, False).detail.startswith("the carrier sends the call elsewhere")


def test_a_phone_that_rang_before_its_call_was_sent_elsewhere_was_called():
    """Many forward what is not answered. It would ring every ten minutes, at no attempt."""
    for status in (487, None):
        assert come_to("REQUESTED_CHAN_UNAVAIL", status, rang=True)[:2] == (Disposition.MISSED, True)


def test_a_carrier_that_has_no_channel_is_not_said_to_send_calls_elsewhere():
    """The same cause, from the Reason header (Q.850, 44) of a 503."""
    said = classify("REQUESTED_CHAN_UNAVAIL", 503, False)
    assert (said.disposition, said.detail) == (Disposition.TECHNICAL, "the carrier's lines are full")


def test_no_free_operators_is_what_people_read_of_an_abandoned_call():
    assert LABELS[Disposition.ABANDONED] == "No free operators"
    assert set(LABELS) == set(Disposition)


@given(st.text(), st.none() | st.integers(100, 699), st.booleans())
def test_every_ending_has_a_verdict_and_only_charged_ones_end_the_lead(cause, status, rang):
    verdict = classify(cause, status, rang)
    assert verdict.detail
    assert verdict.charged or not verdict.final
    assert verdict.charged or verdict.disposition is Disposition.TECHNICAL


def test_who_hangs_up_before_the_switch_has_seen_the_answer_is_a_missed_call_that_says_so():
    for rang in (False, True):
        said = classify("NORMAL_CLEARING", 200, rang)
        assert (said.disposition, said.charged, said.detail) == (
            Disposition.MISSED,
            True,
            "hung up in the moment of the answer",
        )
