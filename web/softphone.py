"""The credential of the phone in an operator's page: for that operator, that page and that sign-in, for minutes.

The phone's own conversation is with the switch; only who may register is settled here. The permanent password of a
phone is never given to a page.
"""

import re
import time
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request

from fsdialer.core.switch_config import browser_password
from fsdialer.errors import Refused
from fsdialer.settings import Settings
from fsdialer.store.operators import OperatorView
from fsdialer.store.softphones import Softphone
from web.auth import signed_in, this_sign_in

blueprint = Blueprint("softphone", __name__, url_prefix="/s/<seat>")

_PAGE = re.compile(r"[0-9A-Za-z-]{8,64}")
_HOST = re.compile(r"[0-9A-Za-z.:\[\]-]{1,255}")


@blueprint.route("/softphone", methods=["POST"])
@signed_in("operator")
def credential() -> Response:
    """JSON ``{"page": ID, "take": BOOL, "cut_off": BOOL}``: take the phone for this page, or only keep it; `cut_off`:
    its calls of before are no more, for it is being left, or was just read. Answers ``held``;
    ``elsewhere``: another page has it; ``asked``: a switch has asked for this password; and, with `take`, what is
    needed to register."""
    company, operator = g.me.company, g.me.operator
    asked: Any = request.get_json(silent=True)
    page = asked.get("page") if isinstance(asked, dict) else None
    if not isinstance(page, str) or not _PAGE.fullmatch(page):
        raise Refused("say which page asks")
    view, settings = company.operators.view(operator), current_app.extensions["fsdialer.settings"]
    if not view.in_browser:
        raise Refused("your phone is not in this page: an administrator may set your phone to webrtc")
    if not settings.sip_ws:
        raise Refused("the address of the telephone switch for browsers is not set: tell an administrator (SIP_WS)")
    if asked.get("take") is not True:
        held = company.softphones.renew(operator, page, this_sign_in())
        if held and asked.get("cut_off") is True:
            company.softphones.cut_off(operator)
        holder = None if held else company.softphones.holder(operator)
        # This very page may have taken it in the meantime.
        elsewhere = holder is not None and not holder.is_of(page, this_sign_in())
        return jsonify(held=held, elsewhere=elsewhere, asked=company.softphones.has_been_asked_for(operator))
    before = company.softphones.holder(operator)
    phone = company.softphones.take(operator, page, this_sign_in(), time.time())
    if phone == before and asked.get("cut_off") is True:
        company.softphones.cut_off(operator)
    known = company.softphones.has_been_asked_for(operator)
    return jsonify(held=True, elsewhere=False, asked=known, **_account(settings, view, company.id, phone))


def addresses(settings: Settings) -> list[str]:
    """Where a page may register, as its security policy names them: a path is taken on the page's own host."""
    found = []
    for url in settings.sip_ws:
        if not url.startswith("/"):
            found.append(url)
        elif _HOST.fullmatch(request.host):
            found += [f"wss://{request.host}{url}", f"ws://{request.host}{url}"]
    return found


def domain(settings: Settings) -> str:
    """What phones write after the @: as set, else the host this page came from."""
    return settings.sip_domain or request.host.rpartition(":")[0] or request.host


def _account(settings: Settings, view: OperatorView, company: str, phone: Softphone) -> dict[str, Any]:
    return {
        "urls": list(settings.sip_ws),
        "uri": f"sip:{view.extension}@{domain(settings)}",
        "user": view.extension,
        "password": browser_password(settings.secret_key, company, view.id, phone.salt),
    }
