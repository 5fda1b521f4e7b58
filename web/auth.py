"""Signing in and out, and who may see what.

A sign-in is a random id in a signed cookie and a record under it in Redis, so that signing out and a change of role
count at once. Wrong logins and wrong passwords get the same answer, as slowly.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from fsdialer.errors import NotFound
from fsdialer.store import CompanyStore, Store
from fsdialer.store.keys import session as session_key
from fsdialer.store.users import User, hash_password, password_matches
from web.seats import SeatSessions, cookie_name, cookie_path, over_tls, seat_of

blueprint = Blueprint("auth", __name__)

#: A sign-in lasts so long without use (seconds).
SESSION_S = 12 * 3600
_NOBODY = hash_password(secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose request this is."""

    company: CompanyStore
    login: str
    name: str
    role: str
    operator: str
    seat: str


def store() -> Store:
    """All companies."""
    found: Store = current_app.extensions["fsdialer.store"]
    return found


def signed_in(role: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Only for those signed in to the seat in the address, with this role; `g.me` says who it is."""

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(seat: str, *args: Any, **kwargs: Any) -> Any:
            g.me = _who(seat)
            if g.me.role != role:
                abort(403, "This page is not for you.")
            return view(*args, **kwargs)

        return guarded

    return guard


def still_signed_in(role: str) -> Callable[[], bool]:
    """For what outlives its request, as a feed does: whether whoever asked may still have it."""
    token, seat = session.get("id", ""), g.me.seat
    redis = store()

    def still() -> bool:
        who = _signed_in(redis, token, seat)
        return who is not None and who.role == role

    return still


def this_sign_in() -> str:
    """Which sign-in the request is of, without giving its token away."""
    return hashlib.sha256(session.get("id", "").encode()).hexdigest()[:16]


@blueprint.app_url_defaults
def _stay_in_seat(endpoint: str, values: dict[str, Any]) -> None:
    """Addresses made on a seat's page lead to the same seat."""
    me = getattr(g, "me", None)
    if me is not None and "seat" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "seat"):
        values["seat"] = me.seat


@blueprint.route("/")
def home() -> Response:
    """Nothing here but the way in."""
    return redirect(url_for("auth.login"))


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Any:
    """The sign-in page. Company and login are remembered for the next time."""
    companies = {c: store().company(c).setup.company().name or c for c in store().companies()}
    if request.method == "GET":
        return render_template("login.html", companies=companies, company=request.args.get("company", ""), login="")
    company, who = request.form.get("company", ""), request.form.get("login", "").strip()
    user = _check(company, who, request.form.get("password", ""))
    if user is None:
        message = "That login and password do not go together."
        page = render_template("login.html", companies=companies, company=company, login=who, message=message)
        return page, 401
    return _sign_in(company, user)


def _check(company: str, who: str, password: str) -> User | None:
    try:
        user = store().company(company).users.get(who)
    except NotFound:
        user = None
    known = user.password_hash if user else _NOBODY
    right = _in_thread(password_matches, known, password)
    return user if right and user else None


def _in_thread(work: Callable[..., Any], *args: Any) -> Any:
    """100 ms of hashing must not hold up everybody's feed: in a gevent process it goes to a real thread."""
    from gevent import get_hub
    from gevent.monkey import is_module_patched

    return get_hub().threadpool.apply(work, args) if is_module_patched("threading") else work(*args)


def _sign_in(company: str, user: User) -> Response:
    token, seat = secrets.token_urlsafe(24), seat_of(company, user.login)
    redis = store().redis
    record = {"company": company, "login": user.login, "password": _mark(user)}
    redis.hset(session_key(token), mapping=record)
    redis.expire(session_key(token), SESSION_S)
    page = "admin.wallboard" if user.role == "admin" else "operators.page"
    response = redirect(url_for(page, seat=seat))
    interface = current_app.session_interface
    assert isinstance(interface, SeatSessions)
    response.set_cookie(
        cookie_name(seat),
        interface.sign(current_app, {"id": token}),
        path=cookie_path(seat),
        httponly=True,
        samesite="Lax",
        secure=over_tls(),
    )
    return response


@blueprint.route("/s/<seat>/logout", methods=["POST"])
def logout(seat: str) -> Response:
    """Sign out of a seat; an operator leaves the line first."""
    me = _who(seat)
    if me.operator:
        import time

        me.company.operators.leave_line(me.operator, time.time(), "signed out")
        me.company.softphones.give_up(me.operator, this_sign_in())
    store().redis.delete(session_key(session.get("id", "")))
    session.clear()
    return redirect(url_for("auth.login", company=me.company.id))


def _who(seat: str) -> SignedIn:
    """Who is signed in to the seat; 401 when nobody is."""
    token = session.get("id", "")
    who = _signed_in(store(), token, seat)
    if who is None:
        abort(401, "Sign in first.")
    store().redis.expire(session_key(token), SESSION_S)
    return who


def _signed_in(everything: Store, token: str, seat: str) -> SignedIn | None:
    """The user is read anew: a changed role or password counts at once."""
    record = everything.redis.hgetall(session_key(token)) if token else {}
    if not record or seat_of(record["company"], record["login"]) != seat:
        return None
    company = everything.company(record["company"])
    user = company.users.get(record["login"])
    if user is None or record.get("password", _mark(user)) != _mark(user):
        return None
    return SignedIn(company, user.login, user.name, user.role, user.operator, seat)


def _mark(user: User) -> str:
    """By which a session knows the password it was begun with; it tells nothing of it."""
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
