"""The api commands, with the answers real recordings have. One function each; `run` finds them by name.

What shows the switch as it stands is in `listings`; one command, ``lab``, is ours (`fate`).
"""

import json
import time
import uuid as uuids
from collections.abc import Callable

import gevent
from gevent.event import AsyncResult

from fsdialer.lab import listings
from fsdialer.lab.exchange import USAGE, Exchange
from fsdialer.lab.fate import Fate
from fsdialer.lab.originate import applications_inline

NO_CHANNEL = "-ERR No such channel!\n"

Api = Callable[[Exchange, str], str]


class Apis:
    """The commands of one switch. `server` carries out what only the server can: cut, restart, stall."""

    def __init__(self, exchange: Exchange, server: Callable[[str, str], str]) -> None:
        self._exchange = exchange
        fate = Fate(exchange, server)
        self._table: dict[str, Api] = {**_TABLE, "lab": lambda exchange, argument: fate.run(argument)}

    def run(self, command: str) -> str:
        """A command's answer; blocks for as long as the command takes, as FreeSWITCH's api does."""
        name, _, argument = command.strip().partition(" ")
        api = self._table.get(name)
        if api is None:
            return f"-ERR {name} Command not found!\n"
        return api(self._exchange, argument.strip())

    def background(self, command: str, job: str) -> None:
        """Run it and report by BACKGROUND_JOB."""
        name, _, argument = command.strip().partition(" ")

        def report(text: str) -> None:
            more = {"Job_UUID": job, "Job_Command": name}
            if argument:
                more["Job_Command_Arg"] = argument
            self._exchange.fire("BACKGROUND_JOB", None, text, **more)

        if name == "originate":
            self._exchange.originate(argument, lambda ok, text: report(text))
        else:
            report(self.run(command))


def _originate(exchange: Exchange, argument: str) -> str:
    answer: AsyncResult = AsyncResult()
    exchange.originate(argument, lambda ok, text: answer.set(text))
    return str(answer.get())


def _uuid_bridge(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    if len(words) != 2:
        return "-USAGE: <uuid> <other_uuid>\n"
    return exchange.bridges.bridge(*words)


def _uuid_kill(exchange: Exchange, argument: str) -> str:
    uuid, _, cause = argument.partition(" ")
    channel = exchange.channels.get(uuid)
    if channel is None:
        return NO_CHANNEL if uuid else "-USAGE: <uuid> [cause]\n"
    gevent.spawn_later(0.002, exchange.hang_up, channel, cause or "NORMAL_CLEARING")
    return "+OK\n"


def _uuid_exists(exchange: Exchange, argument: str) -> str:
    return "true" if exchange.channels.get(argument) else "false"


def _uuid_getvar(exchange: Exchange, argument: str) -> str:
    uuid, _, name = argument.partition(" ")
    channel = exchange.channels.get(uuid)
    return NO_CHANNEL if channel is None else channel.get(name.strip()) or "_undef_"


def _uuid_setvar(exchange: Exchange, argument: str) -> str:
    uuid, _, rest = argument.partition(" ")
    name, _, value = rest.partition(" ")
    channel = exchange.channels.get(uuid)
    if channel is None:
        return NO_CHANNEL
    channel.variables[name] = value
    if not value:
        del channel.variables[name]
    if name == "park_timeout":
        channel.park_timeout_spent = False
    return "+OK\n"


def _uuid_dump(exchange: Exchange, argument: str) -> str:
    uuid, _, form = argument.partition(" ")
    channel = exchange.channels.get(uuid)
    if channel is None:
        return NO_CHANNEL
    values = exchange.events.snapshot(channel)
    if form.strip() == "json":
        return json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return "".join(f"{name}: {value}\n" for name, value in values.items())


def _uuid_transfer(exchange: Exchange, argument: str) -> str:
    words = argument.split(" ", 1)
    channel = exchange.channels.get(words[0])
    if channel is None:
        return NO_CHANNEL
    target = words[1].strip() if len(words) > 1 else ""
    if not target.endswith(" inline"):
        return "-ERR no dialplan but inline here\n"
    applications = applications_inline(target.removesuffix(" inline").strip().strip("'"))

    def transfer() -> None:
        exchange.applications.interrupt(channel)
        exchange.applications.execute(channel, applications)

    gevent.spawn_later(0.005, transfer)
    return "+OK\n"


def _uuid_broadcast(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    channel = exchange.channels.get(words[0]) if words else None
    if channel is None:
        return "-ERR No such channel!\n"
    exchange.fire("PLAYBACK_START", channel, Playback_File_Path=words[1] if len(words) > 1 else "")
    return "+OK Message sent\n"


def _uuid_deflect(exchange: Exchange, argument: str) -> str:
    """REFER: the far side here never agrees; ten silent seconds, then the leg is gone whatever it said."""
    uuid, _, target = argument.partition(" ")
    channel = exchange.channels.get(uuid)
    if channel is None or not target:
        return "-ERR No such channel!\n" if target else "-USAGE: <uuid> <uri>\n"
    gevent.sleep(10)
    channel.variables["sip_refer_status_code"] = "100"
    exchange.hang_up(channel, "BLIND_TRANSFER")
    return "+OK:SIP/2.0 100 Trying\n"


def _uuid_record(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    channel = exchange.channels.get(words[0]) if words else None
    if channel is None or len(words) < 3:
        return "-ERR No such channel!\n" if len(words) >= 3 else "-USAGE: <uuid> [start|stop] <path>\n"
    event = "RECORD_START" if words[1] == "start" else "RECORD_STOP"
    exchange.fire(event, channel, Record_File_Path=words[2])
    return "+OK Success\n"


def _sched_hangup(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    channel = exchange.channels.get(words[1]) if len(words) > 1 else None
    if channel is None:
        return "-USAGE: [+]<time> <uuid> [<cause>]\n" if len(words) < 2 else NO_CHANNEL
    exchange.applications.hang_up_later(channel, [words[0], *words[2:]])
    return "+OK\n"


def _hupall(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    cause = words[0] if words else "MANAGER_REQUEST"
    for channel in list(exchange.channels.values()):
        if len(words) < 3 or channel.get(words[1]) == words[2]:
            exchange.hang_up(channel, cause)
    return f"+OK hangup all channels with cause {cause}\n"


def _fsctl(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    if len(words) == 2 and words[0] == "max_sessions":
        exchange.max_sessions = int(words[1])
        return f"+OK max sessions: {words[1]}\n"
    if len(words) == 2 and words[0] == "sps":
        exchange.sps = int(words[1])
        return f"+OK sessions per second: {words[1]}\n"
    return "-ERR usage\n"


def _global_getvar(exchange: Exchange, argument: str) -> str:
    known = {"domain": "127.0.0.1", "core_uuid": exchange.events.core, "hostname": "lab"}
    return known.get(argument, "") if argument else "".join(f"{k}={v}\n" for k, v in known.items())


_TABLE: dict[str, Api] = {
    "originate": lambda exchange, argument: _originate(exchange, argument) if argument else USAGE,
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
    "show": listings.show,
    "status": listings.status,
    "version": lambda exchange, argument: f"FreeSWITCH Version {listings.VERSION}~64bit ( 64bit)\n",
    "uptime": lambda exchange, argument: f"{int(time.time() - exchange.started)}\n",
    "strepoch": lambda exchange, argument: str(int(time.time())),
    "hupall": _hupall,
    "sofia": listings.sofia,
    "sofia_contact": listings.sofia_contact,
    "fsctl": _fsctl,
    "global_getvar": _global_getvar,
    "create_uuid": lambda exchange, argument: str(uuids.uuid4()),
}
