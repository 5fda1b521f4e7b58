"""An administrator without a command line gives an operator's phone its settings."""

import re
from dataclasses import replace

import pytest

from fsdialer.core.campaigns import Station
from fsdialer.core.phone_settings import FILES
from tests.web.conftest import SECRET

PAGE = "/admin/operators/1001/phone"


def test_there_is_a_button_for_each_phone_there_is_a_file_for(admin):
    assert set(re.findall(r'name="show" value="(\w+)"', admin.get(PAGE).text)) == {"words", "new", *FILES}


def password_of(acme):
    return acme.accounts.phone("1001", SECRET).password


def test_the_operators_page_leads_there_and_nothing_is_shown_unasked(acme, admin):
    assert f"/s/acme.admin{PAGE}" in admin.get("/admin/operators/1001").text
    assert password_of(acme) not in admin.get(PAGE).text
    assert password_of(acme) not in admin.get(PAGE, query_string={"show": "words"}).text, "no password for an address"


def test_settings_are_shown_when_asked_for_and_are_kept_by_no_cache(acme, admin):
    answer = admin.submit(PAGE, show="words")
    assert password_of(acme) in answer.text and "MicroSIP: Add account" in answer.text
    assert "--for" not in answer.text, "that is for the command line; here are buttons"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("kind", "file", "has"),
    [
        ("microsip", "MicroSIP.ini", "[Account1]"),
        ("grandstream", "cfg.xml", "<P35>1001</P35>"),
        ("baresip", "accounts", "auth_user=1001"),
    ],
)
def test_a_phones_own_file_is_saved_under_its_name(acme, admin, kind, file, has):
    answer = admin.submit(PAGE, show=kind)
    assert answer.headers["Content-Disposition"] == f"attachment; filename={file}"
    assert has in answer.text and password_of(acme) in answer.text


def test_another_password_ends_the_old_one(acme, admin):
    before = password_of(acme)
    page = admin.submit(PAGE, show="new").text
    assert password_of(acme) != before and password_of(acme) in page and before not in page


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dial": "sofia/gateway/trunk/1001"}, "is rung at sofia/gateway/trunk/1001"),
        ({"station": Station.REFER}, "on your own PBX"),
        ({"station": Station.WEBRTC}, "in their page"),
    ],
)
def test_a_phone_that_does_not_register_here_has_no_settings(acme, admin, change, says):
    acme.setup.save_operator(replace(acme.setup.operator("1001"), **change))
    assert says in admin.get(PAGE).text
    for show in ("words", "new", "grandstream"):
        answer = admin.submit(PAGE, show=show)
        assert password_of(acme) not in answer.text and says in answer.text


def test_nobody_else_reads_them(acme, ann):
    assert ann.get(PAGE).status_code == ann.submit(PAGE, show="words").status_code == 403
