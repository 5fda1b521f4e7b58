"""The administrator's view of what goes on: wallboard, statistics, and why a lead is or isn't called."""

import contextlib
import csv
import io
import time
from datetime import date
from typing import Any

from flask import Blueprint, Response, g, jsonify, render_template, request

from fsdialer.core.dispositions import LABELS, Disposition
from fsdialer.core.leads import e164
from fsdialer.core.machines import share
from fsdialer.core.operators import LABELS as STATES
from fsdialer.core.operators import OperatorState
from fsdialer.core.times import day, iso
from fsdialer.errors import InvalidLead, NotFound
from fsdialer.store.ownership import dialers
from fsdialer.store.stats import abandon_rate
from web.auth import signed_in

blueprint = Blueprint("admin", __name__, url_prefix="/s/<seat>/admin")

#: A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_DECISIONS_SHOWN = 200
_COLUMNS = ("attempts", "answers", "bridges", *Disposition)


@blueprint.route("/")
@signed_in("admin")
def wallboard() -> str:
    """The live picture; its script asks for `live` every second."""
    return render_template("wallboard.html", campaigns=g.me.company.setup.campaigns())


@blueprint.route("/live")
@signed_in("admin")
def live() -> Response:
    """Every campaign at this moment, and every operator."""
    company, now = g.me.company, time.time()
    snapshots = company.stats.snapshots(company.ownership.campaigns(), now)
    for snapshot in snapshots:
        snapshot["results"] = [
            {"label": label, "count": snapshot["today"].get(name, 0)} for name, label in LABELS.items()
        ]
    operators = [
        {
            "id": view.id,
            "name": view.name,
            "extension": view.extension,
            "state": view.state,
            "label": STATES[OperatorState(view.state)],
            "since": view.since,
            "campaign": view.campaign if view.state != "off" else "",
            "reason": view.reason,
            "wish": view.wish,
        }
        for view in company.operators.views()
    ]
    return jsonify(
        now=now,
        active=company.setup.company().active,
        campaigns=snapshots,
        operators=operators,
        dialers=dialers(company.redis),
        alerts=[
            {"name": alert.name, "text": alert.text, "first": alert.first, "last": alert.last, "count": alert.count}
            for alert in company.alerts.standing()
        ],
        gateways={name: found["state"] for name, found in company.setup.gateway_states().items()},
    )


@blueprint.route("/alerts/<name>/clear", methods=["POST"])
@signed_in("admin")
def clear_alert(name: str) -> Response:
    """Read and dealt with: it is shown again only when it is said again."""
    return jsonify(cleared=g.me.company.alerts.clear(name, time.time(), g.me.login))


@blueprint.route("/statistics")
@signed_in("admin")
def statistics() -> Any:
    """A day's attempts by disposition and hour (UTC), *No free operators* apart; ``?as=csv`` for a spreadsheet."""
    company = g.me.company
    campaigns = company.ownership.campaigns()
    campaign = request.args.get("campaign") or (campaigns[0] if campaigns else "")
    if campaign not in campaigns and campaign:
        raise NotFound(f"no campaign {campaign!r}")
    on = _day_asked() or day(time.time())
    counts = company.stats.day(campaign, on) if campaign else {}
    hours = [
        {"hour": f"{hour:02d}", **{c: counts.get(f"{hour:02d}.{c}", 0) for c in _COLUMNS}}
        for hour in range(24)
        if any(name.startswith(f"{hour:02d}.") for name in counts)
    ]
    total = {c: counts.get(c, 0) for c in _COLUMNS}
    if request.args.get("as") == "csv":
        return _as_csv(hours, total, f"{campaign}-{on}.csv")
    outcomes = {name.removeprefix("outcome."): count for name, count in counts.items() if name.startswith("outcome.")}
    return render_template(
        "statistics.html",
        campaigns=campaigns,
        campaign=campaign,
        on=on,
        hours=hours,
        total=total,
        labels=LABELS,
        outcomes=outcomes,
        abandon_rate=abandon_rate(counts),
    )


def _day_asked() -> str:
    """As 2026-11-23; empty for what is no day."""
    try:
        return date.fromisoformat(request.args.get("day", "")).isoformat()
    except ValueError:
        return ""


@blueprint.route("/machines")
@signed_in("admin")
def machines() -> str:
    """Detectors of answering machines held against operators' words, by gateway, over the last days."""
    asked = request.args.get("days", "")
    days = min(90, max(1, int(asked))) if asked.isdecimal() and len(asked) < 4 else 7
    tallies = g.me.company.machines.tallies(time.time(), days)
    return render_template("machines.html", tallies=tallies, days=days, share=share)


@blueprint.route("/pacing/<campaign>")
@signed_in("admin")
def pacing(campaign: str) -> str:
    """A campaign's last decisions, newest first."""
    company = g.me.company
    company.setup.campaign(campaign)
    decisions = company.pacing.decisions(campaign, _DECISIONS_SHOWN)
    figures = [name for name in (decisions[0] if decisions else ()) if name not in ("at", "calls", "reason")]
    return render_template(
        "pacing.html", campaign=campaign, decisions=decisions, figures=figures, shown=_DECISIONS_SHOWN
    )


@blueprint.route("/leads")
@signed_in("admin")
def leads() -> str:
    """Find a lead by id or number, and read why it is or isn't being called."""
    company, asked, now = g.me.company, request.args.get("q", "").strip(), time.time()
    found = []
    for lead_id in _find(asked) if asked else ():
        record = company.leads.get(lead_id)
        next_at = iso(record.next_at) if record.next_at else ""
        found.append({"record": record, "why": company.leads.why(lead_id, now), "next_at": next_at})
    return render_template("leads.html", asked=asked, found=found)


def _find(asked: str) -> list[str]:
    """By id, or by number: as it is written in the company's country, or international without its +."""
    company = g.me.company
    numbers = {"+" + "".join(c for c in asked if c.isdigit())}
    with contextlib.suppress(NotFound):
        return [company.leads.get(asked).id]
    with contextlib.suppress(InvalidLead):
        numbers.add(e164(asked, company.setup.company().country))
    found = (company.leads.find(campaign, number) for campaign in company.ownership.campaigns() for number in numbers)
    return [lead for lead in found if lead]


def _as_csv(hours: list[dict[str, Any]], total: dict[str, int], name: str) -> Response:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["hour", *_COLUMNS])
    for row in [*hours, {"hour": "total", **total}]:
        writer.writerow([harmless(str(row[column])) for column in ("hour", *_COLUMNS)])
    response = Response(out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell.startswith(_FORMULA) else cell
