"""The people who are called: by number for tests, by seeded chance for the lab."""

from collections import Counter

import pytest

from fsdialer.lab.people import CHANCES, DEAD_NUMBERS, NEVER, People
from tests.lab.test_wire import CALL, call

MANY = [f"+1555{n:07d}" for n in range(4000)]


@pytest.mark.parametrize(
    ("suffix", "result", "events"),
    [
        ("200", f"+OK {CALL}\n", ["CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_ANSWER"]),
        ("203", f"+OK {CALL}\n", ["CHANNEL_CREATE", "CHANNEL_ANSWER"]),
        ("404", "-ERR UNALLOCATED_NUMBER\n", ["CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE"]),
        ("480", "-ERR NO_USER_RESPONSE\n", ["CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE"]),
        ("486", "-ERR USER_BUSY\n", ["CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE"]),
        ("503", "-ERR NORMAL_TEMPORARY_FAILURE\n", ["CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE"]),
        ("603", "-ERR CALL_REJECTED\n", ["CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_HANGUP_COMPLETE"]),
    ],
)
def test_the_last_three_digits_decide(line, suffix, result, events):
    assert call(line, f"15550{suffix}") == result
    assert line.event(events[-1], CALL)
    assert line.kinds(CALL)[: len(events)] == events


def test_who_does_not_answer_rings_until_the_caller_gives_up(line):
    assert call(line, "15550408", originate_timeout="1") == "-ERR NO_ANSWER\n"
    end = line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers
    assert (end["Hangup-Cause"], end["variable_sip_hangup_disposition"]) == ("NO_ANSWER", "send_cancel")


@pytest.mark.parametrize("suffix", ["201", "202", "203"])
def test_who_hangs_up_after_a_moment_answers_first(suffix):
    plan = People(False, 1).plan(f"15550{suffix}", 1)
    assert plan.status is None and plan.ring_s < 1 and plan.talk_s == plan.patience_s < 5


def test_who_hangs_up_says_so_by_a_bye_of_their_own(line):
    call(line, "15550201")
    end = line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers
    assert (end["Hangup-Cause"], end["variable_sip_hangup_disposition"]) == ("NORMAL_CLEARING", "recv_bye")


def test_fate_can_be_chosen_for_one_number(line):
    assert line.api("lab number +15550200 busy") == "+OK\n"
    assert call(line, "15550200") == "-ERR USER_BUSY\n"


# -- by chance -------------------------------------------------------------------------------------------------
def plans(seed, attempt=1, scale=1.0):
    people = People(True, seed, scale)
    return [people.plan(number, attempt) for number in MANY]


def test_the_same_seed_gives_everybody_the_same_fate_whoever_is_called_first():
    people = People(True, 7)
    assert [people.plan(number, 1) for number in reversed(MANY)] == list(reversed(plans(7)))


def test_another_seed_or_another_attempt_gives_another_fate():
    assert plans(7) != plans(8)
    assert plans(7, 1) != plans(7, 2)


def test_fates_fall_in_the_stated_proportions():
    counts = Counter(plan.status or ("no answer" if plan.ring_s == NEVER else "answers") for plan in plans(1))
    alive = 1 - DEAD_NUMBERS / 100
    assert counts["answers"] / len(MANY) == pytest.approx(alive * CHANCES["answers"] / 100, abs=0.03)
    assert counts["no answer"] / len(MANY) == pytest.approx(alive * CHANCES["noanswer"] / 100, abs=0.03)
    assert counts[486] / len(MANY) == pytest.approx(alive * CHANCES["busy"] / 100, abs=0.02)
    assert counts[404] / len(MANY) == pytest.approx(DEAD_NUMBERS / 100, abs=0.01)


def test_a_number_that_does_not_exist_never_will():
    people = People(True, 1)
    dead = [number for number in MANY if people.plan(number, 1).status == 404]
    assert dead and all(people.plan(number, attempt).status == 404 for number in dead for attempt in range(2, 6))


def test_people_ring_and_talk_for_as_long_as_people_do():
    answers = [plan for plan in plans(1) if plan.status is None and plan.ring_s < NEVER and plan.talk_s > 1]
    rings, talks = sorted(plan.ring_s for plan in answers), sorted(plan.talk_s for plan in answers)
    assert 5 < rings[len(rings) // 2] < 7 and max(rings) <= 22
    assert 25 < talks[len(talks) // 2] < 35 and talks[int(len(talks) * 0.95)] > 80


def test_scale_shortens_ringing_and_talking_and_changes_nobodys_mind():
    for plan, short in zip(plans(3), plans(3, scale=0.1), strict=True):
        assert (plan.status, plan.rings) == (short.status, short.rings)
        if plan.ring_s < NEVER and plan.status is None:
            assert short.ring_s == pytest.approx(plan.ring_s / 10)
            assert short.talk_s == pytest.approx(plan.talk_s / (10 if plan.beep_s is None else 1))


def test_some_answers_are_machines_which_greet_beep_and_record():
    machines = [plan for plan in plans(3, scale=0.1) if plan.beep_s is not None]
    assert machines and all(3 <= plan.beep_s <= 8 and plan.talk_s == plan.beep_s + 20 for plan in machines)
