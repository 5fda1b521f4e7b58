"""A real browser and the web as a process of its own, for the tests of pages."""

import shutil
import socket
import time

from playwright.sync_api import expect

from tests.journey import Process, wait_until
from tests.web.conftest import PASSWORD, SECRET

expect.set_options(timeout=15_000)  # what it may take on a busy machine

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
START_S = 40.0  # a machine with much else to do: what it takes, not what it should
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Site:
    """The web as a process, on a port that stays the same when it is started again."""

    def __init__(self, redis_url, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.env = {
            "FSDIALER_REDIS_URL": redis_url,
            "FSDIALER_SECRET_KEY": SECRET,
            "FSDIALER_LISTEN": f"127.0.0.1:{self.port}",
            "FSDIALER_RECORDINGS": str(folder / "recordings"),
        }
        self.folder = folder
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def start(self):
        self.process = Process(self.folder / f"web-{time.monotonic_ns()}.log", "fsdialer", "web", env=self.env)
        wait_until(lambda: self.process.said("state=listening"), START_S, "the web to listen")


def sign_in(page, login="1001"):
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.click("button.primary")


def asked(page):
    """What the page asks the web for from now on, by the last part of its path."""
    parts = []
    page.on("request", lambda request: parts.append(request.url.rsplit("/", 1)[1]))
    return parts


def state(page, words):
    expect(page.locator("#label")).to_have_text(words)
