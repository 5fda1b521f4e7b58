"""The wallboard in a real browser: it is drawn anew every second, under the hands of whoever uses it."""

import time

import pytest
from playwright.sync_api import expect

from tests.journey import wait_until
from tests.web.browser import CHROMIUM, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium here: apt-get install chromium"),
]


def drawn_again(page, acme):
    """What is shown has changed twice."""
    for count in ("1", "2"):
        acme.redis.hset(acme.keys.pace("spring"), "reason", f"reason {count}")
        acme.redis.set(acme.keys.owner("spring"), "d1#1")
        expect(page.locator("#campaigns")).to_contain_text(f"reason {count}")


def test_what_has_the_focus_keeps_it_and_what_is_pressed_slowly_counts(page, acme):
    sign_in(page, "admin")
    link = page.get_by_role("link", name="Pacing")
    link.focus()
    drawn_again(page, acme)
    expect(link).to_be_focused()
    link.hover()
    page.mouse.down()
    drawn_again(page, acme)
    page.mouse.up()
    expect(page).to_have_url(f"{page.url.split('/admin/')[0]}/admin/pacing/spring")


def test_alert_that_stands_is_not_read_aloud_again_and_again(page, acme):
    for name, words in (("one", "The first."), ("two", "The second.")):
        acme.alerts.say(name, words, time.time() - 60)
    sign_in(page, "admin")
    expect(page.locator("#alerts > div")).to_have_count(2)
    page.evaluate("""() => {
        window.said = [];
        const loud = (node) => !(node.nodeType === 1 ? node : node.parentElement).closest('[aria-live=off]');
        new MutationObserver((records) => {
          window.said.push(...records.map((record) => record.target).filter(loud));
        }).observe(document.getElementById('alerts'), { childList: true, characterData: true, subtree: true });
    }""")
    drawn_again(page, acme)
    assert page.evaluate("window.said.length") == 0
    page.get_by_role("button", name="Clear: The second.").click()
    expect(page.locator("#alerts > div")).to_have_count(1)
    expect(page.locator("#alerts")).to_contain_text("The first.")
    wait_until(lambda: [alert.name for alert in acme.alerts.standing()] == ["one"], what="the alert to be cleared")


def test_server_that_says_nothing_is_not_taken_for_one_with_no_news(page, acme):
    sign_in(page, "admin")
    expect(page.locator("#campaigns h1")).to_have_text("spring")
    page.route("**/live", lambda route: None)  # never answered
    expect(page.locator("#trouble")).to_have_text("Connection lost – trying again…", timeout=20_000)
    page.unroute("**/live")
    expect(page.locator("#trouble")).to_have_text("No dialer is running.", timeout=20_000)
