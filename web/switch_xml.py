"""What mod_xml_curl asks: who is this operator's phone, which gateways are there. Asked by a switch on this machine
(or through a TLS proxy on it) that knows the password of `core.switch_config.web_password`; by nobody else.
"""

import hmac
import logging

from flask import Blueprint, Response, abort, current_app, request

from fsdialer.core import switch_config
from fsdialer.core.switch_config import CARRIER_PROFILE, GATEWAY_DOMAIN, WEB_USER, unclashing, web_password
from fsdialer.settings import Settings
from fsdialer.store import Store

log = logging.getLogger(__name__)
blueprint = Blueprint("switch_xml", __name__)


@blueprint.route("/switch/directory", methods=["POST"])
def directory() -> Response:
    """A domain with the one user asked for, or none; the gateways; else "not found", and the switch's files stand."""
    settings, store = current_app.extensions["fsdialer.settings"], current_app.extensions["fsdialer.store"]
    _check_who_asks(settings)
    asked = request.form
    if asked.get("purpose") == "gateways":
        body = _gateways(store, asked.get("profile", CARRIER_PROFILE))
    elif asked.get("key_value") == GATEWAY_DOMAIN:  # the dialer has the switch look at what it would get
        body = _gateways(store, CARRIER_PROFILE, accounts=False)
    elif asked.get("user") and asked.get("key_value"):
        body = _user(store, settings, asked["user"], asked["key_value"])
    else:
        body = switch_config.document()
    return Response(body, mimetype="text/xml")


def _check_who_asks(settings: Settings) -> None:
    if request.remote_addr not in ("127.0.0.1", "::1"):
        abort(403, "For a switch on this machine, or through a proxy on it.")
    given = request.authorization
    name, password = (given.username or "", given.password or "") if given else ("", "")
    right = hmac.compare_digest(password.encode(), web_password(settings.secret_key).encode())
    if not (right and name == WEB_USER):
        abort(403, "The switch's web_secret is not of this FSDIALER_SECRET_KEY: run fsdialer freeswitch write.")


def _user(store: Store, settings: Settings, extension: str, domain: str) -> bytes:
    """A domain without users when it is nobody's, so that an old file on the switch does not let them in."""
    found = (store.company(each).accounts.phone_at(extension, settings.secret_key) for each in store.companies())
    phones, clashing = unclashing((phone for phone in found if phone), lambda phone: phone.extension)
    if clashing:
        log.error("extension=%s served=no companies=%s", extension, ",".join(phone.company for phone in clashing))
    for phone in phones:
        if phone.in_browser:
            store.company(phone.company).softphones.was_asked_for(phone.operator)
    return switch_config.document(switch_config.directory(domain, phones))


def _gateways(store: Store, profile: str, accounts: bool = True) -> bytes:
    trunks = [trunk for each in store.companies() for trunk in store.company(each).accounts.good_trunks()]
    return switch_config.document(switch_config.gateways(trunks if profile == CARRIER_PROFILE else [], accounts))
