"""Paces one campaign: what is the state, how many calls now, which leads, out they go.

It owns time and the wire; how many is decided by a policy of `core.pacing`, which leads by the claim script.
"""

import logging
import uuid as uuids
from collections.abc import Callable
from dataclasses import replace

import gevent
from gevent.event import Event
from gevent.pool import Pool

from fsdialer.core.call_facts import Call, CallState
from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode
from fsdialer.core.dial_format import destination
from fsdialer.core.pacing import Policy, State, make
from fsdialer.core.times import iso
from fsdialer.engine.lines import Lines
from fsdialer.engine.switchboard import Switchboard
from fsdialer.errors import FsdialerError, InvalidSetting
from fsdialer.esl import commands
from fsdialer.esl.link import SwitchLink
from fsdialer.store import CompanyStore
from fsdialer.store.calls import Claim

log = logging.getLogger(__name__)

#: A decision at least this often (seconds), whatever happens; and this often while a limit holds calls back.
DECIDE_S, HELD_BACK_S = 1.0, 0.1
#: Originates being sent at a time.
SENDERS = 50
#: Decisions are at least so far apart (seconds): a hundred changes in one moment are one change.
REST_S = 0.02
#: One decision places at most this part of a gateway's calls per second, so that they go out evenly.
EVENLY = 10


class Dialer:
    """The loop of one campaign in the dialer that owns it."""

    def __init__(
        self,
        company: CompanyStore,
        campaign: str,
        owner: str,
        lines: Lines,
        switchboard: Switchboard,
        clock: Callable[[], float],
    ) -> None:
        self.company = company
        self.campaign_id = campaign
        self.owner = owner
        self._lines = lines
        self._switchboard = switchboard
        self._clock = clock
        self._senders = Pool(SENDERS)
        self._wake = Event()
        self._stopped = False
        self._caller_ids = 0
        self._said = ""
        self.company_settings = Company(company.id, active=False)
        self.campaign = Campaign(company.id, campaign, mode=Mode.OFF)
        self.gateways: list[Gateway] = []
        self.policy: Policy | None = None
        self.reload()

    def reload(self) -> None:
        """Read the settings again; a wrong one stops the campaign and says so, without stopping the dialer."""
        setup = self.company.setup
        try:
            self.company_settings = setup.company()
            campaign = setup.campaign(self.campaign_id)
            delays = campaign.retry_min.over(self.company_settings.retry_min)
            self.campaign = replace(campaign, retry_min=delays)
            self.gateways = [setup.gateway(name) for name in self.campaign.gateways]
            self.policy = _policy(self.campaign)
            self._fault = ""
        except FsdialerError as error:
            self.policy, self._fault = None, str(error)
            log.error("campaign=%s settings=refused reason=%s", self.campaign_id, error)
        for line in self._switchboard.of_campaign(self.company.id, self.campaign_id):
            line.campaign = self.campaign
        self.wake()

    def wake(self) -> None:
        """Something changed: decide now."""
        self._wake.set()

    def stop(self) -> None:
        """Place no more calls."""
        self._stopped = True
        self._wake.set()

    def run(self) -> None:
        """Decide on every change of state, and once a second."""
        held_back = False
        while not self._stopped:
            self._wake.wait(HELD_BACK_S if held_back else DECIDE_S)
            self._wake.clear()
            if not self._stopped:
                self._switchboard.serve_waiting(self.company.id, self.campaign_id)
                held_back = self.decide()
                gevent.sleep(REST_S)

    def decide(self) -> bool:
        """One decision; True when fewer calls went out than the policy wanted although leads are due."""
        state = self._state()
        wanted, why = 0, self._why_not()
        if not why and self.policy is not None:
            wanted = self.policy.decide(state)
            why = self.policy.why
        placed = self._place(wanted) if wanted else 0
        self._say(state, wanted, placed, why)
        return placed < wanted and self.company.leads.due_count(self.campaign_id) > 0

    def _why_not(self) -> str:
        if self._fault:
            return f"settings refused: {self._fault}"
        if self.campaign.mode is Mode.OFF or self.policy is None:
            return "the campaign is off"
        if not self.company_settings.active:
            return "the company's master switch is off"
        if not self.gateways:
            return "the campaign has no gateway"
        if self._lines.least_loaded(self._switchboard.in_flight_on) is None:
            return "no switch is connected"
        return ""

    def _state(self) -> State:
        """What a policy decides on (`core.pacing`)."""
        now = self._clock()
        operators = self.company.operators.states(self.campaign_id)
        calls = [line.call for line in self._switchboard.of_campaign(self.company.id, self.campaign_id)]
        unanswered = [c for c in calls if c.state in (CallState.DIALLING, CallState.RINGING)]
        talking = [c for c in calls if c.bridged_at is not None]
        return {
            "t": now,
            "operators": {
                "ready": operators.get("available", 0),
                "talking": operators.get("on_call", 0) + operators.get("reserved", 0),
                "wrapup": operators.get("wrap_up", 0),
                "total": sum(operators.values()),
            },
            "ringing": len(unanswered),
            "ringing_ages": [now - c.placed_at for c in unanswered],
            "talk_ages": [now - (c.bridged_at or now) for c in talking],
            "wrapup_ages": [],
            "answered_waiting": sum(c.state is CallState.WAITING for c in calls),
        }

    def _place(self, wanted: int) -> int:
        placed = 0
        for gateway in self.gateways:
            link = self._lines.least_loaded(self._switchboard.in_flight_on)
            if link is None or placed >= wanted:
                break
            step = min(wanted - placed, -(-gateway.calls_per_second // EVENLY))
            ids = [str(uuids.uuid4()) for _ in range(step)]
            now = self._clock()
            claims = self.company.calls.claim(self.campaign, self.owner, gateway, link.address.name, ids, now)
            for claim in claims:
                self._originate(claim, gateway, link, now)
            placed += len(claims)
        return placed

    def _originate(self, claim: Claim, gateway: Gateway, link: SwitchLink, now: float) -> None:
        call = Call(
            uuid=claim.uuid,
            company=self.company.id,
            campaign=self.campaign_id,
            lead=claim.lead,
            number=claim.number,
            gateway=gateway.name,
            switch=link.address.name,
            attempt=claim.attempt,
            placed_at=now,
            preferred=claim.preferred,
        )
        self._switchboard.open(self.company, self.campaign, self.owner, call)
        log.info(
            "call=%s lead=%s operator=- campaign=%s state=dialling attempt=%d gateway=%s",
            call.uuid,
            call.lead,
            call.campaign,
            call.attempt,
            gateway.name,
        )
        self._senders.spawn(self._send, call, gateway)

    def _send(self, call: Call, gateway: Gateway) -> None:
        campaign = self.campaign
        try:
            command = commands.originate_customer(
                call=call.uuid,
                destination=destination(self.company_settings, gateway, call.number),
                ring_s=campaign.ring_s,
                caller_id=self._next_caller_id(),
                wait_s=campaign.max_wait_s,
                message=campaign.message,
                max_talk_s=campaign.max_talk_s,
                tags={"lead": call.lead, "campaign": call.campaign, "company": call.company},
            )
        except FsdialerError as error:
            self._switchboard.not_placed(call, str(error))
            return
        self._switchboard.place(call, command)

    def _next_caller_id(self) -> str:
        """The campaign's caller ids in turn."""
        ids = self.campaign.caller_ids
        self._caller_ids += 1
        return ids[self._caller_ids % len(ids)] if ids else ""

    def _say(self, state: State, wanted: int, placed: int, why: str) -> None:
        """Leave the decision and its reason for the wallboard; log it when it is a new one."""
        limited = f"; {placed} placed: leads or the trunk's limits allow no more" if placed < wanted else ""
        operators = state["operators"]
        self.company.stats.save_pace(
            self.campaign_id,
            {
                "at": iso(state["t"]),
                "calls": str(placed),
                "reason": why + limited,
                "ready": str(operators["ready"]),
                "in_flight": str(state["ringing"] + state["answered_waiting"]),
            },
        )
        if placed or why != self._said:
            log.info("campaign=%s calls=%d wanted=%d reason=%r", self.campaign_id, placed, wanted, why + limited)
        self._said = why


def _policy(campaign: Campaign) -> Policy | None:
    match campaign.mode:
        case Mode.OFF:
            return None
        case Mode.MULTIPLIER:
            return make("multiplier", multiplier=campaign.multiplier)
        case Mode.PROGRESSIVE:
            return make("progressive")
    raise InvalidSetting("mode", f"no pacing for {campaign.mode}")
