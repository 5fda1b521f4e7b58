"""The credential of the phone in an operator's page: whose it is, how long, and what the page is allowed with it."""

import dataclasses

import pytest

from fsdialer.core.campaigns import Operator, Station
from fsdialer.core.switch_config import browser_password
from fsdialer.settings import Settings
from fsdialer.store.softphones import LIFE_S, Softphones
from tests.web.conftest import SECRET, Browser
from web import create_app

PAGE, OTHER_PAGE = "page-0001", "page-0002"
WS = "wss://pbx.example.com:7443"


@pytest.fixture
def app(redis, redis_url, acme):
    operator = acme.setup.operator("1001")
    acme.setup.save_operator(dataclasses.replace(operator, station=Station.WEBRTC))
    switches = ("esl://:x@127.0.0.1:8021?domain=pbx.example.com",)
    return create_app(Settings(redis_url, redis_url, switches, SECRET, sip_ws=(WS,)), redis)


def take(browser, page=PAGE):
    return browser.ask("softphone", page=page, take=True).json


def keep(browser, page=PAGE):
    return browser.ask("softphone", page=page, take=False).json


def policy(browser):
    parts = browser.get("/").headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def test_page_gets_what_it_needs_to_register(ann, acme):
    given = take(ann)
    salt = acme.softphones.holder("1001").salt
    assert given == {
        "held": True,
        "elsewhere": False,
        "asked": False,
        "urls": [WS],
        "uri": "sip:1001@pbx.example.com",
        "user": "1001",
        "password": browser_password(SECRET, "acme", "1001", salt),
    }


def test_password_is_this_operators_alone_and_never_the_permanent_one(ann, acme):
    password = take(ann)["password"]
    assert password == acme.accounts.phone("1001", SECRET).password
    assert password not in (browser_password(SECRET, "acme", "1002", acme.softphones.holder("1001").salt), "")
    acme.setup.save_operator(dataclasses.replace(acme.setup.operator("1001"), station=Station.RING))
    assert acme.accounts.phone("1001", SECRET).password != password


def test_password_stands_nowhere_in_redis(ann, redis):
    password = take(ann)["password"]
    for key in redis.scan_iter():
        kind = redis.type(key)
        text = redis.hgetall(key) if kind == "hash" else redis.get(key) if kind == "string" else redis.dump(key)
        assert password not in str(text), key


def test_password_dies_unless_the_page_renews_it(ann, acme, redis):
    take(ann)
    key = acme.keys.softphone("1001")
    assert 0 < redis.ttl(key) <= LIFE_S
    redis.expire(key, 5)
    assert keep(ann)["held"]
    assert redis.ttl(key) > LIFE_S - 5
    redis.delete(key)  # as if it had run out
    assert keep(ann) == {"held": False, "elsewhere": False, "asked": False}


def test_reloaded_page_has_the_same_password_so_that_no_switch_need_forget_it(ann):
    assert take(ann)["password"] == take(ann)["password"]


def test_page_that_is_left_or_read_anew_tells_the_dialer_that_its_calls_are_cut_off(ann, app, acme):
    def told(browser, page, **more):
        before = acme.feed.last_id()
        browser.ask("softphone", page=page, cut_off=True, **more)
        return [entry["what"] for _, entry in acme.feed.read(before, 1) if entry["type"] == "softphone"]

    assert told(ann, PAGE, take=True) == ["taken"]
    assert told(ann, PAGE, take=True) == ["cut_off"]
    assert told(ann, PAGE) == ["cut_off"]
    assert told(Browser(app, "1001"), OTHER_PAGE) == [], "it has no phone"


def test_last_page_to_take_it_has_it_and_the_one_before_is_told(ann, app):
    first = take(ann)["password"]
    elsewhere = Browser(app, "1001")
    assert take(elsewhere, OTHER_PAGE)["password"] != first
    assert keep(ann) == {"held": False, "elsewhere": True, "asked": False}
    assert keep(elsewhere, OTHER_PAGE)["held"]


def test_page_that_asks_twice_at_once_is_not_told_that_it_is_elsewhere_itself(ann, monkeypatch):
    """A computer that slept: one question finds the password gone, the other has a new one made before that answer."""

    def taken_meanwhile(softphones, operator, page, session):
        monkeypatch.undo()
        softphones.take(operator, page, session, 0.0)
        return False

    monkeypatch.setattr(Softphones, "renew", taken_meanwhile)
    assert keep(ann) == {"held": False, "elsewhere": False, "asked": False}


def test_another_sign_in_cannot_keep_a_page_it_read_the_name_of(ann, app):
    take(ann)
    assert not keep(Browser(app, "1001"))["held"]


def test_signing_out_ends_the_password_at_once_and_the_dialer_hears_of_it(ann, acme):
    password = take(ann)["password"]
    before = acme.feed.last_id()
    ann.submit("/logout")
    assert acme.softphones.holder("1001") is None
    assert acme.accounts.phone("1001", SECRET).password != password
    told = [entry for _, entry in acme.feed.read(before, 1) if entry["type"] == "softphone"]
    assert told == [{"type": "softphone", "what": "given_up", "operator": "1001"}]


def test_signing_out_elsewhere_leaves_the_page_that_has_it_alone(ann, app, acme):
    other = Browser(app, "1001")
    take(ann)
    other.submit("/logout")
    assert keep(ann)["held"]


def test_page_learns_whether_a_switch_asked_for_the_password(ann, acme):
    take(ann)
    acme.softphones.was_asked_for("1001")
    assert keep(ann)["asked"]
    assert not take(ann, OTHER_PAGE)["asked"]  # that was another password
    assert not keep(ann, OTHER_PAGE)["asked"]


def test_only_the_operator_may_have_it(app, admin):
    assert app.test_client().post("/s/acme.1001/softphone", json={"page": PAGE}).status_code in (400, 401)
    assert admin.ask("softphone", page=PAGE, take=True).status_code == 403


def test_without_the_forms_token_nothing_is_given(ann):
    answer = ann.client.post(f"{ann.base}/softphone", json={"page": PAGE, "take": True})
    assert answer.status_code == 400


@pytest.mark.parametrize("page", ["", "short", "x" * 65, "a b c d e f g", None, 17, ["page-0001"]])
def test_odd_page_names_are_refused(ann, page):
    assert ann.ask("softphone", page=page, take=True).status_code == 409


def test_operator_with_a_phone_on_the_desk_gets_none(app):
    bob = Browser(app, "1002")
    assert bob.ask("softphone", page=PAGE, take=True).status_code == 409
    assert 'id="phone"' not in bob.get("/").text
    assert "connect-src" not in policy(bob)


def test_page_may_connect_to_exactly_the_switchs_websocket(ann, app):
    page = ann.get("/")
    assert 'id="phone"' in page.text and "softphone.js" in page.text
    assert policy(ann)["connect-src"] == f"'self' {WS}"
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    assert "connect-src" not in Browser(app, "admin").get("/").headers["Content-Security-Policy"]


def test_path_behind_the_pages_own_proxy_is_on_its_own_host(redis, redis_url, app):
    settings = Settings(redis_url, redis_url, secret_key=SECRET, sip_ws=("/sip",))
    ann = Browser(create_app(settings, redis), "1001")
    assert policy(ann)["connect-src"] == "'self' wss://localhost/sip ws://localhost/sip"
    assert take(ann)["urls"] == ["/sip"] and take(ann)["uri"] == "sip:1001@localhost"


def test_without_an_address_of_the_switch_it_says_so(redis, redis_url, app):
    ann = Browser(create_app(Settings(redis_url, redis_url, secret_key=SECRET), redis), "1001")
    answer = ann.ask("softphone", page=PAGE, take=True)
    assert answer.status_code == 409 and "SIP_WS" in answer.json["error"]
    assert ann.get("/").status_code == 200


def test_view_tells_every_page_which_one_has_the_phone(ann, acme):
    take(ann)
    assert ann.ask("off").json["softphone"] == {"here": True, "page": PAGE}
    acme.setup.save_operator(Operator("acme", "1001", "Ann", "1001", dial="user/7", station=Station.WEBRTC))
    assert ann.ask("off").json["softphone"] == {"here": False, "page": ""}
