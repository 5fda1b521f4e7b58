"""Api commands that show the switch as it stands: ``show``, ``status``, ``sofia_contact``; `profiles` has ``sofia``."""

import json
import time
import zlib

from fsdialer.lab.channel import Channel
from fsdialer.lab.exchange import Exchange

VERSION = "1.11.3-dev"
SHOW_USAGE = (
    "-USAGE: codec|endpoint|application|api|dialplan|file|timer|calls [count]|channels [count|like <match string>]|"
    "calls|detailed_calls|bridged_calls|detailed_bridged_calls|aliases|complete|chat|management|modules|nat_map|say|"
    "interfaces|interface_types|tasks|limits|status\n"
)


def show(exchange: Exchange, argument: str) -> str:
    """``show channels|calls [count] [as json]``, ``show tasks as json``."""
    words = argument.split()
    what = words[0] if words else ""
    if what == "tasks" and "json" in words:
        return _as_json([_task_row(*each) for each in enumerate(exchange.tasks.groups(), 1)], count=False)
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


def phone_port(user: str) -> int:
    """Each phone is at one of its own; 1001 where the captures have it."""
    return 50_978 + (int(user) if user.isdecimal() and len(user) == 4 else zlib.crc32(user.encode()) % 10_000)


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


def _task_row(number: int, group: str) -> dict[str, str]:
    return {"task_id": str(number), "task_desc": "sched_api_function", "task_group": group, "hostname": "lab"}


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


def sofia_contact(exchange: Exchange, argument: str) -> str:
    """``sofia_contact EXTENSION@DOMAIN``."""
    phone = exchange.destinations.phone(argument.partition("@")[0].rpartition("/")[2])
    if phone is None or not phone.registered:
        return "error/user_not_registered"
    at = f"@127.0.0.1:{phone_port(phone.extension)}"
    return ",".join(f"sofia/internal/sip:{phone.extension}-{contact}{at}" for contact in phone.contacts)
