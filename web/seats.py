"""Seats: several people signed in from one browser, each under an address of their own.

The cookie of seat ``acme.1001`` is named for it and sent to ``/s/acme.1001/`` only, so neither its session nor its
CSRF token is ever mixed up with another seat's. What is signed in stands in Redis; the cookie holds a random id.
"""

import re
from typing import Any

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

_SEAT = re.compile(r"/s/([A-Za-z0-9][A-Za-z0-9._@+-]{0,100})(?:/|$)")
NAME = "fsdialer"


def seat_of(company: str, login: str) -> str:
    """The seat's name in addresses."""
    return f"{company}.{login}"


def cookie_name(seat: str) -> str:
    """The name of a seat's cookie; that of the sign-in page when `seat` is empty."""
    return f"{NAME}-{re.sub('[^A-Za-z0-9._-]', '_', seat)}" if seat else NAME


def cookie_path(seat: str) -> str:
    """Where a seat's cookie is sent."""
    return f"/s/{seat}/" if seat else "/"


class SeatSessions(SecureCookieSessionInterface):
    """Flask's signed cookies, one for each seat."""

    def get_cookie_name(self, app: Flask) -> str:
        """By the seat in the address."""
        return cookie_name(_seat_here())

    def get_cookie_path(self, app: Flask) -> str:
        """The seat's own part of the site."""
        return cookie_path(_seat_here())

    def get_cookie_secure(self, app: Flask) -> bool:
        """Over TLS wherever the page came over TLS."""
        return over_tls()

    def sign(self, app: Flask, values: dict[str, Any]) -> str:
        """A cookie's value, for a seat other than the one in the address."""
        serializer = self.get_signing_serializer(app)
        assert serializer is not None  # the application has a secret key
        return str(serializer.dumps(values))


def over_tls() -> bool:
    """Whether the browser's way here is TLS, by the word of a proxy before us; one that lies harms its sender."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"


def _seat_here() -> str:
    match = _SEAT.match(request.path)
    return match[1] if match else ""
