"""Keeps every switch at what is set up: a changed operator or gateway is in effect within seconds, without a restart.

What a switch has is asked of the switch itself, by a mark on each gateway, so that it does not matter who told it
last, or when it was started; nothing is remembered here but that something may have changed.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import gevent

from fsdialer.core.switch_config import fingerprint, from_web, marks
from fsdialer.engine.lines import Lines
from fsdialer.errors import SwitchError
from fsdialer.esl import setup_commands as commands
from fsdialer.esl.commands import module_exists
from fsdialer.store import Store

log = logging.getLogger(__name__)

#: How long a switch takes to give up a gateway, and how often it is asked whether it has (seconds).
GIVE_UP_S, ASK_S = 8.0, 0.3
#: When a switch that could not be told, or has old answers, is looked at again (seconds).
AGAIN_S = 5.0

_MARK, _NAME = re.compile(r"[0-9a-f]{16}"), re.compile(r"[0-9A-Za-z_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Settled:
    """`done`, in words. Not `complete`: the switch would still read something else than is set up, because the web does
    not answer it, or because the files it has are old."""

    done: list[str]
    complete: bool


class SwitchSetup:
    """The switches of this dialer."""

    def __init__(self, lines: Lines, store: Store) -> None:
        self._lines = lines
        self._store = store
        self._behind: dict[str, float] = {}  # switch → when it is told next (monotonic seconds)
        self._in_doubt: set[str] = set()  # switches whose last word in the log is that they are not well

    def changed(self) -> None:
        """Operators or gateways were set up anew."""
        self._behind = dict.fromkeys((link.address.name for link in self._lines.all()), 0.0)

    def came_up(self, switch: str) -> None:
        """A switch can be reached: it may have missed something."""
        self._behind[switch] = 0.0

    def settle(self) -> None:
        """Tell the switches that are behind; those that fail stay so."""
        for link in self._lines.all():
            name = link.address.name
            due = self._behind.get(name)
            if due is None or time.monotonic() < due or not link.up:
                continue
            del self._behind[name]  # before the telling: what changes meanwhile counts
            try:
                settled = settle(link.ask, wanted_marks(self._store))
            except SwitchError as error:
                self._behind.setdefault(name, time.monotonic() + AGAIN_S)
                self._in_doubt.add(name)
                log.warning("switch=%s setup=failed reason=%s", name, error)
                continue
            self._say(name, settled, first=due == 0.0)

    def _say(self, name: str, settled: Settled, first: bool) -> None:
        """To the log. A web that is started beside the dialer may need a second look: that is no trouble yet."""
        if not settled.complete:
            self._behind.setdefault(name, time.monotonic() + AGAIN_S)
        well = settled.complete and (first or name in self._in_doubt)
        if settled.done or well:
            log.info("switch=%s setup=told done=%r", name, "; ".join(settled.done) or "nothing new")
        elif not settled.complete and not first and name not in self._in_doubt:
            log.error("switch=%s setup=old reason='the web does not answer it, or its files are old'", name)
            self._in_doubt.add(name)
        if settled.complete:
            self._in_doubt.discard(name)


def wanted_marks(store: Store) -> dict[str, str]:
    """Gateway → the mark of its settings, of all companies."""
    trunks = (trunk for each in store.companies() for trunk in store.company(each).accounts.good_trunks())
    return {trunk.gateway.name: fingerprint(trunk) for trunk in trunks}


def settle(ask: Callable[[str], str], wanted: Mapping[str, str]) -> Settled:
    """Have a switch forget operators' records, take the gateways it lacks and give up those that are not offered any
    more or have changed. Gateways without our mark are left alone, and so are all while nothing is offered. While the
    web it asks is away it keeps what it was told: its files may be older."""
    ask(commands.read_files())
    said = ask(commands.offered_gateways())
    offered = marks(said)
    away = not from_web(said) and ask(module_exists("mod_xml_curl")).strip() == "true"
    if not away:
        ask(commands.forget_operators())
    if offered is None:
        return Settled([], not wanted and not away)
    if away and offered != wanted:
        return Settled([], False)
    there = _there(ask)
    ours = {name: mark for name, mark in there.items() if mark}
    gone = [name for name in ours if name not in offered]
    changed = [name for name, mark in ours.items() if name in offered and offered[name] != mark]
    new = [name for name in offered if name not in there]
    for name in (*gone, *changed):
        ask(commands.drop_gateway(name))
    if changed:
        _wait_until_gone(ask, set(changed))
    if changed or new:
        ask(commands.rescan_gateways())
        there = _there(ask)  # it asked the web once more, which may not have answered this time
    made = {"added": new, "changed": changed}
    left = {name for names in made.values() for name in names if there.get(name) != offered[name]}
    made |= {"removed": gone}
    done = [f"{word} {','.join(sorted(set(names) - left))}" for word, names in made.items() if set(names) - left]
    return Settled(done, offered == wanted and not away and not left)


def _there(ask: Callable[[str], str]) -> dict[str, str]:
    """The gateways the switch has, each with our mark; without one it is somebody else's."""
    return {name: _mark(ask(commands.gateway_mark(name))) for name in _names(ask)}


def _names(ask: Callable[[str], str]) -> set[str]:
    answers = [ask(commands.gateways(up)) for up in (True, False)]
    words = {word for answer in answers if not answer.startswith("-") for word in answer.split()}
    return {word for word in words if _NAME.fullmatch(word)}


def _mark(said: str) -> str:
    match = _MARK.fullmatch(said.strip())
    return match[0] if match else ""


def _wait_until_gone(ask: Callable[[str], str], names: set[str]) -> None:
    waited = 0.0
    while names & _names(ask) and waited < GIVE_UP_S:
        gevent.sleep(ASK_S)
        waited += ASK_S
