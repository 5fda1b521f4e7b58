"""The api commands, with the answers real recordings have. One function each; `run` finds them by name.

What shows the switch as it stands is in `listings`; one command, ``lab``, is ours (`fate`).
"""

import time
import uuid as uuids
from collections.abc import Callable
from pathlib import Path

import gevent
from gevent.event import AsyncResult

from fsdialer.lab import dead_phones, directory, listings, profiles
from fsdialer.lab.bridges import STEP_S
from fsdialer.lab.exchange import USAGE, Exchange
from fsdialer.lab.fate import Fate
from fsdialer.lab.headers import as_json
from fsdialer.lab.originate import applications_inline, separate
from fsdialer.lab.referrals import deflect

NO_CHANNEL = "-ERR No such channel!\n"
RECORD_USAGE = "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n"

_DOMAIN = "127.0.0.1"

Api = Callable[[Exchange, str], str]


class Apis:
    """The commands of one switch. `server` carries out what only the server can: cut, restart, stall."""

    def __init__(self, exchange: Exchange, server: Callable[[str, float], str]) -> None:
        self._exchange = exchange
        fate = Fate(exchange, server)
        self._table: dict[str, Api] = {**_TABLE, "lab": lambda exchange, argument: fate.run(argument)}

    def run(self, command: str) -> str:
        """A command's answer; blocks for as long as the command takes, as FreeSWITCH's api does."""
        name, _, argument = command.strip().partition(" ")
        api = self._table.get(name)
        if api is None:
            return f"-ERR {name} Command not found!\n"
        return api(self._exchange, argument.strip()) or "-ERR no reply\n"

    def background(self, command: str, job: str) -> None:
        """Run it beside everything else and report by BACKGROUND_JOB."""
        name, _, argument = command.strip().partition(" ")

        def report(text: str) -> None:
            more = {"Job_UUID": job, "Job_Command": name}
            if argument:
                more["Job_Command_Arg"] = argument
            self._exchange.fire("BACKGROUND_JOB", None, text, **more)

        if name == "originate" and argument:
            gevent.spawn(self._exchange.originate, argument, lambda ok, text: report(text))
        else:
            gevent.spawn(lambda: report(self.run(command)))


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
    channel = exchange.alive(uuid)
    if channel is None:
        return NO_CHANNEL if uuid else "-USAGE: <uuid> [cause]\n"
    exchange.hang_up(channel, cause or "NORMAL_CLEARING")
    return "+OK\n"


def _uuid_recv_dtmf(exchange: Exchange, argument: str) -> str:
    """The far side presses keys."""
    words = argument.split()
    if len(words) < 2:
        return "-USAGE: <uuid> <dtmf_data>\n"
    channel = exchange.alive(words[0])
    if channel is None:
        return "-ERR Cannot locate session!\n"
    if channel.on_key is not None:
        channel.on_key(words[1][0])
    return f"+OK {words[0]} received DTMF {words[1]}.\n"


def _uuid_exists(exchange: Exchange, argument: str) -> str:
    return "true" if exchange.alive(argument) else "false"


def _uuid_getvar(exchange: Exchange, argument: str) -> str:
    uuid, _, name = argument.partition(" ")
    if not name:
        return "-USAGE: <uuid> <var>\n"
    channel = exchange.alive(uuid)
    return NO_CHANNEL if channel is None else channel.get(name.strip()) or "_undef_"


def _uuid_setvar(exchange: Exchange, argument: str) -> str:
    uuid, _, rest = argument.partition(" ")
    name, _, value = rest.partition(" ")
    if not name:
        return "-USAGE: <uuid> <var> [value]\n"
    channel = exchange.alive(uuid)
    if channel is None:
        return NO_CHANNEL
    channel.update([(name, value)])
    return "+OK\n"


def _uuid_dump(exchange: Exchange, argument: str) -> str:
    uuid, _, form = argument.partition(" ")
    if not uuid:
        return "-USAGE: <uuid> [format]\n"
    channel = exchange.alive(uuid)
    if channel is None:
        return NO_CHANNEL
    text = exchange.events.snapshot(channel)
    return as_json(text).decode() if form.strip() == "json" else text + "\n"


def _uuid_transfer(exchange: Exchange, argument: str) -> str:
    """To an inline dialplan; there is no other here, so any other extension ends the call as one that is not there."""
    words = separate(argument, " ")
    if len(words) < 2:
        return "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n"
    channel = exchange.alive(words[0])
    if channel is None:
        return NO_CHANNEL
    inline = words[1] if words[2:3] == ["inline"] else ""
    todo = applications_inline(inline) if inline else [("transfer", words[1])]

    def transfer() -> None:
        exchange.bridges.leave(channel)
        exchange.applications.interrupt(channel)
        exchange.applications.run(channel, todo, inline)

    exchange.later(STEP_S, None, transfer)
    return "+OK\n"


def _uuid_broadcast(exchange: Exchange, argument: str) -> str:
    """The sound is said to have begun and, in its time, to have ended."""
    words = argument.split()
    if len(words) < 2:
        return "-USAGE: <uuid> <path> [aleg|bleg|holdb|both]\n"
    channel = exchange.alive(words[0])
    if channel is None:
        return "-ERR invalid uuid\n"
    exchange.applications.play_over(channel, words[1])
    return "+OK Message sent\n"


def _uuid_record(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    if len(words) < 3:
        return RECORD_USAGE
    channel = exchange.alive(words[0])
    if channel is None:
        return "-ERR Cannot locate session!\n"
    match words[1]:
        case "start":
            return exchange.recordings.start(channel, words[2])
        case "stop":
            return exchange.recordings.stop_path(channel, words[2])
        case "mask" | "unmask":
            return "+OK Success\n"
    return RECORD_USAGE


def _sched_hangup(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    if not words:
        return "-USAGE: [+]<time> <uuid> [<cause>]\n"
    channel = exchange.alive(words[1]) if len(words) > 1 else None
    if channel is None:
        return NO_CHANNEL
    exchange.applications.hang_up_later(channel, [words[0], *words[2:]])
    return "+OK\n"


def _break(exchange: Exchange, argument: str) -> str:
    if not argument:
        return "-USAGE: <uuid> [all]\n"
    channel = exchange.alive(argument.split(" ")[0])
    if channel is None:
        return NO_CHANNEL
    exchange.applications.end_sound(channel)
    return "+OK\n"


def _hupall(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    cause = words[0] if words else "MANAGER_REQUEST"
    for channel in list(exchange.channels.values()):
        if len(words) < 3 or channel.get(words[1]) == words[2]:
            exchange.hang_up(channel, cause)
    if len(words) < 3:
        return f"+OK hangup all channels with cause {cause}\n"
    return f"+OK hangup all channels matching [{words[1]}]=[{words[2]}] with cause: {cause}\n"


def _fsctl(exchange: Exchange, argument: str) -> str:
    """Without a figure, the figure that holds."""
    words = argument.split()
    if not words:
        return "-USAGE: [hupall|pause|resume|shutdown|sps|max_sessions|…]\n"
    figure = int(words[1]) if len(words) > 1 and words[1].isdecimal() else None
    match words[0]:
        case "max_sessions":
            exchange.max_sessions = exchange.max_sessions if figure is None else figure
            return f"+OK max sessions: {exchange.max_sessions}\n"
        case "sps":
            exchange.sps = exchange.sps if figure is None else figure
            return f"+OK sessions per second: {exchange.sps}\n"
    return "-ERR Invalid command\n"


def _global_getvar(exchange: Exchange, argument: str) -> str:
    known = {"domain": _DOMAIN, "core_uuid": exchange.events.core, "hostname": "lab"}
    known["switches_address"] = exchange.trunks.address
    return known.get(argument, "") if argument else "".join(f"{k}={v}\n" for k, v in known.items())


def _truth(so: bool) -> str:
    return "true" if so else "false"


def _acl(exchange: Exchange, argument: str) -> str:
    """Only this machine is on any list here."""
    words = argument.split()
    return "-ERR Invalid usage\n" if len(words) < 2 else _truth(words[0].startswith("127."))


def _version(exchange: Exchange, argument: str) -> str:
    return f"{listings.VERSION}\n" if argument == "short" else f"FreeSWITCH Version {listings.VERSION}~64bit ( 64bit)\n"


def _uptime(exchange: Exchange, argument: str) -> str:
    return f"{int((time.time() - exchange.started) * (1000 if argument == 'ms' else 1))}\n"


def _avmd(exchange: Exchange, argument: str) -> str:
    """Only ``UUID stop``: a start by command is one that never hears anything."""
    uuid, _, command = argument.partition(" ")
    channel = exchange.alive(uuid)
    if "mod_avmd" not in exchange.detectors.modules:
        return "-ERR avmd Command not found!\n"
    if channel is None:
        return f"-ERR, no FreeSWITCH session for uuid [{uuid}]!\n-USAGE: <uuid> < start | stop >\n\n"
    return exchange.detectors.stop(channel) if command == "stop" else "-ERR, bad command!\n"


_TABLE: dict[str, Api] = {
    "originate": lambda exchange, argument: _originate(exchange, argument) if argument else USAGE,
    "uuid_bridge": _uuid_bridge,
    "uuid_transfer": _uuid_transfer,
    "uuid_kill": _uuid_kill,
    "uuid_recv_dtmf": _uuid_recv_dtmf,
    "uuid_exists": _uuid_exists,
    "uuid_getvar": _uuid_getvar,
    "uuid_setvar": _uuid_setvar,
    "uuid_dump": _uuid_dump,
    "uuid_broadcast": _uuid_broadcast,
    "uuid_break": _break,
    "uuid_media_reneg": dead_phones.ask,
    "uuid_set_media_stats": dead_phones.count,
    "uuid_deflect": deflect,
    "uuid_record": _uuid_record,
    "sched_hangup": _sched_hangup,
    "show": listings.show,
    "status": listings.status,
    "version": _version,
    "uptime": _uptime,
    "strepoch": lambda exchange, argument: str(int(time.time())),
    "hupall": _hupall,
    "sofia": profiles.sofia,
    "sofia_contact": listings.sofia_contact,
    "fsctl": _fsctl,
    "file_exists": lambda exchange, path: _truth(Path(path).exists()) if path else "",
    "acl": _acl,
    "xml_locate": directory.xml_locate,
    "xml_flush_cache": lambda exchange, argument: "+OK cleared 0 entries\n",
    "reloadxml": lambda exchange, argument: "+OK [Success]\n",
    "sofia_gateway_data": directory.gateway_data,
    "global_getvar": _global_getvar,
    "domain_exists": lambda exchange, name: _truth(name == _DOMAIN) if name else "",
    "module_exists": lambda exchange, name: _truth(name in exchange.detectors.modules) if name else "",
    "avmd": _avmd,
    "create_uuid": lambda exchange, argument: str(uuids.uuid4()),
}
