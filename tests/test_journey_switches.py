"""Two switches: calls spread over both, customers of one talk to operators of the other, and one of them dies.

Simulated switches that carry calls to each other; the same with real ones is `freeswitch/test_real_switches.py`'s.
"""

import time
from dataclasses import replace

import pytest

from fsdialer.core.campaigns import Station
from fsdialer.store.switches import Switches
from tests.journey import NO_ANSWER, TALKS, TALKS_TOO, Centre, Switch, wait_until

TRUNK = "--gateway=trunk:channels=50:cps=50"


@pytest.fixture
def centre(redis_url, redis, tmp_path):
    """Opens a call centre on fs1 (phones 1001, 1002) and fs2 (phone 1003); closed, whatever happened, at the end."""
    opened = []

    def centre(*options, here="1001,1002", there="1003", **campaign):
        second = Switch(tmp_path, TRUNK, f"--phones={there}", name="fs2")
        opened.append(Centre(redis_url, tmp_path, TRUNK, f"--phones={here}", more=[second], **campaign))
        wait_until(lambda: opened[-1].dialer.said("switch=fs2 up=True"), what="the dialer to reach the second switch")
        wait_until(lambda: trunks(opened[-1]) == {"fs1", "fs2"}, what="both switches to say where they take calls")
        return opened[-1]

    yield centre
    for each in opened:
        each.stop()


def trunks(centre):
    return {s.name for s in switch_store(centre).views() if s.trunk}


def switch_store(centre):
    return Switches(centre.redis)


def only_on(centre, switch):
    """New calls go to this switch alone."""
    switches = switch_store(centre)
    for view in switches.views():
        if view.name == switch:
            switches.undrain(view.name, "the test", time.time())
        else:
            switches.drain(view.name, "the test", time.time())


def on(centre, switch):
    """Channels on a switch, by what they call."""
    return {row["dest"] for row in next(s for s in centre.switches if s.name == switch).channels()}


def quiet(centre):
    """Nothing of ours is up but held phones, on either switch."""
    rows = [row["uuid"] for switch in centre.switches for row in switch.channels()]
    return set(rows) <= centre.held_phones() and not centre.store.calls.live_uuids()


@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
def test_a_customer_on_one_switch_talks_to_an_operator_on_the_other(centre, station):
    c = centre(station=station)
    only_on(c, "fs1")
    c.on_line("1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    assert (call["switch"], call["operator"]) == ("fs1", "1003")
    first, second = c.switches
    assert first.api(f"uuid_exists {call['leg']}") == "true", "the customer's switch has the leg that leads there"
    assert any(row["dest"].startswith("1003") for row in second.channels()), "and the phone is on the other"
    voice_ms = wait_until(lambda: c.redis.lindex(c.store.keys.voice_ms("spring"), 0), what="the time to voice")
    assert float(voice_ms) < 1500


@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
@pytest.mark.parametrize("who", ["customer", "operator"])
def test_whoever_hangs_up_ends_the_talk_on_both_switches(centre, station, who):
    c = centre(station=station)
    only_on(c, "fs1")
    c.on_line("1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    if who == "customer":
        c.switch.api(f"uuid_kill {call['uuid']}")
    else:
        c.switches[1].lab("phone 1003 hangup")
    assert c.disposition(lead).disposition == "answered"
    wait_until(lambda: c.operator("1003").state == "available", what="the operator to be free after the wrap-up")
    if station is Station.NAILED and who == "customer":
        assert c.operator("1003").leg in {row["uuid"] for row in c.switches[1].channels()}, "the held line outlives it"
    wait_until(lambda: quiet(c), 15, "both switches to be quiet")
    second = c.talking(c.add_lead(TALKS_TOO))
    assert second["operator"] == "1003"


def test_an_operator_on_the_customers_own_switch_is_preferred(centre):
    c = centre()
    only_on(c, "fs1")
    c.on_line("1003")
    c.on_line("1001")  # waits less long
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    assert c.talking(c.add_lead(TALKS))["operator"] == "1001"


def test_calls_are_placed_where_operators_are_free(centre):
    c = centre()
    c.on_line("1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    call = c.talking(c.add_lead(TALKS))
    assert (call["switch"], call["operator"]) == ("fs2", "1003")


def test_a_gateway_that_exists_on_one_switch_is_used_there_alone(centre):
    c = centre()
    wait_until(lambda: c.store.setup.gateway_on("trunk") == {"fs1": "up", "fs2": "up"}, 15, "each switch to be asked")
    gateway = c.store.setup.gateway("trunk")
    c.store.setup.save_gateway(replace(gateway, switches=("fs2",)))
    c.on_line("1001")
    assert c.talking(c.add_lead(TALKS))["switch"] == "fs2"


def test_an_operator_is_told_and_not_counted_while_their_switch_is_away_and_served_when_it_is_back(centre):
    c = centre()
    c.on_line("1001", "1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    c.switches[1].process.kill()
    view = wait_until(lambda: (v := c.operator("1003")).state == "connecting" and v, what="1003 to be told")
    assert view.reason == "The telephone switch fs2 does not answer: no calls come to your phone until it does."
    alert = wait_until(lambda: c.store.alerts.get("switch-fs2"), what="the alert")
    assert alert.cleared is None and "Calls go on through fs1." in alert.text
    assert c.store.operators.working("spring", time.time()).keys() == {"available", "connecting"}
    assert c.talking(c.add_lead(TALKS))["operator"] == "1001"
    c.switches[1].start()
    wait_until(lambda: c.operator("1003").state == "available", 20, "1003 to be served again")
    wait_until(lambda: c.store.alerts.get("switch-fs2").cleared, what="the alert to be cleared")
    call = c.talking(c.add_lead(TALKS_TOO))
    assert call["operator"] == "1003"


def test_a_phone_that_is_rung_for_each_call_is_not_held_after_its_switch_was_away(centre):
    c = centre(station=Station.RING)
    c.on_line("1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    c.switches[1].process.kill()
    wait_until(lambda: c.operator("1003").state == "connecting", what="1003 to be told")
    time.sleep(2)  # so long that a held phone would be due to be rung again
    c.switches[1].start()
    wait_until(lambda: c.operator("1003").state == "available", 20, "1003 to be served again")
    assert c.switches[1].channels() == [] and not c.dialer.said("station=nailed")


def test_a_switch_killed_while_it_rings_an_operator_passes_the_customer_on(centre):
    c = centre(station=Station.RING, max_wait_s=5.0, operator_ring_s=4.0)
    c.switches[1].lab("phone 1003 manual")
    only_on(c, "fs1")
    c.on_line("1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    lead = c.add_lead(TALKS)
    wait_until(lambda: c.operator("1003").state == "reserved", what="the customer to wait for 1003")
    c.switches[1].process.kill()
    c.store.operators.go_on_line("1001", "spring", time.time(), via="cli")
    assert c.talking(lead)["operator"] == "1001"
    assert c.operator("1003").state == "connecting", "it was no fault of theirs"


def test_a_frozen_switch_is_found_out_before_its_operator_is_blamed_and_does_no_harm_when_it_wakes(centre):
    c = centre(station=Station.RING, max_wait_s=5.0, operator_ring_s=1.0)
    only_on(c, "fs1")
    c.on_line("1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    c.switches[1].lab("phone 1003 manual")
    c.switches[1].lab("stall 7")
    lead = c.add_lead(TALKS)
    view = wait_until(lambda: (v := c.operator("1003")).state in ("connecting", "off") and v, 10, "1003 to be told")
    assert (view.state, "switch fs2 does not answer" in view.reason) == ("connecting", True)
    c.switches[1].lab("phone 1003 auto")
    wait_until(lambda: c.operator("1003").state == "available", 20, "1003 to be served again")
    wait_until(lambda: c.lead(lead).state != "calling", 10, "the customer's call to be over")


@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
def test_nobody_is_blamed_for_two_switches_that_do_not_reach_each_other_and_served_again_when_they_do(centre, station):
    c = centre(station=station, max_wait_s=2.0, operator_ring_s=1.0)
    only_on(c, "fs1")
    c.store.setup.save_gateway(replace(c.store.setup.gateway("trunk"), switches=("fs1",)))
    c.on_line("1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    c.switches[1].lab("profile switches off")
    c.add_lead(TALKS)
    view = wait_until(lambda: (v := c.operator("1003")).state in ("connecting", "off") and v, 10, "1003 to be told")
    assert (view.state, view.unreachable[:48]) == ("connecting", "The other telephone switches do not reach fs2, w")
    wait_until(lambda: (a := c.store.alerts.get("switches-fs1-fs2")) and not a.cleared, what="the alert")
    time.sleep(2)
    assert c.operator("1003").state == "connecting", "and stays so"
    c.switches[1].lab("profile switches on")
    wait_until(lambda: c.operator("1003").state == "available", 20, "1003 to be served again")
    wait_until(lambda: c.store.alerts.get("switches-fs1-fs2").cleared, what="the alert to be cleared")
    assert c.talking(c.add_lead(TALKS_TOO))["operator"] == "1003"


def test_no_operator_is_promised_to_or_blamed_for_a_customer_whose_own_switch_dies(centre):
    c = centre(station=Station.RING, max_wait_s=5.0, operator_ring_s=1.0)
    only_on(c, "fs2")
    c.switches[1].lab("phone 1003 manual")
    c.on_line("1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    c.add_lead(TALKS)
    wait_until(lambda: c.operator("1003").state == "reserved", what="the customer to wait for 1003")
    c.switches[1].process.kill()
    wait_until(lambda: c.dialer.said("switch=fs2 up=no"), 10, "the switch to be known as away")
    c.on_line("1001")
    wait_until(lambda: c.operator("1003").state == "connecting", what="1003 to be told")
    wait_until(lambda: c.dialer.said("event=WaitExpired"), 10, "the customer's wait to be over")
    assert c.operator("1001").state == "available" and not c.dialer.said("operator=1001 reason=")


@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
def test_a_switch_killed_during_a_talk_across_both_leaves_the_customer_in_no_silence(centre, station):
    c = centre(station=station)
    only_on(c, "fs1")
    c.on_line("1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    c.switches[1].process.kill()
    killed = time.monotonic()
    wait_until(lambda: c.switch.api(f"uuid_exists {call['uuid']}") == "false", 8, "the customer to be let go")
    assert time.monotonic() - killed < 5
    assert c.disposition(lead).disposition == "answered"
    assert (c.today()["attempts"], c.today()["bridges"]) == (1, 1)
    wait_until(lambda: c.operator("1003").state == "connecting", what="the operator to be told")


def test_calls_of_a_switch_that_stays_away_are_closed_and_nobody_is_called_twice(centre):
    c = centre(ring_s=2)
    only_on(c, "fs2")
    c.on_line("1001", "1003")
    wait_until(lambda: c.operator("1003").switch == "fs2", what="the phone to be found on fs2")
    talking = c.add_lead(TALKS)
    call = c.talking(talking)
    only_on(c, "fs1")
    assert call["switch"] == "fs2"
    c.switches[1].process.kill()
    record = wait_until(lambda: c.lead(talking).disposition and c.lead(talking), 30, "the talk to be closed")
    assert record.disposition == "answered"
    assert c.call_of(talking)["cause"] == "SWITCH_GONE"
    wait_until(lambda: c.redis.zcard("fsdialer:switch:{fs2}:calls") == 0, what="the switch to be rid of it")


def test_a_ringing_call_of_a_dead_switch_keeps_its_number_until_its_own_limits_have_ended_it(centre):
    c = centre(ring_s=2)
    only_on(c, "fs2")
    c.on_line("1003")
    lead = c.add_lead(NO_ANSWER)
    wait_until(lambda: c.call_of(lead).get("state") == "ringing", what="the customer's phone to ring")
    c.switches[1].process.kill()
    time.sleep(3)  # the number is locked for as long as a call may be up
    assert c.redis.exists(c.store.keys.number(NO_ANSWER))
    assert c.switch.counts()["attempts_per_number"] == {}


@pytest.mark.parametrize("how", ["killed", "silent"])
def test_calls_that_rang_on_a_switch_that_is_away_keep_no_operator_of_another_waiting(centre, how):
    c = centre(ring_s=60)
    only_on(c, "fs2")
    c.on_line("1001")
    ringing = c.add_lead(NO_ANSWER)
    wait_until(lambda: c.call_of(ringing).get("state") == "ringing", what="the customer's phone to ring")
    if how == "killed":
        c.switches[1].process.kill()
    else:
        c.switches[1].lab("stall 40")
    only_on(c, "fs1")
    lead = c.add_lead(TALKS)
    call = wait_until(lambda: (r := c.call_of(lead)).get("bridged") and r, 25, "the next customer to be talked to")
    assert (call["switch"], call["operator"]) == ("fs1", "1001")
    assert c.lead(ringing).state == "calling", "and the number that may still ring is locked"
    if how == "silent":
        c.switches[1].process.kill()


def test_a_switch_drained_by_hand_gets_no_new_calls_and_keeps_those_it_has(centre):
    c = centre()
    only_on(c, "fs2")
    c.on_line("1001", "1003")
    call = c.talking(c.add_lead(TALKS))
    assert call["switch"] == "fs2"
    only_on(c, "fs1")
    assert c.talking(c.add_lead(TALKS_TOO))["switch"] == "fs1"
    assert c.switches[1].api(f"uuid_exists {call['uuid']}") == "true"
