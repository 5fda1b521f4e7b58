"""Where a company's leads may make it call, and what is shown there."""

import pytest

from fsdialer.core.caller_ids import choose
from fsdialer.core.campaigns import CallerIdChoice, Company
from fsdialer.core.destinations import barred

ANYWHERE = Company("acme")
SOME = Company("acme", allowed_destinations=("US", "+4930"))


@pytest.mark.parametrize("number", ["+12125550100", "+4930123456", "+442079460000"])
def test_without_a_list_every_ordinary_number_may_be_called(number):
    assert barred(number, ANYWHERE) == ""


@pytest.mark.parametrize(
    ("number", "may"),
    [
        ("+12125550100", True),
        ("+16135550100", False),  # Canada shares +1 with the United States
        ("+4930123456", True),
        ("+4989123456", False),
    ],
)
def test_a_list_of_countries_and_prefixes_is_kept_to(number, may):
    assert (barred(number, SOME) == "") is may


@pytest.mark.parametrize("number", ["+19005550100", "+449098790000", "+447012345678", "+8816123456", "+97912345678"])
def test_numbers_that_cost_the_caller_extra_are_refused_unless_asked_for(number):
    assert "premium_allowed" in barred(number, ANYWHERE)
    assert barred(number, Company("acme", premium_allowed=True)) == ""


def test_what_is_no_number_is_refused():
    assert barred("sip:x@y", ANYWHERE)


IDS = ("+12125550100", "+13105550100", "+442079460000")


def test_caller_ids_go_in_turn():
    assert [choose(IDS, CallerIdChoice.TURN, "+13105550199", turn) for turn in range(4)] == [*IDS, IDS[0]]


def test_the_nearest_caller_id_shares_the_most_digits():
    assert choose(IDS, CallerIdChoice.NEAREST, "+13105550199", 0) == IDS[1]
    assert choose(IDS, CallerIdChoice.NEAREST, "+442079460199", 1) == IDS[2]


def test_equally_near_caller_ids_go_in_turn():
    shown = [choose(IDS, CallerIdChoice.NEAREST, "+14155550199", turn) for turn in range(3)]
    assert shown == [IDS[0], IDS[1], IDS[0]]


def test_without_caller_ids_none_is_shown():
    assert choose((), CallerIdChoice.NEAREST, "+12125550100", 3) == ""
