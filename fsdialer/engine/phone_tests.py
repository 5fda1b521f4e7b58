"""Tests operators' phones when they ask for it: rings, plays back what it hears, and says in words what to mend.

What a result means is decided in `core.phones`; this rings, listens and remembers.
"""

import logging
import uuid as uuids
from collections.abc import Callable, Collection
from dataclasses import dataclass

from fsdialer.core.campaigns import Station
from fsdialer.core.dial_format import operator_destination
from fsdialer.core.events import JobDone, LegAnswered, LegHungUp, LegRinging, SwitchEvent
from fsdialer.core.operators import at_page
from fsdialer.core.phones import Patience, PhoneTest, goes_on, judge_test, patience, unheard
from fsdialer.engine.homes import Homes
from fsdialer.engine.lines import Lines
from fsdialer.engine.own_gateways import check_phone
from fsdialer.engine.tasks import Tasks
from fsdialer.errors import FsdialerError, Refused
from fsdialer.esl import commands, phone_commands
from fsdialer.esl.link import SwitchLink
from fsdialer.esl.translate import contact_profile, contacts, phones, sharing
from fsdialer.store import CompanyStore
from fsdialer.store.clock import redis_time
from fsdialer.store.operators import OperatorView

log = logging.getLogger(__name__)

#: Seconds a test rings and talks, and after which it is over whatever the switch says.
RING_S, TALK_S, OVER_S = 12, 5, 25.0


@dataclass(slots=True)
class _Running:
    company: CompanyStore
    operator: OperatorView
    addresses: list[str]
    shared: dict[str, list[str]]
    placed_at: float
    answered_at: float | None = None
    rang: bool = False


class PhoneTests:
    """The tests under way, by leg. `families`: how a company's operator's phone is asked to answer by itself."""

    def __init__(
        self,
        tasks: Tasks,
        lines: Lines,
        homes: Homes,
        clock: Callable[[], float],
        families: Callable[[str, OperatorView], str],
    ) -> None:
        self._tasks = tasks
        self._families = families
        self._lines = lines
        self._homes = homes
        self._clock = clock
        self._running: dict[str, _Running] = {}

    def start(self, company: CompanyStore, operator: str) -> None:
        """Ring the operator's phone, unless they are on the line, a test is under way, or they have been told that
        nobody heard them: who asks that late would be rung out of the blue."""
        view = company.operators.view(operator)
        if view.phone_tested_at is not None or unheard(view.phone_test_asked_at, view.phone_tested_at, self._clock()):
            return
        running = (r.operator.id == operator and r.company.id == company.id for r in self._running.values())
        if view.state != "off" or any(running):
            return
        home = self._homes.find(view)
        link = self._lines.get(home) if home else self._lines.any()
        if link is None or not link.up:
            words = self._homes.trouble(view) or "No telephone switch is connected: try again later."
            self._save(company, operator, PhoneTest(False, words))
            return
        leg = str(uuids.uuid4())
        try:
            self._running[leg] = _Running(company, view, *self._addresses(link, view), self._clock())
            link.bgapi(_command(company, link, view, leg, self._families(company.id, view)), leg)
            self._tasks.later(OVER_S, "phone_test", self._over, leg, "NO_ANSWER")
        except FsdialerError as error:
            self._over(leg, str(error))

    def holds(self, leg: str) -> bool:
        """Is this the leg of a test?"""
        return leg in self._running

    def on_event(self, event: SwitchEvent) -> None:
        """What concerns a test; everything else is passed over."""
        if isinstance(event, JobDone):
            if event.job in self._running and not event.ok:
                self._tasks.spawn("phone_test", self._over, event.job, event.text)
        elif isinstance(event, LegRinging) and event.leg in self._running:
            self._running[event.leg].rang = True
        elif isinstance(event, LegAnswered) and event.leg in self._running:
            self._running[event.leg].answered_at = self._clock()
        elif isinstance(event, LegHungUp) and event.leg in self._running:
            self._tasks.spawn("phone_test", self._over, event.leg, event.cause, event.packets, event.heard)

    def _addresses(self, link: SwitchLink, view: OperatorView) -> tuple[list[str], dict[str, list[str]]]:
        """Where the phone is registered, ``host:port``, and who else is there; none for phones that are not registered
        with the switch."""
        if view.dial or view.station == Station.REFER:
            return [], {}
        said = link.ask(commands.contact(view.extension, link.address.domain))
        profile = contact_profile(said)
        everybody = link.ask(phone_commands.registrations(profile)) if profile else ""
        where = phones(everybody, view.extension, link.address.domain) or contacts(said)
        return where, sharing(everybody, view.extension, link.address.domain)

    def _over(self, leg: str, cause: str, packets: int | None = None, heard: bool = False) -> None:
        running = self._running.pop(leg, None)
        if running is None:
            return
        answered_after_s = None if running.answered_at is None else running.answered_at - running.placed_at
        view = running.operator
        result = judge_test(
            view.extension,
            cause,
            answered_after_s,
            packets,
            heard,
            running.addresses,
            view.in_browser,
            running.shared,
            _waits(running.company, view, view.campaigns),
            running.rang,
        )
        self._save(running.company, view.id, result)

    def _save(self, company: CompanyStore, operator: str, result: PhoneTest) -> None:
        log.info("operator=%s phone_test=%s result=%r", operator, "ok" if result.ok else "failed", result.words)
        then = company.phone_tests.over(operator, result.ok, result.words, self._clock())
        if then:
            self._get_on_line(company, operator, then, result)

    def _get_on_line(self, company: CompanyStore, operator: str, campaign: str, result: PhoneTest) -> None:
        """As they asked to be after the test, unless their phone is not good enough, or they are gone."""
        view, now = company.operators.view(operator), self._clock()
        may = goes_on(company.setup.company().phone_test, result, _waits(company, view, (campaign,)))
        if not may or view.state != "off":  # or put there meanwhile, by somebody else
            return
        if view.phone_is_new:
            why = "Your phone was changed during its test. Get on the line again."
            company.operators.leave_line(operator, now, why)
            return
        if not at_page(view.seen, view.left, redis_time(company.redis)):
            company.operators.leave_line(operator, now, "Your page was closed during the test. Get on the line again.")
            return
        try:
            company.operators.go_on_line(operator, campaign, now, via="web", seen=view.seen)
        except FsdialerError as error:
            log.warning("operator=%s campaign=%s on_line=refused reason=%s", operator, campaign, error)


def _waits(company: CompanyStore, view: OperatorView, campaigns: Collection[str]) -> Patience | None:
    """How soon this operator's phone has to answer a customer of these campaigns."""
    return patience(Station(view.station), [each for each in company.setup.campaigns() if each.id in campaigns])


def _command(company: CompanyStore, link: SwitchLink, view: OperatorView, leg: str, family: str) -> str:
    check_phone(company, view)
    destination = view.dial or commands.user_destination(view.extension, link.address.domain)
    if view.station == Station.REFER and not view.dial:
        names = [name for each in view.campaigns for name in company.setup.campaign(each).gateways]
        gateways = [each for each in map(company.setup.gateway, names) if company.gateway_names.may_have(each)]
        if not gateways:
            raise Refused("cannot be called: its campaigns have no gateway")
        destination = operator_destination(company.setup.company(), gateways[0], view.extension)
    return commands.originate_test(
        leg=leg, destination=destination, ring_s=RING_S, caller_name="Phone test", talk_s=TALK_S, family=family
    )
