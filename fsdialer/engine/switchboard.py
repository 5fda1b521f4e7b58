"""Carries calls through their lives: an event comes in, `core.calls.advance` decides, the effects are done here.

Events of one call are handled one after the other; calls do not wait for each other. It refuses to decide
anything itself: what follows from an event stands in `core.calls`.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

import gevent
from redis.exceptions import RedisError

from fsdialer.core import calls as life
from fsdialer.core import effects, events
from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Campaign
from fsdialer.core.effects import Effect
from fsdialer.core.events import CallEvent, Heartbeat, JobDone, LegsBridged, MachineHeard, SwitchEvent, WaitExpired
from fsdialer.core.pacing.observed import Observation, of_call
from fsdialer.core.retry import is_failure, next_step
from fsdialer.core.verdicts import verdict as verdict_of
from fsdialer.engine.hand_overs import HandOvers
from fsdialer.engine.held_lines import HeldLines
from fsdialer.engine.leg_commands import LegCommands
from fsdialer.engine.line import Line
from fsdialer.engine.lines import Lines
from fsdialer.engine.machines import Machines
from fsdialer.engine.phone_failures import PhoneFailures
from fsdialer.engine.retries import Retries
from fsdialer.engine.stations import Stations
from fsdialer.engine.tasks import Tasks
from fsdialer.engine.trunks import Trunks
from fsdialer.errors import CommandRefused, FsdialerError, NotConnected, StaleOwner, SwitchError, UnsafeCommand
from fsdialer.store import CompanyStore

log = logging.getLogger(__name__)

#: A customer the switch should have let go: seconds after the wait was over (a message may be playing).
MESSAGE_LIMIT_S = 60.0
#: The same for an answering machine that is left a message, and may beep late.
MACHINE_LIMIT_S = 120.0
#: Seconds until an event is tried again that Redis was not there for.
REDIS_AGAIN_S = 0.5


class Switchboard:
    """The live calls of the campaigns this dialer owns."""

    def __init__(
        self,
        tasks: Tasks,
        lines: Lines,
        stations: Stations,
        held: HeldLines,
        trunks: Trunks,
        retries: Retries,
        clock: Callable[[], float],
    ) -> None:
        self._tasks = tasks
        self._lines = lines
        self._stations = stations
        self._held = held
        self._trunks = trunks
        self._retries = retries
        self.machines = Machines(tasks, lines, clock)
        self._clock = clock
        self._calls: dict[str, Line] = {}
        self._legs: dict[str, str] = {}  # an operator's leg → the call it was promised to
        self._commands = LegCommands(tasks, lines)
        self._failures = PhoneFailures(lines, stations, clock)
        self._hand_overs = HandOvers(tasks, lines, self.feed, clock)
        #: Called with (company, campaign) when what the pacing counts has changed.
        self.on_change: Callable[[str, str], None] = lambda company, campaign: None
        self.on_closed: Callable[[Call], None] = lambda call: None
        #: Called with (company, campaign, observations) when something happened that a pacing policy learns from.
        self.on_observed: Callable[[str, str, list[Observation]], None] = lambda company, campaign, seen: None

    # -- calls in and out ----------------------------------------------------------------------------------
    def open(self, company: CompanyStore, campaign: Campaign, owner: str, call: Call) -> None:
        """Follow a call from here on; its originate may be sent now."""
        self._calls[call.uuid] = Line(call, campaign, owner, company)
        if call.leg:
            self._legs[call.leg] = call.uuid
        self._set_timers(self._calls[call.uuid])
        self._hand_overs.watch(self._calls[call.uuid])

    def drop(self, company: str, campaign: str) -> None:
        """Let go of a campaign's calls: another dialer has them now."""
        for line in self.of_campaign(company, campaign):
            self._forget(line)

    def of_campaign(self, company: str, campaign: str) -> list[Line]:
        """The live calls of a campaign."""
        return [x for x in self._calls.values() if x.campaign.id == campaign and x.company.id == company]

    def of_switch(self, switch: str) -> list[Call]:
        """The live calls on a switch."""
        return [line.call for line in self._calls.values() if line.call.switch == switch]

    def switches(self) -> set[str]:
        """Those that have live calls."""
        return {line.call.switch for line in self._calls.values()}

    def call(self, uuid: str) -> Call | None:
        """The live call, if this process follows it."""
        line = self._calls.get(uuid)
        return line.call if line else None

    def knows(self, leg: str) -> bool:
        """Is this a customer's or an operator's leg of a live call here?"""
        return leg in self._calls or leg in self._legs

    def longest_s(self, uuid: str) -> float:
        """Seconds after which the switch itself has ended a call, whatever happened; only we could have bridged it."""
        line = self._calls[uuid]
        campaign, talked = line.campaign, line.call.bridging or line.call.bridged_at is not None
        rest_s = campaign.max_talk_s if talked else MESSAGE_LIMIT_S
        return campaign.ring_s + campaign.max_wait_s + rest_s

    # -- events in -----------------------------------------------------------------------------------------
    def on_event(self, event: SwitchEvent) -> None:
        """What a switch reports, in the order it does."""
        if isinstance(event, Heartbeat):
            return
        self._held.on_event(event)
        if isinstance(event, JobDone):
            if not self._commands.on_job(event):
                self.feed(self._owner_of(event.job), event)
        elif isinstance(event, LegsBridged):
            self.feed(self._owner_of(event.leg) or self._owner_of(event.other), event)
        else:
            self.feed(self._owner_of(event.leg), event)

    def feed(self, uuid: str, event: CallEvent) -> None:
        """Handle an event of a call, after those before it; one about a call that is not here is passed over."""
        line = self._calls.get(uuid)
        if line is None:
            return
        line.inbox.append(event)
        if not line.busy:
            line.busy = True
            self._tasks.spawn("call", self._work_off, line)

    def serve_waiting(self, company: str, campaign: str) -> None:
        """An operator is free: whoever has waited longest for one is served first."""
        seeking = [line for line in self.of_campaign(company, campaign) if line.call.seeking]
        for line in sorted(seeking, key=lambda line: line.call.answered_at or 0.0):
            if line.call.seeking:  # one who is not served may be on a switch that reaches nobody who is free
                self._seek(line, line.call.preferred, _not_again(line.call))

    def hang_up(self, uuid: str) -> None:
        """A person asked for it. A talk on a switch that does not answer is over for its operator all the same; should
        that switch wake, it is told to end a channel no call knows."""
        now, call = self._clock(), self.call(uuid)
        if call and call.bridged_at is not None and not call.away and not self._lines.is_up(call.switch):
            self.feed(uuid, events.CallLost(now, "SWITCH_GONE"))
        else:
            self.feed(uuid, events.HangUpAsked(now))

    def _owner_of(self, leg: str) -> str:
        return leg if leg in self._calls else self._legs.get(leg, "")

    # -- the loop of one call ------------------------------------------------------------------------------
    def _work_off(self, line: Line) -> None:
        """Handle what has come in. With Redis away the event waits; the switch keeps the customer's limit itself."""
        try:
            while line.inbox and line.call.uuid in self._calls:
                before = line.call
                try:
                    self._step(line, line.inbox[0])
                    line.inbox.popleft()
                except RedisError as error:
                    line.call = before
                    log.error("call=%s redis=away reason=%s", line.call.uuid, error)
                    gevent.sleep(REDIS_AGAIN_S)
        except StaleOwner:
            log.warning("call=%s campaign=%s lost_to=another_dialer", line.call.uuid, line.campaign.id)
            self._forget(line)
        finally:
            line.busy = False

    def _step(self, line: Line, event: CallEvent) -> None:
        before = line.call
        if isinstance(event, MachineHeard):
            event = self.machines.judged(event, before, line.campaign)
        line.call, wanted = life.advance(before, event)
        if line.call is before and not wanted:
            return
        if line.call.state != before.state:
            line.log_state(event)
        if line.call.ended_at is None and line.call != before:
            line.company.calls.save(line.call, line.owner, self._clock())
            self._set_timers(line, before)
        elif line.call.answered_at is not None and before.answered_at is None:
            # The hang-up is the first we hear of the answer: it counts as one before the call is closed.
            line.company.calls.save(replace(line.call, ended_at=None), line.owner, self._clock())
        for effect in wanted:
            self._do(line, effect)
        seen = of_call(before, line.call, wanted, self._clock())
        if seen:
            self.on_observed(line.company.id, line.campaign.id, seen)
        if line.call.in_flight != before.in_flight or line.call.ended_at is not None:
            self.on_change(line.company.id, line.campaign.id)

    def _set_timers(self, line: Line, before: Call | None = None) -> None:
        """The dialer's own second line behind the limits the switch keeps."""
        call, now = line.call, self._clock()
        before = before or (call if call.referring else None)  # adopted: only the switch knows what came of the REFER
        if call.answered_at is not None and (before is None or before.answered_at is None):
            left = life.time_left_s(call, line.campaign.max_wait_s, now)
            self._timer(line, left, WaitExpired(call.uuid, now + left))
            self.machines.answered(call, lambda: call.uuid in self._calls)
        if call.wait_until is not None and (before is None or before.wait_until is None):
            self._timer(line, call.wait_until - now, WaitExpired(call.uuid, call.wait_until))
        if call.away and call.bridged_at is not None and (before is None or not before.away):
            left = call.bridged_at + line.campaign.max_talk_s - now
            self._timer(line, left, events.HangUpAsked(now + left))
        if call.expired_at is not None and (before is None or before.expired_at is None):
            self._timer(line, MESSAGE_LIMIT_S, events.HangUpAsked(now + MESSAGE_LIMIT_S))
        if call.dismissed_at is not None and (before is None or before.dismissed_at is None):
            self._timer(line, MACHINE_LIMIT_S, events.HangUpAsked(now + MACHINE_LIMIT_S))

    def _timer(self, line: Line, delay_s: float, event: CallEvent) -> None:
        line.timers.append(self._tasks.later(delay_s, "timer", self.feed, line.call.uuid, event))

    def _forget(self, line: Line) -> None:
        self._calls.pop(line.call.uuid, None)
        self._legs = {leg: uuid for leg, uuid in self._legs.items() if uuid != line.call.uuid}
        for timer in line.timers:
            timer.kill(block=False)
        line.timers.clear()

    # -- the effects ---------------------------------------------------------------------------------------
    def _do(self, line: Line, effect: Effect) -> None:
        call, now = line.call, self._clock()
        match effect:
            case effects.SeekOperator(preferred, passed_over):
                self._seek(line, preferred, passed_over)
            case effects.RingOperator(operator, leg):
                self._ring(line, operator, leg)
            case effects.ReferCustomer(operator, leg):
                self._hand_overs.send(line, operator, leg)
            case effects.LetRing(until):
                self._hand_overs.let_ring(line, until)
            case effects.ReferOver(reason):
                self._hand_overs.over(line, reason)
            case effects.Bridge(leg):
                self._commands.bridge(call.switch, call.uuid, leg, lambda: self._bridge_refused(call.uuid, leg))
            case effects.CheckLegs(leg):
                self._check_legs(call, leg)
            case effects.HangUp(leg, cause):
                self._commands.kill(call.switch, leg, cause, lambda: bool(self._owner_of(leg)))
            case effects.FreeOperator(operator):
                line.company.operators.release(operator, call.uuid, now)
            case effects.FailOperator(operator, reason):
                self._tasks.spawn("operator_failed", self._failures.not_reached, line, operator, reason)
            case effects.MarkTalking(operator, voice_ms):
                line.company.calls.talking(call.uuid, line.owner, operator, call.bridged_at or now, voice_ms)
                self._failures.talks(line, operator)
            case effects.TellCutOff(operator, cause):
                self._tasks.spawn("cut_off", self._failures.cut_off, line, operator, cause)
            case effects.AwaitHangUp():
                self._timer(line, effects.HANGUP_GRACE_S, events.GraceOver(now + effects.HANGUP_GRACE_S))
            case effects.SendAway(beeped):
                hang_up = effects.HangUp(call.uuid, "NORMAL_CLEARING")
                self.machines.send_away(call, line.campaign, beeped, lambda: self._do(line, hang_up))
            case effects.CloseCall():
                self._close(line, effect)

    def _seek(self, line: Line, preferred: str, passed_over: tuple[str, ...]) -> None:
        """Reserve somebody; with nobody suitable free, or the customer's switch not answering, `serve_waiting` asks
        again as soon as one is, or it does."""
        call, now = line.call, self._clock()
        if not self._lines.is_up(call.switch):
            return
        reach = self._stations.reach(call.switch)
        view = line.company.operators.reserve(call.uuid, line.owner, preferred, passed_over, now, reach)
        if view is None:
            return
        leg, held = self._stations.leg_for(view, call.switch)
        self._legs[leg] = call.uuid
        refer = self._hand_overs.wanted(line, view)
        self.feed(call.uuid, events.OperatorReserved(view.id, leg, held, now, refer))

    def _ring(self, line: Line, operator: str, leg: str) -> None:
        call = line.call
        view = line.company.operators.view(operator)
        try:
            link = self._lines.of(call.switch)
            through = self._hand_overs.destination(line, view)
            command = self._stations.originate(view, leg, line.campaign, call.uuid, link, through, call.lead)
            link.bgapi(command, leg)
        except FsdialerError as error:
            self.feed(call.uuid, events.OperatorGone(leg, self._clock(), f"could not be rung: {error}"))
            return
        ring_s = line.campaign.operator_ring_s
        self._timer(line, ring_s, events.OperatorSlow(leg, self._clock() + ring_s))

    def _bridge_refused(self, call: str, leg: str) -> None:
        self.feed(call, events.BridgeRefused(leg, self._clock()))

    def _check_legs(self, call: Call, leg: str) -> None:
        """A refused bridge names no culprit. If the customer is gone, their own hang-up event is on its way."""
        reason = self._commands.why_not_bridged(call.switch, call.uuid, leg)
        if reason:
            self.feed(call.uuid, events.OperatorGone(leg, self._clock(), reason))

    def _close(self, line: Line, close: effects.CloseCall) -> None:
        call, campaign, now = line.call, line.campaign, self._clock()
        verdict = verdict_of(call, close)
        step = next_step(
            verdict=verdict,
            attempts=call.attempt,
            promised=call.promised,
            failures=line.company.leads.failures(call.lead) if is_failure(verdict) else 0,
            retry_min=campaign.retry_min,
            max_attempts=campaign.max_attempts,
            now=now,
        )
        self._trunks.ended(line.company, call, close)
        step = self._trunks.failover(call, campaign.gateways, close, verdict.charged, step)
        line.company.calls.finish(
            call.uuid, line.owner, now, verdict, step, campaign.wrap_up_s, close.cause, close.sip_status, call.ended_at
        )
        if step.retry_at is not None:
            self._retries.schedule(line.company.id, campaign.id, step.retry_at)
        line.log_end(verdict, close, step)
        self.on_closed(call)
        self._forget(line)

    # -- placing -------------------------------------------------------------------------------------------
    def place(self, call: Call, command: str) -> None:
        """Send the originate, once. Unsure whether it went out: the janitor asks the switch before anything else."""
        try:
            self._lines.of(call.switch).bgapi(command, call.uuid)
        except (CommandRefused, NotConnected, UnsafeCommand) as error:
            self.not_placed(call, str(error))
        except SwitchError as error:
            log.warning("call=%s originate=unsure reason=%s", call.uuid, error)

    def not_placed(self, call: Call, reason: str, cause: str = "NOT_PLACED") -> None:
        """Nothing was sent, and nothing will be: not the lead's doing, so it pays no attempt."""
        log.error("call=%s lead=%s originate=refused reason=%s", call.uuid, call.lead, reason)
        self.feed(call.uuid, events.CallLost(self._clock(), cause))


def _not_again(call: Call) -> tuple[str, ...]:
    return (*call.passed_over, call.operator) if call.operator else call.passed_over
