"""The switch itself: channels that are made, ring, answer, run applications, are bridged and hung up.

Event order is that of the recordings. Where FreeSWITCH promises none (a background job against a hang-up) a seeded
dice chooses. What channels run is in `applications`, how they are joined in `bridges`, who hears of it in `events`.
"""

import random
import time
import uuid as uuids
from collections import Counter
from collections.abc import Callable
from typing import Any

import gevent

from fsdialer.lab.applications import Applications
from fsdialer.lab.bridges import STEP_S, Bridges
from fsdialer.lab.channel import Channel
from fsdialer.lab.events import Events, micros
from fsdialer.lab.originate import Originate, Usage, parse
from fsdialer.lab.people import NEVER, People, Plan
from fsdialer.lab.places import Gateway, Phone

USAGE = (
    "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] "
    "[<timeout_sec>]\n"
)
#: SIP status → hangup cause and phrase, as FreeSWITCH maps them.
SIP = {
    404: ("UNALLOCATED_NUMBER", "Not Found"),
    480: ("NO_USER_RESPONSE", "Temporarily Unavailable"),
    486: ("USER_BUSY", "Busy Here"),
    487: ("ORIGINATOR_CANCEL", "Request Terminated"),
    503: ("NORMAL_TEMPORARY_FAILURE", "Service Unavailable"),
    603: ("CALL_REJECTED", "Decline"),
}

Done = Callable[[bool, str], None]


class Exchange:
    """Everything a switch has but sockets."""

    def __init__(
        self,
        people: People,
        gateways: list[Gateway],
        *,
        seed: int = 1,
        max_sessions: int = 5000,
        sps: int = 500,
        job_first: bool | None = None,
        phone_scale: float = 1.0,
    ) -> None:
        self.people = people
        self.gateways = {gateway.name: gateway for gateway in gateways}
        self.phones: dict[str, Phone] = {}
        self.max_sessions, self.sps = max_sessions, sps
        self.channels: dict[str, Channel] = {}
        self.attempts: dict[str, int] = {}
        self.peak_live: dict[str, int] = {}
        self.started = time.time()
        self.sessions = 0
        self.peak_sessions = 0
        self._job_first = job_first
        self._dice = random.Random(f"exchange-{seed}")
        self._phone_scale = phone_scale
        self._recent: list[float] = []
        self._live: Counter[str] = Counter()
        self.events = Events()
        self.fire = self.events.fire
        self.applications = Applications(self)
        self.bridges = Bridges(self)

    def later(self, delay_s: float, channel: Channel | None, work: Callable[..., None], *args: Any) -> gevent.Greenlet:
        """Do it in a while, unless the channel is gone by then."""
        timer = gevent.spawn_later(delay_s, work, *args)
        if channel is not None:
            channel.timers.append(timer)
        return timer

    # -- originate -----------------------------------------------------------------------------------------
    def originate(self, text: str, done: Done) -> None:
        """Make a call; `done(ok, text)` when it was answered or failed."""
        try:
            wanted = parse(text)
        except Usage:
            done(False, USAGE)
            return
        uuid = wanted.variables.get("origination_uuid") or str(uuids.uuid4())
        refusal = "DESTINATION_OUT_OF_ORDER" if uuid in self.channels or not self._admit_session() else ""
        kind, _, rest = wanted.destination.partition("/")
        channel = None
        if not refusal:
            make = {"sofia": self._to_carrier, "user": self._to_phone, "loopback": self._to_loopback}.get(kind)
            refusal, channel = make(wanted, uuid, rest) if make else ("CHAN_NOT_IMPLEMENTED", None)
        if channel is None:
            done(False, f"-ERR {refusal}\n")
            return
        self._place(channel, wanted, done)

    def _admit_session(self) -> bool:
        now = time.monotonic()
        self._recent = [at for at in self._recent if at > now - 1]
        if len(self.channels) >= self.max_sessions or len(self._recent) >= self.sps:
            return False
        self._recent.append(now)
        return True

    def _to_carrier(self, wanted: Originate, uuid: str, rest: str) -> tuple[str, Channel | None]:
        parts = rest.split("/")
        if parts[0] == "gateway" and len(parts) == 3:
            gateway, number = self.gateways.get(parts[1]), parts[2]
            if gateway is None:
                return "INVALID_GATEWAY", None
            if not gateway.up:
                return "GATEWAY_DOWN", None
            name = f"sofia/external/{number}"
        elif len(parts) == 2 and "@" in parts[1]:
            gateway, number, name = None, parts[1].partition("@")[0], f"sofia/{parts[0]}/{parts[1]}"
        else:
            return "INVALID_URL", None
        self.attempts[number] = self.attempts.get(number, 0) + 1
        plan = self.people.plan(number, self.attempts[number])
        channel = self._channel(wanted, uuid, "customer", name, number)
        channel.gateway, channel.plan = gateway, plan
        self._live[number] += 1
        self.peak_live[number] = max(self._live[number], self.peak_live.get(number, 0))
        if gateway is not None and not gateway.admit():
            channel.plan = Plan(status=503, ring_s=0.02, rings=False)
        return "", channel

    def _to_phone(self, wanted: Originate, uuid: str, rest: str) -> tuple[str, Channel | None]:
        extension = rest.partition("@")[0]
        phone = self.phone(extension)
        if phone is None or not phone.registered:
            return "USER_NOT_REGISTERED", None
        name = f"sofia/internal/{extension}-0x55f073a8d350@127.0.0.1:51979"
        channel = self._channel(wanted, uuid, "operator", name, extension)
        channel.plan = {
            "auto": Plan(ring_s=self._dice.uniform(0.15, 0.4) * self._phone_scale),
            "reject": Plan(status=603, ring_s=0.1),
        }.get(phone.mode, Plan(ring_s=NEVER))
        return "", channel

    def _to_loopback(self, wanted: Originate, uuid: str, rest: str) -> tuple[str, Channel | None]:
        channel = self._channel(wanted, uuid, "customer", f"loopback/{rest}-a", rest.partition("/")[0])
        channel.plan = Plan(ring_s=0.0, rings=False)
        return "", channel

    def _channel(self, wanted: Originate, uuid: str, kind: str, name: str, number: str) -> Channel:
        self.sessions += 1
        return Channel(uuid, kind, name, number, self.sessions, micros(), dict(wanted.variables), wanted.applications)

    def phone(self, extension: str) -> Phone | None:
        """An operator's phone; 1000 to 1999 are there from the start."""
        if extension not in self.phones and extension.isdigit() and 1000 <= int(extension) <= 1999:
            self.phones[extension] = Phone(extension)
        return self.phones.get(extension)

    def _place(self, channel: Channel, wanted: Originate, done: Done) -> None:
        self.channels[channel.uuid] = channel
        self.peak_sessions = max(self.peak_sessions, len(self.channels))
        channel.on_ended = done
        self.fire("CHANNEL_CREATE", channel)
        plan = channel.plan
        assert plan is not None
        if plan.rings:
            self.later(min(STEP_S, plan.ring_s), channel, self._ring, channel)
        timeout = wanted.variables.get("originate_timeout", "60")
        self.later(float(timeout) if timeout.isdigit() else 60.0, channel, self._ring_timeout, channel)
        if plan.ring_s < NEVER:
            self.later(plan.ring_s + STEP_S, channel, self._decide, channel, plan)

    def _ring(self, channel: Channel) -> None:
        channel.progress, channel.stage = micros(), "ringing"
        self.fire("CHANNEL_PROGRESS", channel)

    def _decide(self, channel: Channel, plan: Plan) -> None:
        if plan.status is not None:
            cause, phrase = SIP[plan.status]
            channel.sip_status, channel.sip_phrase = plan.status, phrase
            self._end_unanswered(channel, cause, "recv_refuse")
        else:
            self._answer(channel)

    def _ring_timeout(self, channel: Channel) -> None:
        """The recordings have the job first here."""
        channel.sip_status, channel.sip_phrase = 487, "Request Terminated"
        self._end_unanswered(channel, "NO_ANSWER", "send_cancel", job_first=True)

    def _end_unanswered(self, channel: Channel, cause: str, by: str, job_first: bool = False) -> None:
        channel.hangup_by = by
        done, channel.on_ended = channel.on_ended, None
        first = self._job_first if self._job_first is not None else job_first or self._dice.random() < 0.1
        if first and done:
            done(False, f"-ERR {cause}\n")
        self.end(channel, cause)
        if not first and done:
            done(False, f"-ERR {cause}\n")

    def _answer(self, channel: Channel) -> None:
        channel.stop_timers()
        channel.answered, channel.stage = micros(), "answered"
        self.fire("CHANNEL_ANSWER", channel)
        done, channel.on_ended = channel.on_ended, None
        if done:
            done(True, f"+OK {channel.uuid}\n")
        hook = channel.variables.get("execute_on_answer", "").split()
        if len(hook) >= 2 and hook[0] == "sched_hangup":
            self.applications.hang_up_later(channel, hook[1:])
        if channel.plan and channel.plan.patience_s is not None:
            self.later(channel.plan.patience_s, channel, self._lose_patience, channel)
        self.later(STEP_S, channel, self.applications.execute, channel, channel.applications)

    def _lose_patience(self, channel: Channel) -> None:
        if channel.partner is None:
            self.hang_up(channel, "NORMAL_CLEARING", "recv_bye")

    # -- the end -------------------------------------------------------------------------------------------
    def hang_up(self, channel: Channel, cause: str, by: str = "") -> None:
        """End a channel, and what hangs on it."""
        if not channel.alive or channel.uuid not in self.channels:
            return
        if not channel.answered:
            channel.sip_status, channel.sip_phrase = 487, "Request Terminated"
            self._end_unanswered(channel, cause, by or "send_cancel")
            return
        channel.hangup_by = by or "send_bye"
        partner = channel.partner
        if partner is None:
            self.end(channel, cause)
        else:
            self.bridges.part(channel, partner, cause)

    def end(self, channel: Channel, cause: str) -> None:
        """A channel is gone; nothing else is looked at."""
        channel.stop_timers()
        channel.cause, channel.hung_up = cause, micros()
        channel.state, channel.stage = "CS_REPORTING", "hung_up"
        self.channels.pop(channel.uuid, None)
        self._live[channel.number] -= 1
        if channel.gateway is not None:
            channel.gateway.in_use -= 1
        self.fire("CHANNEL_HANGUP_COMPLETE", channel, Hangup_Cause=cause)

    def die(self) -> None:
        """As a crash does: every channel gone without a word, and a new core."""
        for channel in list(self.channels.values()):
            channel.stop_timers()
            channel.hung_up = micros()
            if channel.gateway is not None:
                channel.gateway.in_use -= 1
        self.channels.clear()
        self._live.clear()
        self.events.restart()
        self.started = time.time()
        self.sessions = 0
