"""Bridges: two channels joined, and parted again. Event order is that of the recordings."""

from typing import TYPE_CHECKING

from fsdialer.lab import stages
from fsdialer.lab.channel import Channel
from fsdialer.lab.events import micros

if TYPE_CHECKING:
    from fsdialer.lab.exchange import Exchange

#: A step of the switch's own threads (seconds); 20 ms in the recordings, shorter here.
STEP_S = 0.005


class Bridges:
    """Joins and parts the channels of an exchange. A is the leg that bridges, B the one it is bridged to."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._applications = exchange.applications

    def bridge(self, one: str, other: str) -> str:
        """``uuid_bridge``; its answer. The bridge itself comes a moment later."""
        a, b = self._exchange.alive(one), self._exchange.alive(other)
        if a is None or b is None or not (a.answered or b.answered):
            return "-ERR Invalid uuid\n"
        if a is b:
            return f"+OK {other}\n"  # so it says, and does nothing
        if not a.answered:
            a, b = b, a
        self._exchange.later(STEP_S, None, self._start, a, b)
        return f"+OK {other}\n"

    def _start(self, a: Channel, b: Channel) -> None:
        if not (a.alive and b.alive):
            self._partner_gone(a, b)
            return
        early, again = not b.answered, a.partner is b
        a_led = a.originator
        a_before, b_before = a.profile.callee_number, (a.profile.caller_name, a.profile.caller_number)
        if early:
            stages.flipped(b)
        a_callee = b.profile.callee_number
        a.meet(b, "originatee")
        b.meet(a, "originator")
        for channel, partner in ((a, b), (b, a)):
            stages.bond(channel, partner)
        a.profile.logical, a.profile.callee_number = "inbound", a_callee or a_before
        b.hit_dialplan = False
        b.profile.caller_name, b.profile.caller_number = b_before
        a.set(uuid_bridge=b.uuid)
        if early:
            self._too_early(a, b)
            return
        if again:  # they are taken apart and joined anew; neither is left behind
            a.partner = b.partner = None
            pairs = [(a, b) if a_led else (b, a)]
        else:
            pairs = [self._let_go(channel) for channel in (a, b) if channel.partner is not None]
        self._applications.interrupt(b)
        self._applications.interrupt(a)
        for first, second in pairs:
            self._exchange.fire("CHANNEL_UNBRIDGE", first, **_pair(first, second))
        a.set(uuid_bridge="")
        self._exchange.later(STEP_S, None, self._execute, a, b)

    def _let_go(self, channel: Channel) -> tuple[Channel, Channel]:
        """Take a channel out of the bridge it is in: who is left is parked or ended; the pair, its A leg first."""
        left = channel.partner
        assert left is not None
        pair = (channel, left) if not left.originator else (left, channel)
        channel.partner = left.partner = None
        channel.application = channel.application_data = ""
        self._leave(left, left.get("park_after_bridge") == "true")
        return pair

    def _too_early(self, a: Channel, b: Channel) -> None:
        """Bridging to somebody who has not picked up ends both."""
        self._exchange.hang_up(b, "DESTINATION_OUT_OF_ORDER", job="ORIGINATOR_CANCEL")
        self._applications.interrupt(a)
        a.set(uuid_bridge="", last_bridge_hangup_cause="DESTINATION_OUT_OF_ORDER")
        self._exchange.later(STEP_S, None, self._exchange.hang_up, a, "ORIGINATOR_CANCEL")

    def _partner_gone(self, a: Channel, b: Channel) -> None:
        """The partner vanished after +OK: it goes on, or is parked again, if its variables say so, else hung up."""
        for channel in (a, b):
            if not channel.alive or not channel.answered:
                continue
            if channel is a and a.get("uuid_bridge_continue_on_cancel") == "true":
                self._applications.interrupt(a)
                self._applications.go_on(a)
            elif "true" in (channel.get("uuid_bridge_park_on_cancel"), channel.get("park_after_bridge")):
                self._applications.park(channel)
            else:
                self._exchange.hang_up(channel, "DESTINATION_OUT_OF_ORDER")

    def _execute(self, a: Channel, b: Channel) -> None:
        if not (a.alive and b.alive):
            self._partner_gone(a, b)
            return
        for channel, partner in ((a, b), (b, a)):
            channel.move("CS_SOFT_EXECUTE")
            channel.application, channel.application_data = "uuid_bridge", partner.uuid
            self._exchange.fire(
                "CHANNEL_EXECUTE", channel, Application=channel.application, Application_Data=partner.uuid
            )
        self._connect(a, b)

    def join(self, a: Channel, b: Channel) -> None:
        """A's own ``bridge`` was answered by B."""
        a.meet(b, "originatee")
        b.meet(a, "originator")
        self._connect(a, b)

    def _connect(self, a: Channel, b: Channel) -> None:
        a.times.bridged = b.times.bridged = micros()
        a.partner, b.partner = b, a
        application, _, data = a.get("execute_on_pre_bridge").partition(" ")
        if application == "set":
            variable, _, value = data.partition("=")
            a.update([(variable, value)])
        self._exchange.fire("CHANNEL_BRIDGE", a, **_pair(a, b))
        for channel, partner in ((a, b), (b, a)):
            stages.bridged(channel, partner)
            self._exchange.recordings.joined(channel, partner.number)
            if channel.plan and channel.plan.talk_s is not None:
                self._exchange.later(
                    channel.plan.talk_s, channel, self._exchange.hang_up, channel, "NORMAL_CLEARING", "recv_bye"
                )

    def part(self, channel: Channel, partner: Channel, cause: str) -> None:
        """`channel` hangs up; its partner is parked if its variables say so, else it goes too."""
        channel.partner = partner.partner = None
        self._exchange.recordings.joined(partner, "")
        stages.parted(channel, partner, cause)
        stays = partner.alive and partner.get("park_after_bridge") == "true"
        if not channel.originator:
            self._b_left(channel, partner, stays, cause)
        elif channel.state == "CS_EXECUTE" and not stays:
            self._a_left_its_own_bridge(channel, partner)
        else:
            self._leave(partner, stays)
            self._exchange.fire("CHANNEL_UNBRIDGE", channel, **_pair(channel, partner))
            self._exchange.end(channel)

    def leave(self, channel: Channel) -> None:
        """`channel` is taken out of its bridge, and lives on; its partner is parked if its variables say so."""
        partner = channel.partner
        if partner is None:
            return
        channel.partner = partner.partner = None
        for each in (channel, partner):
            self._exchange.recordings.joined(each, "")
            each.set(bridge_to="")
        self._leave(partner, partner.alive and partner.get("park_after_bridge") == "true")
        self._exchange.fire("CHANNEL_UNBRIDGE", channel, **_pair(channel, partner))

    def _b_left(self, b: Channel, a: Channel, stays: bool, cause: str) -> None:
        """One that a command ended may be told of after the one it talked to: they are threads of their own."""
        a_first = b.hangup_by != "recv_bye" and self._exchange.comes_unusually()
        if not a_first:
            self._exchange.end(b)
        self._exchange.fire("CHANNEL_UNBRIDGE", a, **_pair(a, b))
        self._leave(a, stays, cause)
        if a_first:
            self._exchange.end(b)

    def _a_left_its_own_bridge(self, a: Channel, b: Channel) -> None:
        for channel in (a, b):
            channel.set(bridge_hangup_cause="NORMAL_CLEARING", call_uuid=channel.uuid)
        self._exchange.fire("CHANNEL_UNBRIDGE", a, **_pair(a, b))
        self._leave(b, stays=False)
        self._exchange.end(a)

    def _leave(self, partner: Channel, stays: bool, cause: str = "NORMAL_CLEARING") -> None:
        """The one who is left behind: parked, or ended too. The A leg takes over the `cause`, the B leg does not."""
        partner.application = partner.application_data = ""
        if stays:
            partner.move("CS_PARK")
            self._applications.park(partner)
            return
        if partner.alive:
            partner.cause, partner.hangup_by = cause, "send_bye"
        self._exchange.end(partner)


def _pair(a: Channel, b: Channel) -> dict[str, str]:
    return {"Bridge_A_Unique_ID": a.uuid, "Bridge_B_Unique_ID": b.uuid}
