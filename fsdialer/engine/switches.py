"""The switches of this dialer: what each may still carry, who gets the next calls, what is said of one that is away.

Limits and drains are kept in Redis (`store.switches`), for all dialers; which switch is best is decided in
`core.switches`. It refuses to know operators (`engine.homes`) and what becomes of calls (`engine.reconcile`).
"""

import logging
import re
import time
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace

from fsdialer.core import switches as rules
from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Gateway
from fsdialer.engine.crossings import Crossings
from fsdialer.engine.lines import Lines
from fsdialer.errors import SwitchError, SwitchUnreachable
from fsdialer.esl import setup_commands as commands
from fsdialer.esl.link import SwitchLink
from fsdialer.store import CompanyStore, Store
from fsdialer.store.alerts import DIALER

log = logging.getLogger(__name__)

#: When a switch has been away for so long (seconds) an alert is raised, and its calls are for no operator any more.
AWAY_S = 2.0
#: So often (seconds) a switch is asked what it may carry: `fsctl` changes that while it runs.
LIMITS_S = 30.0
#: A switch whose machine has said for so long (seconds) that it does not run has no calls any more.
GONE_S = 10.0


class Switches:
    """What goes where."""

    def __init__(self, lines: Lines, store: Store, clock: Callable[[], float]) -> None:
        self._lines = lines
        self._store = store
        self._clock = clock
        self._trunks: dict[str, str] = {}  # switch → where it takes calls of the others
        self._asked: dict[str, float] = {}  # switch → when it said what it may carry (monotonic seconds)
        self._down: dict[str, float] = {}  # switch → since when it is away (monotonic seconds)
        self._gone: dict[str, float] = {}  # switch → since when nobody listens there
        self._alerts: dict[tuple[str, str], bool] = {}  # company, switch → does an alert stand; absent: not looked at
        self.crossings = Crossings(lines, self.trunk, clock)

    # -- how they are --------------------------------------------------------------------------------------
    def came_up(self, link: SwitchLink) -> None:
        """Ask a switch what it may carry and where the others reach it, and write it down."""
        name = link.address.name
        self._down.pop(name, None)
        self._gone.pop(name, None)
        try:
            facts = {
                "trunk": link.address.trunk or rules.address(link.ask(commands.trunk_address())),
                "max_sessions": _figure(link.ask(commands.most("max_sessions"))),
                "sessions_per_second": _figure(link.ask(commands.most("sps"))),
            }
        except SwitchError as error:
            log.warning("switch=%s facts=unknown reason=%s", name, error)
            facts = {}
            self._asked.pop(name, None)
        else:
            self._trunks[name] = facts["trunk"]
            self._asked[name] = time.monotonic()
        if link.up:  # it may have gone away over this
            self._store.switches.found(name, True, "", self._clock(), facts)

    def ask_again(self, link: SwitchLink) -> None:
        """Where that failed, and where it is long ago."""
        asked = self._asked.get(link.address.name)
        if asked is None or time.monotonic() - asked >= LIMITS_S:
            self.came_up(link)

    def went_down(self, link: SwitchLink, reason: str, gone: bool) -> None:
        """A switch is away; `gone`: its machine says that it does not run."""
        name = link.address.name
        self._down.setdefault(name, time.monotonic())
        if gone:
            self._gone.setdefault(name, time.monotonic())
        else:
            self._gone.pop(name, None)
        self._store.switches.found(name, False, reason, self._clock())

    def is_away(self, switch: str) -> bool:
        """Has it not answered for so long that whoever picks up there can be put through to nobody? So it is with one
        that FSDIALER_SWITCHES names no more."""
        since = self._down.get(switch)
        return self._lines.get(switch) is None or (since is not None and time.monotonic() - since >= AWAY_S)

    def is_gone(self, switch: str) -> bool:
        """Not running for so long that none of its calls can be up."""
        since = self._gone.get(switch)
        return since is not None and time.monotonic() - since >= GONE_S

    def alert(self, companies: Iterable[CompanyStore]) -> None:
        """Tell the companies' administrators of switches that are away, and of those that are back."""
        others = [link.address.name for link in self._lines.up()]
        for company in companies:
            for link in self._lines.all():
                name, key = link.address.name, (company.id, link.address.name)
                alert = rules.alert_name("switch", name)
                since = self._down.get(name)
                if link.up:
                    if self._alerts.get(key, True):  # also one of a dialer before this
                        company.alerts.clear(alert, self._clock(), DIALER)
                        self._alerts[key] = False
                elif since is not None and time.monotonic() - since >= AWAY_S and not self._alerts.get(key):
                    words = rules.down(name, link.state.reason, others)
                    company.alerts.say(alert, words, self._clock())
                    self._alerts[key] = True

    # -- who gets the next calls ---------------------------------------------------------------------------
    def plan(
        self,
        gateway: Gateway,
        calls: int,
        not_on: Container[str],
        operators: Callable[[], Mapping[str, int]],
        on_the_way: Callable[[str], int],
    ) -> list[tuple[SwitchLink, int]]:
        """The switches that get the next calls of a gateway, with how many each; those where it is down, `not_on`, get
        none. `operators`: switch → how many are free there; `on_the_way`: how many calls a switch has for them."""
        links = {link.address.name: link for link in self._lines.up() if rules.has(gateway, link.address.name)}
        links = {name: link for name, link in links.items() if name not in not_on}
        if len(links) < 2:
            return [(link, calls) for link in links.values()]
        free = operators()
        rooms = [
            replace(room, operators=max(0, free.get(room.switch, 0) - on_the_way(room.switch)))
            for room in self._store.switches.rooms(list(links))
        ]
        # Not where the way to all who are free is shut: whoever answers there would be put through to nobody.
        served = [room for room in rooms if any(free.get(name) for name in ("", room.switch, *self.reach(room.switch)))]
        return [(links[name], share) for name, share in rules.spread(calls, served or rooms).items()]

    def take(self, link: SwitchLink, uuids: list[str]) -> list[str]:
        """Those of the calls the switch has room for."""
        return self._store.switches.take(link.address.name, uuids)

    def give_back(self, link: SwitchLink, uuids: Iterable[str]) -> None:
        """There were no leads for these."""
        self._store.switches.give_back(link.address.name, uuids)

    def keep(self, switch: str, uuids: list[str]) -> None:
        """The switch carries these."""
        self._store.switches.keep(switch, uuids)

    def over(self, call: Call) -> None:
        """A call has ended."""
        self._store.switches.over(call.switch, call.uuid)

    def why_not(self) -> str:
        """Why no calls can be placed at all; empty when they can."""
        up = [link.address.name for link in self._lines.up()]
        if not up:
            return "no switch is connected"
        if all(room.drained for room in self._store.switches.rooms(up)):
            return f"switch {', '.join(up)} is drained: it gets no new calls"
        return ""

    # -- from one to another -------------------------------------------------------------------------------
    def reach(self, switch: str) -> list[str]:
        """The other switches whose operators can be connected with a call on `switch`."""
        if not self._trunks.get(switch):
            return []
        names = (link.address.name for link in self._lines.up())
        others = [name for name in names if name != switch and self._trunks.get(name)]
        return [name for name in others if not self.crossings.is_shut(switch, name)]

    def no_way(self, home: str, gateways: Iterable[Gateway]) -> str:
        """Words when `home` answers, and none of the switches that make the calls of these gateways reaches it."""
        up, gateways = [link.address.name for link in self._lines.up()], list(gateways)
        make = [name for name in up if any(rules.has(gateway, name) for gateway in gateways)]
        known = home in up and all(name in self._trunks for name in (home, *make))
        if not make or not known or home in make or any(home in self.reach(name) for name in make):
            return ""
        return rules.no_way(home)

    def trunk(self, switch: str) -> str:
        """Where a switch takes calls of the others; SwitchUnreachable when it does not answer or takes none."""
        self._lines.of(switch)
        if not self._trunks.get(switch):
            raise SwitchUnreachable(f"switch {switch} takes no calls of other switches")
        return self._trunks[switch]


def _figure(said: str) -> str:
    found = re.search(r"(\d+)\s*$", said)
    return found[1] if found else ""
