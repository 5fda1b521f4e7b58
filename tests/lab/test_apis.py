"""The api commands: usage and refusals word for word as a real FreeSWITCH 1.11 gave them, and what the commands do."""

import json
from itertools import pairwise

import gevent
import pytest

from fsdialer.lab import referrals
from fsdialer.lab.bridges import STEP_S
from tests.lab.test_wire import CALL, NOBODY, call

OTHER = CALL[:-1] + "6"
ORIGINATE = (
    "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] "
    "[<timeout_sec>]\n"
)
RECORD = "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n"
TRANSFER = "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n"
NO_CHANNEL = "-ERR No such channel!\n"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("nosuch a b", "-ERR nosuch Command not found!\n"),
        ("", "-ERR  Command not found!\n"),
        ("uuid_kill", "-USAGE: <uuid> [cause]\n"),
        (f"uuid_kill {NOBODY} X", NO_CHANNEL),
        ("uuid_bridge", "-USAGE: <uuid> <other_uuid>\n"),
        (f"uuid_bridge {NOBODY}", "-USAGE: <uuid> <other_uuid>\n"),
        (f"uuid_bridge {NOBODY} {NOBODY}", "-ERR Invalid uuid\n"),
        ("uuid_transfer", TRANSFER),
        (f"uuid_transfer {NOBODY}", TRANSFER),
        (f"uuid_transfer {NOBODY} park inline", NO_CHANNEL),
        ("uuid_exists", "false"),
        (f"uuid_exists {NOBODY}", "false"),
        ("uuid_getvar", "-USAGE: <uuid> <var>\n"),
        (f"uuid_getvar {NOBODY}", "-USAGE: <uuid> <var>\n"),
        (f"uuid_getvar {NOBODY} x", NO_CHANNEL),
        ("uuid_setvar", "-USAGE: <uuid> <var> [value]\n"),
        (f"uuid_setvar {NOBODY} x y", NO_CHANNEL),
        ("uuid_dump", "-USAGE: <uuid> [format]\n"),
        (f"uuid_dump {NOBODY} json", NO_CHANNEL),
        (f"uuid_broadcast {NOBODY}", "-USAGE: <uuid> <path> [aleg|bleg|holdb|both]\n"),
        (f"uuid_broadcast {NOBODY} x.wav both", "-ERR invalid uuid\n"),
        (f"uuid_deflect {NOBODY}", "-USAGE: <uuid> <uri>\n"),
        (f"uuid_deflect {NOBODY} sip:x", f"-ERR No such channel {NOBODY}!\n"),
        (f"uuid_record {NOBODY} start", RECORD),
        (f"uuid_record {NOBODY} start x.wav", "-ERR Cannot locate session!\n"),
        ("sched_hangup", "-USAGE: [+]<time> <uuid> [<cause>]\n"),
        ("sched_hangup +10", NO_CHANNEL),
        (f"sched_hangup +10 {NOBODY}", NO_CHANNEL),
        ("show channels count", "\n0 total.\n"),
        ("show calls", "\n0 total.\n"),
        ("show channels as json", '{"row_count": 0}\n'),
        ("show calls as json", '{"row_count": 0}\n'),
        ("hupall NORMAL_CLEARING a b", "+OK hangup all channels matching [a]=[b] with cause: NORMAL_CLEARING\n"),
        ("sofia status gateway nosuch", "Invalid Gateway!\n"),
        ("sofia_contact 9999@127.0.0.1", "error/user_not_registered"),
        ("fsctl max_sessions", "+OK max sessions: 5000\n"),
        ("fsctl sps 200", "+OK sessions per second: 200\n"),
        ("fsctl bogus", "-ERR Invalid command\n"),
        ("global_getvar nosuch", "-ERR no reply\n"),
        ("global_getvar domain", "127.0.0.1"),
        ("originate", ORIGINATE),
        ("originate x", ORIGINATE),
        ("originate bogus/x &park()", "-ERR CHAN_NOT_IMPLEMENTED\n"),
        ("originate user/9999@127.0.0.1 &park()", "-ERR SUBSCRIBER_ABSENT\n"),
        ("originate sofia/gateway/trunk &park()", "-ERR INVALID_URL\n"),
        ("originate sofia/gateway/nosuch/1 &park()", "-ERR INVALID_GATEWAY\n"),
    ],
)
def test_usage_and_refusals_are_those_of_the_real_one(line, command, answer):
    assert line.api(command) == answer


@pytest.mark.parametrize("command", ["show", "show bogus"])
def test_show_says_what_it_can_show(line, command):
    assert line.api(command).startswith("-USAGE: codec|endpoint|application|api|")


# -- one channel -----------------------------------------------------------------------------------------------
def test_a_variable_is_read_back_until_it_is_taken_away(line):
    call(line, fsdialer_lead="42")
    assert line.api(f"uuid_getvar {CALL} fsdialer_lead") == "42"
    assert line.api(f"uuid_setvar {CALL} fsdialer_lead 43") == "+OK\n"
    assert line.api(f"uuid_getvar {CALL} fsdialer_lead") == "43"
    line.api(f"uuid_setvar {CALL} fsdialer_lead")
    assert line.api(f"uuid_getvar {CALL} fsdialer_lead") == "_undef_"


def test_a_killed_channel_does_not_exist_from_that_moment_on(line):
    call(line)
    line.send(f"api uuid_kill {CALL} CALL_REJECTED\n\napi uuid_exists {CALL}\n\napi uuid_kill {CALL}\n\n")
    answers = line.wait("three answers", lambda frames: [f for f in frames if f.kind == "api/response"][1:][2:])
    assert answers[-1].body == NO_CHANNEL
    assert [f.body for f in line.frames if f.kind == "api/response"][-3:] == ["+OK\n", "false", NO_CHANNEL]
    assert line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers["Hangup-Cause"] == "CALL_REJECTED"


@pytest.mark.parametrize("command", ["uuid_dump {} json", "uuid_getvar {} a", "uuid_setvar {} a b", "uuid_kill {}"])
def test_a_killed_channel_is_not_to_be_had_any_more(line, command):
    call(line)
    line.send(f"api uuid_kill {CALL}\n\napi {command.format(CALL)}\n\n")
    line.wait("both answers", lambda frames: [f for f in frames if f.kind == "api/response"][2:])
    assert [f.body for f in line.frames if f.kind == "api/response"][1:] == ["+OK\n", NO_CHANNEL]


def test_uuid_record_knows_four_actions(line):
    call(line)
    assert line.api(f"uuid_record {CALL} bogus x.wav") == RECORD


def test_a_channel_bridged_to_itself_stays_where_it_is(line):
    call(line)
    assert line.api(f"uuid_bridge {CALL} {CALL}") == f"+OK {CALL}\n"
    assert line.api(f"uuid_exists {CALL}") == "true"


def test_sched_hangup_hangs_up_later_with_its_cause(line):
    call(line)
    assert line.api(f"sched_hangup +0.05 {CALL} ALLOTTED_TIMEOUT") == "+OK\n"
    assert line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers["Hangup-Cause"] == "ALLOTTED_TIMEOUT"


def test_execute_on_answer_arms_the_hang_up_with_the_call(line):
    call(line, execute_on_answer="'sched_hangup +0.05 ALLOTTED_TIMEOUT'")
    assert line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers["Hangup-Cause"] == "ALLOTTED_TIMEOUT"


def test_a_broadcast_sound_begins_and_ends(line):
    call(line)
    assert line.api(f"uuid_broadcast {CALL} silence_stream://20 aleg") == "+OK Message sent\n"
    assert line.event("PLAYBACK_START", CALL).headers["Playback-File-Path"] == "silence_stream://20"
    assert line.event("PLAYBACK_STOP", CALL)


def test_a_recording_is_stopped_by_its_full_path_only(line):
    call(line)
    line.api(f"uuid_record {CALL} start a.wav")
    path = line.event("RECORD_START", CALL).headers["Record-File-Path"]
    assert line.api(f"uuid_record {CALL} stop a.wav") == "-ERR Cannot stop record session!\n"
    assert line.api(f"uuid_record {CALL} stop {path}") == "+OK Success\n"
    stop = line.event("RECORD_STOP", CALL).headers
    assert stop["Record-File-Path"] == path and int(stop["variable_record_ms"]) >= 0


def test_a_transfer_inline_runs_the_new_applications_instead(line):
    call(line)
    line.event("CHANNEL_PARK", CALL)
    assert (
        line.api(f"uuid_transfer {CALL} 'set:a=b\\,c,playback:silence_stream://10,hangup:NO_PICKUP' inline") == "+OK\n"
    )
    end = line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers
    assert (end["Hangup-Cause"], end["variable_a"]) == ("NO_PICKUP", "b,c")
    ran = [f.headers["Application"] for f in line.frames if f.kind == "CHANNEL_EXECUTE"]
    assert ran == ["park", "set", "playback", "hangup"]


def test_a_deflected_leg_ends_as_a_blind_transfer(line, monkeypatch):
    monkeypatch.setattr(referrals, "REFER_S", 0.05)
    call(line)
    assert line.api(f"uuid_deflect {CALL} sip:1001@127.0.0.1:5060").startswith("+OK:")
    end = line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers
    assert (end["Hangup-Cause"], end["variable_sip_refer_status_code"]) == ("BLIND_TRANSFER", "100")


def test_a_refer_is_waited_for_as_long_as_freeswitch_does():
    assert referrals.REFER_S == 10.0


# -- what is seen ----------------------------------------------------------------------------------------------
def test_show_channels_and_calls_count_legs_and_conversations(line):
    call(line)
    line.api("originate {origination_uuid=" + OTHER + ",accountcode=acme}user/1001@127.0.0.1 &park()")
    assert line.api("show channels count") == line.api("show calls count") == "\n2 total.\n"
    line.api(f"uuid_bridge {CALL} {OTHER}")
    line.event("CHANNEL_BRIDGE", CALL)
    assert line.api("show channels count") == "\n2 total.\n"
    assert line.api("show calls count") == "\n1 total.\n"
    assert line.api("show channels count as json") == '{"row_count":2,"rows":[]}'
    row = json.loads(line.api("show calls as json"))["rows"][0]
    assert (row["uuid"], row["b_uuid"], row["b_accountcode"]) == (CALL, OTHER, "acme")


def test_show_channels_as_text_is_a_table_with_a_header(line):
    call(line)
    header, row, empty, total = line.api("show channels").strip("\n").split("\n")
    assert dict(zip(header.split(","), row.split(","), strict=True))["uuid"] == CALL
    assert (empty, total) == ("", "1 total.")


def test_status_counts_sessions_and_tells_the_limits(line):
    line.api("fsctl max_sessions 70")
    call(line)
    lines = line.api("status").splitlines()
    assert lines[2] == "1 session(s) since startup"
    assert lines[3].startswith("1 session(s) - peak 1,")
    assert lines[5] == "70 session(s) max"


def test_uptime_and_version_have_their_short_forms(line):
    seconds, millis = int(line.api("uptime")), int(line.api("uptime ms"))
    assert seconds * 1000 <= millis
    assert line.api("version") == f"FreeSWITCH Version {line.api('version short').strip()}~64bit ( 64bit)\n"


def test_hupall_ends_only_those_with_the_variable(line):
    call(line, fsdialer_company="acme")
    call(line, uuid=OTHER, fsdialer_company="other")
    line.api("hupall MANAGER_REQUEST fsdialer_company acme")
    assert line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers["Hangup-Cause"] == "MANAGER_REQUEST"
    assert line.api(f"uuid_exists {OTHER}") == "true"
    line.api("hupall")
    assert line.event("CHANNEL_HANGUP_COMPLETE", OTHER)


def test_a_loopback_call_is_answered_at_once_and_runs_its_application(line):
    uuid = (
        line.api("originate loopback/9196/operators 'playback:silence_stream://10' inline").removeprefix("+OK ").strip()
    )
    assert line.event("PLAYBACK_STOP", uuid)
    assert line.event("CHANNEL_HANGUP_COMPLETE", uuid).headers["Hangup-Cause"] == "NORMAL_CLEARING"


@pytest.mark.parametrize(
    ("application", "cause"),
    [
        ("&hangup(USER_BUSY)", "USER_BUSY"),
        ("&sleep(10)", "NORMAL_CLEARING"),
        ("&playback(silence_stream://10)", "NORMAL_CLEARING"),
        ("&nosuch()", "DESTINATION_OUT_OF_ORDER"),
        ("5000", "NO_ROUTE_DESTINATION"),
        ("'sched_hangup:+0.05 USER_BUSY,park' inline", "USER_BUSY"),
    ],
)
def test_an_originate_may_run_any_application(line, application, cause):
    call(line, application=application)
    assert line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers["Hangup-Cause"] == cause


@pytest.mark.parametrize("application", ["&echo()", "&conference(room)"])
def test_some_applications_go_on_until_somebody_hangs_up(line, application):
    call(line, application=application)
    line.event("CHANNEL_EXECUTE", CALL)
    assert line.api(f"uuid_exists {CALL}") == "true"


def test_a_park_timeout_holds_once_and_takes_park_after_bridge_with_it(line):
    call(line, park_timeout="0.05:NO_PICKUP", park_after_bridge="true")
    end = line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers
    assert end["Hangup-Cause"] == "NO_PICKUP"
    assert not {"variable_park_timeout", "variable_park_after_bridge"} & set(end)


def test_a_channels_instants_stand_in_their_order(line):
    call(line)
    line.api(f"uuid_kill {CALL}")
    end = line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers
    instants = [int(end[f"variable_{name}_uepoch"]) for name in ("start", "progress", "answer", "end")]
    assert all(before < after for before, after in pairwise(instants))


# -- nonsense --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "command",
    [
        f"sched_hangup soon {CALL}",
        f"uuid_transfer {CALL} 'sleep:long,playback:silence_stream://x,park' inline",
        f"uuid_transfer {CALL} 'sched_hangup,set,playback,bridge,park' inline",
        f"uuid_broadcast {CALL} tone_stream://%(",
        f"uuid_setvar {CALL} park_timeout never",
        f"uuid_bridge {CALL} {CALL}",
        "fsctl sps ²",
        "lab gateway trunk channels=many",
        "lab stall long",
        "lab number",
        "originate {execute_on_answer='sched_hangup x'}sofia/gateway/trunk/15550200 &sleep(x)",
        "originate sofia//// &park()",
        "originate user/²²²² &park()",
        "originate ' '",
        "show channels like",
        "hupall X y",
    ],
)
def test_nonsense_is_answered_and_the_switch_goes_on(line, command):
    call(line)
    assert line.api(command)
    gevent.sleep(5 * STEP_S)  # for what it set going
    assert line.api("strepoch").isdigit()


def test_a_silence_without_end_does_not_end(line):
    call(line, application="&playback(silence_stream://-1)")
    line.event("PLAYBACK_START", CALL)
    assert line.api(f"uuid_exists {CALL}") == "true"
    line.api(f"uuid_kill {CALL}")
    assert line.event("CHANNEL_HANGUP_COMPLETE", CALL)


@pytest.mark.parametrize("command", ["lab", "lab gateway trunk colour=red", "lab stall long", "lab phone 1001 happy"])
def test_fate_says_what_it_can_do(line, command):
    assert line.api(command).startswith("-ERR lab phone EXT MODE|hangup|dies|")


# -- keys ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("keys", "key", "ended"), [("9", "9", True), ("9", "1", False), ("", "*", True), ("", "9", False), ("none", "*", 0)]
)
def test_a_key_pressed_during_a_sound_ends_it_and_is_kept_when_it_is_one_of_those_that_do(line, keys, key, ended):
    sound = "playback:silence_stream://1500,set:kept=${playback_terminator_used},hangup:NO_PICKUP"
    call(line, application=f"'set:playback_terminators={keys},{sound}' inline")
    line.event("PLAYBACK_START", CALL)
    assert line.api(f"uuid_recv_dtmf {CALL} {key}") == f"+OK {CALL} received DTMF {key}.\n"
    end = line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers
    assert (end["Hangup-Cause"], end.get("variable_kept", "")) == ("NO_PICKUP", key if ended else "")
