"""What hands do to the operator's page in a real browser: click twice, and type until the next card is there."""

import time

import pytest
from playwright.sync_api import expect

from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.retry import NextStep
from tests.journey import wait_until
from tests.web.browser import CHROMIUM, asked, sign_in, state
from tests.web.conftest import NUMBER, connect_customer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium here: apt-get install chromium"),
]
TALKED = Verdict(Disposition.ANSWERED, charged=True, final=True, detail="talked")


def end(acme, call, wrap_up_s):
    """The talk is over, with so much time for the rest."""
    owner = acme.ownership.owner("spring")
    step = NextStep(None, "done", "talked")
    acme.calls.finish(call, owner, time.time(), TALKED, step, wrap_up_s, "NORMAL_CLEARING", None)


def next_customer(acme):
    return connect_customer(acme, "1001", "call-2", number="+12125550188", name="Next One")


def press(page, click_count):
    """The mouse as it stands; the second of a double click is one of count two, whatever is under it by then."""
    page.mouse.down(click_count=click_count)
    page.mouse.up(click_count=click_count)


def point_at(page, selector):
    box = page.locator(selector).first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_nothing_comes_under_the_pointer_where_hang_up_was(page, acme):
    connect_customer(acme, "1001", "call-1")
    sign_in(page)
    state(page, "Talking")
    places = {each: page.locator(each).bounding_box() for each in ("#line", "#pause", "#hangup")}
    point_at(page, "#hangup")
    press(page, 1)
    end(acme, "call-1", 60)
    state(page, "Wrap-up")
    press(page, 1)
    assert {each: page.locator(each).bounding_box() for each in ("#line", "#pause")}.items() <= places.items()
    assert page.locator("#ready").bounding_box()["x"] < places["#line"]["x"]
    assert acme.operators.view("1001").state == "wrap_up"
    page.click("#ready")
    state(page, "Free")


def test_double_click_gets_on_the_line_and_not_off_it_again(page, acme):
    sign_in(page)
    state(page, "Off the line")
    requests = asked(page)
    point_at(page, "#line")
    press(page, 1)
    state(page, "Free")
    press(page, 2)
    page.click("#help-open")  # what was asked before it has gone out
    assert requests.count("on") == 1 and "off" not in requests


def test_double_click_on_an_outcome_does_not_choose_the_next_customers(page, acme):
    connect_customer(acme, "1001", "call-1")
    end(acme, "call-1", 60)
    sign_in(page)
    state(page, "Wrap-up")
    requests = asked(page)
    point_at(page, "#outcomes button")
    press(page, 1)
    state(page, "Free")
    next_customer(acme)
    expect(page.locator("#card-name")).to_have_text("Next One")
    point_at(page, "#outcomes button")
    press(page, 2)
    point_at(page, "#outcomes button:nth-child(2)")
    press(page, 1)
    expect(page.locator("#outcomes [aria-pressed=true]")).to_contain_text("Interested")
    assert requests.count("outcome") == 2


def test_figures_do_not_cover_the_card_of_a_page_zoomed_in(page, acme):
    connect_customer(acme, "1001", "call-1")
    sign_in(page)
    state(page, "Talking")
    page.set_viewport_size({"width": 640, "height": 360})  # a small laptop at 200 %
    page.locator("#outcomes button").last.scroll_into_view_if_needed()
    button, figures = (page.locator(each).bounding_box() for each in ("#outcomes button:last-child", "#figures"))
    assert button["y"] + button["height"] <= figures["y"]


def test_note_that_was_not_saved_when_the_next_card_comes_is_kept_with_its_lead(page, acme):
    """The wrap-up is over by itself while somebody writes."""
    end(acme, connect_customer(acme, "1001", "call-1"), 60)
    sign_in(page)
    state(page, "Wrap-up")
    page.locator("#note").press_sequentially("moves house in May")
    acme.operators.end_wrap_up(["spring"], time.time() + 61)
    next_customer(acme)
    expect(page.locator("#card-name")).to_have_text("Next One")
    lead = acme.leads.find("spring", NUMBER)
    wait_until(lambda: acme.leads.get(lead).note == "moves house in May", what="the note")
    assert acme.leads.get(lead).outcome == "" and acme.operators.card("1001").note == ""
    expect(page.locator("#note")).to_have_value("")
    wait_until(lambda: page.evaluate("sessionStorage.getItem('fsdialer.notes')") == "{}", what="it to be forgotten")


def test_note_that_no_server_took_goes_with_the_next_news(page, acme):
    end(acme, connect_customer(acme, "1001", "call-1"), 60)
    sign_in(page)
    state(page, "Wrap-up")
    page.route("**/note", lambda route: route.abort())
    with page.expect_request("**/note"):
        page.fill("#note", "prefers mornings")
        acme.operators.end_wrap_up(["spring"], time.time() + 61)
        next_customer(acme)
    expect(page.locator("#card-name")).to_have_text("Next One")
    page.unroute("**/note")
    lead = acme.leads.find("spring", NUMBER)
    acme.operators.pause("1001", "Lunch", time.time())
    wait_until(lambda: acme.leads.get(lead).note == "prefers mornings", what="the note")


def test_note_typed_in_one_window_outlives_an_outcome_chosen_in_another(page, acme):
    connect_customer(acme, "1001", "call-1")
    sign_in(page)
    state(page, "Talking")
    other = page.context.new_page()
    other.goto(page.url)
    state(other, "Talking")
    page.fill("#note", "has a dog")
    other.keyboard.press("1")
    end(acme, "call-1", 60)
    expect(page.locator("#card")).to_be_hidden()
    lead = acme.leads.find("spring", NUMBER)
    wait_until(lambda: acme.leads.get(lead).note == "has a dog", what="the note")
    assert acme.leads.get(lead).outcome == "sale"


def test_note_is_there_after_the_page_was_closed_over_it(page, acme):
    connect_customer(acme, "1001", "call-1")
    sign_in(page)
    state(page, "Talking")
    page.locator("#note").press_sequentially("has a dog")
    page.close(run_before_unload=True)
    wait_until(lambda: acme.operators.card("1001").note == "has a dog", what="the note")
