"""Pages for setting up: the company, gateways, campaigns, operators, and lists of leads."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, current_app, flash, g, jsonify, redirect, render_template, request, url_for
from redis.exceptions import RedisError

from fsdialer import jobs
from fsdialer.core import dial_format
from fsdialer.core.campaigns import Campaign, Company, Gateway, Operator
from fsdialer.core.fields import ID, Wrong, read_setting
from fsdialer.core.times import iso
from fsdialer.errors import InvalidSetting, NotFound, Refused
from fsdialer.store.users import PASSWORD_LENGTH, User, hash_password
from web.auth import signed_in
from web.contradictions import contradicted
from web.forms import form_of, read_form, values_of

blueprint = Blueprint("setup", __name__, url_prefix="/s/<seat>/admin")

#: What can be set up: in addresses → its type, its name for people, and what its id is called.
_THINGS: dict[str, tuple[Any, str, str]] = {
    "campaigns": (Campaign, "Campaign", "id"),
    "gateways": (Gateway, "Gateway", "name"),
    "operators": (Operator, "Operator", "id"),
}


@blueprint.route("/company", methods=["GET", "POST"])
@signed_in("admin")
def company() -> Any:
    """The company: master switch, account, dial format with a preview."""
    setup = g.me.company.setup
    values, errors = values_of(setup.company()), dict[str, str]()
    if request.method == "POST":
        thing, errors = read_form(Company, {"id": g.me.company.id}, request.form)
        errors |= contradicted(setup, thing) if thing is not None else {}
        if not errors:
            setup.save_company(thing)
            flash("Saved.")
            return redirect(url_for("setup.company"))
        values = {**request.form}
    return render_template("company.html", fields=form_of(Company, values, errors), previews=_previews(values))


@blueprint.route("/preview")
@signed_in("admin")
def preview() -> Any:
    """What a dial format makes of a number and a REFER format of an extension, while they are being typed."""
    return jsonify(_previews(request.args))


def _previews(values: Mapping[str, str]) -> dict[str, str]:
    """Setting → the address it makes, with the `server` given or else the one saved, or what is wrong with it; of those
    that are given."""
    setup = g.me.company.setup
    server = values["server"].strip() if "server" in values else setup.company().server
    # One whose address is all written here shows the most of a format.
    gateways = sorted(setup.gateways(), key=lambda each: (not each.host, not each.proxy))
    gateway, previews = next(iter(gateways), None), dict[str, str]()
    for setting, shown in (("dial_format", dial_format.preview), ("refer_format", dial_format.preview_refer)):
        if setting not in values:
            continue
        try:
            company = Company(g.me.company.id, **{setting: read_setting(Company, setting, values[setting].strip())})
            if "{server}" in values[setting]:
                company = replace(company, server=read_setting(Company, "server", server))
            previews[setting] = shown(company, gateway)
        except (Wrong, InvalidSetting) as error:
            previews[setting] = str(error)
    return previews


@blueprint.route("/gateways/<name>/refer", methods=["POST"])
@signed_in("admin")
def try_refer(name: str) -> Any:
    """Forget that a gateway did not do REFER: the next customer is sent again."""
    g.me.company.setup.gateway(name)
    g.me.company.referrals.forget(name)
    g.me.company.alerts.clear(f"gateway-refer.{name}", time.time(), g.me.login)
    flash(f"The next customer by {name} is sent to their operator by REFER again.")
    return redirect(url_for("setup.things", what="gateways"))


@blueprint.route("/<any(campaigns, gateways, operators):what>/")
@signed_in("admin")
def things(what: str) -> str:
    """All of one kind."""
    company = g.me.company
    return render_template(
        "things.html",
        what=what,
        label=_THINGS[what][1],
        things=getattr(company.setup, what)(),
        logins={user.operator: user.login for user in company.users.all() if user.operator},
        states=_gateway_states() if what == "gateways" else {},
        refusals=_refusals() if what == "gateways" else {},
    )


@blueprint.route("/<any(campaigns, gateways, operators):what>/<name>", methods=["GET", "POST"])
@signed_in("admin")
def thing(what: str, name: str) -> Any:
    """One of them; the name ``new`` makes another."""
    kind, label, identifier = _THINGS[what]
    new = name == "new"
    values, errors, typed = _present(what, kind, name, new), dict[str, str](), ""
    if request.method == "POST":
        typed = request.form.get("id", "").strip() if new else name
        if not ID.fullmatch(typed):
            errors["id"] = "letters, digits, - and _, 32 at the most"
        found, wrong = read_form(kind, {"company": g.me.company.id, identifier: typed}, request.form)
        errors |= wrong
        if new and not errors and _exists(what, typed):
            errors["id"] = "there is one already"
        errors |= contradicted(g.me.company.setup, found) if found is not None else {}
        if not errors and _save(what, found, errors, new):
            flash("Saved.")
            return redirect(url_for("setup.things", what=what))
        values = {**request.form}
    return render_template(
        "thing.html",
        what=what,
        label=label,
        name=name,
        new=new,
        typed=typed,
        fields=form_of(kind, values, errors),
        errors=errors,
    )


def _gateway_states() -> dict[str, str]:
    """Gateway → how the dialer finds it, in words; those nobody has looked at are left out."""
    company = g.me.company
    states = {name: found["state"] for name, found in company.setup.gateway_states().items()}
    others = (each for each in company.setup.gateways() if not company.gateway_names.may_have(each))
    return states | {each.name: "not dialled: on the switch the name is another company's" for each in others}


def _refusals() -> dict[str, str]:
    """Gateway → why customers are not sent by REFER now, in words with the time; those that do it are left out."""
    company = g.me.company
    found = {gateway.name: company.referrals.refusal(gateway.name) for gateway in company.setup.gateways()}
    return {
        name: f"{refusal.reason} ({iso(refusal.at)}); tried again from {iso(refusal.until)}"
        for name, refusal in found.items()
        if refusal is not None
    }


def _present(what: str, kind: Any, name: str, new: bool) -> dict[str, str]:
    if new:
        identifier = _THINGS[what][2]
        return values_of(kind(**{"company": g.me.company.id, identifier: "new"}))
    return values_of(getattr(g.me.company.setup, what[:-1])(name))


def _exists(what: str, name: str) -> bool:
    try:
        getattr(g.me.company.setup, what[:-1])(name)
    except NotFound:
        return False
    return True


def _save(what: str, found: Any, errors: dict[str, str], new: bool) -> bool:
    password = request.form.get("password", "")
    if what == "operators" and password and len(password) < PASSWORD_LENGTH:
        errors["password"] = f"{PASSWORD_LENGTH} characters at least"
        return False
    try:
        getattr(g.me.company.setup, f"save_{what[:-1]}")(found)
    except Refused as refused:
        errors["extension" if what == "operators" else "id" if new else "host"] = str(refused)
        return False
    if what == "operators" and password:
        user = User(found.id, found.name or found.id, "operator", found.id, hash_password(password))
        g.me.company.users.save(user)
    return True


@blueprint.route("/operators/<name>/<any(on, off):want>", methods=["POST"])
@signed_in("admin")
def presence(name: str, want: str) -> Any:
    """Take an operator off the line, or put them on it."""
    import time

    operators, now = g.me.company.operators, time.time()
    if want == "off":
        operators.leave_line(name, now, "Taken off the line by an administrator.")
    else:
        campaigns = operators.view(name).campaigns
        if not campaigns:
            raise Refused(f"operator {name} has no campaign")
        operators.go_on_line(name, campaigns[0], now, via="cli")
    return redirect(url_for("setup.things", what="operators"))


# -- lists of leads --------------------------------------------------------------------------------------------------


@blueprint.route("/lists", methods=["GET", "POST"])
@signed_in("admin")
def lists() -> Any:
    """Upload a CSV; an RQ job loads it."""
    campaigns = g.me.company.setup.campaigns()
    if request.method == "GET":
        return render_template("lists.html", campaigns=campaigns)
    upload, campaign = request.files.get("file"), request.form.get("campaign", "")
    g.me.company.setup.campaign(campaign)
    if upload is None or not upload.filename:
        return render_template("lists.html", campaigns=campaigns, error="Choose a CSV file first."), 400
    try:
        job = jobs.enqueue_import(_rq(), g.me.company.id, campaign, upload.stream)
    except RedisError as error:
        raise Refused(f"the queue cannot be reached, nothing was loaded: {error}") from None
    return redirect(url_for("setup.imported", job=job))


@blueprint.route("/lists/<job>")
@signed_in("admin")
def imported(job: str) -> str:
    """How an upload is getting on."""
    found = _rq().fetch_job(job)
    if found is None or list(found.args or ())[:1] != [g.me.company.id]:
        raise NotFound("no such upload; reports are kept for a day")
    status = str(found.get_status().value)
    result = found.return_value() if status == "finished" else None
    failure = ""
    if status == "failed":
        latest = found.latest_result()
        failure = (latest.exc_string or "").strip().splitlines()[-1] if latest else "it failed"
    return render_template("imported.html", status=status, result=result, failure=failure)


def _rq() -> Any:
    return jobs.queue(current_app.extensions["fsdialer.settings"])
