"""The switch itself: channels that are made, ring, answer, run applications, are bridged and hung up.

Event order is that of the recordings. Where FreeSWITCH promises none (a background job against a hang-up) a seeded
dice chooses. What channels run is in `applications`, how they are joined in `bridges`, who hears of it in `events`.
"""

import random
import time
import uuid as uuids
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gevent

from fsdialer.lab import stages
from fsdialer.lab.applications import Applications, expanded
from fsdialer.lab.bridges import STEP_S, Bridges
from fsdialer.lab.channel import Channel
from fsdialer.lab.destinations import Destinations
from fsdialer.lab.detectors import Detectors
from fsdialer.lab.events import Events, micros
from fsdialer.lab.originate import Malformed, Originate, Usage, parse
from fsdialer.lab.people import NEVER, People, Plan
from fsdialer.lab.places import Gateway
from fsdialer.lab.recordings import Recordings
from fsdialer.lab.tasks import Tasks
from fsdialer.lab.trunks import Trunks

USAGE = (
    "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] "
    "[<timeout_sec>]\n"
)
#: SIP status → hangup cause and phrase, as FreeSWITCH maps them.
SIP = {
    403: ("CALL_REJECTED", "Forbidden"),
    404: ("UNALLOCATED_NUMBER", "Not Found"),
    408: ("RECOVERY_ON_TIMER_EXPIRE", "Request Timeout"),
    410: ("NUMBER_CHANGED", "Gone"),
    480: ("NO_USER_RESPONSE", "Temporarily Unavailable"),
    484: ("INVALID_NUMBER_FORMAT", "Address Incomplete"),
    486: ("USER_BUSY", "Busy Here"),
    488: ("INCOMPATIBLE_DESTINATION", "Not Acceptable Here"),
    500: ("NORMAL_TEMPORARY_FAILURE", "Server Internal Error"),
    502: ("NETWORK_OUT_OF_ORDER", "Bad Gateway"),
    503: ("NORMAL_TEMPORARY_FAILURE", "Service Unavailable"),
    504: ("RECOVERY_ON_TIMER_EXPIRE", "Server Timeout"),
    600: ("USER_BUSY", "Busy Everywhere"),
    603: ("CALL_REJECTED", "Decline"),
    604: ("NO_ROUTE_DESTINATION", "Does Not Exist Anywhere"),
}

#: How long a phone rings when nothing else is said (seconds). FreeSWITCH takes two readings of a clock of whole seconds
#: and so gives up to a second less.
RING_LIMIT_S = 60

Done = Callable[[bool, str], None]


class Exchange:
    """Everything a switch has but sockets. `unusual` is how often (0 to 1) things come in the rarer of two orders;
    `recordings` the folder below which files are written, none: nowhere."""

    def __init__(
        self,
        people: People,
        gateways: list[Gateway],
        *,
        seed: int = 1,
        max_sessions: int = 5000,
        sps: int = 500,
        unusual: float = 0.1,
        phone_scale: float = 1.0,
        recordings: Path | None = None,
    ) -> None:
        self._dice = random.Random(f"exchange-{seed}")
        self.destinations = Destinations(people, gateways, self._dice, phone_scale)
        self.max_sessions, self.sps = max_sessions, sps
        self.channels: dict[str, Channel] = {}
        self.stopped_profiles: set[str] = set()
        self.deaf = False
        self.tasks = Tasks()
        self.started = time.time()
        self.sessions = 0
        self.peak_sessions = 0
        self._unusual = unusual
        self._second, self._admitted = 0, 0
        self.peak_sps = 0
        self.events = Events()
        self.fire = self.events.fire
        self.applications = Applications(self)
        self.bridges = Bridges(self)
        self.fire_custom = self.events.fire_custom
        self.detectors = Detectors(self)
        self.recordings = Recordings(self, recordings)
        self.trunks = Trunks(self)

    def later(self, delay_s: float, channel: Channel | None, work: Callable[..., None], *args: Any) -> gevent.Greenlet:
        """Do it in a while, unless the channel is gone by then."""
        timer = gevent.spawn_later(delay_s, work, *args)
        if channel is not None:
            channel.timers.append(timer)
        return timer

    def alive(self, uuid: str) -> Channel | None:
        """A channel that is not hung up, nor about to be."""
        channel = self.channels.get(uuid)
        return channel if channel is not None and channel.alive else None

    # -- originate -----------------------------------------------------------------------------------------
    def originate(self, text: str, done: Done, originator: Channel | None = None) -> None:
        """Make a call; `done(ok, text)` when it was answered or failed.

        With an `originator`, whose ``bridge`` it is, the channel runs nothing once it is answered.
        """
        try:
            wanted = parse(text)
        except Usage:
            done(False, USAGE)
            return
        except Malformed:
            done(False, "-ERR DESTINATION_OUT_OF_ORDER\n")
            return
        uuid = wanted.variables.get("origination_uuid") or str(uuids.uuid4())
        refusal = "DESTINATION_OUT_OF_ORDER" if not self._admit_session() or uuid in self.channels else ""
        channel = refusal or self.destinations.call(wanted, uuid, self.sessions + 1)
        if isinstance(channel, str):
            done(False, f"-ERR {channel}\n")
            return
        self.sessions += 1
        stages.created(channel, wanted.variables)
        if originator is not None:
            stages.called_for(channel, originator)
        self._place(channel, done, None if originator is not None else wanted)

    def _admit_session(self) -> bool:
        """FreeSWITCH counts down from its limit and refuses at nought: one less than the limit is let in a second."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._admitted = second, 0
        self._admitted += 1
        self.peak_sps = max(self.peak_sps, self._admitted)
        return self._admitted < self.sps and len(self.channels) < self.max_sessions

    @property
    def this_second(self) -> int:
        """Sessions asked for in this second."""
        return self._admitted if int(time.monotonic()) == self._second else 0

    def _place(self, channel: Channel, done: Done, wanted: Originate | None) -> None:
        self.channels[channel.uuid] = channel
        self.peak_sessions = max(self.peak_sessions, len(self.channels))
        channel.on_ended = done
        self.fire("CHANNEL_CREATE", channel)
        plan = channel.plan
        assert plan is not None
        if channel.trunk is not None:
            heard = partial(self._heard, channel, plan, wanted)
            gevent.spawn(self.trunks.call, channel, *channel.trunk, heard)
        if plan.rings:
            self.later(min(STEP_S, plan.ring_s), channel, self._ring, channel, plan, wanted)
        limit = channel.get("originate_timeout")
        ring_limit_s = int(limit) if limit.isdecimal() and int(limit) else RING_LIMIT_S
        self.later(ring_limit_s - time.time() % 1, channel, self._ring_timeout, channel)
        if plan.ring_s < NEVER:
            self.later(plan.ring_s + STEP_S, channel, self._decide, channel, plan, wanted)

    def _heard(self, channel: Channel, plan: Plan, wanted: Originate | None, said: str) -> None:
        """Another switch tells how a call to it goes."""
        if channel.alive and not channel.answered:
            if said == "answered":
                self._answer(channel, wanted)
            else:
                self._ring(channel, plan, wanted)

    # -- ringing and answering -----------------------------------------------------------------------------
    def _ring(self, channel: Channel, plan: Plan, wanted: Originate | None) -> None:
        channel.move("CS_CONSUME_MEDIA")
        stages.heard_from(channel)
        if plan.early_media:
            channel.times.progress_media = micros()
            stages.early(channel)
            self.fire("CHANNEL_PROGRESS_MEDIA", channel)
            channel.call_state = "EARLY"
            if wanted is not None and channel.get("ignore_early_media") != "true":
                self._answered_enough(channel, wanted)
            return
        channel.times.progress = micros()
        self.fire("CHANNEL_PROGRESS", channel)
        channel.call_state = "RINGING"

    def _answered_enough(self, channel: Channel, wanted: Originate) -> None:
        """Sound ends an originate as an answer does, unless it was told to ignore it: it goes on though it rings."""
        self._done(channel, True, f"+OK {channel.uuid}\n")
        gevent.spawn_later(STEP_S, self.applications.run, channel, wanted.applications, wanted.inline)

    def _ring_timeout(self, channel: Channel) -> None:
        if channel.application:  # its originate is over, its ringing is not
            return
        self.hang_up(channel, "NO_ANSWER", job_first=True)

    def _decide(self, channel: Channel, plan: Plan, wanted: Originate | None) -> None:
        if plan.status is None:
            self._answer(channel, wanted)
            return
        if plan.status == 302:  # never followed: `outbound_redirect_fatal`
            self.hang_up(channel, "REQUESTED_CHAN_UNAVAIL")
            return
        cause, phrase = SIP[plan.status]
        channel.sip_status, channel.sip_phrase = plan.status, phrase
        stages.refused(channel)
        nobody = channel.gateway is not None and channel.gateway.silent
        self.hang_up(channel, cause, "recv_refuse", job_first=nobody)

    def _answer(self, channel: Channel, wanted: Originate | None) -> None:
        if channel.application:  # since its early media
            self._answer_late(channel)
            return
        channel.stop_timers()
        channel.times.answered = micros()
        channel.move("CS_CONSUME_MEDIA")
        stages.answered(channel)
        self.fire("CHANNEL_ANSWER", channel)
        stages.picked_up(channel)
        self.applications.on_answer(channel)
        if channel.plan and channel.plan.patience_s is not None:
            self.later(channel.plan.patience_s, channel, self._lose_patience, channel)
        if wanted is None or not self.comes_unusually():
            self._done(channel, True, f"+OK {channel.uuid}\n")
        if wanted is not None:
            self.later(STEP_S, channel, self._run, channel, wanted)

    def _answer_late(self, channel: Channel) -> None:
        """Somebody picks up whose originate is over."""
        channel.times.answered = micros()
        stages.answered(channel)
        self.fire("CHANNEL_ANSWER", channel)
        channel.call_state = "ACTIVE"

    def _run(self, channel: Channel, wanted: Originate) -> None:
        self.applications.run(channel, wanted.applications, wanted.inline)
        self._done(channel, True, f"+OK {channel.uuid}\n")

    def _lose_patience(self, channel: Channel) -> None:
        if channel.partner is None:
            self.hang_up(channel, "NORMAL_CLEARING", "recv_bye")

    def _done(self, channel: Channel, ok: bool, text: str) -> None:
        """The result of its originate, once."""
        done, channel.on_ended = channel.on_ended, None
        if done:
            done(ok, text)

    def comes_unusually(self) -> bool:
        """Do two things come in the rarer order this time?"""
        return self._dice.random() < self._unusual

    # -- the end -------------------------------------------------------------------------------------------
    def hang_up(self, channel: Channel, cause: str, by: str = "", *, job_first: bool = False, job: str = "") -> None:
        """End a channel, and what hangs on it. It counts as gone at once; the world hears of it a moment later.

        `job_first`: the result of its originate, if that still runs, usually comes before its hang-up, not after;
        `job`: and names this cause.
        """
        if not channel.alive or channel.uuid not in self.channels:
            return
        channel.stop_timers()
        channel.cause, channel.heading = cause, "CS_HANGUP"
        if channel.sip_status is None and by == "recv_bye":
            channel.sip_status = 200
        elif channel.sip_status is None and not channel.answered:
            channel.sip_status, channel.sip_phrase = 487, "CANCEL"
        channel.hangup_by = by or ("send_bye" if channel.answered else "send_cancel")
        stages.hanging_up(channel)
        result = f"-ERR {job or cause}\n"
        if (job_first or bool(job)) != self.comes_unusually():
            self._done(channel, False, result)
        gevent.spawn_later(STEP_S, self._finish, channel, cause, result)

    def _finish(self, channel: Channel, cause: str, result: str) -> None:
        if channel.uuid not in self.channels:
            return  # its partner took it along
        if channel.partner is not None:
            self.bridges.part(channel, channel.partner, cause)
        else:
            self.end(channel)
        self._done(channel, False, result)

    def end(self, channel: Channel) -> None:
        """A channel is over; nothing else is looked at."""
        if self.channels.pop(channel.uuid, None) is None:
            return
        channel.stop_timers()
        channel.times.hung_up = micros()
        channel.move("CS_HANGUP")
        if channel.recording:
            self.recordings.stop(channel)
        stages.ended(channel)
        command, _, task = channel.get("api_hangup_hook").partition(" ")
        if command == "sched_api":
            self.tasks.add(expanded(channel, task))
        channel.move("CS_REPORTING")
        channel.call_state = "HANGUP"
        partner = self.channels.get(channel.get("signal_bond"))
        if partner is not None and channel.times.bridged:
            partner.set(bridge_hangup_cause=channel.cause, call_uuid=partner.uuid)
        self.destinations.ended(channel)
        self.trunks.ended(channel)
        self.fire("CHANNEL_HANGUP_COMPLETE", channel)

    def die(self) -> None:
        """As a crash does: every channel gone without a word, and a new core."""
        self.trunks.die()
        for channel in list(self.channels.values()):
            channel.stop_timers()
            channel.cause = "CRASH"
            self.destinations.ended(channel)
        self.channels.clear()
        self.tasks.clear()
        self.events.restart()
        self.started = time.time()
        self.sessions = 0
