"""What is said to a switch about REFER."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.errors import UnsafeCommand
from fsdialer.esl.commands import GUARD_MS, waiting_room
from fsdialer.esl.refer_commands import let_ring, refer, refer_answer, refer_result

LEG = "11111111-2222-4333-8444-555555555555"


def test_a_refer_names_the_leg_and_a_plain_sip_address():
    assert refer(LEG, "sip:1001@10.0.0.5:5060") == f"uuid_deflect {LEG} sip:1001@10.0.0.5:5060"
    assert refer_answer(LEG) == f"uuid_getvar {LEG} sip_refer_status_code"
    assert refer_result(LEG) == f"uuid_getvar {LEG} sip_refer_target_status_code"


@pytest.mark.parametrize(
    "target",
    [
        "1001@host",
        "sip:1001",
        "sip:1 1@host",
        "sip:1@h\nx",
        "sip:1@h;a=b",
        "<sip:1@h>",
        "sip:${x}@h",
        "sip:1@h?R=1",
        "",
    ],
)
def test_anything_else_than_a_plain_sip_address_is_not_sent(target):
    with pytest.raises(UnsafeCommand):
        refer(LEG, target)


@pytest.mark.parametrize("leg", ["", "a b", "a\nb", "all"[:0], "x" * 65])
def test_what_is_no_leg_is_not_named(leg):
    for command in (lambda: refer(leg, "sip:1@h"), lambda: refer_answer(leg), lambda: let_ring(leg, 3)):
        with pytest.raises(UnsafeCommand):
            command()


def test_ringing_ends_as_the_waiting_room_of_that_leg_does():
    room = waiting_room(LEG, r"tone_stream://v=-13;%(1000\,3800\,440\,480)", "sorry.wav", "9")
    assert let_ring(LEG, 5, "sorry.wav", "9") == f"uuid_transfer {LEG} {room} inline"


@given(st.floats(0.1, 600))
def test_ringing_is_as_long_as_the_wait_to_a_few_milliseconds(wait_s):
    command = let_ring(LEG, wait_s)
    on, off = map(int, re.search(r"%\((\d+)\\,(\d+)", command).groups())
    loops = re.search(r"loops=(\d+)", command)
    times = int(loops[1]) if loops else 1
    assert -1 <= max(100, wait_s * 1000 - GUARD_MS) - (on + off) * times <= times + 1 and 0 < on <= 1000


@pytest.mark.parametrize("wait_s", [0, -1, 601, float("nan"), float("inf")])
def test_a_wait_that_is_none_is_refused(wait_s):
    with pytest.raises(UnsafeCommand):
        let_ring(LEG, wait_s)
