"""The operator's page in a real browser: the test of their phone, and whether somebody sits at it."""

import json
import time

import pytest
from playwright.sync_api import expect

from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.phones import judge_test
from fsdialer.core.retry import NextStep
from tests.journey import wait_until
from tests.web.browser import CHROMIUM, asked, sign_in, state
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


# -- at the keyboard -------------------------------------------------------------------------------------------------
TALKED = Verdict(Disposition.ANSWERED, charged=True, final=True, detail="talked")


def wishes(acme, after):
    return [entry for _, entry in acme.feed.read(after, 1) if entry["type"] == "wish"]


def end(acme, call):
    """The talk is over, and nothing is to be done after it."""
    owner = acme.ownership.owner("spring")
    acme.calls.finish(call, owner, time.time(), TALKED, NextStep(None, "done", "talked"), 0, "NORMAL_CLEARING", None)


def next_customer(acme, talking=True):
    return connect_customer(acme, "1001", "call-2", talking, "+12125550188", name="Next One")


def test_words_typed_while_the_next_card_opens_are_no_shortcuts(page, acme):
    """h hangs up, o leaves the line, 1 is a sale: somebody who writes their last note presses all of them."""
    end(acme, connect_customer(acme, "1001", "call-1"))
    sign_in(page)
    state(page, "Free")
    page.locator("#note").press_sequentially("wants another ")
    before = acme.feed.last_id()
    next_customer(acme)
    expect(page.locator("#card-name")).to_have_text("Next One")
    state(page, "Talking")
    page.keyboard.type("phone on 1 Nov")
    time.sleep(1.1)  # nothing is pressed for as long as it takes
    page.keyboard.press("h")
    wait_until(lambda: wishes(acme, before), what="the call to be hung up by the one key that was meant")
    assert len(wishes(acme, before)) == 1
    view = acme.operators.view("1001")
    assert (view.state, view.wish) == ("on_call", "") and not acme.operators.card("1001").outcome


def test_hang_up_that_is_pressed_for_one_call_does_not_end_the_next(page, acme):
    """On a slow network the request arrives when the next customer is there."""
    connect_customer(acme, "1001", "call-1")
    late = []
    page.route("**/hangup", lambda route: late.append(route))
    sign_in(page)
    state(page, "Talking")
    page.keyboard.press("h")
    wait_until(lambda: late or page.wait_for_timeout(50), what="the request")
    end(acme, "call-1")
    next_customer(acme)
    expect(page.locator("#card-name")).to_have_text("Next One")
    before = acme.feed.last_id()
    with page.expect_response("**/hangup") as answer:
        late[0].continue_()
    assert answer.value.status == 409 and not wishes(acme, before)


def test_a_key_that_is_held_down_counts_once(page, acme):
    sign_in(page)
    state(page, "Off the line")
    requests = asked(page)
    for _ in range(3):  # the second and third time the browser tells of a key that repeats itself
        page.keyboard.down("o")
    state(page, "Free")
    page.keyboard.up("o")
    assert requests.count("on") == 1 and "off" not in requests


def test_note_outlives_a_reload_of_the_page_until_it_is_saved(page, acme):
    connect_customer(acme, "1001", "call-1")
    sign_in(page)
    page.fill("#note", "has a dog")
    page.reload()
    state(page, "Talking")
    expect(page.locator("#note")).to_have_value("has a dog")
    page.keyboard.press("1")
    wait_until(lambda: acme.operators.card("1001").note == "has a dog", what="the note to be saved")
    expect(page.locator("#outcomes [aria-pressed=true]")).to_contain_text("Sale")
    assert page.evaluate("sessionStorage.getItem('fsdialer.notes')") == "{}"


def test_call_back_time_that_is_refused_stays_to_be_mended(page, acme):
    connect_customer(acme, "1001", "call-1")
    sign_in(page)
    state(page, "Talking")
    page.keyboard.press("4")
    page.fill("#callback-at", "2020-02-01T10:00")
    page.click("#callback button")
    expect(page.locator("#error")).to_contain_text("the call-back time has passed")
    expect(page.locator("#callback-at")).to_have_value("2020-02-01T10:00")
    page.fill("#callback-at", "2099-02-01T10:00")
    page.click("#callback button")
    expect(page.locator("#callback")).to_be_hidden()
    expect(page.locator("#error")).to_be_hidden()


def test_keys_are_shortcuts_again_when_a_call_back_was_saved_and_its_card_is_gone(page, acme):
    """Firefox leaves the focus in a field that is hidden; so the page has to take it away."""
    call, owner = connect_customer(acme, "1001", "call-1"), acme.ownership.owner("spring")
    over = Verdict(Disposition.ANSWERED, charged=True, final=True, detail="talked")
    acme.calls.finish(call, owner, time.time(), over, NextStep(None, "done", "talked"), 60, "NORMAL_CLEARING", None)
    sign_in(page)
    state(page, "Wrap-up")
    page.evaluate("""() => {
        window.blurred = 0;
        const blur = HTMLElement.prototype.blur;
        HTMLElement.prototype.blur = function () { window.blurred += 1; blur.call(this); };
    }""")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    state(page, "Free")
    expect(page.locator("#card")).to_be_hidden()
    wait_until(lambda: page.evaluate("document.getElementById('callback').hidden"), what="the form to be closed")
    assert page.evaluate("window.blurred") == 1


def test_trouble_of_the_server_is_told_as_long_as_it_lasts(page, acme):
    words = "The server cannot reach its database; trying again."
    body = f"retry: 100\nevent: trouble\ndata: {json.dumps({'reason': words})}\n\n"
    page.route("**/feed", lambda route: route.fulfill(body=body, content_type="text/event-stream"), times=1)
    sign_in(page)
    expect(page.locator("#error")).to_have_text(words)
    state(page, "Off the line")
    expect(page.locator("#error")).to_be_hidden()


def test_seconds_that_run_are_not_read_aloud(page, acme):
    """A screen reader would say each of them, over the customer's voice."""
    sign_in(page)
    state(page, "Off the line")
    assert page.get_attribute("#state", "aria-live") == "polite" and page.get_attribute("#since", "aria-live") == "off"
    connect_customer(acme, "1001", "call-1")
    expect(page.get_by_role("region", name="Zoé Pérez")).to_be_focused()
