"""The operator's page in a real browser: the test of their phone, and whether somebody sits at it."""

import time

import pytest
from playwright.sync_api import expect

from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.phones import judge_test
from fsdialer.core.retry import NextStep
from tests.journey import wait_until
from tests.web.browser import CHROMIUM, sign_in, state
from tests.web.conftest import connect_customer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium here: apt-get install chromium"),
]


def test_operator_is_asked_whether_they_heard_themselves_and_reads_what_to_mend(page, acme):
    sign_in(page)
    state(page, "Off the line")
    expect(page.locator("#phone-heard")).to_be_hidden()
    good = judge_test("1001", "NORMAL_CLEARING", 0.3, 290, True, ["10.0.0.9:5060"]).words
    acme.phone_tests.over("1001", True, good, time.time())
    page.click("text=No, nothing")
    expect(page.locator("#phone-test")).to_contain_text("but you hear nothing: turn its sound up")
    expect(page.locator("#phone-heard")).to_be_hidden()


def test_phone_may_be_tested_while_the_outcome_of_the_last_call_is_open(page, acme):
    call, owner = connect_customer(acme, "1001", "call-1"), acme.ownership.owner("spring")
    sign_in(page)
    state(page, "Talking")
    expect(page.locator("#test")).to_be_hidden()
    over = Verdict(Disposition.ANSWERED, charged=True, final=True, detail="talked")
    acme.calls.finish(call, owner, time.time(), over, NextStep(None, "done", "talked"), 15, "NORMAL_CLEARING", None)
    acme.operators.leave_line("1001", time.time())
    state(page, "Off the line")
    expect(page.locator("#past")).to_be_visible()
    page.click("text=Test my phone")
    expect(page.locator("#phone-test")).to_contain_text("say something after the tone")
    assert acme.operators.view("1001").phone_test_asked_at


def test_page_gives_signs_that_it_is_open_and_says_goodbye(page, acme):
    """Loaded again it has said both; closed it is not seen any more."""
    sign_in(page)
    state(page, "Off the line")
    acme.operators.seen("1001", time.time() - 60)
    wait_until(lambda: time.time() - acme.operators.view("1001").seen < 30, 15, "a sign")
    assert acme.operators.view("1001").left is None
    page.reload()
    state(page, "Off the line")
    wait_until(lambda: acme.operators.view("1001").left, 15, "the goodbye")
    wait_until(lambda: at_page(acme.operators, "1001"), 15, "a sign of the page loaded again")
    page.close(run_before_unload=True)
    wait_until(lambda: not at_page(acme.operators, "1001"), 15, "the second goodbye")


def at_page(operators, operator):
    view = operators.view(operator)
    return view.left < view.seen
