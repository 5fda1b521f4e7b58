"""One test for each ending of a call: real processes, real sockets, a real Redis, the simulated switch.

Customers behave by the last three digits of their number (`fsdialer.lab.people`).
"""

import dataclasses
import time
from decimal import Decimal

import pytest

from fsdialer.core.campaigns import Mode, Station
from fsdialer.errors import Refused
from tests.journey import Centre, wait_until

TALKS, TALKS_TOO, LEAVES_AFTER_3S = "+12125550200", "+13125550200", "+12125550202"
LEAVES_AT_ONCE, BUSY, NO_ANSWER = "+12125550201", "+12125550486", "+12125550408"
UNAVAILABLE, REJECTS, UNKNOWN_NUMBER, CARRIER_REFUSES = (
    "+12125550480",
    "+12125550603",
    "+12125550404",
    "+12125550503",
)


@pytest.fixture
def centre(redis_url, redis, tmp_path):
    """Opens a call centre; closed, whatever happened, at the end."""
    open_centres = []

    def centre(*options, **settings):
        open_centres.append(Centre(redis_url, tmp_path, *options, **settings))
        return open_centres[-1]

    yield centre
    for each in open_centres:
        each.stop()


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


def test_no_answer_is_a_missed_call(centre):
    c = centre(ring_s=1)
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


def test_dead_gateway_costs_no_attempt(centre):
    c = centre("--gateway=trunk:down")
    c.on_line("1001")
    lead = c.disposition(c.add_lead(TALKS))
    assert (lead.disposition, lead.attempts) == ("technical", 0)
    c.audit()


def test_another_gateway_takes_over_from_a_dead_one_and_the_lead_is_called_once(centre):
    c = centre("--gateway=trunk:down", "--gateway=spare", gateways=("trunk", "spare"))
    setup = c.store.setup
    setup.save_gateway(dataclasses.replace(setup.gateway("spare"), weight=0))
    lead = c.add_lead(TALKS)
    c.on_line("1001")
    call = wait_until(lambda: (x := c.call_of(lead)).get("state") == "talking" and x, 10, "the lead to be talked to")
    assert call["gateway"] == "spare"
    assert c.lead(lead).attempts == 1
    assert c.switch.counts()["attempts_per_number"] == {TALKS: 1}
    assert setup.gateway_states()["trunk"]["state"] == "failing: GATEWAY_DOWN"


def test_a_barred_destination_is_not_dialled_and_ends_the_lead(centre):
    c = centre()
    setup = c.store.setup
    setup.save_company(dataclasses.replace(setup.company(), allowed_destinations=("GB",)))
    c.on_line("1001")
    lead = c.disposition(c.add_lead(TALKS))
    assert (lead.state, lead.disposition, lead.attempts) == ("done", "cancelled", 0)
    assert c.switch.counts()["attempts_per_number"] == {}
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
    waited = _seconds(call["ended"]) - _seconds(call["answered"])
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


def test_nailed_phone_that_is_hung_up_takes_its_operator_off_the_line(centre):
    c = centre()
    c.on_line("1001")
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


def test_operator_removed_from_the_presence_set_by_hand_leaves_within_a_second(centre):
    c = centre()
    c.on_line("1001")
    c.redis.srem(c.store.keys.online("spring"), "1001")
    wait_until(lambda: c.operator("1001").state == "off", 1.0, "1001 to be off the line")
    wait_until(lambda: not c.switch.channels(), 2.0, "the held phone to be let go")


def test_operator_added_to_the_presence_set_by_hand_is_on_the_line(centre):
    c = centre()
    c.redis.sadd(c.store.keys.online("spring"), "1001")
    wait_until(lambda: c.operator("1001").state == "available", 3.0, "1001 to be available")


def test_operator_whose_browser_is_gone_leaves_the_line(centre):
    c = centre()
    c.store.operators.go_on_line("1001", "spring", time.time() - 60, via="web")
    wait_until(lambda: c.operator("1001").state == "off", 2.0, "1001 to be off the line")
    assert "browser" in c.operator("1001").reason


def test_new_lead_is_dialled_within_a_second_of_its_coming(centre):
    c = centre()
    c.on_line("1001")
    began = time.time()
    lead = c.add_lead(TALKS)
    call = wait_until(lambda: c.call_of(lead), 1.0, "the lead to be dialled", every_s=0.005)
    assert _seconds(call["placed"]) - began < 1.0


def test_free_operator_gets_the_next_call_within_a_tenth_of_a_second(centre):
    c = centre()
    lead = c.add_lead(TALKS)
    c.on_line("1001")
    call = wait_until(lambda: c.call_of(lead), 2.0, "the lead to be dialled")
    free_since = c.operator("1001").since if c.operator("1001").state == "available" else None
    if free_since is not None:
        assert _seconds(call["placed"]) - free_since < 0.1


def test_trunks_limits_are_never_exceeded(centre):
    c = centre("--gateway=trunk", mode=Mode.MULTIPLIER, multiplier=Decimal("10"), ring_s=1)
    setup = c.store.setup
    setup.save_gateway(dataclasses.replace(setup.gateway("trunk"), channels=4, calls_per_second=6))
    for n in range(10):
        c.add_lead(f"+1212555{n}408")
        c.add_lead(f"+1312555{n}486")
    c.on_line("1001")
    wait_until(lambda: c.today().get("attempts", 0) >= 20, 15, "twenty attempts")
    counts = c.switch.counts()
    assert counts["peak_channels_per_gateway"]["trunk"] <= 4
    # Exactly six by the dialer's clock (tests/store/test_calls.py); a busy machine may delay one on its way.
    assert counts["peak_originates_per_second"]["trunk"] <= 7


def test_nobody_is_called_with_nobody_on_the_line(centre):
    c = centre()
    c.add_lead(TALKS)
    wait_until(lambda: c.redis.hget(c.store.keys.pace("spring"), "reason"), what="a decision")
    assert c.today().get("attempts", 0) == 0


def _seconds(text):
    from fsdialer.core.times import epoch

    return epoch(text)


def test_a_key_pressed_during_the_message_is_an_abandon_and_never_called_again(centre):
    c = centre(
        message="/sounds/sorry.wav", opt_out_key="9", max_wait_s=0.5, mode=Mode.MULTIPLIER, multiplier=Decimal(2)
    )
    c.on_line("1001")
    leads = {c.add_lead(number): number for number in (TALKS, TALKS_TOO)}

    def hears_the_message():
        return next((ch for ch in c.switch.channels() if ch["application"] == "play_and_get_digits"), None)

    channel = wait_until(hears_the_message, what="the message")
    c.switch.api(f"uuid_recv_dtmf {channel['uuid']} 9")
    left = next(lead for lead in leads if c.call_of(lead)["uuid"] == channel["uuid"])
    lead = c.disposition(left)
    assert (lead.disposition, lead.state) == ("abandoned", "done")
    assert "not to be called again" in lead.detail


def test_an_operator_tests_the_phone_and_reads_how_it_went(centre):
    c = centre()
    operators = c.store.operators
    operators.ask_for_phone_test("1001")
    wait_until(lambda: "answered after" in c.operator("1001").phone_test, 12, "the test to be over")
    assert c.operator("1001").phone_test_ok
    c.switch.lab("phone 1002 unregistered")
    operators.ask_for_phone_test("1002")
    wait_until(lambda: "is not registered" in c.operator("1002").phone_test, what="the test to fail")
    assert not c.operator("1002").phone_test_ok
    assert c.switch.channels() == []


def test_nobody_on_the_line_is_rung_for_a_test(centre):
    c = centre()
    c.on_line("1001")
    with pytest.raises(Refused, match="leave the line first"):
        c.store.operators.ask_for_phone_test("1001")


def test_predictive_dials_talks_explains_itself_and_its_learning_outlives_the_dialer(centre):
    c = centre(mode=Mode.PREDICTIVE)
    c.on_line("1001")
    lead = c.add_lead(LEAVES_AFTER_3S)
    c.talking(lead)
    assert c.disposition(lead).disposition == "answered"
    wait_until(
        lambda: any("should bring" in each["reason"] for each in c.store.pacing.decisions("spring")), what="its reasons"
    )
    assert "allowed" in c.store.pacing.last("spring")
    c.dialer.stop()
    learned = c.store.pacing.learned("spring", "predictive")
    assert learned["budget"]["day"] == [1, 0]
    c.start_dialer()
    wait_until(lambda: c.dialer.said("policy=predictive learned=restored"), what="what was learned to be taken up")
    c.talking(c.add_lead(TALKS))


def test_a_killed_dialers_answers_are_in_the_next_ones_budget(centre):
    c = centre(mode=Mode.PREDICTIVE)
    c.on_line("1001")
    c.talking(c.add_lead(TALKS))
    c.dialer.kill()
    c.start_dialer()
    wait_until(
        lambda: (c.store.pacing.learned("spring", "predictive") or {}).get("budget", {}).get("day") == [1, 0],
        12,
        "the answer to be counted",
    )


def test_mode_is_changed_while_calls_are_up(centre):
    c = centre(mode=Mode.PREDICTIVE)
    c.on_line("1001", "1002")
    first = c.add_lead(TALKS)
    c.talking(first)
    setup = c.store.setup
    for mode in (Mode.MULTIPLIER, Mode.PREDICTIVE, Mode.PROGRESSIVE):
        setup.save_campaign(dataclasses.replace(setup.campaign("spring"), mode=mode))
    second = c.add_lead(TALKS_TOO)
    c.talking(second)
    assert c.call_of(first)["state"] == "talking"
