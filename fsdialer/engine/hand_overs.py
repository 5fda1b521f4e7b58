"""Sends customers to operators on the company's own PBX, by SIP REFER, and watches what the far side makes of it.

FreeSWITCH has no event for the answer to a REFER: the leg's variables are asked for until it is known. What follows
is decided in `core.hand_over`. Gateways that do not do it are remembered in Redis, with an alert.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

import gevent

from fsdialer.core import hand_over
from fsdialer.core.call_facts import Call, Refer
from fsdialer.core.calls import time_left_s
from fsdialer.core.campaigns import Station
from fsdialer.core.dial_format import operator_destination, refer_target
from fsdialer.core.events import CallEvent, ReferAccepted, ReferDone, ReferFailed
from fsdialer.engine.line import Line
from fsdialer.engine.lines import Lines
from fsdialer.engine.own_gateways import check_phone
from fsdialer.engine.tasks import Tasks
from fsdialer.errors import FsdialerError, Refused, SwitchError
from fsdialer.esl import refer_commands as commands
from fsdialer.esl.commands import exists
from fsdialer.store.operators import OperatorView

log = logging.getLogger(__name__)

#: How often a leg is asked what became of its REFER (seconds).
ASK_S = 0.1


class HandOvers:
    """The REFERs under way. `feed(call, event)` tells the call."""

    def __init__(
        self, tasks: Tasks, lines: Lines, feed: Callable[[str, CallEvent], None], clock: Callable[[], float]
    ) -> None:
        self._tasks = tasks
        self._lines = lines
        self._feed = feed
        self._clock = clock

    def wanted(self, line: Line, view: OperatorView) -> bool:
        """Is the customer to be sent to this operator? Not where their gateway is known not to do it."""
        if view.station != Station.REFER or line.call.refer is Refer.FAILED:
            return False
        refusal = line.company.referrals.refusal(line.call.gateway)
        if refusal is not None:
            log.info("call=%s gateway=%s refer=no reason=%s", line.call.uuid, line.call.gateway, refusal.reason)
        return refusal is None

    def destination(self, line: Line, view: OperatorView) -> str:
        """How the phone of an operator on the company's own PBX is rung: through the customer's gateway. Empty for
        phones that are registered with the switch, or have a destination of their own, which is Refused when the
        company may not call it."""
        check_phone(line.company, view)
        if view.station != Station.REFER or view.dial:
            return ""
        setup = line.company.setup
        return operator_destination(setup.company(), setup.gateway(line.call.gateway), view.extension)

    def send(self, line: Line, operator: str, leg: str) -> None:
        """Ask the far side for it."""
        call = line.call
        try:
            setup, view = line.company.setup, line.company.operators.view(operator)
            check_phone(line.company, view)
            target = refer_target(setup.company(), setup.gateway(call.gateway), view.extension)
            link = self._lines.of(call.switch)
            link.ask(commands.remember(call.uuid))
            link.bgapi(commands.refer(call.uuid, target), f"refer-{leg}")
        except FsdialerError as error:
            by_gateway = not isinstance(error, (SwitchError, Refused))
            self._feed(call.uuid, ReferFailed(leg, self._clock(), str(error), by_gateway))
            return
        log.info("call=%s operator=%s refer=sent to=%s", call.uuid, operator, target)
        self.watch(line)

    def watch(self, line: Line) -> None:
        """Find out what becomes of a REFER that was sent, by this dialer or the one before it; which may have died
        when it knew and had not counted the talk."""
        if line.call.away and line.call.bridged_at is None:
            line.call = replace(line.call, refer=Refer.ACCEPTED)
            self._feed(line.call.uuid, ReferDone(line.call.leg, self._clock()))
        elif line.call.referring:
            self._tasks.spawn("refer", self._watch, line, line.call.leg)

    def let_ring(self, line: Line, until: float) -> None:
        """A new limit of the customer's wait, kept by the switch."""
        call, campaign, wait_s = line.call, line.campaign, max(0.5, until - self._clock())
        try:
            command = commands.let_ring(call.uuid, wait_s, campaign.message, campaign.opt_out_key)
            self._lines.of(call.switch).bgapi(command, f"ring-{call.uuid}")
        except FsdialerError as error:
            log.warning("call=%s let_ring=failed reason=%s", call.uuid, error)

    def over(self, line: Line, reason: str) -> None:
        """Remember a gateway that does not do REFER, forget that of one that did (no `reason`)."""
        company, gateway, now = line.company, line.call.gateway, self._clock()
        alert = f"gateway-refer.{gateway}"
        if not reason:
            company.referrals.forget(gateway)
            company.alerts.clear(alert, now, "dialer")
            return
        log.error("call=%s gateway=%s refer=failed reason=%s", line.call.uuid, gateway, reason)
        company.referrals.refused(gateway, reason, now)
        company.alerts.say(
            alert,
            f"Gateway {gateway}: {reason}. Customers are bridged to their operators through it instead for an hour. "
            "Allow REFER on the PBX (or set the REFER format it wants), then press Try REFER again on Gateways.",
            now,
        )

    def _watch(self, line: Line, leg: str) -> None:
        """Ask until the far side has said how it went, or has had its time."""
        call, now = line.call, self._clock()
        accepted = call.refer is Refer.ACCEPTED
        connect_s = hand_over.connect_limit_s(line.campaign.operator_ring_s)
        answer_s = hand_over.answer_limit_s(time_left_s(call, line.campaign.max_wait_s, now))
        limit = now + (connect_s if accepted else answer_s)
        while line.call.referring and line.call.leg == leg and line.call.ended_at is None:
            now = self._clock()
            told = self._told(line.call, leg, now + connect_s + line.campaign.max_wait_s)
            if isinstance(told, ReferAccepted):
                if not accepted:
                    self._feed(call.uuid, told)
                    accepted, limit = True, now + connect_s
            elif told is not None:
                self._feed(call.uuid, told)
                return
            if now >= limit:
                if self._gone(call):
                    return  # the end of the leg, when it is told, says more
                words = "the PBX accepted a REFER but never said how it went" if accepted else "REFER was not answered"
                self._feed(call.uuid, ReferFailed(leg, now, words))
                return
            gevent.sleep(ASK_S)

    def _gone(self, call: Call) -> bool:
        try:
            return self._lines.of(call.switch).ask(exists(call.uuid)).strip() == "false"
        except SwitchError:
            return False

    def _told(self, call: Call, leg: str, until: float) -> CallEvent | None:
        answer, result = self._status(call, commands.refer_answer), self._status(call, commands.refer_result)
        return hand_over.told(leg, answer, result, self._clock(), until)

    def _status(self, call: Call, command: Callable[[str], str]) -> int | None:
        try:
            said = self._lines.of(call.switch).ask(command(call.uuid)).strip()
        except SwitchError as error:
            log.warning("call=%s refer=unsure reason=%s", call.uuid, error)
            return None
        return int(said) if said.isdecimal() else None
