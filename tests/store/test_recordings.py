"""What is known of recordings: looked at once, found again, gone when their time is over."""

from dataclasses import replace

from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.retry import NextStep
from fsdialer.store.recordings import PAGE, Recording
from tests.store.conftest import NOW, add_leads

ONE = Recording(
    call="call-1",
    campaign="spring",
    lead="1",
    number="+15550100000",
    operator="ann",
    answered=NOW,
    call_s=60.0,
    talk_s=59.9,
    disposition="answered",
    outcome="sale",
    path="acme/2026-11-23/call-1.wav",
    finding="ok",
    seconds=60.02,
    size=1_920_044,
)
ANSWERED = Verdict(Disposition.ANSWERED, True, True, "talked to ann")


def finish(acme, owner, campaign, trunk, recorded=True, answered=True):
    """A call that was placed and ended."""
    add_leads(acme, 1)
    [claim] = acme.calls.claim(campaign, owner, trunk, "fs1", ["call-1"], NOW)
    if recorded:
        acme.calls.will_be_recorded("call-1", ONE.path)
    if answered:
        acme.redis.hset(acme.keys.call("call-1"), "answered", "2026-11-23T02:13:20.000Z")
    acme.calls.finish("call-1", owner, NOW + 60, ANSWERED, NextStep(None, "done", ""), 0, "NORMAL_CLEARING", None)
    return claim


def test_recorded_call_that_was_answered_is_to_be_looked_at_from_its_end(acme, owner, campaign, trunk):
    finish(acme, owner, campaign, trunk)
    assert acme.recordings.unverified(NOW + 60, 10) == [("call-1", NOW + 60)]
    assert acme.recordings.unverified(NOW + 59, 10) == []


def test_call_that_is_not_recorded_is_not_looked_at(acme, owner, campaign, trunk):
    finish(acme, owner, campaign, trunk, recorded=False)
    assert acme.recordings.unverified(NOW + 999, 10) == []


def test_call_nobody_answered_has_no_recording(acme, owner, campaign, trunk):
    finish(acme, owner, campaign, trunk, answered=False)
    assert acme.recordings.unverified(NOW + 999, 10) == []


def test_recording_comes_back_as_saved_and_is_not_looked_at_again(acme, owner, campaign, trunk):
    finish(acme, owner, campaign, trunk)
    acme.recordings.save(ONE, 90)
    assert acme.recordings.get("call-1") == ONE
    assert acme.recordings.unverified(NOW + 999, 10) == []
    assert acme.recordings.keeping_times() == {"spring": 90}


def test_outcome_chosen_afterwards_stands_with_the_recording_too(acme, owner, campaign, trunk):
    finish(acme, owner, campaign, trunk)
    acme.redis.hset(acme.keys.call("call-1"), "operator", "ann")
    acme.recordings.save(replace(ONE, outcome=""), 90)
    acme.operators.save_outcome("ann", "call-1", "sale", "", None, NOW + 70)
    assert acme.recordings.get("call-1").outcome == "sale"


def test_newest_stands_first_over_more_than_a_page(acme):
    for n in range(PAGE + 3):
        acme.recordings.save(replace(ONE, call=f"c{n}", answered=NOW + n), 90)
    found = [recording.call for recording in acme.recordings.newest(NOW + 1, NOW + PAGE + 2)]
    assert found == [f"c{n}" for n in range(PAGE + 1, 0, -1)]


def test_who_heard_it_is_kept(acme):
    acme.recordings.save(ONE, 90)
    acme.recordings.heard("call-1", "boss", "play", "192.0.2.1", NOW)
    acme.recordings.heard("call-1", "boss", "download", "192.0.2.1", NOW + 5)
    assert acme.recordings.get("call-1").heard == 2
    assert [each["how"] for each in acme.recordings.played(10)] == ["download", "play"]
    assert acme.recordings.played(1)[0]["by"] == "boss"


def test_parts_a_player_asks_for_are_one_hearing_of_each_person(acme):
    acme.recordings.save(ONE, 90)
    assert [acme.recordings.heard("call-1", "boss", "play", "", NOW + n) for n in range(3)] == [True, False, False]
    assert acme.recordings.heard("call-1", "deputy", "play", "", NOW)
    assert acme.recordings.get("call-1").heard == 2


def test_those_past_their_time_are_found_oldest_first_and_leave_nothing(acme):
    for n in range(3):
        acme.recordings.save(replace(ONE, call=f"c{n}", answered=NOW + n), 90)
    past = acme.recordings.past("spring", NOW + 2, 10)
    assert [recording.call for recording in past] == ["c0", "c1"]
    for call in ("c0", "c1", "c2"):
        acme.recordings.remove(call, "spring")
    assert acme.redis.keys(acme.keys.root + "*recording*") == [acme.keys.recordings_keep]


def test_one_worker_at_a_time_looks_at_a_recording(acme):
    looking = acme.recordings.looking
    with looking("one") as first, looking("one") as second, looking("two") as other:
        assert (first, second, other) == (True, False, True)
    with looking("one") as again:
        assert again
