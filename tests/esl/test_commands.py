"""Commands: the wire text, in full, and what may never stand in it."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsdialer.errors import UnsafeCommand
from fsdialer.esl import commands, phone_commands
from tests.esl import captures

CALL = "36f8cdb2-85dc-4ab0-a0bb-07f0b5f251ad"
LEG = "faf04d36-e802-4918-91c2-0ce8235f5f6c"
CUSTOMER = {
    "call": CALL,
    "destination": "sofia/gateway/trunk/15550001",
    "ring_s": 15,
    "caller_id": "15550100",
    "wait_s": 2.0,
    "message": "tone_stream://%(1500,0,440)",
    "max_talk_s": 7200,
    "tags": {"lead": "42", "campaign": "spring"},
}
OPERATOR = {
    "leg": LEG,
    "destination": "user/1001@127.0.0.1",
    "ring_s": 10,
    "caller_name": "Spring sale",
    "caller_number": "+15550100",
    "held": True,
    "tags": {"company": "acme", "operator": "anna"},
}


def test_a_customer_is_called_with_the_limit_of_the_wait_in_the_same_command():
    assert commands.originate_customer(**CUSTOMER) == (
        "originate {origination_uuid=36f8cdb2-85dc-4ab0-a0bb-07f0b5f251ad,originate_timeout=15,ignore_early_media=true,"
        "origination_caller_id_number=15550100,hangup_after_bridge=true,uuid_bridge_continue_on_cancel=true,"
        "ignore_display_updates=true,outbound_redirect_fatal=true,park_timeout=2:NO_PICKUP,accountcode=fsdialer,playback_terminators=none,"
        "sleep_eat_digits=true,sip_refer_continue_after_reply=true,"
        "execute_on_answer='sched_hangup +7200 ALLOTTED_TIMEOUT',execute_on_answer_0_mark='set api_hangup_hook="
        "sched_api +86400 fsdialer-abandoned-36f8cdb2-85dc-4ab0-a0bb-07f0b5f251ad uptime',"
        "execute_on_pre_bridge='set api_hangup_hook="
        "sched_api +3600 fsdialer-talked-36f8cdb2-85dc-4ab0-a0bb-07f0b5f251ad uptime',fsdialer_lead=42,"
        "fsdialer_campaign=spring}sofia/gateway/trunk/15550001 "
        "'playback:silence_stream://1800,eval:${msleep(200)},"
        "playback:tone_stream://%(1500\\,0\\,440),hangup:NO_PICKUP' inline"
    )


def test_the_waiting_room_is_the_one_a_real_switch_accepted():
    """But for the guard, which the contract tests try."""
    (captured,) = [c for c in captures.sent_by_client("unattended-answer-message-then-hangup") if "originate" in c]
    room = commands.originate_customer(**CUSTOMER).partition("}sofia")[2]
    unguarded = room.replace("silence_stream://1800,eval:${msleep(200)},", "silence_stream://2000,")
    assert captured.split("\n")[0].endswith("}sofia" + unguarded)


def test_without_a_message_the_wait_ends_with_the_hang_up():
    text = commands.originate_customer(**CUSTOMER | {"message": "", "wait_s": 1.5})
    assert text.endswith(" 'playback:silence_stream://1300,eval:${msleep(200)},hangup:NO_PICKUP' inline")


RECORDING = "/var/lib/fsdialer/recordings/acme/2026-11-23/36f8cdb2.wav"


def test_a_recorded_call_is_recorded_in_stereo_from_the_answer_and_from_its_first_frame():
    text = commands.originate_customer(**CUSTOMER | {"recording": RECORDING})
    assert (
        " uptime',RECORD_STEREO=true,RECORD_MIN_SEC=0,"
        f"RECORD_PRE_BUFFER_FRAMES=0,execute_on_answer_2_record='record_session {RECORDING}',fsdialer_lead" in text
    )


def test_the_notice_is_mixed_in_before_the_recording_begins_so_that_it_is_heard_on_it():
    beep = "tone_stream://%(200,14800,1400);loops=-1"
    text = commands.originate_customer(**CUSTOMER | {"recording": RECORDING, "notice": beep})
    notice = "execute_on_answer_1_notice='displace_session tone_stream://%(200\\,14800\\,1400);loops=-1 m'"
    assert f"{notice},execute_on_answer_2_record='record_session {RECORDING}'" in text


def test_without_a_recording_there_is_no_notice_either():
    assert "displace" not in commands.originate_customer(**CUSTOMER | {"notice": "sounds/notice.wav"})


@pytest.mark.parametrize(
    "path", ["rec.wav", "/a.wav", "/r/a b.wav", "/r/../a.wav", "/r/.x/a.wav", "/r/a.wav' x", "/r/${x}.wav", "/r/a.mp3"]
)
def test_a_recording_goes_to_a_plain_path_of_a_wav_file_only(path):
    with pytest.raises(UnsafeCommand, match="recording"):
        commands.originate_customer(**CUSTOMER | {"recording": path})


def test_a_message_may_be_a_file():
    text = commands.originate_customer(**CUSTOMER | {"message": "/var/sounds/no-operator.wav"})
    assert ",playback:/var/sounds/no-operator.wav,hangup:NO_PICKUP' inline" in text


def test_a_key_to_opt_out_is_listened_for_during_the_message_only():
    tone = "tone_stream://%(1000,500,440)"

    def pressed(key):
        return f"eval:${{sched_api(+86400 fsdialer-key-{CUSTOMER['call']}-{key} uptime)}}"

    text = commands.originate_customer(**CUSTOMER | {"message": tone, "opt_out_key": "9"})
    assert (
        ",set:playback_terminators=9,set:playback_ms=0,playback:tone_stream://%(1000\\,500\\,440),"
        f"set:fsdialer_opt_out=${{playback_terminator_used}},{pressed('${fsdialer_opt_out}')},"
        "sleep:${cond(${playback_ms} > 0 ? 1500 : 1)},"
        f"{pressed('${playback_terminator_used}')},hangup:NO_PICKUP' inline"
    ) in text
    assert "terminators=none," in text
    assert "set:" not in commands.originate_customer(**CUSTOMER | {"message": "", "opt_out_key": "9"})
    with pytest.raises(UnsafeCommand):
        commands.originate_customer(**CUSTOMER | {"message": tone, "opt_out_key": "9,"})


def test_what_is_empty_is_left_out():
    text = commands.originate_customer(**CUSTOMER | {"caller_id": "", "tags": {"call": ""}})
    assert "caller_id" not in text and "fsdialer_call" not in text


def test_a_held_operator_is_parked_again_after_each_bridge():
    assert commands.originate_operator(**OPERATOR) == (
        "originate {origination_uuid=faf04d36-e802-4918-91c2-0ce8235f5f6c,originate_timeout=10,"
        "origination_caller_id_name='Spring sale',origination_caller_id_number=+15550100,sip_auto_answer=true,"
        "ignore_early_media=true,ignore_display_updates=true,sip_copy_custom_headers=false,disable_q850_reason=true,"
        "outbound_redirect_fatal=true,"
        "accountcode=fsdialer,fsdialer_company=acme,fsdialer_operator=anna,"
        "park_after_bridge=true,hangup_after_bridge=false}user/1001@127.0.0.1 &park()"
    )


def test_an_operator_rung_for_one_call_gives_up_by_himself_when_nobody_bridges_him():
    text = commands.originate_operator(**OPERATOR | {"held": False, "tags": {"call": CALL}})
    assert text.endswith(
        f"fsdialer_call={CALL},hangup_after_bridge=true,park_timeout=15:NO_PICKUP}}user/1001@127.0.0.1 &park()"
    )
    assert "park_after_bridge" not in text


def test_a_campaigns_name_is_shown_without_what_a_switch_would_read():
    text = commands.originate_operator(**OPERATOR | {"caller_name": "Zoë's {x} ,Весна"})
    assert "origination_caller_id_name='Zoë s x Весна'," in text


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (commands.bridge(CALL, LEG), f"uuid_bridge {CALL} {LEG}"),
        (commands.kill(CALL, "ORIGINATOR_CANCEL"), f"uuid_kill {CALL} ORIGINATOR_CANCEL"),
        (commands.exists(CALL), f"uuid_exists {CALL}"),
        (commands.dump(CALL), f"uuid_dump {CALL} json"),
        (commands.show_channels(), "show channels as json"),
        (commands.sign_of_life(), "uptime"),
        (commands.user_destination("1001"), "user/1001"),
        (commands.user_destination("1001", "pbx.example.com"), "user/1001@pbx.example.com"),
        (commands.contact("1001", "pbx.example.com"), "sofia_contact 1001@pbx.example.com"),
        (commands.gateway_status("trunk"), "sofia status gateway trunk"),
        (commands.subscribe(["CHANNEL_PARK", "HEARTBEAT"]), "event plain CHANNEL_PARK HEARTBEAT"),
    ],
)  # fmt: skip
def test_the_other_commands(command, text):
    assert command == text


HOSTILE = [
    "1555,sofia/gateway/x/1", "1&system(id)", "{x=y}1", "[x=y]1", "^^:1", "1|2", "<1>", "1 2", "1'2", "1\\2",
    "1;fs_path=sip:evil", "${system(id)}", "1\n2", "1\r2", "1\x002", "١٢٣", "1" * 400, "1\u20282", "error/x y", "1\n",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_refused_wherever_they_come_in(value):
    attempts = [
        lambda: commands.originate_customer(**CUSTOMER | {"call": value}),
        lambda: commands.originate_customer(**CUSTOMER | {"destination": f"sofia/gateway/trunk/{value}"}),
        lambda: commands.originate_customer(**CUSTOMER | {"caller_id": value}),
        lambda: commands.originate_customer(**CUSTOMER | {"message": f"/sounds/{value}"}),
        lambda: commands.originate_customer(**CUSTOMER | {"tags": {"lead": value}}),
        lambda: commands.originate_customer(**CUSTOMER | {"tags": {value: "1"}}),
        lambda: commands.originate_operator(**OPERATOR | {"leg": value}),
        lambda: commands.originate_operator(**OPERATOR | {"destination": f"user/{value}"}),
        lambda: commands.originate_operator(**OPERATOR | {"caller_number": value}),
        lambda: commands.bridge(CALL, value),
        lambda: commands.kill(CALL, value),
        lambda: commands.exists(value),
        lambda: commands.dump(value),
        lambda: commands.user_destination(value),
        lambda: commands.user_destination("1001", value),
        lambda: commands.contact(value),
        lambda: commands.gateway_status(value),
        lambda: commands.subscribe([value]),
        lambda: commands.framed("bgapi uptime", value),
    ]
    for attempt in attempts:
        with pytest.raises(UnsafeCommand):
            attempt()


def test_several_calls_in_one_destination_are_refused():
    with pytest.raises(UnsafeCommand):
        commands.originate_customer(**CUSTOMER | {"destination": "sofia/gateway/a/1:_:sofia/gateway/b/2"})


@pytest.mark.parametrize(
    ("field", "value"),
    [("ring_s", 0), ("ring_s", -5), ("ring_s", 10_000), ("wait_s", math.nan), ("wait_s", math.inf), ("wait_s", 0.0),
     ("max_talk_s", 0)],
)  # fmt: skip
def test_times_that_cannot_be_are_refused(field, value):
    with pytest.raises(UnsafeCommand):
        commands.originate_customer(**CUSTOMER | {field: value})


TEMPLATE = re.compile(
    r"originate \{origination_uuid=[0-9A-Za-z-]+,originate_timeout=\d+,ignore_early_media=true,"
    r"(origination_caller_id_number=\+?[0-9*#]+,)?hangup_after_bridge=true,uuid_bridge_continue_on_cancel=true,"
    r"park_timeout=\d+:NO_PICKUP,accountcode=fsdialer,execute_on_answer='sched_hangup \+\d+ ALLOTTED_TIMEOUT'"
    r"(,fsdialer_[a-z0-9_]+=[0-9A-Za-z_.-]+)*\}[a-z.]+/[0-9A-Za-z_.@:/+*#-]+ "
    r"'playback:silence_stream://\d+,eval:\$\{msleep\(200\)\}"
    r"(,playback:([A-Za-z0-9_./;=*%():-]|\\,)+)?,hangup:NO_PICKUP' inline"
)
ANY_TEXT = st.text(max_size=30) | st.sampled_from(HOSTILE) | st.from_regex(r"[0-9a-z]{1,12}", fullmatch=True)


@settings(max_examples=400)
@given(
    call=ANY_TEXT, number=ANY_TEXT, caller_id=ANY_TEXT, message=ANY_TEXT, lead=ANY_TEXT, tag=ANY_TEXT,
    wait_s=st.floats(), ring_s=st.integers(),
)  # fmt: skip
def test_any_values_make_the_template_or_nothing(call, number, caller_id, message, lead, tag, wait_s, ring_s):
    try:
        text = commands.originate_customer(
            call=call, destination=f"sofia/gateway/trunk/{number}", ring_s=ring_s, caller_id=caller_id, wait_s=wait_s,
            message=message, tags={"lead": lead, tag: "1"},
        )  # fmt: skip
    except UnsafeCommand:
        return
    assert TEMPLATE.fullmatch(text)


# -- what goes over the wire -------------------------------------------------------------------------------
def test_a_command_is_one_line_a_jobs_id_and_a_blank_line():
    assert commands.framed("event plain HEARTBEAT") == b"event plain HEARTBEAT\n\n"
    assert commands.framed("bgapi uptime", "j-1") == b"bgapi uptime\nJob-UUID: j-1\n\n"


@pytest.mark.parametrize(
    "command", ["", "api x\ny", "api x\n\napi system id", "api x\r", "api x\x00", "api \x1b", "a\u2028b"]
)
def test_a_command_of_more_than_one_line_is_refused(command):
    with pytest.raises(UnsafeCommand):
        commands.framed(command)


def test_a_command_longer_than_ours_ever_are_is_refused():
    commands.framed("x" * (commands.LONGEST - 2))
    with pytest.raises(UnsafeCommand):
        commands.framed("x" * (commands.LONGEST - 1))


def test_text_that_would_reload_the_event_socket_is_refused():
    with pytest.raises(UnsafeCommand):
        commands.framed("bgapi uuid_broadcast x /sounds/reload/mod_event_socket.wav")


@pytest.mark.parametrize(
    ("family", "asked"),
    [
        ("call-info", "sip_auto_answer=true"),
        ("alert-info", "sip_h_Alert-Info=<http://127.0.0.1>;info=alert-autoanswer;delay=0"),
    ],
)
def test_a_phone_is_asked_to_answer_by_itself_as_its_family_does(family, asked):
    for text in (
        commands.originate_operator(**OPERATOR | {"family": family}),
        commands.originate_test(leg=LEG, destination="user/1", ring_s=5, caller_name="x", talk_s=4, family=family),
    ):
        assert f",{asked}," in text
        assert ("sip_auto_answer" in text) is (family == "call-info")


def test_a_phone_may_be_left_to_its_own_ways_and_no_family_is_made_up():
    text = commands.originate_operator(**OPERATOR | {"family": "none"})
    assert "sip_auto_answer" not in text and "lert" not in text
    with pytest.raises(UnsafeCommand):
        commands.originate_operator(**OPERATOR | {"family": "x,y=z"})


def test_a_registration_is_asked_for_by_profile_and_user():
    assert phone_commands.registration("operators", "1001", "pbx") == "sofia xmlstatus profile operators user 1001@pbx"
    with pytest.raises(UnsafeCommand):
        phone_commands.registration("x y", "1001")
