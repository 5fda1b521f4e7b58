"""The administrator's page of the switches, and what may be done there."""

import time

import pytest

from fsdialer.core.campaigns import Gateway
from fsdialer.store import Store
from tests.web.conftest import open_company

FACTS = {"trunk": "10.0.0.1:5070", "max_sessions": "200", "sessions_per_second": "100"}


@pytest.fixture
def switches(redis, acme):
    found = Store(redis).switches
    found.found("fs1", True, "", time.time(), FACTS)
    found.found("fs2", False, "nobody <b>listens</b>", time.time(), FACTS)
    return found


def row(page, name):
    return next(part for part in page.split("<tr>") if part.startswith(f"<td>{name}"))


def test_each_switch_is_shown_with_its_state_its_calls_and_its_gateways(acme, admin, switches):
    acme.setup.save_gateway(Gateway("acme", "trunk", proxy="sip.example.com"))
    acme.setup.save_gateway(Gateway("acme", "far", proxy="sip.example.org", switches=("fs2",)))
    acme.setup.save_gateway_on("trunk", {"fs1": "down: no answer", "fs2": "up"})
    assert switches.take("fs1", ["a", "b"]) == ["a", "b"]
    page = admin.get("/admin/switches/").text
    one, two = row(page, "fs1"), row(page, "fs2")
    assert "connected" in one and '<td class="n">2</td><td class="n">100</td><td class="n">2 %</td>' in one
    assert "trunk: down: no answer" in one and "far" not in one
    assert "nobody &lt;b&gt;listens" in two and "trunk: not known" in two and "far: not known" in two


def test_a_switch_is_drained_and_taken_back_and_who_did_it_is_kept(admin, switches):
    assert switches.take("fs1", ["a"]) == ["a"]
    assert admin.submit("/admin/switches/fs1/drain").status_code == 302
    assert "<strong>draining</strong>" in row(admin.get("/admin/switches/").text, "fs1")
    assert switches.take("fs1", ["b"]) == []
    switches.over("fs1", "a")
    assert "<strong>drained</strong>" in row(admin.get("/admin/switches/").text, "fs1")
    admin.submit("/admin/switches/fs1/undrain")
    assert switches.take("fs1", ["b"]) == ["b"]
    assert [(s["by"], s["switch"], s["what"]) for s in switches.said(5)] == [
        ("admin on the page", "fs1", "took it back"),
        ("admin on the page", "fs1", "drained it"),
    ]
    assert "took it back" in admin.get("/admin/switches/").text


def test_an_operator_or_a_page_from_elsewhere_drains_nothing(admin, ann, switches):
    assert ann.get("/admin/switches/").status_code == 403
    assert ann.submit("/admin/switches/fs1/drain").status_code == 403
    assert admin.client.post(f"{admin.base}/admin/switches/fs1/drain").status_code == 400
    assert admin.get("/admin/switches/fs1/drain").status_code == 405
    assert not any(view.drained_by for view in switches.views())


def test_nobody_has_met_it_so_it_is_not_found(admin, switches):
    assert admin.submit("/admin/switches/fs9/drain").status_code == 404


def test_where_companies_share_switches_none_of_them_drains_one(redis, admin, switches):
    open_company(redis, "beta", "betas")
    page = admin.get("/admin/switches/").text
    assert "fsdialer switch drain" in page and "<button>Drain" not in page
    answer = admin.submit("/admin/switches/fs1/drain")
    assert answer.status_code == 409 and "fsdialer switch drain fs1" in answer.text
    assert not switches.views()[0].drained_by
