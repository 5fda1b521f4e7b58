"""Operators' phones: how each is rung, and the lines that stay up ("nailed") between calls.

A nailed-up phone is called once when its operator gets on the line and held, parked; a bridge then takes
milliseconds. It refuses to know about customers: `engine.switchboard` joins the legs.
"""

import logging
import math
import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass, replace

from fsdialer.core.campaigns import Campaign, PhoneFamily
from fsdialer.core.events import Heartbeat, JobDone, LegHungUp, LegReady, LegsBridged, SwitchEvent
from fsdialer.core.phones import family_of, phone_failure
from fsdialer.core.switches import to_line, to_operator
from fsdialer.engine.comfort import Comfort
from fsdialer.engine.homes import Homes
from fsdialer.engine.lines import Lines
from fsdialer.engine.switches import Switches
from fsdialer.engine.tasks import Tasks
from fsdialer.errors import SwitchError
from fsdialer.esl import commands
from fsdialer.esl.link import SwitchLink
from fsdialer.esl.translate import contact_profile, dumped, user_agent
from fsdialer.store import CompanyStore
from fsdialer.store.operators import OperatorView

log = logging.getLogger(__name__)

#: Whole seconds a phone may ring when its operator gets on the line.
NAIL_RING_S = 15
#: A phone's family is asked for anew when what is known of it is older (seconds).
FAMILY_S = 300.0
#: The switch ends a leg to another switch that has sent no sound for so long (seconds): that switch has died. Phones
#: that send nothing while nobody speaks are the reason why it is not less.
SILENT_S = 10
#: A line that ends while its operator is free is rung again; one that does so twice within so long (seconds) is not.
AGAIN_S = 60.0
#: A held phone that is registered no more for so long (seconds) has died without hanging up.
GONE_S = 10.0
#: Seconds until a phone is rung again when no switch was up to ring it.
RING_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A nailed-up phone: whose it is, on which switch; `up` once it was answered."""

    company: CompanyStore
    operator: str
    switch: str
    up: bool = False


class Stations:
    """The phones this dialer rings and holds."""

    def __init__(
        self, tasks: Tasks, lines: Lines, homes: Homes, switches: Switches, clock: Callable[[], float]
    ) -> None:
        self._tasks = tasks
        self._lines = lines
        self._homes = homes
        self._switches = switches
        self._clock = clock
        homes.line_on = self.line_on
        self._held: dict[str, HeldLine] = {}
        self._comfort = Comfort(tasks, lines, clock)
        self._ringing: set[tuple[str, str]] = set()  # company, operator
        self._families: dict[tuple[str, str], tuple[PhoneFamily, float]] = {}  # and when it was learned
        self._missing: set[str] = set()  # held lines the switch did not have when it was last asked
        self._unregistered: dict[str, float] = {}  # held lines whose phone is registered no more, and since when
        self._again: dict[tuple[str, str], float] = {}  # company, operator: when a lost line was last rung again

    # -- for a call ----------------------------------------------------------------------------------------
    def reach(self, switch: str) -> list[str]:
        """The other switches whose operators can be connected with a call on `switch`."""
        return self._switches.reach(switch)

    def leg_for(self, view: OperatorView, switch: str) -> tuple[str, bool]:
        """The leg a call on `switch` is joined with, and whether it is up already: a held phone's own line, or a new
        leg that rings the phone or, from another switch, leads to its line."""
        if view.held and (self.line_on(view.leg) or switch) == switch:
            return view.leg, True
        return str(uuids.uuid4()), False

    def originate(
        self,
        view: OperatorView,
        leg: str,
        campaign: Campaign,
        call: str,
        link: SwitchLink,
        through: str = "",
        reference: str = "",
    ) -> str:
        """The command by which `link` makes the operator's leg of a call; `through`: where it is, for phones on the
        company's own PBX. SwitchUnreachable when their phone is on another switch that cannot be reached from there.

        The phone shows the campaign's name and a `reference` (the lead's id), never the customer's number. Behind a
        gateway, which may want a caller id of its own, the reference is part of the name; a held phone has none.
        """
        shown = reference if reference and not through else next(iter(campaign.caller_ids), "")
        if through and reference:
            campaign = replace(campaign, name=campaign.name_with(reference))
        ring_s = math.ceil(campaign.max_wait_s) + 1
        home = self.line_on(view.leg) if view.held else self._homes.find(view)
        if through or home in ("", link.address.name):
            return self._command(view, leg, campaign, call, through or self._phone(view, link), ring_s, shown)
        at = self._switches.trunk(home)
        family = self.family(campaign.company, view)
        destination = to_line(view.leg, at) if view.held else to_operator(view.extension, at, family)
        return self._command(view, leg, campaign, call, destination, ring_s, shown, silent_s=SILENT_S)

    def trouble(self, view: OperatorView) -> str:
        """Why a phone that failed could not be reached, when its switch, which is asked, is at fault; else empty."""
        return self._homes.asked(view)

    def line_on(self, leg: str) -> str:
        """The switch a held line is on; empty when it is none of ours."""
        held = self._held.get(leg)
        return held.switch if held else ""

    def _phone(self, view: OperatorView, link: SwitchLink) -> str:
        return view.dial or commands.user_destination(view.extension, link.address.domain)

    def _command(
        self,
        view: OperatorView,
        leg: str,
        campaign: Campaign,
        call: str,
        destination: str,
        ring_s: int,
        shown: str,
        silent_s: int = 0,
    ) -> str:
        return commands.originate_operator(
            leg=leg,
            destination=destination,
            ring_s=ring_s,
            caller_name=campaign.name or campaign.id,
            caller_number=shown,
            held=not call,
            silent_s=silent_s,
            tags={"company": campaign.company, "operator": view.id, "call": call},
            family=self.family(campaign.company, view),
        )

    # -- how phones are asked to answer by themselves --------------------------------------------------------
    def family(self, company: str, view: OperatorView) -> PhoneFamily:
        """As set, but of a phone in a page, which has to be asked; auto: as learned, Call-Info before that."""
        if view.phone != PhoneFamily.AUTO and not view.in_browser:
            return PhoneFamily(view.phone)
        return self._families.get((company, view.id), (PhoneFamily.CALL_INFO, 0.0))[0]

    def learned_family(self, company: str, view: OperatorView) -> PhoneFamily:
        """The same, after asking."""
        self.learn_family(company, view)
        return self.family(company, view)

    def learn_family(self, company: str, view: OperatorView) -> None:
        """Ask the switches what the operator's phone is, unless that is known."""
        known = self._families.get((company, view.id))
        by_itself = view.phone == PhoneFamily.AUTO and not view.dial and not view.in_browser
        if not by_itself or (known is not None and self._clock() - known[1] < FAMILY_S):
            return
        for link in (each for each in self._lines.all() if each.up):
            try:
                profile = contact_profile(link.ask(commands.contact(view.extension, link.address.domain)))
                if profile:
                    said = link.ask(commands.registration(profile, view.extension, link.address.domain))
                    self._families[company, view.id] = (family_of(user_agent(said)), self._clock())
                    return
            except SwitchError as error:
                log.warning("operator=%s family=unknown reason=%s", view.id, error)

    # -- nailed-up phones ----------------------------------------------------------------------------------
    def nail(self, company: CompanyStore, view: OperatorView, campaign: Campaign) -> None:
        """Ring the phone of an operator who has just got on the line (state `connecting`), once at a time. One that is
        rung for each call is `connecting` too while its switch is away: it is left alone."""
        who = (company.id, view.id)
        if not view.held or view.unreachable:
            return
        if who in self._ringing or any(h.operator == view.id and h.company is company for h in self._held.values()):
            return
        home = self._homes.find(view)
        link = self._lines.get(home) if home else self._lines.any()
        if link is None or not link.up:
            return
        self._ringing.add(who)
        self.learn_family(company.id, view)
        leg = str(uuids.uuid4())
        self._held[leg] = HeldLine(company, view.id, link.address.name)
        try:
            shown = campaign.caller_ids[0] if campaign.caller_ids else ""
            link.bgapi(self._command(view, leg, campaign, "", self._phone(view, link), NAIL_RING_S, shown), leg)
            log.info("operator=%s leg=%s station=nailed state=ringing", view.id, leg)
        except SwitchError as error:
            self._lost(leg, f"could not be rung ({error})")

    def adopt(self, company: CompanyStore, view: OperatorView) -> None:
        """After a restart: is the phone's line still there? If not it is rung again. While a switch is not up nothing
        can be said of a line that the others do not have: ask again when it is."""
        if not view.held or not view.leg or view.leg in self._held:
            return
        for link in self._lines.all():
            try:
                if link.up and link.ask(commands.exists(view.leg)).strip() == "true":
                    self._held[view.leg] = HeldLine(company, view.id, link.address.name, up=True)
                    return
            except SwitchError as error:
                log.warning("operator=%s leg=%s adopt=unsure reason=%s", view.id, view.leg, error)
                return
        home = self._lines.get(view.switch)
        if (home is not None and home.up) or all(link.up for link in self._lines.all()):
            company.operators.phone_lost(view.id, self._clock())

    def look(self, link: SwitchLink) -> None:
        """Hold the lines against the switch: what happened during a cut no event tells any more. One that is gone at
        two looks in a row is rung again, without blame, and one whose phone is gone, which its operator reads then;
        SwitchError, ValueError when the switch cannot be asked."""
        dead = self._dead(link)
        for leg, held in list(self._held.items()):
            if held.switch != link.address.name:
                continue
            if link.ask(commands.exists(leg)).strip() == "true":
                self._missing.discard(leg)
                if not held.up and dumped(link.ask(commands.dump(leg))).answered_at is not None:
                    self._up(leg, held)
                elif leg in dead:
                    log.warning("operator=%s leg=%s station=nailed state=dead", held.operator, leg)
                    self._drop(leg, held)
                    held.company.operators.phone_lost(held.operator, self._clock())
            elif leg not in self._missing:
                self._missing.add(leg)
            elif leg in self._held:
                log.warning("operator=%s leg=%s station=nailed state=lost", held.operator, leg)
                self._forget(leg)
                if held.company.operators.view(held.operator).leg in ("", leg):
                    held.company.operators.phone_lost(held.operator, self._clock())

    def _dead(self, link: SwitchLink) -> set[str]:
        """The lines nobody is on any more, though the switch holds them: a phone that lost its power or network says no
        goodbye, and its registration is all that ends. A talk is left to those who talk; a phone in a page is the
        page's."""
        dead = set()
        for leg, held in list(self._held.items()):
            view = held.company.operators.view(held.operator)
            if not held.up or held.switch != link.address.name or view.dial or view.in_browser:
                continue
            if contact_profile(link.ask(commands.contact(view.extension, link.address.domain))):
                self._unregistered.pop(leg, None)
            elif self._clock() - self._unregistered.setdefault(leg, self._clock()) >= GONE_S:
                dead |= {leg} if view.state not in ("reserved", "on_call") else set()
        return dead

    def let_go(self, company: CompanyStore, operator: str) -> None:
        """The operator left the line: hang up their phone, which may be another one next time."""
        self._families.pop((company.id, operator), None)
        self._again.pop((company.id, operator), None)
        for leg, held in list(self._held.items()):
            if held.operator == operator and held.company is company:
                self._drop(leg, held)

    def _drop(self, leg: str, held: HeldLine) -> None:
        self._forget(leg)
        try:
            self._lines.of(held.switch).bgapi(commands.kill(leg, "NORMAL_CLEARING"), f"drop-{leg}")
        except SwitchError as error:
            log.warning("operator=%s leg=%s drop=failed reason=%s", held.operator, leg, error)

    def switch_restarted(self, switch: str) -> None:
        """Every line through it is gone; they are rung again, without blame."""
        for leg, held in list(self._held.items()):
            if held.switch == switch:
                self._forget(leg)
                held.company.operators.phone_lost(held.operator, self._clock())

    def holds(self, leg: str) -> bool:
        """Is this a phone's line of ours?"""
        return leg in self._held

    def on_event(self, event: SwitchEvent) -> None:
        """What concerns a held line; everything else is passed over."""
        if isinstance(event, Heartbeat):
            return
        if isinstance(event, LegsBridged):
            leg = event.leg if event.leg in self._held else event.other
        else:
            leg = event.job if isinstance(event, JobDone) else event.leg
        held = self._held.get(leg)
        if held is None:
            return
        self._comfort.on_event(event, held.company, held.operator, held.switch, leg)
        if isinstance(event, LegReady) and not held.up:
            self._tasks.spawn("phone_up", self._up, leg, held)
        elif isinstance(event, JobDone) and not event.ok:
            self._tasks.spawn("phone_down", self._lost, leg, event.text)
        elif isinstance(event, LegHungUp):
            self._tasks.spawn("phone_down", self._lost, leg, event.cause)

    def _up(self, leg: str, held: HeldLine) -> None:
        if leg not in self._held:
            return
        self._held[leg] = HeldLine(held.company, held.operator, held.switch, up=True)
        self._ringing.discard((held.company.id, held.operator))
        log.info("operator=%s leg=%s station=nailed state=up", held.operator, leg)
        held.company.operators.phone_up(held.operator, leg, self._clock())

    def _lost(self, leg: str, cause: str) -> None:
        """Hung up during a talk or its wrap-up, or just after: the way to end a call by phone. At any other time the
        line is lost, and rung again; a phone that cannot be, or is lost again at once, takes its operator off."""
        held = self._held.get(leg)
        if held is None:
            return
        self._forget(leg)
        now, operators = self._clock(), held.company.operators
        view = operators.view(held.operator)
        if view.leg not in ("", leg):
            return
        if view.state in ("on_call", "wrap_up") or (view.state == "available" and operators.just_talked(view, now)):
            operators.phone_lost(held.operator, now)
        elif trouble := self.trouble(view):
            operators.phone_lost(held.operator, now)
            held.company.whereabouts.unreachable(held.operator, trouble, now)
        elif held.up and view.state != "reserved" and self._may_again(held):
            log.warning("operator=%s leg=%s station=nailed state=lost cause=%s", held.operator, leg, cause)
            operators.phone_lost(held.operator, now)
        elif view.state != "reserved":  # then the call itself passes the operator over
            reason = phone_failure(view.extension, cause, view.in_browser)
            log.warning("operator=%s leg=%s off_line=yes reason=%s", held.operator, leg, reason)
            operators.phone_down(held.operator, reason, now)

    def _may_again(self, held: HeldLine) -> bool:
        who, now = (held.company.id, held.operator), self._clock()
        last = self._again.get(who)
        self._again[who] = now
        return last is None or now - last >= AGAIN_S

    def _forget(self, leg: str) -> None:
        held = self._held.pop(leg, None)
        self._comfort.forget(leg)
        self._missing.discard(leg)
        self._unregistered.pop(leg, None)
        if held is not None:
            self._ringing.discard((held.company.id, held.operator))
