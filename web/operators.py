"""The operator's page, and what its buttons ask for. Each answers with the new view, or an error in words."""

import time
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, render_template, request

from fsdialer.core.campaigns import PhoneTestRule
from fsdialer.errors import Refused
from fsdialer.store import CompanyStore
from fsdialer.store.clock import redis_time
from web.auth import signed_in
from web.softphone import addresses
from web.views import PAUSE_REASONS, operator_view

blueprint = Blueprint("operators", __name__, url_prefix="/s/<seat>")

#: Longest note an operator may leave.
NOTE_LIMIT = 2000


@blueprint.route("/")
@signed_in("operator")
def page() -> str:
    """The page; its script fills it from the feed."""
    name = g.me.company.setup.company().name or g.me.company.id
    softphone = g.me.company.operators.view(g.me.operator).in_browser
    if softphone:
        g.connect_to = addresses(current_app.extensions["fsdialer.settings"])
    return render_template("operator.html", me=g.me, company=name, reasons=PAUSE_REASONS, softphone=softphone)


@blueprint.route("/on", methods=["POST"])
@signed_in("operator")
def on() -> Response:
    """Get on the line of a campaign; once a shift the phone is tested before (`Company.phone_test`)."""
    company, campaign, now = g.me.company, _asked("campaign"), time.time()
    if _to_be_tested(company, now):
        company.phone_tests.ask(g.me.operator, now, then=campaign)
    else:
        company.operators.go_on_line(g.me.operator, campaign, now, "web", seen=redis_time(company.redis))
    return _view()


def _to_be_tested(company: CompanyStore, now: float) -> bool:
    """Only where there is a dialer that would do it."""
    view = company.operators.view(g.me.operator)
    off = company.setup.company().phone_test is PhoneTestRule.OFF or view.state != "off"
    return _has_tester(company) and not off and not company.phone_tests.proved(g.me.operator, now)


def _has_tester(company: CompanyStore) -> bool:
    """Is there a dialer that would test their phone? It is the one of the operator's first campaign."""
    return bool(company.ownership.owner(min(company.operators.view(g.me.operator).campaigns, default="")))


@blueprint.route("/off", methods=["POST"])
@signed_in("operator")
def off() -> Response:
    """Leave the line, after the present call."""
    g.me.company.operators.leave_line(g.me.operator, time.time())
    return _view()


@blueprint.route("/pause", methods=["POST"])
@signed_in("operator")
def pause() -> Response:
    """Pause with a reason, after the present call."""
    reason = _asked("reason").strip()[:80]
    if not reason:
        raise Refused("say why: choose a reason for the pause")
    g.me.company.operators.pause(g.me.operator, reason, time.time())
    return _view()


@blueprint.route("/ready", methods=["POST"])
@signed_in("operator")
def ready() -> Response:
    """End a pause or a wrap-up; take back a wish to leave."""
    g.me.company.operators.ready(g.me.operator, time.time())
    return _view()


@blueprint.route("/test", methods=["POST"])
@signed_in("operator")
def test_phone() -> Response:
    """Have the phone rung and listened to; how it went comes with the feed."""
    if not _has_tester(g.me.company):
        raise Refused("no dialer runs your campaign, so nobody can call your phone: tell your administrator")
    g.me.company.phone_tests.ask(g.me.operator, time.time())
    return _view()


@blueprint.route("/heard", methods=["POST"])
@signed_in("operator")
def heard() -> Response:
    """Whether they heard themselves in the test; who did not is on the line only where that is advice."""
    company, said = g.me.company, _asked("heard")
    if said not in ("yes", "no"):
        raise Refused("say yes or no")
    company.phone_tests.heard(g.me.operator, said == "yes")
    if said == "no" and company.setup.company().phone_test is PhoneTestRule.REQUIRE:
        company.operators.leave_line(g.me.operator, time.time())
    return _view()


@blueprint.route("/seen", methods=["POST"])
@signed_in("operator")
def seen() -> tuple[str, int]:
    """The page's sign that it is open. Only the page can give it: what is written to a connection whose other end has
    died is taken by whatever stands between for minutes."""
    g.me.company.operators.seen(g.me.operator)
    return "", 204


@blueprint.route("/left", methods=["POST"])
@signed_in("operator")
def left() -> tuple[str, int]:
    """The page's goodbye: it is closed, or loaded again."""
    g.me.company.operators.left(g.me.operator)
    return "", 204


@blueprint.route("/outcome", methods=["POST"])
@signed_in("operator")
def outcome() -> Response:
    """What came of the call."""
    g.me.company.operators.save_outcome(
        g.me.operator, _asked("call"), _asked("outcome"), _note(), _instant(_asked("callback_at")), time.time()
    )
    return _view()


@blueprint.route("/note", methods=["POST"])
@signed_in("operator")
def note() -> tuple[str, int]:
    """What was typed of a call whose card is gone, no outcome having been chosen."""
    g.me.company.operators.save_note(g.me.operator, _asked("call"), _note())
    return "", 204


def _note() -> str:
    text = _asked("note")
    if len(text) > NOTE_LIMIT:
        raise Refused(f"the note has {len(text)} characters: {NOTE_LIMIT} are the most")
    return text


@blueprint.route("/hangup", methods=["POST"])
@signed_in("operator")
def hangup() -> Response:
    """Ask the dialer to end the present call; if one is named, that one alone: what was sent late ends no other."""
    view = g.me.company.operators.view(g.me.operator)
    if not view.call or _asked("call") not in ("", view.call):
        raise Refused("there is no call to hang up")
    g.me.company.feed.publish("wish", operator=g.me.operator, call=view.call, what="hangup")
    return _view()


def _view() -> Response:
    return jsonify(operator_view(g.me.company, g.me.operator, time.time()))


def _asked(name: str) -> str:
    """A field of the JSON body, as text; empty when it is not there."""
    body: Any = request.get_json(silent=True)
    value = body.get(name, "") if isinstance(body, dict) else ""
    return value if isinstance(value, str) else ""


def _instant(text: str) -> float | None:
    """Epoch seconds of an ISO time with its zone, as the page's script sends it."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Refused(f"{text!r} is not a time") from None
    if moment.tzinfo is None:
        raise Refused("the time has no zone")
    return moment.timestamp()
