"""Talks whose operator's phone has died: the switch would keep the customer in silence until the longest talk is over.

A phone in a page sends sound always, so the switch itself ends its leg when none comes (`engine.stations`). A desk
phone may be silent for good reasons: muted, on hold, or sending nothing while nobody speaks. So two things must come
together: no sound from it for `SILENT_TALK_S`, and a registration that has gone, or become another one since it was
last heard. Gone: the talk is ended and its operator taken off the line. Another one: the phone is asked whether it
knows the call, and if it does not, that ends it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Station
from fsdialer.core.phones import phone_failure
from fsdialer.engine.registrations import Registered
from fsdialer.engine.switchboard import Switchboard
from fsdialer.errors import SwitchError
from fsdialer.esl import commands, phone_commands
from fsdialer.esl.link import SwitchLink
from fsdialer.store import CompanyStore, Store
from fsdialer.store.operators import OperatorView

log = logging.getLogger(__name__)

#: A phone nobody knows to be there and that sends no sound for so long (seconds) is dead.
SILENT_TALK_S = 15.0


@dataclass(slots=True)
class _Watched:
    """A talk's leg: what its phone was registered under, `proved` once it was heard since; packets that had come from
    it, and since when no more did."""

    ids: frozenset[str]
    proved: bool = False
    packets: str = ""
    since: float = 0.0


class SilentTalks:
    """Watches the talks of this dialer."""

    def __init__(self, store: Store, switchboard: Switchboard, clock: Callable[[], float]) -> None:
        self._store = store
        self._switchboard = switchboard
        self._clock = clock
        self._watched: dict[str, _Watched] = {}

    def look(self, link: SwitchLink, known: Registered) -> None:
        """Look at the talks on a switch; SwitchError when it cannot be asked."""
        calls = [call for call in self._switchboard.of_switch(link.address.name) if call.bridged_at is not None]
        for call in calls:
            company = self._store.company(call.company)
            view = company.operators.view(call.operator)
            if call.leg and not call.away and _on_this(view, link.address.name):
                self._look_at(link, known, call, company, view)
        for leg in [leg for leg in self._watched if not self._switchboard.knows(leg)]:
            del self._watched[leg]

    def _look_at(
        self, link: SwitchLink, known: Registered, call: Call, company: CompanyStore, view: OperatorView
    ) -> None:
        ids = known.ids(view.extension)
        watched = self._watched.setdefault(call.leg, _Watched(ids))
        watched.ids = watched.ids or ids
        silent = self._silent(link, call.leg, watched)
        if not silent or (ids and watched.proved and not ids - watched.ids):
            return
        if ids:
            log.warning("call=%s operator=%s phone=started_anew action=ask", call.uuid, view.id)
            link.bgapi(phone_commands.sign_of_life(call.leg), f"ask-{call.leg}")
            watched.ids, watched.proved = ids, True
            return
        reason = phone_failure(view.extension, "MEDIA_TIMEOUT", view.in_browser)
        log.warning("call=%s operator=%s phone=gone action=hang_up", call.uuid, view.id)
        company.operators.gone(view.id, self._clock(), reason)
        link.bgapi(commands.kill(call.leg, "MEDIA_TIMEOUT"), f"silent-{call.leg}")

    def _silent(self, link: SwitchLink, leg: str, watched: _Watched) -> bool:
        """Has nothing come from it for so long?"""
        now = self._clock()
        try:
            link.ask(phone_commands.count_packets(leg))
            packets = link.ask(phone_commands.packets(leg)).strip()
        except SwitchError as error:  # it has just ended, most likely
            log.warning("leg=%s packets=unknown reason=%s", leg, error)
            return False
        if packets != watched.packets:
            watched.proved = bool(watched.packets)
            watched.packets, watched.since = packets, now
        return now - watched.since >= SILENT_TALK_S


def _on_this(view: OperatorView, switch: str) -> bool:
    """Is their phone one that registers with this switch? A leg to another one ends by itself when it is silent."""
    elsewhere = view.dial or view.in_browser or view.station == Station.REFER
    return not elsewhere and view.switch in ("", switch)
