"""The ways from one switch to another: is one shut, although both switches answer us?

A network may be cut between two switches, or a firewall come between them. Then no operator over there is to blame for
a customer who was not put through, and none is promised to the next one. A way is tried, by a call that is hung up at
once, when a phone across has failed a customer, and again and again while it is shut. When a talk across ended because
nothing was heard, a tone is sent there and has to come back: a firewall may let the call through and not the sound.
"""

import logging
import uuid as uuids
from collections.abc import Callable, Iterable

import gevent

from fsdialer.core import switches as rules
from fsdialer.engine.lines import Lines
from fsdialer.errors import SwitchError, SwitchTimeout
from fsdialer.esl import commands, marks
from fsdialer.esl.check_commands import originate_across
from fsdialer.esl.link import SwitchLink
from fsdialer.esl.translate import task_names
from fsdialer.store import CompanyStore
from fsdialer.store.alerts import DIALER

log = logging.getLogger(__name__)

#: A tone is played for two seconds; so long after it was sent (seconds), and this often, it is asked for.
LISTEN_S, ASK_S = 6.0, 0.2
#: From one switch to another.
Way = tuple[str, str]


class Crossings:
    """`trunk(switch)` is where it takes calls of the others; SwitchUnreachable when it is away or takes none."""

    def __init__(self, lines: Lines, trunk: Callable[[str], str], clock: Callable[[], float]) -> None:
        self._lines = lines
        self._trunk = trunk
        self._clock = clock
        self._shut: dict[Way, bool] = {}  # those that are: was a tone sent there, calls being answered
        self._alerts: dict[tuple[str, Way], bool] = {}  # does one of a company stand; absent: not looked at
        self._looking = False

    def is_shut(self, one: str, other: str) -> bool:
        """As far as is known."""
        return (one, other) in self._shut

    def trouble(self, one: str, other: str, listen: bool = False) -> str:
        """After a phone on `other` failed a customer on `one`: words when it is the way that leads nowhere. `listen`:
        they had been put through, and the phone was not heard any more."""
        if one and other and one != other:
            self._try((one, other), listen)
        return rules.no_way(other) if self.is_shut(one, other) else ""

    def look(self) -> None:
        """Try those that are shut."""
        if self._looking:
            return
        self._looking = True
        try:
            for way in list(self._shut):
                self._try(way)
        finally:
            self._looking = False

    def _try(self, way: Way, listen: bool = False) -> None:
        """Known as before while one of the two does not answer us."""
        one, other = way
        listen = listen or self._shut.get(way, False)
        try:
            link, at = self._lines.of(one), self._trunk(other)
            answer = _heard(link, at) if listen else link.ask(commands.try_across(rules.to_echo(at))).strip()
        except (SwitchError, ValueError) as error:  # ValueError: an answer that is no list of tasks
            log.warning("switch=%s to=%s tried=failed reason=%s", one, other, error)
            return
        if answer.startswith("+OK"):
            if self.is_shut(one, other):
                log.info("switch=%s to=%s way=open", one, other)
            self._shut.pop(way, None)
        else:
            log.error("switch=%s to=%s way=shut reason=%s", one, other, answer)
            self._shut[way] = listen

    def alert(self, companies: Iterable[CompanyStore]) -> None:
        """Tell the companies' administrators of ways that are shut, and of those that are open again."""
        names = [link.address.name for link in self._lines.all()]
        ways = [(one, other) for one in names for other in names if one != other]
        for company in companies:
            for one, other in ways:
                key, name = (company.id, (one, other)), rules.alert_name("switches", one, other)
                shut = self.is_shut(one, other)
                if shut and (not self._alerts.get(key) or _by_another(company, name)):
                    company.alerts.say(name, rules.shut(one, other), self._clock())
                elif not shut and self._alerts.get(key, True):  # also one of a dialer before this
                    company.alerts.clear(name, self._clock(), DIALER)
                self._alerts[key] = shut


def _heard(link: SwitchLink, at: str) -> str:
    """``+OK`` when what is said to the switch at `at` comes back."""
    leg = str(uuids.uuid4())
    answer = link.ask(originate_across(leg, at)).strip()
    with gevent.Timeout(LISTEN_S, SwitchTimeout(f"the test call {leg} did not end")):
        while answer.startswith("+OK") and link.ask(commands.exists(leg)).strip() == "true":
            gevent.sleep(ASK_S)
    silent = answer.startswith("+OK") and marks.silent(leg) in task_names(link.ask(marks.ASK))
    return "answered, and nothing is heard" if silent else answer


def _by_another(company: CompanyStore, name: str) -> bool:
    """Was it cleared by a dialer that was started since, and has not tried the way?"""
    alert = company.alerts.get(name)
    return alert is not None and alert.cleared is not None and alert.cleared_by == DIALER
