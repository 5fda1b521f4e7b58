"""The recordings' page: found, played in parts, taken away and removed, by the company's administrators alone."""

import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from fsdialer.settings import Settings
from fsdialer.store.recordings import Recording
from tests.sound import tone, write_stereo
from tests.web.conftest import SECRET, Browser, open_company
from web import create_app
from web.recordings import SHOWN, Wanted

NOW = time.time()
ONE = Recording(
    call="call-1",
    campaign="spring",
    lead="17",
    number="+12125550187",
    operator="1001",
    answered=NOW - 3600,
    call_s=61.0,
    talk_s=60.0,
    disposition="answered",
    outcome="sale",
    path="acme/2026-11-23/call-1.wav",
    finding="ok",
    seconds=61.02,
    size=1,
)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "recordings"


@pytest.fixture
def app(redis, redis_url, acme, root):
    return create_app(Settings(redis_url, redis_url, secret_key=SECRET, recordings=str(root)), redis)


@pytest.fixture
def recorded(acme, root):
    """A recording with a file of six seconds; its bytes."""
    file = write_stereo(root / ONE.path, tone(440, 6), tone(700, 6))
    acme.recordings.save(ONE, 90)
    return file.read_bytes()


# -- searching -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({}, True),
        ({"text": "17"}, True),
        ({"text": "call-1"}, True),
        ({"text": "+1 (212) 555-0187"}, True),
        ({"text": "0187"}, True),
        ({"text": "187"}, False),
        ({"text": "0188"}, False),
        ({"text": "call-0187"}, False),
        ({"campaign": "spring", "operator": "1001", "result": "sale"}, True),
        ({"result": "answered"}, True),
        ({"result": "abandoned"}, False),
        ({"operator": "1002"}, False),
        ({"campaign": "autumn"}, False),
        ({"finding": "any"}, False),
        ({"finding": "ok"}, True),
    ],
)
def test_recording_is_found_by_lead_call_part_of_a_number_and_what_is_chosen(wanted, matches):
    assert Wanted(0, 0, **wanted).matches(ONE) is matches


def test_page_shows_what_was_found_newest_first_and_says_what_is_wrong(admin, acme):
    acme.recordings.save(ONE, 90)
    wrong = replace(ONE, call="call-2", answered=NOW - 60, finding="operator-silent", outcome="")
    acme.recordings.save(wrong, 90)
    page = admin.get("/admin/recordings/").text
    assert page.index("call-2") < page.index("call-1")
    assert "nothing is heard of the operator" in page and "1:01" in page and "+12125550187" in page
    assert "call-1" not in admin.get("/admin/recordings/?finding=any").text
    assert "call-2" not in admin.get("/admin/recordings/?result=sale").text


def test_days_that_are_not_asked_for_are_not_shown_and_nonsense_is_the_last_week(admin, acme):
    acme.recordings.save(replace(ONE, answered=NOW - 8 * 86_400), 90)
    assert "call-1" not in admin.get("/admin/recordings/").text
    since = time.strftime("%Y-%m-%d", time.gmtime(NOW - 9 * 86_400))
    assert "call-1" in admin.get(f"/admin/recordings/?from={since}").text
    assert admin.get("/admin/recordings/?from=yesterday&to=%27&before=x").status_code == 200


def test_older_ones_stand_on_the_next_page_none_twice(admin, acme):
    for n in range(SHOWN + 5):
        acme.recordings.save(replace(ONE, call=f"call-{n:03d}", answered=NOW - n), 90)
    first = admin.get("/admin/recordings/?q=17").text
    older = first.partition('class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "q=17" in older
    second = admin.client.get(older).text
    shown = [[f"call-{n:03d}/sound" in page for n in range(SHOWN + 5)] for page in (first, second)]
    assert shown[0] == [True] * SHOWN + [False] * 5 and shown[1] == [False] * SHOWN + [True] * 5
    assert 'class="button" href=' not in second


def test_what_a_caller_or_a_crm_typed_is_text(admin, acme):
    acme.recordings.save(replace(ONE, operator="<script>alert(1)</script>"), 90)
    page = admin.get("/admin/recordings/?q=%22%3E%3Cscript%3E").text
    assert "<script>alert" not in page and '"><script>' not in page


# -- playing ---------------------------------------------------------------------------------------------------
def test_recording_is_played_whole(admin, recorded):
    answer = admin.get("/admin/recordings/call-1/sound")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "audio/wav", recorded)
    assert answer.headers["Accept-Ranges"] == "bytes" and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "attachment" not in answer.headers.get("Content-Disposition", "")


@pytest.mark.parametrize(("asked", "first", "last"), [("0-", 0, -1), ("100-199", 100, 199), ("-50", -50, -1)])
def test_player_may_ask_for_a_part_and_gets_that(admin, recorded, asked, first, last):
    answer = admin.get("/admin/recordings/call-1/sound", headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 206
    assert answer.data == recorded[first : len(recorded) if last == -1 else last + 1]
    begin = first % len(recorded)
    assert answer.headers["Content-Range"] == f"bytes {begin}-{begin + len(answer.data) - 1}/{len(recorded)}"


def test_part_that_is_not_there_is_refused(admin, recorded):
    answer = admin.get("/admin/recordings/call-1/sound", headers={"Range": f"bytes={len(recorded)}-"})
    assert answer.status_code == 416


def test_recording_is_taken_away_under_its_calls_name(admin, recorded):
    answer = admin.get("/admin/recordings/call-1/sound?as=file")
    assert answer.headers["Content-Disposition"] == "attachment; filename=call-1.wav"
    assert answer.data == recorded


def test_who_heard_it_and_who_took_it_away_is_written_down_once_a_hearing(admin, acme, recorded):
    for part in ("0-", "100-", "200-"):
        admin.get("/admin/recordings/call-1/sound", headers={"Range": f"bytes={part}"})
    admin.get("/admin/recordings/call-1/sound?as=file")
    assert [(each["by"], each["how"]) for each in acme.recordings.played(9)] == [
        ("admin", "download"),
        ("admin", "play"),
    ]
    page = admin.get("/admin/recordings/").text
    assert "Who heard what" in page and "heard 2 times, last by admin" in page


def test_recording_whose_file_is_gone_is_not_found_and_nothing_is_written_down(admin, acme):
    acme.recordings.save(ONE, 90)
    assert admin.get("/admin/recordings/call-1/sound").status_code == 404
    assert acme.recordings.played(9) == []


# -- who may ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/", "/call-1/sound", "/call-1/sound?as=file"])
def test_operators_and_strangers_hear_nothing(app, ann, acme, recorded, path):
    assert ann.get(f"/admin/recordings{path}").status_code == 403
    stranger = app.test_client().get(f"/s/acme.admin/admin/recordings{path}")
    assert stranger.status_code in (302, 401) and recorded not in stranger.data
    assert acme.recordings.played(9) == []


def test_another_companys_administrator_finds_and_hears_nothing(app, redis, acme, recorded):
    open_company(redis, "other", "others")
    other = Browser(app, "admin", "other")
    assert "call-1" not in other.get("/admin/recordings/").text
    assert other.get("/admin/recordings/call-1/sound").status_code == 404
    assert other.submit("/admin/recordings/call-1/remove").status_code == 404
    assert acme.recordings.get("call-1") is not None


@pytest.mark.parametrize("path", ["../secret.wav", "/etc/passwd", "other/2026-11-23/call-1.wav", "acme/x/call-1.wav"])
def test_entry_that_was_edited_leads_to_no_file_but_the_companys_own(admin, acme, root, path):
    write_stereo(root.parent / "secret.wav", tone(440, 1), tone(440, 1))
    write_stereo(root / "other/2026-11-23/call-1.wav", tone(440, 1), tone(440, 1))
    acme.recordings.save(replace(ONE, path=path), 90)
    assert admin.get("/admin/recordings/call-1/sound").status_code == 404


def test_web_that_does_not_know_the_directory_says_which_variable(redis, redis_url, acme):
    acme.recordings.save(ONE, 90)
    admin = Browser(create_app(Settings(redis_url, redis_url, secret_key=SECRET), redis), "admin")
    answer = admin.get("/admin/recordings/call-1/sound")
    assert answer.status_code == 400 and "FSDIALER_RECORDINGS" in answer.text


# -- removing --------------------------------------------------------------------------------------------------
def test_recording_is_removed_with_its_file_and_that_is_written_down(admin, acme, root, recorded):
    answer = admin.submit("/admin/recordings/call-1/remove")
    assert urlsplit(answer.location).path == f"{admin.base}/admin/recordings/"
    assert not (root / ONE.path).exists() and acme.recordings.get("call-1") is None
    assert [(each["by"], each["how"], each["call"]) for each in acme.recordings.played(9)] == [
        ("admin", "remove", "call-1")
    ]


def test_removing_wants_the_pages_token(admin, acme, recorded):
    assert admin.client.post(f"{admin.base}/admin/recordings/call-1/remove").status_code == 400
    assert acme.recordings.get("call-1") is not None
