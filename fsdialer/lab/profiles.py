"""``sofia status`` and ``sofia xmlstatus``: SIP profiles and gateways as they stand, in FreeSWITCH's words."""

import time
from collections.abc import Iterable
from xml.sax.saxutils import escape

from fsdialer.lab import directory
from fsdialer.lab.exchange import Exchange
from fsdialer.lab.listings import phone_port
from fsdialer.lab.places import Gateway

CALLS = ("CallsIN", "CallsOUT", "FailedCallsIN", "FailedCallsOUT")
XML_CALLS = ("calls-in", "calls-out", "failed-calls-in", "failed-calls-out")
RULE = "=" * 97 + "\n"
QUOTES = {'"': "&quot;"}
XML = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
#: The profiles of `freeswitch/`, by name: the name a stock FreeSWITCH has for each, and its port.
PROFILES = {"operators": ("internal", 5060), "carrier": ("external", 5080), "switches": ("", 5070)}


def sofia(exchange: Exchange, argument: str) -> str:
    """``sofia status|xmlstatus [gateway NAME|profile NAME [user USER|reg]]``, ``sofia profile NAME …``."""
    words = argument.split()
    match words:
        case ["status" | "xmlstatus" as form]:
            return _table(exchange) if form == "status" else _xml_table(exchange)
        case ["status" | "xmlstatus" as form, "gateway", name]:
            return _gateway(exchange, name, form)
        case ["xmlstatus", "profile", _, "user", user]:
            return _registrations(exchange, [user.partition("@")[0]])
        case ["xmlstatus", "profile", _, "reg"]:
            return _registrations(exchange, exchange.destinations.registered())
        case ["status" | "xmlstatus" as form, "profile", name]:
            return _profile(exchange, name, form)
        case ["profile", name, *todo]:
            own = _own_name(exchange, name)
            return directory.profile(exchange, own, todo) if own else f"Invalid Profile [{name}]"
        case ["profile"]:
            return "Invalid Args!\n"
    return "USAGE:\nsofia status|xmlstatus gateway <name>\n"


def _registrations(exchange: Exchange, extensions: Iterable[str]) -> str:
    """Phones' registrations, as far as anybody here reads them."""
    rows = []
    for extension in extensions:
        phone = exchange.destinations.phone(extension)
        if phone is None or not phone.registered:
            continue
        for contact in phone.contacts:
            said = {
                "call-id": f"{extension}-{contact}",
                "user": f"{extension}@127.0.0.1",
                "contact": f'"" <sip:{extension}-{contact}@127.0.0.1:{phone_port(extension)}>',
                "agent": phone.agent,
                "network-ip": "127.0.0.1",
                "network-port": str(phone_port(extension)),
            }
            lines = "".join(f"        <{tag}>{escape(words, QUOTES)}</{tag}>\n" for tag, words in said.items())
            rows.append(f"    <registration>\n{lines}    </registration>\n")
    return f"{XML}<profile>\n  <registrations>\n{''.join(rows)}  </registrations>\n</profile>\n"


def _entries(exchange: Exchange) -> list[tuple[str, str, str, str]]:
    """Name, type, data, state of everything, in FreeSWITCH's order: none to rely on."""
    entries = []
    for name, (alias, port) in PROFILES.items():
        if name in exchange.stopped_profiles:
            continue
        entries.append((name, "profile", f"sip:mod_sofia@127.0.0.1:{port}", "RUNNING (0)"))
        if alias:
            entries.append((alias, "alias", name, "ALIASED"))
    if "carrier" not in exchange.stopped_profiles:
        ways = exchange.destinations.gateways.values()
        entries += [(way.name, "gateway", f"sip:x@{way.proxy}", "NOREG") for way in ways]
    return entries


def _table(exchange: Exchange) -> str:
    lines = [
        f"{'carrier::' * (kind == 'gateway') + name:>25}\t{kind:>7}\t{data:>50}\t{state}\n"
        for name, kind, data, state in _entries(exchange)
    ]
    head = f"{'Name':>25}\t{'Type':>7}\t{'Data':>50}\tState\n"
    kinds = [kind for _, kind, _, _ in _entries(exchange)]
    return f"{head}{RULE}{''.join(lines)}{RULE}{kinds.count('profile')} profiles {kinds.count('alias')} aliases\n"


def _xml_table(exchange: Exchange) -> str:
    blocks = [
        f"<{kind}>\n<name>{name}</name>\n<type>{kind}</type>\n<data>{escape(data)}</data>\n<state>{state}</state>\n</{kind}>\n"
        for name, kind, data, state in _entries(exchange)
    ]
    return f"{XML}<profiles>\n{''.join(blocks)}</profiles>\n"


def _own_name(exchange: Exchange, name: str) -> str:
    """Of a profile that runs, by any of its names; else empty."""
    own = next((own for own, (alias, _) in PROFILES.items() if name in (own, alias)), "")
    return "" if own in exchange.stopped_profiles else own


def _profile(exchange: Exchange, name: str, form: str) -> str:
    """The addresses of one: there is no WebSocket here."""
    own = _own_name(exchange, name)
    if not own:
        return "Invalid Profile!\n"
    port = PROFILES[own][1]
    rows = {
        "name": own,
        "domain-name": "N/A",
        "dialplan": "XML",
        "context": "operators" if own == "operators" else "public",
        "sip-ip": "127.0.0.1",
        "rtp-ip": "127.0.0.1",
        "url": f"sip:mod_sofia@127.0.0.1:{port}",
        "bind-url": f"sip:mod_sofia@127.0.0.1:{port};maddr=127.0.0.1;transport=udp,tcp",
    }
    if form == "status":
        return RULE + "".join(f"{key.title():16}\t{value}\n" for key, value in rows.items())
    tags = "".join(f"    <{key}>{escape(value)}</{key}>\n" for key, value in rows.items())
    return f"{XML}<profile>\n  <profile-info>\n{tags}  </profile-info>\n</profile>\n"


def _gateway(exchange: Exchange, name: str, form: str) -> str:
    gateway = exchange.destinations.gateways.get(name)
    if gateway is None:
        return "Invalid Gateway!\n"
    rows = _gateway_rows(gateway)
    up_s = int(time.time() - exchange.started)
    counts = [0, gateway.calls_out, 0, gateway.failed_out]
    if form == "status":
        rows |= {"Ping": "0", "PingFreq": "0", "PingTime": "0.00", "PingState": "0/0/0"}
        rows |= {"State": "NOREG", "Status": "UP" if gateway.up else "DOWN", "Uptime": f"{up_s}s"}
        rows |= {name: str(count) for name, count in zip(CALLS, counts, strict=True)}
        return RULE + "".join(f"{name:8}\t{value}\n" for name, value in rows.items()) + RULE
    tags = {name.lower(): value for name, value in rows.items()}
    tags |= dict.fromkeys(("ping", "pingfreq", "pingmin", "pingcount", "pingmax"), "0")
    tags |= {"pingtime": "0.00", "pinging": "0", "state": "NOREG", "status": "UP" if gateway.up else "DOWN"}
    tags["uptime-usec"] = str(up_s * 1_000_000)
    tags |= {name: str(count) for name, count in zip(XML_CALLS, counts, strict=True)}
    lines = "".join(f"    <{tag}>{escape(value)}</{tag}>\n" for tag, value in tags.items())
    return f"{XML}  <gateway>\n{lines}  </gateway>\n"


def _gateway_rows(gateway: Gateway) -> dict[str, str]:
    host = gateway.proxy
    return {
        "Name": gateway.name,
        "Profile": "external",
        "Scheme": "Digest",
        "Realm": host,
        "Username": "x",
        "Password": "yes",
        "From": f"<sip:x@{host}>",
        "Contact": f"<sip:gw+{gateway.name}@127.0.0.1:5080;transport=udp;gw={gateway.name}>",
        "Exten": "x",
        "To": f"sip:x@{host}",
        "Proxy": f"sip:{host}",
        "Context": "public",
        "Expires": "3600",
        "Freq": "3600",
    }
