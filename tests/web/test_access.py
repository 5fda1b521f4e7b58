"""Who gets in, and what each may see and do."""

import dataclasses
import re
import time

import pytest

from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.retry import NextStep
from fsdialer.verbs.setup import add_user
from tests.web.conftest import Browser, open_company, token_in


def test_wrong_password_and_unknown_login_get_the_same_answer(app):
    client = app.test_client()
    csrf = token_in(client.get("/login").text)
    answers = []
    for login in ("1001", "nobody"):
        form = {"company": "acme", "login": login, "password": "wrong", "csrf_token": csrf}
        answer = client.post("/login", data=form)
        page = re.sub(r'name="csrf[-_]token"[^>]*', "", answer.text)  # it is signed with the second
        answers.append((answer.status_code, page.replace(login, "LOGIN")))
    assert answers[0][0] == 401
    assert answers[0] == answers[1]


def test_sign_in_without_a_token_from_the_page_is_refused(app):
    form = {"company": "acme", "login": "1001", "password": "correct-horse"}
    assert app.test_client().post("/login", data=form).status_code == 400


def test_too_many_tries_are_refused(app):
    client = app.test_client()
    csrf = token_in(client.get("/login").text)
    form = {"company": "acme", "login": "1001", "password": "wrong", "csrf_token": csrf}
    answers = [client.post("/login", data=form) for _ in range(11)]
    assert [answer.status_code for answer in answers[-2:]] == [401, 429]
    assert "Too many sign-ins failed for this login: wait a minute" in answers[-1].text
    assert client.post("/login", data=form | {"password": "correct-horse"}).status_code == 429
    assert client.post("/login", data=form | {"login": "1002"}).status_code == 401, "another login's tries are its own"


def test_sign_ins_that_succeed_and_sign_outs_are_not_tries(app):
    """At the end of a shift a whole call centre signs out from one address."""
    for _ in range(12):
        who = Browser(app, "1001")
        assert who.submit("/logout").status_code == 302


def test_another_password_ends_what_was_begun_with_the_one_before(acme, ann):
    assert ann.get("/").status_code == 200
    add_user(acme, "1001", "operator", "1001", "", "another-horse")
    assert ann.get("/").location == "/login"
    assert ann.ask("seen").status_code == 401


def test_feed_ends_for_whoever_may_not_have_it_any_more(acme, app, ann):
    """It was opened before, and tells customers' names and numbers."""
    feed = ann.get("/feed", buffered=False)
    lines = iter(feed.response)
    assert b"event: view" in b"".join(next(lines) for _ in range(2))
    acme.users.save(dataclasses.replace(acme.users.get("1001"), role="admin"))
    acme.feed.publish("settings", what="user", id="1001")
    assert not [line for line in lines if b"view" in line]


def test_who_may_not_have_the_feed_any_more_has_it_until_their_talk_is_over(acme, ann, customer):
    """Their phone may be in the page, which goes to the sign-in when the feed ends."""
    call = customer()
    feed = iter(ann.get("/feed", buffered=False).response)
    assert b"event: view" in b"".join(next(feed) for _ in range(2))
    acme.users.remove("1001")
    acme.feed.publish("settings", what="user", id="1001")
    assert b"event: view" in next(feed)
    over = Verdict(Disposition.ANSWERED, True, True, "talked")
    owner = acme.ownership.owner("spring")
    acme.calls.finish(call, owner, time.time(), over, NextStep(None, "done", "talked"), 15, "NORMAL_CLEARING", None)
    assert b'"state": "wrap_up"' in next(line for line in feed if b"wrap_up" in line)
    assert not [line for line in feed if b"view" in line]


def test_operator_who_was_removed_is_told_so_on_the_page_that_is_open(acme, ann):
    feed = iter(ann.get("/feed", buffered=False).response)
    assert b"event: view" in b"".join(next(feed) for _ in range(2))
    acme.setup.remove_operator("1001")
    assert b"event: trouble" in (said := next(feed)) and b"ask your administrator" in said


@pytest.mark.parametrize("what", ["on", "off", "pause", "ready", "outcome", "hangup"])
def test_button_without_its_token_is_refused(ann, what):
    assert ann.client.post(f"{ann.base}/{what}", json={}).status_code == 400


@pytest.mark.parametrize(
    "path",
    ["/", "/live", "/statistics", "/leads", "/lists", "/company", "/campaigns/", "/operators/1001", "/gateways/new"],
)
def test_operators_do_not_see_the_administrators_pages(ann, path):
    assert ann.get(f"/admin{path}").status_code == 403


def test_nobody_sees_anything_without_signing_in(app):
    client = app.test_client()
    for path in ("/s/acme.1001/", "/s/acme.admin/admin/", "/s/acme.1001/feed"):
        assert client.get(path).location == "/login"


def test_a_seat_is_not_anothers(app, ann):
    """Ann's cookie opens Ann's seat only, even with another seat's name in the address."""
    ann.base = "/s/acme.1002"
    assert ann.get("/").location == "/login"


def test_two_operators_are_signed_in_from_one_browser_at_a_time(app, acme):
    ann, bob = Browser(app, "1001"), None
    bob = Browser.__new__(Browser)
    bob.client, bob.base = ann.client, "/s/acme.1002"
    csrf = token_in(ann.client.get("/login").text)
    form = {"company": "acme", "login": "1002", "password": "correct-horse", "csrf_token": csrf}
    bob.csrf = token_in(ann.client.get(ann.client.post("/login", data=form).location).text)
    assert ann.ask("on", campaign="spring").json["operator"]["id"] == "1001"
    assert bob.ask("on", campaign="spring").json["operator"]["id"] == "1002"
    assert acme.operators.on_line("spring") == {"1001", "1002"}


def test_administrator_of_one_company_sees_nothing_of_another(app, redis, acme, admin):
    other = open_company(redis, "rival", "rivals")
    other.setup.save_operator(other.setup.operator("1001"))
    page = admin.get("/admin/live").text + admin.get("/admin/operators/").text
    assert "rival" not in page.lower()
    admin.base = "/s/rival.admin"
    assert admin.get("/admin/").location == "/login"


def test_signing_out_ends_the_seat_everywhere_and_leaves_the_line(app, acme, ann):
    ann.ask("on", campaign="spring")
    stolen = ann.client.get_cookie("fsdialer-acme.1001", path="/s/acme.1001/").value
    ann.submit("/logout")
    assert acme.operators.view("1001").state == "off"
    thief = app.test_client()
    thief.set_cookie("fsdialer-acme.1001", stolen, path="/s/acme.1001/")
    assert thief.get("/s/acme.1001/").location == "/login"


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_a_seats_cookie_goes_over_tls_only_where_a_proxy_brought_its_page_over_tls(app, acme, scheme, secure):
    client = app.test_client()
    came = {"X-Forwarded-Proto": scheme}
    form = {"company": "acme", "login": "1001", "password": "correct-horse"}
    form["csrf_token"] = token_in(client.get("/login", headers=came).text)
    cookies = client.post("/login", data=form, headers=came).headers.getlist("Set-Cookie")
    assert ["Secure" in cookie for cookie in cookies if cookie.startswith("fsdialer-acme.1001=")] == [secure]


def test_pages_forbid_foreign_scripts_and_framing(ann):
    headers = ann.get("/").headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_metrics_are_for_this_machine_or_the_token(app, acme):
    acme.alerts.say("recording-missing.spring", "There is no file.", 1000.0)
    figures = app.test_client().get("/metrics").text
    assert "fsdialer_leads" in figures and 'fsdialer_recordings_unverified{company="acme"} 0.0' in figures
    assert 'fsdialer_alert{company="acme",name="recording-missing.spring"} 1.0' in figures
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    assert app.test_client().get("/metrics", **elsewhere).status_code == 403


def test_health_is_good_while_redis_answers(app):
    assert app.test_client().get("/healthz").status_code == 200
