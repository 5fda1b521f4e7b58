"""Dialplan applications: what a channel does once it is answered, one after the other, and how that is interrupted."""

import uuid as uuids
from typing import TYPE_CHECKING

import gevent

from fsdialer.lab.channel import Channel

if TYPE_CHECKING:
    from fsdialer.lab.exchange import Exchange

#: How long a sound file is taken to be (seconds).
FILE_S = 3.0
#: Those that go on until somebody ends the call or moves it.
ENDLESS = ("echo", "eavesdrop", "conference")


class Applications:
    """Runs applications on the channels of an exchange."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._fire = exchange.fire

    def execute(self, channel: Channel, applications: list[tuple[str, str]]) -> None:
        """Run applications (name, argument) one after the other; after the last the channel is hung up."""
        if not channel.alive:
            return
        channel.stage, channel.state = "executing", "CS_EXECUTE"
        if not applications:
            self._exchange.hang_up(channel, "NORMAL_CLEARING")
            return
        (name, data), rest = applications[0], applications[1:]
        self.begin(channel, name, data)
        match name:
            case "park":
                self.park(channel)
            case "playback":
                self._fire("PLAYBACK_START", channel, Playback_File_Path=data)
                self._wait(channel, _length_s(data), rest)
            case "sleep":
                self._wait(channel, float(data or 0) / 1000, rest)
            case "hangup":
                self._complete(channel)
                self._exchange.hang_up(channel, data or "NORMAL_CLEARING")
            case "bridge":
                self._bridge_to(channel, data)
            case "sched_hangup":
                self.hang_up_later(channel, data.split())
                self._finish(channel, rest)
            case _ if name not in ENDLESS:
                self._finish(channel, rest)

    def begin(self, channel: Channel, name: str, data: str) -> None:
        """A channel is in an application from now on."""
        channel.application, channel.application_data = name, data
        channel.application_uuid = str(uuids.uuid4())
        self._fire("CHANNEL_EXECUTE", channel, **_described(channel))

    def interrupt(self, channel: Channel) -> None:
        """Take a channel out of what it is running."""
        if channel.playing is not None:
            channel.playing.kill(block=False)
            channel.playing = None
        self._complete(channel, "break")

    def park(self, channel: Channel) -> None:
        """Hold a channel; under its `park_timeout` the first time."""
        channel.application = "park"
        self._fire("CHANNEL_PARK", channel)
        limit, _, cause = channel.variables.get("park_timeout", "").partition(":")
        if limit and not channel.park_timeout_spent:
            channel.park_timeout_spent = True
            channel.playing = gevent.spawn_later(
                float(limit), self._exchange.hang_up, channel, cause or "NORMAL_CLEARING"
            )

    def hang_up_later(self, channel: Channel, words: list[str]) -> None:
        """``+SECONDS [CAUSE]``, as ``sched_hangup`` takes them."""
        cause = words[1] if len(words) > 1 else "ALLOTTED_TIMEOUT"
        self._exchange.later(float(words[0].lstrip("+")), channel, self._exchange.hang_up, channel, cause)

    def _wait(self, channel: Channel, seconds: float, rest: list[tuple[str, str]]) -> None:
        channel.playing = gevent.spawn_later(seconds, self._finish, channel, rest)

    def _finish(self, channel: Channel, rest: list[tuple[str, str]]) -> None:
        channel.playing = None
        self._complete(channel)
        self.execute(channel, rest)

    def _complete(self, channel: Channel, status: str = "done") -> None:
        """The end of an application; `status` is why a sound stopped: ``done`` or ``break``."""
        if not channel.application:
            return
        response = "_none_"
        if channel.application == "playback":
            response = "FILE PLAYED"
            self._fire("PLAYBACK_STOP", channel, Playback_File_Path=channel.application_data, Playback_Status=status)
        self._fire("CHANNEL_EXECUTE_COMPLETE", channel, Application_Response=response, **_described(channel))
        channel.application = channel.application_data = ""

    def _bridge_to(self, channel: Channel, destination: str) -> None:
        """Call somebody and join them, or hang up."""

        def done(ok: bool, text: str) -> None:
            if not channel.alive:
                return
            if ok:
                self._exchange.bridges.join(channel, self._exchange.channels[text.split()[1]])
            else:
                self._exchange.hang_up(channel, text.split()[1])

        self._exchange.originate(f"{destination} &park()", done)


def _described(channel: Channel) -> dict[str, str]:
    more = {"Application": channel.application, "Application_UUID": channel.application_uuid}
    return more | ({"Application_Data": channel.application_data} if channel.application_data else {})


def _length_s(sound: str) -> float:
    """How long a sound plays: a silence or a tone says so itself."""
    if sound.startswith("silence_stream://"):
        return float(sound.removeprefix("silence_stream://").partition(",")[0]) / 1000
    if sound.startswith("tone_stream://%("):
        return float(sound.removeprefix("tone_stream://%(").partition(",")[0]) / 1000
    return FILE_S
