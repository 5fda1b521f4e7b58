"""Answering machines on the switches: which can listen for them, and what a machine is said.

Only the module that a switch has may be named in a call: it hangs up on an application it does not know. So each is
asked when it comes up, and again now and then; a campaign that wishes for what its switch has not goes on without, and
an alert says so. Listening costs 37 threads of the switch a call, so it ends when no machine would still be greeting.
What follows from a machine that was heard is `core.machines`'.
"""

import logging
import time
import uuid as uuids
from collections.abc import Callable
from dataclasses import replace

from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Amd, Campaign
from fsdialer.core.events import MachineHeard
from fsdialer.core.machines import sampled
from fsdialer.engine.lines import Lines
from fsdialer.engine.tasks import Tasks
from fsdialer.errors import SwitchError
from fsdialer.esl import commands
from fsdialer.esl.commands import DETECTORS
from fsdialer.esl.link import SwitchLink
from fsdialer.store import CompanyStore

log = logging.getLogger(__name__)

#: Longest greeting there is: so long after the answer (seconds) nobody listens for a beep any more.
LISTEN_S = 45.0
#: How often a switch is asked anew which modules it has (seconds): one may be loaded by hand.
DETECTORS_S = 30.0


class Machines:
    """What this dialer's switches can hear, and the commands about it."""

    def __init__(self, tasks: Tasks, lines: Lines, clock: Callable[[], float]) -> None:
        self._tasks = tasks
        self._lines = lines
        self._clock = clock
        self._can: dict[str, frozenset[str]] = {}  # switch → detectors it has
        self._looked: dict[str, float] = {}
        self._missing: dict[str, bool] = {}  # alert → does it stand?

    # -- what a switch has ---------------------------------------------------------------------------------
    def look(self, link: SwitchLink) -> None:
        """Ask a switch which detectors it has; one that does not answer is taken to have none. What was known of it
        before is forgotten first: it may be another one now."""
        name = link.address.name
        self._can.pop(name, None)
        self._looked.pop(name, None)
        try:
            answers = {what: link.ask(commands.module_exists(DETECTORS[what].module)) for what in DETECTORS}
            self._can[name] = frozenset(what for what, answer in answers.items() if answer.strip() == "true")
        except SwitchError as error:
            log.warning("switch=%s detectors=unknown reason=%s", name, error)
        self._looked[name] = time.monotonic()

    def look_again(self) -> None:
        """Those that were not asked for a while."""
        for link in self._lines.all():
            if link.up and time.monotonic() - self._looked.get(link.address.name, 0.0) >= DETECTORS_S:
                self.look(link)

    def detectors(self, company: CompanyStore, campaign: Campaign, link: SwitchLink) -> tuple[str, ...]:
        """What listens to a call of this campaign on this switch; an alert when that is not what was wished for.

        With `rules` a beep is listened for too, where it can be: it says when a message is recorded.
        """
        switch = link.address.name
        if campaign.amd is Amd.OFF:
            self._tell(company, campaign, switch, "")
            return ()
        if switch not in self._looked:
            self.look(link)
        can = self._can.get(switch, frozenset())
        wished = str(campaign.amd)
        self._tell(company, campaign, switch, wished if switch in self._can and wished not in can else "")
        if wished not in can:
            return ()
        return (wished, "beep") if wished != "beep" and "beep" in can and campaign.machine_message else (wished,)

    def _tell(self, company: CompanyStore, campaign: Campaign, switch: str, missing: str) -> None:
        name = f"amd.{campaign.id}.{switch}"
        if self._missing.get(f"{company.id}.{name}") == bool(missing):
            return
        self._missing[f"{company.id}.{name}"] = bool(missing)
        if missing:
            words = (
                f"Campaign {campaign.id} listens for answering machines by {missing}, but switch {switch} has not "
                f"loaded {DETECTORS[missing].module}: its calls go out without. Load the module, or set amd to off."
            )
            company.alerts.say(name, words, self._clock())
            log.error("campaign=%s switch=%s amd=%s module=missing", campaign.id, switch, missing)
        else:
            company.alerts.clear(name, self._clock())

    # -- calls ---------------------------------------------------------------------------------------------
    def answered(self, call: Call, still_up: Callable[[], bool]) -> None:
        """Stop listening for a beep when no machine would still be greeting."""
        if call.amd:
            self._tasks.later(LISTEN_S, "amd", self._stop, call, still_up)

    def _stop(self, call: Call, still_up: Callable[[], bool]) -> None:
        if still_up():
            self._send(call.switch, commands.stop_beeps(call.uuid), call.uuid)

    def judged(self, event: MachineHeard, call: Call, campaign: Campaign) -> MachineHeard:
        """The event with what only we know: its time, where the switch gave none, and whether the call is a sample."""
        return replace(event, at=event.at or self._clock(), spare=sampled(call.uuid, campaign.amd_sample))

    def send_away(self, call: Call, campaign: Campaign, beeped: bool, hang_up: Callable[[], None]) -> None:
        """Leave the campaign's message, or hang up."""
        if not campaign.machine_message:
            hang_up()
            return
        try:
            wait_s = 0.0 if beeped else self._still_listens_s(call)
            command = commands.leave_message(call.uuid, campaign.machine_message, beeped, wait_s)
        except SwitchError as error:
            log.error("call=%s message=refused reason=%s", call.uuid, error)
            hang_up()
            return
        log.info("call=%s machine=yes beeped=%s message=left", call.uuid, beeped)
        self._send(call.switch, command, call.uuid)

    def _still_listens_s(self, call: Call) -> float:
        """For how long a beep would still be heard (seconds)."""
        beeps = call.amd == "beep" or (bool(call.amd) and "beep" in self._can.get(call.switch, ()))
        if not beeps or call.answered_at is None:
            return 0.0
        return max(0.0, call.answered_at + LISTEN_S - self._clock())

    def _send(self, switch: str, command: str, leg: str) -> None:
        try:
            self._lines.of(switch).bgapi(command, f"amd-{uuids.uuid4()}")
        except SwitchError as error:
            log.warning("call=%s amd=failed reason=%s", leg, error)
