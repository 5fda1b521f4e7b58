"""Two channels and what joins them: bridges that come about, fail and end, and customers who are kept waiting."""

import pytest

from fsdialer.lab.people import People, Plan
from tests.lab.test_wire import CALL, NOBODY, call

OTHER = CALL[:-1] + "6"


def test_a_bridge_that_fails_parks_the_one_who_is_left_when_it_was_told_to(line):
    call(line)
    call(line, uuid=OTHER, uuid_bridge_park_on_cancel="true")
    line.send(f"api uuid_bridge {OTHER} {CALL}\n\napi uuid_kill {CALL}\n\n")
    assert line.event("CHANNEL_PARK", OTHER, count=2)


def test_bridging_somebody_already_gone_is_refused(line):
    call(line)
    assert line.api(f"uuid_bridge {CALL} {NOBODY}") == "-ERR Invalid uuid\n"


def test_bridge_to_a_phone_that_is_not_there_hangs_up_with_its_cause(line):
    line.api("lab phone 1001 unregistered")
    call(line)
    line.api(f"uuid_transfer {CALL} bridge:user/1001@127.0.0.1 inline")
    assert line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers["Hangup-Cause"] == "USER_NOT_REGISTERED"


def test_bridge_goes_on_after_a_failure_when_it_was_told_to(line):
    line.api("lab phone 1001 unregistered")
    call(line)
    line.api(f"uuid_transfer {CALL} 'set:continue_on_fail=true,bridge:user/1001@127.0.0.1,hangup:USER_BUSY' inline")
    end = line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers
    assert (end["Hangup-Cause"], end["variable_originate_disposition"]) == ("USER_BUSY", "USER_NOT_REGISTERED")


@pytest.fixture
def hasty(start):
    """A line to a switch whose customers wait 0.4 s and talk 0.6 s."""
    exchange, dial_in = start(people=People(False, 1), phone_scale=0.1)
    exchange.destinations.people.chosen["15550200"] = Plan(ring_s=0.02, talk_s=0.6, patience_s=0.4)
    return dial_in()


def test_a_customer_nobody_talks_to_loses_patience(hasty):
    call(hasty)
    answered = hasty.event("CHANNEL_ANSWER", CALL)
    assert seconds(answered, hasty.event("CHANNEL_HANGUP_COMPLETE", CALL)) >= 0.4


def test_a_customer_who_is_talked_to_stays_for_as_long_as_they_talk(hasty):
    call(hasty)
    hasty.api("originate {origination_uuid=" + OTHER + ",park_after_bridge=true}user/1001@127.0.0.1 &park()")
    hasty.api(f"uuid_bridge {CALL} {OTHER}")
    begun, ended = hasty.event("CHANNEL_BRIDGE", CALL), hasty.event("CHANNEL_HANGUP_COMPLETE", CALL)
    assert seconds(begun, ended) >= 0.6
    assert ended.headers["variable_sip_hangup_disposition"] == "recv_bye"


def seconds(before, after):
    """Between two events."""
    return (int(after.headers["Event-Date-Timestamp"]) - int(before.headers["Event-Date-Timestamp"])) / 1e6
