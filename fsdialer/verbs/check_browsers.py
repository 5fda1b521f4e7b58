"""What `check` looks at where operators' phones are in their pages: the way from a browser to the switch."""

import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

from fsdialer.settings import Settings
from fsdialer.store import CompanyStore

#: A finding: whether it is good, what was looked at, how to mend it.
Looked = tuple[bool, str, str]
#: What browsers' calls need of a switch, and why.
MODULES = {
    "mod_rtc": "browsers' media",
    "mod_opus": "browsers' codec",
    "mod_xml_curl": "only with it does the switch hear of their short-lived passwords (--static leaves it out)",
}
TIMEOUT_S = 3.0
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the example of RFC 6455: it proves nothing, and need not


def operators_in_pages(companies: list[CompanyStore]) -> list[str]:
    """COMPANY/OPERATOR of those whose phone is in their page."""
    return [f"{c.id}/{view.id}" for c in companies for view in c.operators.views() if view.in_browser]


def look_at_addresses(settings: Settings) -> list[Looked]:
    """Where pages are told to register: each is knocked at as a browser would. A path behind the web's own proxy
    cannot be tried from here."""
    if not settings.sip_ws:
        mend = "set FSDIALER_SIP_WS=wss://HOST:7443 (fsdialer.env of `fsdialer freeswitch write` has it)"
        return [(False, "no address for browsers' phones is set", mend)]
    found = []
    for url in settings.sip_ws:
        if not url.startswith("/"):
            wrong, mend = knock(url)
            found.append((not wrong, f"browsers' phones: {url} {wrong or 'speaks SIP over WebSocket'}", mend))
    return found


def look_at_switch(ask: Callable[[str], str], name: str) -> list[Looked]:
    """What of `MODULES` the switch lacks."""
    return [
        (False, f"{name}: {module} is not loaded", f"{why}. Add it to modules.conf.xml, or: load {module}")
        for module, why in MODULES.items()
        if ask(f"module_exists {module}").strip() == "false"
    ]


def knock(url: str) -> tuple[str, str]:
    """What is wrong with a WebSocket address, and how to mend it; empty when a browser could register there."""
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    try:
        with socket.create_connection((host, port), TIMEOUT_S) as plain:
            stream = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
            stream.settimeout(TIMEOUT_S)
            stream.sendall(
                f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Protocol: sip\r\n\r\n".encode()
            )
            answer = stream.recv(4096).decode(errors="replace")
    except ssl.SSLCertVerificationError as error:
        why = f"has a certificate no browser trusts ({error.verify_message})"
        return why, "put your own as wss.pem into FreeSWITCH's certificate directory, or a TLS proxy in front"
    except OSError as error:
        return f"cannot be reached ({error})", "check ws_binding and wss_binding in vars.xml, the proxy, the firewall"
    if answer.startswith("HTTP/1.1 101"):
        return "", ""
    status = answer.splitlines()[0] if answer else "nothing"
    return f"answers {status!r}", "it must lead to ws_binding of the switch; a proxy has to pass Upgrade on"
