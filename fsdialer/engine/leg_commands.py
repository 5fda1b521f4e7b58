"""Commands about legs that are up: bridge two, hang one up, ask which is there; and what comes of them.

It knows the commands' jobs, so that nobody else has to; what a refused bridge means for a call, `core.calls` says.
"""

import logging
import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass, replace

from fsdialer.core.events import JobDone
from fsdialer.engine.lines import Lines
from fsdialer.engine.tasks import Tasks
from fsdialer.errors import SwitchError
from fsdialer.esl import commands

log = logging.getLogger(__name__)

#: A kill of a channel that does not exist yet does nothing: asked again this often (seconds), this many times. One that
#: could not be sent is, too, until it can be: who ended a talk while the network was away must not find it going on.
KILL_AGAIN_S, KILL_TRIES = 0.3, 10


@dataclass(frozen=True, slots=True)
class _Kill:
    switch: str
    leg: str
    cause: str
    still_wanted: Callable[[], bool]
    tries: int = 1
    unsent: bool = False


class LegCommands:
    """Sends them in the background; their answers come back through `on_job`."""

    def __init__(self, tasks: Tasks, lines: Lines) -> None:
        self._tasks = tasks
        self._lines = lines
        self._bridges: dict[str, Callable[[], None]] = {}
        self._kills: dict[str, _Kill] = {}

    def bridge(self, switch: str, customer: str, leg: str, refused: Callable[[], None]) -> None:
        """Join two legs; `refused` is called when the switch says no, or cannot be asked."""
        job = f"bridge-{uuids.uuid4()}"
        self._bridges[job] = refused
        try:
            self._lines.of(switch).bgapi(commands.bridge(customer, leg), job)
        except SwitchError as error:
            self._bridges.pop(job, None)
            log.warning("call=%s leg=%s bridge=failed reason=%s", customer, leg, error)
            refused()

    def kill(self, switch: str, leg: str, cause: str, still_wanted: Callable[[], bool]) -> None:
        """Hang a leg up; one not there yet, or not to be reached, is tried again while `still_wanted`."""
        self._send_kill(_Kill(switch, leg, cause, still_wanted))

    def _send_kill(self, kill: _Kill) -> None:
        job = f"kill-{uuids.uuid4()}"
        self._kills[job] = kill
        try:
            self._lines.of(kill.switch).bgapi(commands.kill(kill.leg, kill.cause), job)
        except SwitchError as error:  # it may have been sent: a second one does no harm, none at all would
            self._kills.pop(job, None)
            if not kill.unsent:
                log.warning("leg=%s kill=failed try=%d reason=%s", kill.leg, kill.tries, error)
            self._again(replace(kill, unsent=True))

    def why_not_bridged(self, switch: str, customer: str, leg: str) -> str:
        """After a refused bridge: what is wrong with the operator's `leg`; empty when the customer is gone, or the
        switch is away: the bridge is asked for again when it is back (`engine.reconcile`)."""
        link = self._lines.get(switch)
        if link is None or not link.up:
            return ""
        try:
            if link.ask(commands.exists(customer)).strip() != "true":
                return ""
            there = link.ask(commands.exists(leg)).strip() == "true"
        except SwitchError as error:
            log.warning("call=%s leg=%s check=failed reason=%s", customer, leg, error)
            there = False
        return "could not be connected" if there else "was hung up"

    def on_job(self, event: JobDone) -> bool:
        """Was this the answer to one of these commands?"""
        refused = self._bridges.pop(event.job, None)
        if refused is not None:
            if not event.ok:
                refused()
            return True
        kill = self._kills.pop(event.job, None)
        if kill is not None:
            if not event.ok and kill.tries < KILL_TRIES:
                self._again(replace(kill, tries=kill.tries + 1, unsent=False))
            return True
        return False

    def _again(self, kill: _Kill) -> None:
        if kill.still_wanted():
            self._tasks.later(KILL_AGAIN_S, "kill", self._send_kill, kill)
