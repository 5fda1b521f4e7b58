"""Recording, from the answer to the page: real processes, the simulated switch that writes files, a real worker."""

import pytest
import soundfile

from fsdialer.core.campaigns import RecordFormat
from fsdialer.core.times import epoch
from tests.journey import LEAVES_AFTER_3S, TALKS, Process, wait_until
from tests.sound import heard
from tests.test_journey_refer import CONNECTS, finished, on_a_pbx

CUSTOMER_HZ, OPERATOR_HZ = 440, 700  # of operator 1001, as the simulated switch has them


@pytest.fixture
def worker(redis_url, tmp_path):
    """`fsdialer worker`, that knows the directory of recordings."""
    env = {"FSDIALER_REDIS_URL": redis_url, "FSDIALER_RECORDINGS": str(tmp_path / "recordings")}
    process = Process(tmp_path / "worker.log", "fsdialer", "worker", env=env)
    yield process
    process.kill()


def recording_of(c, lead):
    call = c.call_of(lead)
    return wait_until(lambda: c.store.recordings.get(call["uuid"]), 30, "the recording to be looked at")


def test_recorded_call_is_one_stereo_file_that_was_looked_at_and_kept_as_the_campaign_wants(centre, worker):
    c = centre(record=True, record_format=RecordFormat.OGG, record_notice="tone")
    c.on_line("1001")
    lead = c.add_lead(LEAVES_AFTER_3S)
    assert c.disposition(lead).disposition == "answered"
    found, call = recording_of(c, lead), c.call_of(lead)
    assert (found.finding, found.operator, found.disposition, found.lead) == ("ok", "1001", "answered", lead)
    file = c.recordings / found.path
    assert found.path == f"acme/{call['placed'][:10]}/{call['uuid']}.ogg"
    talked_s = epoch(call["ended"]) - epoch(call["answered"])
    assert abs(soundfile.info(file).duration - talked_s) < 0.5
    assert heard(file) == (CUSTOMER_HZ, OPERATOR_HZ)
    assert c.store.alerts.standing() == []
    c.audit()


def test_recording_that_is_not_there_is_an_alert(centre, worker):
    c = centre(record=True)
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    c.switch.stop()  # with it goes what it had not written yet
    c.switch.start()
    c.disposition(lead)
    [waiting] = c.store.recordings.unverified(float("inf"), 10)
    c.redis.zadd(c.store.keys.recordings_unverified, {call["uuid"]: waiting[1] - 60})  # it has had its time
    assert recording_of(c, lead).finding == "missing"
    assert [alert.name for alert in c.store.alerts.standing()] == ["recording-missing.spring"]


def test_recording_goes_on_without_the_dialer_and_is_looked_at_when_there_is_one_again(centre, worker):
    c = centre(record=True)
    c.on_line("1001")
    lead = c.add_lead(LEAVES_AFTER_3S)
    call = c.talking(lead)
    c.dialer.kill()
    wait_until(lambda: list(c.recordings.rglob("*.wav")), 10, "the customer to hang up")
    c.start_dialer("d2")
    found = recording_of(c, lead)
    assert (found.call, found.finding) == (call["uuid"], "ok")
    assert heard(c.recordings / found.path) == (CUSTOMER_HZ, OPERATOR_HZ)


def test_customer_sent_to_the_companys_pbx_is_recorded_up_to_there_and_that_is_said(centre, worker):
    c = on_a_pbx(centre, record=True)
    lead = c.add_lead(CONNECTS)
    c.talking(lead)
    finished(c, lead)
    found = recording_of(c, lead)
    assert found.finding == "elsewhere" and (c.recordings / found.path).exists()
    assert [alert.name for alert in c.store.alerts.standing()] == ["recording-elsewhere.spring"]


def test_campaign_that_is_not_to_be_recorded_leaves_no_file(centre):
    c = centre()
    c.on_line("1001")
    c.disposition(c.add_lead(LEAVES_AFTER_3S))
    assert not c.recordings.exists() and c.store.recordings.unverified(float("inf"), 10) == []


def test_campaign_to_be_recorded_calls_nobody_while_there_is_nowhere_to_write(centre):
    c = centre(record=True, recorded=False)
    c.on_line("1001")
    c.add_lead(TALKS)
    wait_until(
        lambda: "FSDIALER_RECORDINGS names no directory" in c.store.pacing.last("spring").get("reason", ""),
        what="the reason on the wallboard",
    )
    assert c.today().get("attempts", 0) == 0
