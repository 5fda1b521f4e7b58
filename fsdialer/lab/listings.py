"""Api commands that show the switch as it stands: ``show``, ``status``, ``sofia status gateway``, ``sofia_contact``."""

import json
import time
from xml.sax.saxutils import escape

from fsdialer.lab.channel import Channel
from fsdialer.lab.exchange import Exchange
from fsdialer.lab.places import Gateway

VERSION = "1.11.3-dev"
SHOW_USAGE = (
    "-USAGE: codec|endpoint|application|api|dialplan|file|timer|calls [count]|channels [count|like <match string>]|"
    "calls|detailed_calls|bridged_calls|detailed_bridged_calls|aliases|complete|chat|management|modules|nat_map|say|"
    "interfaces|interface_types|tasks|limits|status\n"
)
CALLS = ("CallsIN", "CallsOUT", "FailedCallsIN", "FailedCallsOUT")
XML_CALLS = ("calls-in", "calls-out", "failed-calls-in", "failed-calls-out")
RULE = "=" * 97 + "\n"


def show(exchange: Exchange, argument: str) -> str:
    """``show channels|calls [count] [as json]``."""
    words = argument.split()
    what = words[0] if words else ""
    if what not in ("channels", "calls"):
        return SHOW_USAGE
    channels = [channel for channel in exchange.channels.values() if channel.alive]
    if what == "calls":
        channels = [c for c in channels if c.partner is None or c.originator]
    rows = [_channel_row(c) if what == "channels" else _call_row(c) for c in channels]
    if "json" in words:
        return _as_json(rows, "count" in words)
    if "count" in words or not rows:
        return f"\n{len(rows)} total.\n"
    body = "".join(",".join(row.values()) + "\n" for row in rows)
    return f"{','.join(rows[0])}\n{body}\n{len(rows)} total.\n"


def _as_json(rows: list[dict[str, str]], count: bool) -> str:
    if count:
        return json.dumps({"row_count": len(rows), "rows": []}, separators=(",", ":"))
    return json.dumps({"row_count": len(rows), "rows": rows}, separators=(",", ":")) if rows else '{"row_count": 0}\n'


def _common(channel: Channel) -> dict[str, str]:
    created = channel.times.created // 1_000_000
    return {
        "uuid": channel.uuid,
        "direction": "outbound",
        "created": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(created)),
        "created_epoch": str(created),
        "name": channel.name,
        "state": channel.state,
        "cid_name": channel.profile.caller_name,
        "cid_num": channel.profile.caller_number,
        "ip_addr": "",
        "dest": channel.profile.destination,
    }


def _presence(channel: Channel) -> dict[str, str]:
    profile = channel.profile
    return {
        "presence_id": f"{channel.number}@127.0.0.1" if channel.kind == "operator" else "",
        "presence_data": "",
        "accountcode": channel.get("accountcode"),
        "callstate": channel.call_state,
        "callee_name": profile.callee_name,
        "callee_num": profile.callee_number,
        "callee_direction": "RECV",
    }


def _channel_row(channel: Channel) -> dict[str, str]:
    profile = channel.profile
    rate = ("PCMU", "8000", "64000") if channel.answered else ("", "", "")
    codec = dict(zip(("codec", "rate", "bit_rate"), rate, strict=True))
    sound = {f"{way}_{name}": value for way in ("read", "write") for name, value in codec.items()}
    return {
        **_common(channel),
        "application": channel.application,
        "application_data": channel.application_data,
        "dialplan": profile.dialplan,
        "context": "default",
        **sound,
        "secure": "",
        "hostname": "lab",
        **_presence(channel),
        "call_uuid": channel.call_uuid,
        "sent_callee_name": "",
        "sent_callee_num": "",
        "initial_cid_name": profile.original_name,
        "initial_cid_num": profile.original_number,
        "initial_ip_addr": "",
        "initial_dest": profile.destination,
        "initial_dialplan": "",
        "initial_context": "default",
    }


def _call_row(channel: Channel) -> dict[str, str]:
    """A leg and, under ``b_``, the one it is bridged to."""
    other = channel.partner
    beside = {**_common(channel), **_presence(channel), "sent_callee_name": "", "sent_callee_num": ""}
    b = {**_common(other), **_presence(other)} if other is not None else {}
    return {
        **_common(channel),
        **_presence(channel),
        "call_uuid": channel.call_uuid,
        "hostname": "lab",
        "sent_callee_name": "",
        "sent_callee_num": "",
        **{f"b_{name}": b.get(name, "") for name in beside},
        "call_created_epoch": str(channel.times.bridged // 1_000_000) if other is not None else "",
    }


def status(exchange: Exchange, argument: str) -> str:
    """``status``."""
    return (
        f"UP {uptime(exchange)}\nFreeSWITCH (Version {VERSION}  64bit) is ready\n"
        f"{exchange.sessions} session(s) since startup\n"
        f"{len(exchange.channels)} session(s) - peak {exchange.peak_sessions}, last 5min {exchange.peak_sessions} \n"
        f"{exchange.this_second} session(s) per Sec out of max {exchange.sps}, peak {exchange.peak_sps}, "
        f"last 5min {exchange.peak_sps} \n"
        f"{exchange.max_sessions} session(s) max\nmin idle cpu 0.00/99.00\nCurrent Stack Size/Max 240K/8192K\n"
    )


def uptime(exchange: Exchange) -> str:
    """How long the switch is up, in FreeSWITCH's words."""
    micros = int((time.time() - exchange.started) * 1_000_000)
    seconds = micros // 1_000_000
    parts = {
        "year": seconds // 31_536_000,
        "day": seconds // 86400 % 365,
        "hour": seconds // 3600 % 24,
        "minute": seconds // 60 % 60,
        "second": seconds % 60,
        "millisecond": micros // 1000 % 1000,
        "microsecond": micros % 1000,
    }
    return ", ".join(f"{count} {unit}{'' if count == 1 else 's'}" for unit, count in parts.items())


def sofia(exchange: Exchange, argument: str) -> str:
    """``sofia status gateway NAME`` and ``sofia xmlstatus gateway NAME``."""
    words = argument.split()
    if len(words) != 3 or words[0] not in ("status", "xmlstatus") or words[1] != "gateway":
        return "USAGE:\nsofia status|xmlstatus gateway <name>\n"
    gateway = exchange.destinations.gateways.get(words[2])
    if gateway is None:
        return "Invalid Gateway!\n"
    rows = _gateway_rows(gateway)
    up_s = int(time.time() - exchange.started)
    counts = [0, gateway.calls_out, 0, gateway.failed_out]
    if words[0] == "status":
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
    return f'<?xml version="1.0" encoding="ISO-8859-1"?>\n  <gateway>\n{lines}  </gateway>\n'


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


def sofia_contact(exchange: Exchange, argument: str) -> str:
    """``sofia_contact EXTENSION@DOMAIN``."""
    phone = exchange.destinations.phone(argument.partition("@")[0].rpartition("/")[2])
    if phone is None or not phone.registered:
        return "error/user_not_registered"
    return f"sofia/internal/sip:{phone.extension}-0x55f073a8d350@127.0.0.1:51979"
