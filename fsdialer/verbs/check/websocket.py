"""The browsers' way in: a WebSocket that speaks SIP, tried with a real handshake (RFC 6455, RFC 7118)."""

import base64
import hashlib
import secrets
import socket
import ssl
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from fsdialer.verbs.check.finding import Finding, fail, ok, warn

#: How long a step of it may take (seconds); how much of an answer is read (bytes).
PATIENCE_S, MOST_B = 3.0, 4096
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def look_at_addresses(urls: Sequence[str], used: bool) -> Iterator[Finding]:
    """Where pages are told to register: each is tried as a browser would, but for a mere path, which leads where the
    web's own proxy says. `used`: somebody's phone is in their page."""
    if used and not urls:
        mend = "set FSDIALER_SIP_WS=wss://HOST:7443 (fsdialer.env of `fsdialer freeswitch write` has it)"
        yield fail("no address for browsers' phones is set", mend)
    for url in urls:
        if not url.startswith("/"):
            yield look_at_address(url, used)


def look_at_address(url: str, used: bool = True) -> Finding:
    """One of them, ``wss://HOST:PORT/PATH``. `used`: somebody's phone is in their browser."""
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    port = parts.port or (443 if secure else 80)
    refusal = shake_hands(parts.hostname or "", port, _trusting() if secure else None, parts.path or "/")
    what = f"browsers' phones: {url}"
    if not refusal:
        return ok(f"{what} speaks SIP over WebSocket")
    return (fail if used else warn)(f"{what} {refusal}", _mend(refusal))


def _mend(refusal: str) -> str:
    if "certificate" in refusal:
        return "put your own as wss.pem into FreeSWITCH's certificate directory, or a TLS proxy in front"
    if "reached" in refusal:
        return "check ws_binding and wss_binding in vars.xml, the proxy, the firewall"
    return "it must lead to ws_binding of the switch; a proxy has to pass Upgrade on"


def look_at_binding(name: str, kind: str, host: str, port: int, used: bool) -> Finding:
    """One that a switch says it listens at, which may be reached from its own machine alone. `used`: somebody's phone
    is in their browser. The certificate is not looked at: it may stand behind a proxy that has a better one."""
    what = f"{name}: {kind.upper()} at {host}:{port}, for browsers,"
    refusal = shake_hands(host, port, _any() if kind == "wss" else None)
    if not refusal:
        return ok(f"{what} answers")
    mend = (
        "see ws_binding and wss_binding in vars.xml; a binding on another machine's loopback cannot be tried from here"
    )
    return fail(f"{what} {refusal}", mend) if used else warn(f"{what} {refusal}", mend)


def shake_hands(host: str, port: int, tls: ssl.SSLContext | None, path: str = "/") -> str:
    """Why there is no WebSocket that speaks SIP; "" when there is."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    try:
        with socket.create_connection((host, port), PATIENCE_S) as plain:
            line = tls.wrap_socket(plain, server_hostname=host) if tls else plain
            line.sendall(
                f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n".encode()
            )
            head = _head(line)
            if tls:
                line.close()
    except ssl.SSLCertVerificationError as error:
        return f"has a certificate no browser trusts ({error.verify_message})"
    except OSError as error:
        return f"cannot be reached ({error})"
    status, _, fields = head.partition("\r\n")
    if " 101" not in status:
        return f"answers, but not as a WebSocket: {status[:60] or 'nothing'}"
    accepted = base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode(), usedforsecurity=False).digest()).decode()
    return "" if accepted in fields else "answers another's handshake"


def _head(line: socket.socket) -> str:
    heard = b""
    while b"\r\n\r\n" not in heard and len(heard) < MOST_B:
        more = line.recv(MOST_B)
        if not more:
            break
        heard += more
    return heard.decode("latin-1")


def _trusting() -> ssl.SSLContext:
    """As a browser trusts."""
    return ssl.create_default_context()


def _any() -> ssl.SSLContext:
    """Whatever certificate there is."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
