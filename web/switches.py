"""The administrator's page of the telephone switches: how each is, what it carries, and which get no new calls.

Switches are shared by all companies. Where there are several, none of their administrators may drain one: that is for
whoever runs the machines, with `fsdialer switch`.
"""

import time
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for

from fsdialer.core.campaigns import Gateway
from fsdialer.core.switches import NO_LIMIT, has
from fsdialer.core.times import iso
from fsdialer.errors import Refused
from fsdialer.store.switches import SwitchView
from web.auth import signed_in, store

blueprint = Blueprint("switches", __name__, url_prefix="/s/<seat>/admin/switches")

#: How many of people's last deeds are shown.
_SHOWN = 20


@blueprint.route("/")
@signed_in("admin")
def page() -> str:
    """Every switch a dialer has met; the page asks anew by itself."""
    setup = g.me.company.setup
    gateways = [(gateway, setup.gateway_on(gateway.name)) for gateway in setup.gateways()]
    seats = [view.switch for view in g.me.company.operators.views() if view.state != "off"]
    rows = [
        {
            "view": view,
            "since": iso(view.since) if view.since else "",
            "most": _figure(view.room.most),
            "per_second": _figure(view.room.per_second),
            "used": round(100 * view.room.live / view.room.most) if view.room.most != NO_LIMIT else None,
            "gateways": [
                (gateway.name, _state(gateway, on, view)) for gateway, on in gateways if has(gateway, view.name)
            ],
            "operators": seats.count(view.name),
        }
        for view in store().switches.views()
    ]
    return render_template("switches.html", rows=rows, shared=_shared(), said=store().switches.said(_SHOWN))


@blueprint.route("/<name>/<any(drain, undrain):what>", methods=["POST"])
@signed_in("admin")
def drain(name: str, what: str) -> Any:
    """No new calls there, or calls again. Those that are up go on."""
    if _shared():
        raise Refused(f"Other companies' calls go through it too: ask who runs it for `fsdialer switch {what} {name}`.")
    who, now = f"{g.me.login} on the page", time.time()
    if what == "drain":
        store().switches.drain(name, who, now)
        flash(f"{name} gets no new calls from now on; those that are up go on.")
    else:
        store().switches.undrain(name, who, now)
        flash(f"{name} gets calls again.")
    return redirect(url_for("switches.page"))


def _shared() -> bool:
    return len(store().companies()) > 1


def _figure(most: int) -> str:
    return "no limit" if most == NO_LIMIT else str(most)


def _state(gateway: Gateway, on: dict[str, str], view: SwitchView) -> str:
    """How the switch finds the gateway; what it said before it went away counts for nothing."""
    if not view.up:
        return "not known"
    if gateway.host:
        return f"dialled at {gateway.host}:{gateway.port}, never pinged"
    return on.get(view.name, "not looked at yet")
