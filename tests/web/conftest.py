"""The web over a real Redis: company acme with operators 1001 and 1002, an administrator, and a company beside it."""

import re
import time
from decimal import Decimal

import pytest

from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode, Operator
from fsdialer.core.leads import NewLead
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore
from fsdialer.store.users import User, hash_password
from web import create_app

PASSWORD = "correct-horse"
NUMBER = "+12125550187"
SECRET = "web-test-secret-0123456789abcdef"
_HASH = hash_password(PASSWORD)


@pytest.fixture
def acme(redis):
    return open_company(redis, "acme")


def open_company(redis, name, trunk="trunk"):
    """A company, set up; the name of its `trunk` is its own on the switch."""
    company = CompanyStore(redis, name)
    company.setup.save_company(Company(name, name=name.title()))
    company.setup.save_gateway(Gateway(name, trunk))
    campaign = Campaign(name, "spring", "Spring sale", Mode.MULTIPLIER, Decimal("1.2"), (trunk,))
    company.setup.save_campaign(campaign)
    for extension, who in (("1001", "Ann"), ("1002", "Bob")):
        company.setup.save_operator(Operator(name, extension, who, extension, campaigns=("spring",)))
        company.users.save(User(extension, who, "operator", extension, _HASH))
    company.users.save(User("admin", "Admin", "admin", "", _HASH))
    return company


@pytest.fixture
def app(redis, redis_url, acme):
    return create_app(Settings(redis_url, redis_url, secret_key=SECRET), redis)


class Browser:
    """A signed-in test client that keeps to its seat and sends its CSRF token."""

    def __init__(self, app, login, company="acme"):
        self.client = app.test_client()
        self.base = f"/s/{company}.{login}"
        self.client.get("/login")
        self.csrf = token_in(self.client.get("/login").text)
        form = {"company": company, "login": login, "password": PASSWORD, "csrf_token": self.csrf}
        answer = self.client.post("/login", data=form)
        assert answer.status_code == 302, answer.text
        self.csrf = token_in(self.client.get(answer.location).text)

    def get(self, path, **more):
        return self.client.get(self.base + path, **more)

    def ask(self, what, **body):
        """What the page's script does."""
        headers = {"X-CSRFToken": self.csrf, "Accept": "application/json"}
        return self.client.post(f"{self.base}/{what}", json=body, headers=headers)

    def submit(self, path, **form):
        return self.client.post(self.base + path, data={**form, "csrf_token": self.csrf})


def token_in(page):
    return re.search(r'name="csrf-token" content="([^"]+)"', page)[1]


@pytest.fixture
def ann(app):
    return Browser(app, "1001")


@pytest.fixture
def admin(app):
    return Browser(app, "admin")


@pytest.fixture
def customer(acme):
    """Puts a lead through to an operator, as the dialer does; the call's uuid."""
    return lambda operator="1001", uuid="call-1", **lead: connect_customer(acme, operator, uuid, **lead)


def connect_customer(acme, operator, uuid, talking=True, number=NUMBER, **lead):
    """A claimed, answered call promised to the operator and, with `talking`, bridged."""
    now = time.time()
    defaults = {"name": "Zoé Pérez", "fields": {"City": "Paris", "Remark": f"call {number} back"}}
    acme.leads.add("spring", [NewLead(number, **{**defaults, **lead})], now)
    owner = acme.ownership.take("spring", "d1", 60)
    if acme.operators.view(operator).state == "off":
        acme.operators.go_on_line(operator, "spring", now, via="cli")
    acme.calls.claim(acme.setup.campaign("spring"), owner, acme.setup.gateway("trunk"), "fs1", [uuid], now)
    assert acme.operators.reserve(uuid, owner, operator, (), now).id == operator
    if talking:
        acme.calls.talking(uuid, owner, operator, now, 50)
    return uuid


# -- in a real browser ------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    from tests.web.browser import CHROMIUM, FLAGS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site(redis, redis_url, tmp_path):
    from tests.web.browser import Site

    site = Site(redis_url, tmp_path)
    yield site
    site.process.stop()


@pytest.fixture
def page(chromium, site, acme):
    """A browser window on the sign-in page; any error of a script fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.url)
    yield page
    context.close()
    assert errors == []
