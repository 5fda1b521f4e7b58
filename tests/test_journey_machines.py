"""Answering machines, from the beep to the table: a real dialer, the simulated switch and its machines."""

import time

import pytest

from fsdialer.core.campaigns import Amd, AmdAction, RetryDelays, Station
from fsdialer.core.machines import Tally
from fsdialer.core.times import epoch
from tests.journey import TALKS, TALKS_TOO, wait_until

#: Their greeting, then the beep: three seconds after the answer, or soon. An office says hello in a long sentence.
MACHINE, QUICK_MACHINE, OFFICE = "+12125550301", "+12125550302", "+12125550303"
MESSAGE = "tone_stream://%(300,100,660)"
#: The operator's phone rings and rings: a beep comes before anybody is bridged.
NOBODY_YET = {"station": Station.RING, "max_wait_s": 30.0, "operator_ring_s": 20.0}


@pytest.fixture
def with_rules(centre):
    """Opens a centre whose switch has mod_amd."""

    def with_rules(**campaign):
        c = centre(amd=Amd.RULES, **campaign)
        c.switch.lab("module mod_amd on")
        c.switch.lab("cut")  # the dialer asks for modules when it comes back
        wait_until(lambda: len(c.dialer.log.read_text().split("switch=fs1 up=True")) > 2, what="the dialer to be back")
        wait_until(lambda: c.store.alerts.standing() == [], what="no alert")
        return c

    return with_rules


def tally(c, detector="beep"):
    return c.store.machines.tallies(time.time()).get(("trunk", detector), Tally())


def test_machine_that_beeps_before_anybody_is_bridged_is_hung_up_on_and_called_again_in_its_own_time(centre):
    c = centre(amd=Amd.BEEP, amd_sample=0, retry_min=RetryDelays(machine=33), **NOBODY_YET)
    c.switch.lab("phone 1001 manual")
    c.on_line("1001")
    lead = c.add_lead(QUICK_MACHINE)
    closed = c.disposition(lead)
    assert (closed.disposition, closed.detail) == ("machine", "an answering machine: its beep was heard")
    assert closed.next_at - time.time() == pytest.approx(33 * 60, abs=20)
    assert c.operator("1001").state == "available", "no fault of the operator's"
    today = c.today()
    assert (today["machine"], today["answers"], today.get("abandoned", 0)) == (1, 1, 0)
    assert c.store.stats.snapshot("spring", time.time())["abandon_rate"] == 0
    assert tally(c) == Tally(unjudged=1)
    c.audit()


def test_message_is_left_after_the_beep_and_the_operator_is_free_meanwhile(centre):
    c = centre(amd=Amd.BEEP, amd_sample=0, amd_action=AmdAction.MESSAGE, amd_message=MESSAGE, **NOBODY_YET)
    c.switch.lab("phone 1001 manual")
    c.on_line("1001")
    lead = c.add_lead(QUICK_MACHINE)
    wait_until(lambda: c.call_of(lead).get("state") == "machine", what="the message to be left")
    wait_until(lambda: c.operator("1001").state == "available", what="the operator to be free")
    assert c.disposition(lead).disposition == "machine"
    call = c.call_of(lead)
    assert call["cause"] == "NORMAL_CLEARING"
    assert epoch(call["ended"]) - epoch(call["dismissed"]) > 1.3, "a second's pause, and the message"


def test_person_is_bridged_as_soon_as_without_detection(centre):
    c = centre(amd=Amd.BEEP, amd_sample=0)
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    c.talking(lead)
    call = wait_until(lambda: (r := c.call_of(lead)).get("voice_ms") and r, what="the talk to be noted")
    assert call["amd"] == "beep" and float(call["voice_ms"]) < 1000
    c.store.operators.save_outcome("1001", call["uuid"], "sale", "", None, time.time())
    c.switch.api(f"uuid_kill {call['uuid']}")
    assert c.disposition(lead).disposition == "answered"
    assert tally(c) == Tally(person=1)


def test_beep_in_a_talk_is_told_to_the_operator_and_ends_nothing(centre):
    c = centre(amd=Amd.BEEP, amd_sample=0)
    c.on_line("1001")
    lead = c.add_lead(MACHINE)
    c.talking(lead)
    assert not c.store.operators.card("1001").machine
    call = wait_until(lambda: (r := c.call_of(lead)).get("machine") and r, what="the beep to be heard")
    assert call["state"] == "talking" and c.store.operators.card("1001").machine
    told = [entry for _, entry in c.store.feed.read("0", 10) if entry.get("machine")]
    assert [entry["call"] for entry in told] == [call["uuid"]]
    time.sleep(0.3)
    assert c.call_of(lead)["state"] == "talking"


def test_operators_word_ends_the_machines_call_and_is_the_truth(centre):
    c = centre(amd=Amd.BEEP, amd_sample=0)
    c.on_line("1001")
    lead = c.add_lead(MACHINE)
    call = c.talking(lead)
    c.store.operators.save_outcome("1001", call["uuid"], "machine", "", None, time.time())
    assert c.disposition(lead).disposition == "answered"
    wait_until(lambda: c.operator("1001").state == "available", what="the operator to be free")
    assert tally(c) == Tally(false_person=1), "they were quicker than the beep"
    assert c.store.stats.snapshot("spring", time.time())["abandon_rate"] == 0
    c.audit()


@pytest.mark.parametrize(("said", "goes_on"), [(["machine", "sale"], True), (["sale", "machine"], False)])
def test_what_operators_said_while_no_dialer_ran_is_carried_out_as_they_said_it_last(centre, said, goes_on):
    c = centre()
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    c.dialer.kill()
    for outcome in said:
        c.store.operators.save_outcome("1001", call["uuid"], outcome, "", None, time.time())
    c.start_dialer()
    wait_until(lambda: c.dialer.said(f"call={call['uuid']}.*adopted=yes"), what="the call to be adopted")
    if goes_on:
        c.add_lead(TALKS_TOO)
        c.on_line("1002")
        wait_until(lambda: c.operator("1002").state == "on_call", 15, "what came after the take-over to be done")
        assert c.call_of(lead)["state"] == "talking"
        c.switch.api(f"uuid_kill {call['uuid']}")
    wait_until(lambda: c.call_of(lead).get("ended"), 15, what="the call to be over")


@pytest.mark.parametrize("station", [Station.NAILED, Station.RING])
def test_operator_who_says_machine_is_free_while_the_message_is_left(centre, station):
    c = centre(
        station=station, amd=Amd.BEEP, amd_sample=0, amd_action=AmdAction.MESSAGE, amd_message="silence_stream://6000"
    )
    c.on_line("1001")
    lead = c.add_lead(QUICK_MACHINE)
    call = c.talking(lead)
    wait_until(lambda: c.call_of(lead).get("machine"), what="the beep to be heard")
    c.store.operators.save_outcome("1001", call["uuid"], "machine", "", None, time.time())
    wait_until(lambda: c.operator("1001").state == "available", what="the operator to be free")
    assert c.call_of(lead)["state"] == "machine" and call["uuid"] in c.store.calls.live_uuids()
    other = c.add_lead(TALKS)
    assert c.talking(other)["operator"] == "1001", "the next customer has them already"
    wait_until(lambda: c.call_of(lead).get("ended"), what="the message to be over")
    assert (c.call_of(lead)["operator"], tally(c)) == ("1001", Tally(right=1))


def test_operator_who_is_quicker_than_the_beep_leaves_the_message_to_be_begun_anew_at_it(centre):
    message = {"amd_action": AmdAction.MESSAGE, "amd_message": "silence_stream://1000"}
    c = centre(amd=Amd.BEEP, amd_sample=0, **message)
    c.on_line("1001")
    lead = c.add_lead(MACHINE)
    call = c.talking(lead)
    c.store.operators.save_outcome("1001", call["uuid"], "machine", "", None, time.time())
    ended = wait_until(lambda: (r := c.call_of(lead)).get("ended") and r, 15, "the message to be over")
    assert 1.9 < epoch(ended["ended"]) - epoch(ended["beeped"]) < 10, "a second's pause, and the message"
    assert tally(c) == Tally(right=1)


def test_without_the_module_calls_go_on_undetected_and_an_alert_says_so(centre):
    c = centre(amd=Amd.RULES)
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    assert c.talking(lead)["amd"] == ""
    (alert,) = c.store.alerts.standing()
    assert alert.name == "amd.spring.fs1" and "mod_amd" in alert.text


def test_greeting_judged_a_machines_is_sent_away_and_an_office_with_it(with_rules):
    c = with_rules(amd_sample=0, **NOBODY_YET)
    c.switch.lab("phone 1001 manual")
    c.on_line("1001")
    leads = [c.add_lead(MACHINE)]
    assert c.disposition(leads[0]).detail == "an answering machine: by its greeting"
    leads.append(c.add_lead(OFFICE))
    assert c.disposition(leads[1]).disposition == "machine", "rules cannot tell an office from a machine"
    assert tally(c, "rules") == Tally(unjudged=2)


def test_sample_is_given_to_an_operator_whose_word_finds_the_person_in_the_machine(with_rules):
    c = with_rules(amd_sample=100)
    c.on_line("1001")
    lead = c.add_lead(OFFICE)
    call = c.talking(lead)
    wait_until(lambda: c.call_of(lead).get("machine"), what="the greeting to be judged")
    assert not c.store.operators.card("1001").machine, "a hint would make the operator's word worth nothing"
    c.store.operators.save_outcome("1001", call["uuid"], "sale", "", None, time.time())
    c.switch.api(f"uuid_kill {call['uuid']}")
    c.disposition(lead)
    assert tally(c, "rules") == Tally(false_machine=1)
    c.store.operators.save_outcome("1001", call["uuid"], "machine", "", None, time.time())
    assert tally(c, "rules") == Tally(right=1), "an operator may change their mind"
