"""The web: the operator's page, the administrator's pages, and what machines ask for. It never talks to a switch.

Several people may be signed in from one browser: each sign-in has a seat of its own in the address, ``/s/SEAT/…``,
and a cookie that is sent to that seat alone.
"""

import logging

from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from flask.json.provider import DefaultJSONProvider
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFError, CSRFProtect
from redis import Redis
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from fsdialer.errors import FsdialerError, InvalidSetting, NotFound, Refused
from fsdialer.settings import Settings
from fsdialer.store import REDIS_AWAY, Store, connect
from web.feed import Hub
from web.seats import SeatSessions

log = logging.getLogger(__name__)

#: Longest request body but for uploads of lists, in bytes.
BODY_LIMIT, UPLOAD_LIMIT = 1024 * 1024, 512 * 1024 * 1024

#: Sign-ins that may fail for one login from one address.
TRIES = "10/minute;60/hour"

_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)


def create_app(settings: Settings, redis: Redis | None = None) -> Flask:
    """The application; `redis` when the caller has a client already."""
    settings.need_secret()
    app = Flask(__name__)
    app.secret_key = settings.secret_key
    app.session_interface = SeatSessions()
    app.config.update(
        MAX_CONTENT_LENGTH=UPLOAD_LIMIT,
        MAX_FORM_MEMORY_SIZE=BODY_LIMIT,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_HEADERS=["X-CSRFToken"],
        RATELIMIT_STORAGE_URI=_limiter_url(settings.redis_url),
        RATELIMIT_KEY_PREFIX="fsdialer",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )
    app.extensions["fsdialer.settings"] = settings
    app.extensions["fsdialer.store"] = Store(redis or connect(settings.redis_url))
    app.extensions["fsdialer.hub"] = Hub(settings.redis_url)
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.sort_keys = False  # a card's fields have their order
    CSRFProtect(app)
    limiter = Limiter(get_remote_address, app=app)
    _register(app, limiter)
    _errors(app)
    app.after_request(_secure)
    return app


def main(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; InvalidSetting when it cannot listen. The caller has patched the standard library
    for gevent."""
    import signal

    import gevent
    from gevent.pywsgi import WSGIServer

    host, _, port = settings.listen.rpartition(":")
    server = WSGIServer((host.strip("[]"), int(port)), create_app(settings), log=None, error_log=log)
    for signum in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(signum, lambda: gevent.spawn(server.stop, timeout=0.5))
    try:
        server.start()
    except OSError as error:
        raise InvalidSetting("FSDIALER_LISTEN", f"{settings.listen}: {error.strerror}") from None
    log.info("web=%s state=listening", settings.listen)
    server.serve_forever()


def _register(app: Flask, limiter: Limiter) -> None:
    from web import (
        admin,
        auth,
        feed,
        metrics,
        operators,
        phones,
        recordings,
        setup_pages,
        softphone,
        switch_xml,
        switches,
    )

    limiter.limit(
        TRIES,
        key_func=_who_tries,
        methods=["POST"],
        deduct_when=lambda answer: answer.status_code == 401,
        error_message="Too many sign-ins failed for this login: wait a minute, then try again.",
    )(auth.blueprint)
    app.register_blueprint(auth.blueprint)
    app.register_blueprint(feed.blueprint)
    app.register_blueprint(operators.blueprint)
    app.register_blueprint(softphone.blueprint)
    app.register_blueprint(admin.blueprint)
    app.register_blueprint(setup_pages.blueprint)
    app.register_blueprint(phones.blueprint)
    app.register_blueprint(switches.blueprint)
    app.register_blueprint(recordings.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.extensions["csrf"].exempt(switch_xml.blueprint)  # a switch signs each request by itself
    app.register_blueprint(switch_xml.blueprint)


def _who_tries() -> str:
    """A whole call centre signs in from one address, so tries are counted by address and login."""
    return f"{get_remote_address()}/{request.form.get('company', '')}/{request.form.get('login', '')}"


def _limiter_url(redis_url: str) -> str:
    """Flask-Limiter's storage has its own word for a socket."""
    return redis_url.replace("unix://", "redis+unix://") if redis_url.startswith("unix://") else redis_url


def _errors(app: Flask) -> None:
    """Errors as the page's script and people need them."""

    def answer(status: int, message: str) -> tuple[Response | str, int]:
        if _wants_json():
            return jsonify(error=message), status
        return render_template("error.html", message=message, status=status), status

    @app.errorhandler(Refused)
    def refused(error: Refused) -> tuple[Response | str, int]:
        return answer(409, str(error))

    @app.errorhandler(NotFound)
    def not_found(error: NotFound) -> tuple[Response | str, int]:
        return answer(404, str(error))

    @app.errorhandler(FsdialerError)
    def ours(error: FsdialerError) -> tuple[Response | str, int]:
        return answer(400, str(error))

    def redis_away(error: Exception) -> tuple[Response | str, int]:
        log.error("path=%s redis=away reason=%s", request.path, error)
        return answer(503, "The server cannot reach its database: try again in a moment")

    for kind in REDIS_AWAY:
        app.register_error_handler(kind, redis_away)

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> tuple[Response | str, int]:
        return answer(400, "This page is too old, or the request came from elsewhere: reload it and try again.")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> tuple[Response | str, int] | BaseResponse:
        if error.code == 401 and not _wants_json():
            return redirect(url_for("auth.login"))
        return answer(error.code or 500, error.description or error.name)


def _wants_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def _secure(response: Response) -> Response:
    """`g.connect_to`: where this page's script may connect besides its own origin."""
    elsewhere = g.get("connect_to")
    policy = f"{_POLICY}; connect-src 'self' {' '.join(elsewhere)}" if elsewhere else _POLICY
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
