"""The switch itself: channels that are made, ring, answer, run applications, are bridged and hung up.

Event order is that of the recordings. Where FreeSWITCH promises none (a background job against a hang-up) a seeded
dice chooses. It knows nothing of sockets: whoever listens is in `listeners`.
"""

import random
import time
import uuid as uuids
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

import gevent

from fsdialer.lab import headers
from fsdialer.lab.channel import Channel
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
#: A step of the switch's own threads (seconds); 20 ms in the recordings, shorter here.
STEP_S = 0.005
#: How long a sound file is taken to be (seconds).
FILE_S = 3.0


class Listener(Protocol):
    """Whoever wants events."""

    def hear(self, event: "Fired") -> None:
        """One event; called in the order they are fired."""


class Fired:
    """An event, written out once for all who hear it."""

    def __init__(self, name: str, text: str, body: str = "") -> None:
        self.name = name
        self.text = text
        self.body = body
        self._frames: dict[str, bytes] = {}

    def frame(self, form: str) -> bytes:
        """As ``plain`` or ``json``."""
        if form not in self._frames:
            write = headers.as_json if form == "json" else headers.plain
            self._frames[form] = write(self.text, self.body)
        return self._frames[form]


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
        self.listeners: list[Listener] = []
        self.max_sessions, self.sps = max_sessions, sps
        self.channels: dict[str, Channel] = {}
        self.attempts: dict[str, int] = {}
        self.peak_live: dict[str, int] = {}
        self.started = time.time()
        self.core = str(uuids.uuid4())
        self.sessions = 0
        self.peak_sessions = 0
        self._job_first = job_first
        self._dice = random.Random(f"exchange-{seed}")
        self._phone_scale = phone_scale
        self._sequence = 0
        self._recent: list[float] = []
        self._live: Counter[str] = Counter()

    # -- events --------------------------------------------------------------------------------------------
    def fire(self, name: str, channel: Channel | None = None, body: str = "", **more: Any) -> None:
        """An event, to all listeners. `more` are headers of its own, underscores standing for hyphens."""
        if not self.listeners:
            return
        self._sequence += 1
        text = headers.base(name, self.core, self._sequence, micros())
        text += headers.lines({key.replace("_", "-"): value for key, value in more.items()})
        if channel is not None:
            text += channel.lines()
        event = Fired(name, text, body)
        for listener in list(self.listeners):
            listener.hear(event)

    def snapshot(self, channel: Channel) -> dict[str, str]:
        """A channel as ``uuid_dump`` shows it."""
        self._sequence += 1
        return headers.as_dict(headers.base("CHANNEL_DATA", self.core, self._sequence, micros()) + channel.lines())

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
        self._end(channel, cause)
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
            cause = hook[2] if len(hook) > 2 else "ALLOTTED_TIMEOUT"
            self.later(float(hook[1].lstrip("+")), channel, self.hang_up, channel, cause)
        if channel.plan and channel.plan.patience_s is not None:
            self.later(channel.plan.patience_s, channel, self._lose_patience, channel)
        self.later(STEP_S, channel, self.execute, channel, channel.applications)

    def _lose_patience(self, channel: Channel) -> None:
        if channel.partner is None:
            self.hang_up(channel, "NORMAL_CLEARING", "recv_bye")

    # -- applications --------------------------------------------------------------------------------------
    def execute(self, channel: Channel, applications: list[tuple[str, str]]) -> None:
        """Run applications one after the other; after the last the channel is hung up."""
        if not channel.alive:
            return
        channel.stage, channel.state = "executing", "CS_EXECUTE"
        if not applications:
            self.hang_up(channel, "NORMAL_CLEARING")
            return
        (name, data), rest = applications[0], applications[1:]
        channel.application, channel.application_data = name, data
        channel.application_uuid = str(uuids.uuid4())
        self.fire("CHANNEL_EXECUTE", channel, **self._application(channel))
        match name:
            case "park":
                self.park(channel)
            case "playback":
                self.fire("PLAYBACK_START", channel, Playback_File_Path=data)
                channel.playing = gevent.spawn_later(_length_s(data), self._finish, channel, rest)
            case "sleep":
                channel.playing = gevent.spawn_later(float(data or 0) / 1000, self._finish, channel, rest)
            case "hangup":
                self.fire(
                    "CHANNEL_EXECUTE_COMPLETE", channel, Application_Response="_none_", **self._application(channel)
                )
                channel.application = ""
                self.hang_up(channel, data or "NORMAL_CLEARING")
            case "bridge":
                self._bridge_to(channel, data)
            case "sched_hangup":
                words = data.split()
                cause = words[1] if len(words) > 1 else "ALLOTTED_TIMEOUT"
                self.later(float(words[0].lstrip("+")), channel, self.hang_up, channel, cause)
                self._finish(channel, rest)
            case "echo" | "eavesdrop" | "conference":
                pass  # until somebody hangs up
            case _:
                self._finish(channel, rest)

    def _application(self, channel: Channel) -> dict[str, str]:
        more = {"Application": channel.application, "Application_UUID": channel.application_uuid}
        return more | ({"Application_Data": channel.application_data} if channel.application_data else {})

    def _finish(self, channel: Channel, rest: list[tuple[str, str]]) -> None:
        channel.playing = None
        self._complete(channel, "FILE PLAYED", "done")
        self.execute(channel, rest)

    def _complete(self, channel: Channel, response: str, status: str) -> None:
        if not channel.application:
            return
        if channel.application == "playback":
            self.fire("PLAYBACK_STOP", channel, Playback_File_Path=channel.application_data, Playback_Status=status)
        response = response if channel.application == "playback" else "_none_"
        self.fire("CHANNEL_EXECUTE_COMPLETE", channel, Application_Response=response, **self._application(channel))
        channel.application = channel.application_data = ""

    def interrupt(self, channel: Channel) -> None:
        """Take a channel out of what it is running."""
        if channel.playing is not None:
            channel.playing.kill(block=False)
            channel.playing = None
        self._complete(channel, "FILE PLAYED", "break")

    def park(self, channel: Channel) -> None:
        """Hold a channel; under its `park_timeout` the first time."""
        channel.application = "park"
        self.fire("CHANNEL_PARK", channel)
        limit, _, cause = channel.variables.get("park_timeout", "").partition(":")
        if limit and not channel.park_timeout_spent:
            channel.park_timeout_spent = True
            channel.playing = gevent.spawn_later(float(limit), self.hang_up, channel, cause or "NORMAL_CLEARING")

    def _bridge_to(self, channel: Channel, destination: str) -> None:
        """The application ``bridge``: call somebody and join them, or hang up."""

        def done(ok: bool, text: str) -> None:
            if not channel.alive:
                return
            if ok:
                self._join(channel, self.channels[text.split()[1]])
            else:
                self.hang_up(channel, text.split()[1])

        self.originate(f"{destination} &park()", done)

    # -- bridging ------------------------------------------------------------------------------------------
    def bridge(self, one: str, other: str) -> str:
        """``uuid_bridge``; its answer. The bridge itself comes a moment later."""
        a, b = self.channels.get(one), self.channels.get(other)
        if a is None or b is None or not (a.alive and b.alive) or not (a.answered or b.answered):
            return "-ERR Invalid uuid\n"
        for channel in (a, b):
            if not channel.answered:  # bridging too early ends the call
                self.later(STEP_S, None, self.hang_up, channel, "NORMAL_CLEARING")
        self.later(STEP_S, None, self._start_bridge, a, b)
        return f"+OK {other}\n"

    def _start_bridge(self, a: Channel, b: Channel) -> None:
        if not (a.alive and b.alive and a.answered and b.answered):
            self._bridge_failed(a, b)
            return
        for channel in (b, a):
            self.interrupt(channel)
            channel.profile_index += 1
            channel.profile_created = micros()
        now = int(time.time())
        a.transfer_source = f"{now}:{uuids.uuid4()}:uuid_br:{b.uuid}"
        b.transfer_source = f"{now}:{uuids.uuid4()}:uuid_br:{a.uuid}"
        self.later(STEP_S, None, self._join, a, b)

    def _bridge_failed(self, a: Channel, b: Channel) -> None:
        """The partner vanished after +OK: parked again if its variables say so, else hung up."""
        for channel in (a, b):
            if not channel.alive or not channel.answered:
                continue
            if "true" in (channel.get("uuid_bridge_park_on_cancel"), channel.get("park_after_bridge")):
                self.park(channel)
            else:
                self.hang_up(channel, "DESTINATION_OUT_OF_ORDER")

    def _join(self, a: Channel, b: Channel) -> None:
        if not (a.alive and b.alive):
            self._bridge_failed(a, b)
            return
        now = micros()
        for channel, partner in ((a, b), (b, a)):
            channel.partner, channel.last_partner, channel.bridged = partner, None, now
            channel.state = "CS_SOFT_EXECUTE"
            channel.application, channel.application_data = "uuid_bridge", partner.uuid
            channel.application_uuid = str(uuids.uuid4())
            channel.originator = channel is a
            self.fire("CHANNEL_EXECUTE", channel, **self._application(channel))
        self.fire("CHANNEL_BRIDGE", a, Bridge_A_Unique_ID=a.uuid, Bridge_B_Unique_ID=b.uuid)
        for channel in (a, b):
            if channel.plan and channel.plan.talk_s is not None:
                self.later(channel.plan.talk_s, channel, self.hang_up, channel, "NORMAL_CLEARING", "recv_bye")

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
            self._end(channel, cause)
            return
        a, b = (channel, partner) if channel.originator else (partner, channel)
        channel.partner = partner.partner = None
        channel.last_partner, partner.last_partner = partner, channel
        stays = partner.get("park_after_bridge") == "true"
        pair = {"Bridge_A_Unique_ID": a.uuid, "Bridge_B_Unique_ID": b.uuid}
        partner.application = partner.application_data = ""
        if stays:
            self.park(partner)
        elif partner is b:
            partner.hangup_by = "send_bye"
            self._end(partner, "NORMAL_CLEARING")
        if channel is a:
            channel.cause = cause
            self.fire("CHANNEL_UNBRIDGE", channel, Hangup_Cause=cause, **pair)
            self._end(channel, cause)
        else:
            self._end(channel, cause)
            self.fire("CHANNEL_UNBRIDGE", a, **pair)
            if not stays:
                a.hangup_by = "send_bye"
                self._end(a, "NORMAL_CLEARING")

    def _end(self, channel: Channel, cause: str) -> None:
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
        self.core = str(uuids.uuid4())
        self.started = time.time()
        self.sessions = 0


def micros() -> int:
    """Now, in epoch microseconds."""
    return int(time.time() * 1_000_000)


def _length_s(sound: str) -> float:
    """How long a sound plays: a silence or a tone says so itself."""
    if sound.startswith("silence_stream://"):
        return float(sound.removeprefix("silence_stream://").partition(",")[0]) / 1000
    if sound.startswith("tone_stream://%("):
        return float(sound.removeprefix("tone_stream://%(").partition(",")[0]) / 1000
    return FILE_S
