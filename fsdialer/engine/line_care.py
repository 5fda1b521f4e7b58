"""Is somebody still at the other end of a held line? The switch holds it whatever becomes of the phone, and would put
customers through to nobody.

A phone that lost its power or network is registered no more. One that was started anew is registered under another
Call-ID, and knows nothing of the call: an INVITE within it finds that out, at once when the registration has changed
and every `ASK_S` besides; a phone that is well notices nothing, but for one that knows its call and refuses such an
INVITE all the same: it loses its line to the first one, and has no more of them, for a while where no registration
tells it from one that was started anew. A talk is not disturbed: whose registration changed meanwhile is rung anew
after it. A page sends sound all the time, and the switch itself ends a line that falls silent.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from fsdialer.core.operators import WITH_A_CUSTOMER
from fsdialer.engine.held_lines import HeldLine, HeldLines
from fsdialer.engine.registrations import Registered
from fsdialer.errors import NotFound, SwitchError
from fsdialer.esl import commands, phone_commands
from fsdialer.esl.link import SwitchLink
from fsdialer.esl.translate import dumped
from fsdialer.store.operators import OperatorView

log = logging.getLogger(__name__)

#: A held phone that is registered no more for so long (seconds) has died without hanging up.
GONE_S = 10.0
#: A phone on an idle line is asked for a sign of life this often (seconds).
ASK_S = 45.0
#: A phone that has a destination of its own (`dial`) and refused is asked again after so long (seconds).
ASK_AGAIN_S = 900.0
#: What ends a line whose phone refuses (captured for 481; FreeSWITCH has one cause for 400, 481, 500 and 503), and
#: within how long (seconds).
REFUSED, REFUSAL_S = "NORMAL_TEMPORARY_FAILURE", 2.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """When a phone was asked last (epoch seconds), whose it is (company, operator), what it was registered under, and
    whether that had changed."""

    at: float
    who: tuple[str, str]
    ids: frozenset[str]
    changed: bool = False


class LineCare:
    """Looks after the held lines of this dialer."""

    def __init__(self, held: HeldLines, clock: Callable[[], float]) -> None:
        self._held = held
        self._clock = clock
        self._missing: set[str] = set()  # lines the switch did not have when it was last asked
        self._ids: dict[str, frozenset[str]] = {}  # leg → what its phone was registered under when last seen so
        self._unregistered: dict[str, float] = {}  # leg → since when its phone is registered no more
        self._asked: dict[str, _Asked] = {}  # leg → when its phone was last asked for a sign of life
        self._refuse: dict[tuple[str, str], _Asked] = {}  # phones that cannot be asked, while registered so
        held.on_lost = self._lost

    def look(self, link: SwitchLink, known: Registered) -> None:
        """Hold the lines against the switch. What happened during a cut no event tells any more: one that is gone at
        two looks in a row is rung again, without blame. SwitchError, ValueError when the switch cannot be asked."""
        for leg, held in self._held.on(link.address.name):
            if link.ask(commands.exists(leg)).strip() == "true":
                self._missing.discard(leg)
                if held.up:
                    if held.on_hold:  # that it was taken off is not always told
                        self._held.put_on_hold(leg, dumped(link.ask(commands.dump(leg))).on_hold)
                    self._care_if_known(link, known, leg, held)
                elif dumped(link.ask(commands.dump(leg))).answered_at is not None:
                    self._held.up(leg)
            elif leg not in self._missing:
                self._missing.add(leg)
            elif self._held.holds(leg):
                self._held.gone(leg)
        self._forget_others()

    def _care_if_known(self, link: SwitchLink, known: Registered, leg: str, held: HeldLine) -> None:
        """Nobody knows its operator any more (Redis began anew, empty)? The others are seen to all the same."""
        try:
            self._care(link, known, leg, held)
        except NotFound as error:
            log.error("operator=%s leg=%s care=failed reason=%s", held.operator, leg, error)

    def _care(self, link: SwitchLink, known: Registered, leg: str, held: HeldLine) -> None:
        view = held.company.operators.view(held.operator)
        talks = view.state in WITH_A_CUSTOMER
        if held.outdated or view.leg not in ("", leg):
            return
        ids = frozenset() if view.dial else known.ids(view.extension)
        if not view.dial and not ids and not view.in_browser:
            since = self._unregistered.setdefault(leg, self._clock())
            if self._clock() - since >= GONE_S and not talks:
                self._held.replace(leg, "not registered")
            return
        self._unregistered.pop(leg, None)
        if leg not in self._ids:
            log.info("operator=%s leg=%s registered_as=%s", held.operator, leg, " ".join(sorted(ids)) or "-")
        before = self._ids.setdefault(leg, ids)
        self._ids[leg] = ids or before
        if before and ids - before and (talks or view.in_browser):
            self._held.replace(leg, "started anew")
        elif not talks and not view.in_browser:
            now, who = self._clock(), (held.company.id, held.operator)
            changed, asked = bool(before) and ids != before, self._asked.setdefault(leg, _Asked(now, who, ids))
            if changed or (now - asked.at >= ASK_S and self._may_ask(who, ids, now)):
                self._asked[leg] = _Asked(now, who, ids, changed)
                self._ask(link, leg, view, changed)

    def _may_ask(self, who: tuple[str, str], ids: frozenset[str], now: float) -> bool:
        refused = self._refuse.get(who)
        return refused is None or refused.ids != ids or (not ids and now - refused.at >= ASK_AGAIN_S)

    def _ask(self, link: SwitchLink, leg: str, view: OperatorView, changed: bool) -> None:
        try:
            link.bgapi(phone_commands.sign_of_life(leg), f"ask-{leg}")
            log.info("operator=%s leg=%s asked=yes changed=%s", view.id, leg, changed)
        except SwitchError as error:
            log.warning("operator=%s leg=%s asked=failed reason=%s", view.id, leg, error)

    def _lost(self, leg: str, cause: str) -> None:
        """A phone started anew under its former Call-ID is lost so too, and asked again under another one."""
        asked = self._asked.get(leg)
        if asked is not None and not asked.changed and cause == REFUSED and self._clock() - asked.at <= REFUSAL_S:
            self._refuse[asked.who] = asked
            log.warning("operator=%s leg=%s asked=refused", asked.who[1], leg)

    def _forget_others(self) -> None:
        """Of lines that are held no more nothing is kept."""
        for known in (self._ids, self._unregistered, self._asked):
            for leg in [leg for leg in known if not self._held.holds(leg)]:
                del known[leg]
        self._missing = {leg for leg in self._missing if self._held.holds(leg)}
