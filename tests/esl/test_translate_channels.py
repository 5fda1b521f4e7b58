"""What the switch answers about channels: the table of them, and one of them."""

import json

import pytest

from fsdialer.esl.frames import FrameReader
from fsdialer.esl.translate import (
    ChannelSnapshot,
    channel_rows,
    contact_profile,
    contacts,
    dumped,
    phones,
    sharing,
    user_agent,
)
from tests.esl import captures


def answer_to(command):
    """The body FreeSWITCH sent in answer to a recorded api command."""
    sent = [text.strip() for text in captures.sent_by_client("api-replies")]
    frames = FrameReader().feed(captures.sent_by_server("api-replies"))
    answers = [frame for frame in frames if frame.content_type in ("api/response", "command/reply")]
    return answers[sent.index(command)].text


def test_the_recorded_table_of_channels_is_read():
    recorded = answer_to("api show channels as json")
    assert channel_rows(recorded) == [row["uuid"] for row in json.loads(recorded)["rows"]]
    assert len(channel_rows(recorded)) == 2


def test_a_table_without_channels_has_no_rows():
    assert channel_rows('{"row_count": 0}') == []


def test_rows_without_an_id_are_passed_over():
    assert channel_rows('{"row_count": 3, "rows": [{"uuid": "u-1"}, {"uuid": ""}, 5, {}]}') == ["u-1"]


@pytest.mark.parametrize("text", ["-ERR SQL disabled, no data available!\n", "", "[]", "null", "[" * 100_000])
def test_what_is_no_table_and_no_channel_is_refused(text):
    with pytest.raises(ValueError, match="."):
        channel_rows(text)
    with pytest.raises(ValueError, match="."):
        dumped(text)


def test_the_recorded_channel_is_read():
    recorded = answer_to("api uuid_dump 5218c27f-7534-4980-9e7e-60cb6709ecf6 json")
    values = json.loads(recorded)
    assert dumped(recorded) == ChannelSnapshot(
        uuid="5218c27f-7534-4980-9e7e-60cb6709ecf6",
        answered_at=int(values["Caller-Channel-Answered-Time"]) / 1e6,
        bridged_to="",
        variables={"fsdialer_lead": "42", "fsdialer_campaign": "spring"},
    )


@pytest.mark.parametrize(
    ("state", "application", "bridged"),
    [
        ("CS_EXCHANGE_MEDIA", "", True),
        ("CS_SOFT_EXECUTE", "", True),
        ("CS_EXECUTE", "bridge", True),
        ("CS_EXECUTE", "park", False),
        ("CS_EXECUTE", "playback", False),
        ("CS_CONSUME_MEDIA", "", False),
    ],
)
def test_a_channel_is_bridged_by_its_state_and_not_by_what_an_old_bridge_left(state, application, bridged):
    channel = {
        "Unique-ID": "u-1",
        "Channel-State": state,
        "Other-Leg-Unique-ID": "u-2",
        "Caller-Channel-Answered-Time": "0",
        "variable_current_application": application,
        "variable_bridge_uuid": "u-2",
    }
    snapshot = dumped(json.dumps(channel))
    assert snapshot == ChannelSnapshot("u-1", None, "u-2" if bridged else "", {})


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("error/user_not_registered\n", []),
        ("sofia/operators/sip:1001@127.0.0.1:5070\n", ["127.0.0.1:5070"]),
        (
            "sofia/operators/sip:1001-0x5@10.0.0.5:5060;fs_nat=yes;fs_path=sip%3A1001%4010.0.0.5,"
            "sofia/operators/sip:1001@10.0.0.6:5060;transport=tcp",
            ["10.0.0.5:5060", "10.0.0.6:5060"],
        ),
        ("sofia/operators/sip:a@b.invalid;transport=ws", ["b.invalid"]),
        ("sofia/operators/sip:1001@[2001:db8::1]:5060", ["[2001:db8::1]:5060"]),
        ("", []),
    ],
)
def test_where_a_phone_is_registered(said, where):
    assert contacts(said) == where


def registered(user, contact, source):
    """A row as FreeSWITCH 1.11 has it, shortened."""
    ip, port = source.split(":")
    return (
        f"    <registration>\n        <user>{user}</user>\n"
        f"        <contact>&quot;&quot; &lt;sip:{user.partition('@')[0]}@{contact};ob&gt;</contact>\n"
        f"        <network-ip>{ip}</network-ip>\n        <network-port>{port}</network-port>\n    </registration>\n"
    )


def as_phone(registration, contact_user, agent="baresip v1"):
    return registration.replace("sip:1001@", f"sip:{contact_user}@").replace(
        "</user>", f"</user><agent>{agent}</agent>"
    )


OWN = registered("1001@acme", "10.0.0.5:5060", "10.0.0.5:5060")


@pytest.mark.parametrize(
    ("others", "found"),
    [
        (registered("1002@acme", "10.0.0.5:5060", "10.0.0.5:5060"), {"10.0.0.5:5060": ["1002"]}),
        (registered("1001@other", "10.0.0.5:5060", "10.0.0.5:5060"), {"10.0.0.5:5060": ["1001"]}),
        (OWN, {}),  # again
        (registered("1002@acme", "10.0.0.6:5060", "10.0.0.5:5060"), {}),  # behind one proxy
        (registered("1002@acme", "10.0.0.5:5060", "192.0.2.9:1024"), {}),  # in another home
        ("<registration><user></user></registration>", {}),
        ("", {}),
    ],
)
def test_who_else_is_registered_with_the_same_phone(others, found):
    text = f"<profile>\n  <registrations>\n{others}{OWN}{others}  </registrations>\n</profile>"
    assert sharing(text, "1001", "acme") == found
    assert sharing("Invalid Profile!", "1001", "acme") == {}


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        ([as_phone(OWN, "1001-0x5"), as_phone(OWN, "1001-0x6")], ["10.0.0.5:5060"]),  # it was started anew
        ([as_phone(OWN, "1001-0x5"), as_phone(OWN, "1001-0x6", "MicroSIP/3")], ["10.0.0.5:5060", "10.0.0.5:5060"]),
        ([OWN, registered("1001@acme", "10.0.0.5:5060", "192.0.2.9:1024")], ["10.0.0.5:5060", "10.0.0.5:5060"]),
        ([OWN, registered("1001@acme", "10.0.0.6:5060", "10.0.0.6:5060")], ["10.0.0.5:5060", "10.0.0.6:5060"]),
        ([registered("1001@other", "10.0.0.5:5060", "10.0.0.5:5060")], []),
        ([registered("1002@acme", "10.0.0.5:5060", "10.0.0.5:5060")], []),
    ],
)
def test_a_phone_that_was_started_anew_is_one_phone_and_two_are_two(rows, where):
    assert phones(f"<registrations>{''.join(rows)}</registrations>", "1001", "acme") == where


def test_whatever_the_domain_when_the_switch_has_but_one():
    other = registered("1002@acme", "10.0.0.5:5060", "10.0.0.5:5060")
    assert sharing(OWN + other, "1001", "") == {"10.0.0.5:5060": ["1002"]}


def test_what_a_phone_said_of_itself_is_read_from_its_last_registration():
    text = "<registration>\n<agent>old</agent></registration><registration><agent>A &amp; B/1</agent></registration>"
    assert user_agent(text) == "A & B/1" and user_agent("Invalid Profile!") == ""
    assert contact_profile("sofia/operators/sip:1001@h") == "operators"
    assert contact_profile("error/user_not_registered") == ""
