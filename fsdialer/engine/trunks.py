"""The gateways as this dialer finds them: asked after on the switch, rested after failures, their state kept in Redis.

What a failure means and who is asked first is decided in `core.trunk_care`.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace

import gevent

from fsdialer.core import trunk_care
from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Gateway
from fsdialer.core.effects import CloseCall
from fsdialer.core.retry import NextStep
from fsdialer.core.switches import has
from fsdialer.core.trunk_care import WELL, Health
from fsdialer.engine.lines import Lines
from fsdialer.errors import SwitchError
from fsdialer.esl import commands
from fsdialer.esl.gateway_status import gateway_state
from fsdialer.store import CompanyStore

log = logging.getLogger(__name__)

#: A call that failed by its gateway's fault is made again through another after so long (seconds).
FAILOVER_S = 1.0
#: So many times in a row; then it is the lead's number that no carrier serves at the moment, and it waits its time.
FAILOVERS = 3
#: On a carrier that never says that it rings, a call open for so long (seconds) may have rung.
QUIET_S = 3.0
#: A second as the carrier may measure it: what we send in one goes out a little unevenly.
SECOND_S = 1.1


class Trunks:
    """The gateways of all companies this dialer serves."""

    def __init__(self, lines: Lines, clock: Callable[[], float]) -> None:
        self._lines = lines
        self._clock = clock
        self._credit: dict[str, dict[str, float]] = {}  # company → gateway → what it is owed, in calls' weights
        self._health: dict[str, dict[str, Health]] = {}
        self._down_on: dict[tuple[str, str], set[str]] = {}
        self._found_on: dict[tuple[str, str], dict[str, str]] = {}
        self._failovers: dict[tuple[str, str], int] = {}  # company, lead → how often in a row
        self._said: dict[tuple[str, str], str] = {}
        self._sent: dict[tuple[str, str], deque[float]] = {}  # when the last second's calls went out (monotonic)

    def to_ask(self, company: str, gateways: Sequence[Gateway], full: Container[str]) -> list[Gateway]:
        """Those among which the next call is shared by weight; none when all rest or are full."""
        return trunk_care.to_ask(gateways, self._health.get(company, {}), self._clock(), full)

    def whose_turn(self, company: str, asked: Sequence[Gateway]) -> Gateway:
        """The one that has the next call."""
        return trunk_care.whose_turn(asked, self._credit.get(company, {}))

    def had_turn(self, company: str, asked: Sequence[Gateway], taken: Gateway) -> None:
        """It was asked for a call."""
        credit = self._credit.setdefault(company, {})
        credit |= trunk_care.after_turn(asked, taken, credit)

    def wait_turn(self, company: str, gateway: Gateway) -> None:
        """Until one more call may go out. The claim has kept the gateway's calls per second already; this keeps those
        that were delayed between claim and wire from going out in one heap."""
        sent = self._sent.setdefault((company, gateway.name), deque())
        while True:
            now = time.monotonic()
            while sent and sent[0] <= now - SECOND_S:
                sent.popleft()
            if len(sent) < gateway.calls_per_second:
                sent.append(now)
                return
            gevent.sleep(sent[0] + SECOND_S - now)

    def ended(self, company: CompanyStore, call: Call, close: CloseCall) -> None:
        """A call through its gateway is over."""
        gateway = call.gateway
        health = self._health.setdefault(company.id, {})
        before = health.get(gateway, WELL)
        cause, connected = trunk_care.cause_of(close.cause, close.sip_status), call.answered_at is not None
        after = trunk_care.after_call(before, cause, close.rang, connected, self._clock())
        health[gateway] = after
        if after.faults != before.faults:
            self._say(company, gateway, f"failing: {after.reason}" if after.faults else "up")
        elif after.doubted_until != before.doubted_until:
            self._say(company, gateway, "silent: its last calls did not even ring" if after.doubted_until else "up")
        elif (close.rang or connected) and (company.id, gateway) not in self._said:
            self._say(company, gateway, "up")  # whatever a dialer before this one found

    def failover(
        self, call: Call, gateways: Sequence[str], close: CloseCall, charged: bool, step: NextStep
    ) -> NextStep:
        """What becomes of a lead whose call failed by its gateway's fault, before any phone rang, while another gateway
        is well: it is called again soon, by one of those. At any other time `step`: whose phone has rung was called,
        and may have rung where the carrier never says so."""
        health, now, lead = self._health.get(call.company, {}), self._clock(), (call.company, call.lead)
        others = [name for name in gateways if name != call.gateway and not health.get(name, WELL).rests(now)]
        before = self._failovers.pop(lead, 0)
        cause = trunk_care.cause_of(close.cause, close.sip_status)
        gateways_own = cause in trunk_care.FAULTS and not close.rang and not charged
        may_have_rung = health.get(call.gateway, WELL).mute and now - call.placed_at > QUIET_S
        if not gateways_own or may_have_rung or not others or step.retry_at is None or before >= FAILOVERS:
            return step
        self._failovers[lead] = before + 1
        return replace(step, retry_at=min(step.retry_at, now + FAILOVER_S), not_by=call.gateway)

    def look(self, company: CompanyStore, gateways: Sequence[Gateway]) -> None:
        """Ask the switches whether the gateways are up; those with a host of their own are known by their calls."""
        for gateway in gateways:
            states = {}
            for link in self._lines.up():
                name = link.address.name
                if gateway.host or not has(gateway, name):
                    continue
                try:
                    states[name] = gateway_state(link.ask(commands.gateway_status(gateway.name)))
                except SwitchError as error:
                    log.warning("gateway=%s switch=%s asked=failed reason=%s", gateway.name, name, error)
            if states:
                self._found(company, gateway.name, states)

    def down_on(self, company: str, gateway: str) -> set[str]:
        """The switches that said that their gateway is down, when they were asked last."""
        return self._down_on.get((company, gateway), set())

    def _found(self, company: CompanyStore, gateway: str, states: Mapping[str, str]) -> None:
        """Switch → state, as each says. Up on one of them is enough to be asked for calls there."""
        health, now = self._health.setdefault(company.id, {}), self._clock()
        down = {switch for switch, state in states.items() if state != "up"}
        self._down_on[company.id, gateway] = down
        health[gateway] = trunk_care.after_look(health.get(gateway, WELL), len(down) < len(states), now)
        words = "; ".join(f"{switch}: {states[switch]}" for switch in sorted(down)) or "up"
        state = next(iter(states.values())) if len(set(states.values())) == 1 else words
        if self._found_on.get((company.id, gateway)) != states:
            self._found_on[company.id, gateway] = dict(states)
            company.setup.save_gateway_on(gateway, states)
        if state != "up" or not (health[gateway].rests(now) or health[gateway].doubted(now)):
            self._say(company, gateway, state)

    def _say(self, company: CompanyStore, gateway: str, state: str) -> None:
        if self._said.get((company.id, gateway)) == state:
            return
        self._said[company.id, gateway] = state
        level = logging.INFO if state == "up" else logging.ERROR
        log.log(level, "company=%s gateway=%s state=%s", company.id, gateway, state)
        company.setup.save_gateway_state(gateway, state, self._clock())
