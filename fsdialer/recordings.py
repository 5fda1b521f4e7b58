"""The files of recordings, as RQ's jobs handle them: read and judged after the call, kept in the campaign's format,
removed when their time is over.

The switch writes them as WAV: cheap for it, and whole up to the last second should it die. What is right about one is
`core.recordings`' to say, what is known of it `store.recordings`' to keep.
"""

import contextlib
import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from fsdialer.core.campaigns import Campaign, RecordFormat
from fsdialer.core.recordings import (
    LABELS,
    PATIENCE_S,
    SETTLED_S,
    TOO_LITTLE_B,
    WINDOW_S,
    Expected,
    Finding,
    Measured,
    is_path,
    judge,
)
from fsdialer.core.times import day, epoch
from fsdialer.errors import FsdialerError, NotFound
from fsdialer.store import CompanyStore
from fsdialer.store.recordings import Recording

log = logging.getLogger(__name__)

#: Entries cleared at a time, and seconds a job looks at recordings: the worker has other things to do.
BATCH, TURN_S = 100, 60.0
#: How an alert tells to mend it.
_MEND = {
    Finding.MISSING: "does the switch write to FSDIALER_RECORDINGS, and is that the same directory here?",
    Finding.UNREADABLE: "is the disk full, or was the switch killed?",
    Finding.SHORT: "is the disk full, or was the switch restarted?",
    Finding.MIXED: "is the customer's leg stereo? Leave OPUS out of the codecs carriers are offered.",
    Finding.ELSEWHERE: "record there, or reach these operators in another way than by REFER.",
    Finding.CUSTOMER_SILENT: "does the carrier's audio reach the switch (NAT, firewall, codecs)?",
    Finding.OPERATOR_SILENT: "is the operator's microphone muted? Let them test their phone.",
    Finding.SILENT: "does audio reach the switch at all (NAT, firewall)?",
}
#: Ends that were found out late: how long the call really lasted is not known.
_END_UNKNOWN = ("LOST", "SWITCH_GONE", "SWITCH_RESTARTED")
_SUBTYPE = {RecordFormat.WAV: "PCM_16", RecordFormat.OGG: "VORBIS", RecordFormat.MP3: "MPEG_LAYER_III"}
#: Sides that never differ by more (of 1.0) are one sound.
ALIKE = 0.001
_CONVERT_FRAMES = 65_536


# -- after the call ----------------------------------------------------------------------------------------
def verify(company: CompanyStore, root: Path, now: float) -> int:
    """Look at the recordings of calls that ended; how many were judged. What is wrong becomes an alert.

    Until all are looked at or others should have their turn with this worker. What is late, may not be read, or is
    another worker's, does not hold up the rest.
    """
    _look_at_disk(company, root, now)
    judged, left, closed, until = 0, 0, "", time.monotonic() + TURN_S
    while time.monotonic() <= until and (waiting := company.recordings.unverified(now - SETTLED_S, 1, skip=left)):
        [(call, ended)] = waiting
        try:
            with company.recordings.looking(call) as mine:
                done = mine and _verify_one(company, root, call, now, last_look=now - ended > PATIENCE_S)
        except PermissionError as error:
            done, closed = False, str(error.filename)
        judged += done is True
        left += done is False
    if closed:
        text = f"The worker may not read {closed}: recordings wait until its owner and mode are right."
        company.alerts.say("recordings-closed", text, now)
    elif judged:
        company.alerts.clear("recordings-closed", now)
    return judged


def _look_at_disk(company: CompanyStore, root: Path, now: float) -> None:
    if not root.is_dir():
        return
    free = shutil.disk_usage(root).free
    if free < TOO_LITTLE_B:
        mend = "clear it, or keep recordings for fewer days, or as ogg"
        text = f"The disk of the recordings has {free / 1e9:.1f} GB left: {mend}."
        company.alerts.say("recordings-disk", text, now)
    else:
        company.alerts.clear("recordings-disk", now)


def _verify_one(company: CompanyStore, root: Path, call: str, now: float, last_look: bool) -> bool | None:
    """Was it judged? None when there is nothing to judge."""
    record = company.calls.get(call)
    if not is_path(record.get("recording", "")) or not record.get("answered"):
        if not record:
            _tell_unknown(company, root, call, now)
        company.recordings.drop_unverified(call)
        return None
    campaign = _campaign(company, record["campaign"])
    path = _present(root / record["recording"])
    promise = expected(record, campaign.record_notice)
    finding, seconds = _look(path, promise)
    if finding in (Finding.MISSING, Finding.SHORT, Finding.UNREADABLE) and not last_look:
        return False
    kept, nothing = path, finding in (Finding.MISSING, Finding.UNREADABLE)
    if nothing and promise.only_a_moment:
        company.recordings.drop_unverified(call)
        return None
    if not nothing:
        kept = _converted(company, path, campaign, now)
    if finding is not Finding.OK:
        text = f"Campaign {campaign.id}, call {record['uuid']} of {record['answered'][:19]}Z"
        what = f"{text}: recording: {LABELS[finding]}: {_MEND[finding]}"
        company.alerts.say(f"recording-{finding}.{campaign.id}", what, now)
    company.recordings.save(
        Recording(
            call=record["uuid"],
            campaign=record["campaign"],
            lead=record["lead"],
            number=record["number"],
            operator=record.get("operator", ""),
            answered=epoch(record["answered"]),
            call_s=epoch(record["ended"]) - epoch(record["answered"]),
            talk_s=float(record.get("talk_s") or 0),
            disposition=record.get("disposition", ""),
            outcome=record.get("outcome", ""),
            path=str(kept.relative_to(root)),
            finding=finding,
            seconds=seconds,
            size=kept.stat().st_size if kept.exists() else 0,
        ),
        campaign.record_keep_days,
    )
    log.info("call=%s recording=%s seconds=%.1f", record["uuid"], finding, seconds)
    return True


def _tell_unknown(company: CompanyStore, root: Path, call: str, now: float) -> None:
    """The call's record has expired before anybody looked: nothing says any more whose recording it is. Its file is
    kept as those that nobody knows are, and an alert says where."""
    paths = (
        f"{company.id}/{folder.name}/{call}.{each}" for folder, _ in _days(root / company.id) for each in RecordFormat
    )
    there = next((path for path in paths if is_path(path) and (root / path).is_file()), None)
    if there is not None:
        text = (
            f"Recording {there} was not looked at before its call's record expired (7 days): it is not on the page. "
            "Take the file from the directory of recordings; keep a worker running."
        )
        company.alerts.say("recording-unknown", text, now)
        log.warning("call=%s recording=unknown file=%s", call, there)


def expected(record: dict[str, str], notice: str = "none") -> Expected:
    """What a finished call's record promises of its recording."""
    answered, bridged = epoch(record["answered"]), record.get("bridged", "")
    known = record.get("cause") not in _END_UNKNOWN
    return Expected(
        call_s=epoch(record["ended"]) - answered if known else None,
        talk_from_s=max(0.0, epoch(bridged) - answered) if bridged else None,
        talk_s=float(record.get("talk_s") or 0),
        notice=notice,
        elsewhere=record.get("refer") == "done",
    )


def _present(path: Path) -> Path:
    """The file the switch wrote, or what an earlier look that did not come to its end has made of it."""
    others = (path.with_suffix(f".{each}") for each in (RecordFormat.OGG, RecordFormat.MP3))
    return path if path.exists() else next((each for each in others if each.exists()), path)


def _look(path: Path, expectation: Expected) -> tuple[Finding, float]:
    if not path.is_file():
        return Finding.MISSING, 0.0
    measured = measure(path)
    return judge(expectation, measured), measured.seconds if measured else 0.0


def measure(path: Path) -> Measured | None:
    """Length and loudness of both sides, read a minute at a time; None for what is no stereo recording."""
    try:
        with soundfile.SoundFile(path) as file:
            if file.channels != 2 or not file.frames:
                return None
            window = round(file.samplerate * WINDOW_S)
            sides: list[Any] = []
            apart = 0.0
            for block in file.blocks(blocksize=window * 600, dtype="float32"):
                apart = max(apart, float(np.abs(block[:, 0] - block[:, 1]).max()))
                whole = len(block) // window * window
                windows = block[:whole].reshape(-1, window, 2).astype(np.float64)
                sides.append(np.sqrt((windows**2).mean(axis=1)))
            loudness = np.concatenate(sides)
            left, right = (tuple(side.tolist()) for side in loudness.T)
            return Measured(file.frames / file.samplerate, left, right, same=apart < ALIKE)
    except soundfile.LibsndfileError as error:
        log.warning("file=%s unreadable=%s", path.name, error)
        return None


def _converted(company: CompanyStore, path: Path, campaign: Campaign, now: float) -> Path:
    """The recording in its campaign's format; should that fail it stays as it is, and an alert says so."""
    if path.suffix == f".{campaign.record_format}" and not _cut_off(path):
        return path
    try:
        return convert(path, campaign.record_format)
    except (soundfile.LibsndfileError, ValueError, OSError) as error:  # ValueError: no such format here
        log.warning("call=%s format=%s failed=%s", path.stem, campaign.record_format, error)
        text = f"Recordings of campaign {campaign.id} stay WAV: {campaign.record_format} failed: {error}"
        company.alerts.say(f"recording-format.{campaign.id}", text, now)
        return path


def _cut_off(path: Path) -> bool:
    """Is it a WAV file whose writer died? Its head says nothing of its length, and browsers believe the head."""
    with path.open("rb") as file:
        head = file.read(8)
    return head[:4] == b"RIFF" and int.from_bytes(head[4:], "little") + 8 < path.stat().st_size


def convert(path: Path, to: RecordFormat) -> Path:
    """The same sound beside it in another format, or in its own with a head that is right; the first file is removed
    when the second is whole."""
    target, part = path.with_suffix(f".{to}"), path.with_suffix(f".{to}.part")
    try:
        with (
            soundfile.SoundFile(path) as source,
            soundfile.SoundFile(part, "w", source.samplerate, 2, _SUBTYPE[to], format=to.upper()) as copy,
        ):
            for block in source.blocks(blocksize=_CONVERT_FRAMES, dtype="float32"):
                copy.write(block)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    if path != target:
        path.unlink()
    return target


def _campaign(company: CompanyStore, campaign: str) -> Campaign:
    """Its present settings; for one that is gone, or edited into nonsense, those it was last kept by."""
    try:
        return company.setup.campaign(campaign)
    except (NotFound, FsdialerError):
        plain = Campaign(company.id, campaign)
        days = company.recordings.keeping_times().get(campaign, plain.record_keep_days)
        return replace(plain, record_keep_days=days)


# -- the end of their time ---------------------------------------------------------------------------------
def clear(company: CompanyStore, root: Path, now: float) -> int:
    """Remove what is past its campaign's keeping time, the entry after its file; how many. Files nobody knows go when
    the longest keeping time is over."""
    _look_at_disk(company, root, now)
    removed, longest = 0, 1
    store = company.recordings
    for name, last_known in store.keeping_times().items():
        days = _campaign(company, name).record_keep_days
        if days != last_known:
            store.set_keeping_time(name, days)
        longest = max(longest, days)
        stuck = 0
        while past := store.past(name, now - days * 86_400, BATCH, skip=stuck):
            gone = [_remove(company, root, recording, name, now) for recording in past]
            removed += sum(gone)
            stuck += len(past) - sum(gone)
    longest = max([longest, *(campaign.record_keep_days for campaign in company.setup.campaigns())])
    removed += _remove_unknown(company, root, now - (longest + 1) * 86_400, now)
    _ready_folders(company, root, now)
    if removed:
        log.info("company=%s recordings=removed count=%d", company.id, removed)
    return removed


def remove(company: CompanyStore, root: Path, recording: Recording, now: float) -> bool:
    """One recording, file and entry, before its time: a person asked for it. False when the file cannot be removed;
    an alert says why."""
    return _remove(company, root, recording, recording.campaign, now)


def _remove(company: CompanyStore, root: Path, recording: Recording | str, campaign: str, now: float) -> bool:
    if isinstance(recording, str):
        company.recordings.remove(recording, campaign)
        return True
    if is_path(recording.path):
        file = root / recording.path
        if not all(_unlink(company, each, now) for each in (file, file.with_suffix(".wav"))):
            return False
        with contextlib.suppress(OSError):  # other recordings of the day are still in it, or it is gone
            file.parent.rmdir()
    company.recordings.remove(recording.call, campaign)
    return True


def _unlink(company: CompanyStore, file: Path, now: float) -> bool:
    """Is it gone? An alert says why not: what must not be kept any longer must not be kept unnoticed."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        log.warning("file=%s removed=no reason=%s", file.name, error.strerror)
        text = f"Recordings past their time cannot be removed ({error.strerror}): who owns {file.parent}?"
        company.alerts.say("recordings-not-removed", text, now)
        return False
    return True


def _remove_unknown(company: CompanyStore, root: Path, before: float, now: float) -> int:
    removed = 0
    last_day = date.fromisoformat(day(before))
    for folder, on in _days(root / company.id):
        if on > last_day:
            continue
        for file in folder.iterdir():
            if is_path(f"{company.id}/{folder.name}/{file.name}") and company.recordings.get(file.stem) is None:
                removed += _unlink(company, file, now)
        with contextlib.suppress(OSError):  # something that is not ours lies in it
            folder.rmdir()
    return removed


def _days(folder: Path) -> Iterator[tuple[Path, date]]:
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        with contextlib.suppress(ValueError):
            yield each, date.fromisoformat(each.name)


def _ready_folders(company: CompanyStore, root: Path, now: float) -> None:
    """Today's and tomorrow's folder, for the group to write to: those FreeSWITCH makes are its own alone."""
    if not any(campaign.record for campaign in company.setup.campaigns()):
        return
    today = datetime.fromtimestamp(now, UTC).date()
    before = os.umask(0o007)
    try:
        for on in (today, today + timedelta(days=1)):
            (root / company.id / on.isoformat()).mkdir(mode=0o770, parents=True, exist_ok=True)
    finally:
        os.umask(before)
