"""Recordings as files: looked at after the call, kept in the campaign's format, removed when their time is over."""

import shutil
import wave
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from fsdialer import jobs, recordings, settings
from fsdialer.core.campaigns import Campaign, Company, RecordFormat
from fsdialer.core.recordings import Expected, Finding, judge
from fsdialer.core.times import iso
from fsdialer.store import Store, connect
from tests.sound import heard, tone, write_stereo

NOW = 1_795_400_000.0
DAY = "2026-11-23"


@pytest.fixture
def acme(redis, redis_url, monkeypatch):
    monkeypatch.setenv("FSDIALER_REDIS_URL", redis_url)
    redis.sadd("fsdialer:companies", "acme")
    acme = Store(connect(redis_url)).company("acme")
    acme.setup.save_company(Company("acme"))
    acme.setup.save_campaign(Campaign("acme", "spring", record=True, record_keep_days=30))
    return acme


@pytest.fixture
def root(tmp_path):
    return tmp_path / "recordings"


def ended_call(acme, uuid="call-1", length_s=20.0, ended=NOW, **more):
    """The record of a call that was recorded; where its file has to be."""
    path = f"acme/{DAY}/{uuid}.wav"
    record = {
        "uuid": uuid,
        "campaign": "spring",
        "lead": "17",
        "number": "+12125550100",
        "operator": "ann",
        "answered": iso(ended - length_s),
        "bridged": iso(ended - length_s + 0.1),
        "ended": iso(ended),
        "talk_s": f"{length_s - 0.1:.3f}",
        "disposition": "answered",
        "cause": "NORMAL_CLEARING",
        "recording": path,
    } | more
    acme.redis.hset(acme.keys.call(uuid), mapping=record)
    acme.redis.zadd(acme.keys.recordings_unverified, {uuid: ended})
    return path


def talk(path, seconds=20.0, customer=440, operator=700):
    return write_stereo(path, tone(customer, seconds), tone(operator, seconds))


# -- after the call --------------------------------------------------------------------------------------------
def test_what_the_worker_may_not_read_is_named_and_keeps_nothing_else_from_being_judged(acme, root, monkeypatch):
    def closed(path):
        if path.name == "call-1.wav":
            raise PermissionError(13, "Permission denied", str(path))
        return path

    talk(root / ended_call(acme))
    talk(root / ended_call(acme, "call-2"))
    with monkeypatch.context() as patch:
        patch.setattr(recordings, "_present", closed)
        assert recordings.verify(acme, root, NOW + 4) == 1
    assert [(a.name, "call-1.wav" in a.text) for a in acme.alerts.standing()] == [("recordings-closed", True)]
    assert recordings.verify(acme, root, NOW + 10) == 1 and not acme.alerts.standing()


def test_good_recording_is_found_by_who_when_and_how_long_and_raises_no_alert(acme, root):
    path = ended_call(acme)
    talk(root / path)
    assert recordings.verify(acme, root, NOW + 4) == 1
    found = acme.recordings.get("call-1")
    assert (found.finding, found.path, found.operator, found.lead) == (Finding.OK, path, "ann", "17")
    assert (found.seconds, found.call_s, found.answered) == (20.0, 20.0, NOW - 20)
    assert found.size == (root / path).stat().st_size
    assert acme.alerts.standing() == []
    assert recordings.verify(acme, root, NOW + 5) == 0


def test_recording_is_left_to_settle_for_a_moment(acme, root):
    talk(root / ended_call(acme))
    assert recordings.verify(acme, root, NOW + 2) == 0
    assert recordings.verify(acme, root, NOW + 3) == 1


def test_file_that_is_late_is_waited_for_and_one_that_never_comes_is_an_alert(acme, root):
    path = ended_call(acme)
    assert recordings.verify(acme, root, NOW + 10) == 0 and acme.alerts.standing() == []
    ended_call(acme, "call-2")
    talk(root / path)
    assert recordings.verify(acme, root, NOW + 20) == 1
    assert recordings.verify(acme, root, NOW + 31) == 1
    [alert] = acme.alerts.standing()
    assert alert.name == "recording-missing.spring"
    assert "call-2" in alert.text and "FSDIALER_RECORDINGS" in alert.text
    assert (acme.recordings.get("call-2").finding, acme.recordings.get("call-2").size) == (Finding.MISSING, 0)


def test_one_whose_call_has_expired_is_an_alert_that_says_where_it_is(acme, root):
    talk(root / ended_call(acme, "late-1", ended=NOW - 8 * 86400))
    ended_call(acme, "late-2", ended=NOW - 8 * 86400)  # never had a file
    acme.redis.delete(acme.keys.call("late-1"), acme.keys.call("late-2"))
    assert recordings.verify(acme, root, NOW) == 0
    [alert] = acme.alerts.standing()
    assert alert.name == "recording-unknown" and f"acme/{DAY}/late-1.wav" in alert.text and alert.count == 1
    assert (root / f"acme/{DAY}/late-1.wav").is_file() and acme.recordings.unverified_count() == 0


def test_several_workers_share_the_recordings(acme, root):
    for n in range(3):
        talk(root / ended_call(acme, f"call-{n}"))
    with acme.recordings.looking("call-1"):
        assert recordings.verify(acme, root, NOW + 4) == 2
    assert acme.recordings.get("call-1") is None
    assert recordings.verify(acme, root, NOW + 4) == 1


def test_many_that_are_late_hold_up_nobody(acme, root):
    for n in range(5):
        ended_call(acme, f"late-{n}", ended=NOW - 5 + n)
    for n in range(3):
        talk(root / ended_call(acme, f"good-{n}"), 20.0)
    assert recordings.verify(acme, root, NOW + 4) == 3
    assert len(acme.recordings.unverified(NOW, 10)) == 5


@pytest.mark.parametrize(
    ("wrong", "finding"),
    [
        ({"seconds": 12.0}, "short"),
        ({"operator": 440}, "mixed"),
        ({"customer": 0}, "customer-silent"),
        ({"operator": 0}, "operator-silent"),
        ({"operator": 0, "customer": 0}, "silent"),
    ],
)
def test_what_is_wrong_with_a_recording_is_an_alert_of_its_own_name(acme, root, wrong, finding):
    talk(root / ended_call(acme), **wrong)
    recordings.verify(acme, root, NOW + 31)
    assert [alert.name for alert in acme.alerts.standing()] == [f"recording-{finding}.spring"]
    assert acme.recordings.get("call-1").finding == finding


@pytest.mark.parametrize("content", [b"", b"not sound", bytes(44)])
def test_file_that_is_no_sound_is_an_alert(acme, root, content):
    file = root / ended_call(acme)
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    recordings.verify(acme, root, NOW + 31)
    assert [alert.name for alert in acme.alerts.standing()] == ["recording-unreadable.spring"]


def test_call_that_was_over_as_it_began_may_have_none(acme, root):
    ended_call(acme, length_s=0.03, bridged="", talk_s="")
    assert recordings.verify(acme, root, NOW + 31) == 0
    assert acme.alerts.standing() == [] and acme.recordings.unverified_count() == 0


def test_recording_of_one_side_only_is_unreadable(root):
    root.mkdir()
    soundfile.write(root / "mono.wav", tone(440, 10), 8000)
    assert recordings.measure(root / "mono.wav") is None


def test_call_that_was_lost_sight_of_may_have_ended_earlier(acme, root):
    talk(root / ended_call(acme, length_s=300.0, cause="LOST"), seconds=20.0)
    recordings.verify(acme, root, NOW + 31)
    assert acme.recordings.get("call-1").finding == Finding.OK


def test_talk_on_the_companys_own_pbx_is_not_recorded_here_and_an_alert_says_so(acme, root):
    talk(root / ended_call(acme, length_s=300.0, refer="done"), seconds=2.0)
    recordings.verify(acme, root, NOW + 4)
    assert acme.recordings.get("call-1").finding == Finding.ELSEWHERE
    [alert] = acme.alerts.standing()
    assert alert.name == "recording-elsewhere.spring" and "REFER" in alert.text


def test_path_that_was_edited_into_something_else_touches_no_file(acme, root, tmp_path):
    secret = talk(tmp_path / "secret.wav")
    ended_call(acme, recording="../secret.wav")
    assert recordings.verify(acme, root, NOW + 31) == 0
    assert secret.exists() and acme.recordings.unverified(NOW + 99, 10) == []


def test_hour_long_recording_is_measured_piece_by_piece(root):
    quiet, loud = tone(0, 600), tone(440, 30)
    path = write_stereo(root / "long.wav", np.concatenate([quiet, loud, quiet]), tone(700, 1230))
    measured = recordings.measure(path)
    assert measured.seconds == 1230 and len(measured.left) == 12300
    expected = Expected(1230, 0.0, 1230)
    assert judge(expected, measured) is Finding.OK
    assert judge(replace(expected, talk_s=600), measured) is Finding.CUSTOMER_SILENT


def test_disk_that_is_nearly_full_is_an_alert_until_there_is_room_again(acme, root, monkeypatch):
    root.mkdir()
    free = [999_000_000]
    monkeypatch.setattr(recordings.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, free[0]))
    recordings.verify(acme, root, NOW)
    [alert] = acme.alerts.standing()
    assert alert.name == "recordings-disk" and "1.0 GB left" in alert.text
    free[0] = 2_000_000_000
    recordings.clear(acme, root, NOW)
    assert acme.alerts.standing() == []


# -- formats ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("to", [RecordFormat.OGG, RecordFormat.MP3])
def test_recording_is_kept_in_the_campaigns_format_with_either_side_where_it_was(acme, root, to):
    acme.setup.save_campaign(Campaign("acme", "spring", record=True, record_format=to))
    wav = talk(root / ended_call(acme))
    before = wav.stat().st_size
    recordings.verify(acme, root, NOW + 4)
    found = acme.recordings.get("call-1")
    kept = root / found.path
    assert kept.suffix == f".{to}" and not wav.exists()
    assert heard(kept, 5, 6) == (440, 700)
    assert abs(soundfile.info(kept).duration - 20) < 0.2
    assert found.size == kept.stat().st_size < before / 4
    assert [file.name for file in kept.parent.iterdir()] == [kept.name]


def test_look_that_ended_after_the_format_was_changed_is_taken_up_where_it_was(acme, root):
    acme.setup.save_campaign(Campaign("acme", "spring", record=True, record_format=RecordFormat.OGG))
    recordings.convert(talk(root / ended_call(acme)), RecordFormat.OGG)
    assert recordings.verify(acme, root, NOW + 4) == 1
    assert acme.recordings.get("call-1").path.endswith("call-1.ogg")
    assert acme.recordings.get("call-1").finding == Finding.OK


def test_recording_that_cannot_be_converted_stays_as_it_is_and_says_so(acme, root, monkeypatch):
    acme.setup.save_campaign(Campaign("acme", "spring", record=True, record_format=RecordFormat.MP3))
    wav = talk(root / ended_call(acme))
    monkeypatch.setitem(recordings._SUBTYPE, RecordFormat.MP3, "VORBIS")
    recordings.verify(acme, root, NOW + 4)
    assert wav.exists() and acme.recordings.get("call-1").path.endswith(".wav")
    assert [alert.name for alert in acme.alerts.standing()] == ["recording-format.spring"]
    assert [file.name for file in wav.parent.iterdir()] == [wav.name]


def test_recording_whose_switch_died_gets_the_head_that_players_need(acme, root):
    wav = talk(root / ended_call(acme, cause="SWITCH_RESTARTED"))
    whole = wav.read_bytes()
    wav.write_bytes(whole[:4] + (8).to_bytes(4, "little") + whole[8:40] + bytes(4) + whole[44:-40_000])
    recordings.verify(acme, root, NOW + 4)
    assert acme.recordings.get("call-1").finding == Finding.OK
    with wave.open(str(wav)) as played:
        assert played.getnframes() == 20 * 8000 - 10_000
    assert wav.read_bytes()[44:] == whole[44:-40_000]


# -- the end of their time -------------------------------------------------------------------------------------
def kept(acme, root, uuid, age_days):
    """A recording so old; its file."""
    file = talk(root / ended_call(acme, uuid), 6.0)
    recordings.verify(acme, root, NOW + 31)
    found = acme.recordings.get(uuid)
    acme.recordings.save(replace(found, answered=NOW - age_days * 86_400), 30)
    return file


def test_recording_past_its_campaigns_keeping_time_goes_with_its_file_and_others_stay(acme, root):
    old, young = kept(acme, root, "old", 30.1), kept(acme, root, "young", 29.9)
    assert recordings.clear(acme, root, NOW) == 1
    assert not old.exists() and acme.recordings.get("old") is None
    assert young.exists() and acme.recordings.get("young") is not None


def test_keeping_time_that_was_shortened_counts_for_what_there_is(acme, root):
    file = kept(acme, root, "one", 10)
    acme.setup.save_campaign(Campaign("acme", "spring", record=True, record_keep_days=7))
    assert recordings.clear(acme, root, NOW) == 1 and not file.exists()


def test_recordings_of_a_campaign_that_is_gone_are_kept_as_long_as_they_were_to_be(acme, root):
    file = kept(acme, root, "one", 29)
    acme.redis.delete(acme.keys.settings("spring"))
    acme.redis.srem(acme.keys.campaigns, "spring")
    assert recordings.clear(acme, root, NOW) == 0 and file.exists()
    assert recordings.clear(acme, root, NOW + 2 * 86_400) == 1 and not file.exists()


def test_file_that_is_gone_already_is_no_reason_to_keep_its_entry(acme, root):
    kept(acme, root, "one", 31).unlink()
    assert recordings.clear(acme, root, NOW) == 1
    assert acme.recordings.get("one") is None


def test_file_that_cannot_be_removed_is_an_alert_and_the_others_go(acme, root, monkeypatch):
    stuck, free = kept(acme, root, "stuck", 32), kept(acme, root, "free", 31)
    stuck.unlink()
    stuck.mkdir()  # nobody may unlink a folder, not even root
    assert recordings.clear(acme, root, NOW) == 1
    assert not free.exists() and acme.recordings.get("stuck") is not None
    alert = acme.alerts.get("recordings-not-removed")
    assert alert.cleared is None and str(stuck.parent) in alert.text


def test_files_nobody_knows_go_when_the_longest_keeping_time_is_over_and_strangers_files_stay(acme, root):
    old = talk(root / "acme/2026-10-20/lost.wav", 1.0)
    younger = talk(root / "acme/2026-10-25/lost.wav", 1.0)
    other = talk(root / "other/2026-10-20/lost.wav", 1.0)
    note = root / "acme/2026-10-20/README"
    note.write_text("not ours")
    assert recordings.clear(acme, root, NOW) == 1
    assert not old.exists() and younger.exists() and other.exists() and note.exists()


def test_folders_of_today_and_tomorrow_are_there_for_the_group(acme, root):
    root.mkdir()
    root.chmod(0o2770)  # as docs/recording.md says: what is made below belongs to the same group
    recordings.clear(acme, root, NOW)
    folder = root / "acme"
    assert sorted(each.name for each in folder.iterdir()) == ["2026-11-23", "2026-11-24"]
    assert {each.stat().st_mode & 0o7777 for each in (folder, *folder.iterdir())} == {0o2770}


# -- as jobs ---------------------------------------------------------------------------------------------------
def work_off(rq):
    SimpleWorker([rq], connection=rq.connection, serializer=JSONSerializer).work(burst=True)


def test_jobs_look_at_recordings_and_clear_them_once_for_a_slot(acme, root, monkeypatch):
    monkeypatch.setenv("FSDIALER_RECORDINGS", str(root))
    talk(root / ended_call(acme))
    configured = settings.load()
    enqueue, rq = jobs.recording_enqueuer(configured), jobs.queue(configured)
    for _ in range(2):
        enqueue("verify", "acme", 7)
        enqueue("clear", "acme", 7)
    assert len(rq) == 2
    work_off(rq)
    assert acme.recordings.get("call-1").finding == Finding.OK
    assert rq.failed_job_registry.count == 0
