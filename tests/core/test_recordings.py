"""What a recording is called, and what is wrong with one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.campaigns import Campaign
from fsdialer.core.recordings import BEEP, Expected, Finding, Measured, is_path, judge, notice_sound, relative_path

NOW = 1_795_400_000.0
VOICE, LINE_NOISE = 0.1, 0.0005


def side(*parts):
    """Windows of a tenth of a second: (seconds, loudness), one after the other."""
    return tuple(loudness for seconds, loudness in parts for _ in range(round(seconds * 10)))


def measured(left, right):
    return Measured(max(len(left), len(right)) / 10, left, right)


GOOD = measured(side((60, VOICE)), side((60, VOICE)))
MINUTE = Expected(call_s=60.0, talk_from_s=0.1, talk_s=59.9)


def test_recording_is_called_by_company_day_and_call_and_by_nothing_of_the_customer():
    assert relative_path("acme", "0b6566f1-5a16", NOW) == "acme/2026-11-23/0b6566f1-5a16.wav"


@pytest.mark.parametrize("call", ["", "../x", "a b", "a/b", "+12125550100", "x" * 65, "a\n"])
def test_call_id_that_has_no_place_in_a_path_is_refused(call):
    with pytest.raises(ValueError):
        relative_path("acme", call, NOW)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "acme/2026-11-23/../../x.wav",
        "acme/today/x.wav",
        "acme/2026-11-23/x.sh",
        "acme/2026-11-23/x.wav\n",
        "../2026-11-23/x.wav",
    ],
)
def test_what_we_did_not_name_is_no_path_of_ours(path):
    assert not is_path(path)


def test_both_heard_and_as_long_as_the_call_is_as_it_should_be():
    assert judge(MINUTE, GOOD) is Finding.OK


@pytest.mark.parametrize(
    ("call_s", "talk_from_s", "moment"), [(0.1, None, True), (1.5, None, False), (0.9, 0.1, False), (None, None, False)]
)
def test_call_that_was_over_as_it_began_is_only_a_moment(call_s, talk_from_s, moment):
    assert Expected(call_s, talk_from_s, 0.0).only_a_moment is moment


def test_what_could_not_be_read_is_unreadable():
    assert judge(MINUTE, None) is Finding.UNREADABLE


@pytest.mark.parametrize(
    ("call_s", "file_s", "finding"),
    [(60, 58.1, "ok"), (60, 57.9, "short"), (3600, 3530, "ok"), (3600, 3500, "short"), (1.5, 0.1, "ok")],
)
def test_recording_may_be_shorter_by_two_seconds_or_two_percent(call_s, file_s, finding):
    sides = side((file_s, VOICE))
    expected = Expected(call_s, 0.1, call_s - 0.1)
    assert judge(expected, Measured(file_s, sides, sides)) == finding


def test_call_whose_true_end_is_not_known_is_not_called_short():
    expected = Expected(call_s=None, talk_from_s=0.1, talk_s=600)
    assert judge(expected, GOOD) is Finding.OK


@pytest.mark.parametrize(
    ("left", "right", "finding"),
    [
        (LINE_NOISE, VOICE, Finding.CUSTOMER_SILENT),
        (VOICE, LINE_NOISE, Finding.OPERATOR_SILENT),
        (0.0, 0.0, Finding.SILENT),
    ],
)
def test_side_with_nothing_but_noise_on_the_line_is_silent(left, right, finding):
    assert judge(MINUTE, measured(side((60, left)), side((60, right)))) is finding


def test_sides_that_are_one_sound_are_mixed_unless_nothing_is_heard_at_all():
    loud, quiet = side((60, VOICE)), side((60, 0.0))
    assert judge(MINUTE, Measured(60, loud, loud, same=True)) is Finding.MIXED
    assert judge(MINUTE, Measured(60, quiet, quiet, same=True)) is Finding.SILENT


def test_customer_who_says_yes_once_in_a_minute_is_not_silent():
    customer = side((30, LINE_NOISE), (0.4, VOICE), (29.6, LINE_NOISE))
    assert judge(MINUTE, measured(customer, side((60, VOICE)))) is Finding.OK


def test_voice_before_the_bridge_is_nobodys_who_talks():
    """The message of the waiting room stands on the operator's side."""
    expected = Expected(call_s=60.0, talk_from_s=5.0, talk_s=55.0)
    operator = side((5, VOICE), (55, LINE_NOISE))
    assert judge(expected, measured(side((60, VOICE)), operator)) is Finding.OPERATOR_SILENT


def test_call_nobody_took_is_judged_by_its_length_alone():
    expected = Expected(call_s=10.0, talk_from_s=None, talk_s=0.0)
    assert judge(expected, measured(side((10, 0.0)), side((10, 0.0)))) is Finding.OK


def test_silence_of_a_few_seconds_of_talk_says_nothing():
    expected = Expected(call_s=4.5, talk_from_s=0.1, talk_s=4.4)
    assert judge(expected, measured(side((4.5, VOICE)), side((4.5, 0.0)))) is Finding.OK


def test_beeps_of_the_notice_are_no_operators_voice():
    beeps = side(*[(0.2, VOICE), (14.8, LINE_NOISE)] * 4)
    expected = Expected(60.0, 0.1, 59.9, notice="tone")
    assert judge(expected, measured(side((60, VOICE)), beeps)) is Finding.OPERATOR_SILENT
    speaking = tuple(max(pair) for pair in zip(beeps, side((40, LINE_NOISE), (20, VOICE)), strict=True))
    assert judge(expected, measured(side((60, VOICE)), speaking)) is Finding.OK


def test_announcement_is_no_operators_voice_and_a_talk_it_fills_is_not_judged():
    announcement = side((8, VOICE), (52, LINE_NOISE))
    expected = Expected(60.0, 0.1, 59.9, notice="notice.wav")
    assert judge(expected, measured(side((60, VOICE)), announcement)) is Finding.OPERATOR_SILENT
    short = Expected(15.0, 0.1, 14.9, notice="notice.wav")
    assert judge(short, measured(side((15, VOICE)), announcement[:150])) is Finding.OK


def test_notice_is_a_beep_a_file_or_nothing():
    def sound(**settings):
        return notice_sound(Campaign("acme", "spring", **settings))

    assert sound(record=True) == ""
    assert sound(record=True, record_notice="tone") == BEEP
    assert sound(record=True, record_notice="sounds/notice.wav") == "sounds/notice.wav"
    assert sound(record=False, record_notice="tone") == ""


windows = st.lists(st.floats(0, 1, allow_nan=False), max_size=900).map(tuple)


@given(
    left=windows,
    right=windows,
    call_s=st.none() | st.floats(0, 90),
    talk_from_s=st.none() | st.floats(0, 30),
    talk_s=st.floats(0, 90),
    notice=st.sampled_from(["none", "tone", "notice.wav"]),
)
def test_every_recording_is_judged_and_more_sound_never_makes_a_side_silent(
    left, right, call_s, talk_from_s, talk_s, notice
):
    expected = Expected(call_s, talk_from_s, talk_s, notice)
    seconds = max(len(left), len(right)) / 10
    found = judge(expected, Measured(seconds, left, right))
    louder = judge(expected, Measured(seconds, tuple(1.0 for _ in left), tuple(1.0 for _ in right)))
    order = [Finding.OK, Finding.CUSTOMER_SILENT, Finding.OPERATOR_SILENT, Finding.SILENT, Finding.SHORT]
    assert order.index(louder) <= order.index(found)
