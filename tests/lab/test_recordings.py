"""Recordings of the simulated switch: armed with the call, one file to its end, a voice on either side."""

import wave
from itertools import groupby

import gevent
import pytest

from fsdialer.lab.recordings import CUSTOMER_HZ, operator_hz
from tests.lab.test_apis import CALL, call
from tests.sound import heard


@pytest.fixture
def recorded(start, tmp_path):
    """A line to a switch that writes below a folder, and the file of a call that is recorded from its answer on."""
    _, dial_in = start(recordings=tmp_path)
    line = dial_in()
    file = tmp_path / "acme/2026-11-23/call.wav"

    def recorded(**variables):
        hook = f"'record_session {variables.pop('to', file)}'"
        call(line, RECORD_STEREO="true", execute_on_answer_2_record=hook, **variables)
        return line, file

    return recorded


def bridge(line, extension):
    leg = f"leg-{extension}"
    line.api(f"originate {{origination_uuid={leg},park_after_bridge=true}}user/{extension} &park()")
    line.event("CHANNEL_PARK", leg)
    assert line.api(f"uuid_bridge {CALL} {leg}") == f"+OK {leg}\n"
    line.event("CHANNEL_BRIDGE", CALL)


def end(line):
    line.api(f"uuid_kill {CALL}")
    stop = line.event("RECORD_STOP", CALL).headers
    line.event("CHANNEL_HANGUP_COMPLETE", CALL)
    return stop


def test_call_recorded_on_answer_is_a_stereo_file_as_long_as_the_switch_says(recorded):
    line, file = recorded()
    assert line.event("RECORD_START", CALL).headers["Record-File-Path"] == str(file)
    stop = end(line)
    with wave.open(str(file)) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (2, 8000, 2)
        assert abs(wav.getnframes() - int(stop["variable_record_samples"])) <= 8
    assert abs(file.stat().st_size - int(stop["variable_record_file_size"])) <= 32


def test_customer_is_left_and_the_operator_right_before_and_after_a_second_operator(recorded):
    line, file = recorded(park_after_bridge="true")
    gevent.sleep(0.4)
    bridge(line, "1001")
    gevent.sleep(0.6)
    line.api("uuid_kill leg-1001")
    line.event("CHANNEL_UNBRIDGE", CALL)
    bridge(line, "1002")
    gevent.sleep(0.6)
    end(line)
    with wave.open(str(file)) as wav:
        quarters = int(wav.getnframes() / 2000)
    sides = [heard(file, n / 4, (n + 1) / 4) for n in range(quarters)]
    assert {left for left, _ in sides} == {CUSTOMER_HZ}
    whole = [right for _, right in sides if right in (0, operator_hz("1001"), operator_hz("1002"))]
    assert [right for right, _ in groupby(whole) if right] == [operator_hz("1001"), operator_hz("1002")]
    assert whole[0] == 0


def test_nothing_is_written_outside_the_folder_of_recordings(recorded, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside.wav"
    line, _ = recorded(to=outside)
    assert end(line)["Record-File-Path"] == str(outside)
    assert not outside.exists()


def test_hooks_on_answer_are_all_heeded(recorded):
    line, file = recorded(
        execute_on_answer="'sched_hangup +0.3 ALLOTTED_TIMEOUT'",
        execute_on_answer_1_notice="'displace_session tone_stream://%(200\\,14800\\,1400);loops=-1 m'",
    )
    assert line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers["Hangup-Cause"] == "ALLOTTED_TIMEOUT"
    with wave.open(str(file)) as wav:
        assert 0.25 < wav.getnframes() / 8000 < 3


def test_record_session_in_the_dialplan_records_too(start, tmp_path):
    _, dial_in = start(recordings=tmp_path)
    line = dial_in()
    inline = f"'record_session:{tmp_path}/x.wav,playback:silence_stream://300,hangup:NO_PICKUP' inline"
    line.send(
        f"bgapi originate {{origination_uuid={CALL},RECORD_STEREO=true}}sofia/gateway/trunk/12125550190 {inline}\n\n"
    )
    line.event("CHANNEL_HANGUP_COMPLETE", CALL)
    assert heard(tmp_path / "x.wav") == (CUSTOMER_HZ, 0)
