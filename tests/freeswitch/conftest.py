"""Fixtures of the tests of the phone in the operator's page (`tests.freeswitch.browser`)."""

import pytest


@pytest.fixture(scope="module")
def browser_lab(redis_url, tmp_path_factory):
    from tests.freeswitch.browser import Lab

    lab = Lab(redis_url, tmp_path_factory.mktemp("webrtc"))
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def real_centre(redis_url, tmp_path_factory):
    """A call centre on a real switch (`centre`), for a module's tests."""
    from tests.freeswitch.centre import RealCentre

    centre = RealCentre(redis_url, tmp_path_factory.mktemp("centre"))
    yield centre
    centre.stop()


@pytest.fixture(scope="module")
def talking_chromium():
    from playwright.sync_api import sync_playwright

    from tests.freeswitch.browser import FAKE_MEDIA
    from tests.web.browser import CHROMIUM, FLAGS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *FAKE_MEDIA])
        yield browser
        browser.close()


@pytest.fixture
def windows(talking_chromium, browser_lab):
    """Opens browsers of their own, signed in as Ann; an error of a script or of the security policy fails the test."""
    from tests.freeswitch.browser import SPY, sign_in

    contexts, errors = [], []

    def watch(page):
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)

    def open_one():
        context = talking_chromium.new_context()
        contexts.append(context)
        context.on("page", watch)
        context.add_init_script(SPY)
        return sign_in(context, browser_lab.url)

    yield open_one
    for context in contexts:
        context.close()
    assert errors == []
