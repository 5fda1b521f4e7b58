"""The Event Socket's own commands: every answer here is what a real FreeSWITCH 1.11 gave to the same line."""

import json
from collections import Counter

import pytest

from tests.lab.line import PASSWORD

NOBODY = "00000000-0000-0000-0000-000000000000"
CALL = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("nosuch", "-ERR command not found"),
        ("auth again", "-ERR command not found"),
        ("api", "-ERR command not found"),
        ("bgapi", "-ERR command not found"),
        ("filter", "-ERR command not found"),
        ("getvar x", "-ERR command not found"),
        ("connect", "-ERR command not found"),
        ("event", "-ERR no keywords supplied"),
        ("event plain", "-ERR no keywords supplied"),
        ("event plain NOSUCH", "-ERR no keywords supplied"),
        ("event HEARTBEAT", "+OK event listener enabled plain"),
        ("event json HEARTBEAT", "+OK event listener enabled json"),
        ("event plain NOSUCH HEARTBEAT", "+OK event listener enabled plain"),
        ("event plain all", "+OK event listener enabled plain"),
        ("event plain CUSTOM a::b", "+OK event listener enabled plain"),
        ("EVENT PLAIN HEARTBEAT", "+OK event listener enabled plain"),
        ("nixevent", "-ERR no keywords supplied"),
        ("nixevent NOSUCH", "-ERR no keywords supplied"),
        ("nixevent HEARTBEAT", "+OK events nixed"),
        ("noevents", "+OK no longer listening for events"),
        ("filter x", "-ERR invalid syntax"),
        ("filter x y z", "+OK filter added. [x]=[y z]"),
        ("filter delete", "-ERR invalid syntax"),
        ("filter delete x", "+OK filter deleted. [x][]"),
        ("filter delete x y", "+OK filter deleted. [x][y]"),
        ("sendmsg", "-ERR invalid session id []"),
        (f"sendmsg {NOBODY}\ncall-command: hangup", f"-ERR invalid session id [{NOBODY}]"),
        ("linger", "-ERR not controlling a session"),
        ("nolinger", "-ERR not controlling a session"),
        ("exit", "+OK bye"),
    ],
)
def test_a_command_is_answered_as_by_the_real_one(line, command, answer):
    assert line.reply(command) == answer


def call(line, number="15550200", uuid=CALL, application="&park()", **variables):
    """Call a number and wait until it was answered, or not; the result."""
    given = ",".join(f"{name}={value}" for name, value in {"origination_uuid": uuid, **variables}.items())
    return line.api(f"originate {{{given}}}sofia/gateway/trunk/{number} {application}")


# -- who may come in -------------------------------------------------------------------------------------------
def test_a_wrong_password_is_refused_and_the_line_cut(start):
    stranger = start()[1](events="", password="wrong")
    assert [frame.headers.get("Reply-Text") for frame in stranger.frames[1:2]] == ["-ERR invalid"]
    assert stranger.ended()


def test_before_the_password_only_leaving_is_allowed(start):
    stranger = start()[1](events="", password=None)
    assert stranger.reply("api status") == "-ERR command not found"
    assert stranger.reply("event plain ALL") == "-ERR command not found"
    assert stranger.reply("exit") == "+OK bye"


def test_exit_says_goodbye_and_hangs_up(line):
    assert line.reply("exit") == "+OK bye"
    assert line.wait("goodbye", lambda frames: frames[-1].kind == "text/disconnect-notice")
    assert line.frames[-1].body.startswith("Disconnected, goodbye.\nSee you at ClueCon!")
    assert line.ended()


# -- who hears what --------------------------------------------------------------------------------------------
def test_only_events_that_were_asked_for_arrive(start):
    line = start()[1]("event plain CHANNEL_ANSWER")
    call(line)
    line.event("CHANNEL_ANSWER")
    assert set(line.kinds()) == {"CHANNEL_ANSWER"}


def test_events_add_up_until_they_are_nixed(start):
    line = start()[1]("event plain CHANNEL_CREATE")
    line.ask("event plain CHANNEL_HANGUP_COMPLETE")
    line.ask("nixevent CHANNEL_CREATE")
    call(line, "15550486")
    line.event("CHANNEL_HANGUP_COMPLETE")
    assert set(line.kinds()) == {"CHANNEL_HANGUP_COMPLETE"}


def test_nixing_one_of_all_leaves_the_others(start):
    line = start()[1]("event plain ALL")
    line.ask("nixevent CHANNEL_CREATE")
    call(line, "15550486")
    line.event("CHANNEL_HANGUP_COMPLETE")
    assert "CHANNEL_CREATE" not in line.kinds()


def test_after_noevents_nothing_arrives(start):
    _, dial_in = start()
    line, other = dial_in(), dial_in()
    line.ask("noevents")
    call(line, "15550486")
    other.event("CHANNEL_HANGUP_COMPLETE")
    line.ask("api status")
    assert line.kinds() == []


def test_a_filter_lets_through_what_matches_one_of_its_values_and_nothing_that_lacks_the_header(start):
    line = start()[1]()
    line.ask("filter variable_fsdialer_campaign spring")
    line.ask("filter variable_fsdialer_campaign summer")
    for number, campaign in enumerate(("spring", "autumn", "summer")):
        call(line, "15550486", f"{CALL[:-1]}{number}", fsdialer_campaign=campaign)
    line.event("CHANNEL_HANGUP_COMPLETE", f"{CALL[:-1]}2")
    assert {frame.leg[-1] for frame in line.frames if frame.form} == {"0", "2"}
    assert "BACKGROUND_JOB" not in line.kinds()


@pytest.mark.parametrize(
    ("filters", "heard"),
    [
        ([], {"spring", "autumn"}),
        (["variable_c spring"], {"spring"}),
        (["variable_c spr"], set()),
        (["variable_c SPRING"], {"spring"}),
        (["VARIABLE_C spring"], {"spring"}),
        (["variable_c + spring"], {"spring"}),
        (["variable_c -spring"], set()),
        (["Event-Name CHANNEL_CREATE", "variable_c -spring"], {"autumn"}),
        (["variable_c -spring", "Event-Name CHANNEL_CREATE"], {"autumn"}),
        (["variable_c -spr", "Event-Name CHANNEL_CREATE"], {"spring", "autumn"}),
        (["variable_c /^spr/"], {"spring"}),
        (["variable_c /ring|umn/"], {"spring", "autumn"}),
        (["variable_c spring", "variable_c autumn"], {"spring", "autumn"}),
        (["variable_c /(/"], set()),
        (["nosuch x"], set()),
    ],
)
def test_filters_let_through_what_those_of_the_real_one_do(start, filters, heard):
    _, dial_in = start()
    line, other = dial_in("event plain CHANNEL_CREATE"), dial_in()
    for text in filters:
        line.ask(f"filter {text}")
    for n, campaign in enumerate(("spring", "autumn")):
        call(other, "15550486", f"{CALL[:-1]}{n}", c=campaign)
    line.ask("api status")
    assert {frame.headers["variable_c"] for frame in line.frames if frame.form} == heard


def test_a_deleted_filter_filters_no_more(start):
    line = start()[1]()
    line.ask("filter Event-Name CHANNEL_CREATE")
    line.ask("filter delete Event-Name CHANNEL_CREATE")
    call(line, "15550486")
    assert line.event("CHANNEL_HANGUP_COMPLETE")


def test_json_events_say_the_same_as_plain_ones(start):
    _, dial_in = start()
    plain, other = dial_in(), dial_in("event json ALL")
    call(plain, fsdialer_lead="'Zoë%0AEvent-Name: X'")
    for kind in ("CHANNEL_CREATE", "CHANNEL_ANSWER", "CHANNEL_PARK"):
        assert plain.event(kind).headers == other.event(kind).headers
        assert other.event(kind).form == "json"


def test_a_jobs_result_is_the_body_of_a_json_event_too(start):
    line = start()[1]("event json BACKGROUND_JOB")
    line.ask("bgapi strepoch\nJob-UUID: abc")
    job = line.job("abc")
    assert job.body.isdigit() and job.headers["Content-Length"] == str(len(job.body))


# -- running commands ------------------------------------------------------------------------------------------
def test_bgapi_takes_our_job_uuid_and_answers_before_the_result_comes(line):
    answer = line.ask("bgapi uuid_exists x\nJob-UUID: ours")
    assert answer.headers == {"Reply-Text": "+OK Job-UUID: ours", "Job-UUID": "ours"}
    job = line.job("ours")
    assert (job.body, job.headers["Job-Command"], job.headers["Job-Command-Arg"]) == ("false", "uuid_exists", "x")
    assert line.frames.index(answer) < line.frames.index(job)


def test_bgapi_makes_up_a_job_uuid_when_it_is_given_none(line):
    job = line.ask("bgapi status").headers["Job-UUID"]
    assert line.job(job).body.startswith("UP ")


def test_while_an_api_command_runs_its_line_is_silent_and_others_are_not(start):
    _, dial_in = start()
    line, other = dial_in(), dial_in()
    call(line, "15550200")
    assert line.kinds()[:1] == ["CHANNEL_CREATE"]
    answer = next(at for at, frame in enumerate(line.frames) if frame.kind == "api/response")
    assert all(frame.form == "" for frame in line.frames[:answer])
    assert other.event("CHANNEL_ANSWER")


def test_sendmsg_hangs_up_with_a_cause(line):
    call(line)
    assert line.reply(f"sendmsg {CALL}\ncall-command: hangup\nhangup-cause: USER_BUSY") == "+OK"
    assert line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers["Hangup-Cause"] == "USER_BUSY"


def test_sendmsg_runs_an_application(line):
    call(line)
    line.event("CHANNEL_PARK", CALL)
    message = "call-command: execute\nexecute-app-name: playback\nexecute-app-arg: silence_stream://10"
    assert line.reply(f"sendmsg {CALL}\n{message}") == "+OK"
    assert line.event("PLAYBACK_STOP", CALL).headers["Playback-File-Path"] == "silence_stream://10"


def test_a_reply_is_cut_to_what_freeswitch_keeps(line):
    assert len(line.reply(f"sendmsg {'x' * 2000}")) == 511


def test_lines_may_end_as_on_windows(line):
    line.send("api strepoch\r\n\r\n")
    assert line.wait("an answer", lambda frames: frames[-1].kind == "api/response")


def test_events_are_numbered_in_the_order_they_come(line):
    call(line, "15550486")
    line.event("CHANNEL_HANGUP_COMPLETE")
    numbers = [int(frame.headers["Event-Sequence"]) for frame in line.frames if frame.form]
    assert numbers == sorted(numbers) and max(Counter(numbers).values()) == 1


def test_uuid_dump_as_json_is_one_object(line):
    call(line)
    dump = json.loads(line.api(f"uuid_dump {CALL} json"))
    assert (dump["Unique-ID"], dump["Event-Name"], dump["Answer-State"]) == (CALL, "CHANNEL_DATA", "answered")


def test_the_password_is_not_asked_twice(line):
    assert line.reply(f"auth {PASSWORD}") == "-ERR command not found"
