"""Is somebody still at the other end of a held line? The switch holds it whatever becomes of the phone, and would put
customers through to nobody.

A phone that lost its power or network is registered no more. One that was started anew is registered under another
Call-ID, and knows nothing of the call: an INVITE within it finds that out, at once when the registration has changed
and every `ASK_S` besides; a phone that is well notices nothing. A talk is not disturbed: whose registration changed
meanwhile is rung anew after it. A page sends sound all the time, and the switch itself ends a line that falls silent.
"""

import logging
from collections.abc import Callable

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


class LineCare:
    """Looks after the held lines of this dialer."""

    def __init__(self, held: HeldLines, clock: Callable[[], float]) -> None:
        self._held = held
        self._clock = clock
        self._missing: set[str] = set()  # lines the switch did not have when it was last asked
        self._ids: dict[str, frozenset[str]] = {}  # leg → what its phone was registered under when last seen so
        self._unregistered: dict[str, float] = {}  # leg → since when its phone is registered no more
        self._asked: dict[str, float] = {}  # leg → when its phone was last asked for a sign of life

    def look(self, link: SwitchLink, known: Registered) -> None:
        """Hold the lines against the switch. What happened during a cut no event tells any more: one that is gone at
        two looks in a row is rung again, without blame. SwitchError, ValueError when the switch cannot be asked."""
        for leg, held in self._held.on(link.address.name):
            if link.ask(commands.exists(leg)).strip() == "true":
                self._missing.discard(leg)
                if held.up:
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
            self._ask(link, leg, view, changed=bool(before) and ids != before)

    def _ask(self, link: SwitchLink, leg: str, view: OperatorView, changed: bool) -> None:
        now = self._clock()
        if not changed and now - self._asked.setdefault(leg, now) < ASK_S:
            return
        self._asked[leg] = now
        try:
            link.bgapi(phone_commands.sign_of_life(leg), f"ask-{leg}")
            log.info("operator=%s leg=%s asked=yes changed=%s", view.id, leg, changed)
        except SwitchError as error:
            log.warning("operator=%s leg=%s asked=failed reason=%s", view.id, leg, error)

    def _forget_others(self) -> None:
        """Of lines that are held no more nothing is kept."""
        for known in (self._ids, self._unregistered, self._asked):
            for leg in [leg for leg in known if not self._held.holds(leg)]:
                del known[leg]
        self._missing = {leg for leg in self._missing if self._held.holds(leg)}
