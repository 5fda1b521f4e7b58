"""Holds what Redis says against what the switch says, and mends the difference.

After a connection is made, after a campaign is taken over, and every few seconds: calls whose channel is gone are
closed, facts that were missed are told to the call, channels of ours that no record knows are hung up. It never
dials, and it asks the switch before it believes anything of an absence.
"""

import logging
from collections.abc import Callable, Collection

from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Campaign
from fsdialer.core.events import (
    CallEvent,
    CallLost,
    LegAnswered,
    LegHungUp,
    LegReady,
    LegsBridged,
    OperatorGone,
    ReferDone,
    WaitExpired,
)
from fsdialer.engine.held_lines import HeldLines
from fsdialer.engine.line_care import LineCare
from fsdialer.engine.lines import Lines
from fsdialer.engine.registrations import Registrations
from fsdialer.engine.silent_talks import SilentTalks
from fsdialer.engine.switchboard import Switchboard
from fsdialer.errors import NotFound, SwitchError
from fsdialer.esl import commands, marks
from fsdialer.esl.link import SwitchLink
from fsdialer.esl.translate import ChannelSnapshot, channel_rows, dumped, task_names
from fsdialer.store import CompanyStore, Store

log = logging.getLogger(__name__)

#: A call this young (seconds) may not be on the switch yet, nor its record adopted: left alone.
YOUNG_S = 3.0
#: A channel is false to `uuid_exists` as soon as its hang-up begins; its event may take this long (seconds).
HANGUP_EVENT_S = 5.0
#: The same for a call found gone when it was taken over or after a cut: its event was most likely before our time.
MISSED_EVENT_S = 1.0
#: Longest a call can live beyond ringing and talking (seconds): after that even an unreachable switch has ended it.
MARGIN_S = 60.0
#: A switch that was frozen may wake with our originate still unread, and carry it out. A call it never said a word of
#: is looked for so long after it is back, and held for so long while it is silent (seconds), lest the customer be
#: called by another switch and then by this one.
UNREAD_S, ASLEEP_S = 10.0, 900.0


class Reconciler:
    """Mends the calls of this dialer."""

    def __init__(
        self,
        store: Store,
        lines: Lines,
        switchboard: Switchboard,
        held: HeldLines,
        care: LineCare,
        talks: SilentTalks,
        registrations: Registrations,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._lines = lines
        self._switchboard = switchboard
        self._held = held
        self._care = care
        self._talks = talks
        self._registrations = registrations
        self._clock = clock
        self._missing: dict[str, float] = {}  # call → since when the switch does not have it
        self._strange: dict[str, set[str]] = {}  # switch → its channels that no record knew at the last sweep

    # -- taking over ---------------------------------------------------------------------------------------
    def adopt(self, company: CompanyStore, campaign: Campaign, owner: str, older_than_s: float = YOUNG_S) -> None:
        """Follow the campaign's live calls that this process does not follow yet: at a takeover all of them
        (`older_than_s` 0), later those that cannot just be being claimed by this process itself."""
        for call in company.calls.load(company.id, campaign.id):
            if self._switchboard.call(call.uuid) is None and self._clock() - call.placed_at >= older_than_s:
                log.warning("call=%s lead=%s campaign=%s adopted=yes", call.uuid, call.lead, campaign.id)
                self._switchboard.open(company, campaign, owner, call)
                self._tell(call)

    def resync(self, link: SwitchLink) -> None:
        """The same switch is back after a cut: what did we miss?"""
        for call in self._switchboard.of_switch(link.address.name):
            self._tell(call)
            if _never_heard_of(call) and call.uuid in self._missing:
                self._missing[call.uuid] = self._clock() + UNREAD_S - HANGUP_EVENT_S
        try:
            self._care.look(link, self._registrations.now(link))
        except (SwitchError, ValueError) as error:
            log.warning("switch=%s look=failed reason=%s", link.address.name, error)

    def switch_restarted(self, switch: str) -> None:
        """A new core: every call of the old one is dead."""
        for call in self._switchboard.of_switch(switch):
            self._switchboard.feed(call.uuid, CallLost(self._clock(), "SWITCH_RESTARTED"))
        self._held.switch_restarted(switch)
        self.phones_lost(switch, talking=True)

    def switch_gone(self, switch: str) -> None:
        """It does not run, and has not for a while: nothing of it can be up. Calls that may still ring by the limits
        they were given are left for later, so that nobody is called twice."""
        now = self._clock()
        for call in self._switchboard.of_switch(switch):
            if call.bridged_at is not None or now - call.placed_at > self._switchboard.longest_s(call.uuid):
                self._switchboard.feed(call.uuid, CallLost(now, "SWITCH_GONE"))
        self._held.switch_restarted(switch)

    def forgotten(self) -> None:
        """Calls on switches that FSDIALER_SWITCHES names no more: they end as those of one that does not answer. Of
        calls that are not ours any more nothing is kept."""
        known = {link.address.name for link in self._lines.all()}
        for switch in self._switchboard.switches() - known:
            self._give_up_on(self._switchboard.of_switch(switch), self._clock())
        self._missing = {call: since for call, since in self._missing.items() if self._switchboard.knows(call)}

    def phones_lost(self, switch: str, talking: bool) -> None:
        """`switch` does not answer: customers on other switches do not wait for phones on it. `talking`: it is known
        to be dead, and talks through it are over too; else they may well go on, and the switches see to their end."""
        for link in self._lines.up():
            for call in self._switchboard.of_switch(link.address.name):
                led_there = call.leg and not call.held and link.address.name != switch
                if not led_there or (call.bridged_at is not None and not talking):
                    continue
                if self._store.company(call.company).operators.view(call.operator).switch == switch:
                    link.bgapi(commands.kill(call.leg, "ORIGINATOR_CANCEL"), f"lost-{call.leg}")
                    reason = f"could not be reached: switch {switch} does not answer"
                    self._switchboard.feed(call.uuid, OperatorGone(call.leg, self._clock(), reason))

    def _tell(self, call: Call) -> None:
        """Ask the switch how far a call has got, and tell the call."""
        if call.away:
            return
        snapshot = self._ask(call.switch, call.uuid)
        if snapshot is None:
            self._missing.setdefault(call.uuid, self._clock() - HANGUP_EVENT_S + MISSED_EVENT_S)
            return
        now, feed = self._clock(), self._switchboard.feed
        if snapshot.sent_on and call.referring:
            feed(call.uuid, ReferDone(call.leg, now))
        elif snapshot.waited:  # before the answer, which would have an operator sought
            feed(call.uuid, WaitExpired(call.uuid, now, snapshot.answered_at))
        if snapshot.answered_at is not None:
            feed(call.uuid, LegAnswered(call.uuid, snapshot.answered_at))
            feed(call.uuid, LegReady(call.uuid, snapshot.answered_at))
        if snapshot.bridged_to:
            feed(call.uuid, LegsBridged(call.uuid, snapshot.bridged_to, now))
        if call.leg and call.bridged_at is None and not call.held:
            leg = self._ask(call.switch, call.leg)
            if leg is not None and leg.answered_at is not None:
                feed(call.uuid, LegReady(call.leg, now))

    def _ask(self, switch: str, leg: str) -> ChannelSnapshot | None:
        """The channel as it stands; None when it is gone or cannot be asked for (the sweep goes on from there)."""
        try:
            link = self._lines.of(switch)
            if link.ask(commands.exists(leg)).strip() != "true":
                return None
            return dumped(link.ask(commands.dump(leg)))
        except (SwitchError, ValueError) as error:
            log.warning("leg=%s switch=%s asked=failed reason=%s", leg, switch, error)
            return None

    # -- the sweep -----------------------------------------------------------------------------------------
    def sweep(self, link: SwitchLink) -> None:
        """Hold the channels of one switch against our calls."""
        name, now = link.address.name, self._clock()
        calls = [call for call in self._switchboard.of_switch(name) if now - call.placed_at > YOUNG_S]
        if not link.up:
            self._give_up_on(calls, now)
            return
        try:
            channels = set(channel_rows(link.ask(commands.show_channels())))
            self._close_lost(link, calls, channels, now)
            known = self._registrations.now(link)
            self._care.look(link, known)
            self._talks.look(link, known)
            self._end_strangers(link, channels)
        except (SwitchError, ValueError) as error:  # ValueError: an answer that is no list of channels
            log.warning("switch=%s sweep=failed reason=%s", name, error)

    def _close_lost(self, link: SwitchLink, calls: list[Call], channels: set[str], now: float) -> None:
        """Calls without a channel: closed when the switch confirms it and no hang-up event came in time."""
        there: dict[str, list[str]] = {}
        lost: list[Call] = []
        for call in calls:
            if call.away:  # no channel of ours any more, and still a call
                there.setdefault(call.company, []).append(call.uuid)
                continue
            on_switch = call.uuid in channels or link.ask(commands.exists(call.uuid)).strip() == "true"
            if on_switch:
                self._missing.pop(call.uuid, None)
                there.setdefault(call.company, []).append(call.uuid)
                if call.leg and call.leg not in channels:
                    self._check_operator(link, call, now)
            elif now - self._missing.setdefault(call.uuid, now) >= HANGUP_EVENT_S:
                lost.append(call)
        left = task_names(link.ask(marks.ASK)) if lost else ()
        for call in lost:
            del self._missing[call.uuid]
            log.warning("call=%s lead=%s lost=yes switch=%s", call.uuid, call.lead, link.address.name)
            for event in _end_of(call, left, now):
                self._switchboard.feed(call.uuid, event)
        for company, uuids in there.items():
            self._store.company(company).calls.keep(uuids, now)

    def _check_operator(self, link: SwitchLink, call: Call, now: float) -> None:
        """A talk whose operator's line is gone although no event said so: end it."""
        if call.bridged_at is None or link.ask(commands.exists(call.leg)).strip() == "true":
            return
        self._switchboard.feed(call.uuid, LegHungUp(call.leg, now, "LOST"))

    def _give_up_on(self, calls: list[Call], now: float) -> None:
        """The switch cannot be asked. Its own limits have ended a call that is older than they allow."""
        for call in calls:
            line_limit = self._switchboard.longest_s(call.uuid) + MARGIN_S
            if _never_heard_of(call):
                line_limit = max(line_limit, ASLEEP_S)
            if now - call.placed_at > line_limit:
                self._switchboard.feed(call.uuid, CallLost(now, "SWITCH_GONE"))

    # -- channels nobody knows -----------------------------------------------------------------------------
    def _end_strangers(self, link: SwitchLink, channels: set[str]) -> None:
        """Channels tagged as ours that no record tracks at two sweeps in a row are hung up."""
        name = link.address.name
        unknown = {leg for leg in channels if not self._switchboard.knows(leg) and not self._held.holds(leg)}
        before, self._strange[name] = self._strange.get(name, set()), unknown
        for leg in unknown & before:
            snapshot = self._ask(name, leg)
            if snapshot is not None and self._is_stray(leg, snapshot):
                log.error("leg=%s switch=%s stray=yes action=hang_up", leg, name)
                link.bgapi(commands.kill(leg, "MANAGER_REQUEST"), f"stray-{leg}")

    def _is_stray(self, leg: str, snapshot: ChannelSnapshot) -> bool:
        """Ours by its tags, and in no company's records (another dialer's calls are in them). Of a held phone that
        still rings, or serves a last talk before it is rung anew, nothing is written: it may be another dialer's."""
        variables = snapshot.variables
        company_id = variables.get("fsdialer_company", "")
        if not company_id:
            return False
        try:
            company = self._store.company(company_id)
            live = company.calls.live_uuids()
            operator, call = variables.get("fsdialer_operator"), variables.get("fsdialer_call", "")
            if operator and not call:
                view = company.operators.view(operator)
                idle = snapshot.answered_at is not None and not snapshot.bridged_to
                return idle and (view.state == "off" or view.leg != leg)
        except NotFound:
            return True
        return (call if operator else leg) not in live


def _end_of(call: Call, left: Collection[str], now: float) -> list[CallEvent]:
    """The end nobody heard of, by what the switch was told to remember: a talk, or somebody who waited in vain."""
    lost, answered_at = CallLost(now, "LOST"), call.answered_at or now
    if call.bridged_at is not None:
        return [lost]
    if marks.talked(call.uuid) in left:
        return [LegsBridged(call.uuid, call.leg, answered_at), lost]
    mark = marks.read(call.uuid, left)
    if mark is None:
        return [lost]
    return [
        LegHungUp(
            call.uuid,
            now,
            commands.NO_PICKUP,
            rang=True,
            answered_at=answered_at,
            by_far_end=mark.by_far_end,
            opted_out=mark.by_key,
            refer=mark.refer,
            refer_result=mark.result,
        )
    ]


def _never_heard_of(call: Call) -> bool:
    """Was it dialled, and no word come of it?"""
    return call.rang_at is None and call.answered_at is None
