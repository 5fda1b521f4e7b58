"""The recordings of a company: searched, played, taken away and removed, by its administrators alone.

A file is reached through its entry in Redis only, and every hearing is written down. It refuses to know how a recording
came about or what is right about it.
"""

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, send_file, url_for

from fsdialer.core.dispositions import LABELS as DISPOSITIONS
from fsdialer.core.leads import OUTCOMES
from fsdialer.core.recordings import LABELS as FINDINGS
from fsdialer.core.recordings import Finding, is_path
from fsdialer.core.times import iso
from fsdialer.errors import InvalidSetting, NotFound
from fsdialer.store.recordings import Recording
from web.auth import signed_in

log = logging.getLogger(__name__)
blueprint = Blueprint("recordings", __name__, url_prefix="/s/<seat>/admin/recordings")

#: Recordings on a page, and how many are looked through for them at most.
SHOWN, LOOKED_AT = 50, 20_000
#: Days shown when nothing is said, and digits of a number that are enough to look for.
DAYS, DIGITS = 7, 4
_PLAYED_SHOWN = 20
_NO_NUMBER = re.compile(r"[^0-9+(). /-]")
_TYPES = {".wav": "audio/wav", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}
_RESULTS = {**{str(key): label for key, label in DISPOSITIONS.items()}, **OUTCOMES}
_FINDINGS = {str(key): label for key, label in FINDINGS.items()}
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty for whatever. `since` and `until` are epoch seconds, UTC days on the page."""

    since: float
    until: float
    text: str = ""
    campaign: str = ""
    operator: str = ""
    result: str = ""
    finding: str = ""

    def matches(self, one: Recording) -> bool:
        """Is it one of those? `text` is a lead's or a call's id, or part of a number."""
        return (
            self.campaign in ("", one.campaign)
            and self.operator in ("", one.operator)
            and self.result in ("", one.disposition, one.outcome)
            and (self.finding in ("", one.finding) or (self.finding == "any" and one.finding != Finding.OK))
            and (self.text in ("", one.lead, one.call) or self._is_part_of(one.number))
        )

    def _is_part_of(self, number: str) -> bool:
        digits = "".join(character for character in self.text if character.isdigit())
        return len(digits) >= DIGITS and digits in number and not _NO_NUMBER.search(self.text)


@blueprint.route("/")
@signed_in("admin")
def search() -> str:
    """A page of them, newest first."""
    company, today = g.me.company, datetime.now(UTC).date()
    first, last = _day("from", today - timedelta(days=DAYS - 1)), _day("to", today)
    before = request.args.get("before", type=float)
    wanted = Wanted(
        _midnight(first),
        min(_midnight(last) + _SECONDS_A_DAY, before or float("inf")),
        request.args.get("q", "").strip(),
        *(request.args.get(name, "") for name in ("campaign", "operator", "result", "finding")),
    )
    found, older = _search(company.recordings.newest(wanted.since, wanted.until), wanted)
    return render_template(
        "recordings.html",
        found=[_row(recording) for recording in found],
        older=f"{request.path}?{urlencode({**request.args, 'before': older})}" if older else "",
        wanted=wanted,
        first=first.isoformat(),
        last=last.isoformat(),
        campaigns=[(campaign.id, campaign.name or campaign.id) for campaign in company.setup.campaigns()],
        operators=[(view.id, view.name) for view in company.operators.views()],
        results=_RESULTS,
        findings=_FINDINGS,
        played=company.recordings.played(_PLAYED_SHOWN),
    )


@blueprint.route("/<call>/sound")
@signed_in("admin")
def sound(call: str) -> Response:
    """The file, whole or the part a player asks for; ``?as=file`` to take it away."""
    recording = _recording(call)
    file = _file(recording)
    if not file.is_file():
        raise NotFound("There is no file of this recording.")
    how = "download" if request.args.get("as") == "file" else "play"
    _write_down(call, how)
    return send_file(
        file,
        mimetype=_TYPES[file.suffix],
        as_attachment=how == "download",
        download_name=file.name,
        conditional=True,
    )


@blueprint.route("/<call>/remove", methods=["POST"])
@signed_in("admin")
def remove(call: str) -> Any:
    """Before its time, because somebody asked for it."""
    from fsdialer import recordings  # numpy comes with it: for the few who remove one by hand

    recording = _recording(call)
    if recordings.remove(g.me.company, _root(), recording, time.time()):
        _write_down(call, "remove")
        flash("Removed.")
    else:
        flash("It could not be removed; the wallboard says why.")
    return redirect(url_for("recordings.search"))


def _search(newest: Iterator[Recording], wanted: Wanted) -> tuple[list[Recording], float]:
    """The first `SHOWN` that match; and from when on (epoch s) to go on looking, 0 when there is no more."""
    found: list[Recording] = []
    looked, at = 0, 0.0
    for recording in islice(newest, LOOKED_AT):
        looked, at = looked + 1, recording.answered
        if wanted.matches(recording):
            if len(found) == SHOWN:
                return found, found[-1].answered
            found.append(recording)
    return found, at if looked == LOOKED_AT else 0.0


def _row(recording: Recording) -> dict[str, Any]:
    return {
        "it": recording,
        "at": iso(recording.answered)[:19].replace("T", " "),
        "length": f"{int(recording.seconds) // 60}:{int(recording.seconds) % 60:02d}",
        "result": _RESULTS.get(recording.outcome) or _RESULTS.get(recording.disposition, recording.disposition),
        "finding": _FINDINGS.get(recording.finding, recording.finding),
        "good": recording.finding == Finding.OK,
        "playable": recording.finding != Finding.MISSING,
    }


def _recording(call: str) -> Recording:
    recording: Recording | None = g.me.company.recordings.get(call)
    if recording is None:
        raise NotFound("There is no such recording, or none any more.")
    return recording


def _file(recording: Recording) -> Path:
    """Of this company, below the directory, and named by us: whatever stands in Redis."""
    if not is_path(recording.path) or not recording.path.startswith(f"{g.me.company.id}/"):
        raise NotFound("There is no file of this recording.")
    return _root() / recording.path


def _root() -> Path:
    root = current_app.extensions["fsdialer.settings"].recordings
    if not root:
        raise InvalidSetting("FSDIALER_RECORDINGS", "not set for the web: it must name the switch's directory")
    return Path(root)


def _write_down(call: str, how: str) -> None:
    if g.me.company.recordings.heard(call, g.me.login, how, request.remote_addr or "", time.time()):
        log.info("company=%s login=%s recording=%s how=%s", g.me.company.id, g.me.login, call, how)


def _day(name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return otherwise


def _midnight(on: date) -> float:
    return datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp()
