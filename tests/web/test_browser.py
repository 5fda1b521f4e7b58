"""The pages in a real browser, against the web as a process of its own and a real Redis."""

import dataclasses
import time
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.leads import NewLead
from fsdialer.core.retry import NextStep
from fsdialer.core.times import day, iso
from fsdialer.store.recordings import Recording
from tests.journey import wait_until
from tests.sound import tone, write_stereo
from tests.web.browser import CHROMIUM, sign_in, state
from tests.web.conftest import NUMBER, connect_customer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium here: apt-get install chromium"),
]
TALKED = Verdict(Disposition.ANSWERED, True, True, "talked")


def test_operator_signs_in_gets_on_the_line_and_leaves_it(page, acme):
    sign_in(page)
    state(page, "Off the line")
    page.click("text=Get on line")
    state(page, "Free")
    assert acme.operators.on_line("spring") == {"1001"}
    page.keyboard.press("o")
    state(page, "Off the line")


def test_an_answer_that_comes_after_newer_news_does_not_bring_the_old_state_back(page, acme):
    """As on a busy machine: the feed is faster than the answer to what was asked before."""
    late = []
    page.route("**/off", lambda route: late.append((route, route.fetch())))
    sign_in(page)
    page.click("text=Get on line")
    state(page, "Free")
    page.keyboard.press("o")
    state(page, "Off the line")
    acme.operators.go_on_line("1001", "spring", time.time(), via="web")
    state(page, "Free")
    ((route, answer),) = late
    page.evaluate("document.getElementById('error').hidden = false")
    with page.expect_response("**/off") as arrived:
        route.fulfill(response=answer)
    assert arrived.value.json()["label"] == "Off the line"
    expect(page.locator("#error")).to_be_hidden()  # the answer has been taken in
    state(page, "Free")


def test_card_opens_by_itself_on_reservation_and_an_outcome_is_a_key(page, acme):
    sign_in(page)
    page.click("text=Get on line")
    state(page, "Free")
    connect_customer(acme, "1001", "call-1", talking=False)
    expect(page.locator("#card-name")).to_have_text("Zoé Pérez")
    state(page, "A customer is coming")
    assert page.title().startswith("☎")
    owner = acme.ownership.owner("spring")
    acme.calls.talking("call-1", owner, "1001", time.time(), 40)
    state(page, "Talking")
    page.keyboard.press("n")
    page.keyboard.type("wants two")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    wait_until(lambda: acme.leads.get(acme.leads.find("spring", NUMBER)).outcome == "sale", what="the outcome")
    assert acme.leads.get(acme.leads.find("spring", NUMBER)).note == "wants two"
    expect(page.locator("#outcomes button").first).to_have_attribute("aria-pressed", "true")


def test_call_back_later_asks_for_the_time(page, acme):
    connect_customer(acme, "1001", "call-1")
    sign_in(page)
    page.click("#outcomes >> text=Call back later")
    page.click("#callback button")
    lead = acme.leads.find("spring", NUMBER)
    wait_until(lambda: acme.leads.get(lead).outcome == "callback", what="the outcome")
    assert acme.leads.get(lead).next_at == pytest.approx(time.time() + 3600, abs=120)


def test_pause_with_a_reason_and_back(page, acme):
    sign_in(page)
    page.click("text=Get on line")
    state(page, "Free")
    page.keyboard.press("p")
    page.click("#pause-menu >> text=Lunch")
    state(page, "Paused")
    expect(page.locator("#reason")).to_have_text("Lunch")
    page.keyboard.press("r")
    state(page, "Free")


def test_reason_of_a_failed_phone_is_on_the_page(page, acme):
    sign_in(page)
    page.click("text=Get on line")
    state(page, "Free")
    acme.operators.phone_down("1001", "Your phone 1001 did not answer", time.time())
    state(page, "Off the line")
    expect(page.locator("#reason")).to_have_text("Your phone 1001 did not answer")


def test_two_tabs_agree(page, acme):
    sign_in(page)
    state(page, "Off the line")
    other = page.context.new_page()
    other.goto(page.url)
    state(other, "Off the line")
    page.click("text=Get on line")
    state(other, "Free")
    other.click("text=Leave the line")
    state(page, "Off the line")


def test_page_reconnects_by_itself_and_shows_the_truth_again(page, acme, site):
    sign_in(page)
    page.click("text=Get on line")
    state(page, "Free")
    site.process.kill()
    expect(page.locator("#connection")).to_be_visible()
    acme.operators.pause("1001", "Meeting", time.time())
    site.start()
    state(page, "Paused")
    expect(page.locator("#connection")).to_be_hidden()


def test_several_operators_sit_in_one_browser(page, acme, site):
    sign_in(page, "1001")
    state(page, "Off the line")
    other = page.context.new_page()
    other.goto(site.url)
    sign_in(other, "1002")
    state(other, "Off the line")
    page.click("text=Get on line")
    state(page, "Free")
    expect(other.locator("#name")).to_have_text("Bob")
    state(other, "Off the line")
    other.click("text=Get on line")
    state(other, "Free")
    assert acme.operators.on_line("spring") == {"1001", "1002"}


def test_hidden_number_is_nowhere_in_the_page(page, acme):
    acme.setup.save_company(dataclasses.replace(acme.setup.company(), hide_numbers=True))
    connect_customer(acme, "1001", "call-1")
    sign_in(page)
    expect(page.locator("#card-name")).to_have_text("Zoé Pérez")
    assert NUMBER[1:] not in page.content()
    assert "•" in page.locator("#card-number").inner_text()


def test_lead_data_is_text_whatever_it_says(page, acme):
    fields = {"Site": "javascript:alert(1)", "Shop": "https://example.com/a", "Odd": "<img src=x onerror=alert(1)>"}
    connect_customer(acme, "1001", "call-1", name="<b>Zoé</b><script>alert(1)</script>", fields=fields)
    page.on("dialog", lambda dialog: pytest.fail("a script of the lead ran"))
    sign_in(page)
    expect(page.locator("#card-name")).to_have_text("<b>Zoé</b><script>alert(1)</script>")
    links = page.locator("#card-fields a")
    assert [links.nth(i).get_attribute("href") for i in range(links.count())] == ["https://example.com/a"]


def test_everything_needed_fits_a_small_laptop(page, acme):
    page.set_viewport_size({"width": 1024, "height": 600})
    connect_customer(acme, "1001", "call-1")
    sign_in(page)
    expect(page.locator("#card-name")).to_be_visible()
    for element in ("#line", "#hangup", "#outcomes button:last-child", "#figures"):
        expect(page.locator(element)).to_be_in_viewport()


def test_what_gets_the_focus_is_not_left_behind_the_figures(page, acme):
    page.set_viewport_size({"width": 1280, "height": 680})
    connect_customer(acme, "1001", "call-1")
    acme.calls.finish(
        "call-1", acme.ownership.owner("spring"), time.time(), TALKED, NextStep(None, "done", ""), 0, "", None
    )
    acme.operators.leave_line("1001", time.time(), "")
    sign_in(page)
    expect(page.locator("#past")).to_be_visible()
    page.locator("#test").focus()
    test, figures = (page.locator(element).bounding_box() for element in ("#test", "#figures"))
    assert test["y"] + test["height"] <= figures["y"]


def test_long_words_and_long_times_stay_within_their_places(page, acme):
    acme.redis.rpush(acme.keys.voice_ms("spring"), 1234)
    acme.leads.add("spring", [NewLead(NUMBER, "W" * 1000, fields={"remark": "y" * 1000})], time.time())
    page.set_viewport_size({"width": 1366, "height": 768})
    sign_in(page, "admin")
    expect(page.locator(".tiles div").last).to_contain_text("1.2 s")
    tiles = "tiles => tiles.filter((tile) => tile.scrollWidth > tile.clientWidth).length"
    assert page.eval_on_selector_all(".tiles div", tiles) == 0
    page.goto(f"{page.url}leads?q=1")
    expect(page.locator("h2")).to_contain_text("WWW")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_wallboard_lives(page, acme):
    sign_in(page, "admin")
    expect(page.locator("#campaigns h1")).to_have_text("spring")
    acme.operators.go_on_line("1001", "spring", time.time(), via="cli")
    expect(page.locator("#operators .pill").first).to_have_text("Free")


def test_abandoned_share_stands_out_above_the_campaigns_own_target(page, acme):
    campaign = acme.setup.campaign("spring")
    today = acme.keys.stats("spring", day(time.time()))
    acme.redis.hset(today, mapping={"abandoned": 2, "answers": 100})
    share = page.locator("#campaigns .tiles > *", has_text="abandoned")
    sign_in(page, "admin")
    expect(share).to_have_text("2.0 %abandoned")
    expect(share).not_to_have_class("apart")
    acme.setup.save_campaign(dataclasses.replace(campaign, target_abandon=Decimal("0.01")))
    expect(share).to_have_class("apart")
    acme.redis.hset(acme.keys.settings("spring"), "target_abandon", "nan")  # by hand: the wallboard stays, with 3 %
    expect(share).not_to_have_class("apart")


def test_dial_format_is_previewed_while_it_is_typed(page, acme):
    sign_in(page, "admin")
    page.click("text=Company")
    page.fill("#f-dial_format", "00{number}@{host}")
    expect(page.locator("#preview")).to_have_text("0012125550100, by the switch's own gateway trunk")
    page.fill("#f-refer_format", "{number}@{hst}")
    expect(page.locator("#preview-refer")).to_contain_text("unknown macro {hst}")
    page.fill("#f-refer_format", "{number}@{server}")
    page.fill("#f-server", "sip.acme.com")
    expect(page.locator("#preview-refer")).to_have_text("sip:1001@sip.acme.com")


def test_alert_stands_on_the_wallboard_as_text_and_goes_when_it_is_cleared(page, acme):
    acme.alerts.say("recording-missing.spring", "No recording of <b>call</b> 1.", time.time())
    sign_in(page, "admin")
    row = page.locator("[data-alert='recording-missing.spring']")
    expect(row).to_contain_text("No recording of <b>call</b> 1.")
    row.get_by_role("button").click()
    expect(page.locator("#alerts")).to_be_hidden()
    assert acme.alerts.standing() == []


def test_recording_is_played_on_the_page(page, acme, site, tmp_path):
    path = "acme/2026-11-23/call-1.wav"
    write_stereo(tmp_path / "recordings" / path, tone(440, 5), tone(700, 5))
    one = Recording(
        "call-1", "spring", "1", NUMBER, "1001", time.time(), 5, 5, "answered", "", path, "ok", 5.0, 160_044
    )
    acme.recordings.save(one, 90)
    sign_in(page, "admin")
    page.click("text=Recordings")
    page.wait_for_selector("audio", state="attached")
    page.evaluate("document.querySelector('audio').muted = true")
    page.evaluate("document.querySelector('audio').play()")
    wait_until(lambda: page.evaluate("document.querySelector('audio').currentTime > 0.2"), what="the player")
    page.evaluate("document.querySelector('audio').currentTime = 4")
    wait_until(lambda: page.evaluate("document.querySelector('audio').ended"), what="the player")
    assert page.evaluate("document.querySelector('audio').duration") == 5
    assert [each["how"] for each in acme.recordings.played(9)] == ["play"]


def test_machine_that_was_heard_is_told_at_once_and_one_key_says_that_it_is_one(page, acme):
    sign_in(page)
    page.click("text=Get on line")
    state(page, "Free")
    call = connect_customer(acme, "1001", "call-1")
    expect(page.locator("#card")).to_be_visible()
    expect(page.locator("#machine")).to_be_hidden()
    acme.redis.hset(acme.keys.call(call), "machine", iso(time.time()))
    acme.feed.publish("call", call=call, state="talking", operator="1001", machine="1")
    expect(page.locator("#machine")).to_have_text("This sounds like a machine. If it is one, press 6.")
    page.keyboard.press("6")
    wait_until(lambda: acme.calls.get(call).get("outcome") == "machine", what="the outcome")
    expect(page.locator("#machine")).to_be_hidden()


def test_table_of_detectors_is_a_page_of_the_administrators(page, acme):
    counts = {"rules.heard.machine": 18, "rules.heard.person": 2, "rules.heard.unsaid": 100}
    acme.redis.hset(acme.keys.gateway_amd("trunk", iso(time.time())[:10]), mapping=counts)
    sign_in(page, "admin")
    page.click("nav >> text=Statistics")
    page.click("text=Answering machines")
    row = page.locator("tbody tr")
    expect(row).to_contain_text("10.0 %")
    expect(row).to_contain_text("about 10")
