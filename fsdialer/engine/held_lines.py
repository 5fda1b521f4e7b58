"""The lines of nailed-up phones: rung once when their operator gets on the line, held, parked, until they leave it.

A bridge then takes milliseconds. A line is rung anew when it is lost, when its phone is found dead
(`engine.line_care`), when another page has taken the phone, and when the operator's settings are others: at once, or
after the talk it carries.
"""

import logging
import uuid as uuids
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from fsdialer.core.campaigns import Campaign
from fsdialer.core.events import Heartbeat, JobDone, LegHungUp, LegReady, LegsBridged, SwitchEvent
from fsdialer.core.operators import WITH_A_CUSTOMER
from fsdialer.core.phones import phone_failure
from fsdialer.engine.awaited_pages import AwaitedPages
from fsdialer.engine.comfort import Comfort
from fsdialer.engine.homes import Homes
from fsdialer.engine.lines import Lines
from fsdialer.engine.own_gateways import check_phone
from fsdialer.engine.stations import Stations
from fsdialer.engine.tasks import Tasks
from fsdialer.errors import FsdialerError, SwitchError
from fsdialer.esl import commands
from fsdialer.esl.translate import dumped
from fsdialer.store import CompanyStore
from fsdialer.store.operators import OperatorView

log = logging.getLogger(__name__)

#: Whole seconds a phone may ring when its operator gets on the line.
NAIL_RING_S = 15
#: A line that ends while its operator is free is rung again; one that does so twice within so long (seconds) is not.
AGAIN_S = 60.0
#: Seconds until a phone is rung again when no switch was up to ring it.
RING_AGAIN_S = 1.0
#: How every line ends of a switch that is shut down in order.
SHUT_DOWN = "SYSTEM_SHUTDOWN"


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A nailed-up phone: whose it is, on which switch; `up` once it was answered. `phone` is what it was when it was
    rung: the kind of station, the extension, the destination. `outdated`: it serves its present talk, and no other.
    `on_hold`: put there by the phone, whose operator hears nobody."""

    company: CompanyStore
    operator: str
    switch: str
    phone: tuple[str, str, str]
    up: bool = False
    outdated: bool = False
    on_hold: bool = False


class HeldLines:
    """The lines this dialer holds."""

    def __init__(
        self,
        tasks: Tasks,
        lines: Lines,
        homes: Homes,
        stations: Stations,
        awaited: AwaitedPages,
        clock: Callable[[], float],
    ) -> None:
        self._tasks = tasks
        self._lines = lines
        self._homes = homes
        self._stations = stations
        self._awaited = awaited
        self._clock = clock
        homes.line_on, homes.line_on_hold = self.line_on, self.line_on_hold
        self._held: dict[str, HeldLine] = {}
        self._comfort = Comfort(tasks, lines, clock)
        self._ringing: set[tuple[str, str]] = set()  # company, operator
        self._again: dict[tuple[str, str], float] = {}  # company, operator: when a lost line was last rung again
        #: Told of each line that ends by itself: leg, cause.
        self.on_lost: Callable[[str, str], None] = lambda leg, cause: None

    # -- seeing --------------------------------------------------------------------------------------------
    def line_on(self, leg: str) -> str:
        """The switch a held line is on; empty when it is none of ours."""
        held = self._held.get(leg)
        return held.switch if held else ""

    def line_on_hold(self, leg: str) -> bool:
        """Has the phone put this line on hold?"""
        held = self._held.get(leg)
        return held is not None and held.on_hold

    def holds(self, leg: str) -> bool:
        """Is this a phone's line of ours?"""
        return leg in self._held

    def on(self, switch: str) -> list[tuple[str, HeldLine]]:
        """The lines through a switch, by their legs."""
        return [(leg, held) for leg, held in self._held.items() if held.switch == switch]

    def _of(self, company: CompanyStore, operator: str) -> list[tuple[str, HeldLine]]:
        return [(leg, h) for leg, h in self._held.items() if h.operator == operator and h.company.id == company.id]

    # -- ringing -------------------------------------------------------------------------------------------
    def nail(self, company: CompanyStore, view: OperatorView, campaign: Campaign) -> None:
        """Ring the phone of an operator who has just got on the line (state `connecting`), once at a time. One that is
        rung for each call is `connecting` too while its switch is away: it is left alone."""
        who = (company.id, view.id)
        if not view.held:
            return
        self._drop_outdated(company, view)
        home = self._homes.find(view)
        link = self._lines.get(home) if home else self._lines.any()
        if view.unreachable or link is None or not link.up or self._homes.trouble(view):
            self._awaited.hold_on(who)
            return
        if who in self._ringing or self._of(company, view.id):
            return
        if not self._awaited.may_ring(who, link, view):
            if self._awaited.too_long(who):
                self._off_line(company, view, "USER_NOT_REGISTERED")
            return
        self._ringing.add(who)
        self._stations.learn_family(company.id, view)
        leg = str(uuids.uuid4())
        self._held[leg] = HeldLine(company, view.id, link.address.name, _phone_of(view))
        try:
            check_phone(company, view)
            link.bgapi(self._stations.ring_to_hold(view, leg, campaign, link, NAIL_RING_S), leg)
            log.info("operator=%s leg=%s station=nailed state=ringing", view.id, leg)
        except FsdialerError as error:
            self._lost(leg, f"could not be rung ({error})")

    def adopt(self, company: CompanyStore, view: OperatorView) -> None:
        """After a restart: is the phone's line still there? If not it is rung again. While a switch is not up nothing
        can be said of a line that the others do not have: ask again when it is."""
        if not view.held or not view.leg or view.leg in self._held:
            return
        for link in self._lines.all():
            try:
                if link.up and link.ask(commands.exists(view.leg)).strip() == "true":
                    self._held[view.leg] = HeldLine(company, view.id, link.address.name, _phone_of(view), up=True)
                    self.put_on_hold(view.leg, dumped(link.ask(commands.dump(view.leg))).on_hold)
                    return
            except (SwitchError, ValueError) as error:
                log.warning("operator=%s leg=%s adopt=unsure reason=%s", view.id, view.leg, error)
                return
        home = self._lines.get(view.switch)
        if (home is not None and home.up) or all(link.up for link in self._lines.all()):
            company.operators.phone_lost(view.id, self._clock())

    # -- on hold -------------------------------------------------------------------------------------------
    def put_on_hold(self, leg: str, on: bool) -> None:
        """The phone put its line on hold, as many do when a second call is made or taken, or took it off. Until then
        its operator is free for nobody."""
        held = self._held.get(leg)
        if held is not None and held.on_hold != on:
            log.info("operator=%s leg=%s on_hold=%s", held.operator, leg, "yes" if on else "no")
            self._held[leg] = replace(held, on_hold=on)
            self._tasks.spawn("on_hold", self._settle, held.company, held.operator)

    def _settle(self, company: CompanyStore, operator: str) -> None:
        self._homes.settle(company, [company.operators.view(operator)])

    # -- another phone, or another page ----------------------------------------------------------------------
    def follow(self, company: CompanyStore, views: Iterable[OperatorView]) -> None:
        """Hold the lines of operators on the line against their settings, which somebody may have changed."""
        for view in views:
            if view.state == "off":
                # They left while the line was just being adopted; or they are on the line again since they were read.
                if self._of(company, view.id) and company.operators.view(view.id).state == "off":
                    self.let_go(company, view.id)
                continue
            for leg, held in self._of(company, view.id):
                if held.phone != _phone_of(view) and not held.outdated:
                    self._stations.forget_family(company.id, view.id)
                    self._awaited.forget((company.id, view.id))
                    self.replace(leg, "another phone")
            self._drop_outdated(company, view)
            if view.held and not view.leg and view.state == "available":
                company.operators.phone_lost(view.id, self._clock())
            elif not view.held and view.state == "connecting" and not view.unreachable:
                company.whereabouts.reachable(view.id, self._clock())

    def taken(self, company: CompanyStore, operator: str) -> None:
        """Another page has the operator's phone now: the line leads to the one before, which may be dead."""
        view = company.operators.view(operator)
        if not view.in_browser or not view.held or view.state == "off":
            return
        link = self._lines.get(self._homes.of(view))
        self._awaited.another(link, (company.id, operator), view)
        for leg, _ in self._of(company, operator):
            self.replace(leg, "another page")

    def cut_off(self, company: CompanyStore, operator: str) -> None:
        """The page that has the phone was closed or loaded again. A line that is still up its browser has cut off
        without a word to the switch, as Firefox does, and ended its registration with it."""
        if not company.operators.view(operator).in_browser:
            return
        for leg, _ in self._of(company, operator):
            self._awaited.anew((company.id, operator))
            self.replace(leg, "cut off by its page")

    def replace(self, leg: str, reason: str) -> None:
        """Ring a line anew, nobody being to blame; one that carries a talk, or is about to, after it."""
        held = self._held[leg]
        view = held.company.operators.view(held.operator)
        log.warning("operator=%s leg=%s station=nailed state=replaced reason=%s", held.operator, leg, reason)
        if view.state in WITH_A_CUSTOMER:
            self._held[leg] = replace(held, outdated=True)
        else:
            self._drop(leg, held)
        if view.leg in ("", leg):
            held.company.operators.phone_lost(held.operator, self._clock())

    def _drop_outdated(self, company: CompanyStore, view: OperatorView) -> None:
        if view.state in WITH_A_CUSTOMER:
            return
        for leg, held in self._of(company, view.id):
            if held.outdated:
                self._drop(leg, held)

    # -- letting go ----------------------------------------------------------------------------------------
    def let_go(self, company: CompanyStore, operator: str, back: OperatorView | None = None) -> None:
        """The operator left the line: hang up their phone, which may be another one next time. Who is `back` on it by
        now keeps the line that is being rung, or up, for them since."""
        self._stations.forget_family(company.id, operator)
        self._awaited.forget((company.id, operator))
        self._again.pop((company.id, operator), None)
        for leg, held in self._of(company, operator):
            if back is None or (held.up and leg != back.leg):
                self._drop(leg, held)

    def _drop(self, leg: str, held: HeldLine) -> None:
        self._forget(leg)
        try:
            self._lines.of(held.switch).bgapi(commands.kill(leg, "NORMAL_CLEARING"), f"drop-{leg}")
        except SwitchError as error:
            log.warning("operator=%s leg=%s drop=failed reason=%s", held.operator, leg, error)

    def gone(self, leg: str) -> None:
        """The switch does not have a line any more, and said nothing of its end: it is rung again, without blame."""
        held = self._held[leg]
        log.warning("operator=%s leg=%s station=nailed state=lost", held.operator, leg)
        self._forget(leg)
        if held.company.operators.view(held.operator).leg in ("", leg):
            held.company.operators.phone_lost(held.operator, self._clock())

    def switch_restarted(self, switch: str) -> None:
        """Every line through it is gone; they are rung again, without blame."""
        for leg, held in self.on(switch):
            self._forget(leg)
            held.company.operators.phone_lost(held.operator, self._clock())

    # -- what the switches report ----------------------------------------------------------------------------
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
            self._tasks.spawn("phone_up", self.up, leg)
        elif isinstance(event, JobDone) and not event.ok:
            self._tasks.spawn("phone_down", self._lost, leg, event.text)
        elif isinstance(event, LegHungUp):
            self._tasks.spawn("phone_down", self._lost, leg, event.cause, event.by_far_end)

    def up(self, leg: str) -> None:
        """A phone that was rung has answered."""
        held = self._held.get(leg)
        if held is None:
            return
        held.company.operators.phone_up(held.operator, leg, self._clock())
        self._ringing.discard((held.company.id, held.operator))
        self._awaited.forget((held.company.id, held.operator))
        log.info("operator=%s leg=%s station=nailed state=up", held.operator, leg)
        if held := self._held.get(leg):  # it may have ended meanwhile, or been put on hold
            self._held[leg] = replace(held, up=True)

    def _lost(self, leg: str, cause: str, by_phone: bool = False) -> None:
        """Hung up during a talk or its wrap-up, or just after: the way to end a call by phone. At any other time the
        line is lost, and rung again; a phone that cannot be, or is lost again at once, takes its operator off. A page
        that goes away (read anew, closed) hangs up: it has a while to come back."""
        held = self._held.get(leg)
        if held is None:
            return
        self._forget(leg)
        self.on_lost(leg, cause)
        if cause == SHUT_DOWN and not by_phone:  # a phone may say so too, of itself
            self._homes.leaving(held.switch)
        now, operators, who = self._clock(), held.company.operators, (held.company.id, held.operator)
        view = operators.view(held.operator)
        if view.leg not in ("", leg):
            return
        went_away = view.in_browser and held.up and by_phone
        if view.in_browser:
            link = self._lines.get(held.switch)
            self._awaited.lost(link, who, view, went_away=went_away, failed=not held.up)
        if view.state in ("on_call", "wrap_up") or (view.state == "available" and operators.just_talked(view, now)):
            operators.phone_lost(held.operator, now)
        elif trouble := self._stations.trouble(view):
            operators.phone_lost(held.operator, now)
            held.company.whereabouts.unreachable(held.operator, trouble, now)
        elif view.state == "reserved":  # then the call itself passes the operator over
            return
        elif went_away or (self._may_again(who) if held.up else self._awaited.still(who)):
            log.warning("operator=%s leg=%s station=nailed state=lost cause=%s", held.operator, leg, cause)
            operators.phone_lost(held.operator, now)
        else:
            self._off_line(held.company, view, cause)

    def _off_line(self, company: CompanyStore, view: OperatorView, cause: str) -> None:
        reason = phone_failure(view.extension, cause, view.in_browser)
        log.warning("operator=%s off_line=yes reason=%s", view.id, reason)
        company.operators.phone_down(view.id, reason, self._clock())

    def _may_again(self, who: tuple[str, str]) -> bool:
        now, last = self._clock(), self._again.get(who)
        self._again[who] = now
        return last is None or now - last >= AGAIN_S

    def _forget(self, leg: str) -> None:
        held = self._held.pop(leg, None)
        self._comfort.forget(leg)
        if held is not None:
            self._ringing.discard((held.company.id, held.operator))


def _phone_of(view: OperatorView) -> tuple[str, str, str]:
    return view.station, view.extension, view.dial
