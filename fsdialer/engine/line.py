"""A live call in this process: its facts, the events still to be handled, its timers."""

from collections import deque
from dataclasses import dataclass, field

from gevent import Greenlet

from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Campaign
from fsdialer.core.events import CallEvent
from fsdialer.store import CompanyStore


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
