"""Setting up and looking on, in the browser of an administrator."""

import io
import time

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from fsdialer import jobs
from fsdialer.core.campaigns import Company, Gateway
from fsdialer.core.fields import to_hash
from fsdialer.core.times import day
from tests.web.conftest import open_company
from web.admin import harmless


def form_of(thing, **changes):
    fields = to_hash(thing)
    return {k: v for k, v in {**fields, **changes}.items() if v != "0" or k not in ("active", "hide_numbers")}


@pytest.mark.parametrize("path", ["/", "/statistics", "/leads", "/lists", "/company", "/campaigns/", "/campaigns/new"])
def test_pages_open(admin, path):
    assert admin.get(f"/admin{path}").status_code == 200


def test_company_is_changed_and_the_dialer_is_told(acme, admin):
    before = acme.feed.last_id()
    form = form_of(acme.setup.company(), name="Acme Ltd", hide_numbers="1")
    assert admin.submit("/admin/company", **form).status_code == 302
    assert (acme.setup.company().name, acme.setup.company().hide_numbers) == ("Acme Ltd", True)
    assert [e["type"] for _, e in acme.feed.read(before, 1)] == ["settings"]


def test_master_switch_is_off_when_its_box_is_empty(acme, admin):
    form = form_of(acme.setup.company())
    form.pop("active")
    admin.submit("/admin/company", **form)
    assert acme.setup.company().active is False


def test_wrong_dial_format_is_refused_beside_its_field_and_nothing_typed_is_lost(acme, admin):
    form = form_of(acme.setup.company(), dial_format="{numbr}@host", name="New name")
    page = admin.submit("/admin/company", **form).text
    assert "unknown macro {numbr}" in page
    assert "New name" in page and "{numbr}@host" in page
    assert acme.setup.company().name == "Acme"


def preview_of(admin, **typed):
    return admin.get("/admin/preview", query_string=typed).json


def test_dial_format_has_a_preview(acme, admin):
    by_name = {"dial_format": "0012125550100, by the switch's own gateway trunk"}
    assert preview_of(admin, dial_format="00{number}@{host}") == by_name
    acme.setup.save_gateway(Gateway("acme", "carrier", proxy="carrier.example:5062"))
    by_proxy = {"dial_format": "sip:0012125550100@carrier.example:5062"}
    assert preview_of(admin, dial_format="00{number}@{host}") == by_proxy
    acme.setup.save_gateway(Gateway("acme", "zeta", host="10.0.0.9", port=5070))
    assert preview_of(admin, dial_format="{number}@{host}:{port}") == {"dial_format": "sip:12125550100@10.0.0.9:5070"}


def test_previews_show_the_server_typed_or_else_the_one_saved(acme, admin):
    acme.setup.save_gateway(Gateway("acme", "pbx", host="pbx.acme.com", port=5062))
    acme.setup.save_company(Company("acme", server="sip.acme.com", refer_format="{number}@{server}:5070"))
    formats = {"dial_format": "{number}@{server}", "refer_format": "{number}@{server}:5070"}
    saved = {"dial_format": "sip:12125550100@sip.acme.com", "refer_format": "sip:1001@sip.acme.com:5070"}
    assert preview_of(admin, **formats) == saved
    assert "sip:1001@sip.acme.com:5070" in admin.get("/admin/company").text
    assert preview_of(admin, **formats, server="new.acme.com")["refer_format"] == "sip:1001@new.acme.com:5070"
    assert preview_of(admin, **formats, server="")["refer_format"] == "sip:1001@pbx.acme.com:5070"
    assert "'a..b' is not a host name" in preview_of(admin, **formats, server="a..b")["refer_format"]
    fixed = preview_of(admin, refer_format="{number}@10.0.0.5", server="a..b")
    assert fixed == {"refer_format": "sip:1001@10.0.0.5"}


def test_refer_format_has_a_preview_and_is_refused_beside_its_field(acme, admin):
    def preview(text):
        return admin.get("/admin/preview", query_string={"refer_format": text}).json["refer_format"]

    assert preview("sip:{number}@10.0.0.5") == "sip:1001@10.0.0.5"
    assert "unknown macro {extension}" in preview("{extension}@{host}")
    assert "is not an address" in preview("{number}@{host};x")
    page = admin.submit("/admin/company", **form_of(acme.setup.company(), refer_format="{numbr}@host")).text
    assert "unknown macro {numbr}" in page
    form = form_of(acme.setup.company(), refer_format="sip:7{number}@{host}")
    assert admin.submit("/admin/company", **form).status_code == 302
    assert acme.setup.company().refer_format == "7{number}@{host}"


def test_a_gateway_that_does_no_refer_is_shown_with_the_reason_and_may_try_again(acme, admin):
    now = time.time()
    acme.referrals.refused("trunk", "REFER was refused: <403>", now)
    acme.alerts.say("gateway-refer.trunk", "no", now)
    page = admin.get("/admin/gateways/").text
    assert "No REFER: REFER was refused: &lt;403&gt;" in page and "Try REFER again" in page
    assert admin.submit("/admin/gateways/trunk/refer").status_code == 302
    assert acme.referrals.refusal("trunk") is None and acme.alerts.standing() == []
    assert "Try REFER again</button>" not in admin.get("/admin/gateways/").text


def test_campaign_is_changed(acme, admin):
    form = form_of(acme.setup.campaign("spring"), multiplier="1.35", retry_busy_min="7")
    assert admin.submit("/admin/campaigns/spring", **form).status_code == 302
    campaign = acme.setup.campaign("spring")
    assert (str(campaign.multiplier), campaign.retry_min.busy) == ("1.35", 7.0)


def test_campaign_with_a_gateway_that_is_not_there_is_refused(acme, admin):
    page = admin.submit("/admin/campaigns/spring", **form_of(acme.setup.campaign("spring"), gateways="nowhere")).text
    assert "no gateway &#39;nowhere&#39; in this company" in page


def test_operator_is_added_with_a_password_and_may_sign_in(acme, admin):
    form = form_of(acme.setup.operator("1001"), extension="1009", name="Cid")
    assert admin.submit("/admin/operators/new", id="1009", password="battery-staple", **form).status_code == 302
    assert acme.setup.operator("1009").extension == "1009"
    assert acme.users.get("1009").role == "operator"


def test_extension_of_another_is_refused(acme, admin):
    page = admin.submit("/admin/operators/1002", **form_of(acme.setup.operator("1002"), extension="1001")).text
    assert "belongs to operator 1001" in page


def test_a_destination_that_costs_extra_is_refused_beside_its_field(acme, admin):
    form = form_of(acme.setup.operator("1002"), dial="sofia/gateway/trunk/+19005551234")
    assert "premium_allowed" in admin.submit("/admin/operators/1002", **form).text
    assert acme.setup.operator("1002").dial == ""


def test_administrator_takes_an_operator_off_the_line(acme, admin):
    acme.operators.go_on_line("1001", "spring", time.time())
    admin.submit("/admin/operators/1001/off")
    assert acme.operators.view("1001").state == "off"


@pytest.fixture
def load(admin, app, redis_url, monkeypatch):
    """The page that tells what came of a list."""

    def loaded(rows):
        monkeypatch.setenv("FSDIALER_REDIS_URL", redis_url)
        upload = {"campaign": "spring", "file": (io.BytesIO(rows), "leads.csv"), "csrf_token": admin.csrf}
        answer = admin.client.post(f"{admin.base}/admin/lists", data=upload, content_type="multipart/form-data")
        rq = jobs.queue(app.extensions["fsdialer.settings"])
        SimpleWorker([rq], connection=rq.connection, serializer=JSONSerializer).work(burst=True, logging_level="ERROR")
        return admin.client.get(answer.location).text

    return loaded


def test_list_is_loaded_by_a_job_and_its_bad_rows_are_shown(acme, load):
    page = load(b"phone,name\n+12125550101,Good\nnonsense,Bad\n+12125550101,Twice\n")
    assert "nonsense" in page and '<td class="n">3</td>' in page
    assert acme.leads.counts("spring")["total"] == 1


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("phone\n+12125550101\n".encode("utf-16"), "the file is UTF-16, not UTF-8: save the file as"),
        (b"a,b\n1,2\n", "no column for it: name one"),
        (b"", "the file is empty"),
    ],
)
def test_list_that_is_refused_whole_says_why(load, rows, words):
    page = load(rows)
    assert words in page and "added" not in page


def test_statistics_show_no_free_operators_apart(acme, admin, redis):
    redis.hset(acme.keys.stats("spring", "2026-11-23"), mapping={"abandoned": 3, "answers": 10, "14.abandoned": 3})
    page = admin.get("/admin/statistics?campaign=spring&day=2026-11-23").text
    assert "No free operators" in page and "30.0 %" in page and "14:00" in page


@pytest.mark.parametrize("asked", ["1", "%2B1 212 555 0187", "12125550187", "(212) 555-0187", "212.555.0187"])
def test_lead_is_found_by_id_or_number_as_people_write_it_and_explained(acme, admin, customer, asked):
    customer(operator="1002")
    page = admin.get(f"/admin/leads?q={asked}").text
    assert page.count("It is being called now") == 1


@pytest.mark.parametrize("asked", ["2", "%00", "%2B", "555-0199", "%C2%B2", "Zo%C3%A9", ":1"])
def test_lead_that_is_not_there_is_said_to_be_none(admin, customer, asked):
    customer()
    assert "No lead has that id or number." in admin.get(f"/admin/leads?q={asked}").text


def test_a_day_that_is_none_is_today(admin):
    for nonsense in ("x", "2026-13-01", "%0d%0aX: y"):
        answer = admin.get(f"/admin/statistics?day={nonsense}&as=csv")
        assert answer.status_code == 200 and day(time.time()) in answer.headers["Content-Disposition"]


def test_lead_names_are_text_to_the_page(acme, admin, customer):
    customer(name="<script>alert(1)</script>")
    page = admin.get("/admin/leads?q=1").text
    assert "<script>alert(1)" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-1", "@SUM(A1)", "\tx"])
def test_cells_of_an_export_are_no_formulae(cell):
    assert harmless(cell) == "'" + cell


def test_live_picture_has_every_operator_and_campaign(acme, admin, customer):
    customer()
    live = admin.get("/admin/live").json
    assert [o["state"] for o in live["operators"]] == ["on_call", "off"]
    assert live["campaigns"][0]["campaign"] == "spring"


def test_pacing_page_shows_the_last_decisions_newest_first(acme, admin):
    for second, reason in enumerate(("nobody is free", "2 free <b>x</b>")):
        decision = {"at": f"2026-11-23T10:00:0{second}.000Z", "calls": "2", "reason": reason, "in_flight": "7"}
        acme.pacing.save("spring", decision, keep=True)
    page = admin.get("/admin/pacing/spring").text
    assert page.index("10:00:01") < page.index("10:00:00")
    assert "in flight" in page and "2 free &lt;b&gt;x" in page and "<b>x" not in page


def test_pacing_page_of_an_unknown_campaign_is_not_found(admin):
    assert admin.get("/admin/pacing/nowhere").status_code == 404


def test_a_gateway_of_another_companys_name_is_refused_beside_its_id(acme, admin, redis):
    open_company(redis, "rival", "rivals")
    form = form_of(Gateway("acme", "rivals"))
    page = admin.submit("/admin/gateways/new", id="rivals", **form).text
    assert "choose another name" in page and "rival company" not in page
    assert [gateway.name for gateway in acme.setup.gateways()] == ["trunk"]
    assert admin.submit("/admin/gateways/new", id="rivals", **{**form, "host": "pbx.example.com"}).status_code == 302
    assert "choose another name" in admin.submit("/admin/gateways/rivals", **form).text


def test_a_gateway_that_is_not_dialled_for_its_name_says_so_on_the_page(acme, admin, redis):
    open_company(redis, "rival", "rivals")
    redis.hset(acme.keys.gateway("rivals"), "channels", "30")
    redis.sadd(acme.keys.gateways, "rivals")
    assert "the name is another company&#39;s" in admin.get("/admin/gateways/").text


def test_gateways_page_shows_how_the_dialer_finds_each(acme, admin):
    acme.setup.save_gateway_state("trunk", "failing: GATEWAY_DOWN", time.time())
    assert "failing: GATEWAY_DOWN" in admin.get("/admin/gateways/").text


def test_alert_is_shown_on_the_wallboard_until_it_is_cleared(acme, admin):
    acme.alerts.say("recording-missing.spring", "No file <b>.", 1000.0)
    [alert] = admin.get("/admin/live").json["alerts"]
    assert (alert["text"], alert["count"], alert["first"]) == ("No file <b>.", 1, 1000.0)
    assert admin.ask("admin/alerts/recording-missing.spring/clear").json == {"cleared": True}
    assert admin.get("/admin/live").json["alerts"] == []
    assert acme.alerts.get("recording-missing.spring").cleared_by == "admin"


def test_operator_clears_no_alert(acme, ann):
    acme.alerts.say("one", "text", 1000.0)
    assert ann.ask("admin/alerts/one/clear").status_code == 403
    assert len(acme.alerts.standing()) == 1


def test_machines_page_holds_detectors_against_operators(acme, admin, customer):
    assert "Nothing yet" in admin.get("/admin/machines").text
    tally = acme.keys.gateway_amd("trunk", day(time.time()))
    acme.redis.hset(tally, mapping={"beep.heard.machine": 9, "beep.heard.person": 1, "beep.heard.unsaid": 40})
    page = admin.get("/admin/machines").text
    assert "10.0 %" in page and "about 4" in page and "0.0 %" in page
    assert admin.get("/admin/machines?days=x").status_code == 200


def test_operator_sees_no_machines_page(ann):
    assert ann.get("/admin/machines").status_code == 403
