"""What operators read about their phones."""

import pytest

from fsdialer.core.campaigns import Campaign, PhoneFamily, PhoneTestRule, Station
from fsdialer.core.phones import (
    SHIFT_S,
    Patience,
    PhoneTest,
    answered,
    asks,
    family_of,
    goes_on,
    judge_test,
    patience,
    phone_failure,
    proved,
    unheard,
)


@pytest.mark.parametrize(
    ("cause", "packets", "addresses", "answered_s", "ok", "words"),
    [
        ("NORMAL_CLEARING", -290, 1, 0.31, False, "only silence came from it: say something after the tone"),
        ("NORMAL_CLEARING", 290, 1, 0.31, True, "answered after 0.3 s and its audio came through"),
        ("NORMAL_CLEARING", None, 1, 0.31, True, "its audio came through"),
        ("NORMAL_CLEARING", 3, 1, 0.31, False, "no audio came from it: check its microphone, then the firewall"),
        ("NORMAL_CLEARING", 290, 2, 0.31, False, "it is registered at 2 addresses: sign the others out"),
        ("NORMAL_CLEARING", 290, -2, 0.31, False, "the same address (10.0.0.9:5060) is registered twice"),
        ("NO_ANSWER", None, 1, None, False, "did not answer: switch on its automatic answer"),
        ("NO_USER_RESPONSE", None, 1, None, False, "says that it is not available: switch off do-not-disturb"),
        ("USER_NOT_REGISTERED", None, 0, None, False, "is not registered: start it"),
        ("NORMAL_TEMPORARY_FAILURE", None, 1, None, False, "could not be reached: start it again"),
        ("INCOMPATIBLE_DESTINATION", None, 1, None, False, "no codec in common"),
        ("REQUESTED_CHAN_UNAVAIL", None, 1, None, False, "forwards its calls: switch call forwarding off"),
        ("MANDATORY_IE_MISSING", None, 1, None, False, "asks the switch for a password"),
        ("SOMETHING_ODD", None, 1, None, False, "failed (SOMETHING_ODD)"),
    ],
)
def test_a_phone_test_says_in_words_what_to_mend(cause, packets, addresses, answered_s, ok, words):
    where = ["10.0.0.9:5060"] * -addresses or [f"10.0.0.{n}:5060" for n in range(addresses)]
    heard = packets is None or packets > 0
    result = judge_test("1001", cause, answered_s, packets and abs(packets), heard, where)
    assert (result.ok, result.answered_after_s) == (ok, answered_s)
    assert result.words.startswith("Your phone 1001 ") and words in result.words


def test_a_phone_that_never_said_that_it_rings_could_not_be_reached():
    silent = judge_test("1001", "NO_ANSWER", None, None, False, ["10.0.0.9:5060"], rang=False)
    assert "could not be reached: start it again, or check its network and firewall" in silent.words
    page = judge_test("1001", "NO_ANSWER", None, None, False, ["10.0.0.9:5060"], True, rang=False)
    assert "keep this page open" in page.words


def test_a_phone_that_is_somebody_elses_too_is_told():
    shared = {"10.0.0.9:5060": ["1002", "1003"]}
    result = judge_test("1001", "NORMAL_CLEARING", 0.31, 290, True, ["10.0.0.9:5060"], shared=shared)
    assert not result.ok
    assert "its address (10.0.0.9:5060) is registered for 1002 and 1003 too" in result.words


@pytest.mark.parametrize(
    ("answered_s", "of", "in_browser", "ok", "words"),
    [
        (4.0, "", False, False, "answered after 4.0 s: customers wait 2 s at most; switch on its automatic answer."),
        (4.0, "Spring", False, False, "answered after 4.0 s: customers of Spring wait 2 s at most;"),
        (4.0, "", True, False, "wait 2 s at most; close what else keeps this computer busy."),
        (1.9, "", False, False, "wait 2 s at most"),  # they have to be joined, too
        (1.5, "", False, True, "(after 1.2 s customers go to another operator who is free: a faster one keeps them)"),
        (1.1, "", False, True, "answered after 1.1 s and its audio came through."),
    ],
)
def test_a_phone_that_answers_later_than_customers_wait_is_not_well(answered_s, of, in_browser, ok, words):
    result = judge_test(
        "1001", "", answered_s, 290, True, ["10.0.0.9:5060"], in_browser=in_browser, waits=Patience(2.0, 1.2, of)
    )
    assert result.ok is ok and words in result.words


def test_a_phone_is_good_for_the_line_of_each_campaign_of_its_operator():
    quick, slow = Campaign("acme", "spring", "Spring"), Campaign("acme", "autumn", max_wait_s=6.0, operator_ring_s=4.0)
    assert patience(Station.RING, [slow]) == Patience(6.0, 4.0)
    assert patience(Station.WEBRTC, [slow, quick]) == Patience(2.0, 1.2, "Spring")
    assert patience(Station.REFER, [slow]) == Patience(4.0, 4.0)
    assert patience(Station.NAILED, [quick]) is None, "rung before there is a customer"
    assert patience(Station.WEBRTC_NAILED, [quick]) is None and patience(Station.RING, []) is None


@pytest.mark.parametrize(("heard", "words"), [(True, "came through, both ways."), (False, "but you hear nothing")])
def test_a_good_test_asks_the_operator_what_no_switch_can_know(heard, words):
    good = judge_test("1001", "NORMAL_CLEARING", 0.3, 290, True, ["10.0.0.9:5060"])
    assert asks(good.words)
    ok, then = answered(good.words, heard)
    assert ok is heard and words in then and not asks(then)


def test_a_failure_says_what_to_do_and_to_get_on_the_line_again():
    assert phone_failure("1001", "USER_BUSY") == (
        "Your phone 1001 is busy: end its other call. Get on the line again when it works."
    )


NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("ok", "tested_ago", "talk_s", "talk_ago", "is_proved"),
    [
        (False, None, 0, None, False),
        (True, 60, 0, None, True),
        (True, SHIFT_S + 1, 0, None, False),
        (False, 60, 0, None, False),
        (False, None, 40, 60, True),
        (False, None, 5, 60, False),
        (False, None, 40, SHIFT_S + 1, False),
        (False, 600, 40, 60, True),
        (False, 60, 40, 600, False),
    ],
)
def test_a_phone_is_proved_for_a_shift_by_its_last_test_or_by_a_talk_since(ok, tested_ago, talk_s, talk_ago, is_proved):
    tested_at = None if tested_ago is None else NOW - tested_ago
    talked_at = None if talk_ago is None else NOW - talk_ago
    assert proved(ok, tested_at, talk_s, talked_at, NOW) is is_proved


@pytest.mark.parametrize(
    ("asked_ago", "tested_ago", "is_unheard"),
    [(29, None, False), (30, None, True), (60, 20, False), (None, None, False)],
)
def test_a_test_that_has_no_verdict_in_time_is_done_by_nobody(asked_ago, tested_ago, is_unheard):
    asked_at, tested_at = (None if ago is None else NOW - ago for ago in (asked_ago, tested_ago))
    assert unheard(asked_at, tested_at, NOW) is is_unheard


@pytest.mark.parametrize(
    ("rule", "ok", "answered", "on"),
    [
        (PhoneTestRule.ADVISE, True, True, True),
        (PhoneTestRule.ADVISE, False, True, True),
        (PhoneTestRule.ADVISE, False, False, False),
        (PhoneTestRule.REQUIRE, False, True, False),
        (PhoneTestRule.REQUIRE, True, True, True),
    ],
)
def test_who_gets_on_the_line_after_a_test(rule, ok, answered, on):
    assert goes_on(rule, PhoneTest(ok, "", 0.3 if answered else None)) is on


def test_a_phone_that_would_lose_each_customer_keeps_its_operator_off_the_line_of_those():
    slow = PhoneTest(False, "", 4.0)
    assert not goes_on(PhoneTestRule.ADVISE, slow, Patience(2.0, 1.2))
    assert goes_on(PhoneTestRule.ADVISE, slow, Patience(6.0, 1.2)), "another campaign's customers wait longer"
    assert goes_on(PhoneTestRule.ADVISE, slow, None), "it is held up"


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        ("MicroSIP/3.21.3", PhoneFamily.CALL_INFO),
        ("baresip v3.9.0 (x86_64/Linux)", PhoneFamily.CALL_INFO),
        ("Grandstream GXP1625 1.0.7.13", PhoneFamily.CALL_INFO),
        ("Yealink SIP-T46S 66.85.0.5", PhoneFamily.CALL_INFO),
        ("PolycomVVX-VVX_411-UA/6.4.3.5156", PhoneFamily.ALERT_INFO),
        ("PolyEdge-Edge_E450-UA/8.0.1", PhoneFamily.ALERT_INFO),
        ("Aastra 6757i/3.3.1.4365", PhoneFamily.ALERT_INFO),
        ("Mitel-6867i-SIP/6.3", PhoneFamily.ALERT_INFO),
        ("Panasonic_KX-HDV230/08.001", PhoneFamily.ALERT_INFO),
        ("", PhoneFamily.CALL_INFO),
    ],
)
def test_a_phone_is_of_the_family_it_says(agent, family):
    assert family_of(agent) is family
