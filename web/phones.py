"""The settings of an operator's phone, for an administrator who has no command line: shown when asked for, by POST, so
that no password stands in an address or a page's history, and every look is logged."""

import logging
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request

from fsdialer.core.phone_settings import FILES, Account, as_file, elsewhere, in_words
from fsdialer.errors import Refused
from web.auth import signed_in
from web.softphone import domain

log = logging.getLogger(__name__)
blueprint = Blueprint("phones", __name__, url_prefix="/s/<seat>/admin/operators/<name>/phone")

#: Kind of phone → what people call it, and the name its file is saved under.
_NAMES = {
    "microsip": ("MicroSIP", "MicroSIP.ini"),
    "grandstream": ("Grandstream", "cfg.xml"),
    "baresip": ("baresip", "accounts"),
}


@blueprint.route("", methods=["GET", "POST"])
@signed_in("admin")
def settings(name: str) -> Any:
    """Which phones there are files for; by POST of `show` (``words``, ``new``: another password first, or a kind of
    phone) the settings, password and all."""
    operator = g.me.company.setup.operator(name)
    lines: list[str] = []
    if request.method == "POST":
        if there := elsewhere(operator):
            raise Refused(there)
        show = request.form.get("show", "")
        if show not in ("words", "new", *FILES):
            raise Refused("say what to show")
        if show == "new":
            g.me.company.accounts.renew_phone(name)
        account = _account(name)
        log.info("company=%s login=%s phone=%s show=%s", g.me.company.id, g.me.login, name, show)
        if show in FILES and not operator.in_browser:
            disposition = f"attachment; filename={_NAMES[show][1]}"
            return Response(
                as_file(show, account),
                mimetype="application/octet-stream",
                headers={"Content-Disposition": disposition},
            )
        lines = list(in_words(account, command=False))
    return render_template("phone.html", operator=operator, there=elsewhere(operator), lines=lines, kinds=_NAMES)


def _account(name: str) -> Account:
    settings = current_app.extensions["fsdialer.settings"]
    phone = g.me.company.accounts.phone(name, settings.secret_key)
    return Account(phone, domain(settings), browsers=settings.browsers_address)
