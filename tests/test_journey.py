"""One test for each ending of a call: real processes, real sockets, a real Redis, the simulated switch."""

import time
from decimal import Decimal

import pytest

from fsdialer.core.campaigns import Mode, Station
from fsdialer.core.times import epoch
from fsdialer.store.ownership import dialers
from tests.journey import (
    BUSY,
    CARRIER_REFUSES,
    LEAVES_AFTER_3S,
    LEAVES_AT_ONCE,
    NO_ANSWER,
    REJECTS,
    TALKS,
    TALKS_TOO,
    UNAVAILABLE,
    UNKNOWN_NUMBER,
    wait_until,
)


@pytest.mark.parametrize("station", [Station.NAILED, Station.RING])
def test_answered_lead_talks_to_the_operator_and_both_are_let_go(centre, station):
    c = centre(station=station)
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    assert call["operator"] == "1001"
    wait_until(lambda: c.operator("1001").state == "on_call", what="the operator to be on the call")
    c.switch.api(f"uuid_kill {call['uuid']}")
    assert c.disposition(lead).disposition == "answered"
    assert c.operator("1001").state == "wrap_up"
    wait_until(lambda: c.operator("1001").state == "available", what="the wrap-up to end")
    assert c.lead(lead).state == "done"
    assert (c.today()["attempts"], c.today()["answers"], c.today()["bridges"]) == (1, 1, 1)
    c.audit()


def test_card_is_on_the_screen_before_the_voice(centre):
    c = centre(station=Station.RING)
    c.on_line("1001")
    lead = c.add_lead(TALKS, name="Zoé")
    wait_until(lambda: c.operator("1001").state == "reserved", what="the operator to be reserved", every_s=0.005)
    assert c.store.operators.card("1001").name == "Zoé"
    assert not c.call_of(lead).get("bridged")


def test_customer_who_hangs_up_after_talking_is_answered(centre):
    c = centre()
    c.on_line("1001")
    assert c.disposition(c.add_lead(LEAVES_AFTER_3S)).disposition == "answered"
    c.audit()


def test_busy_lead_is_called_again_after_the_busy_delay(centre):
    c = centre()
    c.on_line("1001")
    before = time.time()
    lead = c.disposition(c.add_lead(BUSY))
    assert (lead.disposition, lead.state, lead.attempts) == ("busy", "waiting", 1)
    assert lead.next_at == pytest.approx(before + 300, abs=5)
    c.audit()


def test_promised_call_back_in_the_last_attempt_that_the_carrier_refuses_is_still_promised(centre):
    c = centre(max_attempts=3)
    lead = c.add_lead(CARRIER_REFUSES)
    c.redis.hset(c.store.keys.lead(lead), mapping={"attempts": 3, "callback": "1"})
    c.on_line("1001")
    record = c.disposition(lead)
    assert (record.disposition, record.state, record.attempts) == ("technical", "waiting", 3)
    assert c.redis.hget(c.store.keys.lead(lead), "callback") == "1"


def test_no_answer_is_a_missed_call(centre):
    c = centre(ring_s=2)
    c.on_line("1001")
    lead = c.disposition(c.add_lead(NO_ANSWER))
    assert (lead.disposition, lead.attempts) == ("missed", 1)
    assert lead.next_at == pytest.approx(time.time() + 5400, abs=10)
    c.audit()


@pytest.mark.parametrize("number", [UNAVAILABLE, REJECTS])
def test_unavailable_and_rejecting_customers_are_unavailable(centre, number):
    c = centre()
    c.on_line("1001")
    assert c.disposition(c.add_lead(number)).disposition == "unavailable"
    c.audit()


def test_number_that_does_not_exist_ends_the_lead(centre):
    c = centre()
    c.on_line("1001")
    lead = c.disposition(c.add_lead(UNKNOWN_NUMBER))
    assert (lead.disposition, lead.state) == ("dead", "done")


def test_carrier_that_refuses_is_our_fault_and_costs_no_attempt(centre):
    c = centre()
    c.on_line("1001")
    lead = c.disposition(c.add_lead(CARRIER_REFUSES))
    assert (lead.disposition, lead.attempts, lead.state) == ("technical", 0, "waiting")
    c.audit()


def test_a_number_the_carrier_refuses_again_and_again_is_called_less_and_less(centre):
    c, before = centre(), time.time()
    lead = c.add_lead(CARRIER_REFUSES)
    c.redis.hset(c.store.keys.lead(lead), "failures", 5)
    c.on_line("1001")
    record = c.disposition(lead)
    assert record.next_at == pytest.approx(before + 80 * 60, abs=20)
    assert c.store.leads.why(lead, time.time())[-1].startswith("It has failed on our side or the carrier's 6 times in")
    c.audit()


def test_dead_gateway_costs_no_attempt(centre):
    c = centre("--gateway=trunk:down")
    c.on_line("1001")
    lead = c.disposition(c.add_lead(TALKS))
    assert (lead.disposition, lead.attempts) == ("technical", 0)
    c.audit()


def test_unknown_gateway_costs_no_attempt(centre):
    c = centre("--gateway=another")
    c.on_line("1001")
    lead = c.disposition(c.add_lead(TALKS))
    assert (lead.disposition, lead.attempts) == ("technical", 0)
    c.audit()


def test_nobody_free_in_time_is_no_free_operators_within_the_limit(centre):
    c = centre(mode=Mode.MULTIPLIER, multiplier=Decimal("2"), max_wait_s=1.0)
    c.on_line("1001")
    first, second = c.add_lead(TALKS), c.add_lead(TALKS_TOO)
    talked_to = wait_until(
        lambda: next((x for x in (first, second) if c.call_of(x).get("state") == "talking"), None),
        what="a talk",
    )
    other = second if talked_to == first else first
    lead = c.disposition(other)
    assert (lead.disposition, lead.detail) == ("abandoned", "No free operators")
    call = c.call_of(other)
    waited = epoch(call["ended"]) - epoch(call["answered"])
    assert 0.8 <= waited <= 1.5
    assert lead.next_at == pytest.approx(time.time() + 600, abs=10)


def test_customer_who_leaves_before_anyone_could_talk_is_abandoned(centre):
    c = centre(station=Station.RING)
    c.switch.lab("phone 1001 noanswer")
    c.on_line("1001")
    assert c.disposition(c.add_lead(LEAVES_AT_ONCE)).disposition == "abandoned"
    wait_until(lambda: c.operator("1001").state in ("available", "off"), what="the operator to be let go")
    c.audit()


def test_limit_holds_when_the_dialer_dies_at_the_answer(centre):
    c = centre(mode=Mode.MULTIPLIER, multiplier=Decimal("2"), max_wait_s=1.0)
    c.on_line("1001")
    first, second = c.add_lead(TALKS), c.add_lead(TALKS_TOO)
    wait_until(
        lambda: {c.call_of(first).get("state"), c.call_of(second).get("state")} == {"talking", "waiting"},
        what="one talk and one customer waiting",
        every_s=0.005,
    )
    waiting = first if c.call_of(first)["state"] == "waiting" else second
    c.dialer.kill()
    uuid = c.call_of(waiting)["uuid"]
    began = time.monotonic()
    wait_until(lambda: c.switch.api(f"uuid_exists {uuid}") == "false", 3, "the switch to end the wait")
    assert time.monotonic() - began < 1.5
    c.start_dialer()
    lead = wait_until(lambda: c.lead(waiting).disposition and c.lead(waiting), 20, "the new dialer to close the call")
    assert lead.attempts <= 1
    assert c.store.stats.day("spring", time.strftime("%Y-%m-%d", time.gmtime()))["attempts"] == 2


@pytest.mark.parametrize("fault", ["reject", "unregistered", "noanswer"])
def test_operator_whose_phone_fails_is_off_the_line_and_the_customer_goes_to_the_next(centre, fault):
    c = centre(station=Station.RING, max_wait_s=4.0, operator_ring_s=0.7)
    c.switch.lab(f"phone 1001 {fault}")
    c.on_line("1001")
    c.on_line("1002")
    lead = c.add_lead(TALKS)
    assert c.talking(lead)["operator"] == "1002"
    view = wait_until(lambda: (v := c.operator("1001")).state == "off" and v, what="1001 to be off the line")
    assert "phone 1001" in view.reason


def test_nailed_phone_that_is_hung_up_is_rung_again_and_a_second_time_takes_its_operator_off_the_line(centre):
    c = centre()
    c.on_line("1001")
    first_leg = c.operator("1001").leg
    c.switch.lab("phone 1001 hangup")
    wait_until(lambda: c.operator("1001").leg not in ("", first_leg), what="the phone to be up again")
    assert c.operator("1001").state == "available"
    c.switch.lab("phone 1001 hangup")
    view = wait_until(lambda: (v := c.operator("1001")).state == "off" and v, what="1001 to be off the line")
    assert "was hung up" in view.reason
    c.audit()


def test_nailed_phone_hung_up_in_a_talk_ends_it_and_is_rung_again(centre):
    c = centre()
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    first_leg = c.talking(lead)["leg"]
    c.switch.lab("phone 1001 hangup")
    assert c.disposition(lead).disposition == "answered"
    view = wait_until(lambda: (v := c.operator("1001")).state == "available" and v, what="the phone to be up again")
    assert view.leg not in ("", first_leg)
    c.audit()


def test_operator_hangs_up_from_the_page(centre):
    c = centre()
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    c.store.feed.publish("wish", operator="1001", call=call["uuid"], what="hangup")
    assert c.disposition(lead).disposition == "answered"
    c.audit()


def test_socket_cut_in_the_middle_of_a_call_loses_nothing(centre):
    c = centre()
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    c.switch.lab("cut")
    c.switch.api(f"uuid_kill {call['uuid']}")
    assert c.disposition(lead).disposition == "answered"
    wait_until(lambda: c.operator("1001").state == "available", what="1001 to be available again")
    c.audit()


def test_switch_restarted_in_the_middle_of_a_call_closes_it_and_rings_the_phones_again(centre):
    c = centre()
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    before = c.talking(lead)["leg"]
    c.switch.lab("restart")
    assert c.disposition(lead).disposition == "answered"
    view = wait_until(lambda: (v := c.operator("1001")).state == "available" and v, 12, "1001 to be available again")
    assert view.leg != before
    c.audit()


def test_switch_restarted_while_ringing_costs_no_attempt(centre):
    c = centre(ring_s=20)
    c.on_line("1001")
    lead = c.add_lead(NO_ANSWER)
    wait_until(lambda: c.call_of(lead).get("state") == "ringing", what="the customer's phone to ring")
    c.switch.lab("restart")
    record = c.disposition(lead)
    assert (record.disposition, record.attempts) == ("technical", 0)
    c.audit()


def test_another_dialer_takes_over_the_calls_of_a_dead_one(centre):
    c = centre()
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    c.start_dialer("d2")
    c.dialers[0].kill()
    wait_until(lambda: c.store.ownership.owner("spring").startswith("d2#"), 10, "d2 to own the campaign")
    assert c.switch.api(f"uuid_exists {call['uuid']}") == "true"
    c.switch.api(f"uuid_kill {call['uuid']}")
    lead_after = wait_until(lambda: c.lead(lead).disposition and c.lead(lead), 20, "d2 to close the call")
    assert (lead_after.disposition, c.today()["attempts"]) == ("answered", 1)
    c.audit()


def test_a_dialer_that_was_stopped_is_not_listed_as_running_any_more(centre):
    c = centre()
    wait_until(lambda: "d1" in dialers(c.redis), what="the dialer to be listed")
    c.dialer.stop()
    assert dialers(c.redis) == {}


def test_redis_away_for_a_moment_is_survived(centre):
    c = centre()
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    c.redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    c.switch.api(f"uuid_kill {call['uuid']}")
    assert c.disposition(lead).disposition == "answered"
    second = c.add_lead(TALKS_TOO)
    c.talking(second)


def test_a_key_pressed_during_the_message_is_an_abandon_and_never_called_again(centre):
    c = centre(message="sorry.wav", opt_out_key="9", max_wait_s=0.5, mode=Mode.MULTIPLIER, multiplier=Decimal(2))
    c.on_line("1001")
    leads = {c.add_lead(number): number for number in (TALKS, TALKS_TOO)}

    def hears_the_message():
        return next((ch for ch in c.switch.channels() if ch["application_data"] == "sorry.wav"), None)

    channel = wait_until(hears_the_message, what="the message")
    c.switch.api(f"uuid_recv_dtmf {channel['uuid']} 9")
    left = next(lead for lead in leads if c.call_of(lead)["uuid"] == channel["uuid"])
    lead = c.disposition(left)
    assert (lead.disposition, lead.state) == ("abandoned", "done")
    assert "not to be called again" in lead.detail
    assert c.redis.smembers(c.store.keys.do_not_call) == {leads[left]}
