"""Where operators' phones are: on which switch each is registered, and whether that switch answers.

A switch is asked for its registrations now and then, and at once for a phone nobody has seen. An operator whose switch
does not answer is told in words and is free for nobody; what becomes of their calls is `engine.reconcile`'s.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fsdialer.core.campaigns import Station
from fsdialer.core.operators import WITH_A_CUSTOMER
from fsdialer.core.phones import line_on_hold
from fsdialer.core.switches import coming_back, page_away, unreachable
from fsdialer.engine.lines import Lines
from fsdialer.engine.registrations import Registrations, ids_or_none
from fsdialer.errors import CommandRefused, SwitchError
from fsdialer.esl.commands import contact, sign_of_life
from fsdialer.esl.link import SwitchLink
from fsdialer.esl.translate import contact_profile
from fsdialer.store import CompanyStore
from fsdialer.store.operators import OperatorView

log = logging.getLogger(__name__)

#: A switch may be away for so long (seconds) before operators are told: a connection made again at once is no news.
BLIP_S = 1.0
#: A switch that is asked whether it is there answers within so long (seconds), or is doubted until it does.
ANSWER_S = 1.0
#: A phone that was found nowhere is asked after again no sooner than this (seconds).
ASK_AGAIN_S = 1.0
#: A phone in a page finds a switch that was started anew within so long (seconds), or it is not there.
PAGE_BACK_S = 20.0
#: A switch says that a phone is gone before it has crossed it out itself, which takes less than this (seconds).
CROSSED_OUT_S = 2.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """A phone on a switch: under which Call-IDs, and since when (monotonic seconds); 0 when it was there before us."""

    ids: frozenset[str]
    since: float = 0.0


class Homes:
    """The switch of each operator."""

    def __init__(self, lines: Lines, registrations: Registrations, clock: Callable[[], float]) -> None:
        self._lines = lines
        self._registrations = registrations
        self._clock = clock
        self._seen: dict[str, dict[str, _Seen]] = {}  # switch → extensions registered there, when last asked
        self._asked: dict[str, float] = {}  # extension found nowhere; empty: everybody → when asked after (monotonic)
        self._pages = False  # has anybody a phone in their page? Those come and go with it
        self._doubted: set[str] = set()  # switches whose link is up, and that did not answer when they were asked
        self._leaving: set[str] = set()  # switches that are being shut down, and still answer
        self._down_since: dict[str, float] = {}  # switch → monotonic seconds
        self._gone: dict[tuple[str, str], float] = {}  # switch, extension → when it said so (monotonic)
        self._restarted: dict[str, float] = {}  # switch → monotonic seconds
        self._addresses: dict[str, dict[str, frozenset[str]]] = {}  # switch → where extensions are, when last asked
        self._left_behind: dict[str, dict[str, frozenset[str]]] = {}  # the same, as it was before it was started anew
        #: On which switch a held phone's line is; empty for none of ours.
        self.line_on: Callable[[str], str] = lambda leg: ""
        #: Whether the phone has put its held line on hold.
        self.line_on_hold: Callable[[str], bool] = lambda leg: False
        #: Words when no switch that makes the calls of a company's campaign reaches one that phones are on.
        self.no_way: Callable[[str, str, str], str] = lambda company, campaign, home: ""

    # -- finding -------------------------------------------------------------------------------------------
    def of(self, view: OperatorView) -> str:
        """The switch their phone is on; empty when it may be rung from any, or is found on none."""
        names = [link.address.name for link in self._lines.all()]
        if len(names) == 1:
            return names[0]
        fixed = self.line_on(view.leg) or (view.home if view.home in names else "")
        if fixed or _anywhere(view):
            return fixed
        found = {name: self._seen[name][view.extension] for name in names if view.extension in self._seen.get(name, ())}
        up = {name: seen.since for name, seen in found.items() if self._is_up(name)}
        if up:  # a phone that moves leaves its former registration behind for minutes: where it came last it is
            return max(up, key=lambda name: (up[name], name == view.switch))
        return view.switch if view.switch in names and not self._is_up(view.switch) else next(iter(found), "")

    def find(self, view: OperatorView) -> str:
        """The same, the switches being asked anew when it is not known."""
        if not self.of(view) and not _anywhere(view) and self._may_ask(""):
            for link in self._lines.up():
                self.look(link)
        if not self.of(view) and not _anywhere(view) and self._may_ask(view.extension):
            for link in self._lines.up():  # it may be with a profile nobody has been seen with before
                ids = ids_or_none(self._registrations, link, view.extension)
                if ids:
                    self._seen.setdefault(link.address.name, {}).setdefault(view.extension, _Seen(ids))
        return self.of(view)

    def _may_ask(self, extension: str) -> bool:
        """Not too often: each phone by itself, lest one that is nowhere keep others from being found."""
        now = time.monotonic()
        if now - self._asked.get(extension, -math.inf) <= ASK_AGAIN_S:
            return False
        self._asked[extension] = now
        return True

    def look(self, link: SwitchLink) -> None:
        """Ask a switch who is registered there; with a single one nobody needs to know, but of phones in pages."""
        name = link.address.name
        if len(self._lines.all()) < 2 and name not in self._doubted and not self._pages:
            return
        try:
            found = self._registrations.now(link)
            self._seen[name] = _seen_now(found.everybody(), self._seen.get(name), time.monotonic())
            if self._pages:
                self._addresses[name] = found.addresses()
            self._doubted.discard(name)
        except SwitchError as error:
            log.warning("switch=%s registrations=unknown reason=%s", link.address.name, error)

    def _look_for_pages(self, switch: str) -> None:
        """For a page that has connected since the last look: should the switch be started anew it has to be known which
        of its connections is the one of before."""
        link = self._lines.get(switch)
        if link is not None and self._may_ask(f"pages of {switch}"):
            self.look(link)

    def gone(self, switch: str, extension: str) -> None:
        """A phone is registered no more under one of its contacts: before it is counted on it is asked after."""
        self._gone[switch, extension] = time.monotonic()
        self._seen.get(switch, {}).pop(extension, None)
        self._addresses.get(switch, {}).pop(extension, None)

    # -- telling -------------------------------------------------------------------------------------------
    def trouble(self, view: OperatorView) -> str:
        """Why their phone cannot be reached, when that is its switch's fault; else empty."""
        home = self.of(view)
        return "" if not home or self._is_up(home) else unreachable(home)

    def asked(self, view: OperatorView) -> str:
        """The same of a phone that has just failed, its switch being asked whether it is there at all: one that is
        frozen is found out so seconds before its link is given up, and no operator is blamed for it."""
        home = self.of(view)
        link, words = self._lines.get(home), self.trouble(view)
        if words or link is None:
            return words
        try:
            link.ask(sign_of_life(), ANSWER_S)
        except CommandRefused:
            return ""
        except SwitchError as error:
            log.warning("switch=%s doubted=yes reason=%s", home, error)
            self._doubted.add(home)
            return unreachable(home)
        return ""

    def settle(self, company: CompanyStore, views: Iterable[OperatorView]) -> None:
        """Write down where those on the line are, and tell those whose switch has come or gone."""
        now = self._clock()
        for view in views:
            if view.state == "off":
                if view.unreachable and not self.trouble(view):
                    company.whereabouts.reachable(view.id, now)
                continue
            home = self.find(view)
            # In a talk the former one is kept: should that switch die, the talk is over, and not with the other one.
            if home != view.switch and not (view.switch and view.state in WITH_A_CUSTOMER):
                company.whereabouts.found_on(view.id, home, now)
            self._pages = self._pages or view.in_browser
            if view.in_browser and self._is_up(home) and view.extension not in self._addresses.get(home, {}):
                self._look_for_pages(home)
            words = unreachable(home) if home and self._away(home) else self._page_trouble(view, home)
            words = words or (home and self.no_way(company.id, view.campaign, home))
            words = words or (line_on_hold(view.extension) if self.line_on_hold(view.leg) else "")
            if words and words != view.unreachable:
                log.warning("operator=%s switch=%s reachable=no", view.id, home)
                company.whereabouts.unreachable(view.id, words, now)
            elif view.unreachable and not words and (not home or self._is_up(home)):
                log.info("operator=%s switch=%s reachable=yes", view.id, home or "-")
                company.whereabouts.reachable(view.id, now)

    def leaving(self, switch: str) -> None:
        """It is being shut down: no phone is rung there any more, although it answers for a while."""
        self._leaving.add(switch)

    def went_down(self, switch: str) -> None:
        """It answers no more: what it was about to do is done."""
        self._leaving.discard(switch)

    def restarted(self, switch: str) -> None:
        """Its core is a new one. It keeps what it knew of the phones; those in pages have to connect to it again."""
        self._leaving.discard(switch)
        self._restarted[switch] = time.monotonic()
        self._left_behind[switch] = self._addresses.pop(switch, {})

    def _page_trouble(self, view: OperatorView, home: str) -> str:
        """Words while a phone in a page cannot be rung."""
        return self._coming_back(view, home) or (page_away() if self._page_away(view, home) else "")

    def _page_away(self, view: OperatorView, home: str) -> bool:
        """Is the phone in their page connected no more? A page that is gone ends its registration at once, long before
        it is missed itself, and the switch says so (`gone`). What was heard last may be older than the page:
        the switch is asked again."""
        if not view.in_browser or (view.held and not view.leg):  # `engine.awaited_pages` waits for a line to be made
            return False
        if not home:  # of several switches, none knows it
            return bool(self._lines.up())
        link, seen = self._lines.get(home), self._seen.get(home)
        if link is None or seen is None:
            return False
        gone = time.monotonic() - self._gone.get((home, view.extension), -math.inf) < CROSSED_OUT_S
        if view.extension in seen and not gone:
            return False
        said = _contact(link, view, ANSWER_S)
        if contact_profile(said):
            if not gone:
                seen[view.extension] = _Seen(frozenset())
            return False
        if said:
            seen.pop(view.extension, None)
        return bool(said)

    def _coming_back(self, view: OperatorView, home: str) -> str:
        """Words while the registration of a phone in a page is of before its switch was started anew."""
        since, link = self._restarted.get(home), self._lines.get(home)
        if not view.in_browser or since is None or link is None or time.monotonic() - since > PAGE_BACK_S:
            return ""
        said = _contact(link, view)
        if not said:
            return ""
        # Where nobody had looked before, what it says first is taken for left behind.
        left = self._left_behind[home].setdefault(view.extension, frozenset({said}))
        same = all(any(address in contact for address in left) for contact in said.split(","))
        return coming_back(home) if same or not contact_profile(said) else ""

    def _is_up(self, switch: str) -> bool:
        link = self._lines.get(switch)
        return link is not None and link.up and switch not in self._doubted and switch not in self._leaving

    def _away(self, switch: str) -> bool:
        """Down for longer than it takes to make a connection again."""
        if self._is_up(switch):
            self._down_since.pop(switch, None)
            return False
        return time.monotonic() - self._down_since.setdefault(switch, time.monotonic()) >= BLIP_S


def _seen_now(found: Mapping[str, frozenset[str]], before: Mapping[str, _Seen] | None, now: float) -> dict[str, _Seen]:
    """Who is registered, and since when: from now on under a Call-ID that was not there before."""
    seen = {}
    for extension, ids in found.items():
        known = None if before is None else before.get(extension, _Seen(frozenset(), now))
        anew = known is not None and bool(ids - known.ids)
        seen[extension] = _Seen(ids, now if anew else known.since if known else 0.0)
    return seen


def _contact(link: SwitchLink, view: OperatorView, timeout_s: float = 5.0) -> str:
    """What a switch says of where a phone is registered; empty when it does not answer."""
    try:
        return link.ask(contact(view.extension, link.address.domain), timeout_s)
    except SwitchError as error:
        log.warning("operator=%s switch=%s contact=unknown reason=%s", view.id, link.address.name, error)
        return ""


def _anywhere(view: OperatorView) -> bool:
    """Is their phone registered with none of our switches, but reached from each?"""
    return bool(view.dial) or view.station == Station.REFER
