"""The api commands, with the answers real recordings have. One function each; `run` finds them by name.

One command is ours: ``lab``, for tests and the demo to play fate (see `_lab`).
"""

import json
import time
import uuid as uuids
from collections.abc import Callable

import gevent
from gevent.event import AsyncResult

from fsdialer.lab.channel import Channel
from fsdialer.lab.exchange import USAGE, Exchange
from fsdialer.lab.originate import applications_inline
from fsdialer.lab.people import BY_NAME
from fsdialer.lab.places import PHONE_MODES

NO_CHANNEL = "-ERR No such channel!\n"
VERSION = "1.11.3-dev"

Api = Callable[["Apis", str], str]


class Apis:
    """The commands of one switch. `fate` carries out what only the server can: cut, restart, stall."""

    def __init__(self, exchange: Exchange, fate: Callable[[str, str], str]) -> None:
        self.exchange = exchange
        self.fate = fate

    def run(self, command: str) -> str:
        """A command's answer; blocks for as long as the command takes, as FreeSWITCH's api does."""
        name, _, argument = command.strip().partition(" ")
        api = _TABLE.get(name)
        if api is None:
            return f"-ERR {name} Command not found!\n"
        return api(self, argument.strip())

    def background(self, command: str, job: str) -> None:
        """Run it and report by BACKGROUND_JOB."""
        name, _, argument = command.strip().partition(" ")

        def report(text: str) -> None:
            more = {"Job_UUID": job, "Job_Command": name}
            if argument:
                more["Job_Command_Arg"] = argument
            self.exchange.fire("BACKGROUND_JOB", None, text, **more)

        if name == "originate":
            self.exchange.originate(argument, lambda ok, text: report(text))
        else:
            report(self.run(command))

    def channel(self, uuid: str) -> Channel | None:
        """A live channel."""
        return self.exchange.channels.get(uuid)


def _originate(apis: Apis, argument: str) -> str:
    answer: AsyncResult = AsyncResult()
    apis.exchange.originate(argument, lambda ok, text: answer.set(text))
    return str(answer.get())


def _uuid_bridge(apis: Apis, argument: str) -> str:
    words = argument.split()
    if len(words) != 2:
        return "-USAGE: <uuid> <other_uuid>\n"
    return apis.exchange.bridge(*words)


def _uuid_kill(apis: Apis, argument: str) -> str:
    uuid, _, cause = argument.partition(" ")
    channel = apis.channel(uuid)
    if channel is None:
        return NO_CHANNEL if uuid else "-USAGE: <uuid> [cause]\n"
    gevent.spawn_later(0.002, apis.exchange.hang_up, channel, cause or "NORMAL_CLEARING")
    return "+OK\n"


def _uuid_exists(apis: Apis, argument: str) -> str:
    return "true" if apis.channel(argument) else "false"


def _uuid_getvar(apis: Apis, argument: str) -> str:
    uuid, _, name = argument.partition(" ")
    channel = apis.channel(uuid)
    return NO_CHANNEL if channel is None else channel.get(name.strip()) or "_undef_"


def _uuid_setvar(apis: Apis, argument: str) -> str:
    uuid, _, rest = argument.partition(" ")
    name, _, value = rest.partition(" ")
    channel = apis.channel(uuid)
    if channel is None:
        return NO_CHANNEL
    channel.variables[name] = value
    if not value:
        del channel.variables[name]
    if name == "park_timeout":
        channel.park_timeout_spent = False
    return "+OK\n"


def _uuid_dump(apis: Apis, argument: str) -> str:
    uuid, _, form = argument.partition(" ")
    channel = apis.channel(uuid)
    if channel is None:
        return NO_CHANNEL
    values = apis.exchange.snapshot(channel)
    if form.strip() == "json":
        return json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return "".join(f"{name}: {value}\n" for name, value in values.items())


def _uuid_transfer(apis: Apis, argument: str) -> str:
    words = argument.split(" ", 1)
    channel = apis.channel(words[0])
    if channel is None:
        return NO_CHANNEL
    target = words[1].strip() if len(words) > 1 else ""
    if not target.endswith(" inline"):
        return "-ERR no dialplan but inline here\n"
    applications = applications_inline(target.removesuffix(" inline").strip().strip("'"))

    def transfer() -> None:
        apis.exchange.interrupt(channel)
        apis.exchange.execute(channel, applications)

    gevent.spawn_later(0.005, transfer)
    return "+OK\n"


def _uuid_broadcast(apis: Apis, argument: str) -> str:
    words = argument.split()
    channel = apis.channel(words[0]) if words else None
    if channel is None:
        return "-ERR No such channel!\n"
    apis.exchange.fire("PLAYBACK_START", channel, Playback_File_Path=words[1] if len(words) > 1 else "")
    return "+OK Message sent\n"


def _uuid_deflect(apis: Apis, argument: str) -> str:
    """REFER: the far side here never agrees; ten silent seconds, then the leg is gone whatever it said."""
    uuid, _, target = argument.partition(" ")
    channel = apis.channel(uuid)
    if channel is None or not target:
        return "-ERR No such channel!\n" if target else "-USAGE: <uuid> <uri>\n"
    gevent.sleep(10)
    channel.variables["sip_refer_status_code"] = "100"
    apis.exchange.hang_up(channel, "BLIND_TRANSFER")
    return "+OK:SIP/2.0 100 Trying\n"


def _uuid_record(apis: Apis, argument: str) -> str:
    words = argument.split()
    channel = apis.channel(words[0]) if words else None
    if channel is None or len(words) < 3:
        return "-ERR No such channel!\n" if len(words) >= 3 else "-USAGE: <uuid> [start|stop] <path>\n"
    event = "RECORD_START" if words[1] == "start" else "RECORD_STOP"
    apis.exchange.fire(event, channel, Record_File_Path=words[2])
    return "+OK Success\n"


def _sched_hangup(apis: Apis, argument: str) -> str:
    words = argument.split()
    channel = apis.channel(words[1]) if len(words) > 1 else None
    if channel is None:
        return "-USAGE: [+]<time> <uuid> [<cause>]\n" if len(words) < 2 else NO_CHANNEL
    cause = words[2] if len(words) > 2 else "ALLOTTED_TIMEOUT"
    apis.exchange.later(float(words[0].lstrip("+")), channel, apis.exchange.hang_up, channel, cause)
    return "+OK\n"


def _show(apis: Apis, argument: str) -> str:
    words = argument.split()
    what = words[0] if words else ""
    if what not in ("channels", "calls"):
        return "-USAGE: codec|endpoint|…|channels|calls [count]\n"
    channels = list(apis.exchange.channels.values())
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


def _status(apis: Apis, argument: str) -> str:
    exchange = apis.exchange
    up = int(time.time() - exchange.started)
    return (
        f"UP 0 years, {up // 86400} days, {up // 3600 % 24} hours, {up // 60 % 60} minutes, {up % 60} seconds, "
        f"0 milliseconds, 0 microseconds\nFreeSWITCH (Version {VERSION}  64bit) is ready\n"
        f"{exchange.sessions} session(s) since startup\n"
        f"{len(exchange.channels)} session(s) - peak {exchange.peak_sessions}, last 5min {exchange.peak_sessions} \n"
        f"0 session(s) per Sec out of max {exchange.sps}, peak 0, last 5min 0 \n"
        f"{exchange.max_sessions} session(s) max\nmin idle cpu 0.00/99.00\nCurrent Stack Size/Max 240K/8192K\n"
    )


def _hupall(apis: Apis, argument: str) -> str:
    words = argument.split()
    cause = words[0] if words else "MANAGER_REQUEST"
    for channel in list(apis.exchange.channels.values()):
        if len(words) < 3 or channel.get(words[1]) == words[2]:
            apis.exchange.hang_up(channel, cause)
    return f"+OK hangup all channels with cause {cause}\n"


def _sofia(apis: Apis, argument: str) -> str:
    words = argument.split()
    if words[:2] != ["status", "gateway"] or len(words) != 3:
        return "-USAGE: status gateway <name>\n" if words else "USAGE:\n"
    gateway = apis.exchange.gateways.get(words[2])
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
        "Uptime  ": f"{int(time.time() - apis.exchange.started)}s",
        "CallsIN ": "0",
        "CallsOUT": str(gateway.calls_out),
        "FailedCallsIN": "0",
        "FailedCallsOUT": str(gateway.failed_out),
    }
    return rule + "".join(f"{name}\t{value}\n" for name, value in rows.items()) + rule


def _sofia_contact(apis: Apis, argument: str) -> str:
    phone = apis.exchange.phone(argument.partition("@")[0].rpartition("/")[2])
    if phone is None or not phone.registered:
        return "error/user_not_registered"
    return f"sofia/internal/sip:{phone.extension}-0x55f073a8d350@127.0.0.1:51979"


def _fsctl(apis: Apis, argument: str) -> str:
    words = argument.split()
    if len(words) == 2 and words[0] == "max_sessions":
        apis.exchange.max_sessions = int(words[1])
        return f"+OK max sessions: {words[1]}\n"
    if len(words) == 2 and words[0] == "sps":
        apis.exchange.sps = int(words[1])
        return f"+OK sessions per second: {words[1]}\n"
    return "-ERR usage\n"


def _global_getvar(apis: Apis, argument: str) -> str:
    known = {"domain": "127.0.0.1", "core_uuid": apis.exchange.core, "hostname": "lab"}
    return known.get(argument, "") if argument else "".join(f"{k}={v}\n" for k, v in known.items())


def _lab(apis: Apis, argument: str) -> str:
    """Playing fate: ``phone EXT MODE|hangup``, ``gateway NAME up|down|channels=N|cps=N``, ``number N WHAT``,
    ``cut``, ``restart``, ``stall SECONDS``, ``counts``."""
    words = argument.split()
    exchange = apis.exchange
    match words:
        case ["phone", extension, "hangup"]:
            for channel in [c for c in exchange.channels.values() if c.kind == "operator" and c.number == extension]:
                exchange.hang_up(channel, "NORMAL_CLEARING", "recv_bye")
        case ["phone", extension, mode] if mode in PHONE_MODES:
            phone = exchange.phone(extension)
            if phone is None:
                return "-ERR no such phone\n"
            phone.mode = mode
        case ["gateway", name, option] if name in exchange.gateways:
            exchange.gateways[name].set(option)
        case ["number", number, what] if what in BY_NAME:
            exchange.people.chosen[number.lstrip("+")] = BY_NAME[what]
        case ["cut"] | ["restart"] | ["stall", _]:
            return apis.fate(words[0], words[1] if len(words) > 1 else "")
        case ["counts"]:
            gateways = exchange.gateways.items()
            counts = {
                "attempts_per_number": exchange.attempts,
                "peak_live_per_number": exchange.peak_live,
                "peak_channels_per_gateway": {name: gateway.peak_in_use for name, gateway in gateways},
                "peak_originates_per_second": {name: gateway.peak_per_second for name, gateway in gateways},
                "peak_sessions": exchange.peak_sessions,
            }
            return json.dumps(counts)
        case _:
            return f"-ERR {_lab.__doc__}\n"
    return "+OK\n"


_TABLE: dict[str, Api] = {
    "originate": lambda apis, argument: _originate(apis, argument) if argument else USAGE,
    "uuid_bridge": _uuid_bridge,
    "uuid_transfer": _uuid_transfer,
    "uuid_kill": _uuid_kill,
    "uuid_exists": _uuid_exists,
    "uuid_getvar": _uuid_getvar,
    "uuid_setvar": _uuid_setvar,
    "uuid_dump": _uuid_dump,
    "uuid_broadcast": _uuid_broadcast,
    "uuid_deflect": _uuid_deflect,
    "uuid_record": _uuid_record,
    "sched_hangup": _sched_hangup,
    "show": _show,
    "status": _status,
    "version": lambda apis, argument: f"FreeSWITCH Version {VERSION}~64bit ( 64bit)\n",
    "uptime": lambda apis, argument: f"{int(time.time() - apis.exchange.started)}\n",
    "strepoch": lambda apis, argument: str(int(time.time())),
    "hupall": _hupall,
    "sofia": _sofia,
    "sofia_contact": _sofia_contact,
    "fsctl": _fsctl,
    "global_getvar": _global_getvar,
    "create_uuid": lambda apis, argument: str(uuids.uuid4()),
    "lab": _lab,
}
