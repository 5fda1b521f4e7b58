"""Api commands that show the switch as it stands: ``show``, ``status``, ``sofia status gateway``, ``sofia_contact``."""

import json
import time

from fsdialer.lab.channel import Channel
from fsdialer.lab.exchange import Exchange

VERSION = "1.11.3-dev"


def show(exchange: Exchange, argument: str) -> str:
    """``show channels|calls [count] [as json]``."""
    words = argument.split()
    what = words[0] if words else ""
    if what not in ("channels", "calls"):
        return "-USAGE: codec|endpoint|…|channels|calls [count]\n"
    channels = list(exchange.channels.values())
    if what == "calls":
        channels = [c for c in channels if c.partner is None or c.originator]
    if "json" in words:
        rows = [_row(channel) for channel in channels]
        values: dict[str, object] = {"row_count": len(rows)}
        if rows and "count" not in words:
            values["rows"] = rows
        return json.dumps(values, separators=(",", ":"))
    if "count" in words:
        return f"\n{len(channels)} total.\n"
    header = ",".join(_row(channels[0])) + "\n" if channels else ""
    body = "".join(",".join(_row(channel).values()) + "\n" for channel in channels)
    return f"{header}{body}\n{len(channels)} total.\n"


def _row(channel: Channel) -> dict[str, str]:
    created = channel.created // 1_000_000
    rate = (
        {"codec": "PCMU", "rate": "8000", "bit_rate": "64000"}
        if channel.answered
        else {"codec": "", "rate": "", "bit_rate": ""}
    )
    return {
        "uuid": channel.uuid,
        "direction": "outbound",
        "created": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(created)),
        "created_epoch": str(created),
        "name": channel.name,
        "state": channel.state,
        "cid_name": "Outbound Call",
        "cid_num": channel.number,
        "ip_addr": "",
        "dest": channel.number,
        "application": channel.application,
        "application_data": channel.application_data,
        "dialplan": "",
        "context": "default",
        **{f"read_{k}": v for k, v in rate.items()},
        **{f"write_{k}": v for k, v in rate.items()},
        "secure": "",
        "hostname": "lab",
        "presence_id": f"{channel.number}@127.0.0.1" if channel.kind == "operator" else "",
        "presence_data": "",
        "accountcode": channel.variables.get("accountcode", ""),
        "callstate": "ACTIVE" if channel.answered else "RINGING" if channel.progress else "DOWN",
        "callee_name": "",
        "callee_num": channel.caller_id,
        "callee_direction": "RECV",
        "call_uuid": channel._call_uuid(),
        "sent_callee_name": "",
        "sent_callee_num": "",
        "initial_cid_name": "",
        "initial_cid_num": channel.caller_id,
        "initial_ip_addr": "",
        "initial_dest": channel.number,
        "initial_dialplan": "",
        "initial_context": "default",
    }


def status(exchange: Exchange, argument: str) -> str:
    """``status``."""
    up = int(time.time() - exchange.started)
    return (
        f"UP 0 years, {up // 86400} days, {up // 3600 % 24} hours, {up // 60 % 60} minutes, {up % 60} seconds, "
        f"0 milliseconds, 0 microseconds\nFreeSWITCH (Version {VERSION}  64bit) is ready\n"
        f"{exchange.sessions} session(s) since startup\n"
        f"{len(exchange.channels)} session(s) - peak {exchange.peak_sessions}, last 5min {exchange.peak_sessions} \n"
        f"0 session(s) per Sec out of max {exchange.sps}, peak 0, last 5min 0 \n"
        f"{exchange.max_sessions} session(s) max\nmin idle cpu 0.00/99.00\nCurrent Stack Size/Max 240K/8192K\n"
    )


def sofia(exchange: Exchange, argument: str) -> str:
    """``sofia status gateway NAME``."""
    words = argument.split()
    if words[:2] != ["status", "gateway"] or len(words) != 3:
        return "-USAGE: status gateway <name>\n" if words else "USAGE:\n"
    gateway = exchange.gateways.get(words[2])
    if gateway is None:
        return "Invalid Gateway!\n"
    rule = "=" * 97 + "\n"
    rows = {
        "Name    ": gateway.name,
        "Profile ": "external",
        "Scheme  ": "Digest",
        "Realm   ": "127.0.0.1:5090",
        "Username": "x",
        "Password": "yes",
        "Proxy   ": "sip:127.0.0.1:5090",
        "State   ": "NOREG",
        "Status  ": "UP" if gateway.up else "DOWN",
        "Uptime  ": f"{int(time.time() - exchange.started)}s",
        "CallsIN ": "0",
        "CallsOUT": str(gateway.calls_out),
        "FailedCallsIN": "0",
        "FailedCallsOUT": str(gateway.failed_out),
    }
    return rule + "".join(f"{name}\t{value}\n" for name, value in rows.items()) + rule


def sofia_contact(exchange: Exchange, argument: str) -> str:
    """``sofia_contact EXTENSION@DOMAIN``."""
    phone = exchange.phone(argument.partition("@")[0].rpartition("/")[2])
    if phone is None or not phone.registered:
        return "error/user_not_registered"
    return f"sofia/internal/sip:{phone.extension}-0x55f073a8d350@127.0.0.1:51979"
