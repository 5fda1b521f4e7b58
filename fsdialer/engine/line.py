"""A live call in this process: its facts, the events still to be handled, its timers."""

import logging
from collections import deque
from dataclasses import dataclass, field

from gevent import Greenlet

from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Campaign
from fsdialer.core.dispositions import Verdict
from fsdialer.core.effects import CloseCall
from fsdialer.core.events import CallEvent
from fsdialer.core.retry import NextStep
from fsdialer.store import CompanyStore

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Line:
    """What the switchboard keeps for each call. `owner` is the lease under which it may write."""

    call: Call
    campaign: Campaign
    owner: str
    company: CompanyStore
    inbox: deque[CallEvent] = field(default_factory=deque)
    busy: bool = False
    timers: list[Greenlet] = field(default_factory=list)

    def log_state(self, event: CallEvent) -> None:
        """Where it stands now, because of `event`."""
        call = self.call
        log.info(
            "call=%s lead=%s operator=%s campaign=%s state=%s event=%s",
            call.uuid,
            call.lead,
            call.operator or "-",
            call.campaign,
            call.state,
            type(event).__name__,
        )

    def log_end(self, verdict: Verdict, close: CloseCall, step: NextStep) -> None:
        """What it came to, and what becomes of the lead."""
        call = self.call
        log.info(
            "call=%s lead=%s operator=%s campaign=%s disposition=%s cause=%s sip=%s lead_state=%s",
            call.uuid,
            call.lead,
            call.operator or "-",
            call.campaign,
            verdict.disposition,
            close.cause,
            close.sip_status or "-",
            step.lead_state,
        )
