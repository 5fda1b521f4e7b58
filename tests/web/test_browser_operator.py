"""The operator's page in a real browser: the test of their phone, and whether somebody sits at it."""

import time

import pytest
from playwright.sync_api import expect

from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.phones import judge_test
from fsdialer.core.retry import NextStep
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
