"""Bridges: two channels joined, and parted again. Event order is that of the recordings."""

import time
import uuid as uuids
from typing import TYPE_CHECKING

from fsdialer.lab.channel import Channel
from fsdialer.lab.events import micros

if TYPE_CHECKING:
    from fsdialer.lab.exchange import Exchange

#: A step of the switch's own threads (seconds); 20 ms in the recordings, shorter here.
STEP_S = 0.005


class Bridges:
    """Joins and parts the channels of an exchange."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._applications = exchange.applications

    def bridge(self, one: str, other: str) -> str:
        """``uuid_bridge``; its answer. The bridge itself comes a moment later."""
        exchange = self._exchange
        a, b = exchange.channels.get(one), exchange.channels.get(other)
        if a is None or b is None or not (a.alive and b.alive) or not (a.answered or b.answered):
            return "-ERR Invalid uuid\n"
        for channel in (a, b):
            if not channel.answered:  # bridging too early ends the call
                exchange.later(STEP_S, None, exchange.hang_up, channel, "NORMAL_CLEARING")
        exchange.later(STEP_S, None, self._start, a, b)
        return f"+OK {other}\n"

    def _start(self, a: Channel, b: Channel) -> None:
        if not (a.alive and b.alive and a.answered and b.answered):
            self._failed(a, b)
            return
        for channel in (b, a):
            self._applications.interrupt(channel)
            channel.profile_index += 1
            channel.profile_created = micros()
        now = int(time.time())
        a.transfer_source = f"{now}:{uuids.uuid4()}:uuid_br:{b.uuid}"
        b.transfer_source = f"{now}:{uuids.uuid4()}:uuid_br:{a.uuid}"
        self._exchange.later(STEP_S, None, self.join, a, b)

    def _failed(self, a: Channel, b: Channel) -> None:
        """The partner vanished after +OK: parked again if its variables say so, else hung up."""
        for channel in (a, b):
            if not channel.alive or not channel.answered:
                continue
            if "true" in (channel.get("uuid_bridge_park_on_cancel"), channel.get("park_after_bridge")):
                self._applications.park(channel)
            else:
                self._exchange.hang_up(channel, "DESTINATION_OUT_OF_ORDER")

    def join(self, a: Channel, b: Channel) -> None:
        """Both talk to each other from now on, if both are still there."""
        if not (a.alive and b.alive):
            self._failed(a, b)
            return
        now = micros()
        for channel, partner in ((a, b), (b, a)):
            channel.partner, channel.last_partner, channel.bridged = partner, None, now
            channel.state = "CS_SOFT_EXECUTE"
            channel.originator = channel is a
            self._applications.begin(channel, "uuid_bridge", partner.uuid)
        self._exchange.fire("CHANNEL_BRIDGE", a, **_pair(a, b))
        for channel in (a, b):
            if channel.plan and channel.plan.talk_s is not None:
                self._exchange.later(
                    channel.plan.talk_s, channel, self._exchange.hang_up, channel, "NORMAL_CLEARING", "recv_bye"
                )

    def part(self, channel: Channel, partner: Channel, cause: str) -> None:
        """`channel` hangs up; its partner is parked if its variables say so, else it goes too."""
        a, b = (channel, partner) if channel.originator else (partner, channel)
        channel.partner = partner.partner = None
        channel.last_partner, partner.last_partner = partner, channel
        stays = partner.get("park_after_bridge") == "true"
        partner.application = partner.application_data = ""
        if stays:
            self._applications.park(partner)
        elif partner is b:
            self._end_too(partner)
        if channel is a:
            channel.cause = cause
            self._exchange.fire("CHANNEL_UNBRIDGE", channel, Hangup_Cause=cause, **_pair(a, b))
            self._exchange.end(channel, cause)
        else:
            self._exchange.end(channel, cause)
            self._exchange.fire("CHANNEL_UNBRIDGE", a, **_pair(a, b))
            if not stays:
                self._end_too(a)

    def _end_too(self, partner: Channel) -> None:
        partner.hangup_by = "send_bye"
        self._exchange.end(partner, "NORMAL_CLEARING")


def _pair(a: Channel, b: Channel) -> dict[str, str]:
    return {"Bridge_A_Unique_ID": a.uuid, "Bridge_B_Unique_ID": b.uuid}
