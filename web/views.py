"""What the pages show, as plain values. The one place where a number is hidden from operators."""

from typing import Any

from fsdialer.core.campaigns import Company
from fsdialer.core.dispositions import LABELS as DISPOSITIONS
from fsdialer.core.leads import OUTCOMES
from fsdialer.core.masks import mask, mask_fields
from fsdialer.core.operators import ASKS, LABELS, OperatorState
from fsdialer.core.phones import NO_DIALER, UNHEARD_S, asks, unheard
from fsdialer.errors import NotFound
from fsdialer.store import CompanyStore
from fsdialer.store.operators import Card, OperatorView

#: The reasons offered for a pause; another may be typed.
PAUSE_REASONS = ("Break", "Lunch", "Training", "Meeting")

_LAST_TIME: dict[str, str] = {str(disposition): words for disposition, words in DISPOSITIONS.items()}


def operator_view(company: CompanyStore, operator: str, now: float) -> dict[str, Any]:
    """Everything an operator's page shows at this moment."""
    view = company.operators.view(operator)
    card = company.operators.card(operator)
    state = OperatorState(view.state)
    phone = company.softphones.holder(operator) if view.in_browser else None
    return {
        "now": now,
        "operator": {"id": view.id, "name": view.name, "extension": view.extension, "station": view.station},
        "softphone": {"here": view.in_browser, "page": phone.page if phone else ""},
        "state": view.state,
        "label": LABELS[state],
        "since": view.since,
        "reason": view.reason,
        "unreachable": view.unreachable,
        "wish": view.wish,
        "asks": sorted(ASKS[state]),
        "call": view.call,
        "campaign": view.campaign if view.state != "off" else "",
        "campaigns": [{"id": each, "name": _campaign_name(company, each)} for each in view.campaigns],
        "wrap_until": view.wrap_until,
        "phone_test": _phone_test(view, now),
        "card": card_view(company.setup.company(), card) if card else None,
        "today": today_view(company.operators.today(operator, now), view.state, max(0.0, now - view.since)),
    }


def _phone_test(view: OperatorView, now: float) -> dict[str, Any]:
    """How the last test of the phone went. `until`: when a test under way will be taken for one that nobody does."""
    asked_at, tested_at = view.phone_test_asked_at, view.phone_tested_at
    if unheard(asked_at, tested_at, now):
        return {"words": NO_DIALER, "ok": False, "at": asked_at, "asks": False, "until": None}
    until = asked_at + UNHEARD_S if asked_at and not tested_at else None
    ok, words = view.phone_test_ok, view.phone_test
    return {"words": words, "ok": ok, "at": tested_at, "asks": asks(words), "until": until}


def card_view(company: Company, card: Card) -> dict[str, Any]:
    """The lead's card as an operator may see it."""
    name, fields = card.name, dict(card.fields)
    if company.hide_numbers:  # a name may be one, too: where the file had no better
        name = mask_fields({"": name}, card.number, company.country)[""]
        fields = mask_fields(fields, card.number, company.country)
    return {
        "lead": card.lead,
        "call": card.call,
        "name": name,
        "number": mask(card.number) if company.hide_numbers else card.number,
        "hidden": company.hide_numbers,
        "fields": fields,
        "attempts": card.attempts,
        "last": _LAST_TIME.get(card.disposition, ""),
        "outcome": card.outcome,
        "note": card.note,
        "mine": bool(card.preferred),
        "recorded": card.recorded,
        "machine": card.machine,
        "away": card.away,
        "outcomes": [{"code": code, "label": label} for code, label in OUTCOMES.items()],
    }


def today_view(figures: dict[str, float], state: str, since_s: float) -> dict[str, Any]:
    """The operator's day: calls, seconds talked, wrapped up and on the line, the present state included."""
    seconds = {name: value for name, value in figures.items() if name.endswith("_s")}
    if state != "off":
        seconds[f"{state}_s"] = seconds.get(f"{state}_s", 0.0) + since_s
    calls = int(figures.get("calls", 0))
    talk_s = seconds.get("on_call_s", 0.0)
    return {
        "calls": calls,
        "sales": int(figures.get("outcome.sale", 0)),
        "talk_s": talk_s,
        "wrap_up_s": seconds.get("wrap_up_s", 0.0),
        "average_s": talk_s / calls if calls else 0.0,
        "on_line_s": sum(seconds.values()),
    }


def _campaign_name(company: CompanyStore, campaign: str) -> str:
    try:
        return company.setup.campaign(campaign).name or campaign
    except NotFound:
        return campaign
